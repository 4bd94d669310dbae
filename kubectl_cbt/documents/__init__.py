"""Documents read back: what ``-o json`` and ``-o ndjson`` print, and what upstream's snapshot-metadata-lister does.

Of any size, in constant memory, from a pipe as well as from a file; ``open_document.open_document`` is the way in.
No document is trusted: whatever the bytes are, the only error is a DocumentError.
"""
