"""Read saved documents: the output of ``-o json`` and ``-o ndjson``, and of upstream's snapshot-metadata-lister.

Of any size, in constant memory, from a pipe as well as from a file; the entry point is ``open_document.open_document``.
Documents are untrusted: for any input the only error is a DocumentError.
"""
