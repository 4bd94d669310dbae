"""Long lists, a page at a time."""

import orjson
import pytest
from raw_api import HEAD, asking, connection, serving

from kubectl_cbt.errors import ApiError, MalformedObject
from kubectl_cbt.kube.list_pages import PAGE_ITEMS, Listing, read_list

EXPIRED = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}


def page(items: list[object], following: object = None) -> bytes:
    metadata = {"resourceVersion": "7"} | ({} if following is None else {"continue": following})
    return orjson.dumps({"metadata": metadata, "items": items})


def listed(*bodies: bytes) -> tuple[Listing[object], list[str]]:
    """The list that these responses give, and the requested paths."""
    requested: list[str] = []
    answers = iter(bodies)

    def answer(request: bytes) -> list[bytes]:
        requested.append(request.split()[1].decode())
        body = next(answers)
        head = HEAD.replace(b"200 OK", b"410 Gone") if body == orjson.dumps(EXPIRED) else HEAD
        return [head + b"Content-Length: %d\r\n\r\n" % len(body), body]

    with serving(answer) as server, asking(connection(f"http://127.0.0.1:{server.port}")) as api:
        return read_list(api, ("api", "v1", "things"), lambda item: item, labelSelector="a=b"), requested


def test_pages_are_requested_until_there_are_no_more():
    found, requested = listed(page([1, 2], "x"), page([3], "y"), page([4]))
    assert found == Listing([1, 2, 3, 4], "7")
    first = f"/api/v1/things?labelSelector=a%3Db&limit={PAGE_ITEMS}"
    assert requested == [first, f"{first}&continue=x", f"{first}&continue=y"]


@pytest.mark.parametrize("following", ["", 7, ["x"]], ids=str)
def test_a_list_without_a_token_is_whole(following):
    assert listed(page([1], following))[0].items == [1]


def test_a_list_that_expires_is_requested_again_as_a_whole():
    found, requested = listed(page([1, 2], "x"), orjson.dumps(EXPIRED), page([2, 3, 4]))
    assert found.items == [2, 3, 4]
    assert requested[-1] == "/api/v1/things?labelSelector=a%3Db"


def test_a_first_page_that_has_expired_is_an_error():
    with pytest.raises(ApiError, match="too old"):
        listed(orjson.dumps(EXPIRED))


def test_a_list_that_does_not_end_is_an_error():
    with pytest.raises(MalformedObject, match="the list of things does not end"):
        listed(page([1], "x"), page([2], "x"))


def test_a_page_that_is_not_a_list_is_an_error():
    with pytest.raises(MalformedObject, match="the list of things: items is 7, not a list"):
        listed(page([1], "x"), orjson.dumps({"items": 7}))
