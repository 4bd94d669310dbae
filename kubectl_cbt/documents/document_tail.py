"""The tail of a versioned document, after its extents: how the saved stream ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kubectl_cbt.documents.jsonstream.json_cursor import HINT_WRONG
from kubectl_cbt.documents.object_fields import ObjectFields
from kubectl_cbt.model.results import Failure, Occurrence, Violation

TAIL_KEYS = ("summary", "violations", "resumes", "complete", "error")
VERIFICATION_TAIL_KEYS = (*TAIL_KEYS, "problems")


@dataclass(frozen=True, slots=True)
class DocumentEnding:
    """How a saved stream ended.

    Attributes:
        extents: the number of extents in the document, as it declares it.
        failure: None exactly when the stream was complete.
    """

    messages: int
    extents: int
    clipped: int
    next_offset: int
    resumes: int
    violations: tuple[Violation, ...]
    failure: Failure | None


def read_ending(name: str, values: dict[str, Any]) -> DocumentEnding:
    """Parse the ending from the fields after the extents.

    Raises:
        DocumentError: a field is missing or invalid.
    """
    fields = ObjectFields(name, values, hint=HINT_WRONG)
    summary = fields.object("summary")
    return DocumentEnding(
        messages=summary.count("messages"),
        extents=summary.count("extents"),
        clipped=summary.count("clippedExtents"),
        next_offset=summary.integer("nextOffset"),
        resumes=fields.count("resumes"),
        violations=tuple(_violations(fields)),
        failure=_failure(fields),
    )


def read_verification_ending(name: str, values: dict[str, Any]) -> DocumentEnding:
    """The same for a verification: its extents are the missing ranges.

    Raises:
        DocumentError: a field is missing or invalid.
    """
    fields = ObjectFields(name, values, hint=HINT_WRONG)
    summary = fields.object("summary")
    complete, problems = fields.flag("complete"), fields.texts("problems")
    if complete == bool(problems):
        raise fields.wrong("complete", "but there are problems" if complete else "but there are no problems")
    return DocumentEnding(
        messages=0,
        extents=summary.count("missingRanges"),
        clipped=0,
        next_offset=summary.count("endBytes"),
        resumes=fields.count("resumes"),
        violations=tuple(_violations(fields)),
        failure=None if complete else Failure("Verification", "", "; ".join(problems), ""),
    )


def _failure(fields: ObjectFields) -> Failure | None:
    error = fields.object_or_null("error")
    if fields.flag("complete") != (error is None):
        raise fields.wrong("complete", "but error is null" if error is None else "but there is an error")
    if error is None:
        return None
    return Failure(error.text("type"), error.text_or_null("code") or "", error.text("message"), error.text("hint"))


def _violations(fields: ObjectFields) -> Iterator[Violation]:
    for violation in fields.objects("violations"):
        yield Violation(
            rule=violation.text("rule"),
            level=violation.text("level"),
            title=violation.text("title"),
            count=violation.count("count"),
            examples=tuple(map(_example, violation.objects("examples"))),
        )


def _example(fields: ObjectFields) -> Occurrence:
    return Occurrence(
        record=fields.count("message"),
        extent=fields.integer_or_null("extent"),
        byte_offset=fields.integer_or_null("byteOffset"),
        size_bytes=fields.integer_or_null("sizeBytes"),
        text=fields.text("text"),
    )
