"""The formats of ``verify``."""
