"""What scripts/release.py publishes. `make release-check` builds it twice."""

import pytest
import release
import release_check
import yaml

JOBS = yaml.safe_load(release_check.WORKFLOW.read_text(encoding="utf-8"))["jobs"]

CHANGELOG = """# Changelog

## Unreleased

## 0.2.0 - 2027-01-02

### Added

- A map.

## 0.1.0 - 2026-12-01

- First.
"""


def test_the_notes_are_the_section_of_the_release():
    assert release.notes(CHANGELOG, "0.2.0") == "### Added\n\n- A map.\n"
    assert release.notes(CHANGELOG, "0.1.0") == "- First.\n"


@pytest.mark.parametrize("version", ["0.3.0", "0.2", "Unreleased"])
def test_without_a_section_nothing_is_released(version):
    with pytest.raises(SystemExit, match=f"no section for {version}"):
        release.notes(CHANGELOG, version)


def test_the_changelog_has_the_section_of_the_next_release():
    text = (release.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "### Added" in release.notes(text, "0.1.0")


@pytest.mark.parametrize("version", ["0.2.0.dev3+g1a2b3c4d5", "0.2.0.dev0+g1a2b3c4d5.d01234567", "0+unknown"])
def test_only_a_tagged_commit_without_changes_is_released(version, monkeypatch):
    monkeypatch.setattr(release, "version_of_tree", lambda tree: version)
    with pytest.raises(SystemExit, match="is not a release"):
        release.build()


def test_each_job_comes_after_those_that_it_needs():
    """scripts/release_check.py runs them in the order of the file."""
    before: set[str] = set()
    for name, job in JOBS.items():
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= before
        before.add(name)


def test_every_step_can_run_without_github():
    for job in JOBS.values():
        for step in job["steps"]:
            for value in step.get("env", {}).values():
                assert "${{" not in release_check.resolved(value)
    with pytest.raises(SystemExit, match="no value here"):
        release_check.resolved("${{ secrets.TOKEN }}")
