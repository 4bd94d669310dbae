"""Each kind of foreign list by its sample: its extents, what it records, what is refused, and damage in every place."""

import io
import json
from pathlib import Path

import pytest
from saved_documents import Trickle, received

from kubectl_cbt.documents.open_document import open_document, recognise
from kubectl_cbt.documents.reading_options import AS_RECORDED, FileFormat, ReadingOptions
from kubectl_cbt.errors import CbtError, DocumentError
from kubectl_cbt.model.stream_query import Operation

FOLDER = Path(__file__).parent.parent / "files" / "foreign"
DELTA, ALLOCATED = Operation.DELTA, Operation.ALLOCATED
KIB, MIB, GIB = 2**10, 2**20, 2**30
DISK = [(0, 128 * KIB), (MIB, 128 * KIB), (6 * MIB, 128 * KIB), (12 * MIB, 128 * KIB)]
QCOW2 = [(0, 128 * KIB), (8 * MIB, 64 * KIB)]
BITMAP = [(4 * MIB, 64 * KIB), (32 * MIB, 192 * KIB)]
THIN = 64 * KIB
DIFFERENCE = [(0, THIN), (1610 * THIN, 10 * THIN), (3000 * THIN, 5 * THIN)]
MAPPED = [(0, THIN), (THIN, 99 * THIN), (1600 * THIN, 10 * THIN), (3000 * THIN, 5 * THIN)]
RBD = [(0, 4 * MIB), (8 * MIB, 4 * MIB), (GIB, 4 * MIB)]
EBS = 512 * KIB

OPENED = {
    # extents, operation and capacity that the file records, format
    "qemu-map.json": (QCOW2, ALLOCATED, None, FileFormat.QEMU_MAP),
    "qemu-map-raw.json": (DISK, ALLOCATED, None, FileFormat.QEMU_MAP),
    "filefrag.txt": (DISK, ALLOCATED, 16 * MIB, FileFormat.FILEFRAG),
    "filefrag-512.txt": (DISK, ALLOCATED, 16 * MIB, FileFormat.FILEFRAG),
    "filefrag-delalloc.txt": ([(0, 128 * KIB)], ALLOCATED, 128 * KIB, FileFormat.FILEFRAG),
    "filefrag-empty.txt": ([], ALLOCATED, MIB, FileFormat.FILEFRAG),
    "nbdinfo.txt": (DISK, ALLOCATED, None, FileFormat.NBDINFO),
    "nbdinfo.json": (DISK, ALLOCATED, None, FileFormat.NBDINFO),
    "nbdinfo-bitmap.txt": (BITMAP, DELTA, None, FileFormat.NBDINFO),
    "nbdinfo-bitmap.json": (BITMAP, DELTA, None, FileFormat.NBDINFO),
    "thin_delta.xml": (DIFFERENCE, DELTA, None, FileFormat.THIN),
    "thin_delta-verbose.xml": (DIFFERENCE, DELTA, None, FileFormat.THIN),
    "thin_dump.xml": (MAPPED, ALLOCATED, None, FileFormat.THIN),
    "ddrescue.map": ([(0, MIB), (2 * MIB, MIB)], None, None, FileFormat.DDRESCUE),
    "ddrescue-errors.map": ([(0, 64 * KIB), (72 * KIB, 1016 * KIB)], None, None, FileFormat.DDRESCUE),
    "rbd-allocated.json": ([(0, 4 * MIB), (8 * MIB, 8 * KIB)], None, None, FileFormat.RBD_DIFF),
    "ebs-changed.json": ([(0, EBS), (6000 * EBS, EBS), (6001 * EBS, EBS)], DELTA, 3 * GIB, FileFormat.EBS),
    "ebs-snapshot.json": ([(0, EBS), (2 * EBS, EBS)], ALLOCATED, GIB, FileFormat.EBS),
    "ebs-pages.json": ([(0, EBS), (2 * EBS, EBS), (9 * EBS, EBS)], ALLOCATED, GIB, FileFormat.EBS),
    "extents.csv": ([(0, 4096), (376832, 4096)], None, None, FileFormat.CSV),
}
NEED_KIND = {"rbd-diff.json": RBD, "rbd-diff.txt": RBD}
BROKEN = {
    # extents before the error, its message
    "filefrag-hex.txt": ([], '20" is not an extent of filefrag -v with decimal numbers'),
    "filefrag-two-files.txt": (DISK, "another file begins: only one file can be opened"),
    "thin_dump-two-devices.xml": (
        [(0, 100 * THIN), (1600 * THIN, 20 * THIN)],
        "has the mappings of several devices: 1, 2",
    ),
    "thin_dump-skip-mappings.xml": ([], "x has no mappings, but the device has 115 mapped blocks"),
    "ebs-first-page.json": ([(0, EBS), (2 * EBS, EBS)], "the list is incomplete: its last page has a NextToken"),
    "extents-incomplete.csv": ([(0, 4096), (376832, 4096)], "the stream is incomplete: the connection broke"),
}
REFUSED = {
    "nbdinfo-totals.txt": "has the totals of nbdinfo --map --totals, not the extents",
    "nbdinfo-totals.json": "has the totals of nbdinfo --map --totals, not the extents",
    "nbdinfo-color.txt": "is text with colors, which cannot be opened",
    "qemu-map.txt": "is a table of qemu-img map, which cannot be opened",
    "thin_dump.txt": "is text of thin_dump, which cannot be opened",
    "sectors.txt": "has two numbers per line, which may be an offset and a length, or a start and an end",
}


