"""What can be changed in a demo cluster, and that it counts at once: ServiceAccounts, Roles, bindings."""

import subprocess

import pytest
from conftest import DELTA, command_environment, run_command
from peers import KUBECTL, needs_kubectl
from test_demo_requests import RBAC, SNAPSHOTS, Client

from kubectl_cbt.demo.kube.identity import API_AUDIENCE, Request
from kubectl_cbt.model.refs import ServiceAccountRef

ACCOUNTS = "/api/v1/namespaces/shop/serviceaccounts"
ROLES = f"{RBAC}/namespaces/shop/roles"
BACKER = ServiceAccountRef("shop", "backer")
USER = "system:serviceaccount:shop:backer"
MANIFEST = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: backer, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: backer, namespace: shop}
rules:
- {apiGroups: [snapshot.storage.k8s.io], resources: [volumesnapshots], verbs: [get, list]}
- {apiGroups: [''], resources: [serviceaccounts/token], resourceNames: [backer], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: backer, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: backer}
subjects: [{kind: ServiceAccount, name: backer, namespace: shop}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: backer}
rules:
- {apiGroups: [snapshot.storage.k8s.io], resources: [volumesnapshotcontents], verbs: [get]}
- {apiGroups: [cbt.storage.k8s.io], resources: [snapshotmetadataservices], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: backer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: backer}
subjects: [{kind: ServiceAccount, name: backer, namespace: shop}]
"""
ROLE = {"metadata": {"name": "own"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}


def feed(demo, *arguments: str, text: str = MANIFEST, context: str = "demo-admin"):
    """kubectl with a manifest on stdin."""
    command = [str(KUBECTL), *arguments, "-f", "-", "--context", context]
    environment = command_environment(demo)
    return subprocess.run(command, env=environment, input=text, capture_output=True, text=True, timeout=60, check=False)


@needs_kubectl
def test_kubectl_applies_with_validation_and_deletes(own_demo):
    done = [line.rpartition(" ")[2] for line in feed(own_demo, "apply").stdout.splitlines()]
    assert done == ["created"] * 5
    assert [line.rpartition(" ")[2] for line in feed(own_demo, "apply").stdout.splitlines()] == ["unchanged"] * 5
    changed = feed(own_demo, "apply", text=MANIFEST.replace("[get, list]", "[get]"))
    assert (changed.returncode, changed.stderr) == (0, "")
    assert "role.rbac.authorization.k8s.io/backer configured" in changed.stdout
    assert own_demo.store.get("roles", "backer", "shop")["rules"][0]["verbs"] == ["get"]
    found = feed(own_demo, "delete")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.count("deleted") == 5
    assert own_demo.store.list("roles") == []
    assert own_demo.store.get("serviceaccounts", "backer", "shop") is None
    assert feed(own_demo, "delete").stderr.count("Error from server (NotFound)") == 5


@needs_kubectl
def test_kubectl_creates_replaces_and_applies_on_the_servers_side(own_demo):
    assert feed(own_demo, "create").returncode == 0
    again = feed(own_demo, "create")
    assert again.returncode == 1
    assert again.stderr.count("Error from server (AlreadyExists)") == 5
    assert feed(own_demo, "replace", text=MANIFEST.replace("[get, list]", "[list]")).stdout.count("replaced") == 5
    assert own_demo.store.get("roles", "backer", "shop")["rules"][0]["verbs"] == ["list"]
    assert feed(own_demo, "apply", "--server-side", "--force-conflicts").stdout.count("serverside-applied") == 5
    assert own_demo.store.get("roles", "backer", "shop")["rules"][0]["verbs"] == ["get", "list"]


@needs_kubectl
def test_a_dry_run_stores_nothing(own_demo):
    assert feed(own_demo, "apply", "--dry-run=server").stdout.count("created (server dry run)") == 5
    assert own_demo.store.list("roles") == []
    assert feed(own_demo, "apply").returncode == 0
    deleted = feed(own_demo, "delete", "--dry-run=server").stdout.splitlines()
    # Some releases print the namespace.
    assert len([line for line in deleted if " deleted" in line and line.endswith("(server dry run)")]) == 5
    assert len(own_demo.store.list("roles")) == 1


@needs_kubectl
def test_a_typing_error_in_a_role_is_found(own_demo):
    found = feed(own_demo, "apply", text=MANIFEST.replace("verbs: [get, list]", "verb: [get, list]"))
    assert found.returncode == 1
    assert 'Role in version "v1" cannot be handled as a Role: strict decoding error' in found.stderr
    assert 'unknown field "rules[0].verb"' in found.stderr
    assert own_demo.store.list("roles") == []


@needs_kubectl
def test_apply_requires_permission(own_demo):
    found = feed(own_demo, "apply", context="demo")
    assert found.returncode == 1
    assert "cannot create resource" in found.stderr
    assert own_demo.store.list("rolebindings") == []


@needs_kubectl
def test_an_account_made_by_kubectl_can_ask_for_a_delta_with_its_own_token(own_demo):
    arguments = ("delta", "pg-mon", "pg-tue", "-n", "shop", "-o", "name", "--context", "demo-admin")
    service_account = {"KUBECTL_CBT_SERVICE_ACCOUNT": "shop/backer"}
    assert "does not exist" in run_command(*arguments, cluster=own_demo, **service_account).stderr
    manifest = MANIFEST.replace("[get, list]", "[list]")
    assert feed(own_demo, "apply", text=manifest).returncode == 0
    assert "may not get volumesnapshots" in run_command(*arguments, cluster=own_demo, **service_account).stderr
    assert feed(own_demo, "apply").returncode == 0
    found = run_command(*arguments, cluster=own_demo, **service_account)
    assert (found.returncode, found.stderr) == (0, "")


def test_a_new_account_has_tokens_at_once_and_what_is_bound_to_it(own_demo):
    admin = Client(own_demo)
    code, made = admin.ask("POST", ACCOUNTS, {"metadata": {"name": "backer"}})
    assert (code, made["kind"], made["metadata"]["namespace"]) == (201, "ServiceAccount", "shop")
    body = {"spec": {"audiences": [API_AUDIENCE], "expirationSeconds": 600}}
    code, token = admin.ask("POST", f"{ACCOUNTS}/backer/token", body)
    assert (code, token["metadata"]["uid"]) == (201, made["metadata"]["uid"])
    backer = Client(own_demo, BACKER)
    backer.token = token["status"]["token"]
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    assert backer.ask("POST", path, {})[1]["status"]["userInfo"]["uid"] == made["metadata"]["uid"]
    assert backer.get(SNAPSHOTS)[0] == 403
    subject = {"kind": "ServiceAccount", "name": "backer", "namespace": "shop"}
    grant(own_demo, {"apiGroups": ["*"], "resources": ["volumesnapshots"], "verbs": ["list"]}, subject)
    assert backer.get(SNAPSHOTS)[0] == 200


def test_a_role_is_created_read_updated_patched_and_deleted(own_demo):
    client, path = Client(own_demo), f"{ROLES}/own"
    code, made = client.ask("POST", ROLES, ROLE)
    assert (code, made["kind"], made["apiVersion"]) == (201, "Role", "rbac.authorization.k8s.io/v1")
    code, changed = client.ask("PUT", path, made | {"rules": []})
    assert (code, changed["rules"]) == (200, [])
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]
    patch = {"metadata": {"labels": {"a": "b"}}, "rules": ROLE["rules"]}
    for media in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
        code, changed = client.ask("PATCH", path, patch, media=media)
        assert (code, changed["metadata"]["labels"], changed["rules"]) == (200, {"a": "b"}, ROLE["rules"])
    code, changed = client.ask(
        "PATCH", path, {"metadata": {"labels": {"a": None}}}, media="application/merge-patch+json"
    )
    assert (code, changed["metadata"]["labels"]) == (200, {})
    code, gone = client.ask("DELETE", path)
    assert (code, gone["status"], gone["details"]["uid"]) == (200, "Success", made["metadata"]["uid"])
    assert client.get(path)[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "said"),
    [
        ("POST", ROLES, ROLE, 409, 'roles.rbac.authorization.k8s.io "own" already exists'),
        ("POST", ROLES, {}, 422, 'Role.rbac.authorization.k8s.io "" is invalid: metadata.name: Required value'),
        ("POST", ROLES.replace("shop", "nowhere"), ROLE, 404, 'namespaces "nowhere" not found'),
        ("POST", ROLES, {"metadata": {"name": "own", "namespace": "backup"}}, 400, "does not match the namespace"),
        ("POST", f"{RBAC}/roles", ROLE, 405, "does not allow this method"),
        ("PUT", f"{ROLES}/other", ROLE, 404, 'roles.rbac.authorization.k8s.io "other" not found'),
        ("PUT", f"{ROLES}/own", {"metadata": {"name": "other"}}, 400, "does not match the name on the URL"),
        ("PUT", f"{ROLES}/own", {"metadata": {"name": "own", "resourceVersion": "1"}}, 409, "has been modified"),
        ("DELETE", f"{ROLES}/other", None, 404, 'roles.rbac.authorization.k8s.io "other" not found'),
        ("DELETE", ROLES, None, 405, "does not allow this method"),
        ("POST", SNAPSHOTS, {}, 405, "volumesnapshots of the demo cluster are read-only"),
        ("PATCH", f"{SNAPSHOTS}/snap-a", {}, 405, "does not allow this method"),
    ],
)
def test_unsupported_requests_are_worded_as_in_a_real_server(own_demo, method, path, body, code, said):
    client = Client(own_demo)
    assert client.ask("POST", ROLES, ROLE)[0] == 201
    answered, found = client.ask(method, path, body)
    assert (answered, found["code"]) == (code, code)
    assert said in found["message"]


# RBAC


def grant(demo, rule, subject, namespace=None, kind="ClusterRole"):
    """Bind a rule to a subject; in a namespace or everywhere."""
    where = {"namespace": namespace} if namespace else {}
    plural = "clusterroles" if kind == "ClusterRole" else "roles"
    demo.store.put(plural, {"metadata": {"name": "role"} | (where if kind == "Role" else {}), "rules": [rule]})
    binding = {"metadata": {"name": "b", **where}, "roleRef": {"kind": kind, "name": "role"}, "subjects": [subject]}
    demo.store.put("rolebindings" if namespace else "clusterrolebindings", binding)


def rule(verbs="get", group="g", resources="things", **more):
    return {"verbs": [verbs], "apiGroups": [group], "resources": [resources], **more}


@pytest.mark.parametrize(
    ("rule", "request_", "allowed"),
    [
        (rule(), Request("get", "g", "things"), True),
        (rule(), Request("list", "g", "things"), False),
        (rule(), Request("get", "h", "things"), False),
        (rule(), Request("get", "g", "others"), False),
        (rule("*", "*", "*"), Request("frobnicate", "h", "others/part"), True),
        (rule(), Request("get", "g", "things/part"), False),
        (rule(resources="things/part"), Request("get", "g", "things/part"), True),
        (rule(resources="things/part"), Request("get", "g", "things"), False),
        (rule(resources="*/part"), Request("get", "g", "things/part"), True),
        (rule(resources="*/part"), Request("get", "g", "things/other"), False),
        (rule(resourceNames=["a"]), Request("get", "g", "things", None, "a"), True),
        (rule(resourceNames=["a"]), Request("get", "g", "things", None, "b"), False),
        (rule(resourceNames=["a"]), Request("get", "g", "things"), False),
        (rule(resourceNames=[]), Request("get", "g", "things", "shop", "b"), True),
        ({}, Request("get", "g", "things"), False),
    ],
)
def test_a_rule_allows_what_it_lists(own_demo, rule, request_, allowed):
    grant(own_demo, rule, {"kind": "User", "name": "jane"})
    assert own_demo.identity.allows("jane", request_) is allowed
    assert not own_demo.identity.allows("joe", request_)


@pytest.mark.parametrize(
    ("subject", "user", "groups", "bound"),
    [
        ({"kind": "User", "name": "jane"}, "jane", None, True),
        ({"kind": "Group", "name": "jane"}, "jane", None, False),
        ({"kind": "Group", "name": "readers"}, "jane", ("readers",), True),
        ({"kind": "Group", "name": "readers"}, "jane", None, False),
        ({"kind": "Group", "name": "system:authenticated"}, "jane", None, True),
        ({"kind": "Group", "name": "system:serviceaccounts:shop"}, USER, None, True),
        ({"kind": "Group", "name": "system:serviceaccounts:backup"}, USER, None, False),
        ({"kind": "Group", "name": "system:serviceaccounts"}, USER, None, True),
        ({"kind": "ServiceAccount", "name": "backer", "namespace": "shop"}, USER, None, True),
        ({"kind": "ServiceAccount", "name": "backer", "namespace": "backup"}, USER, None, False),
        ({"kind": "User", "name": USER}, USER, None, True),
    ],
)
def test_a_subject_is_whom_it_names(own_demo, subject, user, groups, bound):
    grant(own_demo, rule(), subject)
    assert own_demo.identity.allows(user, Request("get", "g", "things"), groups) is bound


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_a_role_binding_grants_in_its_namespace_only(own_demo, kind):
    grant(own_demo, rule(), {"kind": "User", "name": "jane"}, "shop", kind)
    allowed = {where: own_demo.identity.allows("jane", Request("get", "g", "things", where)) for where in ("shop", "x")}
    assert allowed == {"shop": True, "x": False}
    assert not own_demo.identity.allows("jane", Request("get", "g", "things"))


def test_a_binding_without_a_role_or_subject_grants_nothing(own_demo):
    for binding in ({"roleRef": {"kind": "Role", "name": "none"}}, {}, {"subjects": None}):
        own_demo.store.put("clusterrolebindings", {"metadata": {"name": "b"}, **binding})
        assert not own_demo.identity.allows("jane", Request("get", "g", "things"))


def test_reviews_know_of_grants_and_groups(own_demo):
    grant(own_demo, rule(), {"kind": "Group", "name": "readers"})
    wanted = {"verb": "get", "group": "g", "resource": "things", "namespace": "shop"}
    path = "/apis/authorization.k8s.io/v1/{}subjectaccessreviews"

    def allowed(path: str, spec, *headers: tuple[str, str]) -> bool:
        body = {"spec": {"resourceAttributes": wanted, **spec}}
        return Client(own_demo).ask("POST", path, body, *headers)[1]["status"]["allowed"]

    assert allowed(path.format(""), {"user": "jane", "groups": ["readers"]})
    assert not allowed(path.format(""), {"user": "jane"})
    jane = ("Impersonate-User", "jane")
    assert allowed(path.format("self"), {}, jane, ("Impersonate-Group", "readers"))
    assert not allowed(path.format("self"), {}, jane)


def test_the_built_in_accounts_keep_their_rights(run):
    assert run(*DELTA, "-o", "name").returncode == 0
    assert run("delta", "pg-mon", "pg-tue", "--context", "demo-shop", "-o", "name").returncode == 0
    assert run(*DELTA, "--context", "demo-nobody").returncode == 1
