"""Messages of any size, and streams that are taken up again anywhere: the bytes told of stay the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_cbt.checks.conformance.case import MUST, SHOULD, Case, Needs, Observed
from kubectl_cbt.checks.conformance.comparison import differences
from kubectl_cbt.checks.conformance.driver_context import (
    ENOUGH_EXTENTS,
    DriverContext,
    Inconclusive,
    from_offset,
    in_messages_of,
    sample,
)
from kubectl_cbt.checks.conformance.sound_extents import grain_bytes, sound_extents
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.collect import Collected

_FEW_EXTENTS = 500
_SHOWN = 4


def _with_limit(limit: int) -> Callable[[DriverContext], Observed]:
    def look(context: DriverContext) -> Observed:
        breaches: list[str] = []
        for verb, query in context.queries.items():
            whole = context.whole(query)
            # A message an extent takes a while, and shows what it shows soon.
            collected = context.ask(
                in_messages_of(query, limit), at_most=_FEW_EXTENTS if limit < 100 else ENOUGH_EXTENTS
            )
            breaches += [f"{verb}: {line}" for line in _held(collected, whole, limit)]
        return Observed(f"max_results {limit}", tuple(breaches))

    return look


def _held(collected: Collected, whole: Collected, limit: int) -> Iterator[str]:
    if collected.failed:
        yield collected.describe()
        return
    if collected.messages and int(collected.per_message.max()) > limit:
        yield f"a message of {int(collected.per_message.max())} extents"
    yield from differences(whole, collected)


def _ends(whole: Collected) -> list[int]:
    """Where a stream may break: after an extent, except the last one, from where some drivers refuse to go on."""
    ends = sound_extents(whole)[1][:-1]
    return [int(ends[index]) for index in sample(len(ends))]


def _inside_aligned(whole: Collected) -> list[int]:
    """Inside extents, at a multiple of the volume's grain."""
    offsets, ends = sound_extents(whole)
    sizes = ends - offsets
    grain = grain_bytes(whole)
    roomy = [index for index in sample(len(offsets), 200) if int(sizes[index]) >= 2 * grain]
    return [int(offsets[roomy[at]]) + grain for at in sample(len(roomy))]


def _unaligned(whole: Collected) -> list[int]:
    """Inside extents, one byte after them, and the last byte of the volume."""
    offsets, ends = sound_extents(whole)
    found = []
    for index in sample(len(offsets)):
        offset, size = int(offsets[index]), int(ends[index]) - int(offsets[index])
        found.append(offset + size // 2 + 1 if size > 2 else offset + 1)
    capacity = whole.volume_capacity_bytes or 0
    last = [capacity - 1] if capacity > 0 else []
    return [*found, *(end + 1 for end in _ends(whole)[:4]), *last]


def _from(offsets: Callable[[Collected], list[int]], sent: str) -> Callable[[DriverContext], Observed]:
    def look(context: DriverContext) -> Observed:
        breaches: list[str] = []
        asked = 0
        for verb, query in context.queries.items():
            whole = context.whole(query)
            for offset in offsets(whole):
                asked += 1
                breaches += [f"{verb} from {offset}: {line}" for line in _same_tail(context, query, whole, offset)]
        if not asked:
            raise Inconclusive("the volume has too few extents, or too small ones")
        more = [f"and {len(breaches) - _SHOWN} more"] if len(breaches) > _SHOWN else []
        return Observed(f"starting_offset {sent}, {asked} of them", (*breaches[:_SHOWN], *more))

    return look


def _same_tail(context: DriverContext, query: Query, whole: Collected, offset: int) -> list[str]:
    tail = context.ask(from_offset(query, offset), at_most=ENOUGH_EXTENTS)
    if tail.failed:
        return [tail.describe()]
    return differences(whole, tail, offset)


def _limit_case(limit: int) -> Case:
    return Case(
        id=f"max-results-{limit}",
        title=f"with max_results {limit} no message holds more, and the bytes told of are the same",
        level=MUST,
        rule="R6",
        procedure=f"Asks in messages of {limit}, counts the extents of each, and compares the bytes with the whole"
        f" answer's.",
        rationale="The limit is the caller's buffer. And how an answer is cut into messages may not change what"
        " it says.",
        usual_bug="max_results handed to the storage system as its page size, which rounds it; the extent at a page's"
        " border sent"
        " twice, or left out; runs merged within a page only, which is legal.",
        look=_with_limit(limit),
        needs=(Needs.ASKING,),
    )


_TAIL = "Compares what comes from there with the tail of the whole answer, clipped to the offset."
_RESUME = "Every stream ends after ten minutes at the sidecar. What a resume loses, a backup loses."

PAGING: tuple[Case, ...] = (
    *(_limit_case(limit) for limit in (1, 2, 7, 1000)),
    Case(
        id="resume-extent-ends",
        title="from the end of any extent on, the rest of the stream comes",
        level=MUST,
        rule="R9",
        procedure=f"Takes the stream up behind extents all over the volume. {_TAIL}",
        rationale=_RESUME,
        usual_bug="starting_offset is taken for the number of a page; or compared with <= where < is meant, and the"
        " extent that"
        " begins there is left out.",
        look=_from(_ends, "= ends of extents"),
        needs=(Needs.ASKING,),
    ),
    Case(
        id="resume-inside-aligned",
        title="from inside an extent on, at a block's border, the rest comes",
        level=MUST,
        rule="R7",
        procedure=f"Begins one block into extents that are longer. {_TAIL} The first extent may begin before the"
        " offset.",
        rationale="A client may begin where it likes: clients that split a volume among workers do.",
        usual_bug="Extents that begin before the offset are dropped, and with them what of them lies behind it.",
        look=_from(_inside_aligned, "= one block into extents"),
        needs=(Needs.ASKING,),
    ),
    Case(
        id="resume-unaligned",
        title="from an offset that is no multiple of the block size on, the rest comes",
        level=SHOULD,
        rule="R7",
        source="The spec puts no condition on starting_offset, and names no error for one that is not aligned.",
        procedure=f"Begins in the middle of extents and blocks, and at the last byte of the volume. {_TAIL}",
        rationale="Wrong blocks and OK is the worst answer there is: the backup looks good, and is not.",
        usual_bug="The offset is divided by the block size with a remainder that is lost, or kept: then every block is"
        " shifted by"
        " it. The reference driver does that. Round down, or answer OUT_OF_RANGE.",
        look=_from(_unaligned, "that are not aligned"),
        needs=(Needs.ASKING,),
    ),
)
