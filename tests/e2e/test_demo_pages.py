"""Pages of the demo API server's lists."""

import pytest
from peers import needs_kubectl
from test_demo_requests import SNAPSHOTS, Client
from test_kubectl import kubectl

ALL = "/apis/snapshot.storage.k8s.io/v1/volumesnapshots"


@pytest.fixture(scope="module")
def client(demo) -> Client:
    return Client(demo)


def pages_of(client: Client, query: str) -> list[dict]:
    found = [client.get(f"{ALL}?{query}")[1]]
    while token := found[-1]["metadata"].get("continue"):
        found.append(client.get(f"{ALL}?{query}&continue={token}")[1])
    return found


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_the_pages_are_the_list(client, limit):
    whole = client.get(ALL)[1]
    pages = pages_of(client, f"limit={limit}")
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert {len(page["items"]) for page in pages[:-1]} == {limit}
    left = [page["metadata"].get("remainingItemCount", 0) for page in pages]
    assert left[0] == len(whole["items"]) - limit
    assert left[-1] == 0
    assert {page["metadata"]["resourceVersion"] for page in pages} == {whole["metadata"]["resourceVersion"]}


@pytest.mark.parametrize("limit", ["", "limit=0", "limit=5000"])
def test_a_list_that_fits_is_not_continued(client, limit):
    assert "continue" not in client.get(f"{ALL}?{limit}")[1]["metadata"]


def test_a_selected_list_does_not_count_what_remains(client):
    (first, *_) = pages_of(client, "limit=1&fieldSelector=metadata.namespace=shop")
    assert first["metadata"]["continue"]
    assert "remainingItemCount" not in first["metadata"]


@pytest.mark.parametrize("query", ["limit=some", "limit=-1", "continue=x", "continue=e30", "continue=%C3%A9"])
def test_an_invalid_page_is_a_bad_request(client, query):
    code, found = client.get(f"{ALL}?{query}")
    assert (code, found["reason"]) == (400, "BadRequest")


def test_a_list_expires_when_an_object_changes(own_demo):
    client = Client(own_demo)
    token = client.get(f"{ALL}?limit=1")[1]["metadata"]["continue"]
    own_demo.store.put("volumesnapshots", client.get(SNAPSHOTS)[1]["items"][0])
    code, found = client.get(f"{ALL}?limit=1&continue={token}")
    assert (code, found["reason"]) == (410, "Expired")


@needs_kubectl
@pytest.mark.parametrize("form", ["json", "wide"])
def test_kubectl_reads_pages(demo, form):
    command = ("get", "volumesnapshots", "-A", "-o", form)
    by_page, whole = (kubectl(*command, f"--chunk-size={size}", kubeconfig=demo.kubeconfig).stdout for size in (2, 0))
    assert by_page == whole
    assert len(whole.splitlines()) > 2
