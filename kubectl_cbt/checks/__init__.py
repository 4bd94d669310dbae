"""Checks as data, and runners that yield findings and print nothing: doctor and the conformance suite."""
