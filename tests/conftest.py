"""Fixtures for every test: a running demo cluster, and the installed command."""

import contextlib
import fcntl
import functools
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from peers import compared_with_nothing
from terminal import show_on_terminal
from warm import WarmCommand, WarmProcess

# As the command itself does: gRPC's core would print failed handshakes into the test's output.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from plain_client import PlainClient, both_ways
from small_demo import small_demo

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.faults import parse_faults
from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Code, Refusal, Tampering

if TYPE_CHECKING:
    from kubeconfigs import Cast

# A run under nohup, or in a shell's background, ignores some signals, and the commands it starts would inherit that.
for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler)

# A slow machine is not a failure: neither a deadline nor a health check of hypothesis for it may end a test.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_TIMEOUT_SECONDS = 120
COMMAND = Path(sys.executable).with_name("kubectl-cbt")
DELTA = ("delta", "snap-a", "snap-b")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave modules and thousands of tests out of garbage collections: they stay, and each would visit all of them."""
    gc.disable()
    try:
        return (yield)
    finally:
        _start_hypothesis()
        gc.collect()
        gc.freeze()
        gc.enable()


def _start_hypothesis() -> None:
    """Run one example: on its first one, hypothesis looks for referrers that are not found once they are frozen."""
    from hypothesis import given, strategies

    @settings(max_examples=1, database=None)
    @given(strategies.none())
    def example(_: None) -> None:
        pass

    example()


@pytest.fixture(autouse=True)
def _say_what_was_not_compared(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if compared_with_nothing:
        request.node.user_properties.append(("not compared", compared_with_nothing[0]))
        compared_with_nothing.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason why tests, or comparisons in tests, were left out."""
    reasons: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, reason in (
                getattr(report, "user_properties", ()) if getattr(report, "when", "") == "teardown" else ()
            ):
                reasons[f"nothing to compare with: {reason}"] += name == "not compared"
    for report in terminalreporter.stats.get("skipped", ()):
        reasons[f"skipped: {report.longrepr[2].removeprefix('Skipped: ')}"] += 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} {'test' if count == 1 else 'tests'} {reason}")


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoCluster]:
    """A demo cluster that tests only read from."""
    with DemoCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def small() -> Iterator[DemoCluster]:
    """A demo cluster with small volumes, that tests only read from."""
    with small_demo() as cluster:
        yield cluster


@pytest.fixture
def own_demo() -> Iterator[DemoCluster]:
    """A demo cluster that the test may spoil."""
    with DemoCluster() as cluster:
        yield cluster


def run_command(
    *arguments: str, cluster: DemoCluster | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end, in a process of its own; ``cluster`` becomes its KUBECONFIG."""
    return run_warm(list(arguments), command_environment(cluster, **environment))


def run_warm(
    arguments: list[str], environment: dict[str, str], cwd: str | None = None, stdin: int | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command with exactly that environment; ``stdin`` is a descriptor, by default of an empty file."""
    if not WarmCommand.takes(environment):
        return subprocess.run(
            [str(COMMAND), *arguments],
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    return warm_command().run(arguments, environment, _TIMEOUT_SECONDS, cwd, stdin)


def run_with_input(data: bytes, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command without a cluster; its standard input is a pipe with that data."""
    reader, writer = os.pipe()

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(writer, "wb") as pipe:
            pipe.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        return run_warm(list(arguments), command_environment(), stdin=reader)
    finally:
        os.close(reader)
        thread.join()


def run_warm_on_terminal(
    arguments: list[str], environment: dict[str, str], stdout: IO[bytes] | None = None
) -> tuple[int, str]:
    """Run the command on a terminal: exit code, and what the terminal got; ``stdout`` as for ``run_on_terminal``."""
    assert WarmCommand.takes(environment)

    def start(terminal: int) -> WarmProcess:
        out = terminal if stdout is None else stdout.fileno()
        return warm_command().start(arguments, environment, (terminal, out, terminal))

    return show_on_terminal(start)


def wait_for(holds: Callable[[], object], what: str, process: "subprocess.Popen | None" = None) -> None:
    """Wait until a condition is true.

    Args:
        process: if it ends first, the wait fails.
    """
    until = time.monotonic() + _TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < until, f"never saw: {what}"
        assert process is None or process.poll() is None or holds(), f"{what}: the command ended before"
        time.sleep(0.01)


def after(code: str, command: Path, *arguments: str) -> list[str]:
    """A command line that runs Python code and then becomes the command.

    For changes that a child makes to itself. ``preexec_fn`` would run in a copy of this process, where gRPC's threads
    may hold locks that are never released, so that some children never reach the command.
    """
    script = f"{code}\nimport os, sys\nos.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-S", "-c", script, str(command), *arguments]


@functools.cache
def warm_command() -> WarmCommand:
    """One a test process, made when it is first needed."""
    return WarmCommand()


def command_environment(cluster: DemoCluster | None = None, **environment: str) -> dict[str, str]:
    """An environment without what the caller's own cluster and settings would bring along."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "NO_COLOR", "COLUMNS", "LINES")
    }
    kept["XDG_CONFIG_HOME"] = "/nonexistent"
    if cluster is not None:
        kept["KUBECONFIG"] = str(cluster.kubeconfig)
    return kept | environment


@pytest.fixture(scope="session")
def driver_clients(demo: DemoCluster) -> Iterator[dict[str, list[PlainClient]]]:
    """By driver, a client of its sidecar and one of its own socket."""
    # pytest's own folders have names that are too long for a socket.
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
        both_ways(demo, Path(one), PAGES_DRIVER) as pages,
        both_ways(demo, Path(two), BLOCKS_DRIVER) as blocks,
    ):
        yield {PAGES_DRIVER: pages, BLOCKS_DRIVER: blocks}


@pytest.fixture(params=["sidecar", "socket"])
def pages_client(driver_clients: dict[str, list[PlainClient]], request: pytest.FixtureRequest) -> PlainClient:
    return driver_clients[PAGES_DRIVER][request.param == "socket"]


@pytest.fixture(params=["sidecar", "socket"])
def blocks_client(driver_clients: dict[str, list[PlainClient]], request: pytest.FixtureRequest) -> PlainClient:
    return driver_clients[BLOCKS_DRIVER][request.param == "socket"]


@pytest.fixture
def set_faults(demo: DemoCluster) -> Iterator[Callable[..., None]]:
    """Enable these faults of the shared demo cluster's drivers and disable all others, until the test ends."""

    def switch(*texts: str) -> None:
        for service in demo.services.values():
            service.plugin.faults = parse_faults(texts)

    yield switch
    switch()


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Cast]":
    """API servers, certificates and a proxy to which kubectl and kubectl-cbt connect with the same kubeconfig."""
    from kubeconfigs import Cast  # it imports this module

    cast = Cast(tmp_path_factory.mktemp("cast"))
    yield cast
    cast.close()


