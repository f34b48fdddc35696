"""The sample brand: a small shop's product data and pictures, drawn by tools/sample_brand."""
