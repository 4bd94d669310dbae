"""Each rule of a stream separately: what keeps it, what breaks it, and the reported position."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Extent, columns, cut, cuts, law

from kubectl_cbt.analysis.rules.all_rules import RULES
from kubectl_cbt.analysis.rules.rule import EXAMPLES_KEPT, Rule
from kubectl_cbt.analysis.rules.rule_watch import RuleWatch
from kubectl_cbt.model.record import INT64_MAX, Record, Records
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.results import MUST, WARNING, Violation
from kubectl_cbt.model.stream_query import Query

UNKNOWN, FIXED, VARIABLE = 0, 1, 2
KIB = 1024
CAPACITY = 1024 * KIB

Messages = list[Record]


def query(*, starting_offset: int = 0, max_results: int = 0) -> Query:
    return Query(SnapshotRef("shop", "pg-tue"), None, starting_offset, max_results)


def message(*extents: Extent, kind: int = VARIABLE, capacity: int = CAPACITY) -> Record:
    return Record(1, kind, capacity, *columns(extents))


def stream(*messages: Record) -> Messages:
    """The same messages, numbered."""
    return [
        Record(number, record.block_metadata_type, record.volume_capacity_bytes, record.offsets, record.sizes)
        for number, record in enumerate(messages, 1)
    ]


def violations(messages: Messages, resolved: Query | None = None) -> dict[str, Violation]:
    watch = RuleWatch(resolved or query())
    for record in messages:
        watch.check(Records.of(record))
    return {violation.rule: violation for violation in watch.violations()}


def places(violation: Violation) -> list[tuple[int, int | None]]:
    return [(example.record, example.extent) for example in violation.examples]


VARIABLE_STREAM = stream(
    message((0, 4 * KIB), (4 * KIB, 8 * KIB), (64 * KIB, KIB)),
    message(),
    message((65 * KIB, 3), (100 * KIB + 1, 511)),
    message((CAPACITY - 1, 1)),
)
FIXED_STREAM = stream(
    message((0, 4 * KIB), (4 * KIB, 4 * KIB), kind=FIXED),
    message((8 * KIB, 4 * KIB), (CAPACITY - 4 * KIB, 4 * KIB), kind=FIXED),
)


@pytest.mark.parametrize("messages", [VARIABLE_STREAM, FIXED_STREAM, []], ids=["variable", "fixed", "no message"])
def test_a_legal_stream_keeps_every_rule(messages):
    assert violations(messages) == {}


def test_a_legal_answer_from_a_starting_offset_keeps_every_rule():
    messages = stream(message((0, 64 * KIB), (64 * KIB, KIB)), message((70 * KIB, KIB)))
    assert violations(messages, query(starting_offset=32 * KIB, max_results=2)) == {}


BREAKS_ONE = [
    ("R1", stream(message((0, KIB), (8 * KIB, 0), (16 * KIB, KIB))), 1),
    ("R1", stream(message((0, KIB), (8 * KIB, -1), (16 * KIB, KIB))), 1),
    ("R2", stream(message((0, 8 * KIB), (4 * KIB, 8 * KIB))), 1),
    ("R2", stream(message((64 * KIB, KIB), (0, KIB))), 1),
    ("R2", stream(message((0, KIB), (0, KIB))), 1),
    ("R3", stream(message((0, KIB), kind=UNKNOWN), message((KIB, KIB), kind=UNKNOWN)), 2),
    ("R3", stream(message((0, KIB)), message((KIB, KIB), kind=FIXED), message((8 * KIB, KIB))), 1),
    ("R3", stream(message((0, KIB), kind=3)), 1),
    ("R4", stream(message((0, KIB), capacity=0)), 1),
    ("R4", stream(message((0, KIB), capacity=-CAPACITY)), 1),
    ("R4", stream(message((0, KIB)), message((KIB, KIB), capacity=2 * CAPACITY), message((8 * KIB, KIB))), 1),
    ("R5", stream(message((0, 4 * KIB), (8 * KIB, 8 * KIB), kind=FIXED)), 1),
    ("R5", stream(message((0, 4 * KIB), (4 * KIB, KIB), (8 * KIB, 4 * KIB), kind=FIXED)), 1),
    ("R5b", stream(message((0, 4 * KIB), (4 * KIB, 4 * KIB), (8 * KIB, KIB), kind=FIXED, capacity=9 * KIB)), 1),
    ("R5b", stream(message((0, 4 * KIB), (8 * KIB, 3 * KIB), kind=FIXED, capacity=11 * KIB)), 1),
    ("R6", stream(message((0, KIB), (2 * KIB, KIB), (4 * KIB, KIB), (6 * KIB, KIB))), 1),
    ("R7", stream(message((0, KIB), (KIB, 31 * KIB), (32 * KIB, KIB))), 2),
    ("W1", stream(message((-4 * KIB, 4 * KIB), (0, KIB))), 1),
    ("W1", stream(message((-8 * KIB, KIB), (-4 * KIB, KIB), (0, KIB))), 2),
    ("W2", stream(message((0, KIB), (CAPACITY - KIB, KIB + 1))), 1),
    ("W2", stream(message((0, KIB), (CAPACITY, KIB))), 1),
    ("W3", stream(message((0, 4 * KIB), (6 * KIB, 4 * KIB), kind=FIXED)), 1),
]
RESOLVED = {"R6": query(max_results=3), "R7": query(starting_offset=32 * KIB)}


@pytest.mark.parametrize(
    ("rule", "messages", "count"),
    BREAKS_ONE,
    ids=[f"{number}-{rule}" for number, (rule, _, _) in enumerate(BREAKS_ONE)],
)
def test_a_stream_that_breaks_one_rule_breaks_no_other(rule, messages, count):
    found = violations(messages, RESOLVED.get(rule))
    assert list(found) == [rule]
    assert found[rule].count == count


def test_every_rule_has_a_stream_that_breaks_just_it():
    by_asking_again = {"R8", "W4"}
    assert {rule for rule, _, _ in BREAKS_ONE} | by_asking_again == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_the_spec_demands_is_a_must_and_the_rest_a_warning(rule):
    assert rule.level == (MUST if rule.id in {"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"} else WARNING)


def test_violations_come_in_the_order_of_the_rules_with_their_titles():
    messages = stream(message((8 * KIB, 2 * CAPACITY), (0, 0), kind=UNKNOWN))
    found = violations(messages)
    assert list(found) == ["R1", "R2", "R3", "W2"]
    assert {rule.id: rule.title for rule in RULES if rule.id in found} == {
        violation.rule: violation.title for violation in found.values()
    }


# Across messages.


@pytest.mark.parametrize("between", [[], [message()], [message(), message()]], ids=["none", "one", "two"])
def test_an_overlap_across_messages_is_seen_over_any_empty_ones_between(between):
    messages = stream(message((0, 8 * KIB)), *between, message((4 * KIB, 8 * KIB)))
    found = violations(messages)
    assert list(found) == ["R2"]
    assert places(found["R2"]) == [(len(messages), 0)]


def test_a_step_backwards_across_messages_is_seen():
    found = violations(stream(message((64 * KIB, KIB)), message((0, KIB))))
    assert places(found["R2"]) == [(2, 0)]


def test_touching_across_messages_is_legal():
    assert violations(stream(message((0, 4 * KIB)), message((4 * KIB, KIB)), message((5 * KIB, 1)))) == {}


def test_another_size_in_a_later_message_breaks_r5():
    found = violations(stream(message((0, 4 * KIB), kind=FIXED), message((8 * KIB, 8 * KIB), kind=FIXED)))
    assert list(found) == ["R5"]
    assert places(found["R5"]) == [(2, 0)]
    assert "4096" in found["R5"].examples[0].text


def test_a_short_tail_in_a_message_of_its_own_breaks_only_r5b():
    capacity = 9 * KIB
    messages = stream(
        message((0, 4 * KIB), kind=FIXED, capacity=capacity), message((8 * KIB, KIB), kind=FIXED, capacity=capacity)
    )
    assert list(violations(messages)) == ["R5b"]


def test_a_whole_block_that_ends_with_the_volume_is_not_a_short_tail_and_must_be_aligned():
    messages = stream(message((0, 4 * KIB), (6 * KIB, 4 * KIB), kind=FIXED, capacity=10 * KIB))
    found = violations(messages)
    assert list(found) == ["W3"]
    assert places(found["W3"]) == [(1, 1)]


def test_max_results_is_a_limit_of_each_message_and_not_of_the_stream():
    three = ((0, KIB), (2 * KIB, KIB), (4 * KIB, KIB))
    later = tuple((offset + 64 * KIB, size) for offset, size in three)
    assert violations(stream(message(*three), message(*later)), query(max_results=3)) == {}


def test_no_max_results_allows_any_number():
    many = [(2 * KIB * index, KIB) for index in range(500)]
    assert violations(stream(message(*many)), query(max_results=0)) == {}


def test_an_extent_at_a_negative_offset_may_not_overlap_the_next_one():
    found = violations(stream(message((-8 * KIB, 16 * KIB), (0, KIB))))
    assert list(found) == ["R2", "W1"]
    assert places(found["R2"]) == [(1, 1)]


def test_an_extent_that_ends_below_int64_does_not_end_beyond_the_capacity():
    found = violations(stream(message((-INT64_MAX - 1, -1))))
    assert list(found) == ["R1", "W1"]


def test_an_extent_that_ends_beyond_int64_ends_beyond_the_capacity_and_overlaps_the_next():
    found = violations(stream(message((4 * KIB, INT64_MAX), (8 * KIB, KIB))))
    assert list(found) == ["R2", "W2"]
    assert (places(found["R2"]), places(found["W2"])) == ([(1, 1)], [(1, 0)])


# Examples.


def test_examples_name_message_and_extent_and_what_was_sent():
    found = violations(stream(message((0, KIB)), message(), message((2 * KIB, KIB), (8 * KIB, -7), (9 * KIB, 0))))
    assert [(e.record, e.extent, e.byte_offset, e.size_bytes) for e in found["R1"].examples] == [
        (3, 1, 8 * KIB, -7),
        (3, 2, 9 * KIB, 0),
    ]


def test_examples_of_a_whole_message_name_no_extent():
    found = violations(stream(message((0, KIB)), message((KIB, KIB), capacity=2 * CAPACITY)))
    (example,) = found["R4"].examples
    assert (example.record, example.extent, example.byte_offset, example.size_bytes) == (2, None, None, None)
    assert str(CAPACITY) in example.text
    assert str(2 * CAPACITY) in example.text


@pytest.mark.parametrize("at", [[], [1], [3], [2, 4, 4, 9], list(range(40))], ids=str)
def test_only_the_first_examples_are_kept_and_all_are_counted(at):
    empty = [(KIB * index, 0) for index in range(40)]
    messages = stream(*(message(*part) for part in cut(empty, at)))
    found = violations(messages)["R1"]
    assert found.count == 40
    assert [example.byte_offset for example in found.examples] == [KIB * index for index in range(EXAMPLES_KEPT)]
    assert EXAMPLES_KEPT == 5


def test_only_the_first_messages_are_kept_as_examples_and_all_are_counted():
    messages = stream(*(message((KIB * index, KIB), kind=UNKNOWN) for index in range(12)))
    found = violations(messages)["R3"]
    assert found.count == 12
    assert places(found) == [(number, None) for number in range(1, 6)]


def test_violations_can_be_read_while_the_stream_continues():
    watch = RuleWatch(query())
    first, second = stream(message((0, 0)), message((KIB, 0)))
    watch.check(Records.of(first))
    before = watch.violations()
    watch.check(Records.of(second))
    assert [violation.count for violation in (*before, *watch.violations())] == [1, 2]
    assert len(before[0].examples) == 1


# Against a loop over single extents.

numbers = st.one_of(st.integers(0, 40), st.sampled_from((2**62, INT64_MAX - 1, INT64_MAX)))
sizes = st.one_of(st.integers(-2, 20), st.sampled_from((2**62, INT64_MAX)))
any_extents = st.lists(st.tuples(numbers, sizes), max_size=14)


def end_of(extent: Extent) -> int:
    return min(sum(extent), INT64_MAX)


def checked(rule: str, extents: list[Extent], at: list[int], resolved: Query, capacity: int) -> Rule:
    (kind,) = (kind for kind in RULES if kind.id == rule)
    checker = kind(resolved)
    for record in stream(*(message(*part, capacity=capacity) for part in cut(extents, at))):
        checker.check(Records.of(record))
    return checker


@law
@given(any_extents, cuts, st.integers(0, 40), st.one_of(st.integers(0, 60), st.just(2**62)))
def test_rules_find_what_a_loop_over_extents_finds(extents, at, start, capacity):
    expected = {
        "R1": [extent for extent in extents if extent[1] <= 0],
        "R2": [after for before, after in pairwise(extents) if after[0] < before[0] or after[0] < end_of(before)],
        "R7": [extent for extent in extents if start > 0 and end_of(extent) <= start],
        "W2": [extent for extent in extents if capacity > 0 and end_of(extent) > capacity],
    }
    for rule, broken in expected.items():
        checker = checked(rule, extents, at, query(starting_offset=start), capacity)
        assert (rule, checker.count) == (rule, len(broken))
        assert len(checker.examples) == min(len(broken), EXAMPLES_KEPT)
        found = [(example.byte_offset, example.size_bytes) for example in checker.examples]
        # R2 has two ways to be broken and tells one after the other within a message.
        assert found == broken[:EXAMPLES_KEPT] if rule != "R2" else set(found) <= set(broken)


@law
@given(any_extents, cuts)
def test_examples_have_the_right_positions(extents, at):
    messages = stream(*(message(*part) for part in cut(extents, at)))
    for violation in violations(messages, query(starting_offset=9)).values():
        for example in violation.examples:
            record = messages[example.record - 1]
            if example.extent is not None:
                assert int(record.offsets[example.extent]) == example.byte_offset
                assert int(record.sizes[example.extent]) == example.size_bytes


@law
@given(any_extents, cuts)
def test_counts_do_not_depend_on_how_extents_are_grouped_into_messages(extents, at):
    whole = violations(stream(message(*extents)), query(starting_offset=9))
    parts = violations(stream(*(message(*part) for part in cut(extents, at))), query(starting_offset=9))
    assert {rule: found.count for rule, found in parts.items()} == {rule: found.count for rule, found in whole.items()}


kinds = st.sampled_from((0, FIXED, FIXED, FIXED, VARIABLE, VARIABLE, 7))
odd_messages = st.builds(
    lambda extents, kind, capacity: message(*extents, kind=kind, capacity=capacity),
    st.lists(st.tuples(st.integers(-2, 40), st.integers(-1, 4)), max_size=5),
    kinds,
    st.sampled_from((0, 20, 30, 30, 30)),
)


@law
@given(st.lists(odd_messages, min_size=1, max_size=8), cuts, st.integers(0, 9), st.integers(0, 3))
def test_what_is_found_does_not_depend_on_how_many_messages_are_looked_at_together(messages, at, start, most):
    """How many there are is a matter of time; not even the order of the examples may be."""
    resolved = query(starting_offset=start, max_results=most)
    one_by_one, together = RuleWatch(resolved), RuleWatch(resolved)
    messages = stream(*messages)
    for record in messages:
        one_by_one.check(Records.of(record))
    for group in filter(None, cut(messages, at)):
        together.check(Records.of(*group))
    assert together.violations() == one_by_one.violations()
