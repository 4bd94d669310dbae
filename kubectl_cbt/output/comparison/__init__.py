"""Comparisons of two lists, one file a format."""
