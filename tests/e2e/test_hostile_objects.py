"""Hostile files and API servers, as the installed command shows them: in no format does a terminal get to obey."""

import copy
import json
from xml.etree import ElementTree as ET

import pytest
import yaml
from conftest import run_command
from hostile import DOCUMENT, ESCAPES, MARKUP, forbidden_in

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.output.object_listing import ListFormat
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.output.report import ReportFormat

HOSTILE = ESCAPES + MARKUP
DATA = {StreamFormat.JSON: json.loads, StreamFormat.YAML: yaml.safe_load}
LINES = {StreamFormat.SUMMARY: 30, StreamFormat.TABLE: 5, StreamFormat.WIDE: 5, StreamFormat.CSV: 5}


@pytest.mark.parametrize("form", StreamFormat)
def test_a_hostile_document_is_printed_in_every_format(form):
    found = run_command("open", str(DOCUMENT), "-o", form)
    assert found.returncode == 1
    assert not forbidden_in(found.stdout + found.stderr)
    assert found.stderr.count("\n") == 1
    assert found.stderr.startswith("warning: incomplete when it was saved: msg")
    assert len(found.stdout.splitlines()) <= LINES.get(form, 1000)
    if form in DATA:
        given, printed = json.loads(DOCUMENT.read_bytes()), DATA[form](found.stdout)
        assert {**printed["snapshot"]} == given["snapshot"]
        assert (printed["base"], printed["driver"]) == (given["base"], given["driver"])
        assert printed["error"]["message"] == given["error"]["message"]


@pytest.fixture(scope="module")
def hostile():
    """An API server whose objects hold hostile text wherever a name leads nowhere."""
    with DemoCluster() as demo:
        snapshot = copy.deepcopy(demo.store.get("volumesnapshots", "snap-a", "default"))
        content = copy.deepcopy(
            demo.store.get("volumesnapshotcontents", snapshot["status"]["boundVolumeSnapshotContentName"])
        )
        snapshot["metadata"] |= {"name": f"snap{HOSTILE}", "annotations": {HOSTILE: HOSTILE}}
        snapshot["spec"]["source"]["persistentVolumeClaimName"] = HOSTILE
        snapshot["status"]["boundVolumeSnapshotContentName"] = f"content{HOSTILE}"
        pending = copy.deepcopy(snapshot)
        pending["metadata"]["name"] = "failing"
        pending["status"] = {"readyToUse": False, "error": {"message": HOSTILE}}
        content["metadata"] |= {"name": f"content{HOSTILE}"}
        content["spec"] |= {"driver": f"driver{HOSTILE}", "volumeSnapshotClassName": HOSTILE}
        content["status"]["snapshotHandle"] = HOSTILE
        service = copy.deepcopy(demo.store.get("snapshotmetadataservices", PAGES_DRIVER))
        service["metadata"]["name"] = f"driver{HOSTILE}"
        service["spec"] |= {"address": f"{HOSTILE}:443", "audience": HOSTILE}
        bound = copy.deepcopy(snapshot)
        bound["metadata"]["name"] = "bound"
        for item in (snapshot, pending, bound):
            item["metadata"].pop("uid")
            demo.store.put("volumesnapshots", item)
        demo.store.put("volumesnapshotcontents", content)
        demo.store.put("snapshotmetadataservices", service)
        yield demo


def rows(text: str) -> int:
    return len(text.splitlines())


@pytest.mark.parametrize("form", ListFormat)
@pytest.mark.parametrize(("verb", "items"), [(("snapshots", "-n", "default"), 7), (("services",), 3)])
def test_a_hostile_servers_objects_are_a_line_each(hostile, verb, items, form):
    found = run_command(*verb, "-o", form, cluster=hostile)
    assert (found.returncode, found.stderr) == (0, "")
    assert not forbidden_in(found.stdout)
    if form in (ListFormat.JSON, ListFormat.YAML):
        document = (json.loads if form is ListFormat.JSON else yaml.safe_load)(found.stdout)
        assert len(document["items"]) == items
        assert HOSTILE in {text for item in document["items"] for text in item.values() if isinstance(text, str)}
    else:
        assert rows(found.stdout) == items + (form is not ListFormat.NAME)


def forged(text: str) -> list[str]:
    """Lines that the hostile text has begun."""
    return [line for line in text.splitlines() if line.lstrip(" #").startswith(("warning: all", "SKIP"))]


@pytest.mark.parametrize("form", ReportFormat)
@pytest.mark.parametrize("names", [(), ("failing",), ("bound",)], ids=str)
def test_doctor_reports_what_is_wrong_with_hostile_objects(hostile, form, names):
    found = run_command("doctor", *names, "-o", form, cluster=hostile)
    assert found.returncode == 1
    assert not forbidden_in(found.stdout + found.stderr)
    if form is ReportFormat.JUNIT:
        ET.fromstring(found.stdout)
    elif form is ReportFormat.JSON:
        assert json.loads(found.stdout)["failed"]
    else:
        assert not forged(found.stdout)


@pytest.mark.parametrize("name", ["failing", "bound"])
@pytest.mark.parametrize("level", ["1", "8"])
def test_errors_and_requests_are_logged_a_line_each(hostile, level, name):
    found = run_command("delta", "snap-b", name, "-v", level, cluster=hostile)
    assert found.returncode == 1
    # A tab of ours indents the headers of a request.
    assert not forbidden_in(found.stdout + found.stderr.replace("\n\t", "\n"))
    assert not forged(found.stderr)
