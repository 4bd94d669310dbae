"""The version that a build gets from git, and what the packages of this tree contain."""

import email
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from kubectl_cbt.project import HOMEPAGE
from kubectl_cbt.system.checkout import UNKNOWN, version_of_tree
from kubectl_cbt.system.versions import client_version

ROOT = Path(__file__).parents[2]
IDENTITY = {f"GIT_{who}_{what}": "a@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


MINORS = range(11, 15)


class Checkout:
    """A repository with one commit."""

    def __init__(self, path: Path):
        self.path = path
        path.mkdir()
        (path / "packaging").mkdir()
        (path / "packaging" / "git-archive.txt").write_bytes((ROOT / "packaging" / "git-archive.txt").read_bytes())
        (path / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
        self.git("init", "-q", "-b", "main")
        self.commit("first")

    def git(self, *arguments: str) -> str:
        environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(
            ["git", *arguments], cwd=self.path, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def commit(self, text: str) -> None:
        (self.path / "file.txt").write_text(text)
        self.git("add", ".")
        self.git("commit", "-q", "-m", text)

    @property
    def short(self) -> str:
        return self.git("rev-parse", "HEAD")[:9]

    @property
    def version(self) -> str:
        return version_of_tree(self.path)


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_before_the_first_release_commits_are_counted(checkout):
    assert checkout.version == f"0.1.0.dev1+g{checkout.short}"
    checkout.commit("second")
    assert checkout.version == f"0.1.0.dev2+g{checkout.short}"


def test_a_tagged_commit_is_the_release_and_the_next_one_leads_to_the_next_minor(checkout):
    checkout.git("tag", "v0.1.0")
    assert checkout.version == "0.1.0"
    checkout.commit("second")
    assert checkout.version == f"0.2.0.dev1+g{checkout.short}"


def test_tags_that_are_not_releases_do_not_count(checkout):
    for tag in ("v0.9.0-rc.1", "vendor", "nightly"):
        checkout.git("tag", tag)
    assert checkout.version == f"0.1.0.dev1+g{checkout.short}"


def test_changed_files_are_told_apart(checkout):
    checkout.git("tag", "v0.1.0")
    seen = set()
    for text in ("one", "two"):
        (checkout.path / "file.txt").write_text(text)
        assert re.fullmatch(rf"0\.2\.0\.dev0\+g{checkout.short}\.d[0-9a-f]{{8}}", checkout.version)
        seen.add(checkout.version)
    assert len(seen) == 2


def test_a_variable_that_names_another_repository_is_ignored(checkout, monkeypatch):
    expected = checkout.version
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert checkout.version == expected


@pytest.mark.parametrize("tag", [None, "v0.1.0"])
def test_an_archive_of_git_has_the_version_of_its_commit(checkout, tmp_path, tag):
    if tag:
        checkout.git("tag", tag)
    tree = tmp_path / "tree"
    tree.mkdir()
    checkout.git("archive", "-o", str(tmp_path / "tree.tar"), "HEAD")
    with tarfile.open(tmp_path / "tree.tar") as files:
        files.extractall(tree, filter="data")
    # An archive does not contain how many commits precede it.
    assert version_of_tree(tree) == (tag.removeprefix("v") if tag else f"0.1.0.dev0+g{checkout.short}")


def test_a_tree_without_git_and_a_machine_without_git_have_no_version(checkout, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    assert version_of_tree(tmp_path / "empty") == UNKNOWN
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout.version == UNKNOWN


def test_a_checkout_reports_its_own_version_whatever_was_installed():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    assert client_version() == version_of_tree()


# Packages


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> tuple[Path, Path]:
    """The source distribution of this tree, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("packages")
    build("sdist", ROOT, folder)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as files:
        files.extractall(folder / "unpacked", filter="data")
    (tree,) = (folder / "unpacked").iterdir()
    build("wheel", tree, folder)
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def build(target: str, tree: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, timeout=120)


def test_the_source_distribution_has_the_version_without_git(packages):
    sdist, wheel = packages
    assert sdist.name == f"kubectl_cbt-{version_of_tree()}.tar.gz"
    assert wheel.name == f"kubectl_cbt-{version_of_tree()}-py3-none-any.whl"


def test_pip_installs_the_source_distribution_and_it_runs(packages, tmp_path):
    """By the build backend of this environment, which also has the dependencies."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--no-compile", "--target", tmp_path, packages[0]], check=True, timeout=120)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-P", "-m", "kubectl_cbt", "version"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.startswith(f"Client Version: v{version_of_tree()}\n")


def test_the_metadata_name_where_the_project_is(packages):
    files = zipfile.ZipFile(packages[1])
    (name,) = (name for name in files.namelist() if name.endswith("/METADATA"))
    metadata = email.message_from_bytes(files.read(name))
    urls = dict(text.split(", ", 1) for text in metadata.get_all("Project-URL"))
    assert set(urls) == {"Homepage", "Source", "Documentation", "Changelog", "Issues"}
    assert all(url == HOMEPAGE or url.startswith(f"{HOMEPAGE}/") for url in urls.values())
    assert f"Programming Language :: Python :: 3.{MINORS[-1]}" in metadata.get_all("Classifier")
    assert "kubectl_cbt/py.typed" in files.namelist()
    # A package index has no files for relative links.
    text = metadata.get_payload()
    assert re.findall(r"\]\((?!https://|#)[^)]*\)", text) == []
    assert f"]({HOMEPAGE}/raw/HEAD/docs/map.svg)" in text


def test_every_python_of_the_classifiers_is_a_supported_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [int(text.rpartition(".")[2]) for text in project["classifiers"] if re.search(r":: 3\.\d+$", text)]
    assert named == list(MINORS)
    assert project["requires-python"] == f">=3.{MINORS[0]}"


def test_nothing_outside_pyproject_names_where_the_project_is():
    for path in filter(Path.is_file, (ROOT / "packaging").iterdir()):
        assert ".invalid" not in path.read_text(encoding="utf-8"), path
