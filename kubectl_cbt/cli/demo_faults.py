"""``demo faults``: list the faults that can be injected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.output.object_listing import ListColumn, ListFormat, ListPrinter, ListRow

if TYPE_CHECKING:
    from kubectl_cbt.demo.driver.faults import Fault

_COLUMNS = (ListColumn("FAULT"), ListColumn("OF"), ListColumn("DESCRIPTION"), ListColumn("SHOWS WITH"))


def faults(
    output: Annotated[ListFormat, typer.Option("--output", "-o", help="Output format.")] = ListFormat.TABLE,
) -> None:
    """List the faults that can be injected into the demo.

    Each is a mistake that a real CSI driver or sidecar has made, or could make. Use --fault with any command that
    accepts --demo, or with demo serve. Faults of the driver also apply to its own socket (demo serve --csi-socket).

    \b
    Examples:
      kubectl cbt delta pg-mon pg-tue -n shop --demo --fault unordered
      kubectl cbt delta pg-mon pg-tue -n shop --demo --fault cut-after=3 --fault slow=200
    """
    from kubectl_cbt.demo.driver.faults import FAULTS

    printer = ListPrinter(output, "FaultList", _COLUMNS)
    write_stdout(printer.text([_row(fault) for fault in FAULTS]), is_document=printer.is_document)


def _row(fault: Fault) -> ListRow:
    cells = {"FAULT": fault.form, "OF": fault.part.value, "DESCRIPTION": fault.summary, "SHOWS WITH": fault.shows}
    document = {
        "name": fault.name,
        "value": fault.value.value or None,
        "of": fault.part.value,
        "mistake": fault.summary,
        "showsWith": fault.shows or None,
    }
    return ListRow(cells, fault.name, document)
