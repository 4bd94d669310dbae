"""Fetch the certificates that a service serves, before gRPC connects.

gRPC for Python neither exposes the certificate nor lets us verify it. So a separate connection fetches it; it is
untrusted until :func:`kubectl_cbt.wire.certificate_check.verify` has accepted it. The channel that is opened afterwards
trusts only that certificate.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Any

from kubectl_cbt.address import split_address
from kubectl_cbt.wire.certificate_names import address_of
from kubectl_cbt.wire.service_proxy import proxy_for

CONNECT_SECONDS = 20.0
"""The same as gRPC's own connection timeout."""


class ChainFetch:
    """One fetch of the certificates served at an address.

    Args:
        address: ``host:port`` to connect to, through a proxy if gRPC would use one.
        server_name: sent as SNI unless it is an IP address. With a port-forward it differs from the host of
            ``address``.
    """

    def __init__(self, address: str, server_name: str, timeout_seconds: float = CONNECT_SECONDS) -> None:
        self._address = address
        self._server_name = server_name
        self._timeout_seconds = timeout_seconds
        self._connection: socket.socket | None = None
        self._cancelled = threading.Event()

    def chain(self) -> list[bytes]:
        """The served certificates, DER, the leaf first; unverified.

        Raises:
            OSError: the address cannot be reached, does not use TLS (``ssl.SSLError``), does not respond
                (``TimeoutError``), or serves no certificate; or ``server_name`` cannot be sent.
        """
        # The socket's timeout applies to each step; a server that sends a byte now and then would never time out.
        watchdog = threading.Timer(self._timeout_seconds, self.cancel)
        watchdog.daemon = True
        watchdog.start()
        try:
            return self._chain()
        except OSError as error:
            if self._connection is not None and (self._cancelled.is_set() or isinstance(error, TimeoutError)):
                raise TimeoutError("handshake timed out") from error
            raise
        finally:
            watchdog.cancel()

    def cancel(self) -> None:
        """Abort; safe from any thread."""
        self._cancelled.set()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _chain(self) -> list[bytes]:
        try:
            # Before connecting: ssl leaks the socket when the name cannot be encoded.
            sni = _sni(self._server_name)
        except ValueError as error:
            raise OSError(f"{self._server_name} cannot be sent as a server name: {error}") from error
        proxy = proxy_for(self._address)
        if proxy is None:
            connection = socket.create_connection(split_address(self._address), timeout=self._timeout_seconds)
        else:
            connection = proxy.connect(self._address, self._timeout_seconds)
        with connection:
            self._connection = connection
            if self._cancelled.is_set():
                raise TimeoutError("aborted")
            # Not wrap_socket(): it would detach the socket from cancel().
            return self._handshake(connection, sni)

    def _handshake(self, connection: socket.socket, sni: str | None) -> list[bytes]:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        secured = _unverified_context().wrap_bio(incoming, outgoing, server_hostname=sni)
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                received = connection.recv(2**16)
                if not received:
                    raise ConnectionAbortedError("Handshake read failed (the server closed the connection)") from None
                incoming.write(received)
            else:
                # The rest of the handshake, so that the server does not log a broken one.
                connection.sendall(outgoing.read())
                return _chain_of(secured)


def _chain_of(secured: ssl.SSLObject) -> list[bytes]:
    # Public since Python 3.13, where it returns bytes. 3.11 and 3.12 have it on the internal object, where it returns
    # ssl's own certificate objects. Without it intermediates would be invisible.
    if hasattr(secured, "get_unverified_chain"):
        return [bytes(one) for one in secured.get_unverified_chain()]
    internal: Any = secured
    return [one.public_bytes(_DER) for one in internal._sslobj.get_unverified_chain() or []]


_DER = 2
"""``_ssl.ENCODING_DER``, which has no public name."""


def _unverified_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # No verification here: the caller verifies, and only the certificates of this connection are used.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # gRPC servers close connections that do not negotiate HTTP/2.
    context.set_alpn_protocols(["h2"])
    return context


def _sni(server_name: str) -> str | None:
    if address_of(server_name) is not None:
        return None
    return server_name.removesuffix(".").encode("idna").decode("ascii") or None
