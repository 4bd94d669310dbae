"""--record, as the installed command: how open and check read it, and what is never written to the file."""

import itertools
import json
import subprocess
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import COMMAND, DELTA, after, command_environment, cut_after, run_command, run_with_input, warm_command

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Code, Refusal, Tampering
from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.recording.format import Recording

PER_MESSAGE = ("--max-results", "100")
FIRST_PAGE_ONLY = Tampering(answer=lambda messages: itertools.islice(messages, 4))


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "stream.cbtrec"


def contents(path: Path) -> bytes:
    """The complete content of a recording, compressed and decompressed."""
    data = path.read_bytes()
    return data + b"\n" + zlib.decompressobj().decompress(data.partition(b"\n")[2])


def head(path: Path) -> dict:
    with path.open("rb") as data:
        return Recording(RewindableInput(data, path.name)).head


def without_time(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("Stream "))


@pytest.mark.parametrize("form", list(StreamFormat))
def test_a_recording_prints_what_the_stream_printed(run, path, form):
    live = run(*DELTA, *PER_MESSAGE, "--record", str(path), "-o", form)
    found = run("open", str(path), "-o", form)
    assert (live.returncode, found.returncode, live.stderr, found.stderr) == (0, 0, "", "")
    if form == StreamFormat.SUMMARY:
        assert without_time(found.stdout) == without_time(live.stdout)
    else:
        assert found.stdout == live.stdout


@pytest.mark.parametrize(
    ("tampering", "code"),
    [
        (cut_after(3, times=1), 0),
        (cut_after(3, Code.UNKNOWN, "the driver gave up"), 1),
        (cut_after(0, Code.UNAVAILABLE, "the CSI driver is not yet ready", times=1), 0),
        (cut_after(0, Code.FAILED_PRECONDITION, "no tracking"), 1),
        (FIRST_PAGE_ONLY, 1),
    ],
    ids=["taken up", "failed", "not ready at first", "failed at once", "first page only"],
)
def test_a_stream_with_trouble_is_recorded_with_its_trouble(own_demo, path, tampering, code):
    own_demo.services[PAGES_DRIVER].tampering = tampering
    live = run_command(*DELTA, *PER_MESSAGE, "--record", str(path), "-o", "json", cluster=own_demo)
    found = run_command("open", str(path), "-o", "json")
    assert (live.returncode, found.returncode) == (code, code)
    assert found.stdout == live.stdout


def test_allocated_and_a_starting_offset_are_recorded_too(run, path):
    live = run("allocated", "snap-b", "--starting-offset", "1Gi", "--record", str(path), "-o", "json")
    assert run("open", str(path), "-o", "json").stdout == live.stdout
    assert run("open", str(path), "-o", "csv", "--kind", "delta").returncode == 1


def test_a_recording_comes_through_a_pipe(run, path):
    live = run(*DELTA, "--record", str(path), "-o", "csv")
    found = run_with_input(path.read_bytes(), "open", "-", "-o", "csv")
    assert (found.returncode, found.stdout) == (0, live.stdout)


def test_a_recording_contains_how_it_was_made(run, path):
    run(*DELTA, "--record", str(path), "--no-probe", "--retries", "3", "-o", "name")
    found = head(path)
    assert found["service"]["apiVersion"] == "cbt.storage.k8s.io/v1beta1"
    assert set(found["libraries"]) == {"grpcio", "protobuf", "kubernetes", "numpy"}
    assert (found["reached"], found["subject"]["base"]["name"]) == ("direct", "snap-a")
    assert found["asking"] == {"retries": 3, "probe": False, "maxResultsIsOurs": True}


def test_a_file_with_something_in_it_stays_as_it_is(run, path):
    path.write_text("precious")
    found = run(*DELTA, "--record", str(path), "-o", "csv")
    assert (found.returncode, found.stdout) == (2, "")
    assert "the file is not empty" in found.stderr
    assert path.read_text() == "precious"
    assert "standard output is for data" in run(*DELTA, "--record", "-").stderr


