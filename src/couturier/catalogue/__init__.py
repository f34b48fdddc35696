"""Stage one, first half: a shop's files as they are become products and faults."""
