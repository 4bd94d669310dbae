"""Run the commands shown in README.md and docs/, and write their output below them.

The command of a block is run if the line before the block's fence is ``<!-- output -->``:

    <!-- output -->
    ```console
    $ kubectl cbt demo
    …
    ```

The tables of keys are generated from the bindings. The line before a table names its screen:

    <!-- keys: map -->

The tables of docs/troubleshooting.md are generated from those of the command (``troubleshooting_tables``).

The rules in docs/rules.md are generated from their classes, between ``<!-- rules -->`` and ``<!-- end of rules -->``.

Commands that name files in ``images/`` find the demo's images of snap-a and snap-b there.

``python scripts/refresh_docs.py`` rewrites the files. A test compares them, without times and ages (``masked``).
"""

import atexit
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from terminal import run_on_terminal
from troubleshooting_tables import TABLES

from kubectl_cbt.analysis.rules.all_rules import RULES
from kubectl_cbt.tui.keys import BROWSE_KEYS, MAP_KEYS, TIMELINE_KEYS

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[[str, dict[str, str]], str]
FILES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"(?<=<!-- output -->\n```console\n)\$ (?P<command>.*)\n(?P<output>(?:.*\n)*?)(?=```\n)")

_TABLE = re.compile(r"(?<=<!-- keys: )(?P<screen>map|browse|timeline) -->\n(?:\|.*\n)*")
# The keys that work on every screen are listed in the map's table only.
_KEYS = {"map": MAP_KEYS, "browse": BROWSE_KEYS[:-1], "timeline": TIMELINE_KEYS[:-1]}

_RULES = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- end of rules -->)", re.DOTALL)

_TROUBLESHOOTING = re.compile(
    r"(?<=<!-- troubleshooting: )(?P<table>\w+) -->\n.*?(?=<!-- end of troubleshooting -->)", re.DOTALL
)

_IMAGES = "images/"

_VOLATILE = (
    (re.compile(r"\d+(\.\d+)? m?s   [\d,.]+ extents/s"), "<time>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"\d{4}-\d\d-\d\d, (in )?\d+ days"), "<expiry>"),
    (re.compile(r"after \d+(\.\d+)? m?s"), "after <time>"),
    (re.compile(r"(?<= )(\d+y)?\d+[dhms](\d+[hms])?(?= )"), "<age>"),
    (re.compile(r"^Python .*$", re.MULTILINE), "<libraries>"),
    (re.compile(r"(?<=^Client Version: ).*$", re.MULTILINE), "<version>"),
)


def run_in_shell(command: str, environment: dict[str, str]) -> str:
    """Return what a command line shows on a terminal, stderr included."""
    return run_on_terminal(["sh", "-c", command], environment)[1]


def refreshed(text: str, run: Run = run_in_shell) -> str:
    """Return the text with every shown output, every table of keys and all rules up to date.

    Args:
        run: runs a command line with an environment, and returns what it shows on a terminal.
    """
    text = _RULES.sub(lambda _: _rules(), text)
    text = _TROUBLESHOOTING.sub(lambda found: f"{found['table']} -->\n{TABLES[found['table']]()}", text)
    text = _TABLE.sub(lambda table: f"{table['screen']} -->\n{_key_table(table['screen'])}", text)
    return _BLOCK.sub(lambda block: f"$ {block['command']}\n{_run(block['command'], run)}", text)


def masked(text: str) -> str:
    """Return the text without values that differ between runs, and without the padding that depends on them."""
    for pattern, name in _VOLATILE:
        text = pattern.sub(name, text)
    return re.sub(r"  +", "  ", text)


def _key_table(screen: str) -> str:
    lines = ["| key | does | action |", "|---|---|---|"]
    for group in _KEYS[screen]:
        lines += [f"| {_in_code(key.shown)} | {key.help} | `{key.id}` |" for key in group.keys]
    return "\n".join(lines) + "\n"


def _rules() -> str:
    """Return a table of the rules, and a paragraph about each."""
    lines = ["| id | rule | source | level |", "|---|---|---|---|"]
    lines += [f"| {rule.id} | {rule.title} | {rule.source or 'not in the spec'} | {rule.level} |" for rule in RULES]
    for rule in RULES:
        lines += ["", f"**{rule.id}**: {rule.rationale} Usual bug: {rule.usual_bug}"]
    return _code_of_fields("\n".join(lines)) + "\n\n"


def _code_of_fields(text: str) -> str:
    """Return the text with fields and messages of the protocol formatted as code."""
    return re.sub(r"\b(GetMetadata\w+|BlockMetadata)\b(\.\w+)?|\b[a-z]+_[a-z_]+\b", r"`\g<0>`", text)


def _in_code(shown: str) -> str:
    return " ".join(f"`{key}`" for key in shown.split())


def _run(command: str, run: Run) -> str:
    """Return what the command shows on a terminal. ``kubectl cbt`` runs this checkout's command."""
    left_out = ("KUBECONFIG", "COLUMNS", "LINES")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    # The settings of the person who runs this must not change what is shown.
    environment["XDG_CONFIG_HOME"] = "/nonexistent"
    # Markdown cannot show colours or a progress bar.
    environment |= {"TERM": "xterm", "TTY_INTERACTIVE": "0", "NO_COLOR": "1"}
    command = command.replace("kubectl cbt", "kubectl-cbt")
    if _IMAGES not in command:
        return run(command, environment)
    folder = f"{_demo_images()}/"
    return run(command.replace(_IMAGES, folder), environment).replace(folder, _IMAGES)


@functools.cache
def _demo_images() -> str:
    """Return a folder with the demo's images, which is deleted when the script ends."""
    folder = tempfile.mkdtemp(prefix="kubectl-cbt-images-")
    atexit.register(shutil.rmtree, folder)
    snapshots = ["--snapshot", "snap-a", "--snapshot", "snap-b"]
    command = [str(Path(sys.executable).parent / "kubectl-cbt"), "demo", "devices", folder, *snapshots]
    subprocess.run(command, check=True, capture_output=True)
    return folder


if __name__ == "__main__":
    for path in FILES:
        old = path.read_text(encoding="utf-8")
        new = refreshed(old)
        # Most runs differ only in times, which is not a change to commit.
        if masked(old) != masked(new):
            path.write_text(new, encoding="utf-8")
            print(f"rewrote {path.relative_to(ROOT)}")
