"""The tables of docs/troubleshooting.md, from those that doctor and ``wire/status.py`` use."""

import re

from kubectl_cbt.checks.doctor.hop_sequences import FOR_SNAPSHOTS
from kubectl_cbt.errors import CbtError, InvalidRequest, MalformedMessage, StreamCut
from kubectl_cbt.wire.status import CERTIFICATE_HINTS, PERMISSION_ADVICE, REJECTION_ADVICE, STATUS_ROWS, StatusRow

_ADVICE = {
    PERMISSION_ADVICE: "the hint prints the missing RBAC objects: kubectl cbt rbac -n NAMESPACE",
    REJECTION_ADVICE: "the hint reports what is wrong with the token: its audience, its lifetime or its issuer",
}
_WITHOUT_HINT: dict[type[CbtError], str] = {
    InvalidRequest: "the error ends with the driver's own words. To see which arguments the driver accepts: "
    "kubectl cbt check BASE TARGET",
    MalformedMessage: "turn off compression in the sidecar, or in a proxy on the path",
    StreamCut: "the stream is resumed, up to --retries N times. If it keeps breaking, see the sidecar's log",
}
"""What the page advises where an error of the command has no hint."""
_CERTIFICATES = {
    "issuer": "no certificate of caCert signed it",
    "name": "it is valid for other names",
    "dates": "it expired",
    "clock": "it is not valid yet",
    "form": "it cannot be used: its key, signature or extensions",
}
_NAMES = {"question": "SNAPSHOT"}
_WHEN = "{when}"
_COMMAND = re.compile(
    r"(?<!`)\b(kubectl [a-z].*?)(?=,\n|\n|$|; )|(?<![`\w-])(--[a-z][\w-]*(?: [A-Z]+\b| port-forward)?)"
)


def _service() -> str:
    """Symptom, cause and fix of each status; rows that differ only in gRPC's wording are one."""
    lines = ["| message | cause | fix |", "|---|---|---|"]
    lines += dict.fromkeys(f"| {_symptom(row)} | {_cause(row)} | {_text(_fix(row))} |" for row in STATUS_ROWS)
    return "\n".join(lines) + "\n"


def _fix(row: StatusRow) -> str:
    return _ADVICE.get(row.hint, row.hint) or _WITHOUT_HINT[row.error]


def _symptom(row: StatusRow) -> str:
    return f"{_text(row.what)} ({row.code.name})"


def _cause(row: StatusRow) -> str:
    return (row.error.__doc__ or "").split("\n")[0].replace("``", "`")


def _certificates() -> str:
    lines = ["| reason | fix |", "|---|---|"]
    lines += [f"| {reason} | {_text(CERTIFICATE_HINTS[cause])} |" for cause, reason in _CERTIFICATES.items()]
    return "\n".join(lines) + "\n"


def _doctor() -> str:
    lines = ["| step | what must be true | needs |", "|---|---|---|"]
    for check in FOR_SNAPSHOTS:
        needs = ", ".join(f"`{need.id}`" for need in check.needs)
        lines.append(f"| `{check.id}` | {check.title} | {needs or 'nothing'} |")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """A text of the command as a cell of a table: names in capitals, and commands as code."""
    text = text.replace(f" {_WHEN}", "")
    text = text.replace("{clock}. If it is, ", "is the clock of this machine right? If it is, ")
    text = re.sub(r"\{(\w+)\}", lambda found: _NAMES.get(found[1], found[1].upper()), text)
    text = _COMMAND.sub(lambda found: f"`{found[0].strip()}`", text)
    return text.replace("|", "\\|").replace("\n", "<br>")


TABLES = {"service": _service, "certificates": _certificates, "doctor": _doctor}
"""By the name that the page gives to a table."""
