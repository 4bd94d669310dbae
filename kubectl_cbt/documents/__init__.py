"""Read saved documents: our own, those of upstream's snapshot-metadata-lister, and lists of extents of other tools.

Of any size, in constant memory, from a pipe as well as from a file; the entry point is ``open_document.open_document``.
Documents are untrusted: for any input the only error is a DocumentError.
"""
