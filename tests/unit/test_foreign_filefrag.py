"""What filefrag prints with its options and on other file systems: read as it means it, or refused with the reason."""

import io

import pytest
from saved_documents import received

from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.errors import CbtError

HEAD = "Filesystem type is: ef53\nFile size of f is {} ({} blocks of {} bytes)\n"
COLUMNS = " ext:     logical_offset:        physical_offset: length:   expected: flags:\n"
FOUND = "f: 1 extent found\n"


def read(size: int, block: int, *lines: str, head: str = HEAD + COLUMNS, found: str = FOUND):
    data = head.format(size, -(-size // block), block) + "".join(f"{line}\n" for line in lines) + found
    notes: list[str] = []
    try:
        stream = open_document(io.BytesIO(data.encode()), "x")
    except CbtError as error:
        return [], error, notes
    stream.notify_to(notes.append)
    extents, error = received(stream)
    assert error or stream.outcome().violations == ()
    return extents, error, notes


@pytest.mark.parametrize(
    ("size", "block", "line", "extents"),
    [
        # Printed by filefrag 1.47.0: of a file that was just written, of 3 bytes, and with its data in the inode.
        (131072, 4096, "0: 0.. 31: 0.. 0: 0: last,unknown_loc,delalloc,eof", [(0, 131072)]),
        (3, 4096, "0: 0.. 0: 8853918.. 8853918: 1: last,eof", [(0, 3)]),
        (5, 1024, "0: 0.. 4: 106024.. 106028: 5: last,not_aligned,inline,eof", [(0, 5)]),
        # Older versions print the length of an extent without a location.
        (131072, 4096, "0: 0.. 31: 0.. 31: 32: last,unknown_loc,delalloc,eof", [(0, 131072)]),
        # Btrfs reports a whole block for data in the inode.
        (463, 4096, "0: 0.. 4095: 0.. 4095: 4096: last,not_aligned,inline,eof", [(0, 463)]),
        # XFS allocates more than was written.
        (10000, 4096, "0: 0.. 31: 0.. 0: 0: last,unknown_loc,delalloc,eof", [(0, 10000)]),
        (10000, 4096, "0: 16.. 31: 64.. 79: 16: last,eof", []),
    ],
)
def test_an_extent_has_the_bytes_of_the_file_that_it_contains(size, block, line, extents):
    assert read(size, block, line) == (extents, None, [])


def test_a_file_of_ext2_is_opened():
    head = (
        "Filesystem type is: ef53\nFilesystem cylinder groups approximately 1\n" + HEAD.split("\n")[1] + "\n" + COLUMNS
    )
    extents, error, _ = read(
        28672,
        1024,
        "0: 0.. 15: 7169.. 7184: 16: merged",
        "1: 16.. 27: 8145.. 8156: 12: 7185: merged,eof",
        "Discontinuity: Block 16 is at 8145 (was 7185)",
        head=head,
        found="f: 9 extents found, perfection would be 1 extent\n",
    )
    assert (extents, error) == ([(0, 16384), (16384, 12288)], None)


def test_blocks_that_may_have_been_chosen_by_the_user_have_a_note():
    note = "blocks of 65536 bytes: with -b, extents are rounded to whole blocks"
    assert read(131072, 65536, "0: 0.. 1: 32.. 33: 2: last,eof") == ([(0, 131072)], None, [note])


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        (["0: 0.. 1f: 10.. 2f: 20: last"], "is not an extent of filefrag -v with decimal numbers", "without -X"),
        (["0: 10.. 10: 64.. 64: 1: last,eof"], "contradicts its length or the size of the file", "without -X"),
        (["0: 0.. 0: 183939.. 183939: 0: 0"], "contradicts its length or the size of the file", "without -b"),
        (["0: 0.. 9: 0.. 0: 0: hole"], "is not an extent of filefrag -v", "without -E"),
        (["0: 0.. 9: 0.. 8: 10:"], "contradicts its length or the size of the file", "without -b"),
        (["0: 9.. 0: 0.. 0: 0: unknown_loc"], "contradicts its length or the size of the file", "without -b"),
        (["0: 0.. 9223372036854775807: 0.. 0: 0: unknown_loc"], "contradicts its length", "without -b"),
        (["0: 9007199254740992.. 9007199254740993: 0.. 1: 2:"], "ends beyond 64 bits", "modified or damaged"),
        (["0: 0.. 99999999999999999999: 0.. 1: 2:"], "has a number beyond 64 bits", "modified or damaged"),
        (["0: 0.. 9: 0.. 9: x:"], "is not an extent of filefrag -v", "modified or damaged"),
    ],
)
def test_a_line_that_means_something_else_is_refused_with_the_reason(lines, message, hint):
    extents, error, _ = read(17 * 4096, 4096, *lines)
    assert extents == []
    assert message in error.message
    assert error.message.startswith("x: line 4: ")
    assert hint in error.hint


@pytest.mark.parametrize(
    ("head", "message", "hint"),
    [
        (HEAD, "x: line 3: the list has no extents, only their number", "filefrag -e -v FILE"),
        (
            HEAD + "Discontinuity: Block 9 is at 8 (was 7)\n",
            "only where they are not contiguous",
            "filefrag -e -v FILE",
        ),
        (
            HEAD.replace(")\n", ") -- pre-cached\n") + COLUMNS,
            "x: line 2: the list is of the extent status",
            "without -E",
        ),
        (HEAD.format(1, 1, 2**20) + COLUMNS, "blocks of 1048576 bytes, to which extents are rounded", "without -b"),
        (HEAD + "other\n", "x: line 3: the line is not the heading of the columns", ""),
    ],
)
def test_a_head_of_another_output_is_refused_with_the_reason(head, message, hint):
    extents, error, _ = read(4096, 4096, head=head)
    assert (extents, message in error.message, hint in error.hint) == ([], True, True)


@pytest.mark.parametrize("lines", [1, 2])
def test_a_list_that_ends_in_its_head_was_cut(lines):
    head = "".join(HEAD.format(4096, 1, 4096).splitlines(keepends=True)[:lines])
    error = read(4096, 4096, head=head, found="")[1]
    assert error.message == f"x ends in the middle of its head, at line {lines}"


def test_the_number_of_extents_alone_is_named():
    error = read(1, 1, head="", found="disk.img: 4 extents found\n")[1]
    assert error.message == "x is the number of extents that filefrag prints without -v, which cannot be opened"
    assert error.hint == "list the extents: filefrag -v FILE"
