"""Faults that real drivers and sidecars have had, by name, to test clients with.

Only the table, and the parser of ``NAME[=VALUE]``. The driver's faults are implemented in ``extent_faults`` and
``message_faults``, the sidecar's in ``metadata_service``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kubectl_cbt.errors import UsageError


class Part(StrEnum):
    """The component that has the fault; the driver's own socket has none of the sidecar's."""

    DRIVER = "driver"
    SIDECAR = "sidecar"


class ValueForm(StrEnum):
    """The value after the equals sign."""

    NONE = ""
    COUNT = "N"
    SECONDS = "S"
    MILLISECONDS = "MS"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that can be injected.

    Attributes:
        summary: the fault, in one line.
        shows: where it is visible, if not with every demo volume and query.
    """

    name: str
    part: Part
    summary: str
    value: ValueForm = ValueForm.NONE
    shows: str = ""

    @property
    def form(self) -> str:
        """As written on a command line: ``slow=MS``."""
        return f"{self.name}={self.value}" if self.value else self.name


_D, _S = Part.DRIVER, Part.SIDECAR

FAULTS = (
    Fault("overlap", _D, "an extent occasionally repeats the end of the previous one"),
    Fault("unordered", _D, "two adjacent extents are occasionally swapped"),
    Fault("zero-size", _D, "an extent occasionally has size 0"),
    Fault("type-change", _D, "messages after the first have the other block metadata type"),
    Fault("type-unknown", _D, "the block metadata type is UNKNOWN, as if the field were not set"),
    Fault("capacity-change", _D, "messages after the first have another capacity, as if the volume had been expanded"),
    Fault("capacity-zero", _D, "the volume capacity is 0, as if the field were not set"),
    Fault("mixed-size", _D, "two blocks sent as one extent of a FIXED_LENGTH stream",
          shows="vms/windows (demo-blocks)"),
    Fault("max-results-ignored", _D, "8192 extents per message, regardless of max_results",
          shows="streams of more than max_results extents"),
    Fault("offset-ignored", _D, "streams start at 0, regardless of starting_offset: a resume repeats everything"),
    Fault("unaligned-shift", _D, "data is read from the offset, but reported from the start of its block (hostpath)",
          shows="a starting_offset that is not a multiple of the block size"),
    Fault("first-page-only", _D, "only the first 2000 extents (at most half), then OK (an early vSphere release)"),
    Fault("lost-write", _D, "deltas omit changed areas of 4 MiB: a backup would miss them",
          shows="deltas"),
    Fault("empty-messages", _D, "messages without extents in the middle and at the end; valid, but often unexpected"),
    Fault("cut-after", _D, "UNAVAILABLE after N messages, as when the connection breaks", ValueForm.COUNT),
    Fault("reset-after", _D, "the TCP connection is reset after N messages", ValueForm.COUNT),
    Fault("deadline-after", _D, "DEADLINE_EXCEEDED after S seconds, as when a stream reaches the sidecar's time limit",
          ValueForm.SECONDS, shows="streams that take longer; combine with slow=MS"),
    Fault("slow", _D, "each message is delayed by MS milliseconds", ValueForm.MILLISECONDS),
    Fault("hang", _D, "one message, then nothing until the client cancels"),
    Fault("cancel-is-ok", _D, "the driver fails after 3 messages of at most 256 extents, but ends the stream with OK",
          shows="streams of more than 768 extents"),
    Fault("nondeterministic", _D, "repeated queries get different responses: other extents are missing each time"),
    Fault("huge-messages", _D, "everything in one message, which can exceed gRPC's default limit of 4 MiB",
          shows="over 4 MiB: allocated of vms/windows, delta of vms/scratch"),
    Fault("wrong-code", _D, "UNKNOWN or INTERNAL for unknown ids, invalid arguments and offsets beyond the volume",
          shows="invalid queries"),
    Fault("token-expired", _S, "UNAUTHENTICATED, regardless of the token"),
    Fault("forbidden", _S, "PERMISSION_DENIED: the token's user is not allowed to get volumesnapshots"),
    Fault("not-ready", _S, "UNAVAILABLE and NOT_SERVING: the sidecar has not validated its driver yet"),
    Fault("missing-class", _S, "UNAVAILABLE permanently: the sidecar is not allowed to read the VolumeSnapshotClass"),
    Fault("cert-expired", _S, "the served certificate expired yesterday"),
    Fault("cert-wrong-name", _S, "the served certificate is for another name"),
    Fault("ca-rotated", _S, "the served certificate is from a new CA, but the object still has the old caCert"),
    Fault("unimplemented", _S, "UNIMPLEMENTED: the address serves nothing but a health check"),
    Fault("no-health", _S, "no grpc.health.v1.Health service"),
)  # fmt: skip
"""All faults, the driver's first."""

_BY_NAME = {fault.name: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class FaultSet:
    """The injected faults.

    Attributes:
        values: their values by name, in the unit of the value form; 0 for faults without a value.
    """

    values: Mapping[str, float] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __bool__(self) -> bool:
        return bool(self.values)

    def value(self, name: str) -> float | None:
        """The value of a fault; None if it is not injected."""
        return self.values.get(name)


NO_FAULTS = FaultSet()


def parse_faults(texts: Iterable[str]) -> FaultSet:
    """Parse ``NAME`` and ``NAME=VALUE``.

    Raises:
        UsageError: an unknown or repeated fault; a value that is missing, not expected, or not a number.
    """
    values: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if name not in _BY_NAME:
            raise UsageError(f'there is no fault "{name}"', hint=_near(name))
        if name in values:
            raise UsageError(f"fault {name} is given twice")
        values[name] = _value(_BY_NAME[name], equals, value)
    return FaultSet(values)


def _near(name: str) -> str:
    close = difflib.get_close_matches(name, _BY_NAME, n=3)
    return (f"did you mean {' or '.join(close)}? " if close else "") + "kubectl cbt demo faults lists them"


def _value(fault: Fault, equals: str, text: str) -> float:
    if not fault.value:
        if equals:
            raise UsageError(f"fault {fault.name} takes no value")
        return 0.0
    if not text:
        raise UsageError(f"fault {fault.name} takes a value: {fault.form}")
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf or (fault.value is ValueForm.COUNT and not number.is_integer()):
        wanted = "a whole number" if fault.value is ValueForm.COUNT else "a number"
        raise UsageError(f'fault {fault.form} takes {wanted} from 0 up, not "{text}"')
    return number
