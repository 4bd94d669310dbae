"""The command ``kubectl cbt``: its verbs, and how one is run."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Container, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from kubectl_cbt.cli import signals
from kubectl_cbt.cli.conversion import convert_without_pydantic
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode
from kubectl_cbt.cli.launch_tui import wants_screen
from kubectl_cbt.cli.option_groups import expand_option_groups
from kubectl_cbt.cli.signals import Terminated
from kubectl_cbt.cli.stdout import StdoutClosed, write_stdout
from kubectl_cbt.errors import CbtError, OutputError, UsageError
from kubectl_cbt.project import REPORT_A_BUG

PROGRAM = "kubectl cbt"
_SETTINGS = {"help_option_names": ["-h", "--help"]}
_EPILOG = 'Use "kubectl cbt options" for a list of the kubectl flags that apply to all commands.'

_CLUSTER_VERBS = (
    *("delta", "allocated", "history", "browse", "report", "snapshots", "services"),
    *("verify", "check", "doctor", "rbac", "bug-report"),
)
"""These accept kubectl's flags. A verb is a file in this package with a function of its name."""
_VERBS = (*_CLUSTER_VERBS, "open", "compare", "demo", "config", "completion", "options", "version")
_MODULES = {"bug-report": "bug_report", "completion": "completion.command", "options": "global_options"}
"""Verbs whose modules have other names."""
_FUNCTIONS = {"bug-report": "bug_report", "open": "open_file"}
"""Verbs whose functions have other names."""


def build_app(only: str = "") -> typer.Typer:
    """All verbs, in the order the help lists them.

    Args:
        only: the verb that is run. Reading the options of all others takes as long as a short stream.
    """
    app = _typer(
        help="""See and debug Kubernetes Changed Block Tracking (CBT).

        With CBT, a CSI driver reports which blocks of a volume snapshot are allocated, or changed since an earlier
        snapshot.

        \b
        First steps:
          kubectl cbt demo                     try it without a cluster
          kubectl cbt                          browse the snapshots of a cluster and their maps
          kubectl cbt snapshots -A             list snapshots, and whether CBT works for them
          kubectl cbt delta SNAP-1 SNAP-2      show what changed, and what the next backup would read
          kubectl cbt history CLAIM            show the changes of a volume from snapshot to snapshot
        """,
        invoke_without_command=True,
        callback=_root,
    )
    for name in (only,) if only else _VERBS:
        _add_verb(app, name)
    return app


def build_command(only: str = "") -> Any:
    """The command of :func:`build_app`, which can be run, or read for completion."""
    command = typer.main.get_command(build_app(only))
    convert_without_pydantic(command)
    return command


def _add_verb(app: typer.Typer, name: str) -> None:
    if name == "demo":
        demo = _function(name, name)
        demos = _typer(help=demo.__doc__, invoke_without_command=True, callback=expand_option_groups(demo))
        demos.command()(expand_option_groups(_function("demo_serve", "serve")))
        demos.command()(expand_option_groups(_function("demo_devices", "devices")))
        demos.command()(expand_option_groups(_function("demo_faults", "faults")))
        app.add_typer(demos, name=name)
    else:
        verb = _function(_MODULES.get(name, name), _FUNCTIONS.get(name, name))
        epilog = _EPILOG if name in _CLUSTER_VERBS else None
        app.command(name, epilog=epilog)(expand_option_groups(verb))


def _function(module: str, name: str) -> Any:
    return getattr(import_module(f"kubectl_cbt.cli.{module}"), name)


def _typer(**settings: Any) -> typer.Typer:
    return typer.Typer(
        add_completion=False,
        context_settings=_SETTINGS,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        **settings,
    )


