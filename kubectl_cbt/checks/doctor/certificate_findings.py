"""What is reported of certificates, by several checks."""

from __future__ import annotations

from datetime import UTC, datetime

from kubectl_cbt.checks.check import CheckResult
from kubectl_cbt.security.pem import block_count
from kubectl_cbt.units import as_argument, counted, utc_date

SOON_DAYS = 14


def warn_of_unreadable_blocks(result: CheckResult, bundle: str, pem: bytes, read: int) -> None:
    """Warn if some blocks of a bundle are not used: clients skip them.

    Args:
        bundle: name of the bundle.
        read: how many of its blocks are used.
    """
    blocks = block_count(pem)
    if read < blocks:
        result.warn(
            f"{blocks - read} of {counted(blocks, 'certificate')} in {bundle} cannot be read, and are skipped",
            f"remove or replace what is damaged in {bundle}",
        )


def expiry(end: datetime) -> str:
    """When a certificate expires."""
    return f"expires {utc_date(end)}, in {days_until(end)} days"


def days_until(end: datetime) -> int:
    """Whole days; negative for the past."""
    return (end - datetime.now(UTC)).days


def new_certificates(service: str) -> str:
    """How to replace the certificates of a service."""
    return (
        "issue new certificates, put them into the Secret that the sidecar mounts, and the CA into caCert:\n"
        f"kubectl edit snapshotmetadataservice {as_argument(service)}"
    )
