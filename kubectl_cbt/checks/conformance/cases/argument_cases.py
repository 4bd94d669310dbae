"""Questions that make no sense: each has to be refused, soon, and with the code a client can act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kubectl_cbt.checks.conformance.case import MUST, SHOULD, Case, Needs, Observed
from kubectl_cbt.checks.conformance.driver_context import MORE_TIME, DriverContext, Inconclusive
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.collect import collect

_SOON_SECONDS = 20.0
_NOWHERE = "kubectl-cbt-no-such-snapshot"

_ABOUT_TARGET = "about a snapshot that does not exist"


def _refused(make: Callable[[DriverContext], Query], sent: str, *codes: str) -> Callable[[DriverContext], Observed]:
    """The question has to get one of the codes."""

    def look(context: DriverContext) -> Observed:
        context.require_an_answer()
        collected = context.ask(make(context), seconds=_SOON_SECONDS)
        code = collected.code
        if code in codes:
            return Observed(sent, notes=(f"{code}, after {collected.seconds:.1f} s",))
        wanted = " or ".join(codes)
        return Observed(sent, (f"{code} where {wanted} is expected: {collected.describe()}",))

    return look


def _target(context: DriverContext) -> SnapshotRef:
    return context.volume.target.ref


def _unknown_snapshot(context: DriverContext) -> Query:
    return Query(replace(_target(context), name=_NOWHERE))


def _empty_snapshot(context: DriverContext) -> Query:
    return Query(replace(_target(context), name=""))


def _unknown_base(context: DriverContext) -> Query:
    return Query(_target(context), SnapshotHandle(_NOWHERE))


def _empty_base(context: DriverContext) -> Query:
    # An empty handle is left off the wire: the sidecar and the driver see none.
    return Query(_target(context), SnapshotHandle(""))


def _unknown_namespace(context: DriverContext) -> Query:
    return Query(SnapshotRef("kubectl-cbt-no-such-namespace", _target(context).name))


def _same(context: DriverContext) -> Observed:
    context.require_an_answer()
    target = context.volume.target
    collected = context.ask(Query(target.ref, target.handle), seconds=_SOON_SECONDS)
    if collected.is_whole and not len(collected.offsets):
        return Observed("delta(target, target)", notes=("nothing, and OK",))
    if collected.code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
        return Observed("delta(target, target)", notes=(collected.code,))
    return Observed("delta(target, target)", (collected.describe(),))


def _swapped(context: DriverContext) -> Observed:
    base, target = context.volume.base, context.volume.target
    if base is None:
        raise Inconclusive(Needs.DELTA)
    context.require_an_answer()
    collected = context.ask(context.delta(target, base), seconds=context.deadline_seconds)
    sent = "delta(target, base)"
    if collected.is_flowing:
        raise Inconclusive(f"{collected.describe()}; {MORE_TIME}")
    if collected.is_stalled:
        return Observed(sent, (collected.describe(),))
    if not collected.is_whole:
        return Observed(sent, notes=(f"refused: {collected.code}",))
    forwards = context.whole(context.delta(base, target))
    lost = forwards.runs - collected.runs
    if len(lost):
        return Observed(sent, (f"OK, and {lost.size_bytes} bytes of delta(base, target) are not in it",))
    return Observed(sent, notes=("OK, and the same blocks as the other way round",))


def _bad_token(context: DriverContext) -> Observed:
    if context.refused_source is None:
        raise Inconclusive(Needs.SIDECAR)
    context.require_an_answer()
    collected = collect(context.refused_source, Query(_target(context)), deadline_seconds=_SOON_SECONDS)
    if collected.code == "UNAUTHENTICATED":
        return Observed("a token that is none", notes=("UNAUTHENTICATED",))
    return Observed("a token that is none", (f"{collected.code}: {collected.describe()}",))


_CODES = "The code is all a client has to decide whether to retry, to take a full backup, or to wake somebody."
_UNKNOWN = (
    "An error of the storage system wrapped without a gRPC status: it arrives as UNKNOWN, which the sidecar"
    " turns into INTERNAL."
)

ARGUMENTS: tuple[Case, ...] = (
    Case(
        id="unknown-snapshot",
        title="a snapshot that does not exist is NOT_FOUND",
        level=MUST,
        procedure="Asks what a snapshot of an unlikely name holds. A sidecar of before v1.1 says UNAVAILABLE for it.",
        rationale=_CODES,
        usual_bug=_UNKNOWN,
        look=_refused(_unknown_snapshot, f"allocated, {_ABOUT_TARGET}", "NOT_FOUND", "UNAVAILABLE"),
        needs=(Needs.ASKING,),
    ),
    Case(
        id="empty-snapshot",
        title="an empty snapshot id is INVALID_ARGUMENT",
        level=MUST,
        procedure="Leaves the snapshot out of the question.",
        rationale=_CODES,
        usual_bug="The id is handed on unchecked; some storage systems then answer about their first snapshot.",
        look=_refused(_empty_snapshot, "allocated, with no snapshot", "INVALID_ARGUMENT"),
        needs=(Needs.ASKING,),
    ),
    Case(
        id="unknown-base",
        title="a base that does not exist is NOT_FOUND",
        level=MUST,
        procedure="Asks for a delta against a handle that no driver gives.",
        rationale="The base of a delta may be deleted at any time. A client has to tell that from a driver that is out"
        " of order.",
        usual_bug=_UNKNOWN,
        look=_refused(_unknown_base, "delta, against a handle that does not exist", "NOT_FOUND", "INVALID_ARGUMENT"),
        needs=(Needs.ASKING, Needs.DELTA),
    ),
    Case(
        id="empty-base",
        title="an empty base is INVALID_ARGUMENT",
        level=MUST,
        procedure="Asks for a delta, and leaves the base out.",
        rationale="A driver that takes it for “since the beginning” gives a full backup the name of an"
        " incremental one.",
        usual_bug="An empty id is taken for a missing one, and the first snapshot used.",
        look=_refused(_empty_base, "delta, against nothing", "INVALID_ARGUMENT"),
        needs=(Needs.ASKING, Needs.DELTA),
    ),
    Case(
        id="same-snapshot",
        title="between a snapshot and itself nothing changed",
        level=SHOULD,
        source="The spec does not say what to answer; that nothing changed is a fact.",
        procedure="Asks for the delta of the target against itself: nothing, INVALID_ARGUMENT and FAILED_PRECONDITION"
        " are all fine.",
        rationale="Extents here are blocks that did not change: the delta is not one.",
        usual_bug="The delta is computed against the live volume, or ends are taken as inclusive.",
        look=_same,
        needs=(Needs.ASKING,),
    ),
    Case(
        id="swapped",
        title="a pair in the wrong order is refused, or answered with the same blocks",
        level=SHOULD,
        source="The spec wants the base to be the older one, and names no code for the other way round.",
        procedure="Asks for the delta backwards, and compares it with the one forwards.",
        rationale="OK and fewer blocks lets a client that mixed them up restore rubbish.",
        usual_bug="Generation numbers compared with > where >= and an error are meant: the loop runs over nothing, and"
        " it is OK.",
        look=_swapped,
        needs=(Needs.ASKING, Needs.DELTA),
    ),
    Case(
        id="wrong-namespace",
        title="a snapshot is not told of in another namespace",
        level=MUST,
        procedure="Asks for the snapshot in a namespace that does not exist.",
        rationale="Namespaces are where access to snapshots is granted.",
        usual_bug="The snapshot is looked up by its handle or content, and the namespace never compared.",
        look=_refused(
            _unknown_namespace, "allocated, in another namespace", "UNAVAILABLE", "NOT_FOUND", "PERMISSION_DENIED"
        ),
        needs=(Needs.ASKING, Needs.SIDECAR),
    ),
    Case(
        id="bad-token",
        title="a token that is none is UNAUTHENTICATED",
        level=MUST,
        procedure="Asks the same with a token that nobody issued.",
        rationale="The stream tells which blocks of a volume are in use. Nobody but who may should learn it.",
        usual_bug="The token review's error is not looked at, or its audiences are not.",
        look=_bad_token,
        needs=(Needs.ASKING, Needs.SIDECAR),
    ),
)
