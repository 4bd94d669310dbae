"""Compressed files as the bytes inside, in constant memory, as far as Python's standard library can decompress them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple, Protocol

from kubectl_cbt.documents.byte_source import CHUNK_BYTES, RewindableInput
from kubectl_cbt.documents.jsonstream.json_cursor import HINT_CUT
from kubectl_cbt.errors import DocumentError

_PIECE_BYTES = 2**12
"""Compressed bytes at a time: of damaged data, at most the output of one piece is lost."""
_XZ_MEMORY_BYTES = 2**28
"""More than xz needs with any preset; its header could demand 4 GiB."""
_HINT_DAMAGED = "the file was modified or damaged: all extents before that place were read"


class _Decompressor(Protocol):
    """A decompressor of one stream, as bz2, lzma and compression.zstd have."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Compression(NamedTuple):
    """A format of compressed data.

    Attributes:
        sign: how every stream begins.
        make: a new decompressor, and the exceptions that it raises for damaged data.
    """

    name: str
    sign: bytes
    make: Callable[[], tuple[_Decompressor, tuple[type[Exception], ...]]]


class _GzipDecompressor:
    def __init__(self) -> None:
        import zlib

        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        found = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        # With a full buffer, zlib may have more output although it has consumed all input.
        self.needs_input = not self._inner.unconsumed_tail and len(found) < max_length
        return found


def _gzip() -> tuple[_Decompressor, tuple[type[Exception], ...]]:
    import zlib

    return _GzipDecompressor(), (zlib.error,)


def _bzip2() -> tuple[_Decompressor, tuple[type[Exception], ...]]:
    import bz2

    return bz2.BZ2Decompressor(), (OSError, ValueError)


def _xz() -> tuple[_Decompressor, tuple[type[Exception], ...]]:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES), (lzma.LZMAError,)


def _zstd() -> tuple[_Decompressor, tuple[type[Exception], ...]]:
    zstd = import_module("compression.zstd")
    return zstd.ZstdDecompressor(), (zstd.ZstdError,)


COMPRESSIONS = (
    Compression("gzip", b"\x1f\x8b", _gzip),
    Compression("bzip2", b"BZh", _bzip2),
    Compression("xz", b"\xfd7zXZ\x00", _xz),
    # Python has it from 3.14 on, unless it was built without the library.
    *([Compression("zstd", b"\x28\xb5\x2f\xfd", _zstd)] if find_spec("_zstd") else []),
)
"""The formats that can be decompressed."""


def decompressed(source: RewindableInput) -> RewindableInput:
    """The source, or the bytes inside if it is compressed. Reads no more than needed to decide."""
    beginning = b""
    while any(form.sign.startswith(beginning) and form.sign != beginning for form in COMPRESSIONS):
        chunk = source.read()
        if not chunk:
            break
        beginning += chunk
    source.unread(beginning)
    form = next((form for form in COMPRESSIONS if beginning.startswith(form.sign)), None)
    return source if form is None else _DecompressedInput(source, form)


class _DecompressedInput(RewindableInput):
    def __init__(self, source: RewindableInput, form: Compression) -> None:
        super().__init__(_CompressedReader(source, form), source.name)  # type: ignore[arg-type]  # it reads, which is enough
        self._source = source

    def cancel(self) -> None:
        super().cancel()
        # The one that waits.
        self._source.cancel()


class _CompressedReader:
    """The part of a binary file that :class:`RewindableInput` uses."""

    def __init__(self, source: RewindableInput, form: Compression) -> None:
        self._source = source
        self._form = form
        self._input = b""
        self._position = 0
        self._error: DocumentError | None = None
        self._decompressor, self._damages = form.make()

    def seekable(self) -> bool:
        """False: to go back would mean to decompress everything again."""
        return False

    def read(self, _: int) -> bytes:
        """The bytes inside that are available, at most about 1 MiB; waits only if there are none.

        Raises:
            DocumentError: at the first error, after all bytes before it.
        """
        found: list[bytes] = []
        size = 0
        while self._error is None and size < CHUNK_BYTES:
            if found and self._position >= len(self._input):
                break
            try:
                piece = self._piece()
            except DocumentError as error:
                self._error = error
                break
            if piece is None:
                break
            if piece:
                found.append(piece)
                size += len(piece)
        if not found and self._error is not None:
            raise self._error
        return b"".join(found)

    def _piece(self) -> bytes | None:
        """The next output, which may be empty; None at the end."""
        if self._decompressor.eof and not self._next_stream():
            return None
        data = b""
        if self._decompressor.needs_input:
            if self._position >= len(self._input) and not self._fill():
                raise DocumentError(
                    f"{self._source.name} ends in the middle of its {self._form.name} data", hint=HINT_CUT
                )
            data = self._input[self._position : self._position + _PIECE_BYTES]
            self._position += len(data)
        try:
            return self._decompressor.decompress(data, CHUNK_BYTES)
        except self._damages as error:
            raise self._damaged(str(error)) from error

    def _next_stream(self) -> bool:
        """Begin the stream that follows, as of files that were appended; False at the end."""
        self._input = self._decompressor.unused_data + self._input[self._position :]
        self._position = 0
        while not (left := self._input.lstrip(b"\0")):  # padding
            if not self._fill():
                return False
        self._input = left
        self._decompressor, self._damages = self._form.make()
        while len(self._input) < len(self._form.sign) and self._form.sign.startswith(self._input):
            if not self._fill(keep=True):
                break
        if not self._input.startswith(self._form.sign):
            raise self._damaged("other data follows")
        return True

    def _fill(self, *, keep: bool = False) -> bool:
        chunk = self._source.read()
        self._input, self._position = (self._input if keep else b"") + chunk, 0
        return bool(chunk)

    def _damaged(self, reason: str) -> DocumentError:
        message = f"the {self._form.name} data of {self._source.name} is damaged: {reason}"
        return DocumentError(message, hint=_HINT_DAMAGED)
