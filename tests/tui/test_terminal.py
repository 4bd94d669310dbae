"""The command on a pseudo-terminal, read by a terminal emulator: what a person sees, and is left with."""

import os
import re
import signal
from pathlib import Path

import pytest
from conftest import run_command, wait_for
from forwarding import standin
from pseudo_terminal import PATIENCE_SECONDS, Terminal

from kubectl_cbt.analysis.grid import HEAT_LEVELS
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.output.drawing.tones import LIGHT_TONES


@pytest.fixture
def terminal():
    opened = []

    def open_terminal(*arguments: str, **settings) -> Terminal:
        opened.append(Terminal(*arguments, **settings))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


def test_history_opens_the_timeline_and_prints_with_an_output_format(terminal, demo):
    shown = terminal("history", "data", KUBECONFIG=str(demo.kubeconfig))
    shown.wait_for("3 of 3 deltas")
    assert "default/data" in shown.text
    shown.press("q")
    assert shown.end() == 0
    assert shown.is_restored
    printed = terminal("history", "data", "-o", "csv", KUBECONFIG=str(demo.kubeconfig))
    assert printed.end() == 0
    assert "base,target" in printed.text


def test_history_of_the_demo_opens_the_timeline_and_q_leaves(terminal):
    shown = terminal("history", "postgres", "-n", "shop", "--demo")
    shown.wait_for("6 of 6 deltas complete")
    assert "shop/postgres" in shown.text
    shown.press("q")
    assert shown.end() == 0
    assert shown.is_restored
    assert shown.after_the_screen == b""


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "ctrl-c"])
def test_the_timeline_ends_at_once_while_a_port_forward_is_made(terminal, own_demo, tmp_path, key):
    kubectl = standin(own_demo, tmp_path, {"until": str(tmp_path / "never")})
    shown = terminal("history", "data", **kubectl.command_environment(own_demo))
    shown.wait_until(lambda: bool(kubectl.calls), "the port-forward")
    shown.wait_for("0 of 3 deltas complete")
    shown.press(key)
    assert shown.end() == 0
    assert shown.is_restored


def test_the_largest_run_is_found_exported_and_opened_again(terminal, demo, tmp_path):
    # On a terminal of 256 colours, where each level has one of its own.
    shown = terminal("delta", "pg-mon", "pg-tue", "-n", "shop", COLORTERM="", KUBECONFIG=str(demo.kubeconfig))
    assert "pg-mon → pg-tue" in shown.wait_for("complete")
    shown.wait_for("100 % log")

    def heat_grounds() -> list[str]:
        return [ground for ground in shown.grounds_between("trace ", " 100 %") if ground != shown.ground_of("trace ")]

    # The texts of a screen may arrive before its colors.
    shown.wait_until(lambda: len(set(heat_grounds())) == HEAT_LEVELS, "a color for each level")
    assert len(heat_grounds()) == HEAT_LEVELS
    assert b"8;2;" not in shown.written
    assert "changed 5.3 GiB" in shown.text
    shown.press("s")
    shown.wait_for("900 MiB at 116 GiB")
    shown.press("1s")
    shown.wait_for("0x1d_0000_0000")
    shown.press("e")
    shown.wait_for("the run at the cursor: 900 MiB")
    # The name, over the one that is suggested; then which form; then what, the second of the two ranges.
    path = tmp_path / "largest.json"
    shown.press("\x15")
    shown.wait_until(lambda: "pg-mon..pg-tue" not in shown.text, "an empty line")
    shown.press(str(path))
    shown.wait_for("largest.json")
    for key, text in (("\t", "JSON    same"), ("\t", "everything"), ("\x1b[B", "the run at")):
        quiet = shown.ground_of(text)
        shown.press(key)
        shown.wait_until(lambda text=text, quiet=quiet: shown.ground_of(text) != quiet, text)
    shown.press(" ")
    shown.wait_for("(●) the run at the cursor")
    shown.press("\r")
    shown.wait_for("wrote")
    shown.press("q")
    assert shown.end() == 0
    assert shown.is_restored
    again = terminal("open", str(path))
    assert "1 extent in 1 run" in again.wait_for("complete")
    assert "changed ≥ 900 MiB" in again.text
    again.press("q")
    assert again.end() == 0
    assert again.is_restored


