"""Adapters: made and trained, written for every tool, read back, checked, attached and merged."""
