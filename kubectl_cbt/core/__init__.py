"""The program without its front ends: sessions, connections, streams. Nothing here prints, or knows typer and textual.

``core/query.py`` is the module to import from other programs; see docs/python.md.
"""
