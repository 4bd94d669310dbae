"""The permissions that ``rbac`` prints: sufficient, minimal, and accepted by the real kubectl."""

import subprocess

import pytest
import yaml
from conftest import command_environment, run_command
from inside import NAMESPACE, Standin, behind_a_service, point_at
from peers import KUBECTL, needs_kubectl

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.kube.identity import API_AUDIENCE
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.model.refs import ServiceAccountRef

ADMIN = ("--context", "demo-admin")
ACCOUNT = ServiceAccountRef("shop", "kubectl-cbt")
DELTA = ("delta", "pg-mon", "pg-tue", "-n", "shop", "-o", "name")

PLURALS = {
    "ServiceAccount": "serviceaccounts",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
}


def printed(demo: DemoCluster, *flags: str) -> str:
    found = run_command("rbac", "-n", "shop", *ADMIN, *flags, cluster=demo)
    assert found.returncode == 0, found.stderr
    return found.stdout


def objects(text: str) -> list[dict]:
    return list(yaml.safe_load_all(text))


def put(demo: DemoCluster, documents: list[dict]) -> None:
    """What ``kubectl apply`` comes to."""
    for document in documents:
        demo.store.put(PLURALS[document["kind"]], document)


def remove(demo: DemoCluster, documents: list[dict]) -> None:
    for document in documents:
        metadata = document["metadata"]
        demo.store.remove(PLURALS[document["kind"]], metadata["name"], metadata.get("namespace"))


def as_account(demo: DemoCluster) -> tuple[str, ...]:
    """Flags of a workload that runs as the account."""
    return ("--token", demo.identity.issue(ACCOUNT, [API_AUDIENCE], 3600)[0], "--user", "demo-nobody")


AS_JANE = (*ADMIN, "--as", "jane", "--service-account", "kubectl-cbt")


def kubectl(demo: DemoCluster, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(KUBECTL), *ADMIN, *arguments],
        env=command_environment(demo),
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_kubectl
@pytest.mark.parametrize("flags", [(), ("--for-user",), ("--for-user", "--as", "jane", "--browse")])
def test_the_real_kubectl_applies_it_as_it_is_printed(own_demo, flags):
    behind_a_service(own_demo)
    text = printed(own_demo, *flags)
    applied = kubectl(own_demo, "apply", "-f", "-", given=text)
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout.count(" created") == len(objects(text))
    again = kubectl(own_demo, "apply", "-f", "-", given=text)
    assert again.stdout.count(" unchanged") == len(objects(text))


@needs_kubectl
def test_from_nothing_to_a_delta_in_a_pod(own_demo):
    assert run_command(*DELTA, *as_account(own_demo), cluster=own_demo).returncode == 1
    kubectl(own_demo, "apply", "-f", "-", given=printed(own_demo))
    found = run_command(*DELTA, *as_account(own_demo), cluster=own_demo)
    assert (found.returncode, found.stderr) == (0, "")


@needs_kubectl
def test_from_nothing_to_a_delta_on_a_laptop(own_demo, tmp_path):
    service = behind_a_service(own_demo)
    standin = Standin(tmp_path, int(service.address.rpartition(":")[2]))
    assert run_command(*DELTA, *AS_JANE, cluster=own_demo, **standin.environment).returncode == 1
    kubectl(own_demo, "apply", "-f", "-", given=printed(own_demo, "--for-user", "--as", "jane"))
    found = run_command(*DELTA, *AS_JANE, cluster=own_demo, **standin.environment)
    assert (found.returncode, found.stderr) == (0, "")


@needs_kubectl
def test_a_person_may_forward_ports_as_far_as_the_api_server_is_concerned(own_demo):
    """The demo has no kubelet to forward to, and reports this to permitted users."""
    behind_a_service(own_demo)
    put(own_demo, objects(printed(own_demo, "--for-user", "--as", "jane")))
    found = run_command(*DELTA, *AS_JANE, cluster=own_demo)
    assert "no kubelet" in found.stderr
    assert "forbidden" not in found.stderr


