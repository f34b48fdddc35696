"""Draws the sample brand: every picture and every row that the package brings along."""
