"""The look that every page couturier writes has in common."""
