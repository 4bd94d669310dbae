"""docs/support.md names what CI runs."""

import re
from pathlib import Path

import yaml
from fetch_kubectl import packages

ROOT = Path(__file__).parents[2]
TABLE = {
    row[0]: row[1]
    for row in re.findall(
        r"^\| ([^|]+?) \| ([^|]*?) \|", (ROOT / "docs" / "support.md").read_text(encoding="utf-8"), re.MULTILINE
    )
}
JOBS = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]


def test_the_pythons_are_those_of_the_test_job():
    assert TABLE["Python"].split(", ") == JOBS["test"]["strategy"]["matrix"]["python"]


def test_the_kubectls_are_those_of_their_job():
    tested = JOBS["kubectl"]["strategy"]["matrix"]["kubectl"]
    assert TABLE["kubectl, for port-forwards"].split(", ") == tested
    assert list(packages()) == tested
