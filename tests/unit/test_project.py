"""Where the project is published is written in one place; files that cannot import it agree."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.parametrize("manifest", ["krew-manifest.yaml"])
def test_krews_manifest_has_the_same_homepage(manifest):
    text = (ROOT / manifest).read_text(encoding="utf-8")
    assert f"homepage: {HOMEPAGE}/\n" in text


def test_the_packages_have_the_same_homepage():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["home"] == HOMEPAGE


FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
each_form = pytest.mark.parametrize(
    "form", sorted(set(FORMS.glob("*.yml")) - {FORMS / "config.yml"}), ids=lambda path: path.name
)


@each_form
def test_an_issue_form_has_what_github_requires(form):
    document = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert set(document) == {"name", "description", "labels", "body"}
    ids = [part["id"] for part in document["body"] if part["type"] != "markdown"]
    assert ids
    assert len(set(ids)) == len(ids)
    for part in document["body"]:
        assert part["type"] in ("markdown", "textarea", "input", "checkboxes")
        assert "value" in part["attributes"] if part["type"] == "markdown" else part["attributes"]["label"]
    assert [part for part in document["body"] if part.get("validations", {}).get("required")]


@each_form
def test_the_commands_of_a_form_exist(form):
    from kubectl_cbt.cli.app import _VERBS

    verbs = re.findall(r"kubectl cbt ([a-z-]+)", form.read_text(encoding="utf-8"))
    assert set(verbs) <= set(_VERBS)


def test_vulnerabilities_are_reported_privately():
    (link,) = yaml.safe_load((FORMS / "config.yml").read_text(encoding="utf-8"))["contact_links"]
    assert link["url"] == f"{HOMEPAGE}/security/advisories/new"


def test_the_recipes_of_good_first_issues_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("## Good first issues") : text.index("## Where things are")]
    recipes = [line.split("|")[2].strip() for line in table.splitlines() if line.startswith(("| a ", "| the "))]
    assert len(recipes) == 5
    assert [recipe for recipe in recipes if f"**{recipe}**" not in text] == []


def test_governance_is_five_lines():
    assert len(re.findall(r"^\d\. ", (ROOT / "GOVERNANCE.md").read_text(encoding="utf-8"), re.MULTILINE)) == 5
