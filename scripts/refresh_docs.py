"""Run the commands shown in README.md and docs/, and put what they print below them.

A block that begins with ``$ `` lines is run when the line above its fence is ``<!-- output -->``:

    <!-- output -->
    ```console
    $ kubectl cbt demo
    …
    ```

``python scripts/refresh_docs.py`` rewrites the files; a test compares, times and ages left out (``masked``).
"""

import os
import re
import sys
from pathlib import Path

from terminal import run_on_terminal

ROOT = Path(__file__).resolve().parent.parent
FILES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"(?<=<!-- output -->\n```console\n)\$ (?P<command>.*)\n(?P<output>(?:.*\n)*?)(?=```\n)")

_VOLATILE = (
    (re.compile(r"\d+(\.\d+)? m?s   [\d,.]+ extents/s"), "<time>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"\d{4}-\d\d-\d\d, in \d+ days"), "<expiry>"),
    (re.compile(r"(?<= )(\d+y)?\d+[dhms](\d+[hms])?(?= )"), "<age>"),
    (re.compile(r"^Python .*$", re.MULTILINE), "<libraries>"),
)


def refreshed(text: str) -> str:
    """The text with every shown output as it is now."""
    return _BLOCK.sub(lambda block: f"$ {block['command']}\n{_run(block['command'])}", text)


def masked(text: str) -> str:
    """The text without what differs from run to run, and without the width it takes."""
    for pattern, name in _VOLATILE:
        text = pattern.sub(name, text)
    return re.sub(r"  +", "  ", text)


def _run(command: str) -> str:
    """What a person sees who runs it, stderr included; ``kubectl cbt`` is this checkout's command."""
    left_out = ("KUBECONFIG", "COLUMNS", "LINES")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    # Markdown shows neither colours nor a bar that comes and goes.
    environment |= {"TERM": "dumb", "NO_COLOR": "1"}
    _, shown = run_on_terminal(["sh", "-c", command.replace("kubectl cbt", "kubectl-cbt")], environment)
    return shown


if __name__ == "__main__":
    for path in FILES:
        old = path.read_text(encoding="utf-8")
        new = refreshed(old)
        # Runs differ in their times only, most of the time: that is no change to commit.
        if masked(old) != masked(new):
            path.write_text(new, encoding="utf-8")
            print(f"rewrote {path.relative_to(ROOT)}")
