"""A busy API server, one that closes connections, one that redirects, and one that answers with web pages."""

import subprocess
import threading
from collections.abc import Iterable
from dataclasses import replace

import pytest
from peers import KUBECTL, needs_kubectl
from raw_api import BODY, WITH_LENGTH, asking, at_once, connection, serving

from kubectl_cbt.errors import ApiError, ApiUnreachable, CbtError
from kubectl_cbt.kube import api as api_module
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.client_config import Connection, LoadedConfig
from kubectl_cbt.kube.kubeconfig import Impersonation
from kubectl_cbt.kube.request_log import RequestLog
from kubectl_cbt.kube.request_retry import redirect_target, retry_after_seconds

DONE = at_once(WITH_LENGTH + BODY)


def answer(status: str, *headers: str, body: bytes = b""):
    head = "".join(
        f"{line}\r\n"
        for line in (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "")
    )
    return at_once(head.encode() + body)


def dropped(_request: bytes) -> Iterable[bytes]:
    return ()


BUSY = answer("429 Too Many Requests", "Retry-After: 0")


def connection_to(server, **fields) -> Connection:
    return replace(connection(f"http://127.0.0.1:{server.port}"), **fields)


def resolved(*answers, ask=lambda api: api.get("version"), seconds: float = 30) -> tuple[object, int]:
    """What came of it, or the error, and how many requests it took."""
    with serving(*answers) as server, asking(connection_to(server), seconds) as api:
        try:
            return ask(api), len(server.requests)
        except CbtError as error:
            return error, len(server.requests)


def token(api: Api) -> object:
    return api.create("api", "v1", "namespaces", "shop", "serviceaccounts", "cbt", "token", body={})


def stored(api: Api) -> object:
    return api.create("api", "v1", "namespaces", "shop", "configmaps", body={})


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Oops", "503 Busy", "504 Late"])
@pytest.mark.parametrize("ask", [lambda api: api.get("version"), token], ids=["GET", "TokenRequest"])
def test_a_busy_server_is_waited_for(status, ask):
    busy = answer(status, "Retry-After: 0")
    assert resolved(busy, busy, DONE, ask=ask) == ({"kind": "Test"}, 3)


def test_a_watch_waits_for_a_busy_server():
    assert resolved(BUSY, DONE, BUSY, ask=lambda api: len(list(api.watch("version"))))[1] == 2


