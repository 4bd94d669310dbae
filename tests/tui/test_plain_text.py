"""No text from elsewhere is markup, runs an action, or controls the terminal: on screens, in prompts, in dialogs."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest
from directing import ScriptedBackend, drive, entry, press, shown, the_map, type_text, until
from hostile import DOCUMENT, ESCAPES, MARKUP, against_hostile_text, filled, forbidden_in
from textual.command import CommandPalette
from textual.content import Content

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.extents import ExtentBuffer
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome
from kubectl_cbt.tui import plain_text
from kubectl_cbt.tui.loader import Frame, Loader
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.text.header_line import header_line
from kubectl_cbt.tui.text.problem_report import problem_report
from kubectl_cbt.tui.text.status_line import status_line
from kubectl_cbt.tui.textual_private import screen_strips
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.units import printable

FOLDER = Path(plain_text.__file__).parent
TYPED = ["[/x]", MARKUP, "[link='file:///x']y[/]"]

# The rule, in the code.

STRINGS_ARE_MARKUP = {"border_title", "border_subtitle", "tooltip", "title", "sub_title", "label", "prompt"}
ALLOWED_WIDGETS = {"RadioSet"}


def offences(path: Path) -> list[str]:
    """What of a module could hand a string to Textual as markup."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = {name.name for name in node.names}
            module = node.module or ""
            if module.startswith("textual.widgets") and names - ALLOWED_WIDGETS:
                found.append(f"{node.lineno}: imports {sorted(names - ALLOWED_WIDGETS)}; plain_text.py has them")
            if module in ("textual.content", "textual.visual", "textual.markup", "rich.text", "rich.markup"):
                found.append(f"{node.lineno}: imports {module}")
        elif isinstance(node, ast.Call):
            called = node.func
            owner = called.value if isinstance(called, ast.Attribute) else called
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if isinstance(owner, ast.Name) and owner.id == "Content" and path.name != "export_content.py":
                found.append(f"{node.lineno}: makes content")
            if name in ("notify", "from_markup", "render_str", "visualize", "replace_option_prompt", "add_option"):
                found.append(f"{node.lineno}: calls {name}")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.attr for target in targets if isinstance(target, ast.Attribute)}
            found += [f"{node.lineno}: assigns {name}" for name in names & STRINGS_ARE_MARKUP]
        elif isinstance(node, ast.FunctionDef) and node.name == "render":
            found.append(f"{node.lineno}: a string that render() returns is markup")
    return found


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_only_one_module_makes_text_and_the_widgets_that_show_it(path):
    assert path.name == "plain_text.py" or offences(path) == []


@pytest.mark.parametrize(
    "code",
    [
        "from textual.widgets import Static",
        "from textual.widgets.option_list import Option",
        "from textual.content import Content",
        "from rich.text import Text",
        "Content(text)",
        "Content.assemble(text)",
        "self.notify(text)",
        "widget.border_title = text",
        "widget.tooltip = text",
        "def render(self): return text",
    ],
)
def test_the_rule_finds_what_breaks_it(tmp_path, code):
    path = tmp_path / "module.py"
    path.write_text(code)
    assert offences(path)


# What is drawn.


@against_hostile_text
def test_content_is_the_text_and_nothing_else(text):
    for content in (plain_text.plain(text), plain_text.plain(text, "bold"), plain_text.line("", (text, "bold"), "")):
        assert content.plain == printable(text)
        assert all(span.style == "bold" for span in content.spans)
    for widget in (plain_text.PlainText(text), plain_text.PlainLabel(text)):
        assert widget.content.plain == printable(text)
        assert not widget._render_markup


def said(text: str, width: int) -> list[str]:
    """Everything the map says in words, about a stream with that text in every field."""
    outcome = filled(Outcome, text, complete=False)
    # A hint has lines of its own.
    outcome = replace(outcome, failure=replace(outcome.failure, hint="a hint"))
    figures = SummaryBuilder().summary(None, complete=False)
    received, resolved = ExtentBuffer().received(), filled(ResolvedQuery, text)
    frame, running = (
        Frame(received, figures, outcome, is_running, resolved.query, text) for is_running in (False, True)
    )
    lines = [header_line(resolved, "delta", frame, width), *(text for text, _ in problem_report(frame))]
    lines += [status_line(one, width, notice, text) for one in (frame, running) for notice in ("", text)]
    return [content.plain for content in lines]


