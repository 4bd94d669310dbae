"""The demo API server's HTTPS layer: parsed requests, and responses sent whole or in chunks."""

from __future__ import annotations

import json
import select
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from kubectl_cbt.demo.certificates import ServerCertificate
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.status_objects import PlainError, StatusError, bad_request, body_too_large
from kubectl_cbt.system.cleanup import temporary_folder

_LONGEST_BODY_BYTES = 3 * 2**20
"""The limit of a real API server."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as received.

    Attributes:
        raw: the body as received; empty without a body.
        certificate: the client's verified certificate, from ``SSLSocket.getpeercert``; empty without one.
        disconnected: returns whether the client has closed the connection.
    """

    method: str
    url: SplitResult
    headers: HTTPMessage
    raw: bytes = field(repr=False)
    certificate: Object
    disconnected: Callable[[], bool]

    @property
    def query(self) -> dict[str, list[str]]:
        """The query parameters, each with its values in order."""
        return parse_qs(self.url.query)

    def flag(self, name: str) -> bool:
        """Return whether a query parameter is true."""
        return self.query.get(name, [""])[-1].lower() in ("1", "true")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response.

    Attributes:
        document: JSON, plain text, or JSON documents that are streamed, one per line.
    """

    document: Object | str | Iterator[Object]
    code: int = 200
    media: str = "application/json"


class HttpsServer:
    """Listens on loopback and serves each connection in its own thread, until :meth:`stop`.

    Args:
        on_request: called with the method, path and headers of each request before anything else.
        answer: returns the response, or raises a StatusError or PlainError.
        client_ca_pem: CA of accepted client certificates; None requests no client certificate.

    Attributes:
        stopping: set when no more requests are served, including those on open connections.
    """

    def __init__(
        self,
        on_request: Callable[[str, str, HTTPMessage], object],
        answer: Callable[[HttpRequest], HttpResponse],
        certificate: ServerCertificate,
        client_ca_pem: bytes | None,
    ) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.stopping = self._server.stopping = threading.Event()
        self._server.on_request, self._server.answer = on_request, answer
        self._server.socket = _tls_context(certificate, client_ca_pem).wrap_socket(
            # The handshake runs in the connection's own thread, so that a silent client cannot block others.
            self._server.socket,
            server_side=True,
            do_handshake_on_connect=False,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The URL that it listens on."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Stop listening and wait for the listening thread."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stopping: threading.Event
    on_request: Callable[[str, str, HTTPMessage], object]
    answer: Callable[[HttpRequest], HttpResponse]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect or reject the certificate."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; the second would wait until the client acknowledges the first.
    disable_nagle_algorithm = True
    server: _Server
    connection: ssl.SSLSocket
    headers: HTTPMessage

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parameter's name in the base class
        """Log nothing: stderr is for the user."""

    def do_GET(self) -> None:  # the name by which the base class dispatches
        if not self.server.stopping.is_set():
            self._respond()
        self.close_connection |= self.server.stopping.is_set()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _respond(self) -> None:
        self.server.on_request(self.command, self.path, self.headers)
        try:
            answer = self.server.answer(self._call(self._read_body()))
        except StatusError as error:
            answer = HttpResponse(error.document, error.code)
        except PlainError as error:
            answer = HttpResponse(error.text, error.code, "text/plain; charset=utf-8")
        with suppress(ConnectionError, ssl.SSLError):
            self._send(answer)

    def _read_body(self) -> bytes:
        """Read the body, which requires Content-Length. The connection is closed after a body that is not read."""
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" not in self.headers and length.isascii() and length.isdigit():
            if int(length) <= _LONGEST_BODY_BYTES:
                return self.rfile.read(int(length))
            self.close_connection = True
            raise body_too_large(_LONGEST_BODY_BYTES)
        self.close_connection = True
        raise bad_request("the demo API server reads only bodies with a Content-Length")

    def _call(self, raw: bytes) -> HttpRequest:
        certificate: Object = dict(self.connection.getpeercert() or {})
        return HttpRequest(self.command, urlsplit(self.path), self.headers, raw, certificate, self._disconnected)

    def _disconnected(self) -> bool:
        # A client sends nothing while it waits for a response: readable data means that it has closed.
        return bool(select.select([self.connection], [], [], 0)[0])

    def _send(self, answer: HttpResponse) -> None:
        self.send_response(answer.code)
        self.send_header("Content-Type", answer.media)
        if isinstance(answer.document, dict | str):
            text = answer.document if isinstance(answer.document, str) else json.dumps(answer.document)
            self._send_whole(text.encode())
        else:
            self._send_chunks(answer.document)

    def _send_whole(self, data: bytes) -> None:
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_chunks(self, documents: Iterator[Object]) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for document in documents:
            line = json.dumps(document).encode() + b"\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")


def _tls_context(certificate: ServerCertificate, client_ca_pem: bytes | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with temporary_folder("kubectl-cbt-demo-") as folder:
        # OpenSSL reads the key pair only from files; they are deleted before any client connects.
        path = folder / "server.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate.key_pem + certificate.certificate_pem)
        context.load_cert_chain(path)
    if client_ca_pem is not None:
        context.load_verify_locations(cadata=client_ca_pem.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
