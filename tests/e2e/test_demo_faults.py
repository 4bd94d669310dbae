"""Each fault of the demo, through the sidecar and at the driver's own socket, read by a client without checks."""

import hashlib
import json
import re

import grpc
import pytest
from conftest import DELTA, run_command
from fault_answers import BLOCKS_PAIR, GIB, PAIR, Code, faulty, is_ascending
from plain_client import PlainClient

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.extent_faults import EXTENT_FAULTS
from kubectl_cbt.demo.driver.faults import FAULTS, Part, parse_faults
from kubectl_cbt.demo.driver.message_faults import MESSAGE_FAULTS
from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER
from kubectl_cbt.errors import UsageError
from kubectl_cbt.wire.snapshot_metadata_pb2 import FIXED_LENGTH, UNKNOWN, VARIABLE_LENGTH

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
def test_without_a_fault_the_bytes_are_unchanged(demo, driver_clients, target, base, start, max_results, count, digest):
    driver = BLOCKS_DRIVER if target.startswith("win") else PAGES_DRIVER
    for client in driver_clients[driver]:
        answer = client.ask(target, base, start, max_results)
        assert (answer.code, len(answer.raw)) == (Code.OK, count)
        whole = b"".join(len(message).to_bytes(4, "big") + message for message in answer.raw)
        assert hashlib.sha256(whole).hexdigest()[:16] == digest


# How it answers.


@pytest.mark.parametrize("query", [("pg-tue", "pg-mon"), ("pg-tue",)])
def test_max_results_ignored_sends_8192_extents(pages_client, set_faults, query):
    set_faults("max-results-ignored")
    for asked_for in (0, 7, 4096, 65536):
        lengths = pages_client.ask(*query, max_results=asked_for).lengths
        assert set(lengths[:-1]) == {8192}


def test_huge_messages_exceed_grpcs_default_limit(blocks_client, set_faults):
    clean = blocks_client.ask("win-1000", max_results=65536).extents
    set_faults("huge-messages")
    answer = blocks_client.ask("win-1000", max_results=7)
    assert answer.lengths == [len(clean)]
    assert answer.extents == clean
    assert len(answer.raw[0]) > 4 * 2**20
    driver, request = blocks_client.request("win-1000")
    with blocks_client.channel(driver, most_bytes=4 * 2**20) as channel, pytest.raises(grpc.RpcError) as caught:
        list(blocks_client.call(channel, request))
    assert caught.value.code() is Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
@pytest.mark.parametrize("max_results", [0, 65536])
def test_type_change_shows_from_the_second_message_on(pages_client, set_faults, query, max_results):
    set_faults("type-change")
    types = pages_client.ask(*query, max_results=max_results).types
    assert types == [VARIABLE_LENGTH] + [FIXED_LENGTH] * (len(types) - 1)
    assert len(types) > 1


def test_type_change_of_blocks_is_to_variable(blocks_client, set_faults):
    set_faults("type-change")
    assert blocks_client.ask(*BLOCKS_PAIR, max_results=65536).types == [FIXED_LENGTH, VARIABLE_LENGTH]


def test_type_unknown_is_in_every_message(pages_client, blocks_client, set_faults):
    set_faults("type-unknown")
    assert {*pages_client.ask(*PAIR).types, *blocks_client.ask(*BLOCKS_PAIR).types} == {UNKNOWN}


@pytest.mark.parametrize("max_results", [0, 65536])
def test_capacity_change_shows_from_the_second_message_on(pages_client, set_faults, max_results):
    set_faults("capacity-change")
    capacities = pages_client.ask(*PAIR, max_results=max_results).capacities
    assert capacities == [64 * GIB] + [65 * GIB] * (len(capacities) - 1)
    assert len(capacities) > 1


def test_capacity_zero_is_in_every_message(pages_client, set_faults):
    set_faults("capacity-zero")
    assert set(pages_client.ask(*PAIR).capacities) == {0}


def test_empty_messages_are_sent_between_others_and_at_the_end(pages_client, set_faults):
    clean = pages_client.ask(*PAIR)
    set_faults("empty-messages")
    answer = pages_client.ask(*PAIR)
    assert answer.extents == clean.extents
    assert answer.lengths == [length for clean_one in clean.lengths for length in (clean_one, 0)] + [0]
    assert (set(answer.types), set(answer.capacities)) == ({VARIABLE_LENGTH}, {64 * GIB})
    assert pages_client.ask("snap-d", "snap-c").lengths == [0]


# When it comes, and how it ends.


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_cut_after_ends_with_unavailable(pages_client, set_faults, query, count):
    whole = pages_client.ask(*query)
    set_faults(f"cut-after={count}")
    answer = pages_client.ask(*query)
    assert (answer.code, answer.details) == (Code.UNAVAILABLE, "Socket closed")
    assert answer.raw == whole.raw[:count]


def test_cut_after_the_last_message_is_a_cut_and_a_shorter_stream_is_complete(pages_client, set_faults):
    set_faults("cut-after=7")
    assert [(a.code, len(a.raw)) for a in (pages_client.ask(*PAIR),)] == [(Code.UNAVAILABLE, 7)]
    set_faults("cut-after=8")
    assert [(a.code, len(a.raw)) for a in (pages_client.ask(*PAIR),)] == [(Code.OK, 7)]


