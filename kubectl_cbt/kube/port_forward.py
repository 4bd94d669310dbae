"""``kubectl port-forward`` as a child process: started on demand, and terminated however this process ends.

kubectl rather than an implementation of our own: it supports every API server, and copies bytes faster. It receives a
kubeconfig of our login in memory: no secret is on its command line, and no login plugin runs a second time.

The child runs under a shell that waits for the end of its standard input, which comes when we close it or are killed. A
second process waits for the same, in case the shell is killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import IO

from kubectl_cbt.errors import PortForwardFailed
from kubectl_cbt.kube.request_log import RequestLog
from kubectl_cbt.system.cleanup import temporary_folder
from kubectl_cbt.system.private_files import in_memory, private_file
from kubectl_cbt.system.programs import ProgramInCurrentDirectory, ProgramNotFound, find_program
from kubectl_cbt.units import as_argument

_START_SECONDS = 60.0
_END_SECONDS = 2.0
_EXIT_SECONDS = 1.0
_LINES_KEPT = 20
_LONGEST_LINE = 2**16
_LONGEST_OUTPUT = 400

# A session of its own, so that Ctrl-C reaches only us and we end the stream first; killed as a group, as kubectl may be
# a wrapper with children of its own. The shell closes the pipes, so that they end together with kubectl.
#
# The first argument is the descriptor of a kubeconfig, or empty. Its path names the shell's process and not "self": a
# wrapper around kubectl may close descriptors that it does not know.
#
# The process in braces starts first, so that two processes wait whenever kubectl runs. It also kills a kubectl that
# ignores SIGTERM when we are no longer there to do it.
_GUARD = """\
exec 3<&0
if [ -n "$1" ]; then
    KUBECONFIG=/proc/$$/fd/$1
    export KUBECONFIG