def rules_of(documents: list[dict]) -> list[tuple[int, int]]:
    """Each rule by the numbers of its role and its place there."""
    return [
        (number, place)
        for number, document in enumerate(documents)
        for place in range(len(document.get("rules") or ()))
    ]


def without_rule(documents: list[dict], rule: tuple[int, int]) -> list[dict]:
    number, place = rule
    role = documents[number]
    rest = [kept for at, kept in enumerate(role["rules"]) if at != place]
    return [*documents[:number], role | {"rules": rest}, *documents[number + 1 :]]


def test_each_rule_of_a_workload_is_needed(own_demo):
    documents = objects(printed(own_demo))
    assert len(rules_of(documents)) == 4
    for rule in rules_of(documents):
        put(own_demo, without_rule(documents, rule))
        assert run_command(*DELTA, *as_account(own_demo), cluster=own_demo).returncode == 1, rule
    put(own_demo, documents)
    assert run_command(*DELTA, *as_account(own_demo), cluster=own_demo).returncode == 0


@needs_kubectl
def test_each_rule_of_a_person_is_needed(own_demo, tmp_path):
    """But for endpointslices: who may not list them waits for kubectl to find no ready pod."""
    service = behind_a_service(own_demo)
    standin = Standin(tmp_path, int(service.address.rpartition(":")[2]))
    documents = objects(printed(own_demo, "--for-user", "--as", "jane"))
    for rule in rules_of(documents):
        put(own_demo, without_rule(documents, rule))
        (resource,) = documents[rule[0]]["rules"][rule[1]]["resources"]
        if resource in ("pods", "pods/portforward"):
            # Asked for by the real kubectl only.
            found = run_command(*DELTA, *AS_JANE, cluster=own_demo)
            assert "forbidden" in found.stderr, resource
            continue
        found = run_command(*DELTA, *AS_JANE, cluster=own_demo, **standin.environment)
        assert found.returncode == (0 if resource == "endpointslices" else 1), resource


def test_it_grants_nothing_but_reading_one_account_and_one_port(own_demo):
    behind_a_service(own_demo)
    for document in objects(printed(own_demo, "--for-user", "--as", "jane")):
        for rule in document.get("rules") or ():
            assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
            if rule["verbs"] == ["create"] and rule["resources"] == ["serviceaccounts/token"]:
                assert rule["resourceNames"] == ["kubectl-cbt"]
            elif rule["verbs"] == ["create"]:
                assert (rule["resources"], document["metadata"]["namespace"]) == (["pods/portforward"], NAMESPACE)
            else:
                assert set(rule["verbs"]) <= {"get", "list"}
        if document["kind"] == "RoleBinding":
            assert document["metadata"]["namespace"] in ("shop", NAMESPACE)


def test_granting_access_to_another_user_keeps_the_first_grant(own_demo, tmp_path):
    service = behind_a_service(own_demo)
    standin = Standin(tmp_path, int(service.address.rpartition(":")[2]))
    for person in ("jane", "joe@example.com/eu"):
        put(own_demo, objects(printed(own_demo, "--for-user", "--as", person)))
    for person in ("jane", "joe@example.com/eu"):
        flags = (*ADMIN, "--as", person, "--service-account", "kubectl-cbt")
        assert run_command(*DELTA, *flags, cluster=own_demo, **standin.environment).returncode == 0


def test_browse_grants_listing_and_nothing_less_does(own_demo):
    behind_a_service(own_demo)
    jane = (*ADMIN, "--as", "jane", "-n", "shop")
    put(own_demo, objects(printed(own_demo, "--for-user", "--as", "jane")))
    assert "cannot list" in run_command("snapshots", *jane, cluster=own_demo).stderr
    put(own_demo, objects(printed(own_demo, "--for-user", "--as", "jane", "--browse")))
    found = run_command("snapshots", *jane, "-o", "name", cluster=own_demo)
    assert (found.returncode, found.stderr) == (0, "")
    assert "pg-mon" in found.stdout


def test_a_bare_service_name_requires_listing_all_services(own_demo, tmp_path):
    service = behind_a_service(own_demo, host="csi-snapshot-metadata")
    standin = Standin(tmp_path, int(service.address.rpartition(":")[2]))
    put(own_demo, objects(printed(own_demo, "--for-user", "--as", "jane")))
    assert run_command(*DELTA, *AS_JANE, cluster=own_demo, **standin.environment).returncode == 0


