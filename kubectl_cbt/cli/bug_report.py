"""``bug-report``: write an archive for a bug report."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.check_recording import is_recording
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.doctor import diagnosis
from kubectl_cbt.cli.file_argument import BUG_REPORT, opened_file
from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags, parsed_file_to_write
from kubectl_cbt.cli.print_findings import print_report
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.output.report import ReportFormat
from kubectl_cbt.project import ISSUES
from kubectl_cbt.system.paths import expanded
from kubectl_cbt.system.versions import versions

if TYPE_CHECKING:
    from kubectl_cbt.core.bug_report import ArchivePart, Redaction

_ARCHIVE = Path("kubectl-cbt-bug-report.zip")


def bug_report(
    cluster: ClusterFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    first: Annotated[
        str | None, typer.Argument(metavar="SNAPSHOT", help="A snapshot that doctor checks too; see its help.")
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="TARGET", help="A newer snapshot of the same volume.")] = None,
    error: Annotated[
        str,
        typer.Option(
            "--error", metavar="FILE", help="What the failed command printed to stderr; - for standard input."
        ),
    ] = "",
    recording: Annotated[
        str, typer.Option("--recording", metavar="FILE", help="A recording to include, as --record writes it.")
    ] = "",
    file: Annotated[
        Path,
        typer.Option("--file", parser=parsed_file_to_write, metavar="FILE", help="The archive to write, a new file."),
    ] = _ARCHIVE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what the archive would contain.")] = False,
) -> None:
    """Write an archive for a bug report.

    The archive contains the version, the platform, the report of "kubectl cbt doctor -o json" and, if given, an error
    message and a recording. Its list is printed first, and nothing is sent. The home directory and the secrets that
    the command uses are removed, and tokens, passwords, keys and certificates whose form or name shows what they are.
    Another secret in an error message, such as a password in a sentence, cannot be recognised. Names of objects and
    users, and addresses of servers, remain: read the archive before you publish it.

    Exit status: 0 the archive was written, whatever doctor found; 1 it cannot be written; 2 usage error.

    \b
    Examples:
      kubectl cbt bug-report
      kubectl cbt bug-report pg-mon pg-tue -n shop --dry-run

    \b
      # With the message of the command that failed, and a recording of it
      kubectl cbt delta pg-mon pg-tue -n shop -o summary --record bug.cbtrec 2> error.txt
      kubectl cbt bug-report pg-mon pg-tue -n shop --error error.txt --recording bug.cbtrec
    """
    from kubectl_cbt.core.bug_report import Redaction, known_secrets, write_archive

    if recording and not is_recording(recording):
        raise UsageError(f"{recording} is not a recording", hint="make one with: kubectl cbt delta … --record FILE")
    redaction = Redaction(known_secrets(cluster, service))
    parts = list(_texts(error, redaction))
    names = tuple(name for name in (first, second) if name is not None)
    parts += [_doctor(names, cluster, service, terminal, redaction), *_recording(recording)]
    diagnostics = Diagnostics(quiet=terminal.quiet)
    diagnostics.print_line("The archive contains:")
    for part in parts:
        diagnostics.print_line(f"  {part.name:<17} {part.size_bytes:>10,} bytes   {part.purpose}")
    if dry_run:
        return
    write_archive(file, parts)
    write_stdout(f"{file}\n")
    diagnostics.note(f"Read it before you attach it to an issue: {ISSUES}")


def _texts(error: str, redaction: Redaction) -> Iterator[ArchivePart]:
    from kubectl_cbt.core.bug_report import ArchivePart, about_this_machine, error_message

    yield ArchivePart("version.json", "versions of kubectl-cbt and its libraries", redaction.json(versions()))
    about = about_this_machine(os.environ)
    yield ArchivePart("platform.json", "operating system, Python and terminal", redaction.json(about))
    if error:
        with opened_file(error, BUG_REPORT) as (data, name):
            text = redaction.text(error_message(data, name))
        yield ArchivePart("error.txt", "the error message", text.encode())


def _doctor(
    names: tuple[str, ...],
    cluster: ClusterFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    redaction: Redaction,
) -> ArchivePart:
    import orjson

    from kubectl_cbt.core.bug_report import ArchivePart

    title, findings = diagnosis(names, cluster, service, terminal)
    written: list[str] = []
    print_report(findings, ReportFormat.JSON, title, {}, terminal, write=written.append)
    report = redaction.json(orjson.loads("".join(written)))
    return ArchivePart("doctor.json", "what doctor found: names of objects, addresses of servers", report)


def _recording(file: str) -> Iterator[ArchivePart]:
    from kubectl_cbt.core.bug_report import ArchivePart

    if file:
        yield ArchivePart("recording.cbtrec", "names, handles and extents; no token, secret or CA", expanded(file))
