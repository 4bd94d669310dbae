"""The interactive screens: the map of a stream, and the list of snapshots.

Nothing here depends on the source of the extents: the screens use the protocols of ``model/backend.py``.
"""
