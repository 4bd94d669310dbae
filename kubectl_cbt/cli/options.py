"""The flags, each defined once. Groups of them are dataclasses, and a verb has a group as one parameter.

The core's options are plain values (``core/options.py``); ``FLAGS`` has the flag for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from kubectl_cbt.core.options import ClusterOptions, QueryOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.stream_query import MAX_MAX_RESULTS
from kubectl_cbt.output.picture_size import PictureSize
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.system.limits import LARGEST_MAX_MESSAGE_BYTES
from kubectl_cbt.system.paths import file_to_write
from kubectl_cbt.units import parse_duration, parse_offset

DEFAULT_SEED = 1
"""Seed of the demo's data."""
MOST_DEMO_VOLUMES = 99_999
MAY_NAME_A_FILE = "the name of a file may be any bytes"
"""Marks an argument that may also be a file, and not only a Kubernetes name."""
FILE_METAVARS = ("FILE", "FILES", "FOLDER", "LEFT", "RIGHT")
"""What the help calls the value of a flag or argument that is a path."""
SERVICE_ACCOUNT_VARIABLE = "KUBECTL_CBT_SERVICE_ACCOUNT"


class ColorWhen(StrEnum):
    """When to color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def parser_of(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Show the message of a ValueError to the user."""

    def parser(text: Any) -> Any:
        if not isinstance(text, str):
            return text  # typer may parse defaults, too
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return parser


parsed_duration = parser_of(parse_duration)
parsed_file_to_write = parser_of(file_to_write)


def _setting(name: str) -> Callable[[str], str]:
    """A parser of a flag for a setting of the screens."""

    def parse(text: str) -> str:
        from kubectl_cbt.tui.settings import SETTINGS

        return str(next(setting for setting in SETTINGS if setting.name == name).parsed(text))

    return parser_of(parse)


def _new_file(text: str) -> Path:
    if text in ("", "-"):
        raise ValueError("must be a file: standard output is for data")
    return file_to_write(text)


def _positive_size(text: str) -> int:
    size_bytes = parse_offset(text)
    if not size_bytes:
        raise ValueError("must be larger than 0")
    return size_bytes


parsed_size = parser_of(_positive_size)


SMALLEST_CHUNK_BYTES = 512
DEFAULT_CHUNK_BYTES = 2**20
"""What many backup tools read at once."""


def _chunk_size(text: str) -> int:
    size_bytes = parse_offset(text)
    if size_bytes < SMALLEST_CHUNK_BYTES or size_bytes & (size_bytes - 1):
        raise ValueError(f"{text!r} is not a power of two from {SMALLEST_CHUNK_BYTES} bytes on, such as 1Mi")
    return size_bytes


def _rate(text: str) -> int:
    return _positive_size(text.removesuffix("/s"))


parsed_chunk = parser_of(_chunk_size)
parsed_rate = parser_of(_rate)


def _message_size(text: str) -> int:
    size_bytes = parse_offset(text)
    if not 0 < size_bytes <= LARGEST_MAX_MESSAGE_BYTES:
        raise ValueError(f"{text!r} is not between 1 and {LARGEST_MAX_MESSAGE_BYTES} bytes")
    return size_bytes


def _rare(*names: str, **settings: Any) -> Any:
    """An option that ``kubectl cbt options`` lists instead of each verb's help, as kubectl does."""
    return typer.Option(*names, hidden=True, **settings)


def _duration(name: str, default: str, text: str) -> Any:
    return typer.Option(name, parser=parsed_duration, show_default=default, metavar="DURATION", help=text)


