"""What scripts/release.py publishes. `make release-check` builds it twice."""

import re
import subprocess
from pathlib import Path

import build_krew
import pytest
import release
import release_check
import yaml
from git_checkout import Checkout

from kubectl_cbt.project import IMAGES
from kubectl_cbt.system.checkout import version_of_tree

JOBS = yaml.safe_load(release_check.WORKFLOW.read_text(encoding="utf-8"))["jobs"]

RELEASING = (release.ROOT / "RELEASING.md").read_text(encoding="utf-8")

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


@pytest.mark.parametrize("heading", ["0.1.0", "0.1.0 - not released yet", "0.1.0 2026-12-01", "0.1.0 - 2026-12-1"])
def test_without_a_date_nothing_is_released(heading):
    with pytest.raises(SystemExit, match=r"write ## 0\.1\.0 - YYYY-MM-DD"):
        release.notes(CHANGELOG.replace("0.1.0 - 2026-12-01", heading), "0.1.0")


def test_the_changelog_has_the_section_of_the_next_release():
    text = (release.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "### Added" in release.notes(release_check.dated(text), "0.1.0")


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Checkout:
    """A repository with one commit, from which the scripts would release."""
    made = Checkout(tmp_path / "checkout")
    monkeypatch.setattr(release, "ROOT", made.path)
    monkeypatch.setattr(release, "RELEASE", made.path / "dist" / "release")
    monkeypatch.setattr(build_krew, "ROOT", made.path)
    # Those of the run of these tests.
    monkeypatch.delenv("GITHUB_REF_TYPE", raising=False)
    monkeypatch.delenv("GITHUB_REF_NAME", raising=False)
    return made


def refusal() -> str:
    """Why nothing is released."""
    with pytest.raises(SystemExit) as ended:
        release.build()
    assert not release.RELEASE.exists()
    return ended.value.code


def test_only_a_tagged_commit_is_released(checkout):
    assert refusal() == f"0.1.0.dev1+g{checkout.short} is not a release: tag the commit as vX.Y.Z"
    checkout.git("tag", "v0.1.0")
    assert release.released_version() == "0.1.0"


def test_no_file_that_is_not_committed_is_released(checkout):
    checkout.git("tag", "v0.1.0")
    for name in ("evil.py", "notes private.txt"):
        (checkout.path / name).write_text("x = 1\n")
    (checkout.path / "file.txt").write_text("changed")
    version, *files = refusal().split("\n  ")
    assert version.endswith(" is not a release: commit or remove")
    assert files == ["file.txt", "evil.py", "notes private.txt"]


@pytest.mark.parametrize("annotated", [[], ["-m", "text"]])
def test_a_commit_with_two_release_tags_is_not_released(checkout, annotated):
    checkout.git("tag", *annotated, "v0.1.0")
    checkout.git("tag", "v0.1.0-rc.1")
    assert release.released_version() == "0.1.0"
    checkout.git("tag", *annotated, "v0.1.1")
    assert refusal() == "a commit is one release, and this one has the tags v0.1.0, v0.1.1: tag another commit"


def test_the_version_is_that_of_the_pushed_tag(checkout, monkeypatch):
    checkout.git("tag", "v0.1.0")
    monkeypatch.setenv("GITHUB_REF_TYPE", "tag")
    monkeypatch.setenv("GITHUB_REF_NAME", "v0.1.0")
    assert release.released_version() == "0.1.0"
    monkeypatch.setenv("GITHUB_REF_NAME", "v0.1.1")
    assert refusal().startswith("the tag v0.1.1 was pushed, but the version of this checkout is 0.1.0")
    # The build of a branch, which may have any name.
    monkeypatch.setenv("GITHUB_REF_TYPE", "branch")
    assert release.released_version() == "0.1.0"


def test_an_unpacked_archive_is_not_released(checkout, monkeypatch):
    monkeypatch.setattr(build_krew, "version_of_tree", lambda root: "0.1.0")
    (checkout.path / ".git").rename(checkout.path.parent / "elsewhere")
    assert refusal().startswith("a release is built from a checkout")


@pytest.mark.parametrize("build", [release.build, build_krew.main])
def test_without_a_version_nothing_is_built(checkout, tmp_path, monkeypatch, build):
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(SystemExit, match="there is no git on the PATH\nFix it"):
        build()
    # As git answers for the checkout of another user.
    (programs / "git").write_text("#!/bin/sh\necho 'fatal: detected dubious ownership in repository' >&2\nexit 128\n")
    (programs / "git").chmod(0o755)
    with pytest.raises(SystemExit, match="does not give one: fatal: detected dubious ownership in repository\n"):
        build()
    (checkout.path / ".git").rename(tmp_path / "elsewhere")
    with pytest.raises(SystemExit, match="is not a checkout; clone the repository"):
        build()


@pytest.mark.parametrize(
    ("home", "images", "refused"),
    [
        ("https://a.invalid", "r.example/a", ["HOMEPAGE = https://a.invalid"]),
        ("https://a.invalid/b", "r.invalid:5000/a", ["HOMEPAGE = https://a.invalid/b", "IMAGES = r.invalid:5000/a"]),
    ],
)
def test_nothing_is_released_with_a_placeholder_as_address(checkout, monkeypatch, home, images, refused):
    checkout.git("tag", "v0.1.0")
    monkeypatch.setattr(release, "HOMEPAGE", home)
    monkeypatch.setattr(release, "IMAGES", images)
    first, *found = refusal().split("\n  ")
    assert "step 1 of RELEASING.md" in first
    assert found == refused
    with pytest.raises(SystemExit, match="has placeholders"):
        release.main("--image")


def test_the_image_is_that_of_the_release(checkout, monkeypatch, capsys):
    checkout.git("tag", "v0.1.0")
    monkeypatch.setattr(release, "HOMEPAGE", "https://invalid.example")
    monkeypatch.setattr(release, "IMAGES", "registry.example/a.invalid-name")
    release.main("--image")
    assert capsys.readouterr().out == f"{IMAGES}:0.1.0\n"


def test_a_stand_in_reads_what_the_program_reads(tmp_path):
    """Otherwise what writes to it ends with SIGPIPE: always with more than a pipe buffers, sometimes with less."""
    release_check.add_stand_ins(tmp_path)
    run = release_check.Run(tmp_path, 0o022, "UTC")
    run.command("printf '%0131072d' 0 | docker login r.example --username a --password-stdin", {}, tmp_path)
    assert run.calls == "docker login r.example --username a --password-stdin\n"
    assert len(release_check.VALUES["github.token"]) > 65536


def test_the_check_makes_the_same_release_of_each_clone(checkout, tmp_path):
    (checkout.path / "kubectl_cbt").mkdir()
    (checkout.path / "kubectl_cbt" / "project.py").write_text(f'HOMEPAGE = "https://{release_check.PLACEHOLDER}"\n')
    (checkout.path / "CHANGELOG.md").write_text("## 0.1.0 - not released yet\n\n- First.\n")
    (checkout.path / ".gitignore").write_text(".venv/\n")
    checkout.commit("second")
    checkout.git("tag", "v0.2.0")
    commits = set()
    for name in ("one", "two"):
        clone = tmp_path / name
        release_check.Run(tmp_path, 0o022, "UTC", source=checkout.path).check_out(clone)
        assert version_of_tree(clone) == "0.1.0"
        assert (clone / "kubectl_cbt" / "project.py").read_text() == f'HOMEPAGE = "https://{release_check.ADDRESS}"\n'
        assert release.notes((clone / "CHANGELOG.md").read_text(), "0.1.0") == "- First.\n"
        commits.add(subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, check=True, capture_output=True).stdout)
    assert len(commits) == 1


