"""Recordings: their format, writing them beside a stream, reading and replaying them."""
