"""Words in, garments out: kinds, colours, materials, and the grammar of shop copy."""