def test_a_directory_is_not_written_to(run, path):
    path.mkdir()
    for *arguments, folder in ((*DELTA, "--record", f"{path}"), ("demo", "serve", "--csi-socket", f"{path}/new/")):
        found = run(*arguments, folder)
        assert (found.returncode, found.stdout) == (2, "")
        assert f"{folder} is a directory: name a file in it" in found.stderr
    assert list(path.iterdir()) == []


# What is secret.


def test_no_part_of_a_token_and_of_the_ca_is_in_the_file(own_demo, path):
    service = own_demo.services[PAGES_DRIVER]
    tokens: list[str] = []

    def note(request) -> None:
        tokens.append(request.security_token)

    service.tampering = Tampering(accept=note, answer=cut_after(3, times=1).answer)
    assert run_command(*DELTA, *PER_MESSAGE, "--record", str(path), "-o", "name", cluster=own_demo).returncode == 0
    assert len(tokens) == 3
    assert_holds_none(path, tokens, service.ca_pem)


@pytest.mark.parametrize("how", ["{}", "bearer {}", "Authorization: Bearer {}", "token={}."])
def test_a_token_that_the_service_repeats_is_masked(own_demo, path, how):
    service = own_demo.services[PAGES_DRIVER]
    tokens: list[str] = []

    def repeat(request) -> None:
        tokens.append(request.security_token)
        header, payload, signature = request.security_token.split(".")
        said = [how.format(text) for text in (request.security_token, f"{header}.{payload}", f"{payload}.{signature}")]
        raise Refusal(Code.UNAUTHENTICATED, f"unauthenticated user: {' and '.join(said)}")

    service.tampering = Tampering(accept=repeat)
    found = run_command(*DELTA, "--record", str(path), "-o", "json", cluster=own_demo)
    assert found.returncode == 1
    assert tokens
    assert b"<masked>" in contents(path)
    assert_holds_none(path, tokens, service.ca_pem)
    assert run_command("open", str(path), "-o", "json").returncode == 1


def assert_holds_none(path: Path, tokens: list[str], ca_pem: bytes) -> None:
    kept = contents(path)
    parts = [part for token in tokens for part in token.split(".")]
    lines = [line for line in ca_pem.decode().splitlines() if not line.startswith("---")]
    for secret in (*parts, *lines, "BEGIN CERTIFICATE"):
        for piece in (secret[:16], secret[-16:]):
            assert piece.encode() not in kept


def test_a_driver_at_its_socket_is_recorded_without_its_secrets(demo, path):
    with tempfile.TemporaryDirectory() as folder:
        secrets = Path(folder) / "secrets.yaml"
        secrets.write_text("userID: admin-of-it-all\nuserKey: QmV3YXJlIG9mIHRoZSBkb2c\n")
        with demo.csi_service(Path(folder) / "csi.sock") as service:
            ids = [handle(demo, name) for name in ("snap-a", "snap-b")]
            resolved = ("delta", *ids, "--csi-endpoint", service.endpoint, "--secrets-file", str(secrets))
            live = run_command(*resolved, "--record", str(path), "-o", "json")
        assert live.returncode == 0
        kept = contents(path)
        for secret in (b"admin-of-it-all", b"QmV3YXJl", b"userKey", folder.encode()):
            assert secret not in kept
    found = head(path)
    assert (found["reached"], found["service"]) == ("csi-socket", None)
    assert found["driverVersion"]
    assert run_command("open", str(path), "-o", "json").stdout == live.stdout


def handle(demo: DemoCluster, name: str) -> str:
    content = demo.store.get("volumesnapshots", name, "default")["status"]["boundVolumeSnapshotContentName"]
    return demo.store.get("volumesnapshotcontents", content)["status"]["snapshotHandle"]


# Killed, and out of space.


