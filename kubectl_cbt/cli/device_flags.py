"""The devices that an answer is verified against."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.stream_query import Operation

if TYPE_CHECKING:
    from kubectl_cbt.core.verified_stream import Devices


@dataclass(frozen=True, slots=True)
class DeviceFlags:
    """Block devices or image files, and how to read them."""

    base_device: Annotated[
        str | None,
        typer.Option("--base-device", metavar="FILE", help="Block device or image file restored from BASE."),
    ] = None
    target_device: Annotated[
        str | None,
        typer.Option(
            "--target-device",
            "--device",
            metavar="FILE",
            help="Block device or image file restored from TARGET, or from the only snapshot.",
        ),
    ] = None
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not read inside the reported extents: over-reporting is not measured.")
    ] = False

    @contextlib.contextmanager
    def opened(self, operation: Operation) -> Iterator[Devices]:
        """Open them; they are closed with the block.

        Raises:
            UsageError: one is missing, there is one too many, or both are the same.
            DeviceError: one cannot be compared.
        """
        from kubectl_cbt.core.verified_stream import Devices
        from kubectl_cbt.devices.device import Device

        if operation is Operation.DELTA and (self.base_device is None or self.target_device is None):
            raise UsageError("a delta is verified against two devices: --base-device and --target-device")
        if operation is Operation.ALLOCATED and self.base_device is not None:
            raise UsageError("allocated extents are verified against one device: --device")
        if self.target_device is None:
            raise UsageError("allocated extents are verified against a device: --device")
        with contextlib.ExitStack() as stack:
            target = stack.enter_context(Device(self.target_device))
            base = None if self.base_device is None else stack.enter_context(Device(self.base_device))
            if base is not None and base.is_same(target):
                raise UsageError(
                    f"{base.name} and {target.name} are the same device, so that nothing can differ",
                    hint="restore each snapshot to a volume of its own",
                )
            yield Devices(target, base)
