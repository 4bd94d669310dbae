"""Every format of a verification: correct, with missing ranges, and interrupted. UPDATE_GOLDEN=1 rewrites them."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from samples import CAPACITY, KIB, MIB, batches, outcome_of, resolved
from schemas import validator
from test_formats import FAILURE, assert_golden

from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.model.verification import Granularity, ReadError, Verification
from kubectl_cbt.output.verification.verification_formats import VerificationFormat

VALIDATOR = validator("Verification")

CORRECT = Verification(
    operation=Operation.DELTA,
    outcome=outcome_of(3, 5, next_offset=CAPACITY),
    start=0,
    end=CAPACITY,
    capacity_bytes=CAPACITY,
    target_bytes=CAPACITY,
    base_bytes=CAPACITY,
    different_bytes=8 * MIB,
    reported_bytes=8 * MIB + 524 * KIB,
    needless_bytes=524 * KIB,
    granularity=Granularity(4 * KIB, 2179, 131),
    missing_bytes=0,
    missing_ranges=0,
    read_bytes=2 * CAPACITY,
    hole_bytes=0,
    unread_bytes=0,
    unread=(),
    problems=(),
    notes=(),
)
RESULTS = {
    "correct": (CORRECT, 0),
    "missing": (replace(CORRECT, missing_bytes=25 * 4096, missing_ranges=25), 25),
    "allocated": (
        replace(CORRECT, operation=Operation.ALLOCATED, base_bytes=None, granularity=Granularity(64 * KIB, 12, 0)),
        0,
    ),
    "quick": (replace(CORRECT, different_bytes=None, needless_bytes=None, granularity=None, hole_bytes=MIB), 0),
    "notes": (
        replace(
            CORRECT,
            base_bytes=CAPACITY - 4,
            target_bytes=CAPACITY + 4,
            notes=("b.img is 4 bytes larger than the volume", "a.img is 8 bytes smaller than b.img"),
        ),
        0,
    ),
    "interrupted": (
        replace(
            CORRECT,
            outcome=outcome_of(1, 3, next_offset=1572864, failure=FAILURE),
            end=1572864,
            unread_bytes=4096,
            unread=(ReadError("b.img", 8192, 12288, "Input/output error"),),
            problems=(
                "the answer is incomplete: the connection broke",
                "4 KiB could not be read: b.img: Input/output error at offset 8192 (4096 bytes)",
            ),
        ),
        0,
    ),
    "cut": (
        replace(
            CORRECT,
            end=CAPACITY - MIB,
            missing_bytes=4096,
            missing_ranges=1,
            target_bytes=CAPACITY - MIB,
            problems=("b.img has 1 MiB less than the volume, so that the end of the volume was not compared",),
        ),
        1,
    ),
    "failed-at-once": (
        replace(
            CORRECT,
            outcome=outcome_of(0, 0, failure=FAILURE),
            end=0,
            different_bytes=0,
            reported_bytes=0,
            needless_bytes=0,
            granularity=None,
            read_bytes=0,
            problems=("the answer is incomplete: the connection broke",),
        ),
        0,
    ),
}


def printed(form: VerificationFormat, case: str) -> str:
    result, ranges = RESULTS[case]
    written: list[bytes] = []
    delta = result.operation is Operation.DELTA
    devices = ("base a.img (64 MiB)", "target b.img (64 MiB)") if delta else ("target b.img (64 MiB)",)
    writer = form.writer(written.append, resolved(delta=delta), devices)
    first = None if case == "failed-at-once" else batches()[0]
    starts = np.arange(ranges, dtype=np.int64) * 8192
    for part in (slice(0, 3), slice(3, None)):
        writer.missing(ByteRanges(starts[part], starts[part] + 4096), first)
    writer.end(result, first)
    return b"".join(written).decode()


@pytest.mark.parametrize("form", VerificationFormat)
@pytest.mark.parametrize("case", RESULTS)
def test_a_format_prints_what_it_always_printed(form, case):
    assert_golden(f"verification-{case}.{form}", printed(form, case))


@pytest.mark.parametrize("case", RESULTS)
def test_json_is_valid_and_lists_all_ranges(case):
    document = json.loads(printed(VerificationFormat.JSON, case))
    VALIDATOR.validate(document)
    result, ranges = RESULTS[case]
    assert (document["verdict"], document["complete"]) == (result.verdict, result.is_complete)
    assert len(document["missing"]) == ranges == document["summary"]["missingRanges"]


@pytest.mark.parametrize("case", RESULTS)
def test_junit_fails_exactly_where_the_command_does(case):
    suites = ET.fromstring(printed(VerificationFormat.JUNIT, case))
    assert (int(suites.get("failures")) > 0) == (not RESULTS[case][0].is_trusted)


@pytest.mark.parametrize(
    ("case", "result"),
    [("correct", None), ("notes", None), ("missing", "failure"), ("interrupted", "skipped"), ("cut", "failure")],
)
def test_the_junit_case_of_the_data_passes_only_if_all_was_compared(case, result):
    suites = ET.fromstring(printed(VerificationFormat.JUNIT, case))
    (data,) = (found for found in suites.iter("testcase") if found.get("name").startswith("data:"))
    assert [child.tag for child in data] == ([] if result is None else [result])
    assert int(suites.get("skipped")) == (result == "skipped")


def test_a_document_that_claims_to_be_correct_but_is_not_is_invalid():
    document = json.loads(printed(VerificationFormat.JSON, "missing"))
    assert list(VALIDATOR.iter_errors(document | {"verdict": "correct"}))
    assert list(VALIDATOR.iter_errors(document | {"missing": []}))
