"""An API server that sends exactly the bytes of a script, and a client of it in this process."""

import itertools
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tcp import Listener

from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.client_config import Connection, LoadedConfig
from kubectl_cbt.kube.client_tls import client_context
from kubectl_cbt.kube.kubeconfig import Impersonation

BODY = b'{"kind": "Test"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
WITH_LENGTH = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)

Answer = Callable[[bytes], Iterable[bytes]]
"""What is sent for a request."""


def at_once(*parts: bytes) -> Answer:
    return lambda _request: parts


class Server:
    """Sends to each connection in turn, after its request, what the next answer yields, and closes it.

    Attributes:
        requests: the heads of those it got.
    """

    def __init__(self, answers: Iterable[Answer], tls: ssl.SSLContext | None) -> None:
        self.requests: list[bytes] = []
        self._answers = iter(answers)
        self._tls = tls
        self._listener = Listener(self._serve)
        self.port = self._listener.port

    def close(self) -> None:
        self._listener.close()

    def _serve(self, plain: socket.socket) -> None:
        connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                received = connection.recv(2**16)
                if not received:
                    return
                request += received
            self.requests.append(request)
            for part in next(self._answers)(request):
                connection.sendall(part)


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """The last answer is given again and again."""
    server = Server(itertools.chain(answers, itertools.repeat(answers[-1])), tls)
    try:
        yield server
    finally:
        server.close()


def connection(server: str, ca: bytes = b"") -> Connection:
    """To a server; without a CA nothing is trusted."""
    return Connection(server, client_context(ca or None, verify=True))


@contextmanager
def asking(connection: Connection, seconds: float = 30) -> Iterator[Api]:
    api = Api(LoadedConfig(connection, "default", Impersonation()), seconds)
    try:
        yield api
    finally:
        api.close()
