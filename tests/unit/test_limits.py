"""What a server or a file may make this process hold: a message over the limit, or compressed, is refused unread."""

import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from conftest import DELTA
from raw_service import HEADERS, OK, data, framed, raw_service
from recorded_again import ScriptedSource, live, recording_of
from recordings_made import RESOLVED, read
from test_stream import encoded, query

from kubectl_cbt.core.file_backend import open_recording
from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.errors import CbtError, DocumentError, DriverFailed, MalformedMessage, MessageTooLarge
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.recording.format import FIRST_LINE, FRAME
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.csi import CsiEndpoint, CsiSource
from kubectl_cbt.wire.service_connection import ServiceConnection
from kubectl_cbt.wire.sidecar import SidecarSource
from kubectl_cbt.wire.source import Source

MESSAGE = encoded(*((8192 * number, 4096) for number in range(1000)))


class Sender(grpc.GenericRpcHandler):
    """Answers every call with one message."""

    def __init__(self, message: bytes, compression: grpc.Compression, refusal: str = "") -> None:
        self._message = message
        self._compression = compression
        self._refusal = refusal

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        def answer(_request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            context.set_compression(self._compression)
            yield self._message
            if self._refusal:
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, self._refusal)

        return grpc.unary_stream_rpc_method_handler(answer)