FLAGS: dict[str, Any] = {
    # ClusterOptions: kubectl's own.
    "namespace": typer.Option(
        "--namespace", "-n", metavar="NAME", help="Namespace of the snapshots (default: the context's namespace)."
    ),
    "kubeconfig": typer.Option("--kubeconfig", metavar="FILE", help="Kubeconfig file to use instead of $KUBECONFIG."),
    "context": typer.Option("--context", metavar="NAME", help="Kubeconfig context to use."),
    "request_timeout": _duration(
        "--request-timeout", "30s", "Time limit for one request to the API server; 0 sets no limit."
    ),
    "cluster": _rare("--cluster", metavar="NAME", help="Kubeconfig cluster to use."),
    "user": _rare("--user", metavar="NAME", help="Kubeconfig user to use."),
    "server": _rare("--server", "-s", metavar="URL", help="Address of the API server."),
    "token": _rare("--token", metavar="TOKEN", help="Bearer token for the API server."),
    "as_user": _rare("--as", metavar="USER", help="User to impersonate."),
    "as_uid": _rare("--as-uid", metavar="UID", help="UID to impersonate."),
    "as_group": _rare("--as-group", metavar="GROUP", help="Group to impersonate. Can be repeated."),
    "certificate_authority": _rare(
        "--certificate-authority", metavar="FILE", help="CA certificates of the API server."
    ),
    "client_certificate": _rare("--client-certificate", metavar="FILE", help="Client certificate for the API server."),
    "client_key": _rare("--client-key", metavar="FILE", help="Key of the client certificate."),
    "tls_server_name": _rare(
        "--tls-server-name", metavar="NAME", help="Name that the API server's certificate must have."
    ),
    "insecure_skip_tls_verify": _rare("--insecure-skip-tls-verify", help="Do not verify the API server's certificate."),
    # ServiceOptions
    "service_account": typer.Option(
        "--service-account",
        metavar="[NAMESPACE/]NAME",
        help=f"ServiceAccount to authenticate as (default: ${SERVICE_ACCOUNT_VARIABLE}, or yourself if you are one).",
    ),
    "token_file": typer.Option("--token-file", metavar="FILE", help="File with a token, instead of requesting one."),
    "token_duration": _duration("--token-duration", "10m", "Token lifetime, at least 10m."),
    "service": typer.Option(
        "--service", metavar="NAME", help="SnapshotMetadataService to query (default: the one named after the driver)."
    ),
    "csi_endpoint": typer.Option(
        "--csi-endpoint",
        metavar="SOCKET",
        help="Query a CSI driver at its own socket (unix:///csi/csi.sock) by snapshot handles, without a cluster.",
    ),
    "secrets_file": typer.Option(
        "--secrets-file", metavar="FILE", help="With --csi-endpoint: the driver's secrets, in YAML or JSON."
    ),
    "max_message_size": typer.Option(
        "--max-message-size",
        parser=parser_of(_message_size),
        show_default="64Mi",
        metavar="SIZE",
        help="Largest response message to accept.",
    ),
    "connect": typer.Option(
        "--connect", help="How to reach the service: directly, with kubectl port-forward, or whichever works."
    ),
    "address": typer.Option(
        "--address", metavar="HOST:PORT", help="Address to connect to instead of the service's own."
    ),
    "service_tls_server_name": typer.Option(
        "--service-tls-server-name",
        metavar="NAME",
        help="Name that the service's certificate must have (default: the host of its address).",
    ),
    # QueryOptions
    "starting_offset": typer.Option(
        "--starting-offset",
        parser=parser_of(parse_offset),
        metavar="OFFSET",
        help="Omit extents before this offset, for example 4096, 0x1000 or 12Gi.",
    ),
    "max_results": typer.Option(
        "--max-results",
        min=0,
        max=MAX_MAX_RESULTS,
        metavar="N",
        help="Maximum extents per message; 0 lets the driver choose (default 4096).",
    ),
    "retries": typer.Option(
        "--retries",
        min=0,
        metavar="N",
        help="Consecutive attempts to resume a broken stream; 0 disables resuming.",
    ),
    "no_probe": typer.Option("--no-probe", help="Trust OK at the end of a stream; skip the completeness probe."),
    "record": typer.Option(
        "--record",
        parser=parser_of(_new_file),
        metavar="FILE",
        help="Record the stream to a new file for bug reports (no tokens or secrets); read it with open or check.",
    ),
}
"""The flags of the core's options, by field name."""

