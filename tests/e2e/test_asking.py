"""delta and allocated, as the installed command, against the demo's real servers."""

import json
from importlib.resources import files

import jsonschema
import pytest
import yaml
from conftest import DELTA, run_command

from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.output.registry import StreamFormat

SCHEMA = json.loads(files("kubectl_cbt.output").joinpath("schema.json").read_bytes())


def test_the_documents_of_the_demo_are_valid_and_twice_the_same():
    first, second = (run_command(*DELTA, "--demo", "-o", "json") for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout
    document = json.loads(first.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["complete"] is True
    assert document["summary"]["extents"] == len(document["extents"]) > 1000
    assert document["violations"] == []


def test_another_seed_is_another_cluster():
    one, other = (run_command(*DELTA, "--demo", "--seed", seed, "-o", "csv").stdout for seed in ("1", "2"))
    assert one != other


def test_every_format_prints_the_same_extents(run):
    expected = [(e["byteOffset"], e["sizeBytes"]) for e in json.loads(run(*DELTA, "-o", "json").stdout)["extents"]]
    found = {form: run(*DELTA, "-o", form).stdout for form in StreamFormat}
    assert [(e["byteOffset"], e["sizeBytes"]) for e in yaml.safe_load(found["yaml"])["extents"]] == expected
    lines = [json.loads(line) for line in found["ndjson"].splitlines()[1:-1]]
    assert [(e["byteOffset"], e["sizeBytes"]) for e in lines] == expected
    assert [tuple(map(int, line.split(","))) for line in found["csv"].splitlines()[1:]] == expected
    assert [tuple(map(int, line.split())) for line in found["table"].splitlines()[1:]] == expected
    assert [tuple(map(int, line.split())) for line in found["ranges"].splitlines()] == expected
    covered = sum(size for _, size in expected)
    assert sum(row["length"] for row in json.loads(found["qemu-map"]) if row["data"]) == covered
    domain = [line.split() for line in found["ddrescue"].splitlines() if not line.startswith("#")][1:]
    assert sum(int(size) for _, size, status in domain if status == "+") == covered
    wide = [line.split() for line in found["wide"].splitlines()[1:]]
    assert [(int(row[1]), int(row[3])) for row in wide] == expected
    lister = [e for record in json.loads(found["lister-json"]) for e in record["block_metadata"]]
    assert [(e.get("byte_offset", 0), e["size_bytes"]) for e in lister] == expected
    assert f"in {len(expected):,} extents" in found["summary"]
    assert found["name"].split() == [f"volumesnapshot.snapshot.storage.k8s.io/{name}" for name in DELTA[1:]]


def test_a_pipe_gets_the_summary(run):
    found = run(*DELTA)
    assert found.returncode == 0
    assert found.stdout.startswith("Delta      snap-a → snap-b   default/data\n")
    assert "Rules      R1–R7 kept\n" in found.stdout
    assert "Map" not in found.stdout


def test_nothing_changed_is_an_answer(run):
    document = json.loads(run("delta", "snap-c", "snap-d", "-o", "json").stdout)
    assert (document["complete"], document["extents"], document["blockMetadataType"]) == (True, [], None)
    assert document["volumeCapacityBytes"] == 64 * 2**30
    assert "Changed    nothing\n" in run("delta", "snap-c", "snap-d").stdout


def test_a_base_handle_replaces_a_deleted_base(run):
    whole = json.loads(run(*DELTA, "-o", "json").stdout)
    handle = whole["base"]["handle"]
    found = json.loads(run("delta", "--base-handle", handle, "snap-b", "-o", "json").stdout)
    assert found["base"] == {"handle": handle}
    assert found["extents"] == whole["extents"]


def test_a_starting_offset_gives_the_clipped_rest(run):
    whole = json.loads(run("allocated", "snap-a", "-o", "json").stdout)["extents"]
    inside = next(e for e in whole[100:] if e["sizeBytes"] > 8192)
    start = inside["byteOffset"] + 4096
    found = run("allocated", "snap-a", "-o", "json", "--starting-offset", str(start))
    document = json.loads(found.stdout)
    assert document["extents"][0] == {"byteOffset": start, "sizeBytes": inside["sizeBytes"] - 4096}
    assert document["extents"][1:] == whole[whole.index(inside) + 1 :]
    assert document["summary"]["clippedExtents"] == 1
    assert "1 extent was clipped to the starting offset" in found.stderr


@pytest.mark.parametrize("limit", ["1", "7", "256"])
def test_max_results_limits_every_message(run, limit):
    records = json.loads(run(*DELTA, "--max-results", limit, "-o", "lister-json").stdout)
    assert max(len(record["block_metadata"]) for record in records) == int(limit)


def test_a_fixed_length_driver_is_distinguished(run):
    document = json.loads(run("delta", "win-0900", "win-1000", "-n", "vms", "-o", "json").stdout)
    assert document["blockMetadataType"] == "FIXED_LENGTH"
    assert {e["sizeBytes"] for e in document["extents"]} == {64 * 1024}
    assert document["summary"]["runs"] < document["summary"]["extents"]


def test_flags_may_precede_the_verb_and_names_may_have_their_type(run):
    usual = run("delta", "pg-mon", "pg-tue", "-n", "shop", "-o", "csv")
    early = run("-n", "shop", "-o", "csv", "delta", "vs/pg-mon", "volumesnapshot.snapshot.storage.k8s.io/pg-tue")
    assert usual.returncode == early.returncode == 0
    assert usual.stdout == early.stdout


def test_the_namespace_of_the_context_is_the_default_one(run):
    assert run("allocated", "pg-mon", "-o", "name", "--context", "demo-shop").returncode == 0


def test_an_empty_option_counts_as_not_given(run):
    assert run(*DELTA, "-o", "name", "--context", "", "--namespace", "").returncode == 0


def test_force_continues_if_only_the_order_is_wrong(run):
    refused = run("delta", "snap-b", "snap-a", "-o", "csv")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is older than base default/snap-b" in refused.stderr
    assert run("delta", "snap-b", "snap-a", "--force", "-o", "csv").stdout == run(*DELTA, "-o", "csv").stdout


def test_a_driver_that_rejects_the_default_limit_is_queried_once_more_without(own_demo):
    from kubectl_cbt.demo.sidecar.metadata_service import Code, Refusal, Tampering

    def picky(request):
        if request.max_results:
            raise Refusal(Code.INVALID_ARGUMENT, "max_results is not supported")

    service = own_demo.services[PAGES_DRIVER]
    service.tampering = Tampering(accept=picky)
    found = run_command(*DELTA, "-o", "json", cluster=own_demo)
    assert found.returncode == 0
    assert json.loads(found.stdout)["summary"]["messages"] > 1
    # Twice: the second time whether that was all.
    assert [request.max_results for request in service.requests] == [0, 0]
    # A limit the user chose is the user's to change.
    assert run_command(*DELTA, "--max-results", "100", cluster=own_demo).returncode == 1


def test_messages_of_any_size_are_accepted(own_demo):
    query = ("allocated", "scratch-2", "-n", "vms", "--starting-offset", "16128Gi", "--max-results", "65536")
    found = run_command(*query, "-o", "lister-json", cluster=own_demo)
    assert found.returncode == 0
    assert max(len(record["block_metadata"]) for record in json.loads(found.stdout)) == 65536


def test_a_broken_stream_is_reported_and_fails(own_demo):
    from samples import batch

    from kubectl_cbt.demo.driver.encode_response import encode_response
    from kubectl_cbt.demo.sidecar.metadata_service import Tampering

    def overlapping(messages):
        yield from messages
        one = batch(0, [4096, 8192], [8192, 4096])
        yield encode_response(1, 5, one.offsets, one.sizes)

    own_demo.services[PAGES_DRIVER].tampering = Tampering(answer=overlapping)
    found = run_command(*DELTA, "-o", "json", cluster=own_demo)
    document = json.loads(found.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["complete"] is True
    assert {violation["rule"] for violation in document["violations"]} >= {"R2", "R3", "R4"}
    assert found.returncode == 1
    assert "the stream broke R2 (MUST) twice" in found.stderr or "the stream broke R2 (MUST) 2 times" in found.stderr
    assert "message 2, extent 0 (4096+8192): starts before the previous extent" in found.stderr
