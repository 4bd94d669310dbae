"""TLS and gRPC servers for tests, and connections to them."""

import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import grpc
from certified import CA_YES, Certified, certified, sans, usage

from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.route import Route
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.wire.service_connection import ServiceConnection
from kubectl_cbt.wire.sidecar import SidecarSource

CA = certified([CA_YES], subject="ca.example")
INTERMEDIATE = certified([CA_YES], issuer=CA, subject="intermediate.example")


def leaf(*hosts: str, issuer: Certified = CA, **more) -> Certified:
    return certified(sans(*(hosts or ("127.0.0.1",))), issuer=issuer, subject="leaf.example", **more)


class Tls:
    """One handshake, and the name and protocols requested in it."""

    def __init__(self, folder, *chain: Certified) -> None:
        self.server_name: str | None = None
        self.protocol: str | None = None
        path = folder / "served.pem"
        path.write_bytes(b"".join(one.pem for one in chain) + chain[0].key_pem)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(path)
        self._context.set_alpn_protocols(["h2"])
        self._context.sni_callback = self._note

    def _note(self, _connection, server_name, _context) -> None:
        self.server_name = server_name

    def __call__(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as secured:
            self.protocol = secured.selected_alpn_protocol()
            secured.recv(1)


# The client.


@contextmanager
def grpc_server(*served: Certified):
    """A health service that is SERVING."""
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    check = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"\x08\x01")
    handlers = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})
    server.add_generic_rpc_handlers([handlers])
    pair = (served[0].key_pem, b"".join(one.pem for one in served))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@contextmanager
def client(address: str, ca_pem: bytes = CA.pem, *, name: str = "", route: Route | None = None, **more):
    endpoint = Endpoint("csi.example", address, "audience", ca_pem, tls_server_name=name)
    connection = ServiceConnection(endpoint, (lambda: route) if route else None, **more)
    source = SidecarSource(connection, lambda: Secret(""))
    try:
        yield source
    finally:
        source.close()


SELF_SIGNED = certified(sans("127.0.0.1"), subject="self.example")
SELF_SIGNED_CA = certified(
    sans("127.0.0.1"), [CA_YES], [usage("digital_signature", "key_cert_sign")], subject="self.example"
)
NAMELESS = certified([sans("127.0.0.1")], subject="")


def forward(port: int):
    """A connection to another port, until either end closes it."""

    def serve(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            threads = [threading.Thread(target=_pump, args=ends) for ends in ((client, server), (server, client))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    return serve


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
