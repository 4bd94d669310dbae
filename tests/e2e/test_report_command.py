"""report, as the installed command, against the demo."""

import json
import re
import shutil
import signal
import subprocess
from collections import Counter

import pytest
from conftest import COMMAND, command_environment, run_command, wait_for
from prometheus_client.parser import text_string_to_metric_families
from pseudo_terminal import Terminal
from schemas import validator

from kubectl_cbt.core.measured_report import ReportOptions, open_report
from kubectl_cbt.core.options import ClusterOptions, ServiceOptions
from kubectl_cbt.core.session import open_session
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.faults import parse_faults
from kubectl_cbt.demo.many_volumes import many_volumes
from kubectl_cbt.model.volume_report import ReportScope

VALIDATOR = validator("VolumeReport")


@pytest.fixture(scope="module")
def many():
    """A cluster of 40 volumes."""
    with DemoCluster(volumes=many_volumes(40, 1)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def whole(many):
    """Its report, as JSON."""
    found = run_command("report", "-A", "-o", "json", cluster=many)
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout


def volumes_of(text: str) -> dict[str, dict]:
    return {volume["key"]: volume for volume in json.loads(text)["volumes"]}


def test_the_report_of_many_volumes(whole):
    document = json.loads(whole)
    VALIDATOR.validate(document)
    volumes = document["volumes"]
    assert len(volumes) == document["totals"]["cluster"]["volumes"] == 40
    assert Counter(volume["reason"] for volume in volumes) == {None: 36, "not ready": 2, "driver has no service": 2}
    assert document["complete"]
    assert all(volume["full"]["complete"] for volume in volumes if volume["changedBlockTracking"])
    assert [volume["namespace"] for volume in volumes] == sorted(volume["namespace"] for volume in volumes)
    cost = sum(volume["delta"]["costBytes"] for volume in volumes if volume["delta"])
    assert document["totals"]["cluster"]["cost"] == {"bytes": cost, "isLowerBound": True}


def test_the_figures_are_those_of_delta_and_allocated(run):
    found = json.loads(run("report", "-n", "vms", "-o", "json", "--driver", "demo-blocks.csi.k8s.io").stdout)
    (volume,) = found["volumes"]
    delta = json.loads(run("delta", "win-1100", "win-1200", "-n", "vms", "-o", "json").stdout)["summary"]
    assert (volume["delta"]["base"], volume["delta"]["snapshot"]) == ("win-1100", "win-1200")
    assert volume["delta"]["coveredBytes"] == delta["coveredBytes"]
    assert (
        volume["delta"]["costBytes"] == {one["chunkBytes"]: one["sizeBytes"] for one in delta["readByChunkSize"]}[2**20]
    )
    allocated = json.loads(run("allocated", "win-1200", "-n", "vms", "-o", "json").stdout)["summary"]
    assert volume["full"]["coveredBytes"] == allocated["coveredBytes"]
    assert volume["churnBytesPerDay"] == 24 * delta["coveredBytes"]


@pytest.mark.parametrize("form", ["table", "wide", "csv", "html", "ndjson", "prometheus"])
def test_every_format_has_every_volume(many, form):
    found = run_command("report", "-A", "-o", form, cluster=many)
    assert (found.returncode, found.stderr) == (0, "")
    assert all(f"data-{number:05}" in found.stdout for number in range(40))
    if form == "prometheus":
        assert len(list(text_string_to_metric_families(found.stdout))) == 21


def test_the_inventory_opens_no_stream(own_demo):
    before = {name: len(service.requests) for name, service in own_demo.services.items()}
    found = run_command("report", "-A", "--no-streams", "-o", "json", cluster=own_demo)
    assert found.returncode == 0
    document = json.loads(found.stdout)
    VALIDATOR.validate(document)
    assert len(document["volumes"]) == 7
    assert all(volume["full"] is volume["delta"] is volume["complete"] is None for volume in document["volumes"])
    assert before == {name: len(service.requests) for name, service in own_demo.services.items()}


def test_selection(many):
    by_label = json.loads(run_command("report", "-A", "-l", "app=data-00007", "-o", "json", cluster=many).stdout)
    assert [volume["claim"] for volume in by_label["volumes"]] == ["data-00007"]
    by_driver = json.loads(
        run_command("report", "-n", "web", "--driver", "demo-blocks.csi.k8s.io", "-o", "json", cluster=many).stdout
    )
    assert {volume["driver"] for volume in by_driver["volumes"]} == {"demo-blocks.csi.k8s.io"}
    none = run_command("report", "-n", "nowhere", cluster=many)
    assert (none.returncode, none.stdout, none.stderr) == (
        0,
        "0 volumes, 0 with CBT\n",
        "No snapshots found in namespace nowhere.\n",
    )


def test_a_snapshot_that_lost_its_content_is_not_a_base(own_demo):
    own_demo.store.remove("volumesnapshotcontents", _content_of(own_demo, "win-1100"))
    found = run_command("report", "-n", "vms", "--driver", "demo-blocks.csi.k8s.io", "-o", "json", cluster=own_demo)
    assert found.returncode == 0
    (volume,) = json.loads(found.stdout)["volumes"]
    assert volume["delta"]["base"] == "win-1000"


def _content_of(cluster: DemoCluster, name: str) -> str:
    return cluster.store.get("volumesnapshots", name, "vms")["status"]["boundVolumeSnapshotContentName"]


def test_streams_that_are_refused_are_rows():
    with DemoCluster(faults=parse_faults(["forbidden"]), volumes=many_volumes(6, 1)) as cluster:
        found = run_command("report", "-A", "-o", "json", cluster=cluster)
    assert found.returncode == 1
    document = json.loads(found.stdout)
    VALIDATOR.validate(document)
    assert not any(volume["changedBlockTracking"] for volume in document["volumes"])
    assert {volume["full"]["error"]["type"] for volume in document["volumes"]} == {"PermissionDenied"}
    assert len(document["withoutBase"]) == 6
    assert found.stderr.count("failed: ") == 6


def test_the_guard(many):
    found = run_command("report", "-A", "--fail-on", "no-cbt,rpo=24h,window=4h", "--no-streams", cluster=many)
    assert found.returncode == 2
    assert "--fail-on window=4h needs streams: remove --no-streams" in found.stderr
    found = run_command("report", "-n", "web", "--fail-on", "no-cbt,incomplete,window=4h", cluster=many)
    assert found.returncode == 1
    assert found.stderr == (
        "failed: web/data-00019: no CBT: driver has no service\nfailed: web/data-00039: no CBT: driver has no service\n"
    )
    found = run_command("report", "-n", "orders", "--fail-on", "no-cbt,incomplete,window=4h", cluster=many)
    assert (found.returncode, found.stderr) == (0, "")
    found = run_command("report", "-n", "orders", "--fail-on", "rpo=24h", "--no-streams", cluster=many)
    assert found.returncode == 1
    assert found.stderr.count("more than 24h") == 8


def test_differences_from_an_earlier_report(many, whole, tmp_path):
    old = json.loads(whole)
    first, second = old["volumes"][0], old["volumes"][1]
    second["sizeBytes"] //= 2
    gone = dict(old["volumes"][2], key="web/handle/x/y", claim="deleted")
    old["volumes"] = [second, gone, *old["volumes"][2:]]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    found = run_command("report", "-A", "-o", "json", "--diff", str(path), cluster=many)
    document = json.loads(found.stdout)
    VALIDATOR.validate(document)
    assert document["diff"]["new"] == [first["key"]]
    assert [one["key"] for one in document["diff"]["grown"]] == [second["key"]]
    assert [one["claim"] for one in document["diff"]["removed"]] == ["deleted"]
    assert document["diff"]["lostCbt"] == []
    other = run_command("report", "-n", "web", "--diff", str(path), cluster=many)
    assert other.returncode == 2
    assert "is about other volumes than this report\nhint: it was made with: -A" in other.stderr


def test_a_report_is_resumed(many, whole, tmp_path):
    half = json.loads(whole)
    for volume in half["volumes"][10:]:
        for stream in (volume["full"], volume["delta"]):
            if stream is not None:
                stream |= {"complete": False, "error": {"type": "Interrupted", "code": "", "message": "x", "hint": ""}}
    left = sum(volume[name] is not None for volume in half["volumes"][10:] for name in ("full", "delta"))
    path = tmp_path / "half.json"
    path.write_text(json.dumps(half))
    before = sum(len(service.requests) for service in many.services.values())
    found = run_command("report", "-A", "-o", "json", "--resume-from", str(path), cluster=many)
    assert found.returncode == 0
    queried = sum(len(service.requests) for service in many.services.values()) - before
    assert left <= queried <= 2 * left  # with the probes of their ends
    assert volumes_of(found.stdout).keys() == volumes_of(whole).keys()
    assert [volume["delta"] for volume in volumes_of(found.stdout).values()] == [
        volume["delta"] for volume in volumes_of(whole).values()
    ]
    other = run_command("report", "-A", "--chunk", "4Mi", "--resume-from", str(path), cluster=many)
    assert other.returncode == 2
    assert "was made with chunks of 1 MiB\nhint: add --chunk 1048576" in other.stderr


@pytest.mark.parametrize("flag", ["--resume-from", "--diff"])
@pytest.mark.parametrize(
    ("content", "message"),
    [("", "line 1: it is empty"), ('{\n"kind": 1,\n', "line 3: "), ('{"a": 1}', "line 1: it is not a VolumeReport")],
)
def test_a_file_that_is_not_a_report(many, tmp_path, flag, content, message):
    path = tmp_path / "x.json"
    path.write_text(content)
    found = run_command("report", "-A", flag, str(path), cluster=many)
    assert (found.returncode, found.stdout) == (1, "")
    assert f"{path} is not a complete report: {message}" in found.stderr
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--chunk", "3Mi"), "not a power of two"),
        (("--rate", "fast"), "is not an offset"),
        (("--fail-on", "rpo"), "--fail-on: 'rpo' is not a condition"),
        (("--parallel", "0"), "greater than or equal to 1"),
        (("--csi-endpoint", "unix:///x"), "remove --csi-endpoint"),
        (("--no-streams", "--resume-from", "x"), "--resume-from needs streams"),
    ],
)
def test_usage(demo, arguments, message):
    found = run_command("report", "-A", *arguments, cluster=demo)
    assert (found.returncode, found.stdout) == (2, "")
    assert message in found.stderr


