"""The volumes of the demo and of a cluster with odd objects, and what listing them takes."""

from collections.abc import Iterator

import pytest
from odd_cluster import CONTENTS, FORBIDDEN, SNAPSHOTS, OddCluster

from kubectl_cbt.core.options import ClusterOptions
from kubectl_cbt.core.session import open_session
from kubectl_cbt.core.volume_list import list_volumes
from kubectl_cbt.errors import Forbidden
from kubectl_cbt.model.source_volume import SourceVolume

CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"


def volumes_of(options: ClusterOptions, namespace: str | None) -> list[SourceVolume]:
    with open_session(options) as session:
        return list_volumes(session.catalogue, namespace)


@pytest.fixture(scope="module")
def shared() -> Iterator[OddCluster]:
    with OddCluster() as cluster:
        yield cluster


@pytest.fixture
def odd(shared, monkeypatch) -> OddCluster:
    shared.reset()
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    return shared


def odd_volumes(odd: OddCluster) -> list[SourceVolume]:
    return volumes_of(ClusterOptions(server=odd.url), "default")


def test_the_demo_has_each_snapshot_in_one_volume(demo):
    options = ClusterOptions(kubeconfig=str(demo.kubeconfig))
    with open_session(options) as session:
        entries = session.catalogue.entries(None)
        volumes = list_volumes(session.catalogue, None)
    assert sorted(str(one.ref) for volume in volumes for one in volume.snapshots) == sorted(
        str(entry.ref) for entry in entries
    )
    assert {one.obstacle for volume in volumes for one in volume.snapshots} == {entry.obstacle for entry in entries}
    postgres = [volume for volume in volumes if (volume.namespace, volume.claim) == ("shop", "postgres")]
    assert len(postgres) == 1
    assert postgres[0].claim_exists
    assert len(postgres[0].pairs) == len(postgres[0].usable) - 1 > 0


def test_a_caller_who_may_not_list_claims_gets_the_volumes(demo):
    volumes = volumes_of(ClusterOptions(kubeconfig=str(demo.kubeconfig), context="demo-shop"), "shop")
    assert {volume.namespace for volume in volumes} == {"shop"}
    assert {volume.claim_exists for volume in volumes} <= {None, True}


def test_a_caller_who_may_not_list_snapshots_gets_the_error(demo):
    with pytest.raises(Forbidden):
        volumes_of(ClusterOptions(kubeconfig=str(demo.kubeconfig), context="demo-nobody"), None)


@pytest.mark.parametrize("claims", [None, FORBIDDEN, {"items": 7}, {"items": [7, {}, {"metadata": []}]}], ids=str)
def test_claims_that_cannot_be_read_are_unknown_and_no_error(odd, claims):
    if claims is not None:
        odd.answers[CLAIMS] = claims
    volumes = odd_volumes(odd)
    assert volumes
    assert not any(volume.claim_exists for volume in volumes)


def test_contents_without_a_volume_handle_are_grouped_by_claim(odd):
    claims = {one.claim for volume in odd_volumes(odd) for one in volume.snapshots}
    for content in odd.answers[CONTENTS]["items"]:
        content["spec"]["source"] = {"snapshotHandle": "pre-provisioned"}
    after = odd_volumes(odd)
    assert {volume.claim for volume in after} == claims
    assert len(after) == len(claims)
    assert all(volume.volume_handle is None for volume in after)


def test_a_snapshot_that_is_listed_twice_or_has_no_name_ends_nothing(odd):
    items = odd.answers[SNAPSHOTS]["items"]
    items += [items[0], {}, 7]
    volumes = odd_volumes(odd)
    problems = [one.problem for volume in volumes for one in volume.snapshots if one.problem]
    assert "the API server lists it more than once" in problems
    assert sum(len(volume.snapshots) for volume in volumes) == len(items)


def test_the_number_of_requests_does_not_depend_on_the_number_of_volumes(demo):
    paths: list[str] = []
    with open_session(ClusterOptions(kubeconfig=str(demo.kubeconfig))) as session:
        document = session.api._document

        def count(method, segments, query, body=None):
            paths.append("/".join(segments))
            return document(method, segments, query, body)

        session.api._document = count
        volumes = list_volumes(session.catalogue, None)
    assert len(volumes) > 5
    assert len(paths) == len(set(paths)) == 5, paths
