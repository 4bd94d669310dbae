"""The base of all screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import on
from textual.screen import Screen, ScreenResultType

from kubectl_cbt.errors import CbtError
from kubectl_cbt.tui.keymap import remapped
from kubectl_cbt.tui.keys import KeyGroup
from kubectl_cbt.tui.messages import Finished, in_background

if TYPE_CHECKING:
    from kubectl_cbt.tui.app import CbtApp
    from kubectl_cbt.tui.plain_text import Content
    from kubectl_cbt.tui.settings import Settings

_Made = TypeVar("_Made")


class CbtScreen(Screen[ScreenResultType]):
    """A screen that can run one background task at a time.

    Attributes:
        KEYS: the default keys, of which the bindings are made.
        MOUSE: the line about the mouse in the help.
    """

    KEYS: ClassVar[tuple[KeyGroup, ...]] = ()
    MOUSE: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self.is_busy = False

    @property
    def cbt(self) -> CbtApp:
        """The app, by its own type."""
        return cast("CbtApp", self.app)

    @property
    def key_groups(self) -> tuple[KeyGroup, ...]:
        """The keys of the screen, with those that the user changed."""
        return remapped(self.KEYS, self.cbt.settings.keys)

    @property
    def is_updating(self) -> bool:
        """Whether the screen may still change without a key."""
        return self.is_busy

    def notice(self, text: str) -> None:
        """Show a message; empty removes it."""

    def help_lines(self) -> list[Content]:
        """What the help explains before the keys."""
        return []

    def with_panels(self, settings: Settings) -> Settings:
        """The settings, with the panels that the screen shows."""
        return settings

    def colors_changed(self) -> None:
        """Redraw in another palette or theme."""

    def do(
        self,
        notice: str,
        work: Callable[[], _Made],
        done: Callable[[_Made], None],
        unused: Callable[[_Made], Any] = lambda made: None,
    ) -> None:
        """Run ``work`` in the background and show ``notice`` meanwhile; an error is shown in its place.

        Does nothing while another task runs.

        Args:
            done: called with the result.
            unused: called instead of ``done`` when the screen was closed in the meantime.
        """
        if self.is_busy:
            return
        self.is_busy = True
        self.notice(notice)

        def finished(made: _Made) -> None:
            self.is_busy = False
            self.notice("")
            done(made)

        in_background(self, work, finished, self.failed, unused)

    def failed(self, error: CbtError) -> None:
        """Show the error of a background task."""
        self.is_busy = False
        self.notice(f"{error.prefix}{error.message}")

    @on(Finished)
    def _on_finished(self, event: Finished) -> None:
        event.then()
