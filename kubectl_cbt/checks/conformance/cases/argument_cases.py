"""Invalid queries: each must be rejected soon, and with a code that a client can act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kubectl_cbt.checks.check import Check, CheckResult, Inconclusive
from kubectl_cbt.checks.conformance.driver_context import MORE_TIME, SHORT_DEADLINE_SECONDS, DriverContext
from kubectl_cbt.checks.conformance.requirements import BASE, REFUSED_SOURCE, SERVICE_SPEC
from kubectl_cbt.model.finding import SHOULD
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.results import MUST
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.collect import collect

_UNKNOWN_NAME = "kubectl-cbt-no-such-snapshot"


def _rejected(
    make: Callable[[DriverContext], Query], sent: str, *codes: str
) -> Callable[[DriverContext, CheckResult], None]:
    """The query must be answered with one of the codes."""

    def run(context: DriverContext, result: CheckResult) -> None:
        context.require_response()
        result.sent = sent
        collected = context.collect(make(context), seconds=SHORT_DEADLINE_SECONDS)
        if collected.code in codes:
            result.note(f"{collected.code}, after {collected.seconds:.1f} s")
        else:
            result.fail(f"{collected.code} instead of {' or '.join(codes)}: {collected.describe()}")

    return run


def _target(context: DriverContext) -> SnapshotRef:
    return context.volume.target.ref


def _unknown_snapshot(context: DriverContext) -> Query:
    return Query(replace(_target(context), name=_UNKNOWN_NAME))


def _empty_snapshot(context: DriverContext) -> Query:
    return Query(replace(_target(context), name=""))


def _unknown_base(context: DriverContext) -> Query:
    return Query(_target(context), SnapshotHandle(_UNKNOWN_NAME))


def _empty_base(context: DriverContext) -> Query:
    # An empty handle is omitted on the wire: the sidecar and the driver see none.
    return Query(_target(context), SnapshotHandle(""))


def _unknown_namespace(context: DriverContext) -> Query:
    return Query(SnapshotRef("kubectl-cbt-no-such-namespace", _target(context).name))


def _same(context: DriverContext, result: CheckResult) -> None:
    context.require_response()
    result.sent = "delta(target, target)"
    target = context.volume.target
    collected = context.collect(Query(target.ref, target.handle), seconds=SHORT_DEADLINE_SECONDS)
    if collected.is_whole and not len(collected.offsets):
        result.note("no extents, then OK")
    elif collected.code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
        result.note(collected.code)
    else:
        result.fail(collected.describe())


def _swapped(context: DriverContext, result: CheckResult) -> None:
    base, target = BASE.of(context), context.volume.target
    context.require_response()
    result.sent = "delta(target, base)"
    collected = context.collect(context.delta(target, base))
    if collected.is_flowing:
        raise Inconclusive(f"{collected.describe()}; {MORE_TIME}")
    if collected.is_stalled:
        result.fail(collected.describe())
        return
    if not collected.is_whole:
        result.note(f"rejected: {collected.code}")
        return
    lost = context.whole(context.delta(base, target)).runs - collected.runs
    if len(lost):
        result.fail(f"OK, and {lost.size_bytes} bytes of delta(base, target) are missing")
    else:
        result.note("OK, and the same blocks as in the other order")


def _bad_token(context: DriverContext, result: CheckResult) -> None:
    source = REFUSED_SOURCE.of(context)
    context.require_response()
    result.sent = "an invalid token"
    collected = collect(source, Query(_target(context)), deadline_seconds=SHORT_DEADLINE_SECONDS)
    if collected.code == "UNAUTHENTICATED":
        result.note("UNAUTHENTICATED")
    else:
        result.fail(f"{collected.code}: {collected.describe()}")


_CODES = "The code is all that a client has to decide whether to retry, to take a full backup, or to alert someone."
_UNKNOWN = (
    "An error of the storage system is returned without a gRPC status: it arrives as UNKNOWN, which the sidecar turns"
    " into INTERNAL."
)

ARGUMENTS: tuple[Check[DriverContext, None], ...] = (
    Check(
        id="unknown-snapshot",
        title="a snapshot that does not exist is NOT_FOUND",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Queries the allocated extents of a snapshot that does not exist. A sidecar older than v1.1 returns"
        " UNAVAILABLE for it.",
        rationale=_CODES,
        usual_bug=_UNKNOWN,
        run=_rejected(_unknown_snapshot, "allocated, for a snapshot that does not exist", "NOT_FOUND", "UNAVAILABLE"),
    ),
    Check(
        id="empty-snapshot",
        title="an empty snapshot id is INVALID_ARGUMENT",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Omits the snapshot from the query.",
        rationale=_CODES,
        usual_bug="The id is passed on unchecked; some storage systems then answer for their first snapshot.",
        run=_rejected(_empty_snapshot, "allocated, without a snapshot", "INVALID_ARGUMENT"),
    ),
    Check(
        id="unknown-base",
        title="a base that does not exist is NOT_FOUND",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Queries a delta against a handle that does not exist.",
        rationale="The base of a delta can be deleted at any time. A client must be able to distinguish that from a"
        " driver that does not work.",
        usual_bug=_UNKNOWN,
        run=_rejected(_unknown_base, "delta, against a handle that does not exist", "NOT_FOUND", "INVALID_ARGUMENT"),
        needs=(BASE,),
    ),
    Check(
        id="empty-base",
        title="an empty base is INVALID_ARGUMENT",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Queries a delta, and omits the base.",
        rationale="A driver that interprets it as “since the creation of the volume” labels a full backup as"
        " incremental.",
        usual_bug="An empty id is treated as an omitted one, and the first snapshot is used.",
        run=_rejected(_empty_base, "delta, without a base", "INVALID_ARGUMENT"),
        needs=(BASE,),
    ),
    Check(
        id="same-snapshot",
        title="the delta between a snapshot and itself is empty",
        level=SHOULD,
        source="The spec does not define the answer.",
        procedure="Queries the delta of the target against itself: no extents, INVALID_ARGUMENT and FAILED_PRECONDITION"
        " are all accepted.",
        rationale="Extents in this answer are blocks that did not change, so the delta is wrong.",
        usual_bug="The delta is computed against the live volume, or ends are treated as inclusive.",
        run=_same,
    ),
    Check(
        id="swapped",
        title="a pair in the wrong order is rejected, or answered with the same blocks",
        level=SHOULD,
        source="The spec requires the base to be the older snapshot, and defines no code for the wrong order.",
        procedure="Queries the delta in the wrong order, and compares it with the one in the right order.",
        rationale="OK with fewer blocks lets a client that confuses the two restore corrupt data.",
        usual_bug="Generation numbers are compared with > where >= and an error are needed: the loop has no iterations,"
        " and the call ends with OK.",
        run=_swapped,
        needs=(BASE,),
    ),
    Check(
        id="wrong-namespace",
        title="a snapshot cannot be queried through another namespace",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Queries the snapshot in a namespace that does not exist.",
        rationale="Access to snapshots is granted by namespace.",
        usual_bug="The snapshot is looked up by its handle or content, and the namespace is never compared.",
        run=_rejected(
            _unknown_namespace, "allocated, in another namespace", "UNAVAILABLE", "NOT_FOUND", "PERMISSION_DENIED"
        ),
        needs=(REFUSED_SOURCE,),
    ),
    Check(
        id="bad-token",
        title="an invalid token is UNAUTHENTICATED",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Sends the same query with a token that was never issued.",
        rationale="The stream reveals which blocks of a volume are in use. Only authorized clients may learn that.",
        usual_bug="The error of the token review, or its audiences, are not checked.",
        run=_bad_token,
        needs=(REFUSED_SOURCE,),
    ),
)