@pytest.mark.parametrize(
    ("refusal", "ask"),
    [
        (answer("503 Busy"), lambda api: api.get("version")),
        (answer("503 Busy", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"), lambda api: api.get("version")),
        (answer("503 Busy", "Retry-After: 301"), lambda api: api.get("version")),
        (answer("404 Not Found", "Retry-After: 0"), lambda api: api.get("version")),
        (BUSY, stored),
        (dropped, stored),
    ],
    ids=["no header", "a date", "too long", "a 404", "a POST that stores", "a dropped POST that stores"],
)
def test_what_is_not_repeated(refusal, ask):
    error, requests = resolved(refusal, DONE, ask=ask)
    assert isinstance(error, CbtError)
    assert requests == 1


def test_patience_ends_after_ten_repetitions():
    error, requests = resolved(BUSY)
    assert isinstance(error, ApiError)
    assert (error.status, requests) == (429, 11)
    assert "retried 10 times" in error.hint


def test_the_request_timeout_bounds_all_repetitions_and_no_wait_goes_beyond_it():
    error, requests = resolved(answer("429 Busy", "Retry-After: 60"), seconds=5)
    assert isinstance(error, ApiError)
    assert requests == 1
    assert "requests a wait of 60 s" in error.hint


@pytest.mark.parametrize("ask", [lambda api: api.get("version"), token], ids=["GET", "TokenRequest"])
def test_a_connection_that_is_closed_before_an_answer_is_made_again(ask, monkeypatch):
    monkeypatch.setattr(api_module, "DROPPED_WAIT_SECONDS", 0)
    assert resolved(dropped, dropped, DONE, ask=ask) == ({"kind": "Test"}, 3)
    error, requests = resolved(dropped, ask=ask)
    assert isinstance(error, ApiUnreachable)
    assert requests == 11


def test_a_wait_is_logged_and_ends_when_the_session_does():
    entries: list[str] = []
    waits = threading.Event()

    def write(*lines: str) -> None:
        entries.extend(lines)
        if "Retry-After" in lines[0]:
            waits.set()

    with serving(answer("429 Busy", "Retry-After: 200")) as server:
        config = LoadedConfig(connection_to(server), "default", Impersonation())
        api = Api(config, 0, RequestLog(6, write))
        failed: list[CbtError] = []

        def ask() -> None:
            with pytest.raises(ApiUnreachable) as found:
                api.get("version")
            failed.append(found.value)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        assert waits.wait(30)
        api.close()
        thread.join(30)
        assert failed
    assert any('"Got a Retry-After response" delay="200s" attempt=1' in entry for entry in entries)


@needs_kubectl
@pytest.mark.parametrize("refusal", [BUSY, answer("503 Busy", "Retry-After: 0"), answer("503 Busy")])
def test_as_many_requests_as_the_real_kubectl(refusal, tmp_path):
    with serving(refusal) as server:
        url = f"http://127.0.0.1:{server.port}"
        arguments = ("get", "--raw", "/readyz", "--server", url, "--kubeconfig", str(tmp_path / "none"))
        (tmp_path / "none").write_text("")
        subprocess.run([str(KUBECTL), *arguments], capture_output=True, timeout=60, check=False)
        theirs = sum(request.startswith(b"GET /readyz ") for request in server.requests)
    assert resolved(refusal)[1] == theirs


# Redirects.


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_within_the_server_is_followed_with_the_login(status):
    with serving(answer(status, "Location: /there?x=1"), DONE) as server:
        connection = connection_to(server, authorization=lambda: "Bearer secret-one")
        with asking(connection, 30) as api:
            assert api.get("version") == {"kind": "Test"}
        assert server.requests[1].startswith(b"GET /there?x=1 HTTP/1.1")
        assert b"Bearer secret-one" in server.requests[1]


def test_a_redirect_elsewhere_is_named_and_not_followed():
    with serving(DONE) as other:
        to = f"http://me:secret-one@127.0.0.1:{other.port}/login?token=secret-two"
        error, requests = resolved(answer("302 Found", f"Location: {to}", body=b"<html>go</html>"))
        assert not other.requests
    assert isinstance(error, ApiError)
    assert requests == 1
    assert f"redirects to http://127.0.0.1:{other.port}/login" in error.message
    assert "secret" not in error.message + error.hint


def test_redirects_in_a_circle_end():
    error, requests = resolved(answer("307 Again", "Location: /version"))
    assert isinstance(error, ApiError)
    assert requests == 11
    assert "in a circle" in error.message


URL = "https://a.example/x"


@pytest.mark.parametrize(
    ("method", "status", "location", "target"),
    [
        ("GET", 302, "/y#part", "https://a.example/y"),
        ("GET", 302, "https://a.example:443/y", "https://a.example:443/y"),
        ("POST", 307, "/y", "https://a.example/y"),
        ("POST", 302, "/y", None),
        ("GET", 302, "http://a.example/y", None),
        ("GET", 302, "//b.example/y", None),
        ("GET", 302, "https://a.example:8443/y", None),
        ("GET", 302, "https://me:word@a.example/y", None),
        ("GET", 302, "https://a.example:port/y", None),
        ("GET", 302, "https://[broken/y", None),
    ],
)
def test_where_a_redirect_leads(method, status, location, target):
    assert redirect_target(method, status, URL, location) == target


@pytest.mark.parametrize("text", ["", "-1", "1.5", "٣", "soon", "1 2"])
def test_a_retry_after_that_is_not_a_number_of_seconds_is_none(text):
    assert retry_after_seconds(429, {"Retry-After": text}) is None


# Web pages.

PAGES = {
    "a title": (
        b"<!DOCTYPE html><html><head><title>504 Gateway &amp; Time-out</title></head>",
        "504 Gateway & Time-out",
    ),
    "none": (b"<html><script>let a = '<b>'</script><body><h1>Sign in</h1>\n<p>here</body>", "Sign in here"),
    "upper case": (b"\xef\xbb\xbf\n<HTML><BODY>No \x1b[31mway", "No"),
}


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "504 Gateway Time-out"])
@pytest.mark.parametrize("page", PAGES)
def test_an_html_page_is_reported_without_its_tags(status, page):
    body, said = PAGES[page]
    error, _ = resolved(answer(status, "Content-Type: text/html", body=body))
    assert isinstance(error, ApiError | ApiUnreachable)
    assert "HTML page" in error.message
    assert said in error.message
    assert "<" not in error.message
    assert "\x1b" not in error.message
    assert "kubeconfig" in error.hint
