"""How a command ends: interrupted, with a closed reader, on a full disk. It leaves no files or processes."""

import base64
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from conftest import COMMAND, command_environment, run_command, run_warm_on_terminal, wait_for, warm_command
from warm import WarmProcess

from kubectl_cbt.kube.client_config import load_config
from kubectl_cbt.kube.kubeconfig import ConfigFlags

LARGE = ("delta", "scratch-1", "scratch-2", "-n", "vms")


@contextlib.contextmanager
def started(*arguments: str, cluster=None, stdout: IO[bytes] | None = None, **environment: str):
    """The installed command, running; stderr and (unless given) stdout are pipes without a buffer of their own."""
    with subprocess.Popen(
        [str(COMMAND), *arguments],
        env=command_environment(cluster, **environment),
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def started_warm(*arguments: str, cluster=None, stdout: IO[bytes] | None = None, **environment: str):
    """The same, forked: for what does not depend on the start and on how the interpreter ends."""
    out = None if stdout is None else stdout.fileno()
    with warm_command().open(list(arguments), command_environment(cluster, **environment), out) as process:
        try:
            yield process
        finally:
            process.kill()


def read_some(process: subprocess.Popen | WarmProcess, size: int = 1 << 20) -> bytes:
    """The first bytes: from here on the stream is known to run."""
    data = b""
    while len(data) < size:
        data += process.stdout.read(size - len(data)) or pytest.fail(f"stdout ended: {process.stderr.read()!r}")
    return data


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_document_is_valid_and_marked(demo, number, code):
    with started(*LARGE, "-o", "json", cluster=demo) as process:
        data = read_some(process)
        process.send_signal(number)
        rest, said = process.communicate(timeout=30)
    document = json.loads(data + rest)
    assert process.returncode == code
    assert document["complete"] is False
    assert document["error"]["type"] == "Interrupted"
    assert document["summary"]["extents"] == len(document["extents"]) > 0
    text = said.decode()
    assert "error: interrupted" in text
    assert f"--starting-offset {document['summary']['nextOffset']}" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_no_file(tmp_path, number):
    with started(*LARGE, "--demo", "-o", "csv", TMPDIR=str(tmp_path)) as process:
        read_some(process)
        assert list(tmp_path.iterdir())
        process.send_signal(number)
        process.communicate(timeout=30)
    assert list(tmp_path.iterdir()) == []


def test_a_finished_and_a_failed_command_leave_no_file(tmp_path):
    for arguments in (("delta", "snap-a", "snap-b"), ("delta", "snap-a", "nope")):
        with started_warm(*arguments, "--demo", TMPDIR=str(tmp_path)) as process:
            process.communicate(timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_keys_inside_a_kubeconfig_leave_no_file(demo, tmp_path):

    text = demo.kubeconfig.read_text()
    ca = base64.b64encode((demo.kubeconfig.parent / "ca.crt").read_bytes()).decode()
    (tmp_path / "config").write_text(text.replace("certificate-authority: ca.crt", f"certificate-authority-data: {ca}"))
    folder = tmp_path / "tmp"
    folder.mkdir()
    with started_warm("snapshots", "--kubeconfig", str(tmp_path / "config"), TMPDIR=str(folder)) as process:
        out, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
    assert b"snap-a" in out
    assert list(folder.iterdir()) == []


def test_a_reader_that_does_not_read_cannot_prevent_a_command_from_stopping(demo):
    with started_warm(*LARGE, "-o", "json", cluster=demo) as process:
        read_some(process, 100)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert "--starting-offset" in process.stderr.read().decode()


def test_a_second_signal_cuts_the_document_where_it_is(demo):
    """No end may follow half a row: a reader could not distinguish it."""
    with started_warm(*LARGE, "-o", "json", cluster=demo) as process:
        data = read_some(process, 100)
        # Nobody reads now: the command waits in a write. The second signal comes while the first one waits for it.
        process.send_signal(signal.SIGINT)
        wait_for_signal_to_arrive(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        data += process.stdout.read()
    assert b'"complete"' not in data
    with pytest.raises(json.JSONDecodeError):
        json.loads(data)


def wait_for_signal_to_arrive(process: WarmProcess) -> None:
    """Until the kernel has handed it over; two pending ones would be one."""

    def arrived() -> bool:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return not any(
            int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))
        )

    wait_for(arrived, "the signal's arrival", process)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, which only Linux has")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment_ends_without_a_traceback(demo, number):
    """From the moment of the handler: during imports, requests to the cluster, and the stream."""
    codes = set()
    for step in range(7):
        with started("delta", "snap-a", "snap-b", "-o", "csv", cluster=demo) as process:
            wait_until_terminate_is_caught(process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=step * 0.08)
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
            codes.add(process.returncode)
            assert b"Traceback" not in said
            assert b"internal error" not in said
    # The interpreter gives signals back to the system on its way out, when all is done: a shell calls that 130 too.
    assert codes <= {128 + number, 0, -number}
    assert 128 + number in codes


def wait_until_terminate_is_caught(process: subprocess.Popen) -> None:
    """Until the command has its own handlers: Python itself catches no SIGTERM."""
    bit = 1 << (signal.SIGTERM - 1)
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        (caught,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))
        if caught & bit:
            return


