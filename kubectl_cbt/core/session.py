"""A login to a cluster, for the time of one command."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_cbt.core.options import ClusterOptions
from kubectl_cbt.core.service_connections import ServiceConnections
from kubectl_cbt.security.secret import Secret

if TYPE_CHECKING:
    from kubectl_cbt.cluster.catalogue import Catalogue
    from kubectl_cbt.kube.api import Api
    from kubectl_cbt.kube.kubeconfig import ConfigFlags
    from kubectl_cbt.kube.request_log import RequestLog

_NO_KUBECONFIG = "set KUBECONFIG or --kubeconfig, or try it without a cluster: kubectl cbt demo"


@dataclass(frozen=True, slots=True)
class Session:
    """A login.

    Attributes:
        options: it was opened with.
        context: name of its context; empty without one, or when a flag names another cluster.
        namespace: the one given, or the context's own.
        kubeconfig: makes a kubeconfig of this login alone, for a kubectl that is started.
        log: of the requests.
        connections: to services, shared by the streams of this session.
        about: description of the server and the user.
        authority: PEM of the CA to trust for the API server; None for those that the system trusts.
    """

    options: ClusterOptions
    context: str
    api: Api
    catalogue: Catalogue
    namespace: str
    kubeconfig: Callable[[], bytes]
    log: RequestLog
    connections: ServiceConnections
    about: str
    authority: bytes | None = field(default=None, repr=False)

    def close(self) -> None:
        """Close the connections to the services and to the API server. More than once, and from any thread."""
        self.connections.close()
        self.api.close()


@contextlib.contextmanager
def open_session(
    options: ClusterOptions, log: RequestLog | None = None, *, may_prompt: bool = True
) -> Iterator[Session]:
    """Log in; the connections end with the block.

    Args:
        log: of the requests to the API server; None for none.
        may_prompt: whether a login command may use the terminal; False while a screen uses it.

    Raises:
        ConfigError: there is no usable kubeconfig.
    """
    from kubectl_cbt.cluster.api_hints import API_HINTS
    from kubectl_cbt.cluster.catalogue import Catalogue
    from kubectl_cbt.kube.api import Api
    from kubectl_cbt.kube.client_config import load_config
    from kubectl_cbt.kube.request_log import RequestLog

    with contextlib.ExitStack() as stack:
        config = stack.enter_context(load_config(_config_flags(options), _NO_KUBECONFIG, may_prompt=may_prompt))
        log = log or RequestLog()
        api = Api(config, options.request_timeout, log, API_HINTS)
        connections = ServiceConnections()
        namespace = options.namespace or config.namespace
        named = f"context {options.context}" if options.context else "the current context"
        about = f"{named}, server {config.connection.server}"
        context = "" if options.server or options.cluster else config.context
        session = Session(
            options,
            context,
            api,
            Catalogue(api),
            namespace,
            config.kubeconfig,
            log,
            connections,
            about,
            config.authority,
        )
        stack.callback(session.close)
        yield session


def _config_flags(options: ClusterOptions) -> ConfigFlags:
    """An empty option is one that was not given: scripts and k9s pass empty variables."""
    from kubectl_cbt.kube.kubeconfig import ConfigFlags

    return ConfigFlags(
        kubeconfig=options.kubeconfig,
        context=options.context,
        cluster=options.cluster,
        user=options.user,
        server=options.server,
        token=Secret(options.token),
        certificate_authority=options.certificate_authority,
        client_certificate=options.client_certificate,
        client_key=options.client_key,
        tls_server_name=options.tls_server_name,
        insecure_skip_tls_verify=options.insecure_skip_tls_verify,
        as_user=options.as_user,
        as_uid=options.as_uid,
        as_groups=tuple(options.as_group or ()),
    )
