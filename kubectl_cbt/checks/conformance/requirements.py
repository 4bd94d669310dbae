"""What cases need of a driver context, and the spec they rest on."""

from __future__ import annotations

from kubectl_cbt.analysis.rules.rule import SPEC
from kubectl_cbt.checks.check import Capability
from kubectl_cbt.checks.conformance.driver_context import DriverContext
from kubectl_cbt.model.refs import SnapshotIds
from kubectl_cbt.wire.source import Source

SERVICE_SPEC = f"{SPEC}, SnapshotMetadata service"

BASE: Capability[DriverContext, SnapshotIds] = Capability(
    "needs two snapshots: check BASE TARGET", lambda context: context.volume.base
)
THREE: Capability[DriverContext, tuple[SnapshotIds, ...]] = Capability(
    "needs a third snapshot of the volume: --third", lambda context: context.volume.in_order or None
)
REFUSED_SOURCE: Capability[DriverContext, Source] = Capability(
    "tests the sidecar, and a driver's socket has none", lambda context: context.refused_source
)
HOSTILE: Capability[DriverContext, bool] = Capability(
    "can make a driver hang; use --hostile to run it", lambda context: context.hostile or None
)
