"""packaging/requirements.txt: what pyproject.toml accepts, with the hash of every file."""

import re

from lock import LOCK, PLATFORMS, PYTHONS, declared, locked, locked_platforms
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TEXT = LOCK.read_text(encoding="utf-8")


def test_every_declared_dependency_is_locked_in_a_release_that_is_accepted():
    """`make lock` refreshes the file."""
    versions = locked(TEXT)
    for text in declared():
        requirement = Requirement(text)
        found = versions[canonicalize_name(requirement.name)]
        assert found
        assert all(requirement.specifier.contains(version) for version in found), text


def test_every_package_is_locked_with_hashes_and_no_address():
    entries = re.split(r"\n(?=\S)", TEXT)[2:]
    assert len(entries) > 30
    for entry in entries:
        assert re.fullmatch(r"[\w.-]+==[\w.]+(?: ; [^\\]+?)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n?", entry), entry
    assert "://" not in TEXT


def test_the_first_line_has_what_the_launcher_announces():
    assert re.match(r"# \d+ packages: \d+ MB to download, \d+ MB on disk\. Written by `make lock`\.\n", TEXT)


def test_the_second_line_has_what_was_resolved():
    line = f"# For {', '.join(PLATFORMS)}, with Python {PYTHONS[0]} to {PYTHONS[-1]}."
    assert TEXT.splitlines()[1] == line
    assert locked_platforms(TEXT) == list(PLATFORMS)
