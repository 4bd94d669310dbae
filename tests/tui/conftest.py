"""An app under test is idle when its event loop has nothing to run, not when the process seems to rest."""

import asyncio

import pytest
import textual.app
import textual.pilot


async def _nothing_to_run(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Return once every task waits: for a message, a timer, a file or a thread.

    Textual's own measures the process' CPU time in steps of 20 ms, several for each key, and takes what threads do for
    the app's work.
    """
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    quiet = 0
    while quiet < 3:
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1


@pytest.fixture(autouse=True)
def _idle_by_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textual.app, "wait_for_idle", _nothing_to_run)
    monkeypatch.setattr(textual.pilot, "wait_for_idle", _nothing_to_run)
