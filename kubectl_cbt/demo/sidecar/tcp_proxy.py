"""A TCP proxy that forwards bytes and can reset a connection.

gRPC's server always ends a stream in an orderly manner. When a node fails or a firewall drops a flow, a client
sees a connection reset in the middle of a stream.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading

_IDLE_SECONDS = 0.25
"""A connection is reset after the server has sent nothing for this long, so that earlier messages arrive and are read:
with the connection, the client's gRPC drops messages that the application has not read yet."""
_POLL_SECONDS = 0.05
_CHUNK_BYTES = 1 << 16


class TcpProxy:
    """Forwards each connection that ``listener`` accepts to a loopback port, from construction until :meth:`close`."""

    def __init__(self, listener: socket.socket, port: int) -> None:
        self._listener = listener
        self._port = port
        self._open: set[socket.socket] = set()
        self._to_reset: set[int] = set()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def reset(self, peer: str) -> None:
        """Reset the connection to ``peer``, gRPC's name for it, after forwarding everything the server sent."""
        self._to_reset.add(int(peer.rpartition(":")[2]))

    def close(self) -> None:
        """Stop listening, close every connection and wait until that is done."""
        self._closing.set()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # unblocks a send to a client that does not read
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        self._listener.settimeout(_POLL_SECONDS)
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
            if server not in ready and own_port in self._to_reset:
                self._to_reset.discard(own_port)
                _reset_on_close(client)
                return


def _reset_on_close(connection: socket.socket) -> None:
    if connection.family != socket.AF_UNIX:
        # A linger time of 0 sends a reset instead of an orderly close.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
