"""Signals that come where an exception is lost, repeated, or dangerous: the exit status is right, nothing stays behind.

Each test runs ``main`` in an interpreter of its own, with the signal sent from exactly the place it is about.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import COMMAND, command_environment

_BEGIN = """
import os, signal, sys
sys.argv = ["kubectl-cbt", *{arguments!r}]
import kubectl_cbt.cli.app as app
from kubectl_cbt.__main__ import main

def send(number=signal.SIGTERM):
    os.kill(os.getpid(), number)

"""


def run_with(code: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """``main`` with the given arguments, in a process in which ``code`` was run before."""
    program = _BEGIN.format(arguments=list(arguments)) + textwrap.dedent(code) + "\nmain()\n"
    return subprocess.run(
        [sys.executable, "-c", program],
        env=command_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_signal_inside_a_finaliser_ends_the_command():
    """Python prints and drops what a finaliser raises: the command went on, and exited 0."""
    done = run_with(
        """
        import time

        class Resource:
            def __del__(self):
                send()

        def run(arguments):
            resource = Resource()
            del resource
            time.sleep(30)
            return 0

        app.run = run
        """
    )
    assert done.returncode == 143
    assert done.stderr == "interrupted\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_while_the_first_is_answered_prints_no_traceback(number):
    done = run_with(
        f"""
        def run(arguments):
            try:
                send({int(number)})
            finally:
                send({int(number)})
            return 0

        app.run = run
        """
    )
    assert done.returncode == 128 + number
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_does_not_interrupt_a_wait_ends_it_soon(number):
    """As one that comes between the last step of Python and the wait: here the system gives it to another thread."""
    done = run_with(
        f"""
        import threading, time

        def send_to_this_thread():
            time.sleep(0.1)
            signal.pthread_kill(threading.get_ident(), {int(number)})

        def run(arguments):
            threading.Thread(target=send_to_this_thread).start()
            threading.Event().wait()
            return 0

        app.run = run
        """
    )
    assert (done.returncode, done.stderr) == (128 + number, "interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_exit_prints_no_traceback(number):
    done = run_with(f"import atexit\natexit.register(send, {int(number)})", "version")
    assert done.returncode == -number
    assert done.stderr == ""


def test_the_third_signal_ends_a_command_whose_cleaning_up_does_not_end():
    done = run_with(
        """
        import time

        def run(arguments):
            for _ in range(5):
                try:
                    send()
                except BaseException:
                    pass
            time.sleep(30)

        app.run = run
        """
    )
    assert done.returncode == 143


def test_an_interrupted_command_does_not_wait_for_threads():
    """Threads of gRPC and the demo can wait for a peer that never responds."""
    done = run_with(
        """
        import threading

        def run(arguments):
            threading.Thread(target=threading.Event().wait).start()
            send()

        app.run = run
        """
    )
    assert done.returncode == 143


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_streams_are_being_opened_ends_the_history_with_a_valid_document(number):
    """A token or a port-forward may take a minute, or forever."""
    done = run_with(
        f"""
        import threading
        from kubectl_cbt.core.backends import ClusterBackend

        first = threading.Lock()

        def open_forever(backend, names):
            # Two streams are opened at once, and a second signal ends a command without its document.
            if first.acquire(blocking=False):
                send({int(number)})
            threading.Event().wait()

        ClusterBackend.open = open_forever
        """,
        "history",
        "data",
        "--demo",
        "-o",
        "json",
    )
    assert (done.returncode, done.stderr) == (128 + number, "error: interrupted\n")
    document = json.loads(done.stdout)
    assert document["complete"] is False
    assert [row["complete"] for row in document["rows"]] == [False] * 3


def test_an_interrupted_command_does_not_wait_for_a_reader_of_stderr():
    """A full pipe, like a terminal that is not read."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    program = _BEGIN.format(arguments=["version"]) + textwrap.dedent(
        """
        import time
        from kubectl_cbt.cli.diagnostics import log_entry

        def run(arguments):
            try:
                send()
                time.sleep(30)
            finally:
                log_entry("the last line")

        app.run = run
        main()
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], env=command_environment(), stderr=writer) as process:
        os.close(writer)
        try:
            assert process.wait(60) == 143
        finally:
            process.kill()
            os.close(reader)


_IN_FOLDER = """
import shutil, tempfile
made, removed = tempfile.mkdtemp, shutil.rmtree

def mkdtemp(*arguments, **options):
    path = made(*arguments, **options)
    {on_made}
    return path

def rmtree(*arguments, **options):
    {on_removed}
    return removed(*arguments, **options)

tempfile.mkdtemp, shutil.rmtree = mkdtemp, rmtree
"""


@pytest.mark.parametrize(
    ("on_made", "on_removed"), [("send()", "pass"), ("pass", "send()"), ("send()", "send()")], ids=["in", "out", "both"]
)
def test_a_signal_while_a_folder_is_made_or_removed_leaves_none(tmp_path, on_made, on_removed):
    code = _IN_FOLDER.format(on_made=on_made, on_removed=on_removed)
    done = run_with(code, "delta", "snap-a", "snap-b", "--demo", "-o", "name", TMPDIR=str(tmp_path))
    assert done.returncode in (143, -signal.SIGTERM)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, which only Linux has")
def test_default_handlers_are_back_before_the_interpreter_ends(tmp_path):
    """Python's own handlers would print tracebacks; ours would raise where nothing catches."""
    report = tmp_path / "status"
    code = f"import atexit, pathlib\natexit.register(lambda: pathlib.Path({str(report)!r}).write_bytes("
    code += "pathlib.Path('/proc/self/status').read_bytes()))"
    assert run_with(code, "version").returncode == 0
    (caught,) = (int(line.split()[1], 16) for line in report.read_text().splitlines() if line.startswith("SigCgt"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        assert not caught & (1 << (number - 1))


def test_a_signal_between_hops_leaves_nothing(tmp_path):
    """At the start, among the cluster's hops, and among the service's."""
    for step in (0, 5, 12):
        with subprocess.Popen(
            [str(COMMAND), "doctor", "snap-b", "--demo"],
            env=command_environment(TMPDIR=str(tmp_path)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            for _ in range(step):  # lines of the report
                process.stdout.readline()
            os.kill(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=60)
            assert process.returncode in (130, -signal.SIGINT)
            assert b"Traceback" not in said
        assert list(tmp_path.iterdir()) == []


def test_ctrl_c_before_there_are_handlers_prints_no_traceback():
    code = """
        import sys

        class Interrupted:
            def find_spec(self, name, path, target=None):
                if name == "kubectl_cbt.cli.signals":
                    raise KeyboardInterrupt

        sys.meta_path.insert(0, Interrupted())
        from kubectl_cbt.__main__ import main
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    found = subprocess.run(command, env=command_environment(), capture_output=True, timeout=60, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (130, b"", b"")
