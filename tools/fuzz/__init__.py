"""Feeds the readers of shops' files and pictures with damaged ones, and counts what falls."""
