"""Every format of a comparison against files. UPDATE_GOLDEN=1 rewrites them."""

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from samples import CAPACITY, GIB, KIB, MIB, batch, outcome_of, resolved
from test_formats import FAILURE, assert_golden

from kubectl_cbt.core.compare import ComparedStreams
from kubectl_cbt.errors import OutOfOrder
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.comparison_outcome import ComparisonResult, RangeClass
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.output import rows
from kubectl_cbt.output.comparison.comparison_formats import ComparisonFormat
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead
from kubectl_cbt.output.writer import OutputTarget

FOLDER = files("kubectl_cbt.output")
SCHEMA = json.loads((FOLDER / "comparison" / "schema.json").read_bytes())

LEFT = [(0, 4 * KIB), (8 * KIB, 4 * KIB), (MIB, 512 * KIB), (32 * MIB, 8 * MIB)]
RIGHT = [(0, 4 * KIB), (MIB, MIB), (34 * MIB, 8 * MIB)]


class Saved:
    """A list in memory, as a stream."""

    def __init__(self, extents, *, failure: Failure | None = None, capacity: int | None = CAPACITY) -> None:
        self._batches = [batch(number, [one[0]], [one[1]]) for number, one in enumerate(extents, 1)]
        self._failure = failure
        self.extents, self.seconds = len(extents), 1.0
        self.next_offset = sum(extents[-1]) if extents else 0
        self.capacity_bytes = capacity

    def __iter__(self):
        return iter(self._batches)

    def cancel(self) -> None:
        """Nothing runs."""

    def outcome(self, error=None, restore_size_bytes=None):
        made = outcome_of(self.extents, self.extents, next_offset=self.next_offset, failure=self._failure)
        return replace(made, volume_capacity_bytes=self.capacity_bytes)


def opened(extents, *, query: ResolvedQuery | None = None, delta: bool = True, **settings) -> OpenStream:
    operation = Operation.DELTA if delta else Operation.ALLOCATED
    return OpenStream(query or resolved(delta=delta), Saved(extents, **settings), operation)


CASES = {
    "different": lambda: (opened(LEFT), opened(RIGHT)),
    "equal": lambda: (opened(LEFT), opened(LEFT)),
    "nothing": lambda: (opened([]), opened([])),
    "cut": lambda: (opened(LEFT), opened(LEFT[:3], failure=FAILURE)),
    "cut-and-different": lambda: (opened(LEFT), opened(RIGHT[:2], failure=FAILURE)),
    "resized": lambda: (opened(LEFT), opened(LEFT, capacity=GIB)),
    "endless": lambda: (opened(LEFT), opened(LEFT, capacity=None)),
    "operations": lambda: (opened(LEFT), opened(LEFT, delta=False)),
    "out-of-order": lambda: (opened(LEFT), opened([RIGHT[1], RIGHT[0]])),
}
RESULTS = {
    "different": ("different", "not-covered"),
    "equal": ("equal", "covered"),
    "nothing": ("equal", "covered"),
    "cut": ("incomplete", "incomplete"),
    "cut-and-different": ("different", "not-covered"),
    "resized": ("different", "not-covered"),
    "endless": ("incomplete", "incomplete"),
    "operations": ("equal", "covered"),
    "out-of-order": ("incomplete", "incomplete"),
}


def text(form: ComparisonFormat, case: str, *, covers: bool = False, grain: int = 1) -> str:
    compared = ComparedStreams(*CASES[case](), ("old.json", "new.json"), grain)
    written: list[bytes] = []
    head = ComparisonHead(compared.left, compared.right, grain, covers=covers)
    writer = form.writer(written.append, head, OutputTarget())
    failure = None
    try:
        for ranges in compared:
            wanted = ranges.where(ranges.classes == RangeClass.ONLY_RIGHT) if covers else ranges
            writer.ranges(wanted, compared.capacity_bytes)
    except OutOfOrder as error:
        failure = error
    writer.end(compared.outcome(failure))
    return b"".join(written).decode()


@pytest.mark.parametrize("form", ComparisonFormat)
@pytest.mark.parametrize("case", CASES)
def test_a_format_prints_what_it_always_printed(form, case):
    assert_golden(f"comparison/{case}.{form}", text(form, case))


@pytest.mark.parametrize("form", ComparisonFormat)
def test_a_format_lists_only_what_the_left_side_lacks_if_it_is_asked_to(form):
    assert_golden(f"comparison/covers.{form}", text(form, "different", covers=True))


@pytest.mark.parametrize("form", ComparisonFormat)
def test_a_format_prints_the_same_where_ranges_are_many(form, monkeypatch):
    monkeypatch.setattr(rows, "PIECE_ROWS", 1)
    assert_golden(f"comparison/different.{form}", text(form, "different"))


@pytest.mark.parametrize("covers", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_json_is_valid_by_its_schema_and_states_the_result(case, covers):
    document = json.loads(text(ComparisonFormat.JSON, case, covers=covers))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["result"] == RESULTS[case][covers]
    assert document["complete"] is (case in ("different", "equal", "nothing", "resized", "operations"))


def test_the_schema_refuses_an_incomplete_document_that_states_equality():
    document = json.loads(text(ComparisonFormat.JSON, "cut"))
    for result in ComparisonResult:
        document["result"] = result.value
        is_refused = result in (ComparisonResult.EQUAL, ComparisonResult.COVERED)
        assert jsonschema.Draft202012Validator(SCHEMA).is_valid(document) is not is_refused


def test_snapshots_and_errors_are_those_of_all_documents():
    other = json.loads((FOLDER / "schema.json").read_bytes())
    for name in ("snapshot", "error"):
        assert SCHEMA["$defs"][name] == other["$defs"][name]


def test_a_grain_is_applied_to_both_sides_before_they_are_compared():
    document = json.loads(text(ComparisonFormat.JSON, "different", grain=16 * MIB))
    assert document["grainBytes"] == 16 * MIB
    assert [(found["byteOffset"], found["sizeBytes"], found["class"]) for found in document["ranges"]] == [
        (0, 16 * MIB, "both"),
        (32 * MIB, 16 * MIB, "both"),
    ]
    assert document["result"] == "equal"
