"""The rules that a stream must keep, by subject."""
