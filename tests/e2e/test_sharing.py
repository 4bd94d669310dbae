"""Streams of one service share a port-forward and a channel.

As in test_port_forward.py, the kubectl that forwards the port is a stand-in. The streams are opened as the map, browse
and the commands open them: by one backend, in threads.
"""

import base64
import os
import random
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from conftest import cut_after, wait_for
from forwarding import gone
from inside import Standin, behind_a_service
from layer_streams import LAYERS, SECONDS, Extents, Reading, backend_of, read

from kubectl_cbt.core.backends import ClusterBackend
from kubectl_cbt.core.options import ClusterOptions, QueryOptions
from kubectl_cbt.core.service_connections import ServiceConnections
from kubectl_cbt.core.session import Session, open_session
from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import MetadataService, Tampering
from kubectl_cbt.errors import CbtError, Interrupted, PortForwardFailed
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef


@pytest.fixture
def service(own_demo) -> MetadataService:
    return behind_a_service(own_demo)


@pytest.fixture
def forwarding(own_demo, service, tmp_path, monkeypatch) -> Callable[..., Standin]:
    """A function that puts a stand-in for kubectl on PATH; it takes what each child does."""

    def with_acts(*acts) -> Standin:
        kubectl = Standin(tmp_path, int(service.address.rpartition(":")[2]), *acts)
        for name, value in kubectl.environment.items():
            monkeypatch.setenv(name, value)
        return kubectl

    return with_acts


@pytest.fixture
def session(own_demo) -> Iterator[Session]:
    with open_session(ClusterOptions(kubeconfig=str(own_demo.kubeconfig))) as session:
        yield session


@pytest.fixture
def backend(session) -> ClusterBackend:
    return backend_of(session)


class Gate:
    """The first streams of a service wait after some messages until they are let go on."""

    def __init__(self, service: MetadataService, streams: int) -> None:
        self._open = threading.Event()
        self._arrived = threading.Semaphore(0)
        self._left, self._streams = streams, streams
        self._lock = threading.Lock()
        service.tampering = Tampering(answer=self._answer)

    def _answer(self, messages):
        with self._lock:
            is_held, self._left = self._left > 0, self._left - 1
        for number, message in enumerate(messages):
            if is_held and number == 2:
                self._arrived.release()
                assert self._open.wait(SECONDS)
            yield message

    def wait(self) -> None:
        for _ in range(self._streams):
            assert self._arrived.acquire(timeout=SECONDS)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def wholes(own_demo) -> tuple[Extents, ...]:
    """The extents of both layers, over a direct connection; before the service is behind a Service."""
    with open_session(ClusterOptions(kubeconfig=str(own_demo.kubeconfig))) as session:
        backend = backend_of(session)
        found = tuple(read(backend.open(names)) for names in LAYERS)
    assert all(len(extents) > 500 for extents in found)
    return found


def kill(session: Session, pid: int) -> None:
    """Kill the child, and wait until its end is noticed."""
    (kept,) = session.connections._kept.values()
    link = kept.connection._current
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not link.is_usable, "the end of the child")


# One port-forward.


def test_two_layers_start_one_child_and_the_end_of_one_does_not_cut_the_other(wholes, forwarding, service, backend):
    kubectl = forwarding()
    gate = Gate(service, 2)
    first, second = (Reading(backend.open(names)) for names in LAYERS)
    gate.wait()
    first.opened.close()
    first.join(SECONDS)
    gate.open()
    assert second.wait() == wholes[1]
    assert (second.opened.stream.resumes, len(kubectl.calls)) == (0, 1)


def test_a_stream_after_the_last_one_uses_the_same_child(wholes, forwarding, backend):
    kubectl = forwarding()
    assert [read(backend.open(names)) for names in LAYERS * 2] == [*wholes, *wholes]
    assert len(kubectl.calls) == 1


