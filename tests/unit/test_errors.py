"""The tree of errors: immutable, each with a kind of its own that documents and recordings keep."""

import ast
import copy
import json
import re
from pathlib import Path

import pytest

import kubectl_cbt
from kubectl_cbt import errors
from kubectl_cbt.errors import (
    EXCERPT_KIND,
    ApiError,
    CbtError,
    NotFound,
    SnapshotUnusable,
    StreamCut,
    StreamError,
    error_kinds,
)
from kubectl_cbt.model.results import Failure
from kubectl_cbt.recording.error_json import error_of, values_of

PACKAGE = Path(kubectl_cbt.__file__).parent
DOCUMENTED = (PACKAGE.parent / "docs" / "json.md").read_text()
SCHEMA = json.loads((PACKAGE / "output" / "schema.json").read_text())
KINDS = error_kinds()


def error_of_class(error_class: type[CbtError], message: str = "it failed", hint: str = "try again") -> CbtError:
    if issubclass(error_class, ApiError):
        return error_class(message, status=404, reason="NotFound", hint=hint)
    if issubclass(error_class, StreamError):
        return error_class(message, code="UNAVAILABLE", details="d", hint=hint)
    return error_class(message, hint=hint)


def test_every_class_declares_a_kind_of_its_own():
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, CbtError)]
    assert all("kind" in vars(error_class) for error_class in classes)
    assert {error_class.kind: error_class for error_class in classes} == KINDS
    assert len(KINDS) == len(classes)


def test_a_kind_keeps_the_value_that_saved_documents_have():
    assert {kind: error_class.__name__ for kind, error_class in KINDS.items()} == {kind: kind for kind in KINDS}


def test_the_schema_and_the_documentation_list_every_kind():
    assert SCHEMA["$defs"]["error"]["properties"]["type"]["enum"] == sorted([*KINDS, EXCERPT_KIND])
    table = DOCUMENTED.partition("`error.type` is one of:")[2]
    assert set(re.findall(r"^\| `(\w+)` \| .+ \|$", table, re.MULTILINE)) == {*KINDS, EXCERPT_KIND, "type"}


@pytest.mark.parametrize("error_class", KINDS.values(), ids=KINDS)
def test_a_document_and_a_recording_name_an_error_by_its_kind(error_class):
    error = error_of_class(error_class)
    assert Failure.of(error).type == values_of(error)["type"] == error_class.kind
    again = error_of(values_of(error))
    assert type(again) is error_class
    assert vars(again) == vars(error)


def test_no_code_derives_a_kind_from_a_class_name():
    for path in (PACKAGE / "model" / "results.py", PACKAGE / "recording" / "error_json.py"):
        assert "__name__" not in path.read_text()


@pytest.mark.parametrize("error_class", KINDS.values(), ids=KINDS)
def test_an_error_cannot_be_changed(error_class):
    error = error_of_class(error_class)
    for name in vars(error):
        with pytest.raises(AttributeError, match=f"immutable: {name}"):
            setattr(error, name, "other")
        with pytest.raises(AttributeError, match=f"immutable: {name}"):
            delattr(error, name)


@pytest.mark.parametrize("error_class", KINDS.values(), ids=KINDS)
def test_with_hint_and_because_make_a_new_error_of_the_same_class(error_class):
    error = error_of_class(error_class)
    before = copy.copy(vars(error))
    hinted, explained = error.with_hint("other"), error.because("gave up")
    assert vars(error) == before
    assert type(hinted) is type(explained) is error_class
    assert vars(hinted) == before | {"hint": "other"}
    assert vars(explained) == before | {"message": "it failed; gave up"}
    assert str(explained) == "it failed; gave up"


def test_an_error_keeps_what_its_class_adds():
    assert SnapshotUnusable("it is older", forceable=True).with_hint("x").forceable
    assert NotFound("not found", status=404, reason="NotFound").because("really").prefix.startswith("Error from server")
    assert StreamCut("cut", code="UNAVAILABLE", details="reset").with_hint("x").details == "reset"


def test_an_error_can_be_raised_chained_and_annotated():
    def failing() -> None:
        try:
            raise NotFound("not found", status=404)
        except NotFound as error:
            raise error.with_hint("look elsewhere") from error

    with pytest.raises(NotFound, match="not found") as caught:
        failing()
    caught.value.add_note("in a test")
    assert caught.value.hint == "look elsewhere"
    assert caught.value.__cause__ is not caught.value


def test_nothing_in_the_package_sets_a_field_of_an_error():
    """By the name that handlers give it; a mistake elsewhere fails when it runs."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    assert target.value.id not in ("error", "raised", "caught"), f"{path}:{node.lineno}"
