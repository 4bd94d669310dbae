"""Servers on loopback of which tests decide every byte, and when it comes."""

import itertools
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

Serve = Callable[[socket.socket], None]
"""Serves one connection, which is closed when it returns; an OSError ends it too."""


class Listener:
    """A loopback port, open from the start; each connection is served in a thread of its own.

    Args:
        serve: what serves each connection in turn, and the last one all later ones.

    Attributes:
        connections: how many were accepted.
    """

    def __init__(self, *serve: Serve) -> None:
        self.connections = 0
        self._serve = serve
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every connection."""
        # A listener that is only closed would leave accept() waiting.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(10)
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(10)

    def _accept(self) -> None:
        for serve in itertools.chain(self._serve, itertools.repeat(self._serve[-1] if self._serve else _nothing)):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            # A handle to end it by: TLS takes the descriptor that is served away from its socket.
            handle = connection.dup()
            self._open.append(handle)
            thread = threading.Thread(target=self._serve_one, args=(serve, connection, handle), daemon=True)
            self._threads.append(thread)
            thread.start()

    @staticmethod
    def _serve_one(serve: Serve, connection: socket.socket, handle: socket.socket) -> None:
        with handle, connection, suppress(OSError):
            serve(connection)


def _nothing(_connection: socket.socket) -> None:
    """Close it."""


def joined(client: socket.socket, server: socket.socket, limit: int | None = None) -> None:
    """Copy in both directions until both have ended.

    Args:
        limit: how many bytes of the server's pass before both are ended; None for all.
    """
    there = threading.Thread(target=_copy, args=(client, server, None), daemon=True)
    there.start()
    _copy(server, client, limit)
    there.join(10)


def _copy(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(65536):
            if limit is not None and passed + len(data) > limit:
                sink.sendall(data[: limit - passed])
                break
            sink.sendall(data)
            passed += len(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class CuttingProxy(Listener):
    """Forwards loopback connections to a port, cut anywhere, in the middle of a TLS record too.

    Args:
        cuts: for each connection in turn how many bytes of the server's pass before it is reset; None for all. Later
            connections pass.
    """

    def __init__(self, port: int, cuts: list[int | None]) -> None:
        def forwarding(limit: int | None) -> Serve:
            def forward(client: socket.socket) -> None:
                with socket.create_connection(("127.0.0.1", port)) as server:
                    joined(client, server, limit)

            return forward

        super().__init__(*map(forwarding, [*cuts, None]))
