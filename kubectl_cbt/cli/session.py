"""A cluster to talk to, real or demo, for the time of one command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.cli.options import Cluster
from kubectl_cbt.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from kubectl_cbt.cluster.api import Api
    from kubectl_cbt.cluster.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Session:
    """An API server and what to assume about names.

    Attributes:
        namespace: the one given, or the context's own.
    """

    api: Api
    catalogue: Catalogue
    namespace: str


@contextlib.contextmanager
def open_session(options: Cluster) -> Iterator[Session]:
    """Log in; with ``--demo`` start the demo cluster first. All of it ends with the block.

    Raises:
        UsageError: ``--demo`` together with a kubeconfig.
        ConfigError: no usable kubeconfig.
    """
    from kubectl_cbt.cluster.api import Api
    from kubectl_cbt.cluster.catalogue import Catalogue
    from kubectl_cbt.cluster.config import Login, load_config

    with contextlib.ExitStack() as stack:
        kubeconfig = options.kubeconfig
        if options.demo:
            if kubeconfig:
                raise UsageError("--demo brings its own cluster: leave out --kubeconfig")
            from kubectl_cbt.demo.cluster import DemoCluster

            try:
                kubeconfig = str(stack.enter_context(DemoCluster(options.seed)).kubeconfig)
            except OSError as error:
                raise ConfigError(
                    f"the demo cluster cannot start: {error.strerror}",
                    hint="it needs a folder for temporary files (TMPDIR) and the loopback address",
                ) from error
        # An empty option is one that was not given: scripts and k9s pass empty variables.
        config = stack.enter_context(load_config(Login(kubeconfig or None, options.context or None)))
        api = Api(config, options.request_timeout)
        stack.callback(api.close)
        yield Session(api, Catalogue(api), options.namespace or config.namespace)
