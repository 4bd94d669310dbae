"""``verify --print-job``: what is printed for real snapshots, and that an API server accepts it."""

import copy
import subprocess

import pytest
import yaml
from conftest import command_environment, run_command
from peers import KUBECTL, needs_kubectl
from test_demo_requests import Client

from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags
from kubectl_cbt.cli.print_report_job import ReportJobFlags
from kubectl_cbt.cli.print_verify_job import AccessMode, VerifyJobFlags, print_verify_job
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.errors import SnapshotUnusable, UsageError
from kubectl_cbt.project import IMAGES

FLAGS = VerifyJobFlags(print_job=True, image="registry.example/kubectl-cbt:1", storage_class="demo-pages")
PLURALS = {"PersistentVolumeClaim": "persistentvolumeclaims", "ServiceAccount": "serviceaccounts", "Job": "jobs"}


@pytest.fixture
def printed(capfdbinary):
    """What is printed for snapshots of namespace shop: text of stdout and of stderr."""

    def run(
        demo: DemoCluster,
        *,
        base: str | None = "pg-mon",
        target: str = "pg-tue",
        flags: VerifyJobFlags = FLAGS,
        service: ServiceOptions = ServiceOptions(),  # noqa: B008  # immutable
    ) -> tuple[str, str]:
        cluster = ClusterFlags(kubeconfig=str(demo.kubeconfig), namespace="shop")
        print_verify_job(flags, target, base, cluster, service, TerminalFlags())
        out, err = capfdbinary.readouterr()
        return out.decode(), err.decode()

    return run


def path_of(document: dict) -> str:
    group_version, metadata = document["apiVersion"], document["metadata"]
    root = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
    namespace = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{root}{namespace}/{PLURALS.get(document['kind'], document['kind'].lower() + 's')}"


@pytest.mark.parametrize("base", ["pg-mon", None])
def test_every_object_has_only_fields_that_its_kind_has(demo, printed, base):
    text, err = printed(demo, base=base)
    assert err == ""
    documents = list(yaml.safe_load_all(text))
    assert [document["kind"] for document in documents][-2:] == ["PersistentVolumeClaim", "Job"]
    client = Client(demo)
    for document in documents:
        code, found = client.ask("POST", f"{path_of(document)}?fieldValidation=Strict&dryRun=All", document)
        assert code == 201, found
    broken = copy.deepcopy(documents[-1])
    broken["spec"]["template"]["spec"]["containers"][0]["volumeDevices"][0]["readOnly"] = True
    assert client.ask("POST", f"{path_of(broken)}?fieldValidation=Strict&dryRun=All", broken)[0] == 400


def kubectl(demo: DemoCluster, *arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(KUBECTL), "--context", "demo-admin", *arguments],
        env=command_environment(demo),
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_kubectl
def test_the_real_kubectl_applies_waits_and_deletes_with_the_printed_commands(own_demo, printed):
    text, _ = printed(own_demo)
    tried = kubectl(own_demo, "apply", "--dry-run=server", "-f", "-", given=text)
    assert (tried.returncode, tried.stdout.count("created (server dry run)")) == (0, 10), tried.stderr
    applied = kubectl(own_demo, "apply", "-f", "-", given=text)
    assert (applied.returncode, applied.stdout.count(" created")) == (0, 10), applied.stderr
    job = own_demo.store.list("jobs")[0]
    own_demo.store.put("jobs", job | {"status": {"conditions": [{"type": "Failed", "status": "True"}]}})
    commands = [line.removeprefix("#   kubectl ") for line in text.splitlines() if line.startswith("#   kubectl ")]
    wait, logs, delete = commands
    assert logs == f"logs -n shop job/{job['metadata']['name']}"
    waited = kubectl(own_demo, *wait.replace("'", "").split())
    assert (waited.returncode, waited.stdout) == (0, f"job.batch/{job['metadata']['name']} condition met\n")
    deleted = kubectl(own_demo, *delete.split())
    assert (deleted.returncode, deleted.stdout.count("deleted")) == (0, 3)
    assert own_demo.store.list("jobs") == []
    assert [claim["metadata"]["name"] for claim in own_demo.store.list("persistentvolumeclaims", "shop")] == [
        *("postgres", "uploads")
    ]


