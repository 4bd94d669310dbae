"""A metadata service that sends exactly the HTTP/2 frames of a script, over TLS: also what no gRPC server sends."""

import functools
import socket
import ssl
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded
from h2.exceptions import ProtocolError
from tcp import Listener

from kubectl_cbt.demo.certificates import CertificateAuthority

Step = Callable[[H2Connection, int], None]
_FRAME_BYTES = 2**14
HEADERS = [(":status", "200"), ("content-type", "application/grpc")]


def framed(message: bytes, flag: int = 0, length: int | None = None) -> bytes:
    """A message as gRPC frames it, or with another flag or length."""
    return struct.pack(">BI", flag, len(message) if length is None else length) + message


def headers(*more: tuple[str, str]) -> Step:
    return lambda http, stream: http.send_headers(stream, [*HEADERS, *more])


def data(*parts: bytes, end: bool = False) -> Step:
    """At most 64 KiB: nothing waits for room."""

    def step(http: H2Connection, stream: int) -> None:
        whole = b"".join(parts)
        last = max(len(whole) - 1, 0) // _FRAME_BYTES * _FRAME_BYTES
        for begin in range(0, last + 1, _FRAME_BYTES):
            http.send_data(stream, whole[begin : begin + _FRAME_BYTES], end_stream=end and begin == last)

    return step


def trailers(*fields: tuple[str, str]) -> Step:
    return lambda http, stream: http.send_headers(stream, list(fields), end_stream=True)


def only_trailers(*fields: tuple[str, str]) -> Step:
    return lambda http, stream: http.send_headers(stream, [*HEADERS, *fields], end_stream=True)


def reset(code: int) -> Step:
    return lambda http, stream: http.reset_stream(stream, code)


def goaway(http: H2Connection, _stream: int) -> None:
    http.close_connection(last_stream_id=0)


OK = trailers(("grpc-status", "0"))


@functools.cache
def _certificates() -> tuple[bytes, bytes]:
    """The CA, and the server's key with its certificate."""
    authority = CertificateAuthority("raw service CA")
    certificate = authority.issue("127.0.0.1")
    return authority.pem, certificate.key_pem + certificate.certificate_pem


class RawService:
    """Answers each call with the next script; the last one again and again.

    Attributes:
        address: ``host:port`` it listens at.
        ca_pem: whom to trust for it.
        calls: how many were answered.
    """

    def __init__(self, *scripts: list[Step]) -> None:
        self.ca_pem, served_pem = _certificates()
        self.calls = 0
        self._scripts = list(scripts)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.set_alpn_protocols(["h2"])
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(served_pem)
            pem.flush()
            self._tls.load_cert_chain(pem.name)
        self._listener = Listener(self._serve)
        self.address = self._listener.address

    def close(self) -> None:
        self._listener.close()

    def _serve(self, plain: socket.socket) -> None:
        # After a GOAWAY of its own h2 takes nothing from the client any more.
        with suppress(ProtocolError), self._tls.wrap_socket(plain, server_side=True) as connection:
            http = H2Connection(H2Configuration(client_side=False, validate_outbound_headers=False))
            http.initiate_connection()
            connection.sendall(http.data_to_send())
            while received := connection.recv(2**16):
                for event in http.receive_data(received):
                    if isinstance(event, RequestReceived):
                        self.calls += 1
                    elif isinstance(event, StreamEnded) and event.stream_id is not None:
                        for step in self._next_script():
                            step(http, event.stream_id)
                connection.sendall(http.data_to_send())

    def _next_script(self) -> list[Step]:
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]


@contextmanager
def raw_service(*scripts: list[Step]) -> Iterator[RawService]:
    service = RawService(*scripts)
    try:
        yield service
    finally:
        service.close()
