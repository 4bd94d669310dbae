"""The private names of Textual: only one module uses them, each still exists, and none of ours hides one."""

import ast
import functools
import importlib
import inspect
import io
import re
import textwrap
from pathlib import Path
from queue import Queue

import pytest
from directing import drive, the_map, until
from textual.app import App
from textual.css import stylesheet
from textual.css.stylesheet import Stylesheet
from textual.drivers._writer_thread import WriterThread
from textual.strip import Strip

from kubectl_cbt import tui
from kubectl_cbt.tui import textual_private
from kubectl_cbt.tui.terminal_driver import TerminalDriver

FOLDER = Path(tui.__file__).parent
ADAPTER = Path(textual_private.__file__)
TREES = {path: list(ast.walk(ast.parse(path.read_text(encoding="utf-8")))) for path in sorted(FOLDER.rglob("*.py"))}


def private(name: str) -> bool:
    return re.match("_[^_]", name) is not None


def defined(nodes: list[ast.AST]) -> set[str]:
    """The private names that code defines: functions, and attributes that it sets."""
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    attributes = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    # An attribute of something else is not the class' own.
    own = {node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id == "self"}
    return {name for name in functions | own if private(name)}


OURS = set().union(*(defined(nodes) for nodes in TREES.values()))


def test_only_the_adapter_uses_private_names_of_textual():
    used = {}
    for path, nodes in TREES.items():
        attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute) and private(node.attr)}
        modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
        foreign = {module for module in modules if module.startswith("textual") and "._" in module}
        if found := (attributes - OURS) | foreign:
            used[path.name] = found
    assert used == {
        ADAPTER.name: {
            "_app",
            "_close_messages_no_wait",
            "_compositor",
            "_driver",
            "_exception",
            "_queue",
            "_variables",
            "_writer_thread",
            "textual._compositor",
            "textual.drivers._writer_thread",
        }
    }


@functools.cache
def defined_in(cls: type) -> set[str]:
    """The private names that the code of a class defines."""
    return defined(list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(cls))))))


def inherited(cls: type) -> set[str]:
    """The private names that Textual's classes above one of ours define."""
    names = set()
    for base in cls.__mro__:
        if base.__module__.startswith("textual"):
            names |= set(vars(base)) | defined_in(base)
    return {name for name in names if private(name)}


def our_classes() -> list[type]:
    found = []
    for path in TREES:
        name = ".".join(("kubectl_cbt", "tui", *path.relative_to(FOLDER).with_suffix("").parts))
        module = importlib.import_module(name.removesuffix(".__init__"))
        found += [cls for cls in vars(module).values() if inspect.isclass(cls) and cls.__module__ == module.__name__]
    return [cls for cls in found if any(base.__module__.startswith("textual") for base in cls.__mro__)]


@pytest.mark.parametrize("cls", our_classes(), ids=lambda cls: cls.__name__)
def test_no_class_replaces_a_private_name_of_textual_by_accident(cls):
    own = defined_in(cls)
    meant = {textual_private.QuietApp: {"_display", "_fatal_error"}, textual_private.ParsedOnce: {"_parse_cache"}}
    assert own & inherited(cls) == meant.get(cls, set())


def test_every_private_name_exists():
    async def steps(pilot, screen):
        app = pilot.app
        assert app.bug is None
        assert textual_private.app_of(app.driver) is app
        strips = textual_private.screen_strips(screen)
        assert len(strips) == app.size.height
        assert all(isinstance(strip, Strip) for strip in strips)
        driver = TerminalDriver(app)
        assert textual_private.app_of(driver) is app
        assert textual_private.writer_of(driver) is None

    drive(the_map(), steps)
    # Overridden, and called by Textual.
    assert "_fatal_error" in vars(App)
    assert "self._fatal_error()" in inspect.getsource(App)


def test_every_source_is_parsed_once_for_a_theme(monkeypatch):
    parsed = []

    def parse(scope, css, *rest, tie_breaker, **more):
        parsed.append((css, tie_breaker))
        return textual_parse(scope, css, *rest, tie_breaker=tie_breaker, **more)

    textual_parse = stylesheet.parse
    monkeypatch.setattr(stylesheet, "parse", parse)
    textual_private._rules_parsed_with.cache_clear()

    async def steps(pilot, screen):
        sheet = pilot.app.stylesheet
        assert {css for css, _ in parsed} == {source.content for source in sheet.source.values()}
        assert len(parsed) == len(set(parsed))
        dark = rules(sheet)
        pilot.app.action_toggle_theme()
        await until(pilot, lambda: rules(sheet) != dark)
        assert rules(sheet) == rules(parsed_by_textual(pilot.app))
        del parsed[:]
        pilot.app.action_toggle_theme()
        await until(pilot, lambda: rules(sheet) == dark)
        assert parsed == []

    drive(the_map(), steps)


def rules(sheet: Stylesheet) -> list[str]:
    return [f"{sorted(rule.selector_names)} {rule.styles.get_rules()}" for rule in sheet.rules]


def parsed_by_textual(app: App) -> Stylesheet:
    """A style sheet of Textual's own with an app's sources."""
    sheet = Stylesheet(variables=app.get_css_variables())
    sheet.source = app.stylesheet.source
    sheet.parse()
    return sheet


def test_what_a_thread_has_still_to_write_is_in_its_queue():
    writer = WriterThread(io.StringIO())
    writer.write("text")
    queue = textual_private.pending_output(writer)
    assert isinstance(queue, Queue)
    assert queue.get_nowait() == "text"