@pytest.fixture
def hanging_demo(own_demo) -> Iterator[DemoCluster]:
    """Its streams send five messages and then nothing, until the test is over."""
    over = threading.Event()

    def answer(messages):
        for _ in range(5):
            yield next(messages)
        over.wait()

    own_demo.services[PAGES_DRIVER].tampering = Tampering(answer=answer)
    yield own_demo
    over.set()


def messages_in(path: Path) -> int:
    """How many a reader finds now, of a file that may still be written."""
    count = 0
    try:
        with path.open("rb") as data:
            for answer in Recording(RewindableInput(data, path.name)).answers():
                for _ in answer.messages():
                    count += 1
    except (DocumentError, OSError):
        pass
    return count


def test_a_command_that_was_killed_leaves_what_had_come(demo, hanging_demo, path):
    arguments = [*DELTA, *PER_MESSAGE, "--record", str(path), "-o", "csv"]
    with warm_command().open(arguments, command_environment(hanging_demo)) as process:
        for _ in range(3000):
            if messages_in(path) == 5 or process.poll() is not None:
                break
            time.sleep(0.02)
        process.kill()
    found = run_command("open", str(path), "-o", "csv")
    assert found.returncode == 1
    assert "the recording ends here" in found.stderr
    assert "note: incomplete: 500 extents" in found.stderr
    whole = run_command(*DELTA, "-o", "csv", cluster=demo)
    rows = [line for line in found.stdout.splitlines() if not line.startswith("#")]
    assert len(rows) == 501
    assert rows == whole.stdout.splitlines()[:501]


def test_a_disk_that_fills_up_ends_the_recording_and_not_the_stream(demo, path):
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    found = subprocess.run(
        after(limited, COMMAND, *DELTA, *PER_MESSAGE, "--record", str(path), "-o", "csv"),
        env=command_environment(demo),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0
    assert found.stdout == run_command(*DELTA, "-o", "csv", cluster=demo).stdout
    warnings = [line for line in found.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 2
    assert "File too large: the recording ends here" in warnings[0]
    assert run_command("open", str(path), "-o", "csv").returncode == 1


# check.


def test_check_judges_what_was_recorded_and_skips_the_rest(run, path):
    run(*DELTA, *PER_MESSAGE, "--record", str(path), "-o", "name")
    found = run("check", str(path), "-o", "json")
    assert (found.returncode, found.stderr) == (0, "")
    verdicts = {finding["id"]: finding["verdict"] for finding in json.loads(found.stdout)["findings"]}
    assert (verdicts["rule-r2"], verdicts["complete"], verdicts["deterministic"]) == ("pass", "pass", "skipped")
    table = run("check", str(path), "--only", "complete").stdout
    assert "service    demo-pages.csi.k8s.io at 127.0.0.1:" in table
    assert "delta snap-a → default/snap-b" in table


def test_check_finds_in_a_recording_that_a_driver_sent_its_first_page_only(own_demo, path):
    own_demo.services[PAGES_DRIVER].tampering = FIRST_PAGE_ONLY
    run_command(*DELTA, *PER_MESSAGE, "--record", str(path), "-o", "name", cluster=own_demo)
    found = run_command("check", str(path))
    assert found.returncode == 1
    assert "✗ complete" in found.stdout


def test_check_of_a_recording_accepts_no_other_arguments(run, path):
    run(*DELTA, "--record", str(path), "-o", "name")
    assert run("check", str(path), "snap-b").returncode == 2
    for flags in (("--hostile",), ("--deadline", "5s"), ("--namespace", "shop"), ("--service", "x")):
        found = run("check", str(path), *flags)
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr == f"error: {flags[0]} cannot be used with a recording, which queries nothing\n"
    found = run("check", "no-such.cbtrec")
    assert (found.returncode, found.stdout) == (1, "")
    assert "no-such.cbtrec: No such file or directory" in found.stderr
    path.write_bytes(path.read_bytes()[:40])
    assert "the recording ends here" in run("check", str(path)).stderr
