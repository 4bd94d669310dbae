"""The benchmarks' server: the demo's API server, and a metadata service that only sends.

Runs in a separate process. It reads the stream to serve from standard input (``4000000 4096``: extents, extents per
message), encodes and frames its messages for gRPC, and then prints ``ready``. It sends many messages with one
``sendall`` instead of using gRPC's server, and needs a fraction of a client's time. The line "raw receive" of
`make bench` shows the fraction.

It does not check tokens or permissions; the API server does.
"""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset

from kubectl_cbt.demo.certificates import CertificateAuthority, ServerCertificate
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.encode_response import encode_response
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.wire.snapshot_metadata_pb2 import (
    VARIABLE_LENGTH,
    GetMetadataAllocatedRequest,
    GetMetadataDeltaRequest,
)

GRAIN = 4096
_SEGMENT = 2**20
FRAME = struct.Struct(">BI")
"""The prefix of each message: a compression flag and its length."""
_READ_BYTES = 2**16
_RESPONSE = [(":status", "200"), ("content-type", "application/grpc")]
_TRAILERS = [("grpc-status", "0")]


def extents(count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the columns of a busy volume in segments: most extents are small, with gaps between them."""
    random = np.random.default_rng(1)
    start = 0
    for begin in range(0, count, _SEGMENT):
        rows = min(_SEGMENT, count - begin)
        sizes = random.geometric(0.3, rows) * GRAIN
        ends = start + np.cumsum(random.integers(1, 20, rows) * GRAIN + sizes)
        yield ends - sizes, sizes
        start = int(ends[-1])


def messages(count: int, per_message: int) -> bytes:
    """Return the whole response in gRPC frames."""
    capacity = count * 64 * GRAIN
    parts = []
    for offsets, sizes in extents(count):
        for begin in range(0, len(offsets), per_message):
            rows = slice(begin, begin + per_message)
            message = encode_response(VARIABLE_LENGTH, capacity, offsets[rows], sizes[rows])
            parts += [FRAME.pack(0, len(message)), message]
    return b"".join(parts)


class Sender:
    """Sends :attr:`answer` in response to every request."""

    def __init__(self, certificate: ServerCertificate) -> None:
        self.answer = b""
        self._tls = _server_context(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            plain, _ = self._listener.accept()
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(plain, server_side=True) as connection:
                _Connection(connection, self.answer).serve()
        except OSError:
            return  # the client has disconnected


@dataclass
class _Asked:
    is_delta: bool
    framed: bytes = b""


class _Connection:
    """One client; its streams are served in order."""

    def __init__(self, connection: ssl.SSLSocket, answer: bytes) -> None:
        self._socket = connection
        self._answer = memoryview(answer)
        self._http = H2Connection(H2Configuration(client_side=False))
        self._unsent: dict[int, memoryview] = {}
        self._resolved: dict[int, _Asked] = {}

    def serve(self) -> None:
        """Serve until the client disconnects."""
        self._http.initiate_connection()
        self._flush()
        while data := self._socket.recv(_READ_BYTES):
            for event in self._http.receive_data(data):
                if isinstance(event, RequestReceived):
                    self._resolved[event.stream_id] = _Asked(is_delta=dict(event.headers)[b":path"].endswith(b"Delta"))
                elif isinstance(event, DataReceived):
                    self._resolved[event.stream_id].framed += event.data
                    self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded):
                    self._http.send_headers(event.stream_id, _RESPONSE)
                    self._unsent[event.stream_id] = self._answer_to(self._resolved.pop(event.stream_id))
                elif isinstance(event, StreamReset):
                    self._unsent.pop(event.stream_id, None)
            for stream in list(self._unsent):
                self._send(stream)
            self._flush()

    def _answer_to(self, resolved: _Asked) -> memoryview:
        """Send everything, or nothing in response to a probe after the end."""
        kind = GetMetadataDeltaRequest if resolved.is_delta else GetMetadataAllocatedRequest
        request = kind.FromString(resolved.framed[FRAME.size :])
        return self._answer[: 0 if request.starting_offset else None]

    def _send(self, stream: int) -> None:
        """Send as much as the flow control window allows."""
        rest = self._unsent[stream]
        while rest and (room := min(self._http.local_flow_control_window(stream), self._http.max_outbound_frame_size)):
            self._http.send_data(stream, rest[:room].tobytes())
            rest = rest[room:]
            if self._http.local_flow_control_window(stream) < room:
                self._flush()
        self._unsent[stream] = rest
        if not rest:
            del self._unsent[stream]
            self._http.send_headers(stream, _TRAILERS, end_stream=True)

    def _flush(self) -> None:
        self._socket.sendall(self._http.data_to_send())


def _server_context(certificate: ServerCertificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    with tempfile.NamedTemporaryFile() as pem:
        pem.write(certificate.key_pem + certificate.certificate_pem)
        pem.flush()
        context.load_cert_chain(pem.name)
    return context


def main() -> None:
    """Print the addresses, then serve until standard input ends."""
    authority = CertificateAuthority("kubectl-cbt bench CA")
    sender = Sender(authority.issue("127.0.0.1", "localhost"))
    with DemoCluster() as cluster, tempfile.TemporaryDirectory() as folder:
        service = cluster.store.get("snapshotmetadataservices", PAGES_DRIVER)
        if service is None:
            raise SystemExit("the demo cluster has no SnapshotMetadataService any more")
        service["spec"]["address"] = sender.address
        service["spec"]["caCert"] = base64.b64encode(authority.pem).decode()
        ca = Path(folder) / "ca.pem"
        ca.write_bytes(authority.pem)
        print(cluster.kubeconfig, sender.address, ca, flush=True)
        for line in sys.stdin:
            sender.answer = messages(*map(int, line.split()))
            print("ready", flush=True)


if __name__ == "__main__":
    main()