MaxMessageSize = Annotated[int, FLAGS["max_message_size"]]


@dataclass(frozen=True, slots=True)
class TerminalFlags:
    """How to print to the terminal."""

    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress bar and no notes.")] = False
    color: Annotated[ColorWhen, typer.Option("--color", help="When to use color; NO_COLOR is honored.")] = (
        ColorWhen.AUTO
    )
    verbosity: Annotated[
        int,
        typer.Option(
            "--v",
            "-v",
            metavar="LEVEL",
            help="Log level: 1 errors with a traceback, 6 requests to the API server, 8 their contents.",
        ),
    ] = 0


@dataclass(frozen=True, slots=True)
class ClusterFlags(ClusterOptions):
    """The cluster: kubectl's flags, and the demo."""

    cache_dir: Annotated[
        str, _rare("--cache-dir", metavar="FOLDER", help="Accepted without effect; nothing is cached.")
    ] = ""
    disable_compression: Annotated[
        bool, _rare("--disable-compression", help="Accepted without effect; the data is the same.")
    ] = False
    match_server_version: Annotated[
        bool, _rare("--match-server-version", help="Accepted without effect; API versions are discovered.")
    ] = False
    warnings_as_errors: Annotated[
        bool, _rare("--warnings-as-errors", help="Accepted without effect; server warnings are not errors.")
    ] = False
    demo: Annotated[bool, typer.Option("--demo", help="Use the demo cluster, which runs inside this command.")] = False
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="With --demo: seed of the data.")] = DEFAULT_SEED
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="NAME[=VALUE]",
            help="With --demo: inject a fault (see kubectl cbt demo faults). Can be repeated.",
        ),
    ] = None
    demo_volumes: Annotated[
        int | None,
        _rare(
            "--demo-volumes",
            min=1,
            max=MOST_DEMO_VOLUMES,
            metavar="N",
            help="With --demo: a cluster of N small volumes instead of the usual ones.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class StreamFlags(QueryOptions):
    """How to query, and the output format."""

    output: Annotated[
        StreamFormat | None,
        typer.Option("--output", "-o", help="Output format (default: the map on a terminal, otherwise summary)."),
    ] = None


@dataclass(frozen=True, slots=True)
class MapFlags:
    """How to show a map; None leaves a setting to the environment and the file of settings."""

    palette: Annotated[
        str | None,
        typer.Option(
            "--palette",
            parser=_setting("palette"),
            metavar="NAME",
            help="Color palette of the map: cividis, viridis, inferno, gray (default: see kubectl cbt config).",
        ),
    ] = None
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale",
            parser=_setting("scale"),
            metavar="NAME",
            help="Scale of heat: log, linear, or relative to the hottest visible cell.",
        ),
    ] = None
    theme: Annotated[
        str | None,
        typer.Option(
            "--theme",
            parser=_setting("theme"),
            metavar="NAME",
            help="Theme of the screens: dark, light, or one of Textual's.",
        ),
    ] = None
    mouse: Annotated[
        bool | None,
        typer.Option("--mouse/--no-mouse", help="Capture the mouse, or leave it to the terminal to select text."),
    ] = None


@dataclass(frozen=True, slots=True)
class PictureFlags:
    """How to draw a picture."""

    size: Annotated[
        PictureSize | None,
        typer.Option(
            "--size",
            parser=parser_of(PictureSize.parse),
            metavar="COLUMNSxLINES",
            help="With -o svg: size in characters (default 120x40).",
        ),
    ] = None

    def check(self, output: str | None) -> None:
        """Refuse a size for an output that has none.

        Raises:
            UsageError: the output is not a picture.
        """
        if self.size is not None and output != StreamFormat.SVG:
            raise UsageError("--size needs -o svg")
