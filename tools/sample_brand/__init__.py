"""Draws the sample brand: one script makes every picture and every row that the package brings along."""
