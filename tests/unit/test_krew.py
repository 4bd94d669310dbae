"""Two manifests by krew's rules, the latest release's and this tree's, and the archive of this tree."""

import copy
import hashlib
import io
import os
import posixpath
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from build_krew import (
    BOT_TEMPLATE,
    LATEST,
    MANIFEST,
    UNRELEASED,
    archive_path,
    build_archive,
    krew_version,
    render_bot_template,
    render_manifest,
    render_unreleased,
    update_unreleased,
)
from check_krew import install, platforms_of
from lock import LOCK, locked_platforms

from kubectl_cbt.system.checkout import version_of_tree

ROOT = Path(__file__).parents[2]
KNOWN = {("linux", "amd64"), ("linux", "arm64"), ("darwin", "amd64"), ("darwin", "arm64")}
SEMANTIC = r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
RESERVED_ON_WINDOWS = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
WIDTHS = {"description": 80, "shortDescription": 70, "caveats": 80}

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def archive() -> bytes:
    return build_archive()


@pytest.fixture(scope="module")
def rendered(archive) -> Manifest:
    return yaml.safe_load(render_manifest(archive))


@pytest.fixture(scope="module")
def released() -> Manifest:
    return yaml.safe_load(LATEST.read_text(encoding="utf-8"))


def broken_rules(manifest: Manifest) -> list[str]:
    """The rules of krew, of krew-index and of krew's documentation that a manifest breaks."""
    spec, name = manifest["spec"], manifest["metadata"]["name"]
    selected = [pair for platform in spec["platforms"] for pair in platforms_of(platform)]
    rules = {
        "apiVersion": manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2",
        "kind": manifest["kind"] == "Plugin",
        # The naming guide is stricter than krew itself, which accepts [\w-]+.
        "name": re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and name.upper() not in RESERVED_ON_WINDOWS,
        "version": re.fullmatch(SEMANTIC, spec["version"]),
        "texts": all(spec.get(field, "").strip() for field in ("homepage", "description", "shortDescription")),
        "line breaks": not re.search(r"[\r\n]", spec["shortDescription"]),
        "widths": all(len(line) <= WIDTHS[text] for text in WIDTHS for line in spec.get(text, "").splitlines()),
        "platforms": spec["platforms"],
        "overlap": len(set(selected)) == len(selected),
        # krew ignores unknown fields, and so a misspelt one.
        "fields": set(manifest) == {"apiVersion", "kind", "metadata", "spec"}
        and set(spec) <= {"version", "homepage", "platforms", *WIDTHS},
    }
    return [rule for rule, is_kept in rules.items() if not is_kept] + [
        rule for platform in spec["platforms"] for rule in broken_rules_of_platform(platform)
    ]


def broken_rules_of_platform(platform: Manifest) -> list[str]:
    files = platform.get("files")
    rules = {
        "uri": re.fullmatch(r"https://\S+\.(zip|tar\.gz)", platform["uri"]),
        "sha256": re.fullmatch(r"[a-f0-9]{64}", platform["sha256"]),
        "bin": platform["bin"] and is_inside(platform["bin"]),
        "files": files is None or (files and all(each["from"] and each["to"] for each in files)),
        "paths": all(is_inside(each["to"]) and posixpath.normpath(each["to"]) == each["to"] for each in files or ()),
        "selector": platforms_of(platform) <= KNOWN and platforms_of(platform),
        "platform fields": set(platform) <= {"selector", "uri", "sha256", "bin", "files"},
    }
    return [rule for rule, is_kept in rules.items() if not is_kept]


def is_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def test_both_manifests_keep_krews_rules(released, rendered):
    assert broken_rules(released) == []
    assert broken_rules(rendered) == []
    # krew-index refuses a manifest file that is not named after its plugin.
    assert MANIFEST.name == f"{rendered['metadata']['name']}.yaml"


def test_every_platform_that_is_offered_can_install_the_lock(rendered):
    """`make lock` resolves it for each of them, and writes which they are."""
    offered = {pair for each in rendered["spec"]["platforms"] for pair in platforms_of(each)}
    assert {"/".join(pair) for pair in offered} == set(locked_platforms(LOCK.read_text(encoding="utf-8")))