def test_a_signal_the_caller_ignores_is_ignored(demo):
    """As under nohup."""
    with subprocess.Popen(
        ["sh", "-c", "trap '' HUP; exec \"$0\" demo serve -q", str(COMMAND)],
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        kubeconfig = process.stdout.readline().strip().partition("=")[2]
        process.send_signal(signal.SIGHUP)
        assert run_command("snapshots", "-o", "name", "--kubeconfig", kubeconfig).returncode == 0
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_no_temporary_folder_is_needed_where_there_are_no_keys(demo, monkeypatch):
    """In the test's own process, with Python's refusal played: whoever may write everywhere cannot be refused."""

    def refuse(**_: str) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with load_config(ConfigFlags(kubeconfig=str(demo.kubeconfig))) as config:
        assert config.namespace == "default"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which only Linux has")
def test_help_onto_a_full_disk_is_an_error():
    with Path("/dev/full").open("wb") as full, started("delta", "--help", stdout=full) as process:
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert said == "error: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize(
    ("redirection", "arguments", "code"),
    [
        ("<&-", "delta --choose-base snap-b", 2),
        (">&-", "delta snap-a snap-b -o json", 1),
        ("2>&-", "demo -q", 0),
        ("<&- 2>&-", "delta snap-a snap-b", 0),
    ],
)
def test_closed_descriptors_are_not_an_internal_error(demo, redirection, arguments, code):
    found = subprocess.run(
        ["sh", "-c", f'exec "$0" {arguments} {redirection}', str(COMMAND)],
        env=command_environment(demo), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == code
    assert "internal error" not in found.stderr


def test_colour_never_is_for_the_bar_too(demo, tmp_path):
    query = ("allocated", "win-1200", "-n", "vms", "-o", "csv", "--color", "never")
    code, shown = on_terminal(*query, cluster=demo, to_file=tmp_path / "out")
    assert code == 0
    assert "extents/s" in shown
    # Moving the cursor is not a colour.
    assert not re.search(r"\x1b\[(3|4|9|10)[0-9;]*m", shown)


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_reader_that_closes_early_is_not_an_error(demo, form):
    with started_warm(*LARGE, "-o", form, cluster=demo) as process:
        read_some(process, 100)
        process.stdout.close()
        assert process.wait(timeout=30) == 141
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which only Linux has")
@pytest.mark.parametrize("form", ["csv", "json", "summary"])
def test_a_full_disk_is_an_error(demo, form):
    query = ("delta", "snap-a", "snap-b", "-o", form)
    with Path("/dev/full").open("wb") as full, started_warm(*query, cluster=demo, stdout=full) as process:
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert said == "error: cannot write to standard output: No space left on device\n"


def test_a_closed_stdout_is_an_error(demo):
    command = 'exec "$0" delta snap-a snap-b -o csv >&-'
    found = subprocess.run(
        ["sh", "-c", command, str(COMMAND)], env=command_environment(demo), capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert found.stderr.startswith("error: cannot write to standard output: ")


def test_a_closed_stderr_does_not_hide_the_exit_code(demo):
    command = 'exec "$0" allocated nope 2>&-'
    found = subprocess.run(
        ["sh", "-c", command, str(COMMAND)], env=command_environment(demo), capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (1, "")


# On a terminal: a real one, in the shape of a pseudo-terminal.


def on_terminal(*arguments: str, cluster, to_file: Path | None = None, **environment: str) -> tuple[int, str]:
    """Run the command on a terminal (stdout in a file, if given)."""
    environment = command_environment(cluster, TERM="xterm-256color") | environment
    if to_file is None:
        return run_warm_on_terminal(list(arguments), environment)
    with to_file.open("wb") as file:
        return run_warm_on_terminal(list(arguments), environment, file)


SUMMARY = ("delta", "pg-mon", "pg-tue", "-n", "shop", "-q", "-o", "summary")


def test_a_terminal_sees_a_map_in_colour(demo):
    code, shown = on_terminal(*SUMMARY, cluster=demo)
    assert code == 0
    line = next(line for line in shown.splitlines() if line.startswith("Map"))
    assert "\x1b[38;5;" in line
    assert len(re.sub(r"\x1b\[[0-9;]*m", "", line)) == 100
    assert "░" in line


@pytest.mark.parametrize("how", ["NO_COLOR", "--color never"])
def test_colour_can_be_left_out(demo, how):
    environment = {"NO_COLOR": "1"} if how == "NO_COLOR" else {}
    flags = ("--color", "never") if how != "NO_COLOR" else ()
    code, shown = on_terminal(*SUMMARY, *flags, cluster=demo, **environment)
    assert code == 0
    assert "░" in shown
    assert "\x1b" not in shown


def test_progress_is_shown_while_a_file_is_written(demo, tmp_path):
    """The bar names bytes passed and the rate; the data stays clean."""
    path = tmp_path / "out.csv"
    code, shown = on_terminal("allocated", "win-1200", "-n", "vms", "-o", "csv", cluster=demo, to_file=path)
    assert code == 0
    assert "of 256 GiB" in shown
    assert "extents/s" in shown
    data = path.read_text()
    assert "\x1b" not in data
    assert data.startswith("byteOffset,sizeBytes\n")


@pytest.mark.parametrize("arguments", [("-o", "csv", "-q"), ("-q",)])
def test_quiet_shows_no_progress(demo, tmp_path, arguments):
    query = ("allocated", "win-1200", "-n", "vms", *arguments)
    assert on_terminal(*query, cluster=demo, to_file=tmp_path / "out") == (0, "")


def test_rows_on_the_terminal_itself_are_not_mixed_with_a_bar(demo):
    code, shown = on_terminal("allocated", "snap-a", "-o", "csv", cluster=demo)
    assert code == 0
    assert "extents/s" not in shown
    assert "\x1b" not in shown


def test_the_base_can_be_chosen_from_a_list(demo):
    controller, terminal = pty.openpty()
    arguments = ["delta", "--choose-base", "pg-wed", "-n", "shop", "-o", "name"]
    with warm_command().open(arguments, command_environment(demo), stdin=terminal) as process:
        os.write(controller, b"2\n")
        out, said = (text.decode() for text in process.communicate(60))
    os.close(controller)
    os.close(terminal)
    assert process.returncode == 0
    assert re.search(r"1  pg-tue .*\n +2  pg-mon ", said)
    assert out.split() == [f"volumesnapshot.snapshot.storage.k8s.io/{name}" for name in ("pg-mon", "pg-wed")]


def test_a_snapshot_with_no_older_sibling_has_no_base_to_choose(demo):
    code, shown = on_terminal("delta", "--choose-base", "snap-a", cluster=demo)
    assert code == 1
    assert "has no older snapshot of its volume" in shown


def test_the_module_runs_as_the_command_does(demo):
    found = subprocess.run(
        [sys.executable, "-m", "kubectl_cbt", "version"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0
    assert found.stdout.startswith("Client Version: v")
