"""``verify --from``: the answer in a file, instead of a query."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kubectl_cbt.cli.file_argument import VERIFY, opened_file
from kubectl_cbt.cli.given_flags import refuse_flags
from kubectl_cbt.errors import UsageError

if TYPE_CHECKING:
    from kubectl_cbt.cli.file_flags import FileFlags
    from kubectl_cbt.cli.options import ClusterFlags
    from kubectl_cbt.core.options import QueryOptions, ServiceOptions
    from kubectl_cbt.model.backend import OpenStream

_OF_FILES = ("starting_offset", "max_message_size")
"""Fields of flags of queries that apply to saved answers too."""


@contextlib.contextmanager
def saved_answer(
    file: str, file_flags: FileFlags, cluster: ClusterFlags, query: QueryOptions, service: ServiceOptions
) -> Iterator[OpenStream]:
    """The stream of a file; the file is closed with the block.

    Raises:
        UsageError: a flag of queries was given, or the file does not record its operation and no flag does.
        DocumentError: it cannot be read.
    """
    from kubectl_cbt.core.file_backend import FileBackend

    refuse_flags("cannot be used with --from, which queries nothing", cluster, query, service, used=_OF_FILES)
    with opened_file(file, VERIFY) as (data, name):
        opened = FileBackend(data, name, file_flags.options(), service.max_message_size).open()
        if opened.operation is None:
            raise UsageError(
                f"{name} does not record whether it is a delta or allocated",
                hint="add --kind delta or --kind allocated",
            )
        yield opened