def test_a_stream_that_is_not_read_does_not_delay_another_one(session):
    """Each has more than fits into gRPC's windows and into what is read ahead."""
    backend = backend_of(session, QueryOptions())
    names = SnapshotNames(SnapshotRef("vms", "scratch-2"), SnapshotRef("vms", "scratch-1"))
    slow, fast = backend.open(names), backend.open(names)
    waiting = iter(slow.stream)
    begin = next(waiting)
    assert count_of(fast.stream, 2**21) >= 2**21
    fast.close()
    assert count_of(waiting, 2**20) >= 2**20
    assert slow.stream.next_offset > int(begin.offsets[-1])
    assert slow.stream.resumes == 0
    slow.close()


def count_of(batches: Iterable[Batch], enough: int) -> int:
    """How many extents were read, until there are enough."""
    count = 0
    for batch in batches:
        count += len(batch.sizes)
        if count >= enough:
            break
    return count


def test_streams_of_a_child_that_was_killed_resume_over_one_new_child(wholes, forwarding, service, backend):
    kubectl = forwarding()
    gate = Gate(service, 2)
    streams = [Reading(backend.open(names)) for names in LAYERS]
    gate.wait()
    os.kill(kubectl.calls[0]["pid"], signal.SIGKILL)
    gate.open()
    assert [stream.wait() for stream in streams] == list(wholes)
    assert [stream.opened.stream.resumes for stream in streams] == [1, 1]
    assert len(kubectl.calls) == 2


def test_a_child_that_ended_between_two_streams_is_replaced_without_a_failure(wholes, forwarding, session, backend):
    kubectl = forwarding()
    read(backend.open(LAYERS[0]))
    kill(session, kubectl.calls[0]["pid"])
    opened = backend.open(LAYERS[1])
    assert read(opened) == wholes[1]
    assert opened.stream.resumes == 0
    assert len(kubectl.calls) == 2


def test_a_stream_that_breaks_alone_does_not_cut_the_other(wholes, forwarding, service, backend):
    forwarding()
    gate = Gate(service, 1)
    whole = Reading(backend.open(LAYERS[1]))
    gate.wait()
    held = service.tampering
    service.tampering = cut_after(2, times=1)
    assert read(backend.open(LAYERS[0])) == wholes[0]
    service.tampering = held
    gate.open()
    assert whole.wait() == wholes[1]
    assert whole.opened.stream.resumes == 0


def test_streams_that_were_cut_by_a_new_ca_both_resume(own_demo, backend):
    service = own_demo.services[PAGES_DRIVER]
    wholes = [read(backend.open(names)) for names in LAYERS]
    gate = Gate(service, 2)
    streams = [Reading(backend.open(names)) for names in LAYERS]
    gate.wait()
    authority = CertificateAuthority("the next CA")
    spec = own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"]
    spec["caCert"] = base64.b64encode(authority.pem).decode()
    service.restart(authority.issue("127.0.0.1"))
    gate.open()
    assert [stream.wait() for stream in streams] == wholes
    assert all(stream.opened.stream.resumes for stream in streams)


# Connecting.


def opening(backend: ClusterBackend, errors: list[CbtError], names: SnapshotNames = LAYERS[0]) -> threading.Thread:
    def work() -> None:
        try:
            read(backend.open(names))
        except CbtError as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def waiting_for(session: Session, streams: int) -> Callable[[], bool]:
    """Whether so many streams wait for one connection."""

    def check() -> bool:
        kept = list(session.connections._kept.values())
        current = kept[0].connection._current if kept else None
        return current is not None and current.users == streams

    return check


def test_a_child_that_fails_is_reported_to_all_who_wait_and_the_next_stream_starts_another(
    wholes, forwarding, session, backend, tmp_path
):
    kubectl = forwarding({"until": str(tmp_path / "now"), "refuses": "error: no such luck"}, {})
    errors: list[CbtError] = []
    threads = [opening(backend, errors) for _ in range(3)]
    wait_for(waiting_for(session, 3), "three streams")
    (tmp_path / "now").touch()
    for thread in threads:
        thread.join(SECONDS)
    assert [type(error) for error in errors] == [PortForwardFailed] * 3
    assert all("no such luck" in error.message for error in errors)
    assert len(kubectl.calls) == 1
    assert read(backend.open(LAYERS[0])) == wholes[0]
    assert len(kubectl.calls) == 2


