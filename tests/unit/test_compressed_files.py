"""Compressed files open as what is inside; cut or damaged ones give everything before the damage."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import threading
import zlib
from importlib import import_module
from importlib.util import find_spec
from random import Random

import pytest
from recordings_made import encoded, record
from saved_documents import Trickle, received

from kubectl_cbt.core.file_backend import FileBackend
from kubectl_cbt.documents import compression
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.errors import DocumentError, Interrupted

ROWS = [(index * 8192, 4096 * Random(index).randint(1, 2)) for index in range(12_000)]
CSV = b"byteOffset,sizeBytes\n" + b"".join(b"%d,%d\n" % row for row in ROWS)
PACK = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
if find_spec("_zstd"):
    PACK["zstd"] = import_module("compression.zstd").compress


def read(data: bytes, reads: list[int] | None = None):
    try:
        return received(open_document(Trickle(data, reads or [2**20]), "x.csv"))
    except DocumentError as error:
        return [], error


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("reads", [[2**20], [1, 700, 5000]])
def test_what_is_inside_opens(name, reads):
    assert read(PACK[name](CSV), reads) == (ROWS, None)


@pytest.mark.parametrize("name", PACK)
def test_files_that_were_appended_open_as_one(name):
    half = len(CSV) // 2
    data = PACK[name](CSV[:half]) + PACK[name](CSV[half:])
    assert read(data) == (ROWS, None)
    assert read(data, [1, 2000]) == (ROWS, None)


@pytest.mark.parametrize("name", PACK)
def test_a_cut_gives_everything_before_it(name):
    data = PACK[name](CSV)
    for share in (0.0, 0.3, 0.9, 1.0):
        cut = max(int(len(data) * share) - 1, 8)
        extents, error = read(data[:cut])
        assert error.message == f"x.csv ends in the middle of its {name} data"
        assert extents == ROWS[: len(extents)]
        assert name != "gzip" or len(extents) >= (share - 0.05) * len(ROWS)


@pytest.mark.parametrize("name", PACK)
def test_damaged_bytes_are_an_error(name):
    data = bytearray(PACK[name](CSV))
    data[len(data) * 9 // 10] ^= 0xFF
    extents, error = read(bytes(data))
    assert error is not None
    assert extents[:10] == ROWS[: min(len(extents), 10)]
    if name == "bzip2":
        assert error.message.startswith("the bzip2 data of x.csv is damaged: ")


@pytest.mark.parametrize("name", PACK)
def test_other_data_after_the_end_is_an_error(name):
    extents, error = read(PACK[name](CSV) + b"more")
    assert (extents, error.message) == (ROWS, f"the {name} data of x.csv is damaged: other data follows")
    assert read(PACK[name](CSV) + b"\0" * 512) == (ROWS, None)


def test_without_a_library_for_zstd_the_error_names_the_command(monkeypatch):
    monkeypatch.setattr(compression, "COMPRESSIONS", compression.COMPRESSIONS[:3])
    with pytest.raises(DocumentError) as caught:
        open_document(io.BytesIO(b"\x28\xb5\x2f\xfd\x04"), "x.zst")
    assert caught.value.hint == "decompress it first: zstd -dc x.zst > FILE"


def test_a_compressed_recording_is_replayed(tmp_path):
    path = tmp_path / "a.cbtrec"
    record(path, [encoded((0, 4096)), encoded((8192, 4096))], [])
    opened = FileBackend(io.BytesIO(gzip.compress(path.read_bytes())), "a.cbtrec.gz").open()
    assert [offset for batch in opened.stream for offset in batch.offsets.tolist()] == [0, 8192]


def test_a_compressed_pipe_shows_extents_as_they_come_and_can_be_cancelled():
    reading, writing = os.pipe()
    packer = zlib.compressobj(wbits=31)
    message = b'{"blockMetadataType": "FIXED_LENGTH", "volumeCapacityBytes": 9, "blockMetadata": []}\n'
    with os.fdopen(reading, "rb", buffering=0) as file, os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write(packer.compress(message) + packer.flush(zlib.Z_SYNC_FLUSH))
        stream = open_document(file, "standard input")
        found = iter(stream)
        assert len(next(found)) == 0
        cancel = threading.Thread(target=stream.cancel)
        cancel.start()
        with pytest.raises(Interrupted):
            next(found)
        cancel.join()


BOMB = """
import io, resource, sys, zlib
from kubectl_cbt.documents import compression
from kubectl_cbt.documents.open_document import open_document
packer = zlib.compressobj(9, zlib.DEFLATED, 31)
data = packer.compress(b"byteOffset,sizeBytes\\n")
for _ in range(int(sys.argv[1])):
    data += packer.compress(b"8192,4096\\n" * 100_000)
data += packer.flush()
print(sum(map(len, open_document(io.BytesIO(data), "x"))), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_a_decompression_bomb_needs_constant_memory():
    small, large = (
        [
            int(word)
            for word in subprocess.run(
                [sys.executable, "-c", BOMB, count], capture_output=True, check=True
            ).stdout.split()
        ]
        for count in ("2", "30")
    )
    assert (small[0], large[0]) == (200_000, 3_000_000)
    assert large[1] < small[1] + 24
