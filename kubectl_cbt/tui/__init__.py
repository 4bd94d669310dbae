"""What a person browses: the map of a stream, and the snapshots to choose from.

Nothing here knows where extents come from. The screens are handed what ``model/backend.py`` describes.
"""