def test_a_caller_who_may_list_nothing_gets_the_rule(demo):
    found = run_command("report", "-A", "--context", "demo-nobody", cluster=demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert 'cannot list resource "volumesnapshots"' in found.stderr
    assert "kubectl cbt rbac" in found.stderr
    assert "--browse | kubectl apply -f -" in found.stderr


def test_a_time_limit_leaves_the_rest_incomplete(demo):
    found = run_command(
        "report", "-n", "vms", "--driver", "demo-pages.csi.k8s.io", "--max-time", "200ms", "-o", "json", cluster=demo
    )
    assert found.returncode == 1
    document = json.loads(found.stdout)
    VALIDATOR.validate(document)
    assert (document["complete"], document["error"]["message"]) == (False, "not measured within --max-time")
    assert "continue with --resume-from FILE" in found.stderr


@pytest.mark.parametrize("form", ["json", "ndjson", "table"])
def test_an_interrupted_report_is_whole(demo, tmp_path, form):
    """scratch takes many seconds; the signal comes when its streams run."""
    out = tmp_path / "out"
    with out.open("wb") as stdout:
        process = subprocess.Popen(
            [str(COMMAND), "report", "-n", "vms", "--driver", "demo-pages.csi.k8s.io", "-o", form],
            env=command_environment(demo),
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        before = len(demo.services["demo-pages.csi.k8s.io"].requests)
        wait_for(lambda: len(demo.services["demo-pages.csi.k8s.io"].requests) > before, "a stream", process)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "continue with --resume-from FILE" in stderr
    text = out.read_text()
    if form == "table":
        assert "INCOMPLETE (interrupted): streams of 1 volume did not reach their end" in text
        return
    document = json.loads(text if form == "json" else text.splitlines()[-1])
    assert (document["complete"], document["error"]["type"]) == (False, "Interrupted")
    if form == "json":
        VALIDATOR.validate(document)


def test_the_number_of_requests_does_not_depend_on_the_number_of_streams(many):
    paths: list[str] = []
    with open_session(ClusterOptions(kubeconfig=str(many.kubeconfig))) as session:
        document = session.api._document

        def count(method, segments, query, body=None):
            paths.append("/".join(segments))
            return document(method, segments, query, body)

        session.api._document = count
        measured = open_report(session, ServiceOptions(), ReportScope(), ReportOptions())
        assert len(list(measured)) == 40
    # Five lists; then a service and a token for each of two drivers, and who the caller is.
    assert len(paths) <= 10, paths


def test_a_bar_shows_the_volumes_that_are_done(many):
    terminal = Terminal("report", "-A", "--kubeconfig", str(many.kubeconfig))
    assert terminal.end() == 0
    assert b"40 volumes, 36 with CBT" in terminal.written
    assert re.search(rb"\d+ of 40 volumes", terminal.written)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [1400, 400])
def test_a_browser_shows_the_page_without_scrolling_sideways(many, tmp_path, width):
    page, shot = tmp_path / "report.html", tmp_path / "report.png"
    text = run_command("report", "-A", "-o", "html", cluster=many).stdout
    measure = "document.title = document.documentElement.scrollWidth + ' ' + document.querySelectorAll('.sort').length;"
    page.write_text(text.replace("</script>", f"{measure}</script>"))
    browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},1200"]
    found = subprocess.run(
        [*browser, f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={shot}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    scrolled, sortable = map(int, found.stdout.partition("<title>")[2].partition("</title>")[0].split())
    assert scrolled <= max(width, 500)  # a window of headless Chromium is at least 500 wide
    assert sortable == 13
