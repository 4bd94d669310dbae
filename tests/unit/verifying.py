"""Answers, images and verifications for several tests."""

import io
import json
from pathlib import Path

from kubectl_cbt.core.verified_stream import Devices, VerifiedStream
from kubectl_cbt.devices.device import Device
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.stream_query import Operation

KIB = 1024


def answer(extents, capacity, kind=Operation.DELTA, *, ends=True):
    """A stream of lister messages, a few extents each; without an end mark it is a document that was cut."""
    pages = [extents[at : at + 3] for at in range(0, len(extents), 3)] or [[]]
    messages = [
        {
            "block_metadata_type": 2,
            "volume_capacity_bytes": capacity,
            "block_metadata": [{"byte_offset": offset, "size_bytes": size} for offset, size in page],
        }
        for page in pages
    ]
    text = json.dumps(messages)
    return open_document(io.BytesIO((text if ends else text[:-1]).encode()), "list.json", ReadingOptions(kind))


def image(path: Path, size, writes):
    """A sparse file with these bytes."""
    with path.open("wb") as file:
        file.truncate(size)
        for offset, data in writes:
            file.seek(offset)
            file.write(data)
    return str(path)


def verified(stream, target, base=None, start=0, *, quick=False, resolved=None):
    """The result, and all missing ranges."""
    devices = Devices(Device(target), None if base is None else Device(base))
    run = VerifiedStream(stream, resolved or stream.resolved, devices, start, quick=quick)
    found = []
    failure = None
    try:
        for ranges in run:
            found += ranges.first(len(ranges))
    except CbtError as error:
        failure = error
    result = run.result(failure)
    devices.target.close()
    if devices.base:
        devices.base.close()
    return result, found
