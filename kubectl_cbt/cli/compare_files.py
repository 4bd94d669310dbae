"""Compares two files, for every command that does: shows the map on a terminal, else prints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode
from kubectl_cbt.cli.file_argument import COMPARE, STDIN, opened_file
from kubectl_cbt.cli.launch_tui import has_screen, show_comparison, wants_screen
from kubectl_cbt.cli.options import MapFlags, PictureFlags, TerminalFlags
from kubectl_cbt.errors import CbtError, UsageError
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kubectl_cbt.cli.file_flags import FileFlags
    from kubectl_cbt.core.compare import ComparedStreams
    from kubectl_cbt.output.comparison.comparison_formats import ComparisonFormat


@dataclass(frozen=True, slots=True)
class ComparisonArguments:
    """What to compare.

    Attributes:
        left, right: names of files; one can be ``-``.
        covers: whether the question is if the left one contains the right one.
        grain_bytes: extents are rounded outwards to multiples of it.
    """

    left: str
    right: str
    covers: bool = False
    grain_bytes: int = 1
    max_message_bytes: int = MAX_MESSAGE_BYTES


def compare_files(
    arguments: ComparisonArguments,
    file_flags: FileFlags,
    output: ComparisonFormat | None,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
) -> int:
    """Compare; returns the exit code, which for every error is that of trouble, as that of ``diff`` is."""
    from kubectl_cbt.cli.print_comparison import exit_code, print_comparison

    # A map has no answer to "does LEFT contain RIGHT".
    may_show = output is None and not arguments.covers
    shown = may_show and (wants_screen(None) or (STDIN in (arguments.left, arguments.right) and has_screen()))
    try:
        with _opened(arguments, file_flags, keyboard=shown) as compared:
            if shown:
                return exit_code(show_comparison(compared, map_flags, terminal), covers=False)
            return print_comparison(compared, output, terminal, map_flags, picture, covers=arguments.covers)
    except CbtError as error:
        Diagnostics(verbosity=terminal.verbosity).error(error)
        return ExitCode.TROUBLE


@contextmanager
def _opened(arguments: ComparisonArguments, file_flags: FileFlags, *, keyboard: bool) -> Iterator[ComparedStreams]:
    from kubectl_cbt.core.compare import ComparedStreams
    from kubectl_cbt.core.file_backend import FileBackend

    files, options = (arguments.left, arguments.right), replace(file_flags.options(), is_for_either=True)
    if files == (STDIN, STDIN):
        raise UsageError("only one side can be standard input")
    with ExitStack() as stack:
        opened = [stack.enter_context(opened_file(file, COMPARE, keyboard=keyboard)) for file in files]
        backends = [FileBackend(data, name, options, arguments.max_message_bytes) for data, name in opened]
        left, right = (backend.open() for backend in backends)
        if options.format is not None and options.format not in {backend.format for backend in backends}:
            raise UsageError(
                f"neither file is of the format {options.format}",
                hint="omit --from-format: the formats are recognized by the content",
            )
        names = (opened[0][1], opened[1][1])
        yield ComparedStreams(left, right, names, arguments.grain_bytes)