def test_the_sums_are_those_of_one_folder_with_what_is_uploaded(tmp_path):
    folder = tmp_path / "release"
    (folder / "packages").mkdir(parents=True)
    names = ("packages/a.whl", "cbt.yaml", "notes.md", "SHA256SUMS")
    for name in names:
        (folder / name).write_text(name)
    digests = {Path(name).name: digest for name, digest in release_check.digests(folder).items()}
    listed = [f"{digests[name]}  {name}\n" for name in ("a.whl", "cbt.yaml")]
    (folder / "SHA256SUMS").write_text("".join(listed))
    called = "docker push a\ngh release create v0.1.0 " + " ".join(f"release/{name}" for name in names) + "\n"
    release_check.check_sums(folder, called)
    with pytest.raises(SystemExit, match=r"not of the uploaded files: \[\('cbt.yaml'"):
        release_check.check_sums(folder, called.replace("release/cbt.yaml ", ""))


def test_releasing_is_ten_lines():
    assert re.findall(r"^(\d+)\. ", RELEASING, re.MULTILINE) == [str(number) for number in range(1, 11)]


def test_releasing_names_every_file_that_states_that_nothing_is_published():
    files = [release.ROOT / "README.md", *(release.ROOT / "docs").iterdir()]
    stating = [path for path in files if b"published yet" in path.read_bytes()]
    names = ["README.md", "krew-manifest.yaml", "tests/unit/test_workflows.py"]
    names += [str(path.relative_to(release.ROOT)) for path in stating]
    assert [name for name in names if f"`{name}`" not in RELEASING and f" {name}`" not in RELEASING] == []


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