@pytest.mark.parametrize("way_out", ["q", "\x03"], ids=["q", "Ctrl-C"])
def test_leaving_while_a_stream_runs_restores_the_terminal_and_exits_0(terminal, way_out):
    shown = terminal("delta", "scratch-1", "scratch-2", "-n", "vms", "--demo", columns=80, rows=24)
    shown.wait_for("of 16 TiB")
    shown.press(way_out)
    assert shown.end() == 0
    assert shown.is_restored
    assert re.fullmatch(
        rb"warning: the map of delta scratch-1 . scratch-2 is incomplete: known up to [0-9.]+ .iB of 16 TiB;"
        rb" the stream was running",
        shown.after_the_screen.replace("→".encode(), b"."),
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)])
def test_a_signal_restores_the_terminal(terminal, demo, number, code):
    shown = terminal("delta", "snap-a", "snap-b", installed=True, KUBECONFIG=str(demo.kubeconfig))
    shown.wait_for("complete")
    shown.process.send_signal(number)
    # The kernel sends it too when a terminal is closed.
    shown.process.send_signal(signal.SIGCONT)
    assert shown.end() == code
    assert shown.is_restored
    assert shown.written.count(b"\x1b[?1049h") == 1


GONE = {
    "unread, then SIGHUP": ("browse", "gG", signal.SIGHUP, False),
    "unread, then SIGTERM and closed": ("browse", "gG", signal.SIGTERM, True),
    "unread, then closed": ("browse", "gG", None, True),
    "closed while a stream runs": ("delta", "", None, True),
}


def test_a_terminal_that_is_gone_or_read_by_nobody_ends_the_command(terminal, demo):
    """All at once: what takes longest is the time that a terminal has to read what is to be read."""
    settings = {"KUBECONFIG": str(demo.kubeconfig), "columns": 200, "rows": 60, "installed": True}
    opened = {}
    for case, (verb, _, _, _) in GONE.items():
        names = ("scratch-1", "scratch-2", "-n", "vms") if verb == "delta" else ()
        opened[case] = terminal(verb, *names, **settings)
    for case, (verb, keys, number, closed) in GONE.items():
        shown = opened[case]
        shown.wait_for("all namespaces" if verb == "browse" else "of 16 TiB")
        if keys:

            def is_enough(shown=shown, keys=keys):
                # Keys that arrive together are drawn once.
                shown.press(keys)
                return shown.waiting_bytes() > 2000

            wait_for(is_enough, f"{case}: enough that nobody reads")
        if number is not None:
            shown.process.send_signal(number)
        if closed:
            shown.hang_up()
    for case, (_, _, number, _) in GONE.items():
        code = opened[case].process.wait(PATIENCE_SECONDS)
        # Closing sends a signal too, to the leader of the session.
        assert code in {128 + (number or signal.SIGHUP), 128 + signal.SIGHUP}, case


def test_a_stream_is_stopped_and_what_came_is_kept(terminal):
    shown = terminal("delta", "scratch-1", "scratch-2", "-n", "vms", "--demo", columns=80, rows=24)
    shown.wait_for("of 16 TiB")
    shown.press("x")
    assert "stopped" in shown.wait_for("INCOMPLETE at")
    assert "╱╱╱╱" in shown.text
    shown.press("q")
    assert shown.end() == 0
    assert shown.after_the_screen.endswith(b"of 16 TiB; stopped")


