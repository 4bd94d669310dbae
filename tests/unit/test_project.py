"""Where the project is published is written in one place; files that cannot import it agree."""

from pathlib import Path

import pytest

from kubectl_cbt.model.finding import REPORT_THE_BUG
from kubectl_cbt.project import HOMEPAGE, ISSUES, REPORT_A_BUG

ROOT = Path(__file__).parents[2]


def test_please_report_it_names_where_and_with_what():
    assert REPORT_A_BUG in REPORT_THE_BUG
    assert ISSUES in REPORT_A_BUG
    assert "kubectl cbt bug-report" in REPORT_A_BUG


def test_every_request_for_a_report_is_this_one():
    asking = [
        path for path in (ROOT / "kubectl_cbt").rglob("*.py") if "please report" in path.read_text(encoding="utf-8")
    ]
    assert [path.name for path in asking] == ["project.py"]


@pytest.mark.parametrize("manifest", ["krew-manifest.yaml", "packaging/krew-manifest.yaml"])
def test_krews_manifest_has_the_same_homepage(manifest):
    text = (ROOT / manifest).read_text(encoding="utf-8")
    assert f"homepage: {HOMEPAGE}/\n" in text
