"""The first bytes of a file, by which its kind is recognised without parsing it.

A pipe may be live, so no more is read than needed to decide; nothing here is trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

WINDOW_BYTES = 2**14
"""No more is read to recognise a file."""

RECORDING_SIGN = b"kubectl-cbt recording "
"""How every version of a recording begins."""

_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|[{}\[\]:]', re.DOTALL)
_SCALAR = re.compile(rb'\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_YAML_KEY = re.compile(rb"^([A-Za-z][\w.-]*):", re.MULTILINE)
_YAML_KIND = re.compile(rb"^kind:[ \t]*[\"']?([A-Za-z]+)[\"']?[ \t]*\r?$", re.MULTILINE)
_YAML_METADATA = re.compile(rb"^metadata:[ \t]*\r?\n((?:[ \t]+.*\n?|\r?\n)*)", re.MULTILINE)
_YAML_NAME = re.compile(rb"^  (name|namespace):[ \t]*[\"']?([a-z0-9.-]+)[\"']?[ \t]*\r?$", re.MULTILINE)


class FirstBytes:
    """The first bytes of a file, after white space and a byte order mark.

    Args:
        data: at most :data:`WINDOW_BYTES`.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data

    def starts(self, *signs: bytes) -> bool:
        """Whether it begins with any of these."""
        return self.data.startswith(signs)

    @cached_property
    def keys(self) -> dict[str, str]:
        """The first JSON object, which may be in an array: its keys and string values; other values are empty."""
        return {key: value for key, value in self._members if key is not None}

    @property
    def is_whole(self) -> bool:
        """Whether the first JSON object ends in here."""
        return bool(self._members) and self._members[-1][0] is None

    @cached_property
    def _members(self) -> list[tuple[str | None, str]]:
        return list(_members(self.data)) if self.starts(b"{", b"[") else []

    @cached_property
    def yaml_keys(self) -> frozenset[str]:
        """The keys at the outermost level of YAML."""
        return frozenset(key.decode() for key in _YAML_KEY.findall(self.data))

    @property
    def yaml_kind(self) -> str:
        """The ``kind`` of a Kubernetes object in YAML; empty when there is none."""
        found = _YAML_KIND.search(self.data)
        return found[1].decode() if found else ""

    @property
    def yaml_names(self) -> dict[str, str]:
        """``name`` and ``namespace`` of a Kubernetes object in YAML, if present."""
        metadata = _YAML_METADATA.search(self.data)
        found = _YAML_NAME.findall(metadata[1]) if metadata else []
        return {key.decode(): value.decode() for key, value in found}

    def opens_array(self, *followed_by: bytes) -> bool:
        """Whether it is an array whose first byte inside is one of these."""
        return self.starts(b"[") and self.data[1:].lstrip(b" \t\r\n").startswith(followed_by)


def _members(data: bytes) -> Iterator[tuple[str | None, str]]:
    """Keys and values that are strings; None after the last."""
    depth, outermost, text = 0, 0, None
    for token in _TOKEN.finditer(data):
        first = token[0][:1]
        if first == b'"':
            text = token[1]
            continue
        if first == b":" and text is not None and depth == outermost:
            value = _SCALAR.match(data, token.end())
            yield text.decode("utf-8", "replace"), value[1].decode("utf-8", "replace") if value else ""
        elif first in b"{[":
            depth += 1
            if first == b"{" and not outermost:
                outermost = depth
            if not outermost and depth > 1:
                return
        elif first in b"}]":
            depth -= 1
            if depth < outermost:
                yield None, ""
                return
        text = None