def test_from_the_snapshots_to_a_map_and_back(terminal, demo):
    shown = terminal(installed=True, KUBECONFIG=str(demo.kubeconfig), columns=140)
    shown.wait_for("all namespaces")
    for keys, text in (
        ("/", "words of namespace"),
        ("win\r", "filter: win"),
        (" ", "marked: win-0900 ·"),
        ("j", "▸  win-1000"),
        (" ", "marked: win-0900 and win-1000"),
    ):
        shown.press(keys)
        shown.wait_for(text)
    shown.press("\r")
    assert "win-0900 → win-1000" in shown.wait_for("context demo   ")
    shown.wait_for("complete")
    shown.press("\x1b")
    shown.wait_for("all namespaces")
    shown.press("q")
    assert shown.end() == 0
    assert shown.is_restored
    assert not shown.after_the_screen


def test_a_document_from_standard_input_is_shown_with_keys_from_the_terminal(terminal, demo, tmp_path):
    path = tmp_path / "delta.ndjson"
    path.write_text(run_command("delta", "snap-a", "snap-b", "-o", "ndjson", cluster=demo).stdout)
    with path.open("rb") as file:
        shown = terminal("open", "-", stdin=file)
    assert "snap-a → snap-b" in shown.wait_for("complete")
    shown.press("q")
    assert shown.end() == 0
    assert shown.is_restored


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("delta", "snap-a", "nope"), 'volumesnapshots.snapshot.storage.k8s.io "nope" not found'),
        (("delta", "snap-a", "snap-b", "--token-file", "/nonexistent"), "token file /nonexistent"),
        (("delta", "snap-a", "snap-b", "--context", "demo-admin"), "accepts only tokens of ServiceAccounts"),
        (("open", "/nonexistent.json"), "/nonexistent.json cannot be opened: No such file"),
        (("open", str(Path(__file__))), "is text of an unknown kind, which cannot be opened"),
        (("browse", "--context", "nope"), 'context "nope" does not exist'),
        (("browse", "--context", "demo-nobody"), "Forbidden"),
        (("browse", "-o", "json"), "browse needs a terminal, and does not accept -o"),
        (("delta", "snap-a", "snap-b", "--palette", "rainbow"), "not one of cividis"),
        (("delta", "snap-a", "snap-b", "--scale", "cubic"), "not one of log, linear, relative"),
    ],
)
def test_what_fails_before_the_screen_opens_is_an_error_like_any_other(terminal, demo, arguments, message):
    shown = terminal(*arguments, KUBECONFIG=str(demo.kubeconfig), columns=200)
    assert shown.end() in (1, 2)
    assert message in shown.text
    assert "Traceback" not in shown.text
    assert b"\x1b[?1049h" not in shown.written


def test_the_map_starts_in_the_theme_of_the_flag(terminal, demo):
    shown = terminal("delta", "snap-a", "snap-b", "--theme", "light", KUBECONFIG=str(demo.kubeconfig))
    shown.wait_for("complete")
    assert shown.ground_of("snap-a → snap-b") == LIGHT_TONES.background.removeprefix("#")
    shown.press("q")
    assert shown.end() == 0


def test_the_map_and_the_summary_draw_heat_on_the_scale_of_the_flag(terminal, demo):
    delta, kubeconfig = ("delta", "pg-mon", "pg-tue", "-n", "shop"), str(demo.kubeconfig)
    shown = terminal(*delta, "--scale", "linear", KUBECONFIG=kubeconfig)
    shown.wait_for("100 % linear")
    shown.press("q")
    assert shown.end() == 0
    lines = []
    for scale in ("log", "linear"):
        summary = terminal(*delta, "-o", "summary", "--color", "never", "--scale", scale, KUBECONFIG=kubeconfig)
        assert summary.end() == 0
        lines += [line for line in summary.text.splitlines() if line.startswith("Map ")]
    log, linear = lines
    assert len(log) == len(linear)
    assert linear.count("▁") > log.count("▁") > 0


