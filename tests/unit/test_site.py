"""The documentation as a site: it builds strictly, its links lead somewhere, and no page needs another server."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from site_hook import site_link

from kubectl_cbt.cli.app import _VERBS
from kubectl_cbt.cli.diagnostics import ExitCode
from kubectl_cbt.project import HOMEPAGE
from kubectl_cbt.tui.settings import SETTINGS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built as `make lint` builds it."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore"},
        check=True,
        timeout=180,
    )
    return folder


class Page(HTMLParser):
    """The ids of a page, its links, and what a browser loads for it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") != "canonical" and given.get("href"):
            self.loaded.append(given["href"])


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_and_anchor_of_the_site_exists(pages):
    broken = []
    for path, page in pages.items():
        for link in (*page.links, *page.loaded):
            if ":" in link:
                continue
            target, _, anchor = unquote(link).partition("#")
            linked = (path.parent / target).resolve() if target else path
            is_there = linked.is_file() and (not anchor or linked not in pages or anchor in pages[linked].ids)
            broken += [] if is_there else [f"{path.name}: {link}"]
    assert len(pages) > 35
    assert broken == []


def test_no_page_loads_anything_from_another_server(site, pages):
    assert [link for page in pages.values() for link in page.loaded if ":" in link or link.startswith("//")] == []
    assert "http" not in re.sub(r"http://www.w3.org/\S+", "", (site / "site.css").read_text(encoding="utf-8"))


def test_mermaid_is_loaded_before_the_theme_on_the_pages_with_a_diagram_and_on_no_other(site, pages):
    with_diagrams = {path.stem for path in pages if 'class="mermaid"' in path.read_text(encoding="utf-8")}
    assert with_diagrams >= {"architecture", "connecting", "five-minutes", "resuming", "tokens"}
    for path, page in pages.items():
        scripts = [link.rpartition("/")[2] for link in page.loaded if link.endswith(".js")]
        assert ("mermaid.js" in scripts) == (path.stem in with_diagrams)
        if "mermaid.js" in scripts:
            bundle = next(script for script in scripts if script.startswith("bundle."))
            assert scripts.index("mermaid.js") < scripts.index(bundle)
    assert 'globalThis["mermaid"]' in (site / "javascripts" / "mermaid.js").read_text(encoding="utf-8")


def test_the_search_index_is_in_the_site(site):
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert {"five-minutes.html", "reference/commands.html"} <= {entry["location"] for entry in index["docs"]}


def test_every_page_of_docs_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    listed = set(re.findall(r": ([\w/-]+\.md)$", navigation, re.MULTILINE))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= listed


def text(site: Path, page: str) -> str:
    return re.sub(r"<[^>]*>", "", (site / "reference" / page).read_text(encoding="utf-8"))


def test_the_reference_has_every_command_setting_and_schema(site):
    commands = text(site, "commands.html")
    assert [verb for verb in _VERBS if f"Usage: kubectl cbt {verb}" not in commands] == []
    configuration = text(site, "configuration.html")
    assert [one.name for one in SETTINGS if one.name not in configuration or one.variable not in configuration] == []
    schemas = text(site, "schemas.html")
    assert [
        title
        for title in ("BlockMetadata", "Comparison", "Verification", "VolumeHistory", "VolumeReport")
        if title not in schemas
    ] == []
    assert "query.startingOffset" in schemas
    for path in (ROOT / "kubectl_cbt" / "output").rglob("schema.json"):
        copies = [copy.read_text(encoding="utf-8") for copy in (site / "schemas").glob("*.json")]
        assert path.read_text(encoding="utf-8") in copies


def test_the_reference_has_every_exit_status(site):
    status = text(site, "exit-status.html")
    assert [code for code in {int(code) for code in ExitCode} if str(code) not in status] == []
    assert "kubectl cbt compare" in status


@pytest.mark.parametrize(
    ("link", "source", "path", "expected"),
    [
        ("docs/map.md", "README.md", "index.md", "map.md"),
        ("map.svg", "docs/map.md", "map.md", "map.svg"),
        ("../SECURITY.md", "docs/security.md", "security.md", "security-policy.md"),
        ("docs/security.md", "SECURITY.md", "security-policy.md", "security.md"),
        ("../kubectl_cbt/output/schema.json", "docs/json.md", "json.md", "schemas/block-metadata.json"),
        ("../bench/server.py", "docs/performance.md", "performance.md", f"{HOMEPAGE}/blob/main/bench/server.py"),
        ("https://kep.k8s.io/3314", "README.md", "index.md", "https://kep.k8s.io/3314"),
    ],
)  # fmt: skip
def test_a_link_of_a_file_becomes_one_of_its_page(link, source, path, expected):
    assert site_link(link, source, path) == expected


def test_troubleshooting_has_every_row_of_the_table_of_status_codes():
    from troubleshooting_tables import TABLES

    shown = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert [name for name, table in TABLES.items() if table() not in shown] == []