@against_hostile_text
def test_nothing_the_map_says_hands_hostile_text_on(text):
    for width in (40, 200):
        lines = said(text, width)
        assert len(lines) == len(said("harmless", width))
        assert not [line for line in lines if forbidden_in(line) or "\n" in line]


# Screens. What a click on any cell would do stands in the style of what is drawn there.


def clickable(pilot) -> list[str]:
    """Texts on the screen that would run an action."""
    strips = screen_strips(pilot.app.screen)
    segments = [segment for strip in strips for segment in strip]
    return [
        segment.text for segment in segments if segment.style and ("@click" in segment.style.meta or segment.style.link)
    ]


def assert_plain(pilot) -> None:
    """Nothing to click on that is not ours, nothing a terminal would obey, and no line longer or shorter than it is."""
    text = shown(pilot.app)
    assert not forbidden_in(text)
    assert clickable(pilot) == []
    assert len(text.splitlines()) == pilot.app.size.height


def problem(dialog: ExportScreen) -> str:
    """What the dialog says is wrong."""
    return dialog.query_one("#problem").content.plain


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """An empty working directory and home; the folders that must stay as they are."""
    work, home = tmp_path / "work", tmp_path / "home"
    for folder in (work, home):
        folder.mkdir()
    (home / ".bashrc").write_text("precious")
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(home))
    yield work, home
    assert list(work.iterdir()) == []
    assert {path.name: path.read_text() for path in home.iterdir()} == {".bashrc": "precious"}


def saved(path: Path, name: str) -> Path:
    """The hostile document with another text in each of its names."""
    document = json.loads(DOCUMENT.read_bytes())
    for part in (document["snapshot"], document["base"]):
        part.update({"namespace": name, "name": name, "persistentVolumeClaim": name})
    document["driver"] = document["error"]["message"] = document["error"]["hint"] = name
    path.write_text(json.dumps(document))
    return path


NAMES = {"markup": MARKUP, "escapes": ESCAPES}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_document_writes_no_file_wherever_one_clicks(homes, tmp_path, name):
    path = saved(tmp_path / "hostile.json", name)
    with path.open("rb") as file:
        saved_stream = open_document(file, path.name)
        loader = Loader(OpenStream(saved_stream.resolved, saved_stream, saved_stream.operation))
        loader.start()
        loader.wait_until_ended()

        async def steps(pilot, screen):
            assert_plain(pilot)
            await press(pilot, "v")
            assert_plain(pilot)
            await press(pilot, "escape", "e")
            dialog = pilot.app.screen
            assert isinstance(dialog, ExportScreen)
            assert_plain(pilot)
            line = dialog.query_one("#path")
            assert not forbidden_in(line.value)
            # What cannot be written is named in the dialog; that was the text to click on.
            line.value = f"no/such/{line.value}"
            await press(pilot, "enter")
            await until(pilot, lambda: "No such file" in problem(dialog))
            assert_plain(pilot)
            region = dialog.query_one("#problem").region
            for y in range(region.y, region.bottom):
                for x in range(region.x + 1, region.right, 19):
                    await pilot.click(offset=(x, y))
            assert pilot.app.screen is dialog
            await press(pilot, "escape")
            assert_plain(pilot)

        drive(MapScreen(loader, None), steps, size=(80, 24))


@pytest.mark.parametrize("key", ["colon", "slash"])
def test_what_is_typed_into_a_prompt_is_never_markup(homes, key):
    async def steps(pilot, screen):
        for text in TYPED:
            await press(pilot, key)
            line = screen.query_one("#prompt-input")
            if len(text) < 5:
                await type_text(pilot, text)
            else:
                line.value = text
            assert line.value == text
            assert_plain(pilot)
            await press(pilot, "enter")
            # What is wrong with it is said, in its own words.
            assert screen.query_one("#prompt-problem").content.plain
            assert_plain(pilot)
            await press(pilot, "escape")
            assert pilot.app.bug is None

    drive(the_map(), steps)


