"""Questions to a cluster: from names to a stream that has not begun."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_cbt.cli.options import Asking, Cluster
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.question import DEFAULT_MAX_RESULTS, Question
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.model.target import OLDEST_VERSION

if TYPE_CHECKING:
    from kubectl_cbt.cli.session import Session
    from kubectl_cbt.cluster.resolve import Wanted
    from kubectl_cbt.cluster.tokens import FreshToken
    from kubectl_cbt.model.entry import SnapshotEntry
    from kubectl_cbt.model.results import Asked
    from kubectl_cbt.model.target import Endpoint, Target
    from kubectl_cbt.stream.loop import ExtentStream
    from kubectl_cbt.tui.ports import Choice
    from kubectl_cbt.wire.sidecar import SidecarSource
    from kubectl_cbt.wire.source import Source


@dataclass(frozen=True, slots=True)
class LiveStream:
    """A resolved question; the service is asked when the stream is iterated."""

    asked: Asked
    stream: ExtentStream
    source: Source

    @property
    def kind(self) -> str:
        """``delta`` or ``allocated``."""
        return self.asked.question.verb

    def close(self) -> None:
        """End it, and close the connection."""
        self.stream.cancel()
        self.source.close()


class LiveCluster:
    """A session and how to ask in it; what the screens get to open streams with.

    Args:
        namespace: whose snapshots are listed; None for those of all.
    """

    def __init__(self, session: Session, cluster: Cluster, asking: Asking, namespace: str | None) -> None:
        self._session = session
        self._asking = asking
        self._namespace = namespace
        # The demo has accounts of its own; the variable names one of the user's cluster.
        from_environment = "" if cluster.demo else os.environ.get("KUBECTL_CBT_SERVICE_ACCOUNT", "")
        self._account = asking.service_account or from_environment

    def entries(self) -> list[SnapshotEntry]:
        """The snapshots there are."""
        return self._session.catalogue.entries(self._namespace)

    def open(self, choice: Choice) -> LiveStream:
        """Resolve what was chosen on a screen."""
        from kubectl_cbt.cluster.resolve import Wanted

        return self.ask(Wanted(snapshot=choice.target, base=choice.base, service=self._asking.service or None))

    def ask(self, wanted: Wanted) -> LiveStream:
        """Resolve what was named, and make the way to its service."""
        from kubectl_cbt.cluster.resolve import resolve
        from kubectl_cbt.model.results import Asked
        from kubectl_cbt.stream.loop import ExtentStream
        from kubectl_cbt.stream.resume import Retries

        asking = self._asking
        target = resolve(self._session.catalogue, wanted)
        question = Question(
            snapshot=target.snapshot.ref,
            base=target.base_handle,
            starting_offset=asking.starting_offset,
            max_results=DEFAULT_MAX_RESULTS if asking.max_results is None else asking.max_results,
        )
        source = self._source(target)
        stream = ExtentStream(
            source,
            question,
            max_results_is_ours=asking.max_results is None,
            retries=Retries(limit=asking.retries),
            probe=not asking.no_probe,
        )
        return LiveStream(Asked(question, target), stream, source)

    def _source(self, target: Target) -> SidecarSource:
        from kubectl_cbt.cluster.reach import Reaching, find_way
        from kubectl_cbt.wire.sidecar import SidecarSource

        asking, session = self._asking, self._session
        endpoint = replace(target.endpoint, tls_server_name=asking.service_tls_server_name)
        fresh_token = self._fresh_token(endpoint)
        reaching = Reaching(asking.connect, asking.address)
        way = find_way(session.api, endpoint, reaching, session.login, log=session.log)
        old = endpoint.version == OLDEST_VERSION
        source = SidecarSource(
            endpoint,
            fresh_token,
            way,
            base_name=target.base.ref.name if target.base and old else "",
            fresh_endpoint=lambda: session.catalogue.service(endpoint.service).endpoint(),
        )
        with contextlib.ExitStack() as stack:
            stack.callback(source.close)
            source.reach()
            stack.pop_all()
        return source

    def _fresh_token(self, endpoint: Endpoint) -> FreshToken:
        """Where tokens come from: a file, the ServiceAccount named, or the caller when it is one."""
        from kubectl_cbt.cluster import tokens

        asking, session = self._asking, self._session
        if asking.token_file:
            return tokens.token_from_file(asking.token_file)
        if asking.token_duration < tokens.MIN_DURATION_SECONDS:
            raise UsageError("--token-duration has to be at least 10m: the API server issues no shorter tokens")
        if self._account:
            try:
                account = ServiceAccountRef.parse(self._account, session.namespace)
            except ValueError as error:
                raise UsageError(f"--service-account {error}") from error
        else:
            account = tokens.service_account_of_caller(session.api, session.namespace)
        return tokens.token_of_service_account(session.api, account, endpoint.audience, round(asking.token_duration))
