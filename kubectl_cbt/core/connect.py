"""From a resolved query to a source: with whose tokens, and by which route."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.model.resolved_query import OLDEST_VERSION

if TYPE_CHECKING:
    from kubectl_cbt.cluster.tokens import FreshToken
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.model.resolved_query import Endpoint, ResolvedQuery
    from kubectl_cbt.model.route import Route
    from kubectl_cbt.wire.sidecar import SidecarSource


class ServiceConnector:
    """Connects to the services of a cluster, as the options want it."""

    def __init__(self, session: Session, options: ServiceOptions) -> None:
        self._session = session
        self._options = options
        self._find_account = self.account

    def source(self, resolved: ResolvedQuery, fresh_token: FreshToken | None = None) -> SidecarSource:
        """Return a source for a query that was resolved in this cluster; establishes its route.

        Args:
            fresh_token: presented instead of the tokens that the options name.

        Raises:
            CbtError: no token is available, or there is no route.
        """
        from kubectl_cbt.wire.sidecar import SidecarSource

        endpoint = self.endpoint(resolved.service_endpoint)
        is_oldest = endpoint.version == OLDEST_VERSION
        source = SidecarSource(
            endpoint,
            # The first one is requested while the route is made.
            fresh_token or self._session.api.prefetch(self.fresh_token(endpoint)),
            self.route(endpoint),
            base_name=resolved.base.ref.name if resolved.base and is_oldest else "",
            fresh_endpoint=lambda: self._session.catalogue.service(endpoint.service).endpoint(),
            max_message_bytes=self._options.max_message_size,
            clock_ahead=self._session.api.clock_ahead_seconds,
        )
        with contextlib.ExitStack() as stack:
            stack.callback(source.close)
            source.connect()
            stack.pop_all()
        return source

    def prefetch_account(self) -> None:
        """Find out whose token to request, while the snapshots are looked up."""
        self._find_account = self._session.api.prefetch(self.account)

    def endpoint(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with the name that its certificate must have."""
        return replace(endpoint, tls_server_name=self._options.service_tls_server_name)

    def route(self, endpoint: Endpoint) -> Route:
        """How to reach the service; nothing is started yet."""
        from kubectl_cbt.cluster.routing import RouteOptions, find_route

        options = RouteOptions(self._options.connect, self._options.address)
        return find_route(self._session.api, endpoint, options, self._session.kubeconfig, log=self._session.log)

    def fresh_token(self, endpoint: Endpoint) -> FreshToken:
        """Where tokens come from: a file, the ServiceAccount named, or the caller when it is one."""
        from kubectl_cbt.cluster import tokens

        options, session = self._options, self._session
        account = self._find_account()
        if account is None:
            return tokens.token_from_file(options.token_file or Path())
        if options.token_duration < tokens.MIN_DURATION_SECONDS:
            raise UsageError("--token-duration must be at least 10m: the API server issues no shorter tokens")
        seconds = round(options.token_duration)
        return tokens.token_of_service_account(session.api, account, endpoint.audience, seconds, session.namespace)

    def account(self) -> ServiceAccountRef | None:
        """The ServiceAccount to authenticate as; None when the token comes from a file.

        Raises:
            UsageError: the name is invalid.
            TokenUnavailable: none was named, and the caller is not a ServiceAccount.
        """
        from kubectl_cbt.cluster import tokens

        if self._options.token_file:
            return None
        if not self._options.service_account:
            return tokens.service_account_of_caller(self._session.api, self._session.namespace)
        try:
            return ServiceAccountRef.parse(self._options.service_account, self._session.namespace)
        except ValueError as error:
            raise UsageError(f"--service-account {error}") from error
