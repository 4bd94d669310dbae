"""Watches of the demo API server: every change once, until the time, the client or the server ends."""

import json
import subprocess
import threading
from contextlib import contextmanager

import pytest
from conftest import command_environment
from peers import KUBECTL, needs_kubectl
from test_demo_requests import SNAPSHOTS, Client

from kubectl_cbt.demo.kube.identity import NOBODY

TABLE = ("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")


@contextmanager
def watching(client: Client, query: str, *headers: tuple[str, str], path: str = SNAPSHOTS):
    """The events of a watch as they come."""
    with client.open("GET", f"{path}?watch=true{query}", None, *headers) as response:
        assert response.status == 200
        assert response.headers["Transfer-Encoding"] == "chunked"
        yield (json.loads(line) for line in response)


def listed(client: Client) -> str:
    """The version of a list."""
    return client.get(SNAPSHOTS)[1]["metadata"]["resourceVersion"]


def told(event) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"].get("name", "")


def another(demo, name: str, **labels: str):
    """snap-a by another name."""
    item = demo.store.get("volumesnapshots", "snap-a", "default")
    return item | {"metadata": {"name": name, "namespace": "default", "labels": labels}}


def test_a_watch_from_a_list_reports_only_later_changes(own_demo):
    client = Client(own_demo)
    own_demo.store.put("volumesnapshots", another(own_demo, "early"))
    version = listed(client)
    own_demo.store.put("volumesnapshots", another(own_demo, "new"))
    with watching(client, f"&resourceVersion={version}") as events:
        assert told(next(events)) == ("ADDED", "new")
        own_demo.store.put("volumesnapshots", another(own_demo, "new", app="x"))
        own_demo.store.put("persistentvolumeclaims", another(own_demo, "claim"))
        own_demo.store.remove("volumesnapshots", "new", "default")
        changed, gone = next(events), next(events)
        assert (told(changed), told(gone)) == (("MODIFIED", "new"), ("DELETED", "new"))
        assert changed["object"]["metadata"]["labels"] == {"app": "x"}
        versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in (changed, gone)]
        assert int(version) < versions[0] < versions[1]


@pytest.mark.parametrize("query", ["", "&resourceVersion=0", "&resourceVersion="])
def test_a_watch_from_nowhere_begins_with_what_there_is(own_demo, query):
    with watching(Client(own_demo), query) as events:
        assert [told(next(events)) for _ in range(4)] == [("ADDED", f"snap-{letter}") for letter in "abcd"]
        own_demo.store.remove("volumesnapshots", "snap-b", "default")
        assert told(next(events)) == ("DELETED", "snap-b")


def test_no_change_is_lost_or_reported_twice_during_concurrent_writes(own_demo):
    client, names = Client(own_demo), [f"new-{number}" for number in range(60)]

    def write() -> None:
        for name in names:
            own_demo.store.put("volumesnapshots", another(own_demo, name))

    writer = threading.Thread(target=write)
    writer.start()
    code, found = client.get(SNAPSHOTS)
    seen = [item["metadata"]["name"] for item in found["items"] if item["metadata"]["name"] in names]
    with watching(client, f"&resourceVersion={found['metadata']['resourceVersion']}") as events:
        while len(seen) < len(names):
            seen.append(told(next(events))[1])
    writer.join()
    assert code == 200
    assert sorted(seen) == sorted(names)


def test_what_comes_to_be_selected_is_added_and_what_ceases_to_be_is_deleted(own_demo):
    client = Client(own_demo)
    with watching(client, f"&resourceVersion={listed(client)}&labelSelector=app in (x,y)") as events:
        for labels in ({"app": "z"}, {"app": "x"}, {"app": "y"}, {}, {"app": "z"}, {"app": "y"}):
            own_demo.store.put("volumesnapshots", another(own_demo, "new", **labels))
        own_demo.store.remove("volumesnapshots", "new", "default")
        kinds = [next(events)["type"] for _ in range(5)]
    assert kinds == ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"]


def test_a_watch_of_one_namespace_or_object_reports_no_other(own_demo):
    client = Client(own_demo)
    version = listed(client)
    for name in ("new", "newer"):
        own_demo.store.put("volumesnapshots", another(own_demo, name))
    for path, query in ((f"{SNAPSHOTS}/newer", ""), (SNAPSHOTS, "&fieldSelector=metadata.name=newer")):
        with watching(client, f"&resourceVersion={version}{query}", path=path) as events:
            assert told(next(events)) == ("ADDED", "newer")
    elsewhere = SNAPSHOTS.replace("default", "shop")
    with watching(client, f"&resourceVersion={version}&timeoutSeconds=1", path=elsewhere) as events:
        assert list(events) == []


