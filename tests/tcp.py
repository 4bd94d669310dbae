"""A TCP forwarder that tests can cut anywhere, in the middle of a TLS record too."""

import socket
import threading
from contextlib import suppress


class CuttingProxy:
    """Forwards loopback connections to a port.

    Args:
        cuts: for each connection in turn how many bytes of the server's pass before it is reset; None for all. Later
            connections pass.
    """

    def __init__(self, port: int, cuts: list[int | None]) -> None:
        self._port = port
        self._cuts = list(cuts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.connections = 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "CuttingProxy":
        return self

    def __exit__(self, *_: object) -> None:
        # A listener that is only closed would leave accept() waiting.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self._port))
            self._open += [client, server]
            limit = self._cuts.pop(0) if self._cuts else None
            for source, sink, most in ((client, server, None), (server, client, limit)):
                thread = threading.Thread(target=_copy, args=(source, sink, most), daemon=True)
                self._threads.append(thread)
                thread.start()


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
