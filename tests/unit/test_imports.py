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


HELP = (
    ["--help"],
    ["version"],
    ["delta", "--help"],
    ["compare", "--help"],
    ["report", "--help"],
    ["history", "--help"],
    ["snapshots", "-h"],
    [],
)
PURE = (
    "kubectl_cbt.errors",
    "kubectl_cbt.model.extents",
    "kubectl_cbt.analysis.rules.rule_watch",
    "kubectl_cbt.analysis.summary",
    "kubectl_cbt.output.json",
    "kubectl_cbt.output.summary_writer",
    "kubectl_cbt.output.svg",
    "kubectl_cbt.analysis.list_comparison",
    "kubectl_cbt.output.comparison.comparison_json",
    "kubectl_cbt.analysis.history",
    "kubectl_cbt.output.history.history_json",
    "kubectl_cbt.output.history.history_svg",
    "kubectl_cbt.output.volume_report.html",
    "kubectl_cbt.documents.report_document",
    "kubectl_cbt.documents.open_document",
)


# In one interpreter, one after the other: it has loaded whatever one of them loads.


def test_help_and_version_load_no_client_library():
    modules = loaded_by(f"from kubectl_cbt.cli.app import run\nfor arguments in {HELP!r}: run(arguments)")
    assert not {name for name in HEAVY if name in modules}


def test_the_pure_ring_loads_no_client_library():
    modules = loaded_by(f"import {', '.join(PURE)}")
    assert set(PURE) <= modules
    assert not {"kubernetes", "grpc", "typer", "textual", "google.protobuf"} & modules


def test_listing_snapshots_loads_no_grpc():
    modules = loaded_by("from kubectl_cbt.cli.app import run\nrun(['snapshots', '--kubeconfig', '/nonexistent'])")
    assert "grpc" not in modules
    assert "numpy" not in modules
    assert "kubectl_cbt.security.redact" not in modules  # compiling its patterns takes as long as many a command


def test_a_stream_loads_neither_numpy_nor_grpc_before_the_first_request():
    modules = loaded_by("from kubectl_cbt.cli.app import run\nrun(['delta', 'a', 'b', '--kubeconfig', '/nonexistent'])")
    assert not {"numpy", "grpc", "google.protobuf", "cryptography", "pydantic", "kubectl_cbt.output.writer"} & modules


def test_a_history_loads_neither_numpy_nor_grpc_before_the_first_request():
    modules = loaded_by("from kubectl_cbt.cli.app import run\nrun(['history', 'a', '--kubeconfig', '/nonexistent'])")
    assert not {"numpy", "grpc", "google.protobuf", "cryptography", "pydantic", "humanize", "textual"} & modules


def test_a_history_loads_no_module_that_is_not_needed(demo):
    arguments = ["history", "data", "-o", "json", "--kubeconfig", str(demo.kubeconfig)]
    modules = loaded_by(f"from kubectl_cbt.cli.app import run\nassert run({arguments!r}) == 0")
    assert {"numpy", "grpc", "cryptography"} <= modules
    assert (
        not {"kubernetes", "pydantic", "requests", "textual", "rich.console", "kubectl_cbt.output.palettes"} & modules
    )


def test_streaming_loads_no_module_that_is_not_needed(demo):
    arguments = ["delta", "snap-a", "snap-b", "-o", "json", "--kubeconfig", str(demo.kubeconfig)]
    modules = loaded_by(f"from kubectl_cbt.cli.app import run\nassert run({arguments!r}) == 0")
    assert {"numpy", "grpc", "cryptography"} <= modules
    assert not {"kubernetes", "pydantic", "requests", "textual", "humanize", "rich.console"} & modules
    assert not {"kubectl_cbt.output.palettes", "kubectl_cbt.output.object_listing"} & modules


