"""Measures many streams in the background, a few at a time, without keeping their extents.

``history``, ``report`` and the screens use it. The streams come from a backend, which is handed in.
"""
