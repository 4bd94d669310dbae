"""Fuzz targets: recordings, saved documents and encoded messages."""

import copy
import json
import struct
import zlib
from collections.abc import Iterator
from random import Random

from fuzz.mutations import as_json, damaged, spoiled
from fuzz.stage import GOLDEN, Stage, check_document, expecting_ours
from recorded import RECORDINGS, cases, messages

# Recordings.


class Recordings:
    """``open`` and ``check`` of a recording with damaged bytes or values."""

    def __init__(self, stage: Stage) -> None:
        from recorded_again import record_case

        self._stage = stage
        self._wholes = []
        for style, name in (("fixed_length", "delta-a-b-max7"), ("variable_length", "allocated-a")):
            path = stage.folder / f"{style}.cbtrec"
            path.unlink(missing_ok=True)
            line, _, packed = record_case(path, style, name).read_bytes().partition(b"\n")
            self._wholes.append((line + b"\n", list(_frames(zlib.decompressobj().decompress(packed)))))

    def case(self, random: Random) -> None:
        line, frames = random.choice(self._wholes)
        frames = self._spoiled(copy.copy(frames), random)
        data = b"".join(struct.pack(">cI", kind, len(payload)) + payload for kind, payload in frames)
        if random.random() < 0.2:
            data = damaged(data, random)
        data = line + zlib.compress(data)
        if random.random() < 0.1:
            data = damaged(data, random)
        path = self._stage.file("case.cbtrec", data)
        if random.random() < 0.4:
            form = random.choice(["json", "table"])
            check_document(self._stage.run("check", str(path), "-o", form), form)
        else:
            form = random.choice(["json", "ndjson", "summary", "csv", "yaml", "wide", "table", "name", "lister-json"])
            check_document(self._stage.run("open", str(path), "-o", form), form)

    def _spoiled(self, frames: list[tuple[bytes, bytes]], random: Random) -> list[tuple[bytes, bytes]]:
        for _ in range(random.randint(0, 3)):
            at = random.randrange(len(frames))
            if random.random() < 0.6:
                # The messages are most of them, and the fewest of what is read of a recording.
                at = random.choice([place for place, (kind, _) in enumerate(frames) if kind != b"M"] or [at])
            kind, payload = frames[at]
            what = random.randrange(6)
            if what < 3:
                spoil = _spoiled_message if kind == b"M" else _spoiled_json
                frames[at] = kind, spoil(payload, random)
            elif what == 3:
                del frames[at]
            elif what == 4:
                frames.insert(random.randint(0, len(frames)), frames[at])
            else:
                frames[at] = random.choice([b"H", b"Q", b"M", b"E", b"X"]), payload
            if not frames:
                break
        return frames


def _frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position < len(data):
        kind, length = struct.unpack_from(">cI", data, position)
        yield kind, data[position + 5 : position + 5 + length]
        position += 5 + length


def _spoiled_json(payload: bytes, random: Random) -> bytes:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):  # it was spoiled before
        return damaged(payload, random)
    return damaged(payload, random) if random.random() < 0.2 else as_json(spoiled(document, random))


def _spoiled_message(payload: bytes, random: Random) -> bytes:
    if random.random() < 0.3:
        return damaged(payload, random)
    return payload[:8] + evil_message(random)


def evil_message(random: Random) -> bytes:
    """A well-formed message of numbers that no driver should send."""
    from kubectl_cbt.wire.snapshot_metadata_pb2 import BlockMetadata, GetMetadataDeltaResponse

    def number() -> int:
        return random.choice([0, 1, -1, 4096, 2**30, 2**62, 2**63 - 1, -(2**63), random.getrandbits(63)])

    blocks = [BlockMetadata(byte_offset=number(), size_bytes=number()) for _ in range(random.randrange(6))]
    message = GetMetadataDeltaResponse(
        block_metadata_type=random.choice([0, 1, 2, 3, -1]), volume_capacity_bytes=number(), block_metadata=blocks
    )
    return message.SerializeToString()


# Saved documents.


class Documents:
    """``open`` of every kind of document, damaged."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        kinds = ("json", "ndjson", "lister-json", "csv", "yaml")
        self._wholes = {path.name: path.read_bytes() for path in sorted(GOLDEN.iterdir()) if path.suffix[1:] in kinds}

    def case(self, random: Random) -> None:
        name = random.choice(list(self._wholes))
        data = self._spoiled(name, self._wholes[name], random)
        form = random.choice(["json", "ndjson", "summary", "csv", "yaml", "wide", "table", "name", "lister-json"])
        check_document(self._stage.run("open", str(self._stage.file(name, data)), "-o", form), form)

    def _spoiled(self, name: str, data: bytes, random: Random) -> bytes:
        if random.random() < 0.3 or name.endswith(("csv", "yaml")):
            return damaged(data, random)
        lines = data.splitlines() if "ndjson" in name else [data]
        try:
            documents = [json.loads(line) for line in lines]
        except ValueError:
            documents = []
        if not documents:
            return damaged(data, random)
        at = random.randrange(len(documents))
        documents[at] = spoiled(documents[at], random)
        return b"\n".join(map(as_json, documents)) + b"\n"


# The decoder.


class Decoder:
    """Columns of messages: a message is decoded, or refused as one of ours."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        found = [message for style in ("fixed_length", "variable_length") for case in cases(style).values()
                 if "file" in case and (RECORDINGS / case["file"]).stat().st_size < 50_000
                 for message in messages(case)]  # fmt: skip
        self._wholes = found[:50]

    def case(self, random: Random) -> None:
        from kubectl_cbt.wire.decode import decoded

        group = []
        for _ in range(random.randint(1, 4)):
            message = random.choice(self._wholes) if random.random() < 0.5 else evil_message(random)
            group.append(damaged(message, random) if random.random() < 0.7 else message)
        self._stage.last = {f"message-{number}": message for number, message in enumerate(group)}
        expecting_ours(lambda: list(decoded(group, 1)))
