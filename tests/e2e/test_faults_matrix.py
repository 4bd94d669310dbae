"""docs/faults.md says what finds which fault: each row is run again, with the cases it names."""

import pytest
from conftest import run_command
from draw_matrix import DOCUMENT, NOTHING, PLACES, Place, form_of, named, rows

from kubectl_cbt.demo.faults import FAULTS, Fault, Part


def printed_by(arguments: list[str]) -> str:
    return run_command(*arguments).stdout


MATRIX = rows(DOCUMENT.read_text(encoding="utf-8"))
LEGAL = {"empty-messages", "slow"}
"""They break no rule: that nothing names them is what is wanted."""


def test_every_fault_has_its_row():
    assert list(MATRIX) == ["none", *(fault.name for fault in FAULTS)]


def test_a_clean_demo_is_named_by_nothing():
    assert MATRIX["none"] == [[NOTHING]] * len(PLACES)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_is_found_somewhere_or_is_none(fault):
    found = [cell for cell in MATRIX[fault.name] if cell not in ([NOTHING], ["(sidecar's)"])]
    assert bool(found) is (fault.name not in LEGAL)


@pytest.mark.parametrize("fault", FAULTS, ids=form_of)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.heading)
def test_a_row_is_what_comes_of_running_it(fault: Fault, place: Place):
    """With the first case that is named: the runs that made the table have seen the others, and that no more is."""
    cell = MATRIX[fault.name][PLACES.index(place)]
    if place.at_socket and fault.part is Part.SIDECAR:
        assert cell == ["(sidecar's)"]
        return
    if cell == [NOTHING] and place.verb == "check":
        return  # a whole run to see nothing: the clean demo has one, and the matrix
    if place.verb == "check":
        assert named(fault, place, [cell[0].rstrip("?")], printed_by) == cell[:1]
    else:
        assert named(fault, place, run=printed_by) == ([] if cell == [NOTHING] else cell)
