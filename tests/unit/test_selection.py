"""Which order ``--sort-by`` makes: kubectl's own, compared with the real one."""

import pytest
from conftest import run_command
from kubeconfigs import kubectl
from peers import needs_kubectl

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.errors import UsageError
from kubectl_cbt.kube.list_options import ListOptions

NAMESPACE = "sorting"


def ordered(path: str, *values: object) -> list[object]:
    """Values of the field ``v``, sorted by a path; ``...`` for an object that lacks it."""
    items = [{} if value is ... else {"v": value} for value in values]
    return [item.get("v", ...) for item in ListOptions(sort_by=path).ordered(items)]


def test_without_a_path_the_order_stays():
    assert ordered("", "b", "a") == ["b", "a"]
    assert ListOptions(sort_by=".v").ordered([]) == []


@pytest.mark.parametrize(
    "values",
    [
        ["Zeta", "snap-10", "snap-9", "ärmel"],
        ["2025-12-31T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-10T00:00:00Z"],
        ["-1", "0.5", "900Mi", "1G", "1Gi", "1e10", "2T"],
        ["9", "10", "010Mi"],
        ["", "10", "x1"],
        ["Infinity", "NaN", "nan"],
        ["1_0", "1_1"],
        [-1, 0, 2, 10],
        [0.25, 1, 1.5],
        [False, True],
        [..., ..., "a", "b"],
        [..., 1],
        [None, "a"],
    ],
    ids=str,
)
def test_values_are_put_in_order(values):
    assert ordered(".v", *reversed(values)) == values


def test_equal_values_keep_their_order():
    items = [{"v": "1Gi", "n": 0}, {"v": "1024Mi", "n": 1}, {"n": 2}, {"v": "1Gi", "n": 3}, {"n": 4}]
    assert [item["n"] for item in ListOptions(sort_by=".v").ordered(items)] == [2, 4, 0, 1, 3]


@pytest.mark.parametrize("values", [({}, {}), ([1], [2]), ("a", 1), (1, {})])
def test_what_has_no_order_is_rejected(values):
    with pytest.raises(UsageError, match=r'--sort-by: the values of "\.v" have no order'):
        ordered(".v", *values)


@pytest.mark.parametrize(
    "path",
    [".a.b", "a.b", "{.a.b}", "{a.b}", ".a['b']", "{.a['b']}", r".a.c\.d", r".a['c\.d']", ".a.list[1]", ".a.list[-1]"],
)
def test_a_path_may_be_written_in_several_ways(path):
    items = [{"a": {"b": b, "c.d": b, "list": [0, b]}} for b in (2, 1)]
    assert ListOptions(sort_by=path).ordered(items) == items[::-1]


@pytest.mark.parametrize(
    "path", ["{}", ".", "..b", ".a..b", ".a.", "{.a", ".a}", "{.a}{.b}", '.a["b"]', "[a]", ".a[", ".l[*].b"]
)
def test_a_path_that_is_none_is_rejected(path):
    with pytest.raises(UsageError, match=r"--sort-by: .* is not a path of fields such as"):
        ListOptions(sort_by=path).ordered([{"a": {"b": 1}}])


@pytest.mark.parametrize("path", [".x", ".v.x", ".v[0]", "$.v", " .v"])
def test_a_path_that_leads_nowhere_in_any_object_is_rejected(path):
    with pytest.raises(UsageError, match="--sort-by: no object has a field"):
        ordered(path, 1, 2)


def test_selectors_are_the_servers_business():
    assert ListOptions("a=b", "metadata.name=c").query() == {"labelSelector": "a=b", "fieldSelector": "metadata.name=c"}


def put(demo: DemoCluster, name: str, created: str, size: str, **labels: str) -> None:
    demo.store.put(
        "volumesnapshots",
        {
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshot",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels, "creationTimestamp": created},
            "spec": {"source": {"persistentVolumeClaimName": f"claim-of-{name}"}},
        }
        | ({"status": {"restoreSize": size, "readyToUse": True, "n": len(size)}} if size else {}),
    )


@pytest.fixture(scope="module")
def mixed():
    """A demo cluster with a namespace of snapshots that differ in everything."""
    with DemoCluster() as demo:
        put(demo, "snap-10", "2026-01-02T00:00:00Z", "1Gi", app="b", number="10", version="v10")
        put(demo, "snap-9", "2026-01-10T00:00:00Z", "900Mi", app="a", number="9", version="v9")
        put(demo, "snap-009", "2025-12-31T00:00:00Z", "20000M", number="x1", version="v09")
        put(demo, "zeta", "2026-01-02T00:00:01Z", "", app="", number="", version="v10.1")
        yield demo


@needs_kubectl
@pytest.mark.parametrize(
    "path",
    [
        "",
        ".metadata.name",
        "{.metadata.name}",
        "metadata.name",
        ".metadata.creationTimestamp",
        ".status.restoreSize",
        ".status.n",
        ".spec.source.persistentVolumeClaimName",
        ".metadata.labels.app",
        ".metadata.labels.number",
        "{.metadata.labels['version']}",
        ".status.gone",
        ".metadata.labels",
        "{.metadata.name",
        ".metadata.",
        "{$.metadata.name}",
    ],
)
def test_kubectl_sorts_so_too(mixed, tmp_path, path):
    arguments = ("-n", NAMESPACE, "-o", "name", "--sort-by", path)
    theirs = kubectl(tmp_path, mixed.kubeconfig, "get", "volumesnapshots", *arguments)
    ours = run_command("snapshots", *arguments, cluster=mixed)
    assert ours.stdout == theirs.stdout
    assert bool(ours.returncode) is bool(theirs.returncode)
    assert len(ours.stdout.splitlines()) == (0 if ours.returncode else 4)


@needs_kubectl
def test_truth_values_are_sorted_though_kubectl_gives_up(demo, tmp_path):
    arguments = ("-A", "-o", "name", "--sort-by=.status.readyToUse")
    assert kubectl(tmp_path, demo.kubeconfig, "get", "volumesnapshots", *arguments).returncode != 0
    assert run_command("snapshots", *arguments, cluster=demo).returncode == 0