@contextmanager
def sending(kind: str, folder: Path, handler: Sender, **limit: int) -> Iterator[Source]:
    """A source for a server of gRPC's own, at a unix socket or over TLS."""
    server = grpc.server(futures.ThreadPoolExecutor(1), handlers=[handler])
    source: Source
    if kind == "socket":
        server.add_insecure_port(f"unix:{folder}/csi.sock")
        server.start()
        source = CsiSource(CsiEndpoint.parse(f"unix://{folder}/csi.sock"), **limit)
    else:
        authority = CertificateAuthority("limits")
        certificate = authority.issue("127.0.0.1")
        credentials = grpc.ssl_server_credentials([(certificate.key_pem, certificate.certificate_pem)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        endpoint = Endpoint("limits", f"127.0.0.1:{port}", "audience", authority.pem)
        source = SidecarSource(ServiceConnection(endpoint, **limit), lambda: Secret("token"))
    try:
        yield source
    finally:
        source.close()
        server.stop(None).wait()


both = pytest.mark.parametrize("kind", ["socket", "tls"])


@both
def test_a_message_over_the_limit_is_rejected_with_both_sizes_and_the_flag(kind, tmp_path):
    handler = Sender(MESSAGE, grpc.Compression.NoCompression)
    with sending(kind, tmp_path, handler, max_message_bytes=len(MESSAGE) - 1) as source:
        with pytest.raises(MessageTooLarge, match=rf"larger than --max-message-size.*{len(MESSAGE)} vs\. ") as refused:
            list(source.query(query(), Cancellation()))
        assert str(len(MESSAGE) - 1) in refused.value.message
        assert "--max-message-size" in refused.value.hint
    with sending(kind, tmp_path, handler, max_message_bytes=len(MESSAGE)) as source:
        assert list(source.query(query(), Cancellation())) == [MESSAGE]


@both
def test_a_message_that_a_grpc_server_compressed_is_rejected(kind, tmp_path):
    compressed = pytest.raises(MalformedMessage, match="compresses its messages")
    with sending(kind, tmp_path, Sender(MESSAGE, grpc.Compression.Gzip)) as source, compressed:
        list(source.query(query(), Cancellation()))


def test_a_message_over_the_sidecars_own_limit_is_distinguished(tmp_path):
    """The sidecar passes on the words of Go's gRPC, in which it received the message from the driver."""
    said = "grpc: received message larger than max (5000000 vs. 4194304)"
    with sending("tls", tmp_path, Sender(MESSAGE, grpc.Compression.NoCompression, said)) as source:
        with pytest.raises(DriverFailed, match=r"of the driver is larger than limits accepts.*5000000") as refused:
            list(source.query(query(), Cancellation()))
        assert "--max-results" in refused.value.hint


def grown_by(code: str, *arguments: str) -> tuple[int, str]:
    """MiB by which a process of its own grew over the part of ``code`` after ``begin()``, and what it printed."""
    code = f"""
import os, resource, sys
os.environ["GRPC_VERBOSITY"] = "NONE"
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def begin():
    global before
    before = peak()
{code}
print(peak() - before)
"""
    found = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    *said, grown = found.stdout.splitlines()
    return int(grown), "\n".join(said)


READ_SIDECAR = """
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.service_connection import ServiceConnection
from kubectl_cbt.wire.sidecar import SidecarSource
address, ca = sys.argv[1:]
endpoint = Endpoint("bomb", address, "", open(ca, "rb").read())
source = SidecarSource(ServiceConnection(endpoint), lambda: Secret(""))
begin()
try:
    for message in source.query(Query(SnapshotRef("a", "b")), Cancellation()):
        print(len(message))
except CbtError as error:
    print(error.message)
"""


def test_a_compressed_message_is_rejected_before_it_is_inflated(tmp_path):
    """48 KiB that are 48 MiB."""
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(b"\x1a\0" * 2**19) for _ in range(48)) + packer.flush()
    script = [
        lambda http, stream: http.send_headers(stream, [*HEADERS, ("grpc-encoding", "gzip")]),
        data(framed(packed, 1)),
        OK,
    ]
    with raw_service(script) as service:
        ca = tmp_path / "ca.pem"
        ca.write_bytes(service.ca_pem)
        grown, said = grown_by(READ_SIDECAR, service.address, str(ca))
    assert "compresses its messages" in said
    assert grown < 30


# Recordings.


def bomb(path: Path, kind: bytes, length: int, part: bytes = bytes(2**20)) -> Path:
    """A recording whose answer is one record of that length, of parts that repeat; a thousandth of it on disk."""
    source = recording_of(path, ScriptedSource([]), RESOLVED, no_probe=True)
    list(live(source, RESOLVED, probe=False))
    source.close()
    unpacked = zlib.decompressobj().decompress(path.read_bytes().removeprefix(FIRST_LINE))
    begin = 0
    for _ in "HQ":
        begin += FRAME.size + FRAME.unpack_from(unpacked, begin)[1]
    packer = zlib.compressobj(1)
    packed = [packer.compress(unpacked[:begin] + FRAME.pack(kind, length))]
    packed += [packer.compress(part) for _ in range(length // len(part))]
    path.write_bytes(FIRST_LINE + b"".join(packed) + packer.flush())
    return path


def opened(path: Path, **limit: int) -> CbtError | None:
    with path.open("rb") as data:
        return read(open_recording(RewindableInput(data, path.name), **limit)[2])[1]


READ_RECORDING = """
from kubectl_cbt.core.file_backend import open_recording
from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.errors import CbtError
import numpy
begin()
try:
    with open(sys.argv[1], "rb") as data:
        for batch in open_recording(RewindableInput(data, "bomb"))[2]:
            print(len(batch))
except CbtError as error:
    print(error.message)
"""


def test_a_recorded_message_over_the_limit_is_rejected_before_it_is_inflated(tmp_path):
    path = bomb(tmp_path / "bomb.cbtrec", b"M", 2**27)
    assert path.stat().st_size < 2**20
    grown, said = grown_by(READ_RECORDING, str(path))
    assert "a message of 134217720 bytes is larger than --max-message-size, 67108864 bytes" in said
    assert grown < 60


PRINT_RECORDING = """
from kubectl_cbt.cli.app import run
from kubectl_cbt.cli.print_stream import print_stream
from kubectl_cbt.core.file_backend import open_recording
import numpy, sys
begin()
stdout = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
try:
    run(["open", sys.argv[1], "-o", sys.argv[2], "-q"])
except SystemExit:
    pass
os.dup2(stdout, 1)
"""


@pytest.mark.parametrize("form", ["json", "lister-json"])
def test_a_message_of_empty_extents_needs_twenty_times_its_length(tmp_path, form):
    """6 MiB hold three million of them; each took 150 bytes and more, of which its columns are 16."""
    path = bomb(tmp_path / "empty.cbtrec", b"M", 6 * 2**20, part=b"\x1a\0" * 2**19)
    grown, _ = grown_by(PRINT_RECORDING, str(path), form)
    assert grown < 160


@pytest.mark.parametrize("kind", [b"Q", b"E", b"?"])
def test_a_recorded_record_of_json_over_the_limit_is_rejected(tmp_path, kind):
    error = opened(bomb(tmp_path / "bomb.cbtrec", kind, 2**21))
    assert isinstance(error, DocumentError)
    assert "a record of 2097152 bytes" in error.message


def test_a_recorded_message_is_resumed_to_the_limit_that_was_given(tmp_path):
    path = bomb(tmp_path / "a.cbtrec", b"M", 2**12, part=bytes(8) + b"\x1a\0" * 2044)
    error = opened(path, max_message_bytes=4087)
    assert isinstance(error, DocumentError)
    assert "a message of 4088 bytes is larger than --max-message-size, 4087 bytes" in error.message
    assert "--max-message-size" in error.hint
    assert "an answer without an end" in str(opened(path, max_message_bytes=4088))


@pytest.mark.parametrize("verb", ["open", "check"])
def test_commands_that_read_recordings_name_the_flag_and_accept_it(tmp_path, run, verb):
    path = str(bomb(tmp_path / "a.cbtrec", b"M", 2**12, part=bytes(8) + b"\x1a\0" * 2044))
    refused = run(verb, path, "--max-message-size", "4087")
    assert "is larger than --max-message-size, 4087 bytes" in refused.stdout + refused.stderr
    taken = run(verb, path, "--max-message-size", "4Ki")
    assert "--max-message-size" not in taken.stdout + taken.stderr


@pytest.mark.parametrize("size", ["0", "2Gi", "-1", "big"])
def test_a_limit_that_is_not_one_is_rejected(run, size):
    assert run("open", "x.cbtrec", f"--max-message-size={size}").returncode == 2


def test_the_limit_applies_to_a_stream_of_a_cluster(run):
    refused = run(*DELTA, "--max-message-size", "100")
    assert refused.returncode == 1
    assert "larger than --max-message-size" in refused.stderr
    assert "vs. 100)" in refused.stderr