def test_the_size_is_that_of_the_snapshot(demo, printed):
    claims = [it for it in yaml.safe_load_all(printed(demo)[0]) if it["kind"] == "PersistentVolumeClaim"]
    assert [claim["spec"]["resources"]["requests"]["storage"] for claim in claims] == [str(200 * 2**30)] * 2


def test_without_a_storage_class_a_note_says_which_one_is_needed(demo, printed):
    flags = VerifyJobFlags(print_job=True, image="i", access_mode=AccessMode.READ_ONLY_MANY)
    text, err = printed(demo, flags=flags)
    assert "storageClassName" not in text
    assert text.count("accessModes: [ReadOnlyMany]") == 2
    assert err.startswith("note: without --storage-class, ")


def test_a_snapshot_without_a_size_cannot_be_restored(own_demo, printed):
    snapshot = copy.deepcopy(own_demo.store.get("volumesnapshots", "pg-tue", "shop"))
    name = snapshot["status"]["boundVolumeSnapshotContentName"]
    content = copy.deepcopy(own_demo.store.get("volumesnapshotcontents", name))
    del content["status"]["restoreSize"]
    own_demo.store.put("volumesnapshotcontents", content)
    del snapshot["status"]["restoreSize"]
    own_demo.store.put("volumesnapshots", snapshot)
    with pytest.raises(SnapshotUnusable, match="shop/pg-tue has no restoreSize") as caught:
        printed(own_demo)
    assert caught.value.hint == f"kubectl describe volumesnapshotcontent {name}"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (VerifyJobFlags(print_job=True), "--print-job requires --image: no image is published of v0.2.0.dev3"),
        (VerifyJobFlags(image="i"), "--image requires --print-job"),
        (VerifyJobFlags(storage_class="s"), "--storage-class requires --print-job"),
        (VerifyJobFlags(access_mode=AccessMode.READ_ONLY_MANY), "--access-mode requires --print-job"),
    ],
)
def test_flags_that_need_another_one_are_refused(flags, message, monkeypatch):
    monkeypatch.setattr("kubectl_cbt.system.versions.client_version", lambda: "0.2.0.dev3+g1a2b3c4d5")
    with pytest.raises(UsageError, match=f"^{message}"):
        flags.check()
    VerifyJobFlags().check()
    FLAGS.check()


def test_the_job_of_a_release_runs_the_image_of_this_release(demo, printed, monkeypatch):
    monkeypatch.setattr("kubectl_cbt.system.versions.client_version", lambda: "0.2.0")
    text, _ = printed(demo, flags=VerifyJobFlags(print_job=True, storage_class="demo-pages"))
    (container,) = list(yaml.safe_load_all(text))[-1]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{IMAGES}:0.2.0"


def test_a_job_cannot_run_as_an_account_of_another_namespace(demo, printed):
    with pytest.raises(UsageError, match="--service-account backup/backup-app is not in namespace shop"):
        printed(demo, service=ServiceOptions(service_account="backup/backup-app"))
    text, _ = printed(demo, service=ServiceOptions(service_account="shop-backup"))
    assert "serviceAccountName: shop-backup\n" in text


def test_a_socket_has_no_jobs(demo):
    service = ServiceOptions(csi_endpoint="unix:///csi.sock")
    with pytest.raises(UsageError, match="--print-job needs a cluster"):
        print_verify_job(FLAGS, "b", "a", ClusterFlags(), service, TerminalFlags())


PRINT = ("verify", "pg-mon", "pg-tue", "-n", "shop", "--print-job", "-q")


