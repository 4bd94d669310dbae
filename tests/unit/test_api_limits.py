"""What an API server may take of time and memory: requests end at their deadline, and answers at their limit."""

import gzip
import itertools
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path

import pytest
from raw_api import BODY, HEAD, WITH_LENGTH, Answer, asking, at_once, connection, serving
from test_limits import grown_by

from kubectl_cbt.cluster import catalogue as catalogue_module
from kubectl_cbt.cluster.catalogue import Catalogue
from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.errors import ApiError, ApiUnreachable, MalformedObject
from kubectl_cbt.kube import api as api_module
from kubectl_cbt.kube import api_errors
from kubectl_cbt.kube.api import Api

DEADLINE_SECONDS = 0.2
DRIP_SECONDS = 0.02
DRIPS = 100
"""A second of dripping after the deadline, then the rest: without a deadline each of these requests succeeds."""

Sent = Iterable[bytes]


def dripped(data: bytes) -> Iterator[bytes]:
    """Byte by byte, with a pause after each, for as long as there are any."""
    for byte in data:
        time.sleep(DRIP_SECONDS)
        yield bytes([byte])


SLOW = b"x" * DRIPS


def slow_status_line(_request: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 "
    yield from dripped(SLOW)
    yield WITH_LENGTH.removeprefix(b"HTTP/1.1 200 OK") + BODY


def slow_header(_request: bytes) -> Iterator[bytes]:
    yield HEAD + b"X-Slow: "
    yield from dripped(SLOW)
    yield b"\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


def endless_continue(_request: bytes) -> Iterator[bytes]:
    for _ in range(DRIPS):
        time.sleep(DRIP_SECONDS)
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
    yield WITH_LENGTH + BODY


def slow_body(_request: bytes) -> Iterator[bytes]:
    yield HEAD + b"Content-Length: %d\r\n\r\n" % (len(BODY) + DRIPS)
    yield from dripped(b" " * DRIPS)
    yield BODY


def slow_chunks(_request: bytes) -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(DRIPS):
        time.sleep(DRIP_SECONDS)
        yield b"1\r\n \r\n"
    yield b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def slow_error(_request: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % DRIPS
    yield from dripped(SLOW)


@contextmanager
def served(*answers: Answer, seconds: float = DEADLINE_SECONDS) -> Iterator[Api]:
    """Both, without TLS."""
    with serving(*answers) as server, asking(connection(f"http://127.0.0.1:{server.port}"), seconds) as api:
        yield api


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> tuple[ssl.SSLContext, bytes]:
    """A server's side of TLS, and the CA to trust for it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    made = CertificateAuthority("api limits")
    certificate = made.issue("127.0.0.1")
    (folder / "server.pem").write_bytes(certificate.key_pem + certificate.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, made.pem


SLOW_ANSWERS = [slow_status_line, slow_header, endless_continue, slow_body, slow_chunks, slow_error]


def named(function: Callable) -> str:
    return function.__name__


# Time.


@pytest.mark.parametrize("slow", SLOW_ANSWERS, ids=named)
def test_a_dripped_answer_ends_at_the_deadline(slow):
    with served(slow) as api:
        with pytest.raises(ApiUnreachable, match="did not respond in time") as found:
            api.get("version")
        assert "--request-timeout" in found.value.hint


@pytest.mark.parametrize("slow", [slow_status_line, slow_chunks], ids=named)
def test_a_dripped_answer_over_tls_ends_at_the_deadline(slow, authority):
    tls, ca = authority
    with (
        serving(slow, tls=tls) as server,
        asking(connection(f"https://127.0.0.1:{server.port}", ca), DEADLINE_SECONDS) as api,
        pytest.raises(ApiUnreachable, match="did not respond in time"),
    ):
        api.get("version")


def test_a_dripped_answer_of_a_proxy_ends_at_the_deadline():
    with serving(slow_header) as proxy:
        through = replace(connection("https://127.0.0.1:1"), proxy=f"http://127.0.0.1:{proxy.port}")
        with asking(through, DEADLINE_SECONDS) as api, pytest.raises(ApiUnreachable, match="did not respond in time"):
            api.get("version")
        assert proxy.requests[0].startswith(b"CONNECT ")


def test_a_server_that_sets_up_no_tls_ends_at_the_deadline(authority):
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        asking(connection(f"https://127.0.0.1:{silent.getsockname()[1]}", authority[1]), DEADLINE_SECONDS) as api,
        pytest.raises(ApiUnreachable, match="did not respond in time"),
    ):
        api.get("version")


def test_the_head_of_a_watch_that_is_dripped_ends_at_the_deadline():
    with served(slow_header) as api, pytest.raises(ApiUnreachable, match="did not respond in time"):
        list(api.watch("api", "v1", "namespaces"))


def test_without_a_deadline_a_dripped_answer_is_waited_for():
    with served(slow_chunks, seconds=0) as api:
        assert api.get("version") == {"kind": "Test"}


# Memory.


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


ZEROS = gzip.compress(bytes(2**26 + 2**20), 9)
GZIPPED = HEAD + b"Content-Encoding: gzip\r\n"
TWICE = gzip.compress(ZEROS, 9)
BOMBS = {
    "gzip": (GZIPPED + b"Content-Length: %d\r\n\r\n" % len(ZEROS), ZEROS),
    "gzip in chunks": (GZIPPED + b"Transfer-Encoding: chunked\r\n\r\n", chunked(ZEROS)),
    "gzip twice": (
        HEAD + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(TWICE),
        TWICE,
    ),
    "an error": (
        b"HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZEROS),
        ZEROS,
    ),
}

ASK_API = """
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.client_config import Connection, LoadedConfig
from kubectl_cbt.kube.kubeconfig import Impersonation
from kubectl_cbt.kube.client_tls import client_context
from kubectl_cbt.errors import CbtError
import urllib3
begin()
try:
    connection = Connection(sys.argv[1], client_context(None, verify=True))
    Api(LoadedConfig(connection, "default", Impersonation()), 60).get("version")
except CbtError as error:
    print(error.message)
"""


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_answer_counts_as_it_is_when_it_is_decompressed(bomb, monkeypatch):
    monkeypatch.setattr(api_module, "MAX_API_BODY_BYTES", 2**20)
    head, body = BOMBS[bomb]
    with served(at_once(head, body), seconds=60) as api:
        with pytest.raises(ApiUnreachable, match=r"the response of the API server .* is larger than 1 MiB") as found:
            api.get("version")
        assert "-l LABELS" in found.value.hint


def test_a_compressed_response_uses_no_more_memory_than_the_limit():
    head, body = BOMBS["gzip in chunks"]
    with serving(at_once(head, body)) as server:
        grown, said = grown_by(ASK_API, f"http://127.0.0.1:{server.port}")
    assert "is larger than 64 MiB, the limit" in said
    assert grown < 110


@pytest.mark.parametrize("status", [b"200 OK", b"500 Oops"])
def test_an_answer_of_many_small_values_is_not_parsed(status, monkeypatch):
    """Three bytes of JSON make an object of 64."""
    monkeypatch.setattr(api_errors, "MAX_JSON_VALUES", 1000)
    body = b'{"kind": "Status", "message": "parsed", "list": [' + b"[]," * 1000 + b"1]}"
    head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    with served(at_once(head, body)) as api, pytest.raises((ApiUnreachable, ApiError)) as found:
        api.get("version")
    assert found.value.message != "parsed"
    assert ("more than 1000 JSON values" in found.value.message) == status.startswith(b"200")


def test_an_answer_without_end_is_read_up_to_the_limit(monkeypatch):
    monkeypatch.setattr(api_module, "MAX_API_BODY_BYTES", 2**20)
    endless = HEAD + b"Connection: close\r\n\r\n"
    sent = itertools.chain((endless,), itertools.repeat(b" " * 2**16))
    with served(lambda _: sent, seconds=60) as api, pytest.raises(ApiUnreachable, match="larger than 1 MiB"):
        api.get("version")


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"text"'])
def test_json_that_is_not_an_object_is_not_a_response(body):
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    with served(at_once(head, body)) as api, pytest.raises(MalformedObject, match="JSON that is not an object"):
        api.get("version")


# Watches.

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def events_of(*chunks: bytes) -> list[dict]:
    """What a watch makes of a body in these chunks."""
    with served(at_once(CHUNKED, chunked(*chunks)), seconds=60) as api:
        return list(api.watch("api", "v1", "namespaces"))


ADDED = b'{"type": "ADDED", "object": {"kind": "Test"}}'


@pytest.mark.parametrize(
    "chunks",
    [
        [ADDED + b"\n" + ADDED + b"\n"],
        [ADDED[:7], ADDED[7:], b"\n", b"\n\n", ADDED + b"\r\n"],
        [b"\n", ADDED, b"\n" + ADDED, b"\n" + ADDED[:9]],
        [bytes([byte]) for byte in ADDED + b"\n" + ADDED + b"\n"],
    ],
)
def test_events_come_out_however_they_are_cut(chunks):
    assert [event["type"] for event in events_of(*chunks)] == ["ADDED", "ADDED"]


@pytest.mark.parametrize(
    "line",
    [b"null", b"[]", b"1", b'"ADDED"'],
)
def test_a_line_that_is_not_an_event_is_an_error(line):
    with pytest.raises(MalformedObject, match="sent JSON that is not an object"):
        events_of(line + b"\n")


def test_a_line_over_the_limit_is_an_error(monkeypatch):
    monkeypatch.setattr(api_module, "MAX_EVENT_BYTES", 2**12)
    with pytest.raises(ApiUnreachable, match=r"an event of a watch .* is larger than 4 KiB"):
        events_of(*[b" " * 100] * 50)


# Servers that end a watch at once.

LISTING = b'{"kind": "VolumeSnapshotList", "metadata": {"resourceVersion": "1"}, "items": []}'
GROUP = b'{"versions": [{"version": "v1beta1"}]}'
NONE = b'{"items": []}'
GONE = b'{"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}\n'
BOOKMARK = b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "2"}}}\n'


class Enough(Exception):
    """A test has seen enough."""


@pytest.mark.parametrize("line", [GONE, BOOKMARK, b""], ids=["410", "a bookmark each", "nothing"])
def test_a_watch_that_ends_at_once_is_begun_again_ever_more_slowly(line, monkeypatch):
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            raise Enough

    monkeypatch.setattr(catalogue_module.time, "sleep", sleep)

    def answer(request: bytes) -> Iterable[bytes]:
        path = request.split()[1]
        if b"watch=true" in path:
            return CHUNKED, chunked(*filter(None, [line]))
        body = LISTING if b"volumesnapshots" in path else GROUP if path.endswith(b"/apis/cbt.storage.k8s.io") else NONE
        return HEAD + b"Content-Length: %d\r\n\r\n" % len(body), body

    with served(answer, seconds=60) as api, pytest.raises(Enough):
        list(Catalogue(api).follow("default"))
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


# The server's clock and certificate.


def test_the_difference_of_the_clocks_is_known_by_the_last_answer():
    def dated(text: bytes) -> Answer:
        return at_once(WITH_LENGTH.replace(b"\r\n", b"\r\nDate: " + text + b"\r\n", 1) + BODY)

    hour_ago = formatdate(time.time() - 3600, usegmt=True).encode()
    odd = (b"yesterday", b"Sun, 06 Nov 99999 08:49:37 GMT", b"")
    with served(dated(hour_ago), *map(dated, odd), seconds=60) as api:
        assert api.clock_ahead_seconds() is None
        for _ in range(1 + len(odd)):
            api.get("version")
            assert api.clock_ahead_seconds() > 3500


@pytest.mark.parametrize(
    ("made", "hint"),
    [
        ({"lifetime": timedelta(days=-1)}, "is this machine's clock right? Its time is 20"),
        (
            {"hosts": ("api.example",)},
            "set a name that the certificate contains: --tls-server-name NAME",
        ),
        ({"authority": CertificateAuthority("another")}, "check certificate-authority of the cluster"),
    ],
    ids=["expired", "of another name", "of another CA"],
)
def test_a_certificate_that_is_rejected_gets_the_advice_for_its_fault(made, hint, tmp_path):
    trusted = CertificateAuthority("api certificates")
    lifetime = {name: made[name] for name in made if name == "lifetime"}
    certificate = made.get("authority", trusted).issue(*made.get("hosts", ("127.0.0.1",)), **lifetime)
    (tmp_path / "server.pem").write_bytes(certificate.key_pem + certificate.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with (
        serving(at_once(WITH_LENGTH + BODY), tls=context) as server,
        asking(connection(f"https://127.0.0.1:{server.port}", trusted.pem)) as api,
        pytest.raises(ApiUnreachable, match="was rejected") as found,
    ):
        api.get("version")
    assert found.value.hint.startswith(hint)
