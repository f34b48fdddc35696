"""Stage five: looks and scores become one page to read."""
