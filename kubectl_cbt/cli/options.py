"""Options, each defined once: groups are dataclasses, and a verb takes a group as one parameter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import Field, dataclass, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from kubectl_cbt.model.query import MAX_MAX_RESULTS
from kubectl_cbt.model.route import Connect
from kubectl_cbt.output.object_listing import ListFormat
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.system.limits import LARGEST_MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES
from kubectl_cbt.system.paths import file_to_write
from kubectl_cbt.units import parse_duration, parse_offset
from kubectl_cbt.utf8 import require_utf8

DEFAULT_SEED = 1
"""What the demo's volumes hold unless told otherwise."""


class ColorWhen(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _parser(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let a ValueError's own words reach the user."""

    def parser(text: Any) -> Any:
        if not isinstance(text, str):
            return text  # typer parses defaults too
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return parser


parsed_duration = _parser(parse_duration)
parsed_file_to_write = _parser(file_to_write)


def _palette(text: str) -> str:
    from kubectl_cbt.output.palettes import PALETTES

    names = [palette.name for palette in PALETTES]
    if text not in names:
        raise ValueError(f"{text!r} is not one of {', '.join(names)}")
    return text


def _new_file(text: str) -> Path:
    if text in ("", "-"):
        raise ValueError("takes the name of a file: standard output is for data")
    return file_to_write(text)


def _rare(*names: str, **settings: Any) -> Any:
    """An option that ``kubectl cbt options`` lists, as ``kubectl options`` does, and not every verb's help."""
    return typer.Option(*names, hidden=True, **settings)


def _message_size(text: str) -> int:
    size_bytes = parse_offset(text)
    if not 0 < size_bytes <= LARGEST_MAX_MESSAGE_BYTES:
        raise ValueError(f"{text!r} is not between 1 and {LARGEST_MAX_MESSAGE_BYTES} bytes")
    return size_bytes


MaxMessageSize = Annotated[
    int,
    typer.Option(
        "--max-message-size",
        parser=_parser(_message_size),
        show_default="64Mi",
        metavar="SIZE",
        help="Largest response message to accept: 256Mi.",
    ),
]


@dataclass(frozen=True, slots=True)
class Terminal:
    """How to talk to the person."""

    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no notes on stderr.")] = False
    color: Annotated[ColorWhen, typer.Option("--color", help="Colour the map; NO_COLOR is honoured.")] = ColorWhen.AUTO
    verbosity: Annotated[
        int,
        typer.Option(
            "--v",
            "-v",
            metavar="LEVEL",
            help="1: errors with a traceback; 6: the requests to the API server; 8: what they say.",
        ),
    ] = 0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster, as kubectl's own options."""

    namespace: Annotated[
        str, typer.Option("--namespace", "-n", metavar="NAME", help="Namespace; the context's own unless given.")
    ] = ""
    kubeconfig: Annotated[
        str, typer.Option("--kubeconfig", metavar="FILE", help="Kubeconfig to use instead of KUBECONFIG.")
    ] = ""
    context: Annotated[str, typer.Option("--context", metavar="NAME", help="Context of the kubeconfig to use.")] = ""
    request_timeout: Annotated[
        float,
        typer.Option(
            "--request-timeout",
            parser=parsed_duration,
            show_default="30s",
            metavar="DURATION",
            help="How long one request to the API server may take; 0 sets no limit.",
        ),
    ] = 30.0
    cluster: Annotated[str, _rare("--cluster", metavar="NAME", help="Cluster of the kubeconfig to use.")] = ""
    user: Annotated[str, _rare("--user", metavar="NAME", help="User of the kubeconfig to log in as.")] = ""
    server: Annotated[str, _rare("--server", "-s", metavar="URL", help="Address of the API server.")] = ""
    token: Annotated[str, _rare("--token", metavar="TOKEN", help="Bearer token for the API server.")] = ""
    as_user: Annotated[str, _rare("--as", metavar="USER", help="User to act as.")] = ""
    as_uid: Annotated[str, _rare("--as-uid", metavar="UID", help="UID to act as.")] = ""
    as_group: Annotated[
        list[str] | None, _rare("--as-group", metavar="GROUP", help="Group to act as; may be repeated.")
    ] = None
    certificate_authority: Annotated[
        str, _rare("--certificate-authority", metavar="FILE", help="CA to trust for the API server.")
    ] = ""
    client_certificate: Annotated[
        str, _rare("--client-certificate", metavar="FILE", help="Certificate to log in with.")
    ] = ""
    client_key: Annotated[str, _rare("--client-key", metavar="FILE", help="Key of that certificate.")] = ""
    tls_server_name: Annotated[
        str, _rare("--tls-server-name", metavar="NAME", help="Name the API server's certificate has to carry.")
    ] = ""
    insecure_skip_tls_verify: Annotated[
        bool, _rare("--insecure-skip-tls-verify", help="Do not check the API server's certificate.")
    ] = False
    cache_dir: Annotated[
        str, _rare("--cache-dir", metavar="FOLDER", help="Accepted as by kubectl, without effect: nothing is cached.")
    ] = ""
    disable_compression: Annotated[
        bool, _rare("--disable-compression", help="Accepted as by kubectl, without effect: the data is the same.")
    ] = False
    match_server_version: Annotated[
        bool,
        _rare("--match-server-version", help="Accepted as by kubectl, without effect: API versions are discovered."),
    ] = False
    warnings_as_errors: Annotated[
        bool,
        _rare("--warnings-as-errors", help="Accepted as by kubectl, without effect: server warnings are not errors."),
    ] = False
    demo: Annotated[bool, typer.Option("--demo", help="Ask the demo cluster, which runs inside this command.")] = False
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="With --demo: what its volumes hold.")] = DEFAULT_SEED
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="NAME[=VALUE]",
            help="With --demo: a mistake its services shall make, see kubectl cbt demo faults; may be repeated.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which objects, in which order, and how: as kubectl get's own options."""

    output: Annotated[ListFormat, typer.Option("--output", "-o", help="Format.")] = ListFormat.TABLE
    selector: Annotated[
        str, typer.Option("--selector", "-l", metavar="LABELS", help="Only those with these labels: app=db,tier!=test.")
    ] = ""
    field_selector: Annotated[
        str, typer.Option("--field-selector", metavar="FIELDS", help="Only those with these fields: metadata.name=a.")
    ] = ""
    sort_by: Annotated[
        str, typer.Option("--sort-by", metavar="PATH", help="Sort by a field: .metadata.creationTimestamp.")
    ] = ""
    no_headers: Annotated[bool, typer.Option("--no-headers", help="Leave out the headings of a table.")] = False


