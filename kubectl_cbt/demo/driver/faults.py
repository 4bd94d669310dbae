"""What real drivers and sidecars got wrong, by name, so that a client can be tried against each of it.

Only the table and the reading of ``NAME[=VALUE]``: what the driver's faults do to a stream is in ``fault_extents`` and
``fault_messages``, what the sidecar's do is in ``metadata_service``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kubectl_cbt.errors import UsageError


class Part(StrEnum):
    """Who has the fault; a sidecar's does not show on the driver's own socket."""

    DRIVER = "driver"
    SIDECAR = "sidecar"


class ValueForm(StrEnum):
    """What stands behind the equals sign."""

    NONE = ""
    COUNT = "N"
    SECONDS = "S"
    MILLISECONDS = "MS"


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake.

    Attributes:
        summary: the mistake, in one line.
        shows: where it is seen, if not with every demo volume and question.
    """

    name: str
    part: Part
    summary: str
    value: ValueForm = ValueForm.NONE
    shows: str = ""

    @property
    def form(self) -> str:
        """As it is written on a command line: ``slow=MS``."""
        return f"{self.name}={self.value}" if self.value else self.name


_D, _S = Part.DRIVER, Part.SIDECAR

FAULTS = (
    Fault("overlap", _D, "now and then an extent repeats the end of the one before it"),
    Fault("unordered", _D, "now and then two neighbouring extents change places"),
    Fault("zero-size", _D, "now and then an extent of size 0"),
    Fault("type-change", _D, "from the second message on the other block metadata type"),
    Fault("type-unknown", _D, "block metadata type UNKNOWN, as if the field had been forgotten"),
    Fault("capacity-change", _D, "from the second message on another capacity, as of a volume that was expanded"),
    Fault("capacity-zero", _D, "volume capacity 0, as if the field had been forgotten"),
    Fault("mixed-size", _D, "two blocks sent as one in a FIXED_LENGTH stream", shows="vms/windows (demo-blocks)"),
    Fault("max-results-ignored", _D, "8192 extents a message, whatever max_results says",
          shows="answers longer than max_results"),
    Fault("offset-ignored", _D, "from the beginning, whatever starting_offset says: a resume gets all of it again"),
    Fault("unaligned-shift", _D, "reads from the offset but labels from its block: wrong blocks (hostpath)",
          shows="a starting_offset that is no multiple of the block size"),
    Fault("first-page-only", _D, "the first 2000 extents (at most half of all), then OK (an early vSphere release)"),
    Fault("lost-write", _D, "deltas leave out 4 MiB here and there that changed: a backup would miss them",
          shows="deltas"),
    Fault("empty-messages", _D, "messages without extents in between and at the end; legal, and a trap"),
    Fault("cut-after", _D, "UNAVAILABLE after N messages, as from a transport that broke", ValueForm.COUNT),
    Fault("reset-after", _D, "the connection itself is reset after N messages", ValueForm.COUNT),
    Fault("deadline-after", _D, "DEADLINE_EXCEEDED after S seconds, the sidecar's limit on a stream",
          ValueForm.SECONDS, shows="streams that last longer; slow=MS makes them"),
    Fault("slow", _D, "MS milliseconds before each message", ValueForm.MILLISECONDS),
    Fault("hang", _D, "one message, then nothing until the client gives up"),
    Fault("cancel-is-ok", _D, "fails inside after 3 messages of at most 256 extents, and ends with OK all the same",
          shows="answers of more than 768 extents"),
    Fault("nondeterministic", _D, "equal questions get different answers: each time other extents are missing"),
    Fault("huge-messages", _D, "everything in one message, past gRPC's default limit of 4 MiB",
          shows="past 4 MiB: allocated of vms/windows, delta of vms/scratch"),
    Fault("wrong-code", _D, "UNKNOWN and INTERNAL for unknown ids, bad arguments and offsets beyond the volume",
          shows="questions that are refused"),
    Fault("token-expired", _S, "UNAUTHENTICATED, whatever the token"),
    Fault("forbidden", _S, "PERMISSION_DENIED: the token's user may not get volumesnapshots"),
    Fault("not-ready", _S, "UNAVAILABLE and NOT_SERVING: the sidecar has not validated its driver yet"),
    Fault("missing-class", _S, "UNAVAILABLE for good: the sidecar may not read the VolumeSnapshotClass"),
    Fault("cert-expired", _S, "the served certificate expired yesterday"),
    Fault("cert-wrong-name", _S, "the served certificate is for another name"),
    Fault("ca-rotated", _S, "the served certificate is of a new CA, the object still has the old caCert"),
    Fault("unimplemented", _S, "UNIMPLEMENTED: nothing but a health check behind the address"),
    Fault("no-health", _S, "no grpc.health.v1.Health service"),
)  # fmt: skip
"""All of them, the driver's first."""

_BY_NAME = {fault.name: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class FaultSet:
    """The faults that are on.

    Attributes:
        values: each one's value by its name, in the value form's own unit; 0 for those that take none.
    """

    values: Mapping[str, float] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __bool__(self) -> bool:
        return bool(self.values)

    def value(self, name: str) -> float | None:
        """Of a fault; None when it is off."""
        return self.values.get(name)


NO_FAULTS = FaultSet()


def parse_faults(texts: Iterable[str]) -> FaultSet:
    """Read ``NAME`` and ``NAME=VALUE``.

    Raises:
        UsageError: no such fault; one given twice; a value that is missing, unwanted, or no number.
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
