"""Copies a part of a report to a file that appears when it is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from kubectl_cbt.errors import OutputError
from kubectl_cbt.model.report_part import Shard
from kubectl_cbt.output.writer import Write
from kubectl_cbt.system.paths import expanded


@contextlib.contextmanager
def copied_to(folder: str, shard: Shard, write: Write) -> Iterator[Write]:
    """A function that writes to ``write`` and to a file in ``folder``, which replaces an earlier one at the end.

    Raises:
        OutputError: the file cannot be written.
    """
    path = expanded(folder) / f"part-{shard.index:05}-of-{shard.count:05}.ndjson"
    unfinished = path.with_name(f"{path.name}.unfinished")

    try:
        with unfinished.open("wb") as file:

            def both(data: bytes) -> None:
                write(data)
                file.write(data)

            yield both
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
