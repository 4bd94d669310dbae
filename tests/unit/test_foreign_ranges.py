"""Lines of OFFSET LENGTH: read only when the user names the format."""

import gzip
import io
import subprocess
import sys
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saved_documents import Trickle, received
from strategies import law, legal_extents

from kubectl_cbt.documents.foreign import foreign_list
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.reading_options import FileFormat, ReadingOptions
from kubectl_cbt.errors import CbtError, DocumentError

RANGES = ReadingOptions(format=FileFormat.RANGES)


def read(data: bytes, options: ReadingOptions = RANGES, reads: list[int] | None = None):
    return received(open_document(Trickle(data, reads or [2**20]), "x.txt", options))


@given(
    extents=st.one_of(legal_extents(grain=4096), legal_extents()),
    seed=st.integers(0, 2**32),
    reads=st.lists(st.integers(1, 70), min_size=1, max_size=4),
)
@settings(law, max_examples=60)
def test_numbers_in_every_notation_are_read_as_python_reads_them(extents, seed, reads):
    random = Random(seed)
    lines = ["# by a script"]
    for offset, size in extents:
        numbers = [random.choice([str, hex, lambda n: f"0X{n:016X}", lambda n: f"{n:020}"])(n) for n in (offset, size)]
        lines.append(random.choice([" ", "\t", "   "]).join(numbers) + random.choice(["", " ", " # a comment", "\r"]))
        lines += random.choice([[], ["# a comment"], [""]])
    assert read("\n".join(lines).encode(), reads=reads) == (extents, None)


def test_a_unit_multiplies_both_numbers():
    options = ReadingOptions(unit_bytes=512, format=FileFormat.RANGES)
    assert read(b"8 8\n32 16", options) == ([(4096, 4096), (16384, 8192)], None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"1", '"1" is not OFFSET LENGTH'),
        (b"1 2 3", '"1 2 3" is not OFFSET LENGTH'),
        (b"-1 2", '"-1 2" is not OFFSET LENGTH'),
        (b"0x 2", '"0x 2" is not OFFSET LENGTH'),
        (b"0xfg 2", '"0xfg 2" is not OFFSET LENGTH'),
        (b"1 a", '"1 a" is not OFFSET LENGTH'),
        (b"9223372036854775807 1", '"9223372036854775807 1" ends beyond 64 bits'),
        (b"99999999999999999999 1", '"99999999999999999999 1" has a number beyond 64 bits'),
        (b"0 0xffffffffffffffff", '"0 0xffffffffffffffff" has a number beyond 64 bits'),
        (b"\xff\x00 1", "NUL bytes, which no text has"),
    ],
)
@pytest.mark.parametrize("reads", [[2**20], [1000]])
def test_a_wrong_line_is_named_after_all_extents_before_it(line, message, reads):
    extents, error = read(b"0 1\r\n\n# note\r\n4 2\n" + line + b"\n9 1\n", reads=reads)
    assert extents == [(0, 1), (4, 2)]
    assert error.message.startswith("x.txt: line 5: ")
    assert message in error.message


def test_a_line_that_does_not_end_is_an_error():
    extents, error = read(b"0 1\n" + b"1" * 10**6, reads=[1000])
    assert (extents, error.message) == ([(0, 1)], "x.txt: line 2: the line is longer than 64 KiB")


@pytest.mark.parametrize("data", [b"# none", b"# none\n", b"\n# none\r\n# at all\n"])
def test_a_file_of_comments_has_no_extents(data):
    assert read(data) == ([], None)


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_a_file_without_content_may_be_of_a_script_that_failed(data):
    with pytest.raises(DocumentError) as caught:
        open_document(io.BytesIO(data), "x.txt", RANGES)
    assert caught.value.message == "x.txt is empty"
    assert "may have failed; for a list without extents, write a comment: # none" in caught.value.hint


def test_two_numbers_per_line_are_not_guessed():
    with pytest.raises(DocumentError) as caught:
        open_document(io.BytesIO(b"# by hand\n0 4096\n"), "x.txt")
    assert "may be an offset and a length, or a start and an end" in caught.value.message
    assert "--from-format ranges" in caught.value.hint


def test_records_do_not_depend_on_how_the_file_is_read(monkeypatch):
    monkeypatch.setattr(foreign_list, "RECORD_EXTENTS", 3)
    data = b"".join(b"%d 1\n" % (2 * number) for number in range(10)) + b"wrong\n"
    for reads in ([2**20], [1], [7, 11]):
        numbers = []
        stream = open_document(Trickle(data, reads), "x.txt", RANGES)
        with suppress(CbtError):
            numbers.extend((batch.records.first_number, len(batch)) for batch in stream)
        assert numbers == [(1, 3), (2, 3), (3, 3), (4, 1)]


def test_extents_out_of_order_are_kept_and_reported():
    stream = open_document(io.BytesIO(b"8 8\n0 4\n2 4\n"), "x.txt", RANGES)
    assert received(stream) == ([(8, 8), (0, 4), (2, 4)], None)
    assert [(violation.rule, violation.count) for violation in stream.outcome().violations] == [("R2", 2)]


MEASURE = """
import resource, sys
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.reading_options import FileFormat, ReadingOptions
line, count = b"1099511627776 4096\\n", int(sys.argv[1])

class Lines:
    def __init__(self): self.left = count
    def read(self, size):
        lines = min(self.left, 50_000)
        self.left -= lines
        return line * lines

extents = sum(map(len, open_document(Lines(), "x", ReadingOptions(format=FileFormat.RANGES))))
assert extents == count
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_file():
    small, large = (
        int(subprocess.run([sys.executable, "-c", MEASURE, count], capture_output=True, check=True).stdout)
        for count in ("200000", "4000000")
    )
    assert large < small + 16
