"""The script on docs/python.md runs as it is shown, in a process that has no typer."""

import re
import subprocess
import sys
from pathlib import Path

from conftest import command_environment

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
WITHOUT_TYPER = "import sys\nsys.modules['typer'] = sys.modules['textual'] = None\n"


def test_the_script_in_the_documentation_prints_what_it_shows(demo):
    script, shown = re.search(
        r"```python\n(.*?)```.*?```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    ).groups()
    assert len([line for line in script.splitlines() if line]) <= 10
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_TYPER + script],
        env=command_environment(demo),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ran.returncode, ran.stdout) == (0, shown), ran.stderr