def read(data: bytes, options: ReadingOptions = AS_RECORDED, reads: list[int] | None = None):
    """The extents and what ended them, also where the file does not open."""
    try:
        stream = open_document(Trickle(data, reads or [2**20]), "x", options)
    except CbtError as error:
        return [], error
    return received(stream)


def test_every_sample_is_in_a_table():
    names = [path.name for path in FOLDER.iterdir() if path.name != "README.md"]
    assert sorted(names) == sorted([*OPENED, *NEED_KIND, *BROKEN, *REFUSED])


@pytest.mark.parametrize("name", OPENED)
@pytest.mark.parametrize("reads", [[2**20], [1], [7, 30]])
def test_a_sample_opens_however_it_arrives(name, reads):
    extents, operation, capacity_bytes, form = OPENED[name]
    stream = open_document(Trickle((FOLDER / name).read_bytes(), reads), name, ReadingOptions(format=form))
    assert (stream.operation, stream.capacity_bytes) == (operation, capacity_bytes)
    assert received(stream) == (extents, None)
    outcome = stream.outcome()
    assert (outcome.complete, outcome.violations) == (True, ())
    assert outcome.volume_capacity_bytes == capacity_bytes


@pytest.mark.parametrize("name", OPENED)
def test_line_breaks_of_windows_change_nothing(name):
    data = (FOLDER / name).read_bytes().replace(b"\n", b"\r\n")
    assert read(data) == (OPENED[name][0], None)


@pytest.mark.parametrize("name", OPENED)
def test_a_capacity_and_a_kind_are_added_or_contradict(name):
    extents, operation, capacity_bytes, _ = OPENED[name]
    data = (FOLDER / name).read_bytes()
    for given in Operation:
        found, error = read(data, ReadingOptions(given))
        assert (found, error is None) == (([], False) if operation not in (None, given) else (extents, True))
    stream = open_document(io.BytesIO(data), name, ReadingOptions(capacity_bytes=capacity_bytes or 2**40))
    assert received(stream) == (extents, None)
    assert stream.outcome().volume_capacity_bytes == capacity_bytes or 2**40
    if capacity_bytes:
        assert "records a capacity" in read(data, ReadingOptions(capacity_bytes=1))[1].message


@pytest.mark.parametrize("name", NEED_KIND)
def test_discarded_extents_are_in_a_delta_and_not_allocated(name):
    data, extents = (FOLDER / name).read_bytes(), NEED_KIND[name]
    assert read(data, ReadingOptions(DELTA)) == (extents, None)
    assert read(data, ReadingOptions(ALLOCATED)) == (extents[:2], None)
    found, error = read(data)
    assert found == extents[:2]
    assert error.message.endswith("was discarded, which is a change in a delta only")
    assert error.hint.startswith("add --kind delta")


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("reads", [[2**20], [1]])
def test_a_list_that_is_not_whole_is_incomplete(name, reads):
    extents, message = BROKEN[name]
    found, error = read((FOLDER / name).read_bytes(), reads=reads)
    assert message in error.message
    assert found == extents


