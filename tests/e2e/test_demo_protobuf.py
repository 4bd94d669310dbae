"""Protobuf bodies as typed Go clients send them: how they are read, and the errors for invalid ones.

The bytes are made by hand from field numbers: the server's own generated messages would agree with their own mistakes.
"""

import base64
import json
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_demo_requests import RBAC, Client, needs_kubectl
from test_kubectl import kubectl

from kubectl_cbt.demo.kube.identity import SHOP_BACKUP

PROTOBUF = "application/vnd.kubernetes.protobuf"
ACCOUNTS = "/api/v1/namespaces/shop/serviceaccounts"
TOKEN = f"{ACCOUNTS}/shop-backup/token"
AUTHENTICATION, AUTHORIZATION = (f"/apis/{group}.k8s.io/v1" for group in ("authentication", "authorization"))


def field(number: int, value: "bytes | str | int") -> bytes:
    """One field; values and numbers are below 2^28 here."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def envelope(version: str, kind: str, raw: bytes, *, encoding: str = "", content_type: str = "") -> bytes:
    meta = field(1, version) + field(2, kind)
    return b"k8s\0" + field(1, meta) + field(2, raw) + field(3, encoding) + field(4, content_type)


METADATA = field(1, field(1, "") + field(3, "") + field(8, b""))
"""As client-go writes an empty one: strings that are empty, a time that is not set."""


def token_request(*audiences: str, seconds: int = 0, bound: bytes = b"") -> bytes:
    spec = b"".join(field(1, audience) for audience in audiences)
    spec += (field(3, bound) if bound else b"") + (field(4, seconds) if seconds else b"")
    return envelope("authentication.k8s.io/v1", "TokenRequest", METADATA + field(2, spec) + field(3, field(1, "")))


def access_review(kind: str, spec: bytes) -> bytes:
    return envelope("authorization.k8s.io/v1", kind, METADATA + field(2, spec) + field(3, field(1, 0)))


def resource(verb: str, plural: str, group: str = "snapshot.storage.k8s.io", namespace: str = "shop") -> bytes:
    return field(1, field(1, namespace) + field(2, verb) + field(3, group) + field(5, plural))


@pytest.fixture
def client(demo):
    return Client(demo)


def claims(answer) -> dict:
    payload = answer["status"]["token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_a_token_request_is_the_same_in_protobuf_and_json(client):
    code, answer = client.ask("POST", TOKEN, token_request("one", "two", seconds=700), media=PROTOBUF)
    spec = {"audiences": ["one", "two"], "expirationSeconds": 700, "boundObjectRef": None}
    assert (code, answer["spec"]) == (201, spec)
    code, same = client.ask("POST", TOKEN, {"spec": spec})
    assert (code, same["spec"]) == (201, spec)
    assert claims(answer)["exp"] - claims(answer)["iat"] == 700
    assert claims(answer)["aud"] == ["one", "two"]


def test_a_token_can_be_bound_to_a_pod_and_contains_it(own_demo):
    client = Client(own_demo)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mover", "namespace": "shop"}}
    uid = own_demo.store.put("pods", pod)["metadata"]["uid"]
    resolved = [
        field(1, "Pod") + field(2, "v1") + field(3, "mover") + field(4, uid),
        field(1, "Pod") + field(2, "v1") + field(3, "mover") + field(4, "another"),
        field(1, "Pod") + field(2, "v1") + field(3, "none"),
        field(1, "Secret") + field(2, "v1") + field(3, "none"),
        field(1, "Role") + field(2, "rbac.authorization.k8s.io/v1") + field(3, "none"),
    ]
    answers = [client.ask("POST", TOKEN, token_request(bound=bound), media=PROTOBUF) for bound in resolved]
    assert [code for code, _ in answers] == [201, 409, 404, 404, 400]
    assert claims(answers[0][1])["kubernetes.io"]["pod"] == {"name": "mover", "uid": uid}
    assert answers[2][1]["message"] == 'pods "none" not found'


@pytest.mark.parametrize(("seconds", "code"), [(599, 422), (600, 201), (2**32, 201), (2**32 + 1, 422), (2**62, 422)])
def test_how_long_a_token_may_live(client, seconds, code):
    assert client.ask("POST", TOKEN, token_request(seconds=seconds), media=PROTOBUF)[0] == code


def test_reviews_in_protobuf(demo, client):
    account = Client(demo, SHOP_BACKUP)
    name = "system:serviceaccount:shop:shop-backup"
    review = envelope("authentication.k8s.io/v1", "SelfSubjectReview", METADATA + field(2, field(1, field(1, ""))))
    found = account.ask("POST", f"{AUTHENTICATION}/selfsubjectreviews", review, media=PROTOBUF)[1]
    assert found["status"]["userInfo"]["username"] == name
    token = envelope("authentication.k8s.io/v1", "TokenReview", METADATA + field(2, field(1, account.token)))
    found = client.ask("POST", f"{AUTHENTICATION}/tokenreviews", token, media=PROTOBUF)[1]
    assert (found["status"]["authenticated"], found["status"]["user"]["username"]) == (True, name)
    for verb, allowed in (("list", True), ("delete", False)):
        wanted = resource(verb, "volumesnapshots")
        own = access_review("SelfSubjectAccessReview", wanted)
        other = access_review("SubjectAccessReview", wanted + field(3, name) + field(4, "system:serviceaccounts"))
        for asking, path, body in (
            (account, "selfsubjectaccessreviews", own),
            (client, "subjectaccessreviews", other),
        ):
            code, found = asking.ask("POST", f"{AUTHORIZATION}/{path}", body, media=PROTOBUF)
            assert (code, found["status"]["allowed"]) == (201, allowed)
    extra = field(5, field(1, "scopes") + field(2, field(1, "a") + field(1, "b")))
    other = access_review("SubjectAccessReview", resource("get", "volumesnapshots") + field(3, "x") + extra)
    found = client.ask("POST", f"{AUTHORIZATION}/subjectaccessreviews", other, media=PROTOBUF)[1]
    assert found["spec"]["extra"] == {"scopes": ["a", "b"]}


@pytest.mark.parametrize(("path", "allowed"), [("/version", True), ("/apis/x", True), ("/metrics", False)])
def test_a_review_of_a_path_that_is_not_a_resources(demo, path, allowed):
    body = access_review("SelfSubjectAccessReview", field(2, field(1, path) + field(2, "get")))
    answer = Client(demo, SHOP_BACKUP).ask("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", body, media=PROTOBUF)
    assert (answer[0], answer[1]["status"]["allowed"]) == (201, allowed)


@pytest.mark.parametrize("spec", [b"", resource("get", "pods") + field(2, field(1, "/version"))])
def test_a_review_of_nothing_or_of_two_things_is_rejected(client, spec):
    path = f"{AUTHORIZATION}/selfsubjectaccessreviews"
    code, answer = client.ask("POST", path, access_review("SelfSubjectAccessReview", spec), media=PROTOBUF)
    assert (code, "exactly one of" in answer["message"]) == (400, True)


def test_the_rules_of_a_review_are_what_is_allowed(own_demo):
    """Each rule of the list is reviewed, including one from the user's own binding."""
    client, account = Client(own_demo), Client(own_demo, SHOP_BACKUP)
    rule = {"apiGroups": ["g"], "resources": ["things"], "verbs": ["get", "use"], "resourceNames": ["one"]}
    client.ask("POST", f"{RBAC}/namespaces/shop/roles", {"metadata": {"name": "own"}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "shop-backup", "namespace": "shop"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "own"}
    binding = {"metadata": {"name": "own"}, "roleRef": reference, "subjects": [subject]}
    client.ask("POST", f"{RBAC}/namespaces/shop/rolebindings", binding)
    body = envelope("authorization.k8s.io/v1", "SelfSubjectRulesReview", METADATA + field(2, field(1, "shop")))
    code, answer = account.ask("POST", f"{AUTHORIZATION}/selfsubjectrulesreviews", body, media=PROTOBUF)
    assert (code, answer["status"]["incomplete"]) == (201, False)
    assert rule in answer["status"]["resourceRules"]
    for listed in answer["status"]["resourceRules"]:
        for verb in listed["verbs"]:
            for plural in listed["resources"]:
                attributes = {"verb": verb, "group": listed["apiGroups"][0], "namespace": "shop", "resource": plural}
                attributes["name"] = listed.get("resourceNames", [""])[0]
                spec = {"spec": {"resourceAttributes": attributes}}
                answer = account.ask("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", spec)[1]
                assert answer["status"]["allowed"], attributes


def test_objects_that_can_be_changed_are_created_updated_and_deleted_in_protobuf(own_demo):
    client = Client(own_demo)
    labels = field(11, field(1, "app") + field(2, "mover"))
    account = envelope("v1", "ServiceAccount", field(1, field(1, "mover") + labels + field(8, b"")) + field(4, 0))
    code, answer = client.ask("POST", ACCOUNTS, account, media=f"{PROTOBUF};stream=watch")
    assert (code, answer["metadata"]["labels"]) == (201, {"app": "mover"})
    assert answer["automountServiceAccountToken"] is False
    changed = envelope("v1", "ServiceAccount", field(1, field(1, "mover")) + field(3, field(1, "pull")))
    code, answer = client.ask("PUT", f"{ACCOUNTS}/mover", changed, media=PROTOBUF.upper())
    assert (code, answer["imagePullSecrets"]) == (200, [{"name": "pull"}])
    rule = field(1, "get") + field(1, "list") + field(2, "g") + field(3, "things")
    role = envelope("rbac.authorization.k8s.io/v1", "Role", field(1, field(1, "own")) + field(2, rule))
    answer = client.ask("POST", f"{RBAC}/namespaces/shop/roles", role, media=PROTOBUF)[1]
    assert answer["rules"] == [{"verbs": ["get", "list"], "apiGroups": ["g"], "resources": ["things"]}]
    dry = envelope("v1", "DeleteOptions", field(4, "Background") + field(5, "All"))
    for options, kept in ((dry, True), (envelope("rbac.authorization.k8s.io/v1", "DeleteOptions", b""), False)):
        assert client.ask("DELETE", f"{ACCOUNTS}/mover", options, media=PROTOBUF)[0] == 200
        assert bool(own_demo.store.get("serviceaccounts", "mover", "shop")) is kept


GOOD = token_request("one")
ROLE = envelope("rbac.authorization.k8s.io/v1", "Role", field(1, field(1, "x")))
MALFORMED = {
    "bad magic": (b"k8x\0" + GOOD[4:], 400, "does not begin as Kubernetes protobuf does"),
    "JSON that says it is protobuf": (b'{"spec": {}}', 400, "does not begin as Kubernetes protobuf does"),
    "cut envelope": (GOOD[:-3], 400, "cannot be decoded as runtime.Unknown"),
    "cut object": (envelope("authentication.k8s.io/v1", "TokenRequest", METADATA[:-1]), 400, "as TokenRequest"),
    "no UTF-8": (envelope("authentication.k8s.io/v1", "TokenRequest", field(2, field(1, b"\xff"))), 400, "as Token"),
    "another kind": (ROLE, 400, 'Role in version "v1" cannot be handled as a TokenRequest'),
    "another version": (envelope("v2", "TokenRequest", b""), 400, "the API version in the data (v2) does not match"),
    "compressed": (envelope("authentication.k8s.io/v1", "TokenRequest", b"", encoding="gzip"), 400, "encoding gzip"),
    "JSON inside": (
        envelope("authentication.k8s.io/v1", "TokenRequest", b"{}", content_type="application/json"),
        400,
        "the content type application/json",
    ),
    "unknown field": (
        envelope("authentication.k8s.io/v1", "TokenRequest", field(2, field(9, "x"))),
        400,
        "spec has no field 9",
    ),
    "unknown field of the envelope": (GOOD + field(77, 1), 400, "runtime.Unknown has no field 77"),
    "an impossible time": (
        envelope("authentication.k8s.io/v1", "TokenRequest", field(1, field(8, field(1, 2**62)))),
        400,
        "out of range",
    ),
}


@pytest.mark.parametrize(("body", "code", "said"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_gets_a_status_with_the_reason(client, body, code, said):
    found, answer = client.ask("POST", TOKEN, body, media=PROTOBUF)
    assert (found, answer["kind"], answer["reason"]) == (code, "Status", "BadRequest")
    assert said in answer["message"]


@given(st.integers(4, len(GOOD)), st.binary(max_size=6), st.integers(0, 6))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_understood_or_refused(demo, at, new, length):
    body = GOOD[:at] + new + GOOD[at + length :]
    assert Client(demo).ask("POST", TOKEN, body, media=PROTOBUF)[0] in (201, 400, 404, 422)


@pytest.mark.parametrize(
    ("method", "path", "media", "code"),
    [
        ("POST", TOKEN, "text/plain", 415),
        ("POST", TOKEN, "application/cbor", 415),
        ("PATCH", f"{ACCOUNTS}/shop-backup", PROTOBUF, 415),
        ("PATCH", f"{ACCOUNTS}/shop-backup", "application/json-patch+json", 415),
        ("POST", "/api/v1/namespaces", PROTOBUF, 405),
        ("POST", "/api/v1/namespaces/shop/configmaps", PROTOBUF, 404),
        ("POST", f"{ACCOUNTS}/shop-backup/none", PROTOBUF, 405),
    ],
)
def test_an_unsupported_media_type_has_its_own_status(client, method, path, media, code):
    found, answer = client.ask(method, path, GOOD, media=media)
    assert found == code
    if code == 415:
        assert "accepted media types include: application/" in answer["message"]


WRONG_JSON = {
    "spec is not an object": (TOKEN, {"spec": "x"}),
    "spec.audiences is not a list": (TOKEN, {"spec": {"audiences": "x"}}),
    "spec.audiences[0] is not a string": (TOKEN, {"spec": {"audiences": [1]}}),
    "spec.expirationSeconds is not an integer": (TOKEN, {"spec": {"expirationSeconds": "600"}}),
    "metadata is not an object": (ACCOUNTS, {"metadata": 5}),
    "metadata.labels[a] is not a string": (ACCOUNTS, {"metadata": {"name": "x", "labels": {"a": 1}}}),
    "rules[0] is not an object": (f"{RBAC}/clusterroles", {"metadata": {"name": "x"}, "rules": [None]}),
    "the path takes another kind": (ACCOUNTS, {"kind": "Role", "metadata": {"name": "x"}}),
}


@pytest.mark.parametrize(("said", "path", "body"), [(key, *value) for key, value in WRONG_JSON.items()], ids=WRONG_JSON)
def test_json_of_the_wrong_shape_gets_a_status_as_well(client, said, path, body):
    code, answer = client.ask("POST", path, body)
    assert (code, answer["reason"]) == (400, "BadRequest")
    assert said in answer["message"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([("Transfer-Encoding", "chunked")], 400),
        ([("Content-Length", "-1")], 400),
        ([("Content-Length", "many")], 400),
        ([("Content-Length", str(2**40))], 413),
    ],
)
def test_a_body_whose_end_is_unknown_is_rejected_at_once(client, headers, code):
    with client.connected() as connection:
        connection.putrequest("POST", TOKEN)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        with connection.getresponse() as response:
            assert (response.status, json.load(response)["kind"]) == (code, "Status")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (f"{PROTOBUF},application/json", "VolumeSnapshotList"),
        (f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io,application/json", "VolumeSnapshotList"),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "Table"),
        ("application/json, application/json;as=Table;v=v1;g=meta.k8s.io", "VolumeSnapshotList"),
        ("Application/JSON; as=Table; v=v1; g=meta.k8s.io", "Table"),
        (PROTOBUF, "VolumeSnapshotList"),
    ],
)
def test_every_answer_is_json_in_the_form_that_is_accepted_first(client, accept, kind):
    snapshots = "/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots"
    assert client.get(snapshots, ("Accept", accept))[1]["kind"] == kind


# The real kubectl, which sends all of this


@needs_kubectl
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("create token nobody -n nobody --audience a --duration 20m", "eyJ"),
        ("create token nobody -n nobody --bound-object-kind Pod --bound-object-name x", 'pods "x" not found'),
        ("create token nobody -n nobody --duration 1m", "may not specify a duration less than 10 minutes"),
        ("create token none", 'serviceaccounts "none" not found'),
        ("auth can-i list volumesnapshots", "yes"),
        ("auth can-i delete volumesnapshots", "no"),
        ("auth can-i get /version", "yes"),
        ("auth can-i get vs -n shop --as system:serviceaccount:shop:shop-backup --context demo-admin", "yes"),
        ("auth can-i --list --context demo-shop", "volumesnapshots.snapshot.storage.k8s.io"),
        ("auth whoami", "system:serviceaccount:backup:backup-app"),
        ("create namespace new --context demo-admin", "namespaces of the demo cluster are read-only"),
        ("explain volumesnapshots", "VolumeSnapshot"),
        ("create configmap new --context demo-admin", "could not find the requested resource"),
    ],
)
def test_what_kubectl_sends_in_protobuf_is_answered(demo, arguments, said):
    found = kubectl(*arguments.split(), kubeconfig=demo.kubeconfig)
    assert said in found.stdout + found.stderr
    assert "Unsupported" not in found.stderr


@needs_kubectl
def test_rights_that_kubectl_creates_count(own_demo):
    def ask(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return kubectl(*arguments, kubeconfig=own_demo.kubeconfig)

    admin = ("-n", "shop", "--context", "demo-admin")
    for command in (
        "serviceaccount mover",
        "role own --verb=get --resource=volumesnapshotcontents.snapshot.storage.k8s.io",
        "rolebinding own --role=own --serviceaccount=shop:mover",
    ):
        assert ask("create", *command.split(), *admin).returncode == 0
    user = "system:serviceaccount:shop:mover"
    can = ("auth", "can-i", "get", "volumesnapshotcontents", "-n", "shop", "--context", "demo-admin", "--as", user)
    assert "yes" in ask(*can).stdout
