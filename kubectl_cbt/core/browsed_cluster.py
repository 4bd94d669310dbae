"""A cluster whose context and namespace can be switched, for the list of snapshots."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from dataclasses import replace

from kubectl_cbt.core.backends import ClusterBackend
from kubectl_cbt.core.options import ClusterOptions, QueryOptions, ServiceOptions
from kubectl_cbt.core.session import Session, open_session
from kubectl_cbt.core.stream_recorder import ignore
from kubectl_cbt.errors import Forbidden
from kubectl_cbt.model.snapshot_entry import SnapshotEntry


class BrowsedCluster(ClusterBackend):
    """One context and one namespace of it, or all; see :class:`~kubectl_cbt.model.backend.ClusterView`.

    Args:
        session: the first login; its owner closes it.
        sessions: closes the logins of other contexts, at the latest with its own block.
    """

    def __init__(
        self,
        session: Session,
        service: ServiceOptions,
        options: QueryOptions,
        namespace: str | None,
        sessions: contextlib.ExitStack,
        warn: Callable[[str], None] = ignore,
    ) -> None:
        super().__init__(session, service, options, namespace, warn)
        self._first = (session.context, session.options, service)
        self._sessions = sessions
        self._login = contextlib.ExitStack()
        self._login.callback(session.close)

    def listed(self) -> tuple[BrowsedCluster, list[SnapshotEntry]]:
        """The entries, and the view that they are of.

        A caller who cannot list all namespaces gets the namespace of the context.

        Raises:
            CbtError: they cannot be read.
        """
        try:
            return self, self.entries()
        except Forbidden:
            if self.namespace is not None:
                raise
        view = self.in_namespace(self._session.namespace)
        return view, view.entries()

    def namespaces(self) -> list[str]:
        try:
            return self._session.catalogue.namespaces()
        except Forbidden:
            return sorted({self._session.namespace, self.namespace or self._session.namespace})

    def in_namespace(self, namespace: str | None) -> BrowsedCluster:
        view = copy.copy(self)
        view.namespace = namespace
        return view

    def contexts(self) -> list[str]:
        from kubectl_cbt.kube import kubeconfig

        return [name for name in kubeconfig.names(self._session.options.kubeconfig).contexts if name]

    def in_context(self, context: str) -> tuple[BrowsedCluster, list[SnapshotEntry]]:
        options, service = self._options_of(context)
        with contextlib.ExitStack() as login:
            session = login.enter_context(open_session(options, self._session.log, may_prompt=False))
            view = BrowsedCluster(session, service, self.options, None, self._sessions)
            # The recorder numbers the recordings of the whole command.
            view._first, view.recorder = self._first, self.recorder
            view, entries = view.listed()
            view._login = login.pop_all()
        self._sessions.callback(view.close)
        return view, entries

    def close(self) -> None:
        self._login.close()

    def _options_of(self, context: str) -> tuple[ClusterOptions, ServiceOptions]:
        """The options for another context.

        Flags that name a cluster, a login or a service belong to the first context: its tokens must not be sent to
        another cluster. The user to impersonate is kept, which never adds rights.
        """
        first, options, service = self._first
        if context == first:
            return options, service
        kept = ClusterOptions(
            kubeconfig=options.kubeconfig,
            context=context,
            request_timeout=options.request_timeout,
            as_user=options.as_user,
            as_uid=options.as_uid,
            as_group=options.as_group,
        )
        return kept, replace(service, token_file=None, service="", address="", service_tls_server_name="")
