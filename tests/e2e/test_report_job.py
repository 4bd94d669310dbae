"""``report --print-job``: that an API server accepts it, and that its pods' command makes a part of the report."""

import copy
import subprocess

import pytest
import yaml
from conftest import COMMAND, command_environment, run_command
from peers import KUBECTL, needs_kubectl
from test_demo_requests import Client
from test_printed_job import path_of

from kubectl_cbt.cli.print_report_job import ReportJobFlags, print_report_job
from kubectl_cbt.cli.report_flags import ReportFlags
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.project import IMAGES

PRINT = ("report", "-A", "-n", "shop", "--print-job", "--image", "registry.example/kubectl-cbt:1", "--shards", "3")
VARIANTS = [(), ("--claim", "parts"), ("--schedule", "0 5 * * *"), ("--schedule", "@daily", "--claim", "parts")]


def documents_of(demo, *more: str) -> list[dict]:
    found = run_command(*PRINT, *more, cluster=demo)
    assert (found.returncode, found.stderr) == (0, "")
    return list(yaml.safe_load_all(found.stdout))


def job_spec(document: dict) -> dict:
    return document["spec"]["jobTemplate"]["spec"] if document["kind"] == "CronJob" else document["spec"]


@pytest.mark.parametrize("more", VARIANTS)
def test_every_object_has_only_fields_that_its_kind_has(demo, more):
    documents = documents_of(demo, *more)
    client = Client(demo)
    for document in documents:
        code, found = client.ask("POST", f"{path_of(document)}?fieldValidation=Strict&dryRun=All", document)
        assert code == 201, found
    broken = copy.deepcopy(documents[-1])
    job_spec(broken)["podFailurePolicy"]["rules"][0]["exitCodes"] = []
    assert client.ask("POST", f"{path_of(broken)}?fieldValidation=Strict&dryRun=All", broken)[0] == 400


