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
from git_checkout import Checkout

from kubectl_cbt.project import HOMEPAGE
from kubectl_cbt.system.checkout import UNKNOWN, version_of_tree
from kubectl_cbt.system.versions import client_version

ROOT = Path(__file__).parents[2]
MINORS = range(11, 15)


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
    for tag in ("v0.9.0-rc.1", "v0.9.0rc1", "v0.9", "v1", "v0.9.0.1", "vendor", "nightly"):
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


def test_an_added_file_is_a_change_unless_packages_leave_it_out(checkout):
    (checkout.path / ".gitignore").write_text("dist/\n")
    checkout.commit("second")
    checkout.git("tag", "v0.1.0")
    (checkout.path / "dist").mkdir()
    (checkout.path / "dist" / "built.txt").write_text("x = 1")
    assert (checkout.version, checkout.added) == ("0.1.0", [])
    # The build backend does not read this list of git's.
    (checkout.path / ".git" / "info" / "exclude").write_text("*.local\n")
    seen = set()
    for name, text in (("a.local", "one"), ("a.local", "two"), ("b.py", "two"), ("b.py", ""), ("été", "two")):
        path = checkout.path / name
        path.write_text(text)
        assert re.fullmatch(rf"0\.2\.0\.dev0\+g{checkout.short}\.d[0-9a-f]{{8}}", checkout.version)
        assert checkout.added == [name]
        seen.add(checkout.version)
        path.unlink()
    assert len(seen) == 5
    assert checkout.version == "0.1.0"


def test_of_a_large_added_file_only_the_start_is_read(checkout, monkeypatch):
    monkeypatch.setattr("kubectl_cbt.system.checkout._READ_BYTES", 4)
    seen = []
    for content in ("abcdx", "abcdy", "abcdyy", "abcex"):
        (checkout.path / "disk.img").write_text(content)
        seen.append(checkout.version)
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


@pytest.mark.parametrize("target", ["/dev/zero", "/nonexistent", "."])
def test_an_added_link_to_what_is_not_a_file_is_not_read(checkout, target):
    (checkout.path / "link").symlink_to(target)
    assert checkout.added == ["link"]
    assert re.search(r"\.d[0-9a-f]{8}$", checkout.version)


def test_a_variable_that_names_another_repository_is_ignored(checkout, monkeypatch):
    expected = checkout.version
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert checkout.version == expected


@pytest.mark.parametrize("tag", [None, "v0.1.0"])
def test_an_archive_of_git_has_the_version_of_its_commit(checkout, tmp_path, tag):
    checkout.git("tag", "v0.9.0rc1")
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
    # The twine that uploads a release may not know a newer one.
    assert metadata["Metadata-Version"] == "2.4"
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
