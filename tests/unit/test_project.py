"""Where the project is published is written in one place; files that cannot import it agree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kubectl_cbt.model.finding import REPORT_THE_BUG
from kubectl_cbt.project import HOMEPAGE, IMAGES, ISSUES, REPORT_A_BUG, release_image

ROOT = Path(__file__).parents[2]
SAME_ADDRESS = {".github/ISSUE_TEMPLATE/config.yml", ".krew.yaml", "krew-manifest.yaml", "mkdocs.yml"}


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
    assert f"homepage: {HOMEPAGE}\n" in text


def test_the_packages_have_the_same_homepage():
    found = subprocess.run(
        [sys.executable, "-m", "hatchling", "metadata", "urls"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    urls = json.loads(found.stdout)
    assert urls["Homepage"] == HOMEPAGE
    assert all(url.startswith(HOMEPAGE) for url in urls.values())


def test_no_other_file_names_the_address():
    """But those that cannot read it, which are compared above and below, and tests."""
    files = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in (".github", "bench", "docs", "kubectl_cbt", "packaging", "scripts"):
        files += [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    named = {str(path.relative_to(ROOT)) for path in files if HOMEPAGE.encode() in path.read_bytes()}
    assert named == {"kubectl_cbt/project.py", *SAME_ADDRESS}


@pytest.mark.parametrize(
    ("version", "image"),
    [
        ("0.2.0", f"{IMAGES}:0.2.0"),
        ("0.2.0.dev12+g1a2b3c4d5", None),
        ("0.2.0.dev0+g1a2b3c4d5.d01234567", None),
        ("0+unknown", None),
    ],
)
def test_only_a_release_has_an_image(version, image):
    assert release_image(version) == image


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
