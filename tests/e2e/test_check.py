"""``check`` as a driver author uses it: a clean demo passes, everything else is found, in every format."""

import json
import re
import signal
from xml.etree import ElementTree as ET

import pytest
from conftest import command_environment, run_command, wait_for, warm_command

from kubectl_cbt.checks.conformance.cases import CASES
from kubectl_cbt.demo.driver.faults import parse_faults
from kubectl_cbt.demo.scenarios import PAGES_DRIVER

CHECK = ("check", "snap-a", "snap-c")
QUICK = ("--only", "answers", "--only", "rule-*", "--only", "complete")


def findings(found) -> dict[str, dict]:
    return {finding["id"]: finding for finding in json.loads(found.stdout)["findings"]}


def failed(found) -> set[str]:
    return {name for name, finding in findings(found).items() if finding["verdict"] in ("fail", "warn")}


@pytest.mark.parametrize(
    "query",
    [
        ("snap-a", "snap-c"),
        ("snap-b",),
        ("snap-c", "snap-d"),  # nothing changed in between
        ("win-0900", "win-1100", "-n", "vms"),
    ],
    ids=["variable", "one snapshot", "no change", "fixed"],
)
def test_a_clean_demo_passes_everything(demo, small, query):
    # The whole disk of the virtual machine has a million blocks, and dozens of cases read them.
    cluster = small if "vms" in query else demo
    found = run_command("check", *query, "-o", "json", "--hostile", cluster=cluster)
    assert found.stdout, (found.returncode, found.stderr)
    assert (found.returncode, failed(found)) == (0, set()), found.stdout
    assert json.loads(found.stdout)["passed"] >= 25


def test_hostile_numbers_come_with_a_warning(demo):
    found = run_command("check", "snap-b", "--hostile", "--only", "hostile-*", cluster=demo)
    assert found.returncode == 0
    assert found.stderr.startswith("warning: --hostile sends negative and out-of-range values")
    assert "4 passed" in found.stdout


def test_a_case_that_cannot_be_judged_is_skipped_with_the_reason(demo):
    found = findings(run_command("check", "snap-b", "-o", "json", cluster=demo))
    assert found["law-new-blocks"]["verdict"] == "skipped"
    assert found["law-new-blocks"]["evidence"] == ["needs two snapshots: check BASE TARGET"]
    assert "--hostile" in found["hostile-negative-limit"]["evidence"][0]
    assert set(found) == {case.id for case in CASES}


def test_a_broken_rule_fails_with_place_cause_and_exit_code(own_demo):
    own_demo.services[PAGES_DRIVER].plugin.faults = parse_faults(["overlap"])
    found = run_command(*CHECK, *QUICK, cluster=own_demo)
    assert found.returncode == 1
    assert re.search(r"✗ rule-r2 .* R2 MUST\n  sent   the whole stream, in messages of 7", found.stdout)
    assert re.search(r"first in message \d+, extent \d+ \(\d+\+\d+\): overlaps", found.stdout)
    assert "  fix    Results of several workers" in found.stdout
    assert found.stdout.endswith("1 failed\n")


def test_a_warning_alone_is_not_a_failure(own_demo):
    own_demo.services[PAGES_DRIVER].plugin.faults = parse_faults(["unaligned-shift"])
    found = run_command(*CHECK, "--only", "resume-*", "--only", "offset-*", "-o", "json", cluster=own_demo)
    assert (found.returncode, failed(found)) == (0, {"resume-unaligned"})


def test_lost_writes_are_found_without_the_data(own_demo):
    own_demo.services[PAGES_DRIVER].plugin.faults = parse_faults(["lost-write"])
    found = run_command(*CHECK, "--only", "law-*", "-o", "json", cluster=own_demo)
    assert (found.returncode, failed(found)) == (1, {"law-new-blocks", "law-steps", "law-nothing-lost"})
    assert "[" in findings(found)["law-new-blocks"]["evidence"][0]