def test_a_stream_that_fails_at_once_opens_no_screen(terminal, own_demo):
    own_demo.services[PAGES_DRIVER].stop()
    shown = terminal("delta", "snap-a", "snap-b", KUBECONFIG=str(own_demo.kubeconfig))
    assert shown.end() == 1
    assert "error: " in shown.text
    assert b"\x1b[?1049h" not in shown.written


@pytest.mark.parametrize("how", ["NO_COLOR", "--color never", "TERM=xterm"])
def test_without_colours_the_map_is_made_of_glyphs(terminal, demo, how):
    environment = {"NO_COLOR": "1"} if how == "NO_COLOR" else {}
    if how == "TERM=xterm":
        environment |= {"TERM": "xterm", "COLORTERM": ""}
    flags = ("--color", "never") if how == "--color never" else ()
    shown = terminal("delta", "pg-mon", "pg-tue", "-n", "shop", *flags, KUBECONFIG=str(demo.kubeconfig), **environment)
    shown.wait_for("complete")
    shown.wait_until(lambda: all(glyph in shown.text for glyph in "░▒▓█"), "every glyph of heat")
    assert "▀" not in shown.text
    if how != "TERM=xterm":
        used = {
            int(number) for codes in re.findall(rb"\x1b\[([0-9;]+)m", shown.written) for number in codes.split(b";")
        }
        assert not used & {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}
    shown.press("q")
    assert shown.end() == 0


def test_a_terminal_that_shows_ascii_only_gets_the_summary_in_ascii_and_is_told_why(terminal, demo):
    not_utf_8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    cases = {
        "the locale's encoding is not UTF-8": (("delta", "snap-a", "snap-b"), not_utf_8),
        "TERM is not set": (("allocated", "snap-a"), {"TERM": ""}),
        "TERM is dumb": (("browse",), {"TERM": "dumb"}),
    }
    kubeconfig = str(demo.kubeconfig)
    opened = {
        reason: terminal(*arguments, KUBECONFIG=kubeconfig, columns=140, **environment)
        for reason, (arguments, environment) in cases.items()
    }
    for reason, shown in opened.items():
        code = shown.end()
        assert shown.written.isascii()
        assert b"\x1b[?1049h" not in shown.written
        assert "\\u" not in shown.text
        if cases[reason][0] == ("browse",):
            assert code == 2
            assert f"browse needs a terminal that shows more than ASCII: {reason}" in shown.text
            assert "list the snapshots with: kubectl cbt snapshots -A" in shown.text
        else:
            assert code == 0
            assert f"note: printing the summary instead of the map: {reason}" in shown.text
            assert re.search(r"^Map +\|[ _.:*#]+\|", shown.text, re.MULTILINE)
        # Colours, and a bar that moves, only where the terminal obeys; by its encoding alone it does.
        assert ("TERM" in cases[reason][1]) <= (b"\x1b" not in shown.written)


def test_without_a_keyboard_there_is_no_screen(terminal, demo, tmp_path):
    path = tmp_path / "delta.json"
    path.write_text(run_command("delta", "snap-a", "snap-b", "-o", "json", cluster=demo).stdout)
    for arguments in (("delta", "snap-a", "snap-b"), ("open", str(path))):
        with Path(os.devnull).open("rb") as nothing:
            shown = terminal(*arguments, stdin=nothing, KUBECONFIG=str(demo.kubeconfig))
        assert shown.end() == 0
        assert b"\x1b[?1049h" not in shown.written
        assert "Delta      snap-a → snap-b" in shown.text


def test_no_mouse_leaves_the_mouse_to_the_terminal(terminal, demo):
    for flags, takes_it in (((), True), (("--no-mouse",), False)):
        shown = terminal("delta", "snap-a", "snap-b", *flags, KUBECONFIG=str(demo.kubeconfig))
        shown.wait_for("complete")
        assert (b"\x1b[?1000h" in shown.written) is takes_it
        shown.press("q")
        assert shown.end() == 0
