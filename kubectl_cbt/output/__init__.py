"""Output formats: one file per format, independent of each other; ``registry.py`` lists them."""