@pytest.mark.parametrize(
    ("name", "line", "hint"),
    [
        ("extents-incomplete.csv", 4, "run the query again"),
        ("ebs-first-page.json", 1, "--starting-token"),
        ("filefrag-two-files.txt", 10, "filefrag -v FILE"),
        ("rbd-diff.txt", 4, "add --kind delta"),
        ("rbd-diff.json", 1, "add --kind delta"),
    ],
)
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
@pytest.mark.parametrize("reads", [[2**20], [1]])
def test_the_line_of_an_error_is_in_the_file(name, line, hint, line_break, reads):
    data = (FOLDER / name).read_bytes().replace(b"\n", line_break)
    for text in (data, data + line_break * 2):
        error = read(text, reads=reads)[1]
        assert error.message.startswith(f"x: line {line}: ")
        assert hint in error.hint


@pytest.mark.parametrize("reads", [[2**20], [1]])
@pytest.mark.parametrize(
    "data",
    [b"byteOffset,sizeBytes\n0,1\n2,", b"byteOffset,sizeBytes\n0,1\n2,\n", b"byteOffset,sizeBytes\n\r\n2,",
     b'[\n{"start": 0, "length": 1, "data": true, "zero": false},\n{', b"Filesystem type is: ef53\n\nFile size of x\n",
     b'<superblock data_block_size="8">\n<device dev_id="1">\n<single_mapping origin_block="0"/>\n\n \n'],
)  # fmt: skip
def test_the_line_where_a_text_was_cut_is_its_last_one(data, reads):
    message = read(data, reads=reads)[1].message
    assert "line 3: " in message or message.endswith("at line 3")


@pytest.mark.parametrize("name", [*OPENED, *NEED_KIND, *BROKEN, *REFUSED])
def test_a_byte_that_is_no_text_is_no_internal_error_anywhere(name):
    data = bytearray((FOLDER / name).read_bytes())
    for position, byte in enumerate(data):
        data[position] = 0xAB
        read(bytes(data))
        data[position] = byte


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_opened_is_named(name):
    with pytest.raises(DocumentError) as caught:
        open_document(io.BytesIO((FOLDER / name).read_bytes()), "x")
    assert caught.value.message == f"x {REFUSED[name]}"


ENDLESS = (
    "extents.csv",
    "nbdinfo.txt",
    "nbdinfo-bitmap.txt",
    "ddrescue.map",
    "ddrescue-errors.map",
    "rbd-diff.txt",
    "sectors.txt",
)
"""Formats without a mark for their end: a file cut between two lines is as valid as the whole."""