@dataclass(frozen=True, slots=True)
class Service:
    """Whom to ask, as whom, and how to get there."""

    service_account: Annotated[
        str,
        typer.Option(
            "--service-account",
            metavar="[NAMESPACE/]NAME",
            help="ServiceAccount to ask as. Unless given $KUBECTL_CBT_SERVICE_ACCOUNT, else the caller if that is one.",
        ),
    ] = ""
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help="A token to use instead of asking for one."),
    ] = None
    token_duration: Annotated[
        float,
        typer.Option(
            "--token-duration",
            parser=parsed_duration,
            show_default="10m",
            metavar="DURATION",
            help="How long the token shall live, at least 10m.",
        ),
    ] = 600.0
    service: Annotated[
        str,
        typer.Option(
            "--service", metavar="NAME", help="SnapshotMetadataService to ask, if not named after the driver."
        ),
    ] = ""
    csi_endpoint: Annotated[
        str,
        typer.Option(
            "--csi-endpoint",
            metavar="SOCKET",
            help="Ask a CSI driver at its own socket, unix:///csi/csi.sock, about snapshot ids; no cluster is touched.",
        ),
    ] = ""
    secrets_file: Annotated[
        Path | None,
        typer.Option("--secrets-file", metavar="FILE", help="With --csi-endpoint: secrets for it, YAML or JSON."),
    ] = None
    max_message_size: MaxMessageSize = MAX_MESSAGE_BYTES
    connect: Annotated[
        Connect,
        typer.Option(
            "--connect",
            help="How to reach the service: through kubectl port-forward, direct, or whichever works from here.",
        ),
    ] = Connect.AUTO
    address: Annotated[
        str, typer.Option("--address", metavar="HOST:PORT", help="Where to reach the service, instead of its address.")
    ] = ""
    service_tls_server_name: Annotated[
        str,
        typer.Option(
            "--service-tls-server-name",
            metavar="NAME",
            help="Name the service's certificate has to carry; the host of its address unless given.",
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class Asking(Service):
    """What to ask for, and how to show it."""

    output: Annotated[
        StreamFormat | None,
        typer.Option("--output", "-o", help="Format; unless given the map on a terminal, else summary."),
    ] = None
    starting_offset: Annotated[
        int,
        typer.Option(
            "--starting-offset",
            parser=_parser(parse_offset),
            metavar="OFFSET",
            help="Only extents from here on: 4096, 0x1000, 12Gi.",
        ),
    ] = 0
    max_results: Annotated[
        int | None,
        typer.Option(
            "--max-results",
            min=0,
            max=MAX_MAX_RESULTS,
            metavar="N",
            help="Most extents a message may hold, 0 for as the driver likes; 4096 unless given.",
        ),
    ] = None
    retries: Annotated[
        int,
        typer.Option(
            "--retries",
            min=0,
            metavar="N",
            help="How often in a row to take up a stream that broke, 0 for never; progress resets the count.",
        ),
    ] = 6
    no_probe: Annotated[
        bool, typer.Option("--no-probe", help="Take the driver's word for the end of a stream, and do not ask again.")
    ] = False
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            parser=_parser(_new_file),
            metavar="FILE",
            help="Keep what comes in a new file, without token and secrets, for a bug report: open and check read it.",
        ),
    ] = None

    @classmethod
    def of(cls, service: Service) -> Asking:
        """The same service, and nothing special asked for."""
        return cls(**{field.name: getattr(service, field.name) for field in fields(Service)})


