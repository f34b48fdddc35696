"""Stage three: sentences and a base, with or without an adapter, become looks."""
