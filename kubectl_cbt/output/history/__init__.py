"""The formats of a volume's history."""
