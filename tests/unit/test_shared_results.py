"""One request for many threads, and one token for many streams."""

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest

from kubectl_cbt.cluster.tokens import IssuedToken, SharedToken, request_token
from kubectl_cbt.errors import TokenUnavailable
from kubectl_cbt.kube.prefetch import SharedResult
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.security.secret import Secret

SECONDS = 30


class Requests:
    """Numbers what is fetched; each waits for the gate, if there is one."""

    def __init__(self, gate: threading.Event | None = None, failing: int = 0) -> None:
        self.count = 0
        self.begun = threading.Event()
        self._gate = gate
        self._failing = failing

    def __call__(self) -> int:
        self.count += 1
        number = self.count
        self.begun.set()
        if self._gate is not None:
            assert self._gate.wait(SECONDS)
        if number <= self._failing:
            raise TokenUnavailable(f"failure {number}")
        return number


def results_of(threads: int, fetch) -> list[object]:
    """What each of the threads got; they are all started before it returns."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(fetch())
        except TokenUnavailable as error:
            found.append(error.message)

    running = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(SECONDS)
        assert not thread.is_alive()
    return found


def released_by(gate: threading.Event, requests: Requests) -> None:
    """Open the gate when a request waits at it."""

    def open_it() -> None:
        assert requests.begun.wait(SECONDS)
        gate.set()

    threading.Thread(target=open_it, daemon=True).start()


def test_threads_that_need_it_at_once_share_one_request():
    gate = threading.Event()
    requests = Requests(gate)
    shared = SharedResult(requests)
    released_by(gate, requests)
    assert results_of(8, shared.result) == [1] * 8
    assert requests.count == 1


def test_what_was_started_is_not_fetched_again():
    requests = Requests()
    shared = SharedResult(requests)
    shared.start()
    assert requests.begun.wait(SECONDS)
    shared.start()
    assert (shared.result(), shared.result(), requests.count) == (1, 1, 1)
    shared.start()
    assert requests.count == 1


def test_an_error_reaches_the_first_who_needs_the_result_and_the_next_fetches_again():
    requests = Requests(failing=1)
    shared = SharedResult(requests)
    shared.start()
    with pytest.raises(TokenUnavailable, match="failure 1"):
        shared.result()
    assert shared.result() == 2


def test_every_thread_that_waits_gets_the_error():
    gate = threading.Event()
    requests = Requests(gate, failing=1)
    shared = SharedResult(requests)
    shared.start()
    waiting = threading.Barrier(5)

    def fetch() -> int:
        waiting.wait(SECONDS)
        return shared.result()

    def open_it() -> None:
        waiting.wait(SECONDS)
        gate.set()

    threading.Thread(target=open_it, daemon=True).start()
    found = results_of(4, fetch)
    assert found.count("failure 1") >= 1
    assert set(found) <= {"failure 1", 2}
    assert shared.result() == 2


def test_what_is_discarded_is_fetched_again_and_what_replaced_it_stays():
    requests = Requests()
    shared = SharedResult(requests)
    first = shared.result()
    shared.discard(first)
    assert shared.kept is None
    assert shared.result() == 2
    shared.discard(first)
    assert (shared.result(), requests.count) == (2, 2)


# Tokens.


class Clock:
    """Seconds that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Issuer:
    """Issues numbered tokens."""

    def __init__(self, seconds: float = 600.0) -> None:
        self.count = 0
        self._seconds = seconds

    def __call__(self) -> IssuedToken:
        self.count += 1
        return IssuedToken(Secret(f"token {self.count}"), self._seconds)


def test_a_token_is_renewed_when_less_than_a_fifth_of_its_life_is_left():
    clock, issuer = Clock(), Issuer(600)
    token = SharedToken(issuer, clock)
    assert token().reveal() == "token 1"
    clock.now += 479
    assert token().reveal() == "token 1"
    clock.now += 1
    assert [token().reveal() for _ in range(3)] == ["token 2"] * 3
    assert issuer.count == 2


def test_a_token_without_any_life_is_used_for_one_request():
    issuer = Issuer(0)
    token = SharedToken(issuer, Clock())
    assert [token().reveal() for _ in range(3)] == ["token 1", "token 2", "token 3"]


def test_a_token_that_is_rejected_at_its_first_use_did_not_expire():
    token = SharedToken(Issuer(), Clock())
    assert not token.discard(token())
    assert token().reveal() == "token 2", "it is never presented again"


def test_a_token_that_is_rejected_later_is_replaced_once():
    issuer = Issuer()
    token = SharedToken(issuer, Clock())
    first = token()
    assert token() is first
    assert token.discard(first)
    second = token()
    assert second.reveal() == "token 2"
    # The other stream that was given the first one.
    assert token.discard(first)
    assert token() is second
    assert issuer.count == 2


def test_a_prefetched_token_is_requested_once():
    issuer = Issuer()
    token = SharedToken(issuer, Clock())
    token.prefetch()
    assert (token().reveal(), token().reveal(), issuer.count) == ("token 1", "token 1", 1)


class AnsweringApi:
    """Answers a TokenRequest."""

    def __init__(self, expires: object, ahead: float | None = None) -> None:
        self._status = {"token": "t", "expirationTimestamp": expires}
        self._ahead = ahead

    def create(self, *_segments, body):
        assert body["spec"] == {"audiences": ["a"], "expirationSeconds": 600}
        return {"status": self._status}

    def clock_ahead_seconds(self) -> float | None:
        return self._ahead


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("expires", "ahead", "least", "most"),
    [
        (300.0, None, 0, 300),
        (300.0, 100.0, 100, 400),
        (10_000.0, None, 600, 600),
        (-10.0, None, 0, 0),
        (None, None, 600, 600),
        ("soon", None, 600, 600),
        (7, None, 600, 600),
    ],
    # Times would differ between the workers of pytest-xdist, which requires equal ids.
    ids=["300 s", "300 s, clock ahead", "10000 s", "expired", "no time", "no date", "number"],
)
def test_a_token_lives_as_long_as_the_api_server_says_by_its_own_clock(expires, ahead, least, most):
    # A number is seconds from now: a time in the test's name would differ between the processes that run the tests.
    api = AnsweringApi(in_seconds(expires) if isinstance(expires, float) else expires, ahead)
    issued = request_token(api, ServiceAccountRef("backup", "backup-app"), "a", 600, "default")
    assert least <= issued.seconds <= most


def test_many_threads_never_use_a_token_that_was_discarded_before():
    chance = random.Random(17)
    issuer = Issuer()
    token = SharedToken(issuer, Clock())
    discarded: set[str] = set()
    wrong: list[str] = []
    plans = [[chance.random() < 0.1 for _ in range(50)] for _ in range(8)]

    def work(plan: list[bool]) -> None:
        for rejected in plan:
            before = set(discarded)
            found = token()
            if found.reveal() in before:
                wrong.append(found.reveal())
            if rejected:
                token.discard(found)
                discarded.add(found.reveal())

    threads = [threading.Thread(target=work, args=(plan,), daemon=True) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert wrong == []
    assert issuer.count <= 1 + sum(map(sum, plans))
