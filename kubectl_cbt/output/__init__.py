"""What is printed: one file a format, none knowing the others; ``registry.py`` lists them."""
