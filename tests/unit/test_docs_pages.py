"""The pages of README.md, the community files and docs/: their links resolve, and GitHub can draw their diagrams."""

import functools
import re
from pathlib import Path

import pytest

from kubectl_cbt.cluster.tokens import MIN_DURATION_SECONDS
from kubectl_cbt.errors import StreamCut, StreamDeadline
from kubectl_cbt.stream.resume import Retries, RetryState

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMUNITY = ("CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "GOVERNANCE.md")
PAGES = [ROOT / "README.md", *(ROOT / name for name in COMMUNITY), *sorted(DOCS.glob("*.md"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@functools.cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """A page without its code."""
    return re.sub(r"`[^`]+`", "", _BLOCK.sub("", text(page)))


@functools.cache
def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page):
    inline = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    references = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", text(page), re.MULTILINE))
    for target in (*inline, *references.values()):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target
    assert [name for name in references if f"[{name}]" not in prose(page).replace(f"[{name}]:", "")] == []


def test_every_picture_is_shown_on_a_page():
    pages = "".join(text(page) for page in PAGES)
    assert [picture.name for picture in DOCS.glob("*.svg") if f"{picture.name})" not in pages] == []


# Diagrams. GitHub shows an error in place of one that Mermaid cannot parse.

DIAGRAMS = {
    f"{page.stem}-{number}": body
    for page in PAGES
    for number, (language, body) in enumerate(_BLOCK.findall(text(page)))
    if language == "mermaid"
}
each_diagram = pytest.mark.parametrize("diagram", DIAGRAMS.values(), ids=DIAGRAMS)

_NODE = r'\w+(?:\["[^"]+"\])?'
_LINE = {
    "flowchart LR": rf'subgraph \w+(?:\["[^"]+"\])?|end|{_NODE}|\w+ (?:-->|==>|-\.->)(?:\|"[^"]+"\|)? \w+',
    "sequenceDiagram": r"autonumber|participant \w+(?: as [^;#]+)?|Note over \w+(?:,\w+)?: [^;#]+"
    r"|\w+(?:->>|-->>|--x)\w+: [^;#]+|(?:alt|else) [^;#]+|end",
}
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def balanced(line: str) -> bool:
    opened = []
    for character in line:
        if character in _BRACKETS.values():
            opened.append(character)
        elif character in _BRACKETS and (not opened or opened.pop() != _BRACKETS[character]):
            return False
    return not opened and line.count('"') % 2 == 0


@each_diagram
def test_every_line_of_a_diagram_is_one_that_mermaid_knows(diagram):
    kind, *lines = (line.strip() for line in diagram.splitlines())
    assert kind in _LINE
    assert [line for line in lines if not re.fullmatch(_LINE[kind], line) or not balanced(line)] == []
    opened = [line for line in lines if line.startswith(("subgraph ", "alt "))]
    assert len(opened) == lines.count("end")


@each_diagram
def test_everything_that_an_arrow_connects_is_declared(diagram):
    _, *lines = (line.strip() for line in diagram.splitlines())
    declared = {match[1] for line in lines if (match := re.match(r'(?:participant )?(\w+)(?:$| as |\[")', line))}
    arrows = [match for line in lines if (match := re.match(r"(\w+) ?[-=.>x]{3,4}(?:\|.*\|)? ?(\w+)", line))]
    assert arrows
    assert {name for arrow in arrows for name in arrow.groups()} == declared - {"end", "autonumber"}


def test_the_pages_that_explain_the_protocol_have_a_diagram():
    assert {name.rpartition("-")[0] for name in DIAGRAMS} >= {"connecting", "tokens", "resuming"}


def diagram_of(page: str) -> str:
    return next(body for name, body in DIAGRAMS.items() if name.startswith(f"{page}-"))


def test_the_pauses_are_those_of_the_stream_loop():
    patience = RetryState(Retries())
    patience.progress()
    assert patience.pause_after(StreamDeadline("too old")) == 0
    assert "stream 2 at once" in diagram_of("resuming")
    patience.progress()
    first, *later = (f"{patience.pause_after(StreamCut('reset')):g} s" for _ in range(3))
    assert f"pause of {first}, after further failures {', '.join(later)}, …" in diagram_of("resuming")


def test_a_token_lives_as_long_as_the_diagram_shows():
    assert f"{MIN_DURATION_SECONDS // 60} minutes" in diagram_of("tokens")