def _root(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if show_version:
        from kubectl_cbt.cli.version import version

        version()
    elif context.invoked_subcommand is None:
        write_stdout(context.get_help() + "\n")


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code.

    Raises:
        Terminated: a signal ended it.
    """
    arguments = help_as_flag(arguments)
    first = arguments[0] if arguments else ""
    command = build_command(first if first in _VERBS else "")
    apart = split_flag_values(arguments, _flags(command))
    ordered = move_flags_after_command(command, apart) or _without_arguments()
    diagnostics = Diagnostics(verbosity=_verbosity(ordered))
    try:
        code = command.main(args=ordered, prog_name=PROGRAM, standalone_mode=False)
        return int(code or ExitCode.DONE)
    except typer.TyperException as error:
        return diagnostics.error(_usage_error(error))
    except CbtError as error:
        return diagnostics.error(error)
    except (StdoutClosed, BrokenPipeError):
        return ExitCode.STDOUT_CLOSED
    except OSError as error:
        what = f"{error.filename}" if error.filename else "cannot write to standard output"
        return diagnostics.error(OutputError(f"{what}: {error.strerror}"))
    except Exception as error:  # noqa: BLE001  # the last resort: a bug is reported without a traceback
        if signals.received is not None:
            # A signal during an import can make it fail with any exception.
            raise Terminated(signals.received) from None
        return diagnostics.error(_bug(error))
    finally:
        flush_stdout_quietly()


def help_as_flag(arguments: Sequence[str]) -> Sequence[str]:
    """``help [VERB …]`` becomes ``[VERB …] --help``, as in kubectl."""
    return [*arguments[1:], "--help"] if arguments[:1] in (["help"], ("help",)) else arguments


def split_flag_values(arguments: Sequence[str], flags: Container[str] = ()) -> list[str]:
    """Split ``-n=shop`` and ``--quiet=true``, which kubectl accepts.

    The parser would read the namespace ``=shop``, and accepts no value for a boolean flag.
    """
    apart: list[str] = []
    for index, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if argument == "--":
            return [*apart, *arguments[index:]]
        if name in flags and value in ("true", "false"):
            apart += [name] if value == "true" else []
        elif argument[:1] == "-" and argument[1:2].isalpha() and argument[2:3] == "=":
            apart += [argument[:2], argument[3:]]
        else:
            apart.append(argument)
    return apart


def _flags(command: Any) -> set[str]:
    """The flags of all verbs that have no value."""
    verbs = [command, *command.commands.values()]
    parameters = [parameter for verb in verbs for parameter in verb.params if getattr(parameter, "is_flag", False)]
    return {name for parameter in parameters for name in parameter.opts}


def move_flags_after_command(command: Any, arguments: list[str]) -> list[str]:
    """Move flags before the verb to after it: kubectl accepts ``-n shop delta a b``.

    Flags of the program itself (``--help``, ``--version``) stay in place. Without a verb, the verb is browse.
    """
    if not arguments or not arguments[0].startswith("-"):
        return arguments
    own = {name for parameter in command.params for name in parameter.opts} | set(_SETTINGS["help_option_names"])
    takes_value = {
        name
        for verb in command.commands.values()
        for parameter in verb.params
        if not getattr(parameter, "is_flag", False)
        for name in parameter.opts
    }
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        if arguments[index] in own:
            return arguments
        index += 2 if arguments[index] in takes_value else 1
    if index >= len(arguments):
        return ["browse", *arguments]
    return [arguments[index], *arguments[:index], *arguments[index + 1 :]]


def _without_arguments() -> list[str]:
    """browse on a terminal, elsewhere the help."""
    return ["browse"] if wants_screen(None) else []


def _usage_error(error: typer.TyperException) -> UsageError:
    """Typer's own errors as ours."""
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    text = text.replace("Value error, ", "")  # added by pydantic, which typer parses with
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    return UsageError(text[:1].lower() + text[1:].rstrip("."), hint=f"see {path} --help")


def _bug(error: Exception) -> CbtError:
    """The places in the code, without the exception's text, which may contain secrets."""
    places = "".join(traceback.format_tb(error.__traceback__)[-2:]).strip()
    return CbtError(f"internal error: {type(error).__name__}", hint=f"this is a bug; {REPORT_A_BUG}\n{places}")


def _verbosity(arguments: list[str]) -> int:
    """The level of ``-v``, even if the command line cannot be parsed."""
    for index, argument in enumerate(arguments):
        if argument in ("-v", "--v") and arguments[index + 1 : index + 2]:
            return _level(arguments[index + 1])
        for prefix in ("--v=", "-v"):
            if argument.startswith(prefix) and argument.removeprefix(prefix).isdecimal():
                return _level(argument.removeprefix(prefix))
    return 0


def _level(text: str) -> int:
    # Python refuses to convert thousands of digits; all levels above 9 are the same.
    return int(text[:9]) if text.isdecimal() else 0


def flush_stdout_quietly() -> None:
    """Flush stdout now: Python does so at exit, and would print an error for a closed pipe."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