@pytest.mark.parametrize("name", [name for name in OPENED if name not in ENDLESS])
def test_a_sample_that_is_cut_is_incomplete(name):
    data = (FOLDER / name).read_bytes().rstrip()
    second_page = data.rfind(b"\n{") if name == "ebs-pages.json" else -1
    for cut in range(1, len(data) - (name == "filefrag-empty.txt") - 1, max(len(data) // 60, 1)):
        extents, error = read(data[:cut])
        assert error is not None, cut
        assert extents == OPENED[name][0][: len(extents)] or cut == second_page


@pytest.mark.parametrize("name", [*OPENED, *NEED_KIND])
@pytest.mark.parametrize("number", ["99999999999999999999", "9223372036854775807", "-1", "1.5", "x"])
def test_impossible_numbers_are_errors(name, number):
    """Each first number of an extent that is 0 in the samples."""
    data = (FOLDER / name).read_bytes()
    for old in FIRST_NUMBERS:
        if old in data:
            found, error = read(data.replace(old, old.replace(b"0", number.encode(), 1), 1), ReadingOptions(DELTA))
            found, error = read(data.replace(old, old.replace(b"0", number.encode(), 1), 1))
            assert (found, error is None) == ([], False)
            return
    assert name in ("filefrag-empty.txt", "ddrescue.map", "ddrescue-errors.map")


FIRST_NUMBERS = (
    *(b'"start": 0', b'"offset": 0', b'"offset":0', b'"BlockIndex": 0', b'begin="0"', b'origin_block="0"'),
    *(b"        0..", b"         0  ", b"\n0  ", b"\n0,"),
)


def test_the_beginning_of_a_list_or_other_text_is_an_error():
    for data in (
        b"  10  20  300 notes.txt\n",
        b"",
        b"\n\n",
        b"<superblock",
        b"<superblock>",
        b"Filesystem type is: ef53\n",
        b"Offset Length Type",
    ):
        assert read(data)[1] is not None


def test_the_end_of_a_file_by_filefrag_has_a_note():
    notes: list[str] = []
    stream = open_document(io.BytesIO((FOLDER / "filefrag.txt").read_bytes()), "x")
    stream.notify_to(notes.append)
    list(stream)
    assert notes == ["1 unwritten extent left out: unwritten extents have no data and read as zeros"]


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("qemu-map.json", b'"data": true', b'"data": 1', "x: line 1: [0].data is 1, not true or false"),
        ("qemu-map.json", b'"zero": false, ', b"", "x: line 1: [0].zero is missing"),
        ("qemu-map.json", b'{ "start": 1048576', b'5, { "start": 1048576', "x: line 3: [2] is 5, not an object"),
        ("rbd-allocated.json", b'"exists":"true"}]', b'"exists":true}]', '[1].exists is true, not "true" or "false"'),
        ("nbdinfo.json", b'"type": 3', b'"type": 0', "x: line 3: [1].type is 0, not 3"),
        ("nbdinfo.json", b'"hole,zero"', b'"dirty"', '[1].description is "dirty", not "data" or "hole" or'),
        ("nbdinfo.json", b'"data"', b'"local"', "x is a map of nbdinfo whose first entry is 'local'"),
        ("nbdinfo.txt", b"3  hole,zero", b"3  data", 'x: line 2: "131072 917504 3 data" is not OFFSET LENGTH TYPE'),
        ("nbdinfo.txt", b"0  data", b"0  backing depth 2", "x is a map of nbdinfo whose first entry is 'backing dep"),
        ("ddrescue.map", b"  ?\n", b"  !\n", "is not POSITION SIZE STATUS, where STATUS is one of"),
        ("rbd-diff.txt", b"4194304  data \n8", b"4194304  dirty\n8", None),
        ("rbd-diff.txt", b"0           4194304  data", b"0           data", 'x: line 2: "0 data" is not OFFSET LENGTH'),
        ("extents.csv", b"376832,4096", b"376832;4096", 'x: line 3: "376832;4096" is not byteOffset,sizeBytes'),
        ("thin_delta.xml", b'<same begin="1"', b'<some begin="1"', "is not an element that thin_delta or thin_dump"),
        ("thin_delta.xml", b'length="99"', b'length=""', 'x: line 4: same.length is "", not a number of blocks'),
        ("thin_delta.xml", b'data_block_size="128"', b'data_block_size="0"', "x: line 1: the first element is not a"),
        ("thin_delta.xml", b"</diff>", b"</device>", 'x: line 8: "</device>" closes no element'),
        ("thin_dump.xml", b'dev_id="2"', b'dev_id="\xab"', 'device.dev_id is "\ufffd", not a number'),
        ("thin_dump.xml", b'origin_block="0"', b"", 'single_mapping.origin_block is "", not a number of blocks'),
        ("ebs-snapshot.json", b'"VolumeSize": 1,', b"", "VolumeSize is missing"),
        ("ebs-snapshot.json", b"524288", b"-1", "BlockSize is -1, not a size"),
        ("ebs-snapshot.json", b'"BlockIndex": 2', b'"BlockIndex": "2"', 'Blocks[1].BlockIndex is "2", not an integer'),
        ("ebs-pages.json", b'"VolumeSize": 1, "BlockSize": 524288}\n', b'"VolumeSize": 2, "BlockSize": 524288}\n',
         "x: line 2: this page is of another list than the first"),
        ("ebs-pages.json", b', "NextToken": "', b', "Token": "', "x: line 2: another list follows the last page"),
        ("filefrag.txt", b"4 extents found", b"4 things", "is not an extent of filefrag -v"),
        ("filefrag.txt", b"File size of", b"Size of", "the line is not the size of the file as filefrag -v prints it"),
    ],
)  # fmt: skip
def test_a_wrong_line_or_field_is_named(name, old, new, message):
    data = (FOLDER / name).read_bytes()
    assert old in data
    extents, error = read(data.replace(old, new, 1))
    if message is None:
        assert (extents, error.message) == ([(0, 4 * MIB), (8 * MIB, 4 * MIB)], error.message)
        return
    assert message in error.message
    whole = OPENED[name][0] if name in OPENED else NEED_KIND[name]
    assert extents == whole[: len(extents)]


def test_the_same_kind_is_named_for_a_wrong_format():
    for name, (_, _, _, form) in OPENED.items():
        assert recognise(io.BytesIO((FOLDER / name).read_bytes()), "x").kind.format is form
        _, error = read((FOLDER / name).read_bytes(), ReadingOptions(format=FileFormat.RECORDING))
        assert "not of the format recording" in error.message


