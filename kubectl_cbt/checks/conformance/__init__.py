"""The conformance suite: cases that test a driver against the spec and its answers against each other."""