@needs_kubectl
@pytest.mark.parametrize("more", VARIANTS)
def test_the_real_kubectl_applies_it(demo, more):
    found = run_command(*PRINT, *more, cluster=demo)
    command = [str(KUBECTL), "--context", "demo-admin", "apply", "--dry-run=server", "-f", "-"]
    tried = subprocess.run(
        command,
        env=command_environment(demo),
        input=found.stdout,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    created = tried.stdout.count("created (server dry run)")
    assert (tried.returncode, created) == (0, len(list(yaml.safe_load_all(found.stdout)))), tried.stderr


@pytest.mark.parametrize("more", VARIANTS)
def test_a_job_retries_an_index_unless_its_command_line_is_wrong(demo, more):
    spec = job_spec(documents_of(demo, *more)[-1])
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 3, 3)
    assert (spec["backoffLimitPerIndex"], spec["template"]["spec"]["restartPolicy"]) == (2, "Never")
    ignored, failed = spec["podFailurePolicy"]["rules"]
    assert (ignored["action"], ignored["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
    (container,) = spec["template"]["spec"]["containers"]
    assert (failed["action"], failed["onExitCodes"]["values"]) == ("FailIndex", [2])
    assert failed["onExitCodes"]["containerName"] == container["name"]


@pytest.mark.parametrize("more", VARIANTS)
def test_the_pods_are_accepted_where_pods_are_restricted(demo, more):
    """Pod Security Standards, profile restricted."""
    pod = job_spec(documents_of(demo, *more)[-1])["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]) == {"requests", "limits"}


def test_the_account_may_only_read_what_a_report_reads(demo):
    rules = [rule for it in documents_of(demo) if it["kind"] == "ClusterRole" for rule in it["rules"]]
    assert {(rule["resources"][0], *rule["verbs"]) for rule in rules} == {
        ("volumesnapshots", "get", "list"),
        ("persistentvolumeclaims", "list"),
        ("volumesnapshotcontents", "get", "list"),
        ("snapshotmetadataservices", "get", "list"),
    }
    one = run_command(*(it for it in PRINT if it != "-A"), cluster=demo)
    roles = {it["metadata"]["name"]: it["kind"] for it in yaml.safe_load_all(one.stdout) if "rules" in it}
    assert roles["kubectl-cbt-report-volumes"] == "Role"
    assert "--namespace=shop" in one.stdout


def test_the_command_of_the_pods_makes_the_parts_of_the_report(demo):
    flags = ("--no-streams", "--chunk", "4Mi", "--rate", "500MB/s", "--max-time", "10m")
    (container,) = job_spec(documents_of(demo, *flags)[-1])["template"]["spec"]["containers"]
    parts = b""
    for index in range(3):
        environment = command_environment(demo) | {"JOB_COMPLETION_INDEX": str(index), "KUBECTL_CBT_RUN": "uid"}
        command = [str(COMMAND), *container["args"]]
        parts += subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60).stdout
    merged = subprocess.run(
        [str(COMMAND), "report", "--merge", "-", "-o", "csv"], input=parts, capture_output=True, check=False, timeout=60
    )
    whole = run_command("report", "-A", "--no-streams", "-o", "csv", cluster=demo)
    assert merged.returncode == 0
    columns = [[line.split(",")[:6] for line in text.splitlines()] for text in (merged.stdout.decode(), whole.stdout)]
    assert columns[0] == columns[1]


def test_the_job_of_a_release_runs_the_image_of_this_release(capfdbinary, monkeypatch):
    monkeypatch.setattr("kubectl_cbt.system.versions.client_version", lambda: "0.2.0")
    print_report_job(ReportJobFlags(print_job=True), 3, ReportFlags(), "shop", ServiceOptions())
    documents = list(yaml.safe_load_all(capfdbinary.readouterr().out))
    (container,) = job_spec(documents[-1])["template"]["spec"]["containers"]
    assert container["image"] == f"{IMAGES}:0.2.0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--print-job",), "--print-job requires --image: no image is published of v"),
        (("--image", "i"), "--image requires --print-job"),
        (("--claim", "c"), "--claim requires --print-job"),
        (("--print-job", "--image", "i"), "--print-job requires --shards"),
        (("--print-job", "--image", "i", "--shards", "2", "--fail-on", "no-cbt"), "cannot be used in a Job"),
        (("--print-job", "--image", "i", "--shard", "0/2"), "--shard, --now and --part-folder are for the pods"),
    ],
)
def test_usage(demo, arguments, message):
    found = run_command("report", "-A", *arguments, cluster=demo)
    assert (found.returncode, found.stdout) == (2, "")
    assert message in " ".join(found.stderr.split())


def test_flags_for_the_service_and_the_account_are_those_of_the_pods(demo):
    flags = ("--service", "other", "--token-duration", "20m", "--max-time", "300h", "--service-account", "reporter")
    pod = job_spec(documents_of(demo, *flags)[-1])["template"]["spec"]
    assert {"--service=other", "--token-duration=1200s", "--max-time=1080000s"} <= set(pod["containers"][0]["args"])
    assert pod["serviceAccountName"] == "reporter"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--merge",), "--print-job has neither --merge nor -o"),
        (("-o", "json"), "--print-job has neither --merge nor -o"),
        (("--connect", "direct"), "--connect cannot be used with --print-job: it has no meaning in a pod"),
        (("--token-file", "x"), "--token-file cannot be used with --print-job"),
        (("--csi-endpoint", "unix:///x"), "--print-job needs a cluster: remove --csi-endpoint"),
        (("--service-account", "a/b"), "--service-account a/b is not in namespace shop"),
    ],
)
def test_flags_without_a_meaning_in_the_pods_are_refused(demo, flags, message):
    found = run_command(*PRINT, *flags, cluster=demo)
    assert (found.returncode, found.stdout) == (2, "")
    assert f"error: {message}" in found.stderr
