"""A need or a fact that is misspelt, or of another type, is an error before anything runs."""

import re

import pytest
from mypy import api

BAD = """
from kubectl_cbt.checks.check import Check, CheckContext, CheckResult

class Other(CheckContext):
    pass

class Mine(CheckContext):
    pass

def find(context: Mine, result: CheckResult) -> int:
    return 5

NUMBER = Check("number", "a number", find)

def take(context: Mine, result: CheckResult) -> None:
    right: int = context.fact(NUMBER)
    wrong: str = context.fact(NUMBER)  # another type
    context.fact("number")  # a string
    context.fact(NUMBRE)  # misspelt

def elsewhere(context: Other, result: CheckResult) -> None:
    context.fact(NUMBER)  # another context

Check("take", "takes it", take, needs=(NUMBER,))
Check("take", "takes it", take, needs=("number",))  # a string
Check("take", "takes it", take, needs=(NUMBRE,))  # misspelt
"""
EXPECTED = {
    "another type": "assignment",
    "a string": "arg-type",
    "misspelt": "name-defined",
    "another context": "type-var|arg-type|misc",
}


def test_each_mistake_is_found_by_the_type_checker(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(BAD)
    cache = f"--cache-dir={tmp_path / 'cache'}"
    output, errors, _ = api.run([str(path), "--strict", "--follow-imports=silent", cache])
    assert errors == ""
    lines = {int(line): code for line, code in re.findall(r"bad\.py:(\d+): error:.*\[([\w-]+)\]", output)}
    mistakes = {number: line.partition("  # ")[2] for number, line in enumerate(BAD.splitlines(), 1) if "  # " in line}
    assert set(lines) == set(mistakes), output
    for number, mistake in mistakes.items():
        assert re.fullmatch(EXPECTED[mistake], lines[number]), output


def test_a_misspelt_need_is_a_name_error():
    *_, misspelt = BAD.strip().splitlines()
    good = re.sub(r"^( *)\S.*  # .*$", r"\1pass", BAD, flags=re.MULTILINE)
    with pytest.raises(NameError, match="NUMBRE"):
        exec(f"{good}\n{misspelt}", {"__name__": "bad"})
