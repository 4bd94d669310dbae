"""A hop that fails in a way nobody thought of is the finding of that hop."""

from contextlib import ExitStack

import pytest

from kubectl_cbt.checks.check import Hop, HopResult, HopSequence
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.checks.runner import run
from kubectl_cbt.model.finding import Verdict


def _fails(walk: DiagnosisContext, seen: HopResult) -> None:
    seen.evidence.append("seen before")
    raise KeyError("a secret")


def _looks(walk: DiagnosisContext, seen: HopResult) -> None:
    seen.evidence.append("fine")


def walked(*hops: Hop):
    return list(run(HopSequence(hops), DiagnosisContext(login=None, stack=ExitStack()), lambda hop: None))


def test_an_exception_of_ours_in_a_hop_is_the_finding_of_that_hop():
    first = Hop("a", "a", _fails)
    failed, needs, other = walked(first, Hop("b", "b", _looks, needs=(first,)), Hop("c", "c", _looks))
    assert failed.verdict is Verdict.FAIL
    assert failed.evidence[0].startswith("internal error: KeyError at ")
    assert failed.evidence[1] == "seen before"
    assert "secret" not in str(failed)
    assert "please report it" in failed.fix
    assert (needs.verdict, other.verdict) == (Verdict.SKIPPED, Verdict.PASS)


@pytest.mark.parametrize(
    ("hops", "words"),
    [
        ((Hop("b", "b", _looks, (Hop("a", "a", _looks),)),), "hop b needs a, which does not come before it"),
        ((Hop("a", "a", _looks), Hop("a", "again", _looks)), "two hops have the same id: a, a"),
    ],
)
def test_a_route_refuses_what_it_would_not_look_at(hops, words):
    with pytest.raises(ValueError, match=words):
        HopSequence(hops)


def test_a_signal_in_a_hop_ends_the_walk():
    def stops(walk: DiagnosisContext, seen: HopResult) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walked(Hop("a", "a", stops))
