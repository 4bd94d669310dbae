"""The command line: one file a verb. It wires the other packages together; nothing else knows them all.

What a verb needs is imported inside it, so that ``--help`` and ``version`` answer at once.
"""
