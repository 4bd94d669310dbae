"""docs/faults.md lists the case or hop that finds each fault: its rows are run again, with the first case in a cell."""

import pytest
from conftest import run_command
from draw_matrix import DOCUMENT, NOTHING, PLACES, Place, form_of, named, rows

from kubectl_cbt.demo.driver.faults import FAULTS, Fault, Part


def printed_by(arguments: list[str]) -> str:
    ran = run_command(*arguments)
    assert ran.stdout, (ran.returncode, ran.stderr)
    return ran.stdout


MATRIX = rows(DOCUMENT.read_text(encoding="utf-8"))
SIDECARS = ["(sidecar's)"]
"""Nothing that a driver's socket could show."""
LEGAL = {"empty-messages", "slow"}
"""They break no rule: that nothing names them is what is wanted."""


def test_every_fault_has_its_row():
    assert list(MATRIX) == ["none", *(fault.name for fault in FAULTS)]


def test_a_clean_demo_is_named_by_nothing():
    assert MATRIX["none"] == [[NOTHING]] * len(PLACES)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_is_found_somewhere_or_is_none(fault):
    found = [cell for cell in MATRIX[fault.name] if cell not in ([NOTHING], SIDECARS)]
    assert bool(found) is (fault.name not in LEGAL)


def runs() -> list[tuple[Fault, Place]]:
    """What is run again here; ``make matrix`` runs everything.

    A cell of check that is empty would be a whole run to see nothing. One that begins as the cell of the smallest
    volume does would run the same case over ten times the extents.
    """
    found = []
    for fault in FAULTS:
        cells = MATRIX[fault.name]
        for place, cell in zip(PLACES, cells, strict=True):
            as_the_smallest = place is not PLACES[0] and cell[0] == cells[0][0]
            if place.verb == "doctor" or not (as_the_smallest or cell in ([NOTHING], SIDECARS)):
                found.append((fault, place))
    return found


def test_each_fault_that_check_finds_is_run():
    found = {
        fault.name for fault in FAULTS if any(cell not in ([NOTHING], SIDECARS) for cell in MATRIX[fault.name][:-1])
    }
    assert {fault.name for fault, place in runs() if place.verb == "check"} == found


def test_the_sidecars_faults_are_not_looked_for_at_a_socket():
    at_socket = next(index for index, place in enumerate(PLACES) if place.at_socket)
    for fault in FAULTS:
        assert (MATRIX[fault.name][at_socket] == SIDECARS) is (fault.part is Part.SIDECAR)


@pytest.mark.parametrize(
    ("fault", "place"), [pytest.param(*run, id=f"{run[1].heading}-{form_of(run[0])}") for run in runs()]
)
def test_a_row_is_what_comes_of_running_it(fault: Fault, place: Place):
    cell = MATRIX[fault.name][PLACES.index(place)]
    if place.verb == "check":
        assert named(fault, place, [cell[0].rstrip("?")], printed_by) == cell[:1]
    else:
        assert named(fault, place, run=printed_by) == ([] if cell == [NOTHING] else cell)
