"""A cluster to talk to, real or demo, for the time of one command."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kubectl_cbt.cli.diagnostics import log_entry
from kubectl_cbt.cli.options import Cluster
from kubectl_cbt.errors import ConfigError, UsageError
from kubectl_cbt.security.secret import Secret

if TYPE_CHECKING:
    from kubectl_cbt.cluster.catalogue import Catalogue
    from kubectl_cbt.kube.api import Api
    from kubectl_cbt.kube.kubeconfig import ConfigFlags
    from kubectl_cbt.kube.request_log import RequestLog

_NO_KUBECONFIG = "set KUBECONFIG or --kubeconfig, or try it without a cluster: kubectl cbt demo"


@dataclass(frozen=True, slots=True)
class Session:
    """An API server and what to assume about names.

    Attributes:
        namespace: the one given, or the context's own.
        kubeconfig: gives a kubeconfig of the login alone, for a kubectl that we start.
        log: of the requests.
        about: where and as whom, in words.
        authority: PEM of whom to trust for the API server; None for whom the system trusts.
    """

    api: Api
    catalogue: Catalogue
    namespace: str
    kubeconfig: Callable[[], bytes]
    log: RequestLog
    about: str
    authority: bytes | None = field(default=None, repr=False)


@contextlib.contextmanager
def open_session(options: Cluster, verbosity: int = 0) -> Iterator[Session]:
    """Log in; with ``--demo`` start the demo cluster first. All of it ends with the block.

    Args:
        verbosity: from 6 on requests to the API server are logged, as kubectl does.

    Raises:
        UsageError: ``--demo`` together with a kubeconfig, ``--fault`` without it or with what is no fault.
        ConfigError: no usable kubeconfig.
    """
    from kubectl_cbt.cluster.api_hints import API_HINTS
    from kubectl_cbt.cluster.catalogue import Catalogue
    from kubectl_cbt.kube.api import Api
    from kubectl_cbt.kube.client_config import load_config
    from kubectl_cbt.kube.request_log import RequestLog

    with contextlib.ExitStack() as stack:
        login = _login(options)
        if options.fault and not options.demo:
            raise UsageError("--fault goes with --demo: no other cluster makes mistakes on demand")
        if options.demo:
            login = _demo_login(options, login, stack)
        config = stack.enter_context(load_config(login, _NO_KUBECONFIG))
        log = RequestLog(verbosity, log_entry)
        api = Api(config, options.request_timeout, log, API_HINTS)
        stack.callback(api.close)
        namespace = options.namespace or config.namespace
        context = f"context {login.context}" if login.context else "the current context"
        about = f"{context}, server {config.connection.server}"
        yield Session(api, Catalogue(api), namespace, config.kubeconfig, log, about, config.authority)


def _login(options: Cluster) -> ConfigFlags:
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


def _demo_login(options: Cluster, login: ConfigFlags, stack: contextlib.ExitStack) -> ConfigFlags:
    if login.kubeconfig or login.server:
        raise UsageError("--demo brings its own cluster: leave out --kubeconfig and --server")
    from kubectl_cbt.demo.driver.faults import parse_faults

    faults = parse_faults(options.fault or ())
    from kubectl_cbt.demo.demo_cluster import DemoCluster

    try:
        cluster = stack.enter_context(DemoCluster(options.seed, faults))
    except OSError as error:
        raise ConfigError(
            f"the demo cluster cannot start: {error.strerror}",
            hint="it needs a folder for temporary files (TMPDIR) and the loopback address",
        ) from error
    return replace(login, kubeconfig=str(cluster.kubeconfig))