def test_junit_and_tap_are_accepted_by_their_parsers(demo):
    suites = ET.fromstring(run_command(*CHECK, *QUICK, "-o", "junit", cluster=demo).stdout)
    assert (suites.attrib["failures"], len(suites[0])) == ("0", int(suites.attrib["tests"]))
    tap = run_command(*CHECK, *QUICK, "-o", "tap", cluster=demo).stdout.splitlines()
    assert tap[1] == f"1..{len(tap) - 2}"
    assert all(line.startswith("ok ") for line in tap[2:])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case_explains_itself(case):
    from kubectl_cbt.cli.explain_check import explanation_of

    text = explanation_of(case.id)
    assert text.startswith(f"{case.id} ({case.level}")
    assert "What it checks\n" in text
    assert "Why it matters\n" in text
    for words in (case.procedure, case.rationale, case.usual_bug):
        assert "  " not in words
        assert words == words.strip()


def test_the_list_names_every_case_and_patterns_choose(demo):
    listed = run_command("check", "--list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [case.id for case in CASES]
    some = run_command("check", "--list", "--only", "law-*", "--skip", "*-steps").stdout
    assert [line.split()[0] for line in some.splitlines()] == ["law-new-blocks", "law-nothing-lost"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "check needs one snapshot, or two"),
        (("a", "--only", "nothing-like-it"), "--only and --skip leave no case"),
        (("--explain", "resume-unalined"), "did you mean resume-unaligned"),
        (("a", "--csi-endpoint", "unix:///x", "--demo"), "--csi-endpoint queries a driver, not a cluster"),
        (("a", "--secrets-file", "x"), "--secrets-file requires --csi-endpoint"),
        (("snap-a", "snap-b", "--demo", "--third", "pg-mon"), "is not another usable snapshot of the volume"),
    ],
)
def test_usage_errors_are_reported(arguments, said):
    found = run_command("check", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr


def test_a_driver_that_hangs_is_cut_off_and_the_rest_is_checked(own_demo):
    own_demo.services[PAGES_DRIVER].plugin.faults = parse_faults(["hang"])
    found = run_command(
        *CHECK, "--deadline", "1s", "--only", "answers", "--only", "*-base", "-o", "json", cluster=own_demo
    )
    assert found.returncode == 1
    assert findings(found)["answers"]["verdict"] == "fail"
    assert "1 message, VARIABLE_LENGTH, then nothing for" in findings(found)["answers"]["evidence"][0]
    assert findings(found)["unknown-base"]["verdict"] == "pass"


@pytest.mark.parametrize("form", ["table", "json", "junit", "tap"])
def test_ctrl_c_prints_what_is_known(own_demo, form):
    own_demo.services[PAGES_DRIVER].plugin.faults = parse_faults(["slow=50"])
    arguments = [*CHECK, "-o", form, "--skip", "rule-*"]
    with warm_command().open(arguments, command_environment(own_demo)) as process:
        service = own_demo.services[PAGES_DRIVER]
        wait_for(lambda: len(service.requests) >= 8, "eight requests", process)
        process.send_signal(signal.SIGINT)
        out = process.communicate(60)[0].decode()
    assert process.returncode == 130
    said = {
        "table": "not everything was checked",
        "json": '"complete": false',
        "junit": "</testsuites>",
        "tap": "Bail out!",
    }
    assert said[form] in out
    assert "answers" in out


# A driver's socket.


@pytest.fixture
def handles(demo) -> list[str]:
    def handle(name: str) -> str:
        bound = demo.store.get("volumesnapshots", name, "default")["status"]["boundVolumeSnapshotContentName"]
        return demo.store.get("volumesnapshotcontents", bound)["status"]["snapshotHandle"]

    return [handle(name) for name in ("snap-a", "snap-b", "snap-c")]


def test_a_clean_driver_passes_everything_at_its_socket(demo, tmp_path, handles):
    with demo.csi_service(tmp_path / "csi.sock") as service:
        socket = ("--csi-endpoint", service.endpoint)
        found = run_command("check", handles[0], handles[1], "--third", handles[2], *socket, "-o", "json", "--hostile")
    assert (found.returncode, failed(found)) == (0, set()), found.stdout
    assert json.loads(found.stdout)["about"]["driver"].startswith(PAGES_DRIVER)
    assert findings(found)["bad-token"]["verdict"] == "skipped"
    assert findings(found)["law-steps"]["verdict"] == "pass"


@pytest.mark.parametrize("form", ["json", "csv", "summary", "table", "ndjson", "yaml", "lister-json", "name"])
def test_a_socket_gives_what_the_cluster_gives(demo, tmp_path, handles, form):
    def body(text: str) -> str:
        return re.sub(r"\d+(\.\d+)? m?s   [\d,.]+ extents/s", "", text)

    in_cluster = run_command("delta", "snap-a", "snap-b", "-o", form, cluster=demo)
    with demo.csi_service(tmp_path / "csi.sock") as service:
        found = run_command("delta", *handles[:2], "-o", form, "--csi-endpoint", service.endpoint)
        by_variable = run_command("delta", *handles[:2], "-o", form, CSI_ENDPOINT=service.endpoint)
    assert (found.returncode, found.stderr) == (0, "")
    assert body(by_variable.stdout) == body(found.stdout)
    if form in ("csv", "table", "lister-json"):
        assert found.stdout == in_cluster.stdout
    elif form == "json":
        ours, theirs = json.loads(found.stdout), json.loads(in_cluster.stdout)
        assert ours["extents"] == theirs["extents"]
        assert (ours["snapshot"]["namespace"], ours["snapshot"]["name"]) == (None, handles[1])
        assert ours["driver"] == PAGES_DRIVER
    elif form == "name":
        assert found.stdout.split() == handles[:2]


def test_nothing_of_kubernetes_is_touched(demo, tmp_path, handles):
    resolved = []
    demo.api.on_request = lambda *request: resolved.append(request)
    try:
        with demo.csi_service(tmp_path / "csi.sock") as service:
            found = run_command("allocated", handles[0], "-o", "name", "--csi-endpoint", service.endpoint, cluster=demo)
    finally:
        demo.api.on_request = lambda *request: None
    assert (found.returncode, resolved) == (0, [])


@pytest.mark.parametrize("kind", ["mapping", "secret"])
def test_secrets_are_handed_to_the_driver_and_shown_nowhere(demo, tmp_path, handles, kind):
    path = tmp_path / "secrets.yaml"
    text = "userID: admin\nuserKey: swordfish\n"
    if kind == "secret":
        text = "kind: Secret\ndata: {userKey: c3dvcmRmaXNo}\nstringData: {userID: admin}\n"
    path.write_text(text)
    required = {"userID": "admin", "userKey": "swordfish"}
    with demo.csi_service(tmp_path / "csi.sock", required_secrets=required) as service:
        socket = ("--csi-endpoint", service.endpoint)
        refused = run_command("allocated", handles[0], "-o", "csv", *socket)
        found = run_command("allocated", handles[0], "-o", "csv", *socket, "--secrets-file", str(path), "-v", "9")
    assert (refused.returncode, found.returncode) == (1, 0)
    assert "swordfish" not in found.stdout + found.stderr


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("unix:///nowhere/csi.sock", "there is no such socket"),
        ("tcp://1.2.3.4:5", "is not a socket"),
        ("/etc/hosts", "is not a socket"),
    ],
)
def test_a_path_that_is_not_a_socket_is_reported(endpoint, said):
    found = run_command("allocated", "x", "-o", "csv", "--csi-endpoint", endpoint)
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: {b: c}\n", "{", "kind: Secret\ndata: {a: '***'}\n"])
def test_an_invalid_secrets_file_is_reported_and_not_quoted(demo, tmp_path, text):
    (tmp_path / "secrets").write_text(text)
    with demo.csi_service(tmp_path / "csi.sock") as service:
        found = run_command(
            "allocated", "x", "--csi-endpoint", service.endpoint, "--secrets-file", str(tmp_path / "secrets")
        )
    assert found.returncode == 2
    assert "--secrets-file" in found.stderr
    assert "***" not in found.stderr
