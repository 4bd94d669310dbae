"""Each fault of the demo shows on the wire what it says, through the sidecar and at the driver's own socket.

Read with a client that has no rules: what ours makes of it is another matter.
"""

import hashlib
import itertools
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from conftest import DELTA, run_command
from plain_client import Answer, Extents, PlainClient, both_ways
from recorded import cases, messages

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.driver_types import SnapshotQuery
from kubectl_cbt.demo.driver.extent_faults import EXTENT_FAULTS
from kubectl_cbt.demo.driver.faults import FAULTS, Part, parse_faults
from kubectl_cbt.demo.driver.message_faults import MESSAGE_FAULTS
from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER
from kubectl_cbt.errors import UsageError
from kubectl_cbt.wire.decode import decode_record
from kubectl_cbt.wire.snapshot_metadata_pb2 import FIXED_LENGTH, UNKNOWN, VARIABLE_LENGTH

Code = grpc.StatusCode
GIB, BLOCK = 2**30, 4096
PAIR = ("snap-b", "snap-a")
BLOCKS_PAIR = ("win-1000", "win-0900")


@pytest.fixture(scope="module")
def cluster() -> Iterator[DemoCluster]:
    with DemoCluster() as demo:
        yield demo


@pytest.fixture(scope="module")
def sockets(cluster) -> Iterator[dict[str, list[PlainClient]]]:
    # pytest's own folders have names that are too long for a socket.
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
        both_ways(cluster, Path(one), PAGES_DRIVER) as pages,
        both_ways(cluster, Path(two), BLOCKS_DRIVER) as blocks,
    ):
        yield {PAGES_DRIVER: pages, BLOCKS_DRIVER: blocks}


@pytest.fixture(params=["sidecar", "socket"])
def pages(sockets, request) -> PlainClient:
    return sockets[PAGES_DRIVER][request.param == "socket"]


@pytest.fixture(params=["sidecar", "socket"])
def blocks(sockets, request) -> PlainClient:
    return sockets[BLOCKS_DRIVER][request.param == "socket"]


@pytest.fixture
def on(cluster) -> Iterator[Callable[..., None]]:
    """Turn these faults of the drivers on, and all others off."""

    def switch(*texts: str) -> None:
        for service in cluster.services.values():
            service.plugin.faults = parse_faults(texts)

    yield switch
    switch()


def is_ascending(extents: Extents) -> bool:
    return all(one[0] <= other[0] for one, other in itertools.pairwise(extents))


def overlaps(extents: Extents) -> int:
    return sum(sum(one) > other[0] for one, other in itertools.pairwise(extents))