fi
shift
trap '' TERM
{ read -r _; kill -TERM 0; /bin/sleep 2; kill -KILL 0; } <&3 3<&- >/dev/null 2>&1 &
trap - TERM
"$@" </dev/null 3<&- &
kubectl=$!
trap '' TERM
exec 3<&- >/dev/null 2>&1
read -r _
kill -TERM 0
wait "$kubectl"
kill -KILL 0
"""

_FORWARDING = re.compile(r"^Forwarding from 127\.0\.0\.1:(\d+) -> \d+")


@dataclass(frozen=True, slots=True)
class PodPort:
    """A port of a Service of the cluster."""

    namespace: str
    name: str
    port: int

    def __str__(self) -> str:
        return f"Service {self.name} in namespace {self.namespace}"


class PortForward:
    """A route through the API server to a pod of a Service.

    Args:
        service: the port to forward to.
        kubeconfig: returns a kubeconfig of our login with a valid credential; called before each start.
        check_ready: called before each start; raises PortForwardFailed when the Service has no ready pod.
        log: records the command.
        hints: replace the hints of :data:`HINTS`, by cause.
    """

    name = "port-forward"

    def __init__(
        self,
        service: PodPort,
        kubeconfig: Callable[[], bytes],
        check_ready: Callable[[], None],
        log: RequestLog | None = None,
        hints: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.service = service
        self._kubeconfig = kubeconfig
        self._check_ready = check_ready
        self._log = log or RequestLog()
        self._hints = {**HINTS, **hints}
        self._child: _Child | None = None
        self._closed = False

    def __str__(self) -> str:
        return f"kubectl port-forward to {self.service}, port {self.service.port}"

    def address(self) -> str:
        """The local address of the forward; starts the child unless it runs.

        Raises:
            PortForwardFailed: kubectl is missing or failed.
            ConfigError: the credential has expired and cannot be renewed.
        """
        child = self._child
        if child is None or not child.runs:
            self._end()
            self._check_ready()
            if self._closed:
                raise _closed()
            child = self._child = _Child(self._command(), self._kubeconfig())
        port = child.port()
        if self._closed:
            self._end()
            raise _closed()
        if port is None:
            output = child.error_output()
            self._end()
            raise _failed(self.service, f"kubectl port-forward: {output}" if output else "", self._hints)
        return f"127.0.0.1:{port}"

    @property
    def is_up(self) -> bool:
        """Whether the child runs."""
        child = self._child
        return child is not None and child.runs

    def report(self) -> str:
        """The child's error output, or that it ended; waits a moment for one that is about to exit."""
        child = self._child
        if child is None:
            return ""
        output = child.error_output()
        if output:
            return f"kubectl port-forward: {output}"
        return "" if child.runs else "kubectl port-forward ended"

    def renewed(self) -> PortForward:
        """A forward to the same Service with a child of its own, which is not started yet."""
        return PortForward(self.service, self._kubeconfig, self._check_ready, self._log, self._hints)

    def close(self) -> None:
        """Terminate the child; no other is started."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def _command(self) -> list[str]:
        needed = f"{self.service} needs kubectl port-forward, and"
        hint = self._hints["kubectl"]
        try:
            kubectl = find_program("kubectl")
        except ProgramNotFound:
            raise PortForwardFailed(f"{needed} there is no kubectl on PATH", hint=hint) from None
        except ProgramInCurrentDirectory as error:
            raise PortForwardFailed(f"{needed} {error}", hint=f"remove that entry from PATH; {hint}") from None
        service = self.service
        command = ["port-forward", "--address=127.0.0.1", f"--namespace={service.namespace}"]
        command += [f"service/{service.name}", f":{service.port}"]
        self._log.event(f"running kubectl {' '.join(command)}")
        return [kubectl, *command]


class _Child:
    """kubectl with its guard processes.

    Raises:
        PortForwardFailed: it cannot be started.
    """

    def __init__(self, command: list[str], kubeconfig: bytes) -> None:
        self._kubeconfig = contextlib.ExitStack()
        try:
            with in_memory(kubeconfig) as descriptor:
                self._process = self._started(command, kubeconfig, descriptor)
        except OSError as error:
            self._forget_kubeconfig()
            raise PortForwardFailed(f"kubectl port-forward cannot be started: {error.strerror}") from error
        self._port: int | None = None
        self._reported = threading.Event()
        self._ended = threading.Event()
        self._errors_ended = threading.Event()
        self._errors: deque[str] = deque(maxlen=_LINES_KEPT)
        # One thread may end before the other starts: they are independent.
        self._threads = [
            threading.Thread(target=target, args=(stream,), daemon=True)
            for target, stream in ((self._read_errors, self._process.stderr), (self._read_out, self._process.stdout))
        ]
        for thread in self._threads:
            thread.start()

    def _started(self, command: list[str], kubeconfig: bytes, descriptor: int | None) -> subprocess.Popen[str]:
        environment = dict(os.environ)
        if descriptor is None:
            folder = self._kubeconfig.enter_context(temporary_folder("kubectl-cbt-"))
            environment["KUBECONFIG"] = str(private_file(folder, kubeconfig))
        return subprocess.Popen(  # noqa: S603  # kubectl from PATH, and its arguments are not interpreted by the shell
            ["/bin/sh", "-c", _GUARD, "kubectl-cbt-guard", "" if descriptor is None else str(descriptor), *command],
            env=environment,
            pass_fds=() if descriptor is None else (descriptor,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    @property
    def runs(self) -> bool:
        """Whether kubectl still runs, as far as is known."""
        return not self._ended.is_set()

    def port(self) -> int | None:
        """The local port; waits until kubectl reports it, None if it does not."""
        self._reported.wait(_START_SECONDS)
        return self._port

    def error_output(self) -> str:
        """The end of kubectl's stderr; waits a moment for a child that is about to exit."""
        from kubectl_cbt.security.redact import redact

        self._ended.wait(_EXIT_SECONDS)
        output = redact(" ".join(line for line in self._errors if line))
        return output if len(output) <= _LONGEST_OUTPUT else f"… {output[-_LONGEST_OUTPUT:]}"

    def close(self) -> None:
        """Terminate kubectl and its children."""
        with contextlib.suppress(OSError):
            _of(self._process.stdin).close()
        until = time.monotonic() + _END_SECONDS
        for thread in self._threads:
            # The pipes end together with kubectl; the shell may have been killed earlier.
            thread.join(max(until - time.monotonic(), 0))
        # The shell has not been waited for, so its process id still belongs to this group.
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for thread, stream in zip(self._threads, (self._process.stderr, self._process.stdout), strict=True):
            thread.join(_END_SECONDS)
            if not thread.is_alive():
                _of(stream).close()
        self._forget_kubeconfig()

    def _read_out(self, stream: IO[str]) -> None:
        try:
            for line in _lines(stream):
                found = _FORWARDING.match(line)
                if found and self._port is None:
                    self._port = int(found[1])
                    self._forget_kubeconfig()
                    self._reported.set()
            # Its error output is complete before its end is reported.
            self._errors_ended.wait(_EXIT_SECONDS)
        finally:
            self._ended.set()
            self._reported.set()
            self._forget_kubeconfig()

    def _read_errors(self, stream: IO[str]) -> None:
        try:
            for line in _lines(stream):
                self._errors.append(line.strip())
        finally:
            self._errors_ended.set()

    def _forget_kubeconfig(self) -> None:
        """Delete the kubeconfig if it is a file: kubectl has read it, or never will."""
        self._kubeconfig.close()


