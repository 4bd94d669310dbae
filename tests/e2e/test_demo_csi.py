"""The demo's driver on a unix socket: CSI's requirements, and the same responses as through its sidecar."""

import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from conftest import COMMAND, command_environment, run_command
from plain_client import PlainClient, find

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.csi_service import CsiService
from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER
from kubectl_cbt.system.versions import client_version
from kubectl_cbt.wire.csi_pb2 import (
    GetMetadataDeltaRequest,
    GetPluginCapabilitiesResponse,
    GetPluginInfoResponse,
    PluginCapability,
    ProbeResponse,
)

Code = grpc.StatusCode
CAPACITY = 64 * 2**30


@pytest.fixture
def folder() -> Iterator[Path]:
    """One with a short name: the path of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def service(demo, folder) -> Iterator[CsiService]:
    with demo.csi_service(folder / "csi.sock") as service:
        yield service


@pytest.fixture
def client(demo, service) -> PlainClient:
    return PlainClient(demo, service)


def identity(service: CsiService, method: str) -> bytes:
    with grpc.insecure_channel(service.endpoint) as channel:
        return channel.unary_unary(f"/csi.v1.Identity/{method}")(b"", timeout=30)


@pytest.mark.parametrize("driver", [PAGES_DRIVER, BLOCKS_DRIVER])
def test_a_driver_returns_its_name_and_capabilities(demo, folder, driver):
    with demo.csi_service(folder / "csi.sock", driver) as service:
        info = GetPluginInfoResponse.FromString(identity(service, "GetPluginInfo"))
        assert (info.name, info.vendor_version) == (driver, client_version())
        found = GetPluginCapabilitiesResponse.FromString(identity(service, "GetPluginCapabilities"))
        assert [one.service.type for one in found.capabilities] == [PluginCapability.Service.SNAPSHOT_METADATA_SERVICE]
        assert ProbeResponse.FromString(identity(service, "Probe")).ready.value is True


@pytest.mark.parametrize(
    ("target", "base", "start", "max_results"),
    [
        ("snap-b", "snap-a", 0, 0),
        ("snap-b", None, 12800, 100),
        ("snap-d", "snap-c", 0, 0),
        ("pg-tue", "pg-mon", 0, 4096),
    ],
)
def test_its_answers_are_those_that_the_sidecar_passes_on(demo, client, target, base, start, max_results):
    direct = client.ask(target, base, start, max_results)
    through = PlainClient(demo).ask(target, base, start, max_results)
    assert direct.code is through.code is Code.OK
    assert direct.raw == through.raw


@pytest.mark.parametrize(
    ("base", "fields", "code"),
    [
        (None, {"snapshot_id": "snap-nowhere"}, Code.NOT_FOUND),
        ("snap-a", {"target_snapshot_id": "snap-nowhere"}, Code.NOT_FOUND),
        ("snap-a", {"base_snapshot_id": "snap-nowhere"}, Code.NOT_FOUND),
        (None, {"snapshot_id": ""}, Code.INVALID_ARGUMENT),
        ("snap-a", {"target_snapshot_id": ""}, Code.INVALID_ARGUMENT),
        ("snap-a", {"base_snapshot_id": ""}, Code.INVALID_ARGUMENT),
        ("snap-a", {"max_results": -1}, Code.INVALID_ARGUMENT),
        ("snap-a", {"starting_offset": -1}, Code.OUT_OF_RANGE),
        (None, {"starting_offset": CAPACITY + 1}, Code.OUT_OF_RANGE),
        (None, {"starting_offset": CAPACITY}, Code.OK),
        ("snap-a", {"starting_offset": CAPACITY}, Code.OK),
    ],
)
def test_refusals_have_the_codes_of_the_specification(client, base, fields, code):
    answer = client.ask("snap-b", base, **fields)
    assert (answer.code, answer.messages) == (code, [])


def test_a_base_of_another_volume_is_not_found(demo, client):
    other, snapshot = find(demo, "pg-mon")
    assert client.ask("snap-b", "snap-a", base_snapshot_id=other.snapshot_handle(snapshot)).code is Code.NOT_FOUND


def test_another_drivers_snapshot_is_not_found(demo, client):
    other, snapshot = find(demo, "win-0900")
    assert client.ask("snap-b", snapshot_id=other.snapshot_handle(snapshot)).code is Code.NOT_FOUND


def test_secrets_are_accepted_and_not_kept(demo, service, client):
    assert client.ask("snap-b", "snap-a", secrets={"userKey": "hidden"}).code is Code.OK
    assert dict(service.requests[-1].secrets) == {"userKey": ""}
    assert isinstance(service.requests[-1], GetMetadataDeltaRequest)


@pytest.mark.parametrize("base", ["snap-a", None])
def test_a_secret_that_is_required_and_missing_is_an_invalid_argument(demo, folder, base):
    with demo.csi_service(folder / "csi.sock", required_secrets={"userID": "admin"}) as service:
        client = PlainClient(demo, service)
        for secrets in ({}, {"userID": "other"}, {"userKey": "admin"}):
            answer = client.ask("snap-b", base, secrets=secrets)
            assert (answer.code, answer.details) == (Code.INVALID_ARGUMENT, "secrets cannot be nil or empty")
        assert client.ask("snap-b", base, secrets={"userID": "admin", "more": ""}).code is Code.OK


# The socket.


def test_the_socket_is_deleted_with_the_service(demo, folder):
    path = folder / "csi.sock"
    with demo.csi_service(path) as service:
        assert path.is_socket()
        assert service.endpoint == f"unix://{path}"
    assert not path.exists()


def test_a_stale_socket_is_replaced(demo, folder):
    path = folder / "csi.sock"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    with demo.csi_service(path) as service:
        assert PlainClient(demo, service).ask("snap-b").code is Code.OK


def test_neither_a_file_nor_a_live_socket_is_replaced(demo, service, folder):
    with pytest.raises(OSError, match="in use"):
        demo.csi_service(service.path)
    file = folder / "file"
    file.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        demo.csi_service(file)
    assert file.read_text() == "mine"
    assert PlainClient(demo, service).ask("snap-b").code is Code.OK


@pytest.mark.parametrize(("path", "said"), [("nowhere/csi.sock", "No such file"), ("x" * 120, "too long")])
def test_a_path_where_no_socket_can_be_created_is_an_error(demo, folder, path, said):
    with pytest.raises(OSError, match=said):
        demo.csi_service(folder / path)


# demo serve.


@pytest.mark.parametrize(
    ("arguments", "driver"),
    [((), PAGES_DRIVER), (("--csi-driver", "blocks", "--fault", "type-unknown"), BLOCKS_DRIVER)],
)
def test_demo_serve_serves_a_driver_on_a_socket_and_prints_a_command_for_it(folder, arguments, driver):
    path = folder / "csi.sock"
    process = subprocess.Popen(
        [str(COMMAND), "demo", "serve", "--csi-socket", str(path), *arguments],
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        process.stdout.readline()
        line = next(line for line in process.stderr if line.startswith(driver))
        found = re.fullmatch(rf"{driver}: .*kubectl.cbt delta (\S+) (\S+) --csi-endpoint unix://{path}\n", line)
        base, target = found.groups()
        request = GetMetadataDeltaRequest(base_snapshot_id=base, target_snapshot_id=target)
        with grpc.insecure_channel(f"unix://{path}") as channel:
            call = channel.unary_stream("/csi.v1.SnapshotMetadata/GetMetadataDelta")
            assert list(call(request.SerializeToString(), timeout=30))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert not path.exists()


def test_demo_serve_reports_why_it_has_no_socket(folder):
    found = run_command("demo", "serve", "--csi-socket", str(folder / "nowhere" / "csi.sock"))
    assert (found.returncode, found.stdout) == (1, "")
    assert f"cannot create a socket at {folder / 'nowhere' / 'csi.sock'}: No such file or directory" in found.stderr
    alone = run_command("demo", "serve", "--csi-driver", "blocks")
    assert (alone.returncode, alone.stdout) == (2, "")
    assert "--csi-driver requires --csi-socket" in alone.stderr


def test_faults_before_and_after_serve_are_distinguished_from_none():
    for arguments in (("--fault", "nope", "serve"), ("serve", "--fault", "nope")):
        found = run_command("demo", *arguments)
        assert (found.returncode, found.stdout) == (2, "")
        assert 'unknown fault "nope"' in found.stderr


def test_a_driver_outlives_the_sidecar_on_its_socket(folder):
    with DemoCluster() as cluster, cluster.csi_service(folder / "csi.sock") as service:
        cluster.services[PAGES_DRIVER].stop()
        assert PlainClient(cluster, service).ask("snap-b", "snap-a").code is Code.OK
