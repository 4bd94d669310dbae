"""What the screens have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import on
from textual.screen import Screen, ScreenResultType

from kubectl_cbt.errors import CbtError
from kubectl_cbt.tui.keys import KeyGroup
from kubectl_cbt.tui.messages import Finished, in_background

if TYPE_CHECKING:
    from kubectl_cbt.tui.app import CbtApp

_Made = TypeVar("_Made")


class CbtScreen(Screen[ScreenResultType]):
    """A screen of this app: it can do slow things, one at a time, and say how they went.

    Attributes:
        KEYS: what its bindings, footer and help are made of.
        MOUSE: what the help says of the mouse.
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
    def is_updating(self) -> bool:
        """Whether something may still change what is drawn, without a key."""
        return self.is_busy

    def notice(self, text: str) -> None:
        """Say something where the person looks."""

    def colors_changed(self) -> None:
        """Another palette or theme is in use."""

    def do(
        self,
        notice: str,
        work: Callable[[], _Made],
        done: Callable[[_Made], None],
        unwanted: Callable[[_Made], Any] = lambda made: None,
    ) -> None:
        """Work in the background, saying ``notice`` meanwhile; what fails is said in its place.

        Nothing happens while something else is under way.
        """
        if self.is_busy:
            return
        self.is_busy = True
        self.notice(notice)

        def finished(made: _Made) -> None:
            self.is_busy = False
            self.notice("")
            done(made)

        in_background(self, work, finished, self.failed, unwanted)

    def failed(self, error: CbtError) -> None:
        """What was done in the background failed."""
        self.is_busy = False
        self.notice(f"{error.prefix}{error.message}")

    @on(Finished)
    def _on_finished(self, event: Finished) -> None:
        event.then()
