"""From a resolved query to a source: with whose tokens, and by which route."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.kube.prefetch import SharedResult
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.model.resolved_query import OLDEST_VERSION

if TYPE_CHECKING:
    from kubectl_cbt.cluster.tokens import IssuedToken, SharedToken, TokenSource
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.model.resolved_query import Endpoint, ResolvedQuery
    from kubectl_cbt.model.route import Route
    from kubectl_cbt.wire.service_connection import ServiceConnection
    from kubectl_cbt.wire.sidecar import SidecarSource


class ServiceConnector:
    """Connects to the services of a cluster, as the options want it."""

    def __init__(self, session: Session, options: ServiceOptions) -> None:
        self._session = session
        self._options = options
        self._found_account = SharedResult(self._find_account)
        self._tokens: dict[tuple[ServiceAccountRef, str], SharedToken] = {}

    def source(self, resolved: ResolvedQuery, token: TokenSource | None = None) -> SidecarSource:
        """Return a source for a query that was resolved in this cluster; establishes its route.

        Sources of one service share a connection, and sources of one audience a token.

        Args:
            token: presented instead of the tokens that the options name.

        Raises:
            CbtError: no token is available, or there is no route.
        """
        from kubectl_cbt.wire.sidecar import SidecarSource

        endpoint = self.endpoint(resolved.service_endpoint)
        is_oldest = endpoint.version == OLDEST_VERSION
        if token is None:
            token = self._prefetched_token(endpoint)
        connection, release = self._session.connections.lease(
            (endpoint, self._options), lambda: self._connection(endpoint)
        )
        source = SidecarSource(
            connection,
            token,
            token.discard,
            base_name=resolved.base.ref.name if resolved.base and is_oldest else "",
            clock_ahead=self._session.api.clock_ahead_seconds,
            release=release,
        )
        with contextlib.ExitStack() as stack:
            stack.callback(source.close)
            source.connect()
            stack.pop_all()
        return source

    def prefetch_account(self) -> None:
        """Find out whose token to request, while the snapshots are looked up."""
        if self._may_prefetch:
            self._found_account.start()

    def endpoint(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with the name that its certificate must have."""
        return replace(endpoint, tls_server_name=self._options.service_tls_server_name)

    def route(self, endpoint: Endpoint) -> Route:
        """How to reach the service; nothing is started yet."""
        from kubectl_cbt.cluster.routing import RouteOptions, find_route

        options = RouteOptions(self._options.connect, self._options.address)
        return find_route(self._session.api, endpoint, options, self._session.kubeconfig, log=self._session.log)

    def token(self, endpoint: Endpoint) -> TokenSource:
        """Where tokens come from: a file, the ServiceAccount named, or the caller when it is one."""
        from kubectl_cbt.cluster import tokens

        options, session = self._options, self._session
        account = self.account()
        if account is None:
            return tokens.TokenFile(options.token_file or Path())
        if options.token_duration < tokens.MIN_DURATION_SECONDS:
            raise UsageError("--token-duration must be at least 10m: the API server issues no shorter tokens")

        def request() -> IssuedToken:
            seconds = round(options.token_duration)
            return tokens.request_token(session.api, account, endpoint.audience, seconds, session.namespace)

        return self._tokens.setdefault((account, endpoint.audience), tokens.SharedToken(request))

    def account(self) -> ServiceAccountRef | None:
        """The ServiceAccount to authenticate as; None when the token comes from a file.

        Raises:
            UsageError: the name is invalid.
            TokenUnavailable: none was named, and the caller is not a ServiceAccount.
        """
        return self._found_account.result()

    @property
    def _may_prefetch(self) -> bool:
        """Whether requests may be sent out of order: not while they are logged."""
        return self._session.log.is_silent

    def _prefetched_token(self, endpoint: Endpoint) -> TokenSource:
        """The token is requested while the route is made."""
        from kubectl_cbt.cluster.tokens import SharedToken

        token = self.token(endpoint)
        if self._may_prefetch and isinstance(token, SharedToken):
            token.prefetch()
        return token

    def _connection(self, endpoint: Endpoint) -> ServiceConnection:
        from kubectl_cbt.wire.service_connection import ServiceConnection

        return ServiceConnection(
            endpoint,
            lambda: self.route(endpoint),
            lambda: self._session.catalogue.service(endpoint.service).endpoint(),
            self._options.max_message_size,
        )

    def _find_account(self) -> ServiceAccountRef | None:
        from kubectl_cbt.cluster import tokens

        if self._options.token_file:
            return None
        if not self._options.service_account:
            return tokens.service_account_of_caller(self._session.api, self._session.namespace)
        try:
            return ServiceAccountRef.parse(self._options.service_account, self._session.namespace)
        except ValueError as error:
            raise UsageError(f"--service-account {error}") from error
