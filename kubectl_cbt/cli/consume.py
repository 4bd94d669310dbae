"""Runs a stream to its end while it is printed. Whatever ends it, the caller can finish its document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from kubectl_cbt.cli.diagnostics import ExitCode
from kubectl_cbt.cli.signals import GracefulStop, Terminated
from kubectl_cbt.errors import CbtError, Interrupted, OutputError

Item = TypeVar("Item", covariant=True)


class Cancellable(Protocol[Item]):
    """A stream."""

    def __iter__(self) -> Iterator[Item]: ...

    def cancel(self) -> None:
        """Stop; safe from another thread and at any time."""
        ...


def consume(stream: Cancellable[Item], use: Callable[[Item], None], stop: GracefulStop) -> tuple[CbtError | None, int]:
    """Pass each item to ``use``; returns the error that ended the stream early, and the exit code.

    Raises:
        OutputError: nothing more can be written.
        Terminated: a signal came in the middle of a write, so that the document is truncated.
    """
    try:
        for item in stream:
            stop.defer()
            use(item)
            del item  # so that it is freed before the next one is read
    except OutputError:
        raise
    except CbtError as error:
        if stop.number is None:
            return error, ExitCode.FAILED
    except Terminated as stopped:
        if stop.is_deferring:
            raise  # an end would hide that the document is truncated
        return Interrupted("interrupted"), stopped.exit_code
    finally:
        stream.cancel()
    if stop.number is not None:
        return Interrupted("interrupted"), Terminated(stop.number).exit_code
    return None, ExitCode.DONE
