"""Defects of real drivers and sidecars, by name, so that a client can be tested against each of them.

This module has only the table and the parser of ``NAME[=VALUE]``. The driver's faults are implemented in
``extent_faults`` and ``message_faults``, those of the sidecar in ``metadata_service``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kubectl_cbt.errors import UsageError


class Part(StrEnum):
    """The component that has the fault; the driver's own socket does not show a sidecar's fault."""

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
    """One defect.

    Attributes:
        summary: the defect, in one line.
        shows: which volumes and requests show it; empty for all of them.
    """

    name: str
    part: Part
    summary: str
    value: ValueForm = ValueForm.NONE
    shows: str = ""

    @property
    def form(self) -> str:
        """Return the fault as written on a command line: ``slow=MS``."""
        return f"{self.name}={self.value}" if self.value else self.name


_D, _S = Part.DRIVER, Part.SIDECAR

FAULTS = (
    Fault("overlap", _D, "some extents repeat the end of the previous extent"),
    Fault("unordered", _D, "some neighbouring extents are swapped"),
    Fault("zero-size", _D, "some extents have size 0"),
    Fault("type-change", _D, "the block metadata type changes from the second message"),
    Fault("type-unknown", _D, "the block metadata type is UNKNOWN, as if the field was not set"),
    Fault("capacity-change", _D, "the capacity changes from the second message, as if the volume was expanded"),
    Fault("capacity-zero", _D, "the volume capacity is 0, as if the field was not set"),
    Fault("mixed-size", _D, "two blocks are sent as one in a FIXED_LENGTH stream", shows="vms/windows (demo-blocks)"),
    Fault("max-results-ignored", _D, "always sends 8192 extents per message and ignores max_results",
          shows="responses with more extents than max_results"),
    Fault("offset-ignored", _D, "ignores starting_offset and starts at 0: a resume receives everything again"),
    Fault("unaligned-shift", _D, "reads from the offset but reports from its block: wrong blocks (hostpath)",
          shows="a starting_offset that is not a multiple of the block size"),
    Fault("first-page-only", _D, "sends the first 2000 extents (at most half), then OK (an early vSphere release)"),
    Fault("lost-write", _D, "deltas omit some changed regions of 4 MiB: a backup would miss them",
          shows="deltas"),
    Fault("empty-messages", _D, "messages without extents, also at the end; valid, but some clients fail"),
    Fault("cut-after", _D, "UNAVAILABLE after N messages, as when the transport fails", ValueForm.COUNT),
    Fault("reset-after", _D, "the connection is reset after N messages", ValueForm.COUNT),
    Fault("deadline-after", _D, "DEADLINE_EXCEEDED after S seconds, as with the sidecar's time limit",
          ValueForm.SECONDS, shows="streams that take longer; combine with slow=MS"),
    Fault("slow", _D, "waits MS milliseconds before each message", ValueForm.MILLISECONDS),
    Fault("hang", _D, "sends one message, then nothing until the client cancels"),
    Fault("cancel-is-ok", _D, "fails after 3 messages of at most 256 extents, but ends with OK",
          shows="responses with more than 768 extents"),
    Fault("nondeterministic", _D, "the same request gets different responses: other extents are missing each time"),
    Fault("huge-messages", _D, "sends one message, larger than gRPC's default limit of 4 MiB",
          shows="more than 4 MiB: allocated of vms/windows, delta of vms/scratch"),
    Fault("wrong-code", _D, "UNKNOWN or INTERNAL for unknown ids, invalid arguments and offsets beyond the volume",
          shows="requests that are rejected"),
    Fault("old-bases-lost", _D, "NOT_FOUND for a base that is not among the N newest snapshots of its volume",
          ValueForm.COUNT, shows="deltas"),
    Fault("token-expired", _S, "UNAUTHENTICATED for every token"),
    Fault("forbidden", _S, "PERMISSION_DENIED: the token's user cannot get volumesnapshots"),
    Fault("not-ready", _S, "UNAVAILABLE and NOT_SERVING: the sidecar has not validated its driver yet"),
    Fault("missing-class", _S, "UNAVAILABLE permanently: the sidecar cannot read the VolumeSnapshotClass"),
    Fault("cert-expired", _S, "the serving certificate expired yesterday"),
    Fault("cert-wrong-name", _S, "the serving certificate is for another name"),
    Fault("ca-rotated", _S, "a new CA signed the serving certificate, the object still has the old caCert"),
    Fault("unimplemented", _S, "UNIMPLEMENTED: the address serves only a health check"),
    Fault("no-health", _S, "does not serve grpc.health.v1.Health"),
)  # fmt: skip
"""All faults, those of the driver first."""

_BY_NAME = {fault.name: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class FaultSet:
    """The enabled faults.

    Attributes:
        values: values by fault name, in the unit of the fault's value form; 0 for a fault without a value.
    """

    values: Mapping[str, float] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __bool__(self) -> bool:
        return bool(self.values)

    def value(self, name: str) -> float | None:
        """Return a fault's value; None when it is not enabled."""
        return self.values.get(name)


NO_FAULTS = FaultSet()


def parse_faults(texts: Iterable[str]) -> FaultSet:
    """Parse ``NAME`` and ``NAME=VALUE``.

    Raises:
        UsageError: an unknown or repeated fault, or a missing, unexpected or invalid value.
    """
    values: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if name not in _BY_NAME:
            raise UsageError(f'unknown fault "{name}"', hint=_hint(name))
        if name in values:
            raise UsageError(f"fault {name} is specified twice")
        values[name] = _value(_BY_NAME[name], equals, value)
    return FaultSet(values)


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, _BY_NAME, n=3)
    return (f"did you mean {' or '.join(close)}? " if close else "") + "kubectl cbt demo faults lists them"


def _value(fault: Fault, equals: str, text: str) -> float:
    if not fault.value:
        if equals:
            raise UsageError(f"fault {fault.name} does not take a value")
        return 0.0
    if not text:
        raise UsageError(f"fault {fault.name} requires a value: {fault.form}")
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf or (fault.value is ValueForm.COUNT and not number.is_integer()):
        expected = "a whole number" if fault.value is ValueForm.COUNT else "a number"
        raise UsageError(f'invalid value "{text}" for fault {fault.form}: must be {expected} of at least 0')
    return number
