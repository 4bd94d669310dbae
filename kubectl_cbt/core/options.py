"""The options of the core, as plain values. ``cli/options.py`` maps flags to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.route import Connect
from kubectl_cbt.model.stream_query import DEFAULT_MAX_RESULTS
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Which cluster, and as whom: the meaning of each is that of kubectl's flag. Empty texts count as not given.

    Attributes:
        request_timeout: seconds for one request to the API server; 0 sets no limit.
    """

    namespace: str = ""
    kubeconfig: str = ""
    context: str = ""
    request_timeout: float = 30.0
    cluster: str = ""
    user: str = ""
    server: str = ""
    token: str = field(default="", repr=False)
    as_user: str = ""
    as_uid: str = ""
    as_group: list[str] | None = None
    certificate_authority: str = ""
    client_certificate: str = ""
    client_key: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Which service, with whose token, and how to reach it.

    Attributes:
        service_account: ``NAME`` or ``NAMESPACE/NAME`` of the ServiceAccount to authenticate as; empty for the caller,
            if that is a ServiceAccount.
        token_file: a file with a token, instead of requesting one.
        token_duration: seconds, at least 600.
        service: name of the SnapshotMetadataService; empty for the one named after the driver.
        csi_endpoint: a CSI driver's own socket instead of a cluster; empty for a cluster.
        secrets_file: the driver's secrets, for ``csi_endpoint``.
        max_message_size: largest response message to accept, bytes.
        address: ``host:port`` to connect to instead of the service's own address.
        service_tls_server_name: name that the service's certificate must have; empty for the host of its address.
    """

    service_account: str = ""
    token_file: Path | None = None
    token_duration: float = 600.0
    service: str = ""
    csi_endpoint: str = ""
    secrets_file: Path | None = None
    max_message_size: int = MAX_MESSAGE_BYTES
    connect: Connect = Connect.AUTO
    address: str = ""
    service_tls_server_name: str = ""


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """How to query, and what to do when the stream breaks.

    Attributes:
        starting_offset: bytes; extents before it are left out.
        max_results: maximum extents per message; 0 lets the driver choose, None is 4096 with a fallback to 0.
        retries: consecutive attempts to resume a broken stream; 0 disables resuming.
        no_probe: trust OK at the end of a stream, without a query for what follows.
        record: a new file to record the stream to; None for none.
    """

    starting_offset: int = 0
    max_results: int | None = None
    retries: int = 6
    no_probe: bool = False
    record: Path | None = None

    def of(self, resolved: ResolvedQuery) -> ResolvedQuery:
        """The query as these options want it."""
        limit = DEFAULT_MAX_RESULTS if self.max_results is None else self.max_results
        query = replace(resolved.query, starting_offset=self.starting_offset, max_results=limit)
        return replace(resolved, query=query)
