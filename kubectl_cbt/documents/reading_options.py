"""What the user adds to a file: the values that its format does not record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kubectl_cbt.model.stream_query import Operation


class FileFormat(StrEnum):
    """The formats that can be opened, by the names of ``--from-format``."""

    DOCUMENT = "document"
    VERIFICATION = "verification"
    LISTER = "lister"
    RECORDING = "recording"
    CSV = "csv"
    RBD_DIFF = "rbd-diff"
    QEMU_MAP = "qemu-map"
    NBDINFO = "nbdinfo"
    FILEFRAG = "filefrag"
    THIN = "thin"
    EBS = "ebs"
    DDRESCUE = "ddrescue"
    RANGES = "ranges"


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read a file.

    Attributes:
        kind: ``delta`` or ``allocated``; None leaves it to the file.
        capacity_bytes: size of the volume, > 0; None leaves it to the file.
        unit_bytes: bytes per number of a ranges file, > 0; no other format has a unit to choose.
        format: the format that the file must have; None recognises it by its content.
        is_for_either: the options are for two files, of which one may need them: a file that is recognised as another
            format is read as that, and a recording has the capacity that it records.
    """

    kind: Operation | None = None
    capacity_bytes: int | None = None
    unit_bytes: int = 1
    format: FileFormat | None = None
    is_for_either: bool = False


AS_RECORDED = ReadingOptions()
"""Everything as the file records it."""
