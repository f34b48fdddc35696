"""One module a file format: a path in, rows out."""
