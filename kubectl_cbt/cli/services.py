"""``services``: list SnapshotMetadataServices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubectl_cbt.cli.backend import command_session
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.listing_flags import ListingFlags
from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.errors import ServiceUnusable
from kubectl_cbt.output.object_listing import NAMELESS, ListColumn, ListPrinter, ListRow
from kubectl_cbt.units import utc_date, utc_time

if TYPE_CHECKING:
    from kubectl_cbt.cluster.resources import SnapshotMetadataService

_COLUMNS = (ListColumn("DRIVER"), ListColumn("ADDRESS"), ListColumn("AUDIENCE"), ListColumn("CA EXPIRES"))


def services(
    cluster: ClusterFlags,
    terminal: TerminalFlags,
    listing: ListingFlags,
) -> None:
    """List the SnapshotMetadataServices of the cluster.

    There is one for each CSI driver that supports CBT. The last column shows when the certificate in caCert expires;
    after that, no client can connect.

    \b
    Examples:
      kubectl cbt services
      kubectl cbt services --demo
    """
    selection = listing.list_options()
    with command_session(cluster, terminal.verbosity) as session:
        found = session.catalogue.services(selection)
    printer = ListPrinter(listing.output, "ServiceList", _COLUMNS, headings=not listing.no_headers)
    write_stdout(printer.text([_row(service) for service in found]), is_document=printer.is_document)
    if not found and not (selection.labels or selection.fields):
        Diagnostics(quiet=terminal.quiet).note("No SnapshotMetadataServices found: no driver in this cluster has CBT.")


def _row(service: SnapshotMetadataService) -> ListRow:
    expires, problem = None, service.problem or None
    if problem is None:
        try:
            expires = service.ca_expires()
        except ServiceUnusable as error:
            problem = error.message
    cells = {
        "DRIVER": service.name or NAMELESS,
        "ADDRESS": service.address,
        "AUDIENCE": service.audience,
        "CA EXPIRES": _expiry(expires) if expires else service.problem or "caCert is unusable",
    }
    document = {
        "name": service.name or None,
        "address": service.address,
        "audience": service.audience,
        "caCertExpires": utc_time(expires) if expires else None,
        "problem": problem,
    }
    name = f"snapshotmetadataservice.cbt.storage.k8s.io/{service.name}" if service.name else ""
    return ListRow(cells, name, document)


def _expiry(expires: datetime) -> str:
    days = (expires - datetime.now(UTC)).days
    left = f"in {days} days" if days >= 0 else "EXPIRED"
    return f"{utc_date(expires)}, {left}"