def test_the_end_of_the_session_ends_those_that_connect(forwarding, session, backend, tmp_path):
    kubectl = forwarding({"until": str(tmp_path / "never")})
    errors: list[CbtError] = []
    threads = [opening(backend, errors) for _ in range(2)]
    wait_for(waiting_for(session, 2), "two streams")
    wait_for(lambda: kubectl.calls, "the port-forward")
    session.close()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert len(errors) == 2
    assert gone(kubectl.calls[0]["pid"])
    with pytest.raises(Interrupted):
        backend.connect(replace(backend.resolve(LAYERS[0])))


def test_a_stream_that_stops_waiting_leaves_the_connection_to_the_other(forwarding, session, backend, tmp_path):
    """And when no stream waits for it any more, the child ends."""
    kubectl = forwarding({"until": str(tmp_path / "now")}, {"until": str(tmp_path / "never")})
    errors: list[CbtError] = []
    thread = opening(backend, errors)
    wait_for(waiting_for(session, 1), "the first stream")
    (kept,) = session.connections._kept.values()
    other = kept.connection.enter()
    kept.connection.leave(other)
    (tmp_path / "now").touch()
    thread.join(SECONDS)
    assert (errors, len(kubectl.calls)) == ([], 1)
    kill(session, kubectl.calls[0]["pid"])
    abandoned = kept.connection.enter()
    wait_for(lambda: len(kubectl.calls) == 2, "the second port-forward")
    kept.connection.leave(abandoned)
    assert gone(kubectl.calls[1]["pid"])


# The end.


def test_the_child_ends_with_the_session(forwarding, own_demo):
    kubectl = forwarding()
    with open_session(ClusterOptions(kubeconfig=str(own_demo.kubeconfig))) as session:
        backend = backend_of(session)
        read(backend.open(LAYERS[0]))
        left_open = backend.open(LAYERS[1])
    assert gone(kubectl.calls[0]["pid"])
    with pytest.raises(CbtError):
        read(left_open)


def test_a_connection_that_no_stream_uses_is_closed_after_a_while(forwarding, session):
    kubectl = forwarding()
    backend = backend_of(replace(session, connections=ServiceConnections(idle_seconds=0.0)))
    read(backend.open(LAYERS[0]))
    assert gone(kubectl.calls[0]["pid"])
    read(backend.open(LAYERS[0]))
    assert len(kubectl.calls) == 2


# All at once.


def test_streams_in_many_threads_with_children_that_are_killed(wholes, forwarding, session, backend):
    kubectl = forwarding()
    plans = [[random.Random(f"{seed}{step}") for step in range(4)] for seed in range(4)]
    wrong: list[object] = []
    kills = 0
    lock = threading.Lock()

    def one_stream(chance: random.Random) -> None:
        nonlocal kills
        layer = chance.randrange(2)
        opened = backend.open(LAYERS[layer])
        if chance.random() < 0.3:
            next(iter(opened.stream))
            opened.close()
            return
        if chance.random() < 0.2:
            with lock:
                kills += 1
                os.kill(kubectl.calls[-1]["pid"], signal.SIGKILL)
        if read(opened) != wholes[layer]:
            wrong.append(opened.resolved.query)

    def work(plan: list[random.Random]) -> None:
        try:
            for chance in plan:
                one_stream(chance)
        except (CbtError, OSError) as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(plan,), daemon=True) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert [error for error in wrong if not isinstance(error, ProcessLookupError)] == []
    assert 1 <= len(kubectl.calls) <= kills + 1
    session.close()
    assert all(gone(call["pid"]) for call in kubectl.calls)
