"""Text for users is ASCII if the locale or the terminal supports nothing else; data is always UTF-8."""

import ast
import json
import subprocess
import sys
from pathlib import Path

from conftest import command_environment

import kubectl_cbt
from kubectl_cbt.cli import charset

PACKAGE = Path(kubectl_cbt.__file__).parent
NOT_UTF_8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

ALL_VERBS = """
import sys
from kubectl_cbt.cli.app import run
from kubectl_cbt.cli.charset import limit_streams

limit_streams()
for line in sys.argv[1:]:
    print(f"== {line}\\n", end="", flush=True)
    run(line.split())
    print("", flush=True)
"""
TEXTS = [
    "delta snap-a snap-b",
    "allocated snap-a -o wide --max-results 4000",
    "snapshots -A -o wide",
    "services",
    "doctor snap-a",
    "check snap-a --only rule-r1",
    "check --explain empty-base",
    "check --list",
    "demo faults",
    "options",
    "version",
    "browse",
    "delta snap-a nope-→…·é",
    "open /nonexistent/é",
    "delta --help",
    "check --help",
]


def test_every_verb_prints_ascii_where_the_locale_is_not_utf_8_and_documents_in_utf_8(demo):
    documents = ["snapshots -o json", "delta snap-a snap-b -o json"]
    environment = command_environment(demo) | NOT_UTF_8
    found = subprocess.run(
        [sys.executable, "-c", ALL_VERBS, *TEXTS, *documents], env=environment, capture_output=True, check=True
    )
    assert found.stdout.isascii()
    assert found.stderr.isascii()
    assert b"Traceback" not in found.stderr
    assert b"internal error" not in found.stderr
    parts = found.stdout.decode().split("== ")[1:]
    texts = [part.partition("\n")[2] for part in parts]  # the first line is the arguments
    printed = dict(zip([*TEXTS, *documents], texts, strict=True))
    assert "Delta      snap-a -> snap-b" in printed["delta snap-a snap-b"]
    assert "R1-R7 kept" in printed["delta snap-a snap-b"]
    assert "+ volumesnapshot" in printed["doctor snap-a"]
    assert "\\u" not in "".join(printed[line] for line in TEXTS)
    for line in documents:
        json.loads(printed[line])


def test_a_longer_replacement_uses_the_space_of_the_next_gap(monkeypatch):
    charset.limit_streams()
    monkeypatch.setattr(charset, "why_ascii", lambda stream: "a test")
    text = "a → b    c\n≥ 1     │é\nplain …\n"
    assert charset.as_text(text.encode()).decode() == "a -> b   c\n>= 1    |\\xe9\nplain ...\n"


def test_every_character_that_we_print_has_a_replacement_that_can_be_read():
    for path in PACKAGE.rglob("*.py"):
        # Screens and pictures are UTF-8, whatever the locale.
        if {"tui", "drawing", "demo"} & set(path.parts) or path.name == "charset.py":
            continue
        code = path.read_text(encoding="utf-8")
        if code.isascii():
            continue
        tree = ast.parse(code)
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
                odd = {character for character in node.value if not character.isascii() and character.isprintable()}
                assert odd <= set(charset._ASCII_FOR), f"{path.name}:{node.lineno}"
