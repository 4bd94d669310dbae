"""Every format of one stream, complete, empty and failed, against files. UPDATE_GOLDEN=1 rewrites them."""

import json
import os
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from samples import batch, batches, outcome_of, resolved

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.results import MUST, WARNING, Failure, Occurrence, Outcome, Violation
from kubectl_cbt.output import covering, lister_json, rows
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.output.writer import OutputTarget

FOLDER = Path(__file__).parent / "files"
FAILURE = Failure("StreamCut", "UNAVAILABLE", "the connection broke: Socket closed (UNAVAILABLE)", "try again")
SCHEMA = json.loads(files("kubectl_cbt.output").joinpath("schema.json").read_bytes())

CASES: dict[str, tuple[list[Batch], Outcome]] = {
    "complete": (batches(), outcome_of(3, 5, next_offset=41947136)),
    "empty": ([], outcome_of(0, 0)),
    "failed": (batches()[:1], outcome_of(1, 3, next_offset=1572864, failure=FAILURE)),
    "failed-at-once": ([], outcome_of(0, 0, failure=FAILURE)),
}


def text(form: StreamFormat, case: str, screen: OutputTarget = OutputTarget(), *, delta: bool = True) -> str:  # noqa: B008
    """What a format makes of a case."""
    stream, outcome = CASES[case]
    written: list[bytes] = []
    writer = form.writer(written.append, resolved(delta=delta), screen)
    figures = SummaryBuilder()
    for one in stream:
        figures.add(one)
        writer.batch(one)
    writer.end(outcome, figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete))
    return b"".join(written).decode()


def assert_golden(name: str, found: str) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", StreamFormat)
@pytest.mark.parametrize("case", CASES)
def test_a_format_prints_what_it_always_printed(form, case):
    assert_golden(f"{case}.{form}", text(form, case))


@pytest.mark.parametrize("form", StreamFormat)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("piece_rows", [1, 2])
def test_a_format_prints_the_same_where_a_batch_is_large(form, case, piece_rows, monkeypatch):
    for module in (rows, lister_json, covering):
        monkeypatch.setattr(module, "PIECE_ROWS", piece_rows)
    assert_golden(f"{case}.{form}", text(form, case))


def test_the_summary_of_allocated_extents_speaks_of_a_full_backup():
    assert_golden("allocated.summary", text(StreamFormat.SUMMARY, "complete", delta=False))


@pytest.mark.parametrize("color_system", [None, "standard", "256", "truecolor"])
def test_a_terminal_gets_a_map_as_wide_as_itself(color_system):
    found = text(StreamFormat.SUMMARY, "complete", OutputTarget(60, is_terminal=True, color_system=color_system))
    assert_golden(f"terminal-{color_system or 'plain'}.summary", found)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("delta", [True, False])
def test_json_is_valid_by_its_schema_however_the_stream_ends(case, delta):
    document = json.loads(text(StreamFormat.JSON, case, delta=delta))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["complete"] is (case in ("complete", "empty"))


@pytest.mark.parametrize("case", CASES)
def test_yaml_contains_the_same_document_as_json(case):
    assert yaml.safe_load(text(StreamFormat.YAML, case)) == json.loads(text(StreamFormat.JSON, case))


@pytest.mark.parametrize("case", CASES)
def test_ndjson_contains_the_same_document_line_by_line(case):
    first, *extents, last = map(json.loads, text(StreamFormat.NDJSON, case).splitlines())
    assert last.pop("kind") == "BlockMetadataEnd"
    assert {**first, "extents": extents, **last} == json.loads(text(StreamFormat.JSON, case))


def test_the_schema_refuses_a_document_that_hides_its_failure():
    document = json.loads(text(StreamFormat.JSON, "failed"))
    document["complete"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_violations_are_in_the_document_and_in_the_summary():
    example = Occurrence(1, 2, 4096, 0, "size is not greater than 0")
    violations = (
        Violation("R1", MUST, "size_bytes is greater than 0", 7, (example,)),
        Violation("R3", MUST, "one type", 1, (Occurrence(2, None, None, None, "type is UNKNOWN"),)),
        Violation("W2", WARNING, "no extent ends beyond the volume's capacity", 1, ()),
    )
    stream = [batch(1, [0], [4096])]
    outcome = outcome_of(1, 1)
    broken = Outcome(**{name: getattr(outcome, name) for name in outcome.__slots__} | {"violations": violations})
    assert broken.broke_a_must
    CASES["broken"] = (stream, broken)
    try:
        document = json.loads(text(StreamFormat.JSON, "broken"))
        summary = text(StreamFormat.SUMMARY, "broken")
    finally:
        del CASES["broken"]
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert [found["rule"] for found in document["violations"]] == ["R1", "R3", "W2"]
    assert document["violations"][0]["count"] == 7
    assert "Rules      BROKEN: R1, R3, W2" in summary


def test_a_strict_reader_of_csv_stops_at_the_mark_of_an_incomplete_stream():
    lines = text(StreamFormat.CSV, "failed").splitlines()
    assert lines[-1].startswith("# incomplete: ")
    with pytest.raises(ValueError, match="invalid literal"):
        [int(line.split(",")[0]) for line in lines[1:]]


def test_lister_json_leaves_zero_fields_out_and_writes_null_for_an_empty_record():
    CASES["zeroes"] = ([batch(1, [0, 10, 20], [10, 0, 5]), batch(2, [], [])], outcome_of(2, 3))
    try:
        found = json.loads(text(StreamFormat.LISTER_JSON, "zeroes"))
    finally:
        del CASES["zeroes"]
    assert found[0]["block_metadata"] == [{"size_bytes": 10}, {"byte_offset": 10}, {"byte_offset": 20, "size_bytes": 5}]
    assert found[1]["block_metadata"] is None


@pytest.mark.parametrize("form", StreamFormat)
def test_totals_of_a_broken_stream_stay_numbers_of_64_bits(form, monkeypatch):
    huge = [batch(1, [2**62, 5, 2**30], [2**63 - 1, 2**63 - 1, 2**63 - 1])]
    monkeypatch.setitem(CASES, "huge", (huge, outcome_of(1, 3, next_offset=2**63 - 1)))
    found = text(form, "huge")
    if form is StreamFormat.JSON:
        document = json.loads(found)
        jsonschema.validate(document, SCHEMA)
        assert document["summary"]["coveredBytes"] == 2**63 - 1
        assert document["summary"]["exact"] is False


def test_a_capacity_of_zero_is_not_an_empty_stream(monkeypatch):
    monkeypatch.setitem(CASES, "no-capacity", (batches(), replace(outcome_of(3, 5), volume_capacity_bytes=0)))
    assert "capacity unknown: no message has one" in text(StreamFormat.SUMMARY, "no-capacity")
    sized = [replace(one, records=replace(one.records, capacities=one.records.capacities * 0)) for one in batches()]
    monkeypatch.setitem(CASES, "restore-size", (sized, outcome_of(3, 5)))
    assert "by the snapshot's restoreSize: no message has a capacity" in text(StreamFormat.SUMMARY, "restore-size")
    monkeypatch.setitem(CASES, "nothing", ([], replace(outcome_of(0, 0), volume_capacity_bytes=None)))
    assert "capacity unknown: the stream was empty" in text(StreamFormat.SUMMARY, "nothing")
