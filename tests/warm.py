"""Runs the command quickly: each run is a process forked from one that has done the imports.

Importing takes longer than most commands do. What is run is ``main`` as the installed script runs it, with arguments,
environment, descriptors and exit status of its own; the script itself is run where its start, its signals or its
imports are what is tested.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

_LENGTH = struct.Struct("!I")
_AT_START = ("PYTHON", "LC_", "LANG", "GRPC_", "TEXTUAL")
"""Variables that Python, gRPC or Textual read when they start: too late for a process that has."""

_FROM_LIBRARIES = (
    "cryptography.hazmat.backends.openssl.backend",
    "google.protobuf.descriptor_pb2",
    "google.protobuf.wrappers_pb2",
    "grpc._channel",
    "grpc._server",
    "grpc._utilities",
    "humanize",
    "kubernetes.client",
    "kubernetes.config",
    "numpy.ma",
    "orjson",
    "shlex",
    "typer._click._textwrap",
    "typer._click.decorators",
    "xml.etree.ElementTree",
    "yaml",
)
"""Modules that the package, or a library, imports inside functions."""


class WarmCommand:
    """A process that forks others; it ends with the one that made it.

    Attributes:
        path: the socket where it listens.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kubectl-cbt-warm-")
        self.path = f"{self._folder.name}/socket"
        self._process = subprocess.Popen(
            [sys.executable, __file__, self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        atexit.register(self.close)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    @staticmethod
    def takes(environment: dict[str, str]) -> bool:
        """Whether a run with this environment behaves like one of the script."""
        return all(
            os.environ.get(name) == value or (name.startswith(("LC_", "LANG")) and value.upper().endswith("UTF-8"))
            for name, value in environment.items()
            if name.startswith(_AT_START)
        )

    def run(
        self,
        arguments: list[str],
        environment: dict[str, str],
        timeout: float,
        cwd: str | None = None,
        stdin: int | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command line to its end.

        Raises:
            TimeoutExpired: it took longer; it is killed.
        """
        with self.open(arguments, environment, cwd=cwd, stdin=stdin) as process:
            try:
                texts = process.communicate(timeout)
            finally:
                process.kill()
        return subprocess.CompletedProcess(arguments, process.wait(), *(text.decode() for text in texts))

    def open(
        self,
        arguments: list[str],
        environment: dict[str, str],
        stdout: int | None = None,
        cwd: str | None = None,
        stdin: int | None = None,
    ) -> "WarmProcess":
        """Start one command line whose standard error is a pipe.

        Args:
            stdout: a descriptor; by default a pipe too.
            stdin: a descriptor; by default an empty file.
        """
        nothing = os.open(os.devnull, os.O_RDONLY)
        (out, out_end), (err, err_end) = (-1, -1) if stdout is not None else os.pipe(), os.pipe()
        descriptors = (nothing if stdin is None else stdin, out_end if stdout is None else stdout, err_end)
        process = self.start(arguments, environment, descriptors, cwd)
        for descriptor in {nothing, out_end, err_end} - {-1}:
            os.close(descriptor)
        process.stdout = None if stdout is not None else os.fdopen(out, "rb", buffering=0)
        process.stderr = os.fdopen(err, "rb", buffering=0)
        return process

    def start(
        self,
        arguments: list[str],
        environment: dict[str, str],
        descriptors: tuple[int, int, int],
        cwd: str | None = None,
        *,
        leads_terminal: bool = False,
    ) -> "WarmProcess":
        """Start one command line.

        Args:
            descriptors: its standard input, output and error. The caller keeps its own copies of them.
            leads_terminal: the command leads a session, and the terminal at its standard output controls it.
        """
        request = json.dumps(
            {
                "program": "kubectl-cbt",
                "arguments": arguments,
                "environment": environment,
                "cwd": cwd or str(Path.cwd()),
                "leads_terminal": leads_terminal,
            }
        ).encode()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)
        socket.send_fds(connection, [_LENGTH.pack(len(request))], list(descriptors))
        connection.sendall(request)
        return WarmProcess(connection, arguments)


class WarmProcess:
    """A running command, with the part of ``subprocess.Popen`` that tests use."""

    def __init__(self, connection: socket.socket, arguments: list[str]) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self.stdout: io.RawIOBase | None = None
        self.stderr: io.RawIOBase | None = None
        self._connection = connection
        self.pid = _LENGTH.unpack(_exactly(connection, _LENGTH.size))[0]

    def poll(self) -> int | None:
        """The exit code, or None while the command runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once the command has ended.

        Raises:
            TimeoutExpired: it runs for longer.
        """
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            (self.returncode,) = struct.unpack("!i", _exactly(self._connection, 4))
            self._connection.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """The rest of standard output and error, which are closed, once the command has ended.

        Raises:
            TimeoutExpired: it runs for longer.
        """
        until = None if timeout is None else time.monotonic() + timeout
        texts = {stream: b"" for stream in (self.stdout, self.stderr) if stream is not None and not stream.closed}
        with selectors.DefaultSelector() as selector:
            for stream in texts:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(None if until is None else until - time.monotonic())
                if not ready:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                for key, _ in ready:
                    data = os.read(key.fd, 65536)
                    texts[key.fileobj] += data
                    if not data:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
        self.wait(None if until is None else max(0, until - time.monotonic()))
        return texts.get(self.stdout, b""), texts.get(self.stderr, b"")

    def __enter__(self) -> "WarmProcess":
        return self

    def __exit__(self, raised: type[BaseException] | None, *_: object) -> None:
        if raised is not None:
            self.kill()
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the command has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End the command at once."""
        self.send_signal(signal.SIGKILL)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


# The process that forks.


def serve(path: str) -> None:
    """Fork a handler for each connection, for as long as standard input stays open."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import_all()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # handlers are not awaited
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        while not any(key.fd == 0 for key, _ in selector.select()):
            connection, _ = listener.accept()
            if os.fork() == 0:
                selector.close()
                listener.close()
                _handle(connection)
            connection.close()


def import_all() -> None:
    """Import what a run of any verb would import: all of the package.

    A module that is missing here is imported again, and perhaps compiled again, by every single run.
    """
    import kubectl_cbt

    for name in _FROM_LIBRARIES:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(kubectl_cbt.__path__, "kubectl_cbt."):
        importlib.import_module(module.name)
    # Nothing of it is garbage: the children's collectors would copy every page of it to find that out.
    gc.collect()
    gc.freeze()


def _handle(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, 3)
    request = json.loads(_exactly(connection, _LENGTH.unpack(data)[0]))
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(request, descriptors)
    connection.sendall(_LENGTH.pack(pid))
    for descriptor in descriptors:
        os.close(descriptor)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        connection.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(request: dict, descriptors: list[int]) -> None:
    """Be the command, and end as it does."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    if request["leads_terminal"]:
        os.setsid()
        fcntl.ioctl(1, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv = [request["program"], *request["arguments"]]
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    sys.stderr.reconfigure(line_buffering=True)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    from kubectl_cbt import __main__, kubectl_complete

    code = 1
    try:
        (kubectl_complete if request["program"] == "kubectl_complete-cbt" else __main__).main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  # as the interpreter shows what nothing caught
        import traceback

        traceback.print_exc()
    _end(code)


def _end(code: int) -> None:
    """What the interpreter does at exit."""
    import threading

    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except ValueError:
        pass  # closed
    except OSError as error:
        os.write(2, f"Exception ignored in: {sys.stdout!r}\n{error!r}\n".encode())
        code = 120
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parent)
    serve(sys.argv[1])