def arguments_of(demo, *flags: str) -> list[str]:
    found = run_command(*PRINT, "--image", "example", *flags, cluster=demo)
    assert (found.returncode, found.stderr) == (0, "")
    (container,) = list(yaml.safe_load_all(found.stdout))[-1]["spec"]["template"]["spec"]["containers"]
    return container["args"]


def test_flags_with_a_meaning_in_the_pod_are_passed_to_it(demo):
    flags = ("--quick", "--starting-offset", "5Gi", "--max-results", "0", "--retries", "1", "--no-probe")
    service = ("--token-duration", "300h", "--max-message-size", "8Mi", "--request-timeout", "1.5s", "-o", "junit")
    assert arguments_of(demo, *flags, *service)[5:] == [
        *("--namespace=shop", "--request-timeout=1.5s", "--token-duration=1080000s", "--max-message-size=8388608"),
        *("--quick", "--starting-offset=5368709120", "--max-results=0", "--retries=1", "--no-probe", "--output=junit"),
    ]
    assert arguments_of(demo)[5:] == ["--namespace=shop", "--output=json"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--from", "x.json"), "--print-job needs one snapshot, or two (BASE TARGET), without --from and --map"),
        (("--map",), "--print-job needs one snapshot, or two (BASE TARGET), without --from and --map"),
        (("--device", "x"), "--target-device cannot be used with --print-job: it has no meaning in a pod"),
        (("--base-device", "x"), "--base-device cannot be used with --print-job"),
        (("--kind", "delta"), "--kind cannot be used with --print-job"),
        (("--palette", "gray"), "--palette cannot be used with --print-job"),
        (("--record", "x.cbtrec"), "--record cannot be used with --print-job"),
        (("--token-file", "x"), "--token-file cannot be used with --print-job"),
        (("--connect", "direct"), "--connect cannot be used with --print-job"),
        (("--address", "a:1"), "--address cannot be used with --print-job"),
        (("--demo", "--fault", "lost-write"), "--fault cannot be used with --print-job"),
    ],
)
def test_flags_without_a_meaning_in_the_pod_are_refused(demo, flags, message):
    found = run_command(*PRINT, "--image", "example", *flags, cluster=demo)
    assert (found.returncode, found.stdout) == (2, "")
    assert f"error: {message}" in found.stderr


@pytest.mark.parametrize(
    "image",
    ["", " ", "bad image", "example ", "Ex/kubectl-cbt", "r.example/Kubectl-Cbt:1", "a:", "a@sha256:1", "a//b", "/a"],
)
def test_what_is_not_the_name_of_an_image_is_a_usage_error(image):
    with pytest.raises(UsageError, match="is not the name of an image"):
        VerifyJobFlags(print_job=True, image=image).check()
    with pytest.raises(UsageError, match="is not the name of an image"):
        ReportJobFlags(print_job=True, image=image).check()


@pytest.mark.parametrize(
    "image",
    [
        *("example", "example:V1", "a/b__c/d-e.f", "localhost/x", "localhost:5000/x", "registry:5000/x:1"),
        *("R.Example/x/y", "[::1]:5000/x", f"r.example/x:1@sha256:{'0a' * 32}"),
    ],
)
def test_names_of_images(image):
    VerifyJobFlags(print_job=True, image=image).check()


@pytest.mark.parametrize("snapshots", [("pg-mon", "pg-tue"), ("pg-tue",)])
def test_the_command_of_the_job_is_one_that_verify_understands(demo, snapshots):
    """The command prints the Job, and the Job's own command gets as far as the devices of its pod."""
    arguments = ("verify", *snapshots, "-n", "shop", "--print-job", "--image", "example", "-q")
    printed = run_command(*arguments, cluster=demo)
    assert printed.returncode == 0
    job = list(yaml.safe_load_all(printed.stdout))[-1]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    found = run_command(*container["args"], cluster=demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert "error: /dev/target cannot be opened: No such file or directory" in found.stderr