def test_a_watch_ends_after_its_time_with_a_bookmark_for_the_next(own_demo):
    client = Client(own_demo)
    own_demo.store.put("persistentvolumeclaims", another(own_demo, "claim"))
    version = listed(client)
    query = f"&resourceVersion={version}&timeoutSeconds=1"
    with watching(client, f"{query}&allowWatchBookmarks=true") as events:
        (bookmark,) = events
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["kind"] == "VolumeSnapshot"
    assert bookmark["object"]["metadata"]["resourceVersion"] == version
    with watching(client, query) as events:
        assert list(events) == []


def test_initial_events_end_with_a_bookmark(own_demo):
    query = "&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&resourceVersion="
    with watching(Client(own_demo), query) as events:
        found = [next(events) for _ in range(5)]
    assert [event["type"] for event in found] == ["ADDED"] * 4 + ["BOOKMARK"]
    assert found[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_as_a_table_sends_the_columns_once(own_demo):
    client = Client(own_demo)
    with watching(client, f"&resourceVersion={listed(client)}", TABLE) as events:
        for name in ("new", "newer"):
            own_demo.store.put("volumesnapshots", another(own_demo, name))
        first, second = (next(events)["object"] for _ in range(2))
    assert (first["kind"], second["kind"]) == ("Table", "Table")
    assert first["columnDefinitions"][0]["name"] == "Name"
    assert second["columnDefinitions"] is None
    assert [document["rows"][0]["cells"][0] for document in (first, second)] == ["new", "newer"]
    assert first["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


def test_a_version_before_the_log_is_expired(own_demo):
    with watching(Client(own_demo), "&resourceVersion=17") as events:
        (event,) = events
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 17 (")


@pytest.mark.parametrize("query", ["&resourceVersion=new", "&timeoutSeconds=soon"])
def test_an_invalid_watch_is_a_bad_request(demo, query):
    assert Client(demo).get(f"{SNAPSHOTS}?watch=1{query}")[0] == 400


def test_a_watch_requires_the_verb_watch(demo):
    code, found = Client(demo, NOBODY).get(f"{SNAPSHOTS}?watch=true")
    assert code == 403
    assert 'cannot watch resource "volumesnapshots"' in found["message"]


def test_a_server_that_stops_ends_its_watches(own_demo):
    client = Client(own_demo)
    with watching(client, f"&resourceVersion={listed(client)}") as events:
        own_demo.store.put("volumesnapshots", another(own_demo, "new"))
        assert told(next(events)) == ("ADDED", "new")
        own_demo.api.stop()
        assert list(events) == []


def test_lists_edited_by_hand_are_read_as_they_are(own_demo):
    client = Client(own_demo)
    own_demo.store.items["volumesnapshots"] = [another(own_demo, "only") | {"status": {}}]
    own_demo.store.items["volumesnapshots"][0]["metadata"]["resourceVersion"] = "7"
    assert client.names(SNAPSHOTS) == ["only"]
    assert client.get(f"{SNAPSHOTS}/only")[1]["status"] == {}


def test_what_is_put_keeps_its_identity_and_gets_a_new_version(own_demo):
    before = own_demo.store.get("volumesnapshots", "snap-a", "default")
    after = own_demo.store.put("volumesnapshots", another(own_demo, "snap-a"))
    for key in ("uid", "creationTimestamp"):
        assert after["metadata"][key] == before["metadata"][key]
    assert int(after["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])
    assert own_demo.store.remove("volumesnapshots", "nope", "default") is None


@needs_kubectl
@pytest.mark.parametrize("names", [(), ("snap-a",)])
def test_kubectl_watches(own_demo, names):
    waits, changes = threading.Event(), own_demo.store.changes

    def wait(*arguments):
        waits.set()
        return changes(*arguments)

    own_demo.store.changes = wait
    arguments = [str(KUBECTL), "get", "volumesnapshots", *names, "-w", "--output-watch-events"]
    with subprocess.Popen(arguments, env=command_environment(own_demo), stdout=subprocess.PIPE, text=True) as process:
        limit = threading.Timer(60, process.kill)
        limit.start()
        try:
            rows = [process.stdout.readline().split() for _ in range(2 if names else 5)]
            assert rows[0][:3] == ["EVENT", "NAME", "READYTOUSE"]
            assert rows[1][:2] == ["ADDED", "snap-a"]
            # Of one object kubectl watches what comes after it has begun, not after what it printed.
            assert waits.wait(60)
            own_demo.store.put("volumesnapshots", another(own_demo, "snap-a"))
            assert process.stdout.readline().split()[:3] == ["MODIFIED", "snap-a", "true"]
            own_demo.store.remove("volumesnapshots", "snap-a", "default")
            assert process.stdout.readline().split()[:2] == ["DELETED", "snap-a"]
        finally:
            limit.cancel()
            process.kill()
