"""Measurements side by side, printed as tables; nothing here is asserted."""
