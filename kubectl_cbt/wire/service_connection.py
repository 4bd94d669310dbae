"""The connection to a service, shared by the streams that query it: its route, its certificate, its gRPC channel.

A connection that failed is replaced by the next stream that needs one. It is closed when its last stream has left it:
no stream ends because another one failed or was closed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import grpc

from kubectl_cbt.errors import CbtError, Interrupted
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.route import DirectRoute, Route
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.wire.channel import close_channel, open_channel
from kubectl_cbt.wire.tls_verification import TlsVerification


class Link:
    """One connection to a service; a thread of its own makes it, so that each stream can stop waiting for it.

    Its steps: find the route, get an address, fetch and verify the certificate, make the channel.

    Args:
        endpoint: the service, and the CA to trust for it.
        find_route: returns the route; may wait for the API server.
        max_message_bytes: see :func:`~kubectl_cbt.wire.channel.message_options`.

    Attributes:
        users: how many streams use it or wait for it; changed by the :class:`ServiceConnection` alone.
        route: None until it is found.
        address: to connect to; empty until the route has one.
        verified_pem: the certificate that was verified, and the only one that the channel trusts.
        channel: None until the connection is made, and after it is closed.
        error: why it could not be made: a CbtError of the route, or an error of
            :meth:`~kubectl_cbt.wire.tls_verification.TlsVerification.leaf_pem`.
    """

    def __init__(self, endpoint: Endpoint, find_route: Callable[[], Route], max_message_bytes: int) -> None:
        self.endpoint = endpoint
        self.users = 0
        self.route: Route | None = None
        self.address = ""
        self.verified_pem = b""
        self.channel: grpc.Channel | None = None
        self.error: Exception | None = None
        self._max_message_bytes = max_message_bytes
        self._verification: TlsVerification | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._has_route, self._is_over = _Milestone(), _Milestone()
        threading.Thread(target=self._make, args=(find_route,), name="cbt-connect", daemon=True).start()

    def wait_for_route(self, cancellation: Cancellation) -> None:
        """Wait until the route has an address; the certificate is fetched meanwhile.

        Raises:
            CbtError: there is no route.
        """
        self._has_route.wait(cancellation)
        if isinstance(self.error, CbtError):
            raise self.error

    def wait(self, cancellation: Cancellation) -> None:
        """Wait until it is made or has failed, which ``error`` then describes, or until the wait is cancelled."""
        self._is_over.wait(cancellation)

    @property
    def is_made(self) -> bool:
        """Whether it was made; it may have failed since."""
        return self.channel is not None

    @property
    def is_usable(self) -> bool:
        """Whether a stream may use it or wait for it, as far as is known."""
        return self.error is None and not (self.is_made and self.route is not None and not self.route.is_up)

    def close(self, *, with_route: bool) -> None:
        """Close the channel, or stop connecting. From any thread.

        Args:
            with_route: close the route too.
        """
        with self._lock:
            self._closed = True
            channel, self.channel = self.channel, None
            verification, route = self._verification, self.route
        if verification is not None:
            verification.cancel()
        if channel is not None:
            close_channel(channel)
        if with_route and route is not None:
            route.close()

    def _make(self, find_route: Callable[[], Route]) -> None:
        try:
            with self._lock:
                self._check_open()
            route = find_route()
            with self._lock:
                self.route = route
                self._check_open()
            self.address = route.address()
            with self._lock:
                self._check_open()
                verification = self._verification = TlsVerification(self.address, self.endpoint)
            self._has_route.reach()
            self.verified_pem = verification.leaf_pem()
            with self._lock:
                self._check_open()
                self.channel = open_channel(
                    self.address, self.endpoint.host, self.verified_pem, self._max_message_bytes
                )
        except Exception as error:  # noqa: BLE001  # raised in the threads that wait
            self.error = error
        finally:
            self._has_route.reach()
            self._is_over.reach()

    def _check_open(self) -> None:
        if self._closed:
            raise Interrupted("interrupted")


class ServiceConnection:
    """Connects to a service when a stream needs it, and again after a failure. Thread-safe.

    Streams :meth:`enter` a link and :meth:`leave` it. Those that enter at once share one link; when it fails, each of
    them gets the error, and the next one makes another link.

    Args:
        endpoint: the service, and the CA to trust for it.
        find_route: returns the route to it, with nothing started; the endpoint's own address by default.
        fresh_endpoint: reads the endpoint again, for a CA that was replaced meanwhile.
        max_message_bytes: a larger message ends its stream with an error.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        find_route: Callable[[], Route] | None = None,
        fresh_endpoint: Callable[[], Endpoint] | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        self._endpoint = endpoint
        self._find_route = find_route or (lambda: DirectRoute(endpoint.address))
        self._fresh_endpoint = fresh_endpoint
        self._max_message_bytes = max_message_bytes
        self._route: Route | None = None  # of the next link; None to find it
        self._current: Link | None = None
        self._links: list[Link] = []  # not closed yet
        self._closed = False
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> Endpoint:
        """The service, with the CA that was read last."""
        return self._endpoint

    def enter(self) -> Link:
        """Use the present link, or begin to make one; returns at once.

        Raises:
            Interrupted: the connection is closed.
        """
        with self._lock:
            if self._closed:
                raise Interrupted("interrupted")
            lost = self._current
            if lost is not None and not lost.is_usable:
                self._replace(lost)
            if self._current is None:
                route = self._route
                self._current = Link(
                    self._endpoint, self._find_route if route is None else lambda: route, self._max_message_bytes
                )
                self._links.append(self._current)
            link = self._current
            link.users += 1
        if lost is not None:
            self._close_unused(lost)
        return link

    def leave(self, link: Link) -> None:
        """End the use of a link, once per :meth:`enter`.

        One that is being made is given up when no stream waits for it any more; one that works stays for the next.
        """
        with self._lock:
            link.users -= 1
            if link is self._current and not link.users and not (link.is_made and link.is_usable):
                self._replace(link)
        self._close_unused(link)

    def retire(self, link: Link, *, keep_route: bool = False) -> None:
        """Have the next stream make another link: this one failed. Streams that use it may go on.

        Args:
            keep_route: the route did not fail: the next link uses it too.
        """
        with self._lock:
            if link is self._current:
                self._replace(link, keep_route=keep_route)

    def has_another_ca(self, link: Link) -> bool:
        """Read the endpoint again: rotating the CA replaces it in the object too.

        Returns:
            Whether it is another CA than the link's, so that another link may be trusted.
        """
        if self._fresh_endpoint is None:
            return False
        try:
            fresh = self._fresh_endpoint()
        except CbtError:
            return False
        with self._lock:
            self._endpoint = replace(self._endpoint, ca_pem=fresh.ca_pem)
            if link is self._current:
                self._replace(link, keep_route=True)
        return fresh.ca_pem != link.endpoint.ca_pem

    def close(self) -> None:
        """Close it; running streams end. More than once, and from any thread."""
        with self._lock:
            self._closed = True
            links, self._links, self._current = self._links, [], None
            route, self._route = self._route, None
        for link in links:
            link.close(with_route=True)
        if route is not None:
            route.close()

    def _replace(self, link: Link, *, keep_route: bool = False) -> None:
        """Called with the lock."""
        self._current = None
        route = link.route
        # A certificate that was rejected says nothing against the route.
        if route is not None and not (keep_route or _is_rejected(link.error)):
            route = route.renewed()
        self._route = route

    def _close_unused(self, link: Link) -> None:
        with self._lock:
            if link.users or link is self._current or link not in self._links:
                return
            self._links.remove(link)
            route = link.route
            is_kept = route is self._route or any(other.route is route for other in self._links)
        link.close(with_route=not is_kept)


class _Milestone:
    """Is reached once; waiting for it can be cancelled."""

    def __init__(self) -> None:
        self._reached = False
        self._waiting: list[threading.Event] = []

    def reach(self) -> None:
        self._reached = True
        for waiting in tuple(self._waiting):
            waiting.set()

    def wait(self, cancellation: Cancellation) -> None:
        woken = threading.Event()
        self._waiting.append(woken)
        try:
            # Looked at after the event was added: else it might be reached in between.
            if not self._reached:
                with cancellation.calling(woken.set):
                    woken.wait()
        finally:
            self._waiting.remove(woken)


def _is_rejected(error: Exception | None) -> bool:
    if error is None or isinstance(error, CbtError | OSError):
        return False
    from kubectl_cbt.wire.certificate_check import CertificateRejected

    return isinstance(error, CertificateRejected)
