"""What a command does not use it does not load: measured in a fresh interpreter."""

import json
import subprocess
import sys

import pytest

HEAVY = ("kubernetes", "grpc", "numpy", "textual", "google.protobuf", "cryptography", "yaml", "orjson", "humanize")


def loaded_by(statement: str) -> set[str]:
    """Top-level names of the modules that are loaded once the statement has run."""
    code = f"import sys, json, io, os\n{statement}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(found.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["delta", "--help"], ["snapshots", "-h"], []])
def test_help_and_version_load_no_client_library(arguments):
    modules = loaded_by(f"from kubectl_cbt.cli.app import run\nrun({arguments!r})")
    assert not {name for name in HEAVY if name in modules}


@pytest.mark.parametrize(
    "module",
    [
        "kubectl_cbt.errors",
        "kubectl_cbt.model.extents",
        "kubectl_cbt.analysis.rules",
        "kubectl_cbt.analysis.summary",
        "kubectl_cbt.output.json",
        "kubectl_cbt.output.summary",
        "kubectl_cbt.saved.opening",
    ],
)
def test_the_pure_ring_loads_no_client_library(module):
    modules = loaded_by(f"import {module}")
    assert not {"kubernetes", "grpc", "typer", "textual", "google.protobuf"} & modules


def test_listing_snapshots_loads_no_grpc():
    modules = loaded_by("from kubectl_cbt.cli.app import run\nrun(['snapshots', '--kubeconfig', '/nonexistent'])")
    assert "grpc" not in modules
    assert "numpy" not in modules


def test_the_screens_load_no_client_library():
    modules = loaded_by("import kubectl_cbt.tui.app, kubectl_cbt.tui.screens.browse, kubectl_cbt.tui.screens.map")
    assert "textual" in modules
    assert not {"kubernetes", "grpc", "typer", "google.protobuf"} & modules


def test_printing_and_opening_a_document_load_no_textual_and_no_client_library():
    modules = loaded_by("from kubectl_cbt.cli.app import run\nrun(['open', '/nonexistent', '-o', 'csv'])")
    assert not {"kubernetes", "grpc", "textual", "google.protobuf"} & modules
