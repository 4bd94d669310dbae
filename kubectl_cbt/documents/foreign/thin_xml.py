"""The output of ``thin_delta`` and ``thin_dump``: XML of which only the elements that these tools print are read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from kubectl_cbt.documents.extent_columns import Columns
from kubectl_cbt.documents.foreign.foreign_list import ForeignList, beyond_64_bits
from kubectl_cbt.documents.foreign.token_table import Mask
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.object_fields import shown
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.stream_query import Operation

_SECTOR_BYTES = 512
_LONGEST_TAG_BYTES = 2**12
_MOST_DEVICES = 20
_SPACE = b" \t\r\n"
_TAG = re.compile(rb'\s*(<(/?)(\w+)((?:\s+\w+="[^"<>&]*")*)\s*(/?)>)')
_PROLOG = re.compile(rb"(?:\s|<\?xml[^<>]*\?>|<!--(?:[^-]|-(?!-))*+-->)*+")
_ROOT = b"<superblock"
_ATTRIBUTE = re.compile(rb'(\w+)="([^"]*)"')
_NUMBER = re.compile(rb"[0-9]{1,18}")
_DEVICE = re.compile(rb'<device\s[^<>]*?dev_id="([0-9]{1,10})"')

_DIFFERENCES = {b"different": True, b"left_only": True, b"right_only": True, b"same": False}
"""The elements of thin_delta, and whether their blocks have changed."""
_MAPPINGS = {b"single_mapping": b"origin_block", b"range_mapping": b"origin_begin"}
"""The elements of thin_dump, and the attribute with their first block."""

_SHARED = (b"def", b"ref")
"""The elements of thin_dump 1.0 and later for mappings that devices share."""
_ONE_DEVICE = "dump one device: thin_dump --dev-id ID"

_BLOCKS = rb'"([0-9]{1,18})"'
_REGULAR_DIFFERENCE = re.compile(rb"<(different|left_only|right_only|same) begin=%b length=%b/>" % (_BLOCKS, _BLOCKS))
_REGULAR_MAPPING = re.compile(
    rb"<(single|range)_mapping origin_(?:block|begin)=%b data_(?:block|begin)=%b(?: length=%b)? time=%b/>"
    % (_BLOCKS, _BLOCKS, _BLOCKS, _BLOCKS)
)
_DIFFERENCE_BYTES = len(b'<begin=""length=""/>')
_MAPPING_BYTES = len(b'<_mappingorigin_blockdata_blocktime=""=""=""/>')
_LENGTH_BYTES = len(b'length=""')


def _shown(text: bytes) -> str:
    return shown(text.decode("utf-8", "replace"))


def after_prolog(data: bytes) -> bytes:
    """XML from its first element on, as far as it is there, or from a part of the prolog that is not whole."""
    prolog = _PROLOG.match(data)
    return data[prolog.end() :] if prolog else data


def is_thin_xml(data: bytes) -> bool:
    """Whether the first element after the prolog is that of these tools."""
    return after_prolog(data).startswith(_ROOT)


def is_other_xml(data: bytes) -> bool:
    """Whether it is XML or HTML with another first element; False while this is not decided."""
    begins = data.startswith((b"<?xml", b"<!DOCTYPE", b"<html"))
    rest = after_prolog(data)
    return begins and not any(sign.startswith(rest[: len(sign)]) for sign in (_ROOT, b"<!--", b"<?"))


class ThinXml(ForeignList):
    """Blocks that differ between two devices, or that one device maps. The size of the device is not recorded."""

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        self.text = text
        self._parents: list[bytes] = [b""]
        self._device: bytes | None = None
        self._mapped_blocks = b""
        self._has_mappings = False
        text.part = "its head"
        # It is in memory: the kind was recognised by what follows it.
        text.advance(len(text.data) - len(after_prolog(text.data[text.position :])))
        head = self._tag()
        sectors = dict(_ATTRIBUTE.findall(head[4])).get(b"data_block_size", b"")
        if head[3] != b"superblock" or not _NUMBER.fullmatch(sectors) or not 0 < int(sectors) < 2**32:
            raise self._error("the first element is not a superblock with a data_block_size")
        self._block_bytes = int(sectors) * _SECTOR_BYTES
        self._enter(head)
        is_delta = self._tag()[3] == b"diff"
        super().__init__(text, options, Operation.DELTA if is_delta else Operation.ALLOCATED)

    def columns(self) -> Iterator[Columns]:
        """The extents of all whole elements in memory, again and again up to the last closing tag."""
        text = self.text
        while len(self._parents) > 1:
            end = text.data.rfind(b">", text.position) + 1
            if not end:
                self._tag()
            elif (columns := self._regular(text.data[text.position : end])) is not None:
                text.advance(end)
                yield columns
            else:
                yield from self._elements(end)
        text.end()
        if _NUMBER.fullmatch(self._mapped_blocks) and int(self._mapped_blocks) and not self._has_mappings:
            raise DocumentError(
                f"{text.name} has no mappings, but the device has {int(self._mapped_blocks)} mapped blocks",
                hint="run thin_dump without --skip-mappings",
            )

    def _regular(self, chunk: bytes) -> Columns | None:
        """The extents of elements that are written as the tools do; None if anything else is among them."""
        size = len(chunk.translate(None, _SPACE))
        if self._parents[-1] == b"diff":
            found = _REGULAR_DIFFERENCE.findall(chunk)
            if not found or size != sum(map(len, chain.from_iterable(found))) + _DIFFERENCE_BYTES * len(found):
                return None
            names, begins, lengths = zip(*found, strict=True)
            wanted = np.array([_DIFFERENCES[name] for name in names], dtype=bool)
        elif self._parents[-1] == b"device":
            found = _REGULAR_MAPPING.findall(chunk)
            with_length = sum(1 for mapping in found if mapping[3])
            read = sum(map(len, chain.from_iterable(found))) + _MAPPING_BYTES * len(found)
            if not found or size != read + _LENGTH_BYTES * with_length:
                return None
            names, begins, _, lengths, _ = zip(*found, strict=True)
            if any((name == b"range") != bool(length) for name, length in zip(names, lengths, strict=True)):
                return None
            lengths = tuple(length or b"1" for length in lengths)
            self._has_mappings = True
            wanted = np.ones(len(found), dtype=bool)
        else:
            return None
        return self._in_bytes([*map(int, begins)], [*map(int, lengths)], wanted)

    def _in_bytes(self, begins: Sequence[int], lengths: Sequence[int], wanted: Mask) -> Columns | None:
        offsets, sizes = np.array(begins, dtype=np.int64), np.array(lengths, dtype=np.int64)
        if beyond_64_bits((offsets, sizes), self._block_bytes).any():
            return None
        return offsets[wanted] * self._block_bytes, sizes[wanted] * self._block_bytes

    def _elements(self, end: int) -> Iterator[Columns]:
        """The extents of the elements up to a position, one after the other."""
        extents: list[tuple[int, int]] = []
        error = None
        try:
            while self.text.position < end and len(self._parents) > 1:
                tag = self._tag()
                extent = self._enter(tag)
                if extent is not None:
                    extents.append(extent)
        except DocumentError as caught:
            error = caught
        columns = np.array(extents, dtype=np.int64).reshape(-1, 2) * self._block_bytes
        yield columns[:, 0], columns[:, 1]
        if error is not None:
            raise error

    def _enter(self, tag: re.Match[bytes]) -> tuple[int, int] | None:
        """Consume a tag, and return the blocks of an extent that is to be reported."""
        _, closing, name, attributes, empty = tag.groups()
        parent = self._parents[-1]
        extent = None
        if closing:
            if name != parent or attributes or empty:
                raise self._error(f"{_shown(tag[1])} closes no element")
            self._parents.pop()
        elif first := self._extent_key(parent, name, is_empty=bool(empty)):
            extent = self._extent(first, tag)
            self._has_mappings = True
        elif self._may_contain(parent, name):
            if name == b"device":
                self._check_only_device(tag)
            if not empty:
                self._parents.append(name)
        else:
            error = self._error(f"{_shown(tag[1])} is not an element that thin_delta or thin_dump prints here")
            raise error.with_hint(_ONE_DEVICE) if name in _SHARED else error
        self.text.advance(tag.end())
        is_reported = _DIFFERENCES.get(parent, True) and _DIFFERENCES.get(name, True)
        return extent if is_reported else None

    @staticmethod
    def _extent_key(parent: bytes, name: bytes, *, is_empty: bool) -> bytes:
        """The attribute with the first block of an extent; empty for other elements."""
        if not is_empty:
            return b""
        if parent == b"device":
            return _MAPPINGS.get(name, b"")
        # With --verbose, thin_delta groups ranges by their difference.
        is_range = (parent == b"diff" and name in _DIFFERENCES) or (parent in _DIFFERENCES and name == b"range")
        return b"begin" if is_range else b""

    @staticmethod
    def _may_contain(parent: bytes, name: bytes) -> bool:
        if parent == b"superblock":
            return name in (b"diff", b"device")
        return (parent == b"" and name == b"superblock") or (parent == b"diff" and name in _DIFFERENCES)

    def _extent(self, first: bytes, tag: re.Match[bytes]) -> tuple[int, int]:
        values = dict(_ATTRIBUTE.findall(tag[4]))
        if tag[3] == b"single_mapping":
            values[b"length"] = b"1"
        numbers = []
        for key in (first, b"length"):
            value = values.get(key, b"")
            if not _NUMBER.fullmatch(value):
                raise self._error(f"{tag[3].decode()}.{key.decode()} is {_shown(value)}, not a number of blocks")
            numbers.append(int(value))
        if sum(numbers) * self._block_bytes > INT64_MAX:
            raise self._error(f"{tag[3].decode()} ends beyond 64 bits")
        return numbers[0], numbers[1]

    def _check_only_device(self, tag: re.Match[bytes]) -> None:
        attributes = dict(_ATTRIBUTE.findall(tag[4]))
        device, self._mapped_blocks = attributes.get(b"dev_id", b""), attributes.get(b"mapped_blocks", b"")
        if not _NUMBER.fullmatch(device):
            raise self._error(f"device.dev_id is {_shown(device)}, not a number")
        if self._device is not None:
            devices = list(dict.fromkeys([self._device, *self._devices_left()]))
            names = ", ".join(name.decode() for name in devices[:_MOST_DEVICES])
            more = ", …" if len(devices) > _MOST_DEVICES else ""
            raise DocumentError(
                f"{self.text.name} has the mappings of several devices: {names}{more}",
                hint=_ONE_DEVICE,
            )
        self._device = device

    def _devices_left(self) -> Iterator[bytes]:
        text = self.text
        while True:
            end = text.data.rfind(b">", text.position) + 1
            if end:
                yield from _DEVICE.findall(text.data, text.position, end)
            is_endless = not end and len(text.data) - text.position > _LONGEST_TAG_BYTES
            text.advance(len(text.data) if is_endless else max(end, text.position))
            if not text.more():
                return

    def _tag(self) -> re.Match[bytes]:
        """The next tag, not consumed."""
        text = self.text
        while True:
            text.demand()
            found = _TAG.match(text.data, text.position)
            end = text.data.find(b">", text.position, text.position + _LONGEST_TAG_BYTES)
            if found is not None and end >= 0:
                return found
            if end >= 0:
                raise self._error("the text is not XML as thin_delta and thin_dump print it")
            if len(text.data) - text.position > _LONGEST_TAG_BYTES:
                raise self._error("a tag is longer than 4 KiB")
            if not text.more():
                raise text.cut()

    def _error(self, message: str) -> DocumentError:
        return self.text.error(message)