def test_the_account_to_ask_as_is_named_and_can_be_chosen(own_demo):
    found = run_command("rbac", "-n", "shop", "--service-account", "backup/cbt", *ADMIN, cluster=own_demo)
    assert "--service-account backup/cbt" in found.stderr
    account, *_ = objects(found.stdout)
    assert (account["metadata"]["namespace"], account["metadata"]["name"]) == ("backup", "cbt")
    roles = {(d["metadata"].get("namespace"), d["metadata"]["name"]) for d in objects(found.stdout) if "rules" in d}
    assert roles == {("shop", "kubectl-cbt"), ("backup", "kubectl-cbt-token-cbt"), (None, "kubectl-cbt")}


def test_a_directly_reachable_service_does_not_use_a_port_forward(own_demo):
    kinds = [document["metadata"]["name"] for document in objects(printed(own_demo, "--for-user"))]
    assert not any("reach" in name for name in kinds)


def test_only_the_services_named_are_reached(own_demo):
    behind_a_service(own_demo)
    own_demo.store.get("snapshotmetadataservices", "demo-blocks.csi.k8s.io")["spec"]["address"] = "x.elsewhere.svc:1"
    text = printed(own_demo, "--for-user", "--service", PAGES_DRIVER)
    assert f"namespace: {NAMESPACE}" in text
    assert "elsewhere" not in text
    missing = run_command("rbac", "--for-user", "--service", "none", *ADMIN, cluster=own_demo)
    assert missing.returncode == 2
    assert 'snapshotmetadataservices.cbt.storage.k8s.io "none" not found' in missing.stderr


def test_a_user_who_cannot_find_the_driver_gets_the_rest_and_a_note(own_demo):
    behind_a_service(own_demo)
    found = run_command("rbac", "--for-user", "--context", "demo-nobody", "-n", "shop", cluster=own_demo)
    assert found.returncode == 0
    assert "pods/portforward" not in found.stdout
    assert "--driver-namespace" in found.stderr
    told = run_command(
        "rbac", "--for-user", "--context", "demo-nobody", "-n", "shop", "--driver-namespace", "x", cluster=own_demo
    )
    assert "pods/portforward" in told.stdout
    assert told.stderr.startswith("note: after applying it")


def test_without_a_user_nothing_is_requested_from_the_cluster(own_demo):
    own_demo.api.stop()
    assert run_command("rbac", "-n", "shop", cluster=own_demo).returncode == 0


def test_an_account_that_is_none_is_a_mistake_of_usage(own_demo):
    assert run_command("rbac", "--service-account", "a/b/c", cluster=own_demo).returncode == 2


def test_a_person_that_is_a_service_account_is_bound_as_one(own_demo):
    point_at(own_demo, own_demo.services[PAGES_DRIVER].address)
    text = printed(own_demo, "--for-user", "--as", "system:serviceaccount:ci:runner")
    subjects = [subject for document in objects(text) for subject in document.get("subjects") or ()]
    assert {"kind": "ServiceAccount", "name": "runner", "namespace": "ci"} in subjects


@pytest.mark.parametrize(
    "flags", [(), ("--browse",), ("--for-user", "--as", "jane", "--driver-namespace", "storage")], ids=" ".join
)
def test_no_cluster_is_needed_where_everything_is_given(demo, tmp_path, flags):
    alone = run_command("rbac", "-n", "default", *flags, HOME=str(tmp_path))
    assert alone.returncode == 0, alone.stderr
    # The namespace of the context requires a kubeconfig.
    assert alone.stdout == run_command("rbac", *ADMIN, *flags, cluster=demo).stdout


def test_missing_arguments_require_a_cluster(tmp_path):
    for flags in ((), ("-n", "shop", "--for-user")):
        found = run_command("rbac", *flags, HOME=str(tmp_path))
        assert (found.returncode, found.stdout) == (1, "")
        assert "no kubeconfig found" in found.stderr
