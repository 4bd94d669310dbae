"""The certificates that a service serves, fetched before gRPC connects.

gRPC for Python shows no certificate and takes no verdict of ours. So one connection is made only to see what is served;
what comes from there is untrusted until :func:`kubectl_cbt.wire.certificate_check.verify` has accepted it. The channel
that is opened then trusts that one certificate and nothing else.
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
"""As long as gRPC tries to connect."""


class ChainFetch:
    """One look at what is served at an address.

    Args:
        address: ``host:port`` to connect to, through a proxy where gRPC would use one.
        server_name: sent as SNI unless it is an IP address. Through a port-forward it is not the host of ``address``.
    """

    def __init__(self, address: str, server_name: str, timeout_seconds: float = CONNECT_SECONDS) -> None:
        self._address = address
        self._server_name = server_name
        self._timeout_seconds = timeout_seconds
        self._connection: socket.socket | None = None
        self._ended = threading.Event()

    def chain(self) -> list[bytes]:
        """The served certificates, DER, the leaf first; unchecked.

        Raises:
            OSError: the address cannot be reached, or there is no TLS (``ssl.SSLError``), silence (``TimeoutError``),
                or no certificate; or ``server_name`` cannot be sent.
        """
        # A timeout of the socket is one of each step; a server that sends a byte now and then would never end.
        watchdog = threading.Timer(self._timeout_seconds, self.end)
        watchdog.daemon = True
        watchdog.start()
        try:
            return self._chain()
        except OSError as error:
            if self._connection is not None and (self._ended.is_set() or isinstance(error, TimeoutError)):
                raise TimeoutError("handshake timed out") from error
            raise
        finally:
            watchdog.cancel()

    def end(self) -> None:
        """Give up; from any thread."""
        self._ended.set()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _chain(self) -> list[bytes]:
        try:
            # Before connecting: ssl loses a socket when the name given to it cannot be encoded.
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
            if self._ended.is_set():
                raise TimeoutError("given up")
            # Not wrap_socket(): it would take the socket away from end().
            return self._handshake(connection, sni)

    def _handshake(self, connection: socket.socket, sni: str | None) -> list[bytes]:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        secured = _unchecking().wrap_bio(incoming, outgoing, server_hostname=sni)
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
    # Public from Python 3.13 on, and there it gives bytes. 3.11 and 3.12 have it on the object below, where it gives
    # certificates of ssl's own that know their bytes. Without it intermediates could not be seen.
    if hasattr(secured, "get_unverified_chain"):
        return [bytes(one) for one in secured.get_unverified_chain()]
    internal: Any = secured
    return [one.public_bytes(_DER) for one in internal._sslobj.get_unverified_chain() or []]


_DER = 2
"""``_ssl.ENCODING_DER``, which has no public name."""


def _unchecking() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # No checks: they are for the caller to make, and nothing but the certificates is taken from this connection.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # gRPC's servers end connections that do not ask for HTTP/2.
    context.set_alpn_protocols(["h2"])
    return context


def _sni(server_name: str) -> str | None:
    if address_of(server_name) is not None:
        return None
    return server_name.removesuffix(".").encode("idna").decode("ascii") or None