def covered(extents: Extents, block: int = BLOCK) -> set[int]:
    """Blocks of the volume."""
    return {number for offset, size in extents for number in range(offset // block, (offset + size) // block)}


# Without a fault.


@pytest.mark.parametrize(
    ("target", "base", "start", "max_results", "count", "digest"),
    [
        ("snap-b", "snap-a", 0, 0, 7, "3df3edee74386029"),
        ("snap-c", None, 12800, 7, 632, "3a822bd43709d0bc"),
        ("snap-d", "snap-c", 0, 0, 0, "e3b0c44298fc1c14"),
        ("pg-tue", "pg-mon", 0, 4096, 25, "ef63e0de6fa7d6cc"),
        ("win-1000", "win-0900", 65536001, 1000, 35, "16fd973f008f23a4"),
        ("win-0900", None, 0, 100000, 13, "7b86f14b3e15510c"),
        ("snap-a", None, 64 * GIB, 0, 0, "e3b0c44298fc1c14"),
    ],
)
def test_no_fault_changes_no_byte(cluster, sockets, target, base, start, max_results, count, digest):
    driver = BLOCKS_DRIVER if target.startswith("win") else PAGES_DRIVER
    for client in sockets[driver]:
        answer = client.ask(target, base, start, max_results)
        assert (answer.code, len(answer.raw)) == (Code.OK, count)
        whole = b"".join(len(message).to_bytes(4, "big") + message for message in answer.raw)
        assert hashlib.sha256(whole).hexdigest()[:16] == digest


# What the driver finds.


@pytest.mark.parametrize(("query", "max_results"), [(PAIR, 0), (PAIR, 1), (("snap-b",), 0)])
def test_overlap_repeats_the_end_of_an_extent(pages, on, query, max_results):
    clean = pages.ask(*query).extents
    on("overlap")
    answer = pages.ask(*query, max_results=max_results)
    assert overlaps(answer.extents) >= len(clean) // 64
    assert is_ascending(answer.extents)
    assert covered(answer.extents) == covered(clean)
    assert max(answer.lengths) <= (max_results or 256)


def test_overlap_keeps_the_size_of_blocks(blocks, on):
    on("overlap")
    answer = blocks.ask(*BLOCKS_PAIR)
    assert overlaps(answer.extents) > 100
    assert {size for _, size in answer.extents} == {65536}


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
def test_unordered_swaps_neighbours_and_loses_nothing(pages, on, query):
    clean = pages.ask(*query).extents
    on("unordered")
    found = pages.ask(*query).extents
    assert not is_ascending(found)
    assert sorted(found) == clean
    assert sum(one != other for one, other in zip(found, clean, strict=True)) == 2 * -(-len(clean) // 64)


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
def test_zero_size_adds_extents_of_nothing(pages, on, query):
    clean = pages.ask(*query).extents
    on("zero-size")
    found = pages.ask(*query).extents
    assert [extent for extent in found if extent[1]] == clean
    assert len(found) == len(clean) + -(-len(clean) // 64)
    assert overlaps(found) == 0


def test_mixed_size_sends_two_blocks_as_one(blocks, pages, on):
    clean, variable = blocks.ask(*BLOCKS_PAIR).extents, pages.ask(*PAIR).extents
    on("mixed-size")
    found = blocks.ask(*BLOCKS_PAIR).extents
    assert sorted({size for _, size in found}) == [65536, 2 * 65536]
    assert len(found) == len(clean) - 1
    assert covered(found, 65536) == covered(clean, 65536)
    assert pages.ask(*PAIR).extents == variable


def test_unaligned_shift_tells_of_wrong_blocks_from_unaligned_offsets_only(pages, blocks, on):
    middle = 10 * GIB
    clean = {start: pages.ask(*PAIR, start=start).extents for start in (0, middle, middle + 512)}
    clean_blocks = blocks.ask(*BLOCKS_PAIR, start=middle + 512).extents
    on("unaligned-shift")
    assert pages.ask(*PAIR).extents == clean[0]
    assert pages.ask(*PAIR, start=middle).extents == clean[middle]
    found = pages.ask(*PAIR, start=middle + 512).extents
    assert overlaps(found) == 0
    assert covered(found) > covered(clean[middle + 512])
    found = blocks.ask(*BLOCKS_PAIR, start=middle + 512).extents
    assert overlaps(found) == 0
    assert {size for _, size in found} == {65536}
    assert len(found) > len(clean_blocks)


@pytest.mark.parametrize(("style", "fixed"), [("fixed_length", True), ("variable_length", False)])
def test_unaligned_shift_is_what_the_reference_driver_does(cluster, style, fixed):
    from dataclasses import replace

    recorded = cases(style)
    start = recorded["delta-a-b-from-unaligned"]["request"]["starting_offset"]
    volume = replace(cluster.volumes[0].volume, grain_bytes=BLOCK, fixed_length=fixed)
    resolved = SnapshotQuery(volume, 1, 0, int(start), 0, call=None)
    records = [decode_record(message, number) for number, message in enumerate(messages(recorded["delta-a-b"]), 1)]
    batches = ((r.offsets[r.offsets + r.sizes > resolved.starting_offset], r) for r in records)
    found = list(EXTENT_FAULTS["unaligned-shift"](((o, r.sizes[-len(o) :]) for o, r in batches if len(o)), resolved))
    extents = [pair for offsets, sizes in found for pair in zip(offsets.tolist(), sizes.tolist(), strict=True)]
    real = [decode_record(message, 1) for message in messages(recorded["delta-a-b-from-unaligned"])]
    expected = [pair for r in real for pair in zip(r.offsets.tolist(), r.sizes.tolist(), strict=True)]
    assert extents == expected


def test_first_page_only_ends_early_and_the_next_question_shows_it(pages, on):
    whole = pages.ask(*PAIR).extents
    on("first-page-only")
    first = pages.ask(*PAIR)
    assert (first.code, first.extents) == (Code.OK, whole[: len(whole) // 2])
    rest = pages.ask(*PAIR, start=sum(first.extents[-1])).extents
    assert first.extents + rest == whole
    assert len(pages.ask("pg-tue", "pg-mon").extents) == 2000
    assert len(pages.ask("pg-tue").extents) == 2000


def neighbours(cluster: DemoCluster) -> Iterator[tuple[str, str]]:
    """The first pair of each volume whose snapshots differ, and every pair of the smallest one."""
    for demo in cluster.volumes:
        if demo.claim in ("data", "postgres", "uploads", "windows"):
            pairs = [(a.name, b.name) for a, b in itertools.pairwise(demo.snapshots) if a.generation != b.generation]
            yield from pairs if demo.claim == "data" else pairs[:1]


def holes(inner: Answer, outer: Extents) -> Extents:
    """Parts of ``outer`` that the answer lacks, both ascending."""
    lacking, index, found = [], 0, inner.extents
    for offset, size in outer:
        position, end = offset, offset + size
        while index < len(found) and sum(found[index]) <= position:
            index += 1
        at = index
        while position < end:
            begins = min(found[at][0], end) if at < len(found) else end
            if begins > position:
                lacking.append((position, begins - position))
            position = max(position, sum(found[at]) if at < len(found) else end)
            at += 1
    return lacking


@pytest.fixture(scope="module")
def losing() -> Iterator[DemoCluster]:
    with DemoCluster(faults=parse_faults(["lost-write"])) as demo:
        yield demo


def test_lost_write_loses_what_only_the_later_snapshot_has(losing):
    client = PlainClient(losing)
    for base, target in neighbours(losing):
        older, newer = (client.ask(name, max_results=65536) for name in (base, target))
        new = holes(older, newer.extents)
        assert new
        lost = holes(client.ask(target, base, max_results=65536), new)
        assert lost, (base, target)


def test_lost_write_loses_in_one_step_what_two_steps_show(losing):
    client = PlainClient(losing)
    for names in (("snap-a", "snap-b", "snap-c"), ("pg-mon", "pg-tue", "pg-wed"), ("win-0900", "win-1000", "win-1100")):
        first, second, third = names
        once = client.ask(third, first, max_results=65536)
        for base, target in ((first, second), (second, third)):
            assert holes(once, client.ask(target, base, max_results=65536).extents), names


def test_lost_write_is_the_same_loss_each_time_and_from_every_offset(pages, on):
    clean = pages.ask(*PAIR)
    on("lost-write")
    whole = pages.ask(*PAIR)
    assert holes(whole, clean.extents)
    assert not holes(clean, whole.extents)
    assert pages.ask(*PAIR).raw == whole.raw
    start = sum(whole.extents[500])
    assert pages.ask(*PAIR, start=start).extents == whole.extents[501:]


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
def test_nondeterministic_gives_each_question_another_answer(pages, on, query):
    clean = pages.ask(*query).extents
    on("nondeterministic")
    found = [pages.ask(*query).extents for _ in range(3)]
    assert all(set(answer) < set(clean) for answer in found)
    assert found[0] != found[1] != found[2] != found[0]


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
def test_offset_ignored_begins_at_the_beginning(pages, on, query):
    whole = pages.ask(*query)
    on("offset-ignored")
    for start in (4096, 30 * GIB, 65 * GIB):
        assert pages.ask(*query, start=start).raw == whole.raw


# How it answers.


@pytest.mark.parametrize("query", [("pg-tue", "pg-mon"), ("pg-tue",)])
def test_max_results_ignored_sends_as_many_as_it_likes(pages, on, query):
    on("max-results-ignored")
    for asked_for in (0, 7, 4096, 65536):
        lengths = pages.ask(*query, max_results=asked_for).lengths
        assert set(lengths[:-1]) == {8192}


def test_huge_messages_pass_the_limit_of_a_client_that_sets_none(blocks, on):
    clean = blocks.ask("win-1000", max_results=65536).extents
    on("huge-messages")
    answer = blocks.ask("win-1000", max_results=7)
    assert answer.lengths == [len(clean)]
    assert answer.extents == clean
    assert len(answer.raw[0]) > 4 * 2**20
    driver, request = blocks.request("win-1000")
    with blocks.channel(driver, most_bytes=4 * 2**20) as channel, pytest.raises(grpc.RpcError) as caught:
        list(blocks.call(channel, request))
    assert caught.value.code() is Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
@pytest.mark.parametrize("max_results", [0, 65536])
def test_type_change_shows_from_the_second_message_on(pages, on, query, max_results):
    on("type-change")
    types = pages.ask(*query, max_results=max_results).types
    assert types == [VARIABLE_LENGTH] + [FIXED_LENGTH] * (len(types) - 1)
    assert len(types) > 1


def test_type_change_of_blocks_is_to_variable(blocks, on):
    on("type-change")
    assert blocks.ask(*BLOCKS_PAIR, max_results=65536).types == [FIXED_LENGTH, VARIABLE_LENGTH]


def test_type_unknown_is_in_every_message(pages, blocks, on):
    on("type-unknown")
    assert {*pages.ask(*PAIR).types, *blocks.ask(*BLOCKS_PAIR).types} == {UNKNOWN}


@pytest.mark.parametrize("max_results", [0, 65536])
def test_capacity_change_shows_from_the_second_message_on(pages, on, max_results):
    on("capacity-change")
    capacities = pages.ask(*PAIR, max_results=max_results).capacities
    assert capacities == [64 * GIB] + [65 * GIB] * (len(capacities) - 1)
    assert len(capacities) > 1


def test_capacity_zero_is_in_every_message(pages, on):
    on("capacity-zero")
    assert set(pages.ask(*PAIR).capacities) == {0}


def test_empty_messages_come_in_between_and_at_the_end(pages, on):
    clean = pages.ask(*PAIR)
    on("empty-messages")
    answer = pages.ask(*PAIR)
    assert answer.extents == clean.extents
    assert answer.lengths == [length for clean_one in clean.lengths for length in (clean_one, 0)] + [0]
    assert (set(answer.types), set(answer.capacities)) == ({VARIABLE_LENGTH}, {64 * GIB})
    assert pages.ask("snap-d", "snap-c").lengths == [0]


# When it comes, and how it ends.


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_cut_after_ends_with_unavailable(pages, on, query, count):
    whole = pages.ask(*query)
    on(f"cut-after={count}")
    answer = pages.ask(*query)
    assert (answer.code, answer.details) == (Code.UNAVAILABLE, "Socket closed")
    assert answer.raw == whole.raw[:count]


def test_cut_after_the_last_message_is_a_cut_too_and_a_shorter_stream_is_whole(pages, on):
    on("cut-after=7")
    assert [(a.code, len(a.raw)) for a in (pages.ask(*PAIR),)] == [(Code.UNAVAILABLE, 7)]
    on("cut-after=8")
    assert [(a.code, len(a.raw)) for a in (pages.ask(*PAIR),)] == [(Code.OK, 7)]


def test_cancel_is_ok_takes_every_stream_for_whole_after_three_messages(pages, on):
    whole = pages.ask(*PAIR)
    on("cancel-is-ok")
    first = pages.ask(*PAIR, max_results=4096)
    assert (first.code, first.raw) == (Code.OK, whole.raw[:3])
    then = pages.ask(*PAIR, start=sum(first.extents[-1]), max_results=100)
    assert (then.code, then.lengths) == (Code.OK, [100, 100, 100])


def test_deadline_after_ends_what_lasts_longer(pages, on):
    on("deadline-after=0.2", "slow=60000")
    answer = pages.ask(*PAIR)
    assert (answer.code, answer.messages) == (Code.DEADLINE_EXCEEDED, [])
    on("deadline-after=0.2", "hang")
    answer = pages.ask(*PAIR)
    assert (answer.code, len(answer.messages)) == (Code.DEADLINE_EXCEEDED, 1)
    on("deadline-after=600")
    assert pages.ask(*PAIR).code is Code.OK


def test_hang_sends_one_message_and_leaves_the_rest_to_the_client(pages, on):
    on("hang")
    answer = pages.read(*pages.request(*PAIR), most=1)
    assert (answer.code, len(answer.messages)) == (Code.CANCELLED, 1)


def test_slow_waits_before_each_message_and_changes_none(pages, on):
    whole = pages.ask(*PAIR)
    on("slow=1")
    assert pages.ask(*PAIR).raw == whole.raw


@pytest.mark.parametrize("fault", ["hang", "slow=3600000"])
def test_a_cluster_with_a_stream_that_waits_can_be_closed(fault):
    with DemoCluster(faults=parse_faults([fault])) as demo:
        client = PlainClient(demo)
        driver, request = client.request(*PAIR)
        with client.channel(driver) as channel:
            call = client.call(channel, request)
            if fault == "hang":
                next(call)
            else:
                call.initial_metadata  # noqa: B018
            demo.close()
            with pytest.raises(grpc.RpcError):
                list(call)


@contextmanager
def faulty(fault: str) -> Iterator[list[PlainClient]]:
    """A demo of its own with a fault, through the sidecar and at the driver's socket."""
    with (
        tempfile.TemporaryDirectory() as folder,
        DemoCluster(faults=parse_faults([fault])) as demo,
        both_ways(demo, Path(folder), PAGES_DRIVER) as clients,
    ):
        yield clients


def test_reset_after_breaks_the_connection_itself():
    with faulty("reset-after=2") as (sidecar, socket):
        answers = [sidecar.ask(*PAIR), socket.ask(*PAIR)]
        assert [answer.code for answer in answers] == [Code.UNAVAILABLE] * 2
        assert "Connection reset by peer" in answers[0].details
        # A unix socket knows no reset: its connection is closed in the middle.
        assert "Socket closed" in answers[1].details or "reset by peer" in answers[1].details
        # What had come and was not yet asked for, gRPC drops with the connection.
        assert all(len(answer.messages) <= 2 for answer in answers)
        assert sidecar.ask("snap-d", "snap-c").code is socket.ask("snap-d", "snap-c").code is Code.OK


def test_reset_after_spares_the_connections_of_others():
    with DemoCluster(faults=parse_faults(["reset-after=7"])) as demo:
        client = PlainClient(demo)
        driver, request = client.request(*PAIR, max_results=256)
        other = client.request("snap-d", "snap-c")[1]
        with client.channel(driver) as channel:
            assert list(client.call(channel, other)) == []
            assert client.read(driver, request).code is Code.UNAVAILABLE
            assert list(client.call(channel, other)) == []


# Refusals.

WRONG = {Code.NOT_FOUND: Code.INTERNAL, Code.INVALID_ARGUMENT: Code.UNKNOWN, Code.OUT_OF_RANGE: Code.UNKNOWN}


@pytest.mark.parametrize(
    ("right", "fields"),
    [
        (Code.NOT_FOUND, {"base_snapshot_id": "snap-nowhere"}),
        (Code.INVALID_ARGUMENT, {"max_results": -1}),
        (Code.OUT_OF_RANGE, {"starting_offset": 65 * GIB}),
        (Code.OUT_OF_RANGE, {"starting_offset": -1}),
    ],
)
def test_wrong_code_answers_what_the_specification_does_not_want(sockets, cluster, on, right, fields):
    sidecar, socket = sockets[PAGES_DRIVER]
    assert {client.ask(*PAIR, **fields).code for client in (sidecar, socket)} == {right}
    on("wrong-code")
    assert socket.ask(*PAIR, **fields).code is WRONG[right]
    through = sidecar.ask(*PAIR, **fields)
    on()
    assert through.code is Code.INTERNAL
    if WRONG[right] is Code.UNKNOWN:
        assert through.details.startswith("failed to get response from CSI driver: rpc error: code = Unknown")


# What the sidecar gets wrong.


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("token-expired", Code.UNAUTHENTICATED, "unauthenticated user"),
        ("forbidden", Code.PERMISSION_DENIED, "user does not have permissions to perform the operation"),
        ("not-ready", Code.UNAVAILABLE, "the CSI driver is not yet ready"),
        ("missing-class", Code.UNAVAILABLE, "failed to get VolumeSnapshotClass 'demo-pages-snapclass'"),
        ("missing-class", Code.UNAVAILABLE, 'is forbidden: User "system:serviceaccount:storage:'),
        ("unimplemented", Code.UNIMPLEMENTED, ""),
        ("cert-expired", Code.UNAVAILABLE, "certificate has expired"),
        # As newer releases of grpcio word it, and as older ones do.
        ("cert-wrong-name", Code.UNAVAILABLE, "Hostname Verification Check failed|Peer name .* is not in peer cert"),
        ("ca-rotated", Code.UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_a_sidecars_fault_is_the_sidecars_alone(fault, code, said):
    with faulty(fault) as (sidecar, socket):
        for query in (PAIR, ("snap-b",)):
            answer = sidecar.ask(*query)
            assert (answer.code, answer.messages) == (code, [])
            assert re.search(said, answer.details)
            assert socket.ask(*query).code is Code.OK


def health(cluster: DemoCluster, request: bytes = b"") -> bytes | grpc.StatusCode:
    with PlainClient(cluster).channel(PAGES_DRIVER) as channel:
        try:
            return channel.unary_unary("/grpc.health.v1.Health/Check")(request, timeout=30)
        except grpc.RpcError as error:
            return error.code()


def test_health_is_serving_for_the_server_as_a_whole(cluster):
    assert health(cluster) == health(cluster, b"\x0a\x00") == b"\x08\x01"
    assert health(cluster, b"\x0a\x05other") is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("fault", "answer"),
    [("not-ready", b"\x08\x02"), ("no-health", Code.UNIMPLEMENTED), ("unimplemented", b"\x08\x01")],
)
def test_health_tells_of_a_sidecar_that_is_not_ready(fault, answer):
    with DemoCluster(faults=parse_faults([fault])) as demo:
        assert health(demo) == answer


# Names and values.


def test_every_driver_fault_is_done_somewhere():
    elsewhere = {"offset-ignored", "max-results-ignored", "huge-messages", "wrong-code"}
    names = {fault.name for fault in FAULTS if fault.part is Part.DRIVER}
    assert names == elsewhere | EXTENT_FAULTS.keys() | MESSAGE_FAULTS.keys()


def test_faults_combine(pages, on):
    on("zero-size", "unordered", "type-unknown", "cut-after=2")
    answer = pages.ask(*PAIR)
    assert (answer.code, answer.types) == (Code.UNAVAILABLE, [UNKNOWN, UNKNOWN])
    assert not is_ascending(answer.extents)
    assert 0 in {size for _, size in answer.extents}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["unorderd"], 'unknown fault "unorderd"'),
        ([""], 'unknown fault ""'),
        (["cut-after"], "fault cut-after requires a value: cut-after=N"),
        (["cut-after="], "fault cut-after requires a value: cut-after=N"),
        (["cut-after=two"], 'invalid value "two" for fault cut-after=N: must be a whole number of at least 0'),
        (["cut-after=1.5"], "a whole number"),
        (["cut-after=-1"], "a whole number of at least 0"),
        (["slow=nan"], 'invalid value "nan" for fault slow=MS: must be a number of at least 0'),
        (["slow=inf"], "must be a number"),
        (["hang=1"], "fault hang does not take a value"),
        (["hang="], "fault hang does not take a value"),
        (["hang", "hang"], "fault hang is specified twice"),
    ],
)
def test_an_invalid_fault_is_a_usage_error(texts, message):
    with pytest.raises(UsageError) as caught:
        parse_faults(texts)
    assert message in caught.value.message


# On the command line.


def test_a_fault_of_the_demo_reaches_the_command():
    found = run_command(*DELTA, "--demo", "--fault", "unordered", "--fault", "slow=1", "-o", "json")
    assert found.returncode == 1
    assert [violation["rule"] for violation in json.loads(found.stdout)["violations"]] == ["R2"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--demo", "--fault", "unorderd"], 'unknown fault "unorderd"\nhint: did you mean unordered?'),
        (["--demo", "--fault", "slow"], "requires a value: slow=MS"),
        (["--fault", "unordered"], "--fault goes with --demo"),
    ],
)
def test_a_fault_that_cannot_be_is_a_usage_error(arguments, said):
    found = run_command(*DELTA, *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr


@pytest.mark.parametrize("form", ["table", "name", "json"])
def test_the_list_of_faults_has_all_of_them(form, capfd):
    from kubectl_cbt.cli.demo import faults
    from kubectl_cbt.output.object_listing import ListFormat

    faults(ListFormat(form))
    shown = capfd.readouterr().out
    if form == "json":
        items = json.loads(shown)["items"]
        assert [item["name"] for item in items] == [fault.name for fault in FAULTS]
        assert items[14] == {
            "name": "cut-after",
            "value": "N",
            "of": "driver",
            "mistake": "UNAVAILABLE after N messages, as when the transport fails",
            "showsWith": None,
        }
    elif form == "name":
        assert shown.split() == [fault.name for fault in FAULTS]
    else:
        lines = shown.splitlines()
        assert [line.split()[0] for line in lines[1:]] == [fault.form for fault in FAULTS]