def test_json_of_a_row_that_repeats_braces_in_strings_is_read():
    rows = [{"start": at, "length": 1, "data": True, "zero": False, "filename": "a]}{["} for at in range(0, 40, 2)]
    for reads in ([2**20], [13]):
        assert read(json.dumps(rows).encode(), reads=reads) == ([(at, 1) for at in range(0, 40, 2)], None)


PROLOGS = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n',
    b"<?xml version='1.0'?><?xml-stylesheet href='a'?>\r\n",
    b"<!-- of pool 1 -->\n",
    b'\n<?xml version="1.0"?>\n<!-- a <superblock> - of\ntwo lines --> <!---->\n',
)


@pytest.mark.parametrize("name", ["thin_dump.xml", "thin_delta.xml"])
@pytest.mark.parametrize("prolog", PROLOGS)
@pytest.mark.parametrize("reads", [[2**20], [1], [7, 30]])
def test_a_prolog_of_xml_changes_only_the_lines_of_errors(name, prolog, reads):
    data = (FOLDER / name).read_bytes()
    assert read(prolog + data, reads=reads) == (OPENED[name][0], None)
    error = read(prolog + data.replace(b"data_block_size", b"size"), reads=reads)[1]
    line = prolog.count(b"\n") + 1
    assert error.message.startswith(f"x: line {line}: the first element is not a superblock")


@pytest.mark.parametrize("reads", [[2**20], [1]])
@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'<?xml version="1.0"?>\n<rss>', "XML or HTML, which cannot be opened"),
        (b"<!DOCTYPE html><html>", "XML or HTML, which cannot be opened"),
        (
            b'<?xml version="1.0"?>\n<!-- a -- superblock --><superblock>',
            "text of an unknown kind, which cannot be opened",
        ),
        (b'<?xml version="1.0"?>\n<super', "text of an unknown kind, which cannot be opened"),
        (b"<!--" + b"-" * 2**15, "text of an unknown kind, which cannot be opened"),
    ],
)
def test_other_xml_is_refused(data, what, reads):
    assert read(data, reads=reads)[1].message == f"x is {what}"


@pytest.mark.parametrize("element", [b'<def name="1">', b'<ref name="1"/>'])
def test_mappings_that_devices_share_are_refused_with_the_next_step(element):
    data = (FOLDER / "thin_dump.xml").read_bytes().replace(b"<single_mapping", element + b"<single_mapping")
    error = read(data)[1]
    assert "is not an element that thin_delta or thin_dump prints here" in error.message
    assert error.hint == "dump one device: thin_dump --dev-id ID"


def test_colors_after_a_line_without_are_refused_with_the_next_step():
    data = (FOLDER / "nbdinfo-color.txt").read_bytes().split(b"\n", 1)[1]
    error = read(data)[1]
    assert (error.message[:11], error.hint) == ("x: line 2: ", "run nbdinfo --map without --color")


ARRAYS = {
    # operation that the format records
    FileFormat.LISTER: None,
    FileFormat.RBD_DIFF: None,
    FileFormat.NBDINFO: None,
    FileFormat.QEMU_MAP: ALLOCATED,
}


@pytest.mark.parametrize("form", FileFormat)
@pytest.mark.parametrize("data", [b"[]", b" [\n\n]\n", b"[]\r\n"])
@pytest.mark.parametrize("reads", [[2**20], [1]])
def test_an_empty_array_is_a_list_of_every_format_that_is_an_array(form, data, reads):
    if form not in ARRAYS and form is not FileFormat.RANGES:
        error = read(data, ReadingOptions(format=form), reads)[1]
        assert error.message.endswith(f"not of the format {form}")
    for kind in Operation:
        if form in ARRAYS and ARRAYS[form] in (None, kind):
            stream = open_document(Trickle(data, reads), "x", ReadingOptions(kind, format=form))
            assert (stream.operation, received(stream)) == (kind, ([], None))
            assert stream.outcome().complete


@pytest.mark.parametrize("form", FileFormat)
def test_an_empty_file_is_of_no_format(form):
    error = read(b"", ReadingOptions(format=form))[1]
    assert error.message == "x is empty"
    assert form is not FileFormat.RBD_DIFF or "with --format json it prints []" in error.hint
