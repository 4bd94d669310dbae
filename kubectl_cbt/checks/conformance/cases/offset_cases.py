"""The end of the volume: its last block, its capacity, and offsets beyond it."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.checks.conformance.case import MUST, SHOULD, Case, Needs, Observed
from kubectl_cbt.checks.conformance.comparison import differences
from kubectl_cbt.checks.conformance.driver_context import DriverContext, Inconclusive, from_offset
from kubectl_cbt.checks.conformance.sound_extents import grain_bytes, sound_extents
from kubectl_cbt.errors import OffsetOutOfRange
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.collect import Collected

_SOON_SECONDS = 20.0
_BEYOND_BYTES = 2**30


def _capacities(context: DriverContext) -> Iterator[tuple[str, Query, Collected, int]]:
    known = 0
    for verb, query in context.queries.items():
        whole = context.whole(query)
        if whole.volume_capacity_bytes and whole.volume_capacity_bytes > 0:
            known += 1
            yield verb, query, whole, whole.volume_capacity_bytes
    if not known:
        raise Inconclusive("no stream says the capacity")


def _last_block(context: DriverContext) -> Observed:
    breaches = []
    sent = []
    for verb, query, whole, capacity in _capacities(context):
        if not len(sound_extents(whole)[0]):
            continue
        grain = grain_bytes(whole)
        start = (capacity - 1) // grain * grain
        sent.append(f"{verb}, starting_offset {start}")
        collected = context.ask(from_offset(query, start), seconds=_SOON_SECONDS)
        lines = differences(whole, collected, start) if collected.is_whole else [collected.describe()]
        breaches += [f"{verb}: {line}" for line in lines]
    if not sent:
        raise Inconclusive("no extent shows the size of a block")
    return Observed(" and ".join(sent), tuple(breaches))


def _at_capacity(context: DriverContext) -> Observed:
    breaches: list[str] = []
    notes: list[str] = []
    for verb, query, _, capacity in _capacities(context):
        collected = context.ask(from_offset(query, capacity), seconds=_SOON_SECONDS)
        is_nothing = collected.is_whole and not len(collected.runs.within(capacity, min(capacity + 1, INT64_MAX)))
        fine = is_nothing or isinstance(collected.error, OffsetOutOfRange)
        (notes if fine else breaches).append(f"{verb}: {collected.describe()}")
    return Observed("starting_offset = capacity", tuple(breaches), tuple(notes))


def _beyond(context: DriverContext) -> Observed:
    breaches = []
    asked = 0
    for verb, query, _, capacity in _capacities(context):
        if capacity > INT64_MAX - _BEYOND_BYTES:
            continue
        asked += 1
        collected = context.ask(from_offset(query, capacity + _BEYOND_BYTES), seconds=_SOON_SECONDS)
        if not isinstance(collected.error, OffsetOutOfRange):
            breaches.append(f"{verb}: {collected.describe()}")
    if not asked:
        raise Inconclusive("the capacity is so large that no offset lies 1 GiB beyond it")
    return Observed("starting_offset = capacity + 1 GiB", tuple(breaches))


OFFSETS: tuple[Case, ...] = (
    Case(
        id="offset-last-block",
        title="from the last block of the volume on, what covers it comes",
        level=MUST,
        procedure="Asks from the start of the last block, and compares with the tail of the whole answer. The size of a"
        " block is the largest that divides all offsets and sizes.",
        rationale="A client that resumes, or that splits a volume among workers, may ask this.",
        usual_bug="The offset rounded up to the next block, which lies behind the end; the end of the volume checked"
        " with >= one"
        " block too early.",
        look=_last_block,
        needs=(Needs.ASKING,),
    ),
    Case(
        id="offset-capacity",
        title="from the capacity on comes nothing, or OUT_OF_RANGE",
        level=SHOULD,
        source="The spec leaves open whether the capacity itself is within the volume.",
        procedure="Asks from the capacity. Both answers are given by drivers in use.",
        rationale="Clients that resume without looking ask this after every stream that ended at the very end.",
        usual_bug="Any other error makes such a client fail after it has received everything.",
        look=_at_capacity,
        needs=(Needs.ASKING,),
    ),
    Case(
        id="offset-beyond",
        title="an offset beyond the volume is OUT_OF_RANGE",
        level=SHOULD,
        procedure="Asks from 1 GiB behind the capacity.",
        rationale="An offset from another volume, or from before it shrank, is a mistake of the client's: OK and"
        " nothing lets it"
        " take an unfinished backup for a whole one.",
        usual_bug="The loop over the blocks simply ends at once: the reference driver does that.",
        look=_beyond,
        needs=(Needs.ASKING,),
    ),
)