def as_the_bot_renders(template: str, tag: str, sha256: str) -> str:
    """What krew-release-bot makes of the constructs that a template of ours has."""
    template, comments = re.subn(r"\{\{- /\*.*\*/ -\}\}\s*", "", template)
    assert comments == 1

    def uri_and_sha256(found: re.Match[str]) -> str:
        uri, spaces = found[1].replace("{{ .TagName }}", tag), " " * int(found[2])
        return f"uri: {uri}\n{spaces}sha256: {sha256}"

    rendered = re.sub(r'\{\{addURIAndSha "([^"]+)" \.TagName \| indent (\d+)\}\}', uri_and_sha256, template)
    rendered = rendered.replace("{{ .TagName }}", tag)
    assert "{{" not in rendered
    return rendered


def test_krew_release_bot_makes_the_manifest_of_a_release(archive, monkeypatch):
    """`make krew` writes .krew.yaml."""
    assert BOT_TEMPLATE.read_text(encoding="utf-8") == render_bot_template()
    monkeypatch.setattr("build_krew.version_of_tree", lambda root: "1.2.3")
    ours = yaml.safe_load(render_manifest(archive))
    sha256 = hashlib.sha256(archive).hexdigest()
    assert yaml.safe_load(as_the_bot_renders(render_bot_template(), "v1.2.3", sha256)) == ours


def test_a_machine_without_an_archive_is_refused(archive, rendered, tmp_path, monkeypatch):
    monkeypatch.setattr("check_krew.this_machine", lambda: ("darwin", "amd64"))
    with pytest.raises(SystemExit, match="the manifest offers 0 archives for darwin/amd64"):
        install(archive, rendered, tmp_path / "krew")


def change(manifest: Manifest, path: str, value: object) -> None:
    *parents, last = (int(key) if key.isdigit() else key for key in path.split("."))
    for key in parents:
        manifest = manifest[key]
    manifest[last] = value


PLATFORM = "spec.platforms.0"


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("apiVersion", "krew.googlecontainertools.github.com/v1alpha1", "apiVersion"),
        ("kind", "Plugins", "kind"),
        ("metadata.name", "Cbt", "name"),
        ("metadata.name", "com1", "name"),
        ("spec.version", "0.1.0", "version"),
        ("spec.version", "v0.1", "version"),
        ("spec.version", "v0.2.0rc1", "version"),
        ("spec.homepage", "", "texts"),
        ("spec.description", " \n", "texts"),
        ("spec.shortDescription", "one\ntwo", "line breaks"),
        ("spec.caveats", "x" * 81, "widths"),
        ("spec.platforms", [], "platforms"),
        ("spec.caveat", "misspelt", "fields"),
        (f"{PLATFORM}.uri", "http://example.invalid/a.zip", "uri"),
        (f"{PLATFORM}.sha256", "A" * 64, "sha256"),
        (f"{PLATFORM}.bin", "../kubectl-cbt", "bin"),
        (f"{PLATFORM}.files", [], "files"),
        (f"{PLATFORM}.files.0.to", "", "files"),
        (f"{PLATFORM}.files.0.to", "./", "paths"),
        (f"{PLATFORM}.selector.matchExpressions.0.key", "system", "selector"),
        (f"{PLATFORM}.selector.matchExpressions.0.operator", "NotIn", "selector"),
        (f"{PLATFORM}.file", [], "platform fields"),
    ],
)
def test_each_rule_refuses_a_manifest_that_breaks_it(released, path, value, rule):
    manifest = copy.deepcopy(released)
    change(manifest, path, value)
    assert rule in broken_rules(manifest)


def test_platforms_that_overlap_are_rejected(released):
    manifest = copy.deepcopy(released)
    manifest["spec"]["platforms"] *= 2
    assert broken_rules(manifest) == ["overlap"]


def test_the_rendered_manifest_has_the_version_of_the_package(rendered):
    version = krew_version(version_of_tree())
    assert rendered["spec"]["version"] == version
    assert {each["uri"].rpartition("/")[2] for each in rendered["spec"]["platforms"]} == {archive_path(version).name}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.2.0", "v0.2.0"),
        ("0.2.0.dev12+g1a2b3c4d5", "v0.2.0-dev.12.g1a2b3c4d5"),
        ("0.2.0.dev0+g1a2b3c4d5.d01234567", "v0.2.0-dev.0.g1a2b3c4d5.d01234567"),
    ],
)
def test_a_version_between_releases_is_a_prerelease_for_krew(version, expected):
    assert krew_version(version) == expected
    assert re.fullmatch(SEMANTIC, expected)


