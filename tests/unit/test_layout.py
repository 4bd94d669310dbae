"""The size of the source files: a file that grows past the limit is split by subject."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("kubectl_cbt", "tests", "scripts", "bench")
LIMIT_LINES = 400


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_source_file_has_at_most_400_lines(folder):
    sizes = {path.relative_to(ROOT).as_posix(): lines_of(path) for path in (ROOT / folder).rglob("*.py")}
    assert sizes
    assert [name for name, lines in sizes.items() if lines > LIMIT_LINES] == []
