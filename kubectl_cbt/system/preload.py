"""Import modules that will be needed, while waiting for something else."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from importlib import import_module


def preload(*modules: str) -> None:
    """Import modules in a thread, in this order; returns at once.

    An error is raised by the import statement that needs the module. The process does not exit before the thread is
    done: Python ends daemon threads at exit, and an extension module that is ended while it initialises may crash.
    """
    threading.Thread(target=_import_each, args=(modules,), name="cbt-preload").start()


def _import_each(modules: Iterable[str]) -> None:
    for module in modules:
        with contextlib.suppress(Exception):
            import_module(module)
