"""From a resolved target to a source that can be asked: with whose tokens, and by which way."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_cbt.cli.options import Cluster, Service
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.model.resolved_query import OLDEST_VERSION
from kubectl_cbt.utf8 import require_utf8

if TYPE_CHECKING:
    from kubectl_cbt.cli.session import Session
    from kubectl_cbt.cluster.tokens import FreshToken
    from kubectl_cbt.model.resolved_query import Endpoint, Target
    from kubectl_cbt.model.route import Route
    from kubectl_cbt.wire.sidecar import SidecarSource


class Access:
    """A session, and what the command line says of services."""

    def __init__(self, session: Session, cluster: Cluster, service: Service) -> None:
        self._session = session
        self._service = service
        # The demo has accounts of its own; the variable names one of the user's cluster.
        from_environment = "" if cluster.demo else os.environ.get("KUBECTL_CBT_SERVICE_ACCOUNT", "")
        require_utf8("KUBECTL_CBT_SERVICE_ACCOUNT", from_environment)
        self._account = service.service_account or from_environment
        self._find_account = self.account

    def source(self, target: Target, fresh_token: FreshToken | None = None) -> SidecarSource:
        """A source, the way to it made.

        Args:
            fresh_token: to be shown instead of the tokens the command line is about.

        Raises:
            CbtError: no token can be had, or there is no way.
        """
        from kubectl_cbt.wire.sidecar import SidecarSource

        endpoint = self.endpoint(target.endpoint)
        old = endpoint.version == OLDEST_VERSION
        source = SidecarSource(
            endpoint,
            # The first one while the way is made.
            fresh_token or self._session.api.prefetch(self.fresh_token(endpoint)),
            self.route(endpoint),
            base_name=target.base.ref.name if target.base and old else "",
            fresh_endpoint=lambda: self._session.catalogue.service(endpoint.service).endpoint(),
            max_message_bytes=self._service.max_message_size,
            clock_ahead=self._session.api.clock_ahead_seconds,
        )
        with contextlib.ExitStack() as stack:
            stack.callback(source.close)
            source.connect()
            stack.pop_all()
        return source

    def prefetch_account(self) -> None:
        """Find out whose token to ask for, while the snapshots are looked up."""
        self._find_account = self._session.api.prefetch(self.account)

    def endpoint(self, endpoint: Endpoint) -> Endpoint:
        """With the name that its certificate shall carry."""
        return replace(endpoint, tls_server_name=self._service.service_tls_server_name)

    def route(self, endpoint: Endpoint) -> Route:
        """How to get there; nothing is started yet."""
        from kubectl_cbt.cluster.routing import RouteOptions, find_route

        route_options = RouteOptions(self._service.connect, self._service.address)
        return find_route(self._session.api, endpoint, route_options, self._session.kubeconfig, log=self._session.log)

    def fresh_token(self, endpoint: Endpoint) -> FreshToken:
        """Where tokens come from: a file, the ServiceAccount named, or the caller when it is one."""
        from kubectl_cbt.cluster import tokens

        service, session = self._service, self._session
        account = self._find_account()
        if account is None:
            return tokens.token_from_file(service.token_file or Path())
        if service.token_duration < tokens.MIN_DURATION_SECONDS:
            raise UsageError("--token-duration has to be at least 10m: the API server issues no shorter tokens")
        seconds = round(service.token_duration)
        return tokens.token_of_service_account(session.api, account, endpoint.audience, seconds, session.namespace)

    def account(self) -> ServiceAccountRef | None:
        """The ServiceAccount to ask as; None when the token comes from a file.

        Raises:
            UsageError: what was named is none.
            TokenUnavailable: none was named, and the caller is none.
        """
        from kubectl_cbt.cluster import tokens

        if self._service.token_file:
            return None
        if not self._account:
            return tokens.service_account_of_caller(self._session.api, self._session.namespace)
        try:
            return ServiceAccountRef.parse(self._account, self._session.namespace)
        except ValueError as error:
            raise UsageError(f"--service-account {error}") from error