def test_cancel_is_ok_ends_every_stream_with_ok_after_three_messages(pages_client, set_faults):
    whole = pages_client.ask(*PAIR)
    set_faults("cancel-is-ok")
    first = pages_client.ask(*PAIR, max_results=4096)
    assert (first.code, first.raw) == (Code.OK, whole.raw[:3])
    then = pages_client.ask(*PAIR, start=sum(first.extents[-1]), max_results=100)
    assert (then.code, then.lengths) == (Code.OK, [100, 100, 100])


def test_deadline_after_ends_longer_streams(pages_client, set_faults):
    set_faults("deadline-after=0.2", "slow=60000")
    answer = pages_client.ask(*PAIR)
    assert (answer.code, answer.messages) == (Code.DEADLINE_EXCEEDED, [])
    set_faults("deadline-after=0.2", "hang")
    answer = pages_client.ask(*PAIR)
    assert (answer.code, len(answer.messages)) == (Code.DEADLINE_EXCEEDED, 1)
    set_faults("deadline-after=600")
    assert pages_client.ask(*PAIR).code is Code.OK


def test_hang_sends_one_message_and_waits_for_the_client(pages_client, set_faults):
    set_faults("hang")
    answer = pages_client.read(*pages_client.request(*PAIR), most=1)
    assert (answer.code, len(answer.messages)) == (Code.CANCELLED, 1)


def test_slow_waits_before_each_message_and_changes_none(pages_client, set_faults):
    whole = pages_client.ask(*PAIR)
    set_faults("slow=1")
    assert pages_client.ask(*PAIR).raw == whole.raw


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


def test_reset_after_resets_the_connection():
    with faulty("reset-after=2") as (sidecar, socket):
        answers = [sidecar.ask(*PAIR), socket.ask(*PAIR)]
        assert [answer.code for answer in answers] == [Code.UNAVAILABLE] * 2
        assert "Connection reset by peer" in answers[0].details
        # A unix socket knows no reset: its connection is closed in the middle.
        assert "Socket closed" in answers[1].details or "reset by peer" in answers[1].details
        # gRPC drops messages that the application has not read with the connection.
        assert all(len(answer.messages) <= 2 for answer in answers)
        assert sidecar.ask("snap-d", "snap-c").code is socket.ask("snap-d", "snap-c").code is Code.OK


def test_reset_after_keeps_the_connections_of_other_clients():
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
def test_wrong_code_replaces_the_specified_codes(driver_clients, demo, set_faults, right, fields):
    sidecar, socket = driver_clients[PAGES_DRIVER]
    assert {client.ask(*PAIR, **fields).code for client in (sidecar, socket)} == {right}
    set_faults("wrong-code")
    assert socket.ask(*PAIR, **fields).code is WRONG[right]
    through = sidecar.ask(*PAIR, **fields)
    set_faults()
    assert through.code is Code.INTERNAL
    if WRONG[right] is Code.UNKNOWN:
        assert through.details.startswith("failed to get response from CSI driver: rpc error: code = Unknown")


@pytest.mark.parametrize(("kept", "codes"), [(0, "NNN"), (1, "NNN"), (2, "NNO"), (3, "NOO"), (9, "OOO")])
def test_old_bases_lost_refuses_bases_that_are_not_among_the_newest(driver_clients, set_faults, kept, codes):
    found = {"N": Code.NOT_FOUND, "O": Code.OK}
    set_faults(f"old-bases-lost={kept}")
    for client in driver_clients[PAGES_DRIVER]:
        assert [client.ask("snap-d", base).code for base in ("snap-a", "snap-b", "snap-c")] == [
            found[code] for code in codes
        ]
        assert client.ask("snap-a").code is Code.OK


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
def test_a_sidecars_fault_does_not_affect_the_driver(fault, code, said):
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


def test_health_is_serving_for_the_server_as_a_whole(demo):
    assert health(demo) == health(demo, b"\x0a\x00") == b"\x08\x01"
    assert health(demo, b"\x0a\x05other") is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("fault", "answer"),
    [("not-ready", b"\x08\x02"), ("no-health", Code.UNIMPLEMENTED), ("unimplemented", b"\x08\x01")],
)
def test_health_reports_a_sidecar_that_is_not_ready(fault, answer):
    with DemoCluster(faults=parse_faults([fault])) as demo:
        assert health(demo) == answer


# Names and values.


def test_every_driver_fault_is_implemented():
    elsewhere = {"offset-ignored", "max-results-ignored", "huge-messages", "wrong-code", "old-bases-lost"}
    names = {fault.name for fault in FAULTS if fault.part is Part.DRIVER}
    assert names == elsewhere | EXTENT_FAULTS.keys() | MESSAGE_FAULTS.keys()


def test_faults_combine(pages_client, set_faults):
    set_faults("zero-size", "unordered", "type-unknown", "cut-after=2")
    answer = pages_client.ask(*PAIR)
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
        (["--fault", "unordered"], "--fault requires --demo"),
    ],
)
def test_an_unusable_fault_flag_is_a_usage_error(arguments, said):
    found = run_command(*DELTA, *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr


@pytest.mark.parametrize("form", ["table", "name", "json"])
def test_the_list_of_faults_has_all_of_them(form, capfd):
    from kubectl_cbt.cli.demo_faults import faults
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
