"""The flags of commands that list objects; a module of its own, because only these commands load list printing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.output.object_listing import ListFormat

if TYPE_CHECKING:
    from kubectl_cbt.kube.list_options import ListOptions


@dataclass(frozen=True, slots=True)
class ListingFlags:
    """Selection, order and output format, as in kubectl get."""

    output: Annotated[ListFormat, typer.Option("--output", "-o", help="Output format.")] = ListFormat.TABLE
    selector: Annotated[
        str, typer.Option("--selector", "-l", metavar="LABELS", help="Label selector, for example app=db,tier!=test.")
    ] = ""
    field_selector: Annotated[
        str, typer.Option("--field-selector", metavar="FIELDS", help="Field selector, for example metadata.name=a.")
    ] = ""
    sort_by: Annotated[
        str, typer.Option("--sort-by", metavar="PATH", help="Field to sort by: .metadata.creationTimestamp.")
    ] = ""
    no_headers: Annotated[bool, typer.Option("--no-headers", help="Print no column headers.")] = False

    def list_options(self) -> ListOptions:
        """Which objects, in which order.

        Raises:
            UsageError: a selector or the path is invalid.
        """
        from kubectl_cbt.kube.list_options import ListOptions

        return ListOptions(self.selector, self.field_selector, self.sort_by)
