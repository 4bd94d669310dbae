"""``history -o wide``: the table with the amplification, the number of extents, and the handle of the base."""

from __future__ import annotations

from kubectl_cbt.output.history.history_table import TableHistory


class WideHistory(TableHistory):
    """All columns."""

    is_wide = True
