"""Fuzz targets: lists of extents of other tools, one target for each kind, and compressed files."""

import bz2
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from fuzz.mutations import NUMBERS, as_json, damaged, spoiled
from fuzz.stage import Broken, Stage, check_document
from saved_documents import Trickle

FILES = Path(__file__).parents[1] / "files" / "foreign"
SAMPLES = {
    "rbd-json": ("rbd-diff.json", "rbd-allocated.json"),
    "rbd-table": ("rbd-diff.txt",),
    "qemu-map": ("qemu-map.json", "qemu-map-raw.json"),
    "nbdinfo-json": ("nbdinfo.json", "nbdinfo-bitmap.json", "nbdinfo-totals.json"),
    "nbdinfo-text": ("nbdinfo.txt", "nbdinfo-bitmap.txt", "nbdinfo-totals.txt"),
    "filefrag": (
        "filefrag.txt",
        "filefrag-512.txt",
        "filefrag-delalloc.txt",
        "filefrag-hex.txt",
        "filefrag-two-files.txt",
    ),
    "thin-delta": ("thin_delta.xml", "thin_delta-verbose.xml"),
    "thin-dump": ("thin_dump.xml", "thin_dump-two-devices.xml", "thin_dump-skip-mappings.xml"),
    "ebs": ("ebs-changed.json", "ebs-snapshot.json", "ebs-pages.json"),
    "ddrescue": ("ddrescue.map", "ddrescue-errors.map"),
    "csv": ("extents.csv", "extents-incomplete.csv"),
    "ranges": ("sectors.txt",),
}
_WORDS = (
    b"\r",
    b"\n",
    b"\n\n",
    b" ",
    b"\t",
    b",",
    b"#",
    b"0x",
    b"-",
    b"\0",
    b"\xff",
    b'"',
    b"<",
    b"/>",
    b"[",
    b"]",
    b"}",
)


class ForeignList:
    """A list with other numbers, lines, tokens and bytes, read as a whole and in small reads."""

    def __init__(self, names: tuple[str, ...], stage: Stage, *, is_ranges: bool = False) -> None:
        self._stage = stage
        self._wholes = [(FILES / name).read_bytes() for name in names]
        self._is_ranges = is_ranges

    def case(self, random: Random) -> None:
        from kubectl_cbt.documents.reading_options import FileFormat, ReadingOptions
        from kubectl_cbt.model.stream_query import Operation

        data = self._spoiled(random.choice(self._wholes), random)
        options = ReadingOptions(
            random.choice([None, None, *Operation]),
            random.choice([None, None, 1, 2**30, 2**62]),
            random.choice([1, 1, 512, 2**62]),
            FileFormat.RANGES if self._is_ranges else None,
        )
        self._stage.last = {"list": data, "options": repr(options).encode()}
        whole = _read(io.BytesIO(data), options)
        # These are slower than all other cases together.
        if random.random() < 0.2:
            small = _read(Trickle(data, [random.randint(1, 200) for _ in range(3)]), options)
            # Of invalid JSON, the kind that the error names depends on how much of it was seen.
            if (whole[0], bool(whole[1])) != (small[0], bool(small[1])):
                raise Broken(f"the result depends on the sizes of reads: {whole} or {small}")
        if random.random() < 0.004:
            self._run(data, options, random)

    def _run(self, data: bytes, options: Any, random: Random) -> None:
        flags = ["--from-format", "ranges", "--unit", str(options.unit_bytes)] if self._is_ranges else []
        flags += ["--kind", options.kind] if options.kind else []
        flags += ["--capacity", str(options.capacity_bytes)] if options.capacity_bytes else []
        form = random.choice(["json", "ndjson", "summary", "csv", "yaml", "table", "lister-json"])
        check_document(self._stage.run("open", str(self._stage.file("list", data)), "-o", form, *flags), form)

    def _spoiled(self, data: bytes, random: Random) -> bytes:
        if data[:1] in b"[{" and random.random() < 0.5:
            pages = [data] if data[:1] == b"[" or data.count(b"\n{") == 0 else data.splitlines()
            return b"\n".join(as_json(spoiled(json.loads(page), random)) for page in pages)
        for _ in range(random.randint(1, 3)):
            data = random.choice([_other_number, _other_lines, _inserted, _damaged])(data, random)
        return data


def _other_number(data: bytes, random: Random) -> bytes:
    runs = [at for at in range(len(data)) if data[at : at + 1].isdigit() and not data[at - 1 : at].isdigit()]
    if not runs:
        return data
    start = end = random.choice(runs)
    while data[end : end + 1].isdigit():
        end += 1
    return data[:start] + str(random.choice(NUMBERS)).encode() + data[end:]


def _other_lines(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    at = random.randrange(len(lines))
    what = random.randrange(4)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(random.randrange(len(lines) + 1), lines[at])
    elif what == 2:
        lines[at:] = reversed(lines[at:])
    else:
        lines[at] = lines[at].rstrip(b"\n") + b"\r\n"
    return b"".join(lines)


def _inserted(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(_WORDS) + data[at + random.choice([0, 0, 1, 3]) :]


def _damaged(data: bytes, random: Random) -> bytes:
    return damaged(data, random)


def _read(file: Any, options: Any) -> tuple[list[tuple[int, int]], str]:
    """The extents, and the error without its hint."""
    from kubectl_cbt.documents.open_document import open_document
    from kubectl_cbt.errors import CbtError

    extents: list[tuple[int, int]] = []
    try:
        stream = open_document(file, "list", options)
        for batch in stream:
            extents += zip(batch.offsets.tolist(), batch.sizes.tolist(), strict=True)
        stream.outcome()
    except CbtError as error:
        return extents, error.message
    return extents, ""


class CompressedFiles:
    """Damaged compressed files: what was read before the damage is what was packed."""

    PACK: tuple[Callable[[bytes], bytes], ...] = (
        partial(gzip.compress, mtime=0),
        bz2.compress,
        lzma.compress,
        lambda data: zlib.compress(data, wbits=31),
    )

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        rows = b"".join(b"%d,4096\n" % (8192 * index) for index in range(3000))
        self._wholes = [pack(b"byteOffset,sizeBytes\n" + rows) for pack in self.PACK]

    def case(self, random: Random) -> None:
        from kubectl_cbt.documents.reading_options import AS_RECORDED

        data = random.choice(self._wholes)
        if random.random() < 0.2:
            data += random.choice(self._wholes)
        data = damaged(data, random)
        self._stage.last = {"packed": data}
        _read(Trickle(data, [random.randint(1, 5000), 2**16]), AS_RECORDED)


FOREIGN: dict[str, Callable[[Stage], Any]] = {
    **{f"list-{name}": partial(ForeignList, names, is_ranges=name == "ranges") for name, names in SAMPLES.items()},
    "list-compressed": CompressedFiles,
}
"""The targets by name."""
