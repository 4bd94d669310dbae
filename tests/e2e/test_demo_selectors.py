"""Label and field selectors of the demo API server."""

import pytest
from peers import needs_kubectl
from test_demo_requests import SNAPSHOTS, Client
from test_demo_types import SERVICE
from test_kubectl import kubectl

from kubectl_cbt.demo.demo_cluster import DemoCluster

NAMES = {
    "red": {"color": "red", "tier": "one"},
    "blue": {"color": "blue"},
    "plain": {},
    "empty": {"color": ""},
}


@pytest.fixture(scope="module")
def labelled():
    with DemoCluster() as demo:
        for name, labels in NAMES.items():
            metadata = {"name": name, "namespace": "nobody", "labels": labels}
            demo.store.put("persistentvolumeclaims", {"apiVersion": "v1", "metadata": metadata})
        yield Client(demo)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("color=red", {"red"}),
        ("color==red", {"red"}),
        (" color = red ", {"red"}),
        ("color=", {"empty"}),
        ("color!=red", {"blue", "plain", "empty"}),
        ("color in (red,blue)", {"red", "blue"}),
        ("color in ( red , blue )", {"red", "blue"}),
        ("color in (red,)", {"red", "empty"}),
        ("color notin (red,blue)", {"plain", "empty"}),
        ("color", {"red", "blue", "empty"}),
        ("!color", {"plain"}),
        ("! color", {"plain"}),
        ("color,tier", {"red"}),
        ("color in (red,blue),!tier", {"blue"}),
        ("color!=blue,tier=one", {"red"}),
        ("color=red,color=blue", set()),
        ("example.com/color=red", set()),
        ("", set(NAMES)),
    ],
)
def test_labels_select(labelled, selector, names):
    path = f"/api/v1/namespaces/nobody/persistentvolumeclaims?labelSelector={selector.replace('!', '%21')}"
    assert set(labelled.names(path)) == names


@pytest.mark.parametrize("selector", ["color in", "color in red", "!color=red", "a=b,", "=red", "a b", "a=(b)", ",a"])
def test_a_label_selector_that_is_none_is_a_bad_request(labelled, selector):
    code, found = labelled.get(f"{SNAPSHOTS}?labelSelector={selector}")
    assert (code, found["reason"]) == (400, "BadRequest")
    assert found["message"].startswith("unable to parse requirement: found '")


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("metadata.name=snap-a", ["snap-a"]),
        ("metadata.name==snap-a,metadata.namespace=default", ["snap-a"]),
        ("metadata.name!=snap-a,metadata.name!=snap-b", ["snap-c", "snap-d"]),
        ("metadata.namespace!=default", []),
    ],
)
def test_fields_select(demo, selector, names):
    assert Client(demo).names(f"{SNAPSHOTS}?fieldSelector={selector}") == names


def test_services_are_found_by_their_address(own_demo):
    own_demo.store.put("services", SERVICE)
    headless = {
        "apiVersion": "v1",
        "metadata": {"name": "headless", "namespace": "shop"},
        "spec": {"clusterIP": "None"},
    }
    own_demo.store.put("services", headless)
    client = Client(own_demo)
    assert client.names("/api/v1/services?fieldSelector=spec.clusterIP=10.96.0.7") == [SERVICE["metadata"]["name"]]
    assert client.names("/api/v1/services?fieldSelector=spec.clusterIP!=10.96.0.7") == ["headless"]


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("spec.foo=bar", "field label not supported: spec.foo"),
        ("spec.clusterIP=10.96.0.7", "field label not supported: spec.clusterIP"),
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
    ],
)
@pytest.mark.parametrize("watch", ["", "&watch=true"])
def test_a_field_that_nothing_is_selected_by_is_a_bad_request(demo, selector, said, watch):
    code, found = Client(demo).get(f"{SNAPSHOTS}?fieldSelector={selector}{watch}")
    assert (code, found["reason"], found["message"]) == (400, "BadRequest", said)


@needs_kubectl
@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("vs", "-A", "-l", "app=data"), ["snap-a", "snap-b", "snap-c", "snap-d"]),
        (
            ("vs", "-A", "-l", "app in (uploads),app!=postgres"),
            ["uploads-w1", "uploads-w2", "uploads-w3", "uploads-w4"],
        ),
        (("pvc", "-A", "-l", "app in (postgres,uploads)"), ["postgres", "uploads"]),
        (("vs", "-n", "shop", "-l", "!app"), []),
        (("vs", "-A", "-l", "app", "--field-selector", "metadata.name=pg-mon"), ["pg-mon"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_kubectl_selects(demo, arguments, names):
    found = kubectl("get", *arguments, "-o", "name", kubeconfig=demo.kubeconfig)
    assert [line.partition("/")[2] for line in found.stdout.split()] == names


@needs_kubectl
def test_kubectl_hands_the_complaint_on(demo):
    found = kubectl("get", "vs", "--field-selector", "spec.foo=bar", kubeconfig=demo.kubeconfig)
    assert found.returncode == 1
    assert found.stderr.startswith("Error from server (BadRequest)")
    assert found.stderr.endswith("field label not supported: spec.foo\n")