def test_the_screens_load_no_client_library():
    screens = "kubectl_cbt.tui.screens.browse_screen, kubectl_cbt.tui.screens.map_screen"
    modules = loaded_by(f"import kubectl_cbt.tui.app, {screens}")
    assert "textual" in modules
    assert not {"kubernetes", "grpc", "typer", "google.protobuf"} & modules


@pytest.mark.parametrize(
    "arguments",
    [["open", "/nonexistent", "-o", "csv"], ["compare", "a", "b"], ["compare", "pyproject.toml", "README.md"]],
)
def test_printing_and_opening_a_document_load_no_textual_and_no_client_library(arguments):
    modules = loaded_by(f"from kubectl_cbt.cli.app import run\nrun({arguments!r})")
    assert not {"kubernetes", "grpc", "textual", "google.protobuf"} & modules


@pytest.mark.parametrize(
    "arguments", [["delta", "a", "b", "--kubeconfig", "/nonexistent"], ["open", "/nonexistent"], ["version"]]
)
def test_only_what_shows_a_map_reads_the_settings(arguments):
    modules = loaded_by(f"from kubectl_cbt.cli.app import run\nrun({arguments!r})")
    assert not {"tomllib", "kubectl_cbt.tui.settings"} & modules


def test_the_settings_are_shown_without_a_screen_or_a_client_library():
    modules = loaded_by("from kubectl_cbt.cli.app import run\nassert run(['config']) == 0")
    assert not {name for name in HEAVY if name in modules}


def test_a_report_loads_no_screen_and_the_inventory_no_stream(demo):
    arguments = ["report", "-A", "--no-streams", "-o", "csv", "--kubeconfig", str(demo.kubeconfig)]
    modules = loaded_by(f"from kubectl_cbt.cli.app import run\nassert run({arguments!r}) == 0")
    assert not {"kubernetes", "textual", "grpc", "rich.console", "kubectl_cbt.output.palettes"} & modules


STANDARD = set(sys.stdlib_module_names)
TYPER = {"typer", "rich", "annotated_doc", "shellingham", "markdown_it", "mdurl", "pygments"}
# urllib3 looks for a module in the folder "backports", which other packages also have.
CONNECTING = {"urllib3", "yaml", "orjson", "_yaml", "backports"}

LOADED = {
    "--help": ("from kubectl_cbt.cli.app import run\nrun(['--help'])", TYPER),
    "version": ("from kubectl_cbt.cli.app import run\nrun(['version'])", TYPER),
    "completing a verb": (
        (
            "sys.argv = ['kubectl_complete-cbt', 'del']\n"
            "from kubectl_cbt.kubectl_complete import _completions\nassert 'delta' in _completions(sys.argv[1:])"
        ),
        TYPER,
    ),
    "completing a snapshot": (
        (
            "from kubectl_cbt.kubectl_complete import _completions\n"
            "_completions(['allocated', '--kubeconfig', KUBECONFIG, ''])"
        ),
        TYPER | CONNECTING | {"humanize"},
    ),
}


@pytest.mark.parametrize("what", LOADED)
def test_what_a_short_command_loads_is_known(what, demo):
    """A library that slips in costs everybody a tenth of a second with each key; see ``bench/imports.py``."""
    code, allowed = LOADED[what]
    modules = loaded_by(f"KUBECONFIG = {str(demo.kubeconfig)!r}\n{code}")
    packages = {name.partition(".")[0] for name in modules} - STANDARD - {"kubectl_cbt", "__main__", "sitecustomize"}
    packages = {
        name
        for name in packages
        if not name.startswith(
            ("_editable", "__editable", "_virtualenv", "_distutils", "_sysconfigdata", "_cython", "cython")
        )
    }
    assert packages <= allowed


def test_certificates_are_not_loaded_before_there_is_one_to_check():
    """Reading a certificate takes longer to import than a listing: the thread that connects does it."""
    modules = loaded_by("import kubectl_cbt.wire.sidecar, kubectl_cbt.cluster.resources")
    assert "grpc" in modules
    assert "cryptography" not in modules