def test_a_manifests_uri_is_that_of_its_version(released, rendered):
    for manifest in (released, rendered):
        version = manifest["spec"]["version"]
        for platform in manifest["spec"]["platforms"]:
            assert platform["uri"].endswith(f"/{version}/kubectl-cbt-{version}.zip")


def test_the_latest_release_is_not_newer_than_the_package(released):
    def numbers(version: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", version)[:3]]

    assert numbers(released["spec"]["version"]) <= numbers(version_of_tree())


def test_until_a_release_replaces_it_the_manifest_is_the_templates():
    """`make krew` writes it; the docs describe whether it is that of a release."""
    text = LATEST.read_text(encoding="utf-8")
    is_unreleased = UNRELEASED in text
    assert ("does not exist yet" in text) == is_unreleased
    docs = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert ("No release has been published yet" in docs) == is_unreleased
    if is_unreleased:
        assert text == render_unreleased()


def test_the_first_manifest_offers_what_a_release_offers(rendered):
    """In all but version and checksum."""
    first, release = yaml.safe_load(render_unreleased()), copy.deepcopy(rendered)
    for manifest in (first, release):
        version = manifest["spec"].pop("version")
        for platform in manifest["spec"]["platforms"]:
            platform["uri"] = platform["uri"].replace(version, "VERSION")
            del platform["sha256"]
    assert first == release


def test_the_manifest_of_a_release_is_not_written_again(tmp_path, monkeypatch):
    latest = tmp_path / "krew-manifest.yaml"
    monkeypatch.setattr("build_krew.LATEST", latest)
    for text, expected in ((f"sha256: {UNRELEASED}\n", render_unreleased()), ("sha256: 01ab\n", "sha256: 01ab\n")):
        latest.write_text(text)
        update_unreleased()
        assert latest.read_text(encoding="utf-8") == expected


def test_the_source_distribution_gives_the_same_bytes(archive, tmp_path):
    """Without git, and with other file times, modes, umask and time zone."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (packed,) = tmp_path.iterdir()
    with tarfile.open(packed) as files:
        files.extractall(tmp_path, filter="data")
    (tree,) = (path for path in tmp_path.iterdir() if path.is_dir())
    for path in tree.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        patch.setenv("SOURCE_DATE_EPOCH", "1234567890")
        previous = os.umask(0o077)
        try:
            again = build_archive(tree)
        finally:
            os.umask(previous)
    assert again == archive


def test_the_archive_contains_plain_files_with_their_modes(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        modes = {info.filename: info.external_attr >> 16 for info in packed.infolist()}
        assert {info.compress_type for info in packed.infolist()} == {zipfile.ZIP_STORED}
    wheel = f"kubectl_cbt-{version_of_tree()}-py3-none-any.whl"
    # 0o100000 is a regular file: no symbolic link, no folder.
    plain = dict.fromkeys(("LICENSE", wheel, "installer.py", "requirements.txt"), 0o100644)
    assert modes == plain | {"kubectl-cbt": 0o100755}


def test_the_rendered_manifest_installs_every_file_of_the_archive(archive, rendered, tmp_path):
    """`make krew-check` also runs it."""
    link = install(archive, rendered, tmp_path / "krew")
    assert link == tmp_path / "krew" / "bin" / "kubectl-cbt"
    installed = link.resolve().parent
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        assert {path.name for path in installed.iterdir()} == set(packed.namelist())
    assert os.access(link, os.X_OK)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (f"{PLATFORM}.sha256", "0" * 64, "the manifest has sha256 0000"),
        (f"{PLATFORM}.files.1.from", "*.tar", r"no file in the archive matches \*\.tar"),
    ],
)
def test_an_archive_that_is_not_the_manifests_is_not_installed(archive, rendered, tmp_path, path, value, message):
    manifest = copy.deepcopy(rendered)
    change(manifest, path, value)
    with pytest.raises(SystemExit, match=message):
        install(archive, manifest, tmp_path / "krew")