def test_what_is_typed_as_a_files_name_is_never_markup(homes):
    async def steps(pilot, screen):
        await press(pilot, "e")
        dialog = pilot.app.screen
        for text in (*TYPED, ESCAPES):
            dialog.query_one("#path").value = f"no/such/{text}"
            await press(pilot, "enter")
            said = "cannot be displayed" if text == ESCAPES else "No such file"
            await until(pilot, lambda said=said: said in problem(dialog))
            assert_plain(pilot)
            await press(pilot, "tab", "down", "space", "shift+tab")
            assert_plain(pilot)

    drive(the_map(), steps)


def test_what_is_typed_into_the_palette_of_actions_is_never_markup(homes):
    async def steps(pilot, screen):
        await press(pilot, "ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        for text in ("[/x]", MARKUP):
            pilot.app.screen.query_one("CommandInput").value = text
            await until(pilot, lambda: "No matches" in shown(pilot.app))
            assert clickable(pilot) == []

    drive(the_map(), steps)


def hostile_entries(text: str) -> list:
    plain_entry = entry("one", 1)
    named = replace(
        plain_entry, ref=SnapshotRef(f"ns{text}", f"snap{text}"), claim=text, driver=text, handle=text, content=text
    )
    broken = replace(named, ref=SnapshotRef(f"ns{text}", f"broken{text}"), obstacle=text, ready=False)
    # Two objects of one name, and two names that look like one.
    alike = [replace(plain_entry, ref=SnapshotRef(*names)) for names in (("a/b", "c"), ("a", "b/c"), ("a", "b/c"))]
    return [plain_entry, named, broken, *alike]


@pytest.mark.parametrize("size", [(80, 24), (160, 40)], ids=str)
@pytest.mark.parametrize("text", ["[/x]" + MARKUP, ESCAPES], ids=["markup", "escapes"])
def test_hostile_names_are_listed_filtered_marked_and_opened(homes, text, size):
    async def steps(pilot, screen):
        assert_plain(pilot)
        assert "1 of 6" in shown(pilot.app)
        for _ in range(6):
            assert_plain(pilot)
            await press(pilot, "space", "down")
        await press(pilot, "N")
        assert_plain(pilot)
        await press(pilot, "escape", "C")
        assert_plain(pilot)
        await press(pilot, "escape", "o", "o")
        assert_plain(pilot)
        await press(pilot, "o", "o", "o", "b", "slash")
        screen.query_one("#prompt-input").value = text
        assert_plain(pilot)
        await press(pilot, "enter")
        assert_plain(pilot)
        await press(pilot, "escape", "g")
        await press(pilot, *["down"] * 5)
        assert screen.current.ref.name == f"snap{text}"
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        assert_plain(pilot)

    backend = ScriptedBackend(hostile_entries(text), context=text)
    drive(BrowseScreen(backend, hostile_entries(text)), steps, size=size)


def test_no_action_writes_a_picture_to_a_path(homes):
    async def steps(pilot, screen):
        for where in ("'.bashrc', '..'", "'x.svg'", ""):
            await pilot.app.run_action(f"app.screenshot({where})")
        commands = list(pilot.app.get_system_commands(screen))
        assert not [command for command in commands if "screenshot" in command.title.lower()]
        # Textual reads titles and help of commands as markup: they are ours.
        for text in [text for command in commands for text in (command.title, command.help)]:
            read = Content.from_markup(text)
            assert (read.plain, read.spans) == (text, []), text

    drive(the_map(), steps)


def test_every_title_replaces_the_one_before_and_the_same_one_draws_nothing_again():
    titles = ["[x]", r"\[x]", r"\\[x]", "[/x]", "[ x", r"\[ x", "x]", "", "[x]"]

    async def steps(pilot, screen):
        widget = screen.query_one(MapView)
        for title in titles:
            plain_text.set_title(widget, title)
            plain_text.set_subtitle(widget, f"{title}.")
            await pilot.pause()
            text = shown(pilot.app)
            assert f"╭─ {title} ─" in text or not title
            assert f"─ {title}. ─" in text
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(widget, "refresh", lambda *args, **options: pytest.fail("drawn again"))
                plain_text.set_title(widget, title)
                plain_text.set_subtitle(widget, f"{title}.")

    drive(the_map(), steps)