def _lines(stream: IO[str]) -> Iterator[str]:
    """Lines, with long ones in parts: an API server's error may have any length."""
    return iter(partial(stream.readline, _LONGEST_LINE), "")


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None  # noqa: S101  # all three are pipes
    return stream


_FAILURES = (
    ("cannot create resource \"pods/portforward\"", "you may not forward ports in namespace {namespace}", "rights"),
    ("is forbidden", "you lack a permission that kubectl port-forward needs in namespace {namespace}", "rights"),
    ("does not have a service port", "{service} has no port {port}", "port"),
    ("(NotFound)", "{service} cannot be forwarded to", "pods"),
    ("timed out waiting for the condition", "{service} has no ready pod", "pods"),
    ("pod is not running", "{service} has no ready pod", "pods"),
    ("without a selector", "{service} has no selector, so that it has no pods to forward to", "selector"),
)  # fmt: skip
HINTS = {
    "kubectl": "install kubectl",
    "rights": "an administrator can grant get on services and pods, and create on pods/portforward, in namespace"
    " {namespace}",
    "port": "list its ports: kubectl get services -n {namespace}",
    "pods": "are its pods running? kubectl get pods,endpointslices -n {namespace}",
    "selector": "only a Service with a selector can be forwarded to",
}
"""By cause of failure."""


def _quoted(facts: Mapping[str, object]) -> dict[str, str]:
    return {name: as_argument(value) for name, value in facts.items()}


def no_ready_pod(service: PodPort, hints: Mapping[str, str] = HINTS) -> PortForwardFailed:
    """The error for a Service that has no ready endpoint."""
    facts = {"service": service, "namespace": service.namespace}
    return PortForwardFailed(f"{service} has no ready pod", hint=hints["pods"].format(**_quoted(facts)))


def _closed() -> PortForwardFailed:
    return PortForwardFailed("the port-forward was closed")


def _failed(service: PodPort, output: str, hints: Mapping[str, str]) -> PortForwardFailed:
    facts = {"service": service, "namespace": service.namespace, "port": service.port}
    for fragment, what, hint in _FAILURES:
        if fragment in output:
            return PortForwardFailed(f"{what.format(**facts)}; {output}", hint=hints[hint].format(**_quoted(facts)))
    return PortForwardFailed(
        f"no port-forward to {service}; {output or 'kubectl printed no error'}",
        hint=f"try it yourself: kubectl port-forward -n {as_argument(service.namespace)}"
        f" {as_argument(f'service/{service.name}')} :{service.port}",
    )
