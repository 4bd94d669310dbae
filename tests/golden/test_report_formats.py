"""Every format of a report. UPDATE_GOLDEN=1 rewrites them."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import takewhile
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from report_samples import HOSTILE, NOW, REPORTS
from schemas import validator
from test_formats import assert_golden

from kubectl_cbt.documents.report_document import read_report
from kubectl_cbt.model.report_part import ReportPart, Shard
from kubectl_cbt.output.volume_report.report_columns import COLUMNS, table_heading
from kubectl_cbt.output.volume_report.report_formats import VolumeReportFormat
from kubectl_cbt.output.volume_report.report_writer import PrintedReport
from kubectl_cbt.units import printable

VALIDATOR = validator("VolumeReport")
VOID = {"meta", "path"}
ROOT = Path(__file__).resolve().parents[2]


def written(printed: PrintedReport, form: VolumeReportFormat) -> bytes:
    parts: list[bytes] = []
    writer = form.writer(parts.append)
    writer.begin(printed.report)
    for one in printed.rows[1:]:
        writer.volume(one)
    writer.end(printed)
    return b"".join(parts)


@pytest.mark.parametrize("form", VolumeReportFormat)
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_printed_as_before(name, form):
    assert_golden(f"report/{name}.{form}", written(REPORTS[name](), form).decode())


@pytest.mark.parametrize("name", REPORTS)
def test_the_document_follows_its_schema(name):
    VALIDATOR.validate(json.loads(written(REPORTS[name](), VolumeReportFormat.JSON)))


PARTS = {
    "none": None,
    "alone": ReportPart(Shard(0, 1)),
    "of a run": ReportPart(Shard(15, 16), NOW, "cbt-report-29178540"),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", REPORTS)
def test_each_line_follows_the_schema(name, part):
    printed = REPORTS[name]()
    printed = replace(printed, report=replace(printed.report, part=PARTS[part]))
    head, *volumes, tail = map(json.loads, written(printed, VolumeReportFormat.NDJSON).splitlines())
    for kind, lines in (("head", [head]), ("volume", volumes), ("end", [tail]), ("line", [head, *volumes, tail])):
        lines_of_kind = VALIDATOR.evolve(schema={"$ref": f"urn:kubectl-cbt:v1:volume-report#/$defs/{kind}"})
        for line in lines:
            lines_of_kind.validate(line)
    assert {"shard" in head, "shard" in tail} == {PARTS[part] is not None}


def test_the_schema_refuses_a_line_without_its_members():
    head, volume, *_, tail = map(json.loads, written(REPORTS["all-states"](), VolumeReportFormat.NDJSON).splitlines())
    lines = VALIDATOR.evolve(schema={"$ref": "urn:kubectl-cbt:v1:volume-report#/$defs/line"})
    for line in (head, volume, tail):
        for name in line:
            assert not lines.is_valid({key: value for key, value in line.items() if key != name})
    assert not lines.is_valid(head | {"shard": {"index": 0, "count": 1}})


@pytest.mark.parametrize("name", REPORTS)
def test_the_lines_are_the_parts_of_the_document(name):
    document = json.loads(written(REPORTS[name](), VolumeReportFormat.JSON))
    head, *volumes, tail = map(json.loads, written(REPORTS[name](), VolumeReportFormat.NDJSON).splitlines())
    assert tail.pop("kind") == "VolumeReportEnd"
    assert tail.pop("volumes") == len(volumes)
    assert sorted(volumes, key=lambda one: one["key"]) == sorted(document["volumes"], key=lambda one: one["key"])
    assert tail | head == {key: value for key, value in document.items() if key != "volumes"}


@pytest.mark.parametrize("form", [VolumeReportFormat.JSON, VolumeReportFormat.NDJSON])
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_that_is_read_is_printed_as_the_same_bytes(name, form):
    printed = REPORTS[name]()
    found = read_report(io.BytesIO(written(printed, form)), "report.json")
    again = PrintedReport.of(found, printed.diff)
    whole = written(again, VolumeReportFormat.JSON)
    assert sorted(whole.splitlines()) == sorted(written(again, VolumeReportFormat.JSON).splitlines())
    assert {one.row.key: one for one in again.rows} == {one.row.key: one for one in printed.rows}


@pytest.mark.parametrize("name", REPORTS)
def test_prometheus_reads_the_metrics(name):
    printed = REPORTS[name]()
    text = written(printed, VolumeReportFormat.PROMETHEUS).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(family.documentation and family.type == "gauge" for family in families.values())
    for family in families.values():
        labels = [tuple(sample.labels.items()) for sample in family.samples]
        assert len(set(labels)) == len(labels), family.name
    if name == "all-states":
        claims = {sample.labels["claim"] for sample in families["kubectl_cbt_volume_size_bytes"].samples}
        assert printable(HOSTILE) in claims
        known = {sample.labels["claim"] for sample in families["kubectl_cbt_next_incremental_bytes"].samples}
        assert known == {"postgres", printable(HOSTILE)}  # a lower bound has no sample


def test_a_spreadsheet_reads_the_rows():
    header, *lines = csv.reader(io.StringIO(written(REPORTS["all-states"](), VolumeReportFormat.CSV).decode()))
    assert all(len(line) == len(header) for line in lines)
    assert [line[header.index("hasBase")] for line in lines].count("false") == 3


class Page(HTMLParser):
    """Checks that elements are closed in order, and collects what a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.scripts = 0
        self.links: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.links += [(name, value) for name, value in attrs if name in ("src", "href", "style", "onclick")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_is_well_formed_and_loads_nothing(name):
    text = written(REPORTS[name](), VolumeReportFormat.HTML).decode()
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    assert page.scripts == 1
    assert all(attribute == "style" and re.fullmatch(r"width:[\d.]+%", value) for attribute, value in page.links)
    assert "<script>alert" not in text
    assert "\x1b" not in text
    assert not re.search(r"https?:|@import|url\(", text)


def documented_columns() -> dict[str, str]:
    """The meaning of each column by its name, from the table in docs/report.md."""
    lines = (ROOT / "docs" / "report.md").read_text(encoding="utf-8").split("| column | meaning |\n")[1].splitlines()
    rows = [line.strip("| ").split(" | ", 1) for line in takewhile(lambda line: line.startswith("|"), lines[1:])]
    return {name: meaning for names, meaning in rows for name in names.split(", ")}


def test_the_documentation_explains_each_column_of_the_tables():
    documented = documented_columns()
    assert sorted(documented) == sorted(column.title.upper() for column in COLUMNS)
    assert all(len(meaning.split()) > 2 for meaning in documented.values())
    printed = REPORTS["all-states"]()
    for form, shown in (("wide", COLUMNS), ("table", [column for column in COLUMNS if not column.is_wide])):
        headings = re.split(" {3,}", written(printed, VolumeReportFormat(form)).decode().splitlines()[0])
        assert headings == [table_heading(column, printed.report) for column in shown]


def test_the_documentation_explains_each_column_of_the_page():
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    page = written(REPORTS["all-states"](), VolumeReportFormat.HTML).decode()
    (head,) = re.findall(r'sortable">\n<thead><tr>(.*?)</tr>', page)
    headings = re.findall(r">([^<]+)</th>", head)
    assert {"Volume", "Snapshots", "Map"} < set(headings)
    for heading in headings:
        assert heading.upper() in documented_columns() or re.search(rf"\b{heading}\b", text), heading