@pytest.fixture
def run(demo: DemoCluster) -> Run:
    """Run the installed command against the shared demo cluster."""

    def runner(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return run_command(*arguments, cluster=demo, **environment)

    return runner


def cut_after(
    count: int, code: Code = Code.UNAVAILABLE, details: str = "Socket closed", *, times: int | None = None
) -> Tampering:
    """A service whose streams end with a status after that many messages; after ``times`` of them it is whole again."""
    cut = 0

    def answer(messages):
        nonlocal cut
        cut += 1
        if times is not None and cut > times:
            yield from messages
            return
        for _, message in zip(range(count), messages, strict=False):
            yield message
        raise Refusal(code, details)

    return Tampering(answer=answer)


@pytest.fixture(scope="session")
def copying_python(tmp_path_factory) -> Path:
    """A Python, alone in its folder, whose ``-m venv`` copies an environment: making one takes eight seconds."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made, path = shared / "made" / "environment", tmp_path_factory.mktemp("copying") / "python3"
    with (shared / "made.lock").open("w") as lock:
        # One for all workers.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.parent.exists():
            subprocess.run([sys.executable, "-I", "-m", "venv", made], check=True, timeout=_TIMEOUT_SECONDS)
            made.chmod(0o700)  # as the launcher makes its own
    # With the times, by which Python knows that what it compiled is current.
    copies = f'mkdir -p "$4" && exec cp -Rp "{made}/." "$4"'
    path.write_text(f'#!/bin/sh\ncase $2$3 in *venv*) {copies} ;; esac\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)
    return path


COMPLETER = COMMAND.with_name("kubectl_complete-cbt")


@pytest.fixture(scope="session")
def completer_programs(tmp_path_factory) -> Path:
    """A folder for PATH that has the completer."""
    if COMPLETER.exists():
        return COMPLETER.parent
    path = tmp_path_factory.mktemp("bin") / COMPLETER.name
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m kubectl_cbt.kubectl_complete "$@"\n')
    path.chmod(0o755)
    return path.parent


@pytest.fixture
def completer_environment(demo, completer_programs) -> dict[str, str]:
    found = command_environment(demo)
    return found | {"PATH": f"{completer_programs}{os.pathsep}{COMMAND.parent}{os.pathsep}{found['PATH']}"}


def run_completer(arguments: list, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        arguments, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )


@pytest.fixture(scope="session")
def warm_completer(tmp_path_factory) -> Path:
    """A folder for PATH whose completer is forked from the warm process: the installed one takes half a second."""
    path = tmp_path_factory.mktemp("warm") / COMPLETER.name
    client = Path(__file__).with_name("warm_completer.py")
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {client} {warm_command().path} "$@"\n')
    path.chmod(0o755)
    return path.parent


@pytest.fixture
def complete(warm_completer, completer_environment):
    def complete(*words, **more: str) -> list[str]:
        found = run_completer([warm_completer / COMPLETER.name, *words], completer_environment | more)
        assert (found.returncode, found.stderr) == (0, "")
        return found.stdout.splitlines()

    return complete
