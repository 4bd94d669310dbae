"""A door in front of a server that can be slammed: forwards bytes, and resets a connection when it is told to.

gRPC's own server ends a stream politely whatever one does. What a client sees of a node that died or of a firewall
that lost patience is a connection that breaks in the middle.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading

_IDLE_SECONDS = 0.25
"""A connection is reset when nothing has come from the server for so long: what it sent before is to arrive, and to be
taken, for a client's gRPC drops with the connection what nobody has asked it for yet."""
_LOOK_UP_SECONDS = 0.05
_CHUNK_BYTES = 1 << 16


class Front:
    """Forwards each connection that ``listener`` accepts to a loopback port, from construction until :meth:`close`."""

    def __init__(self, listener: socket.socket, port: int) -> None:
        self._listener = listener
        self._port = port
        self._open: set[socket.socket] = set()
        self._doomed: set[int] = set()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def reset(self, peer: str) -> None:
        """Reset the connection that the server knows as ``peer``, as gRPC writes it, once all it sent has passed."""
        self._doomed.add(int(peer.rpartition(":")[2]))

    def close(self) -> None:
        """Stop listening, drop every connection, wait until that is done."""
        self._closing.set()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # whatever still waits for a client that takes nothing
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        self._listener.settimeout(_LOOK_UP_SECONDS)
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
            self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        self._open.add(client)
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)) as server:
            self._forward(client, server, server.getsockname()[1])
        self._open.discard(client)

    def _forward(self, client: socket.socket, server: socket.socket, own_port: int) -> None:
        while not self._closing.is_set():
            ready, _, _ = select.select([client, server], [], [], _IDLE_SECONDS)
            for source in ready:
                data = source.recv(_CHUNK_BYTES)
                if not data:
                    return
                (server if source is client else client).sendall(data)
            if server not in ready and own_port in self._doomed:
                self._doomed.discard(own_port)
                _reset_on_close(client)
                return


def _reset_on_close(connection: socket.socket) -> None:
    if connection.family != socket.AF_UNIX:
        # Linger for no time at all: a reset instead of an orderly end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