@dataclass(frozen=True, slots=True)
class Viewing:
    """How to show a map on the terminal."""

    palette: Annotated[
        str,
        typer.Option(
            "--palette",
            parser=_parser(_palette),
            metavar="NAME",
            help="Colours of the map: cividis, viridis, inferno, gray.",
            show_default="cividis",
        ),
    ] = "cividis"
    no_mouse: Annotated[
        bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal, to select text with.")
    ] = False


def _own_first(group: Any) -> list[Field[Any]]:
    """A group's fields, its own before those it inherits."""
    inherited = {field.name for base in group.__bases__ if is_dataclass(base) for field in fields(base)}
    return sorted(fields(group), key=lambda field: field.name in inherited)


MAY_NAME_A_FILE = "the name of a file may be any bytes"
"""Marks an argument that is not always a name or a text of Kubernetes."""
OF_FILES = ("FILE", "FOLDER")
"""How help calls the value of a flag or argument that names one."""


def _check_texts(parameters: list[inspect.Parameter], given: dict[str, Any]) -> None:
    """Refuse bytes that are not UTF-8 in every argument that is not the name of a file.

    Raises:
        UsageError: naming the first such flag or argument.
    """
    for parameter in parameters:
        value = given[parameter.name]
        texts = [text for text in (value if isinstance(value, list) else [value]) if type(text) is str]
        info, *marks = getattr(parameter.annotation, "__metadata__", ()) or (None,)
        if MAY_NAME_A_FILE not in marks and getattr(info, "metavar", None) not in OF_FILES:
            require_utf8(_shown_name(info) or parameter.name, *texts)


def _shown_name(info: Any) -> str:
    """An option's long name, or an argument's as help shows it; empty when it has neither."""
    # What Option is called with first is a name too, where the default stands after the annotation.
    names = (getattr(info, "default", None), *(getattr(info, "param_decls", None) or ()))
    flags = [name for name in names if isinstance(name, str) and name.startswith("--")]
    return flags[0] if flags else getattr(info, "metavar", None) or ""


def expand_option_groups(verb: Callable[..., None]) -> Callable[..., None]:
    """Make each field of a verb's dataclass parameters an option of its own, which is what typer understands.

    Texts that are not UTF-8 are refused before the verb begins.
    """
    own = inspect.signature(verb, eval_str=True)
    groups: dict[str, Any] = {
        name: parameter.annotation for name, parameter in own.parameters.items() if is_dataclass(parameter.annotation)
    }
    parameters = [parameter for name, parameter in own.parameters.items() if name not in groups]
    for group in groups.values():
        hints = get_type_hints(group, include_extras=True)
        parameters += [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
            )
            for field in _own_first(group)
        ]

    @functools.wraps(verb)
    def wrapper(**given: Any) -> None:
        _check_texts(parameters, given)
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        verb(**given, **made)

    del wrapper.__wrapped__  # functools.wraps sets it, and inspect would follow it
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect looks for it here
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper
