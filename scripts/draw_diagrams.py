"""Draw the diagrams that explain how kubectl-cbt talks to a cluster.

``python scripts/draw_diagrams.py`` rewrites them; a test compares. They are shown by GitHub on a light and on a dark
page, so each brings its own light ground and depends on nothing outside its file: no font, no style sheet, no script.

First the vocabulary: functions that return SVG and know of no diagram. Then the diagrams, one after the other; their
coordinates are pixels, and were found by looking. They stay in one file, as nothing else speaks that vocabulary.
"""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from kubectl_cbt.output.palettes import palette_named

DOCS = Path(__file__).resolve().parent.parent / "docs"

Point = tuple[float, float]
Span = tuple[float, float]

_WIDTH = 880
_SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

# The colours of the app's light theme and of its heat.
INK, QUIET, ACCENT = "#1d232b", "#62676f", "#1d5a99"
GROUND, PANEL, BORDER = "#fbfbf9", "#f3f2ee", "#b5b1a5"
ERROR, SUCCESS = "#b3261e", "#2e6b2a"
_WHITE = "#ffffff"
_CIVIDIS = palette_named("cividis").anchors
_UNREAD = palette_named("cividis").allocated(dark=False)
STREAMS = (_CIVIDIS[1], _CIVIDIS[4], _CIVIDIS[7])
_TUBE, _NOTE, _NOTE_EDGE, _GOLD = "#c9d9ec", "#fbf3cf", "#e1cc55", _CIVIDIS[8]


# The vocabulary.


def figure(title: str, subtitle: str, about: str, height: int, *shapes: str) -> str:
    """A whole file.

    Args:
        about: what the picture says, for those who cannot see it.
    """
    lines = (
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" role="img" font-family="{_SANS}">'
        ),
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(about)}</desc>",
        (
            '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><rect width="5" height="5" fill="{_WHITE}"/>'
            f'<rect width="1.6" height="5" fill="{QUIET}"/></pattern></defs>'
        ),
        box(0.5, 0.5, _WIDTH - 1, height - 1, fill=GROUND, stroke="#dcdad2", radius=10),
        text(24, 36, title, size=17, bold=True),
        text(24, 57, subtitle, fill=QUIET),
        *shapes,
        "</svg>",
    )
    return "\n".join(lines) + "\n"


def group(*shapes: str) -> str:
    """Shapes, the later ones above the earlier ones."""
    return "\n".join(filter(None, shapes))


def text(
    x: float, y: float, words: str, *, size: float = 12, fill: str = INK, anchor: str = "start", bold: bool = False
) -> str:
    """One line of text on the baseline ``y``; what stands between backticks is code."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}" text-anchor="{anchor}"{weight}>'
        f"{''.join(_pieces(words, size))}</text>"
    )


def _pieces(words: str, size: float) -> Iterable[str]:
    for number, piece in enumerate(words.split("`")):
        if number % 2:
            # Monospace looks larger than its neighbours.
            yield f'<tspan font-family="{escape(_MONO)}" font-size="{size * 0.94:g}">{escape(piece)}</tspan>'
        else:
            yield escape(piece)


def paragraph(
    x: float, y: float, *lines: str, size: float = 11, fill: str = QUIET, anchor: str = "start", bold: bool = False
) -> str:
    """Lines of text, the first one on the baseline ``y``."""
    baselines = (y + number * (size + 4) for number in range(len(lines)))
    return group(
        *(
            text(x, baseline, words, size=size, fill=fill, anchor=anchor, bold=bold)
            for baseline, words in zip(baselines, lines, strict=True)
        )
    )


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str = _WHITE,
    stroke: str = BORDER,
    radius: float = 6,
    dash: str = "",
) -> str:
    """A rectangle with round corners."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="{fill}" '
        f'stroke="{stroke}"{dashes}/>'
    )


def place(x: float, y: float, width: float, height: float, name: str) -> str:
    """Somewhere things run: a quiet box with its name in the corner."""
    return group(box(x, y, width, height, fill=PANEL, radius=8), paragraph(x + 12, y + 20, name))


def note(x: float, y: float, width: float, *lines: str) -> str:
    """A remark at the side."""
    ground = box(x, y, width, len(lines) * 15 + 11, fill=_NOTE, stroke=_NOTE_EDGE, radius=4)
    return group(ground, paragraph(x + 10, y + 17, *lines, fill=INK))


def line(points: Sequence[Point], *, stroke: str = INK, width: float = 1.4, dash: str = "") -> str:
    """A line through points, its corners rounded."""
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}" stroke-linejoin="round" '
        f'stroke-linecap="butt"{dashes}/>'
    )


def arrow(*points: Point, stroke: str = INK, width: float = 1.4, dash: str = "") -> str:
    """A line with a head at its last point. Its last stretch is level or upright."""
    (from_x, from_y), (x, y) = points[-2:]
    along_x, along_y = _sign(x - from_x), _sign(y - from_y)
    back_x, back_y = x - 8 * along_x, y - 8 * along_y
    corners = f"{x:g},{y:g} {back_x - 4 * along_y:g},{back_y - 4 * along_x:g}"
    head = f'<polygon points="{corners} {back_x + 4 * along_y:g},{back_y + 4 * along_x:g}" fill="{stroke}"/>'
    return group(line([*points[:-1], (back_x, back_y)], stroke=stroke, width=width, dash=dash), head)


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def lock(x: float, y: float) -> str:
    """A padlock around a point: here TLS begins or ends."""
    shackle = f"M{x - 3.5:g} {y - 1:g}v-3.5a3.5 3.5 0 0 1 7 0v3.5"
    return group(
        f'<path d="{shackle}" fill="none" stroke="{ACCENT}" stroke-width="1.8"/>',
        box(x - 6, y - 1, 12, 9, fill=ACCENT, stroke=ACCENT, radius=1.5),
    )


# From a laptop to the driver.

_TLS_Y = 324


def connecting() -> str:
    """Which processes there are, and how the stream passes through those that only carry it."""
    return figure(
        "From a laptop to the driver",
        "The API server is asked for objects and a token. Extents pass it encrypted, or not at all.",
        "kubectl cbt asks kube-apiserver for objects and a token. The stream of extents is gRPC over TLS, end to end "
        "from kubectl cbt to the sidecar: through a loopback port, kubectl port-forward and kube-apiserver, which only "
        "carry its bytes; or, in a pod, straight to the driver's Service.",
        488,
        _laptop(),
        _api_server(),
        _cluster(),
        _rest(),
        _direct(),
        _tube(),
        note(
            24,
            423,
            512,
            "TLS begins in `kubectl cbt` and ends in the sidecar; what carries it cannot read it.",
            "The certificate is checked against `spec.caCert`, for the name in `spec.address`.",
        ),
    )


def _laptop() -> str:
    return group(
        place(24, 76, 204, 328, "laptop"),
        box(38, 106, 176, 140),
        text(52, 129, "`kubectl cbt`", size=13, bold=True),
        paragraph(52, 151, "asks the API server,", "streams from the sidecar"),
        box(38, 304, 176, 84),
        text(52, 354, "`kubectl port-forward`", bold=True),
        paragraph(52, 372, "its child: carries bytes"),
    )


def _api_server() -> str:
    return group(
        box(418, 160, 118, 244),
        text(477, 184, "`kube-apiserver`", anchor="middle", bold=True),
        paragraph(477, 220, "reads objects", anchor="middle"),
        paragraph(477, 252, "makes tokens", anchor="middle"),
        paragraph(477, 352, "carries bytes", anchor="middle"),
    )


def _cluster() -> str:
    sidecar = ("`external-snapshot-metadata`", "sidecar")
    return group(
        place(580, 76, 276, 388, "cluster"),
        box(594, 106, 248, 52),
        paragraph(608, 126, "Service"),
        text(608, 145, "`csi-snapshot-metadata.rook-ceph:6443`", size=11),
        box(594, 196, 248, 254, fill=GROUND, radius=8),
        paragraph(608, 218, "Pod"),
        box(608, 232, 220, 122),
        paragraph(718, 255, *sidecar, size=12, fill=INK, anchor="middle", bold=True),
        paragraph(718, 295, "holds the certificate", anchor="middle"),
        box(608, 394, 220, 42),
        text(718, 420, "CSI driver", anchor="middle", bold=True),
        line([(718, 354), (718, 394)]),
        paragraph(728, 379, "unix socket"),
    )


def _rest() -> str:
    return group(
        text(238, 176, "`GET volumesnapshot,`", size=11),
        text(264, 191, "`its content,`", size=11),
        text(264, 206, "`snapshotmetadataservice`", size=11),
        arrow((214, 216), (418, 216)),
        text(238, 240, "`POST serviceaccounts/…/token`", size=10.5),
        arrow((214, 248), (418, 248)),
    )


def _direct() -> str:
    """Past everything; the Service leads it to the sidecar, where TLS ends as ever."""
    return group(
        arrow((214, 132), (594, 132), stroke=ACCENT, dash="6 4"),
        arrow((806, 158), (806, 232), stroke=ACCENT, dash="6 4"),
        text(404, 122, "direct: in a pod, `--connect direct`, `--address`", size=11, fill=ACCENT, anchor="middle"),
    )


def _tube() -> str:
    """Through everything that carries it, unbroken: a tube with the stream inside."""
    way: list[Point] = [(64, 226), (64, _TLS_Y), (660, _TLS_Y)]
    return group(
        line([(64, 225), *way[1:2], (661, _TLS_Y)], stroke=ACCENT, width=15),
        line(way, stroke=_TUBE, width=13),
        arrow(*way, stroke=ACCENT, width=1.6),
        lock(64, 214),
        lock(674, _TLS_Y - 1),
        text(82, 280, "`127.0.0.1:PORT`", size=11),
        text(323, 308, "gRPC over TLS, end to end", fill=ACCENT, anchor="middle", bold=True),
    )


# Who checks which credential.

_LANES = {"you": 82, "cbt": 236, "api": 452, "sidecar": 652, "driver": 798}


def tokens() -> str:
    """Where the login goes, where the token goes, and who looks at it when."""
    return figure(
        "A token for one audience",
        "The sidecar never sees your login: it gets a token that is of no use elsewhere.",
        "kubectl cbt asks kube-apiserver for a token of a ServiceAccount, bound to the sidecar's audience, and sends "
        "it inside its request to the sidecar. The sidecar has it reviewed when the stream starts, asks whether the "
        "account may get volumesnapshots in the namespace, and then asks the CSI driver. A resumed stream gets a fresh "
        "token.",
        604,
        _lanes(),
        _asking(),
        _reviewing(),
        _answering(),
        _token_notes(),
    )


def _lanes() -> str:
    names = {
        "you": ("you", "kubeconfig login"),
        "cbt": ("`kubectl cbt`", "on your laptop"),
        "api": ("`kube-apiserver`", ""),
        "sidecar": ("sidecar", "in the driver's pod"),
        "driver": ("CSI driver", ""),
    }
    return group(*(_lane(_LANES[lane], *words) for lane, words in names.items()))


def _lane(x: float, name: str, about: str) -> str:
    return group(
        line([(x, 120), (x, 584)], stroke=BORDER, dash="2 4"),
        box(x - 58, 76, 116, 44, fill=PANEL),
        text(x, 95 if about else 102, name, anchor="middle", bold=True),
        paragraph(x, 111, about, size=10.5, anchor="middle") if about else "",
    )


def _asking() -> str:
    return group(
        message(0, "you", "cbt", 156, "`kubectl cbt …`", carries="login"),
        message(
            1,
            "cbt",
            "api",
            206,
            "`TokenRequest`, 10 minutes",
            "ServiceAccount `shop/kubectl-cbt`|audience = `spec.audience`",
            carries="login",
        ),
        message(2, "api", "cbt", 278, "bound to that audience:", "no use elsewhere", carries="token", dash="5 4"),
        message(3, "cbt", "sidecar", 336, "`GetMetadataDelta`, TLS", "the token is in the message", carries="token"),
    )


def _reviewing() -> str:
    return group(
        message(4, "sidecar", "api", 386, "`TokenReview`", "is it for my audience?", carries="token"),
        message(5, "sidecar", "api", 442, "`SubjectAccessReview`", "may it get volumesnapshots|in namespace `shop`?"),
    )


def _answering() -> str:
    return group(
        message(6, "sidecar", "driver", 508, "`GetMetadataDelta`"),
        message(7, "driver", "sidecar", 558, "extents", dash="5 4"),
        message(0, "sidecar", "cbt", 558, "extents, message by message", dash="5 4"),
    )


def message(
    number: int, source: str, target: str, y: float, above: str, below: str = "", *, carries: str = "", dash: str = ""
) -> str:
    """An arrow between two lanes, what is asked above it and what that means below, where ``|`` begins a line.

    Args:
        number: shown where the arrow begins; 0 for none.
        carries: the credential that travels with it.
    """
    x, to_x = _LANES[source], _LANES[target]
    left = min(x, to_x) + 14
    return group(
        arrow((x, y), (to_x, y), dash=dash),
        text(left, y - 10, above, size=11),
        paragraph(left, y + 19, *below.split("|")) if below else "",
        _credential(max(x, to_x) - 42, y, carries) if carries else "",
        _number(x, y, number) if number else "",
    )


def _number(x: float, y: float, number: int) -> str:
    ground = box(x - 9, y - 9, 18, 18, fill=ACCENT, stroke=GROUND, radius=9)
    return group(ground, text(x, y + 4, f"{number}", size=11, fill=_WHITE, anchor="middle", bold=True))


def _credential(x: float, y: float, name: str) -> str:
    ground = {"login": _TUBE, "token": _GOLD}[name]
    return group(
        box(x - 21, y - 7.5, 42, 15, fill=ground, stroke=INK, radius=7.5),
        text(x, y + 3.5, name, size=10, anchor="middle"),
    )


def _token_notes() -> str:
    return group(
        note(24, 290, 152, "your own credentials", "never leave", "for the sidecar"),
        arrow((229, 558), (206, 558), (206, 206), (226, 206), stroke=ACCENT, dash="6 4"),
        note(24, 440, 152, "a resumed stream", "gets a fresh token"),
        line([(176, 460), (206, 460)], stroke=_NOTE_EDGE),
        line([(668, 374), (676, 374), (676, 472), (668, 472)], stroke=_NOTE_EDGE),
        note(688, 402, 168, "checked once,", "when the stream starts"),
    )


# A stream that breaks.

CHANGED = ((3, 9), (14, 20), (26, 42), (47, 52), (58, 64), (70, 74), (79, 84), (87, 90))
RECEIVED = (
    ((3, 9), (14, 20), (26, 36)),
    ((36, 42), (47, 52), (58, 64)),
    ((70, 74), (79, 84), (87, 90)),
)
"""Per cent of the capacity; what was received by stream, clipped."""


def resuming() -> str:
    """Three streams and a probe, and the one stream that is made of them."""
    return figure(
        "One stream out of three",
        "The volume from left to right, time from top to bottom. Each question brings a fresh token.",
        "The first stream is cut by the 10 minute limit. The second begins at the end of the last extent received; "
        "what its first extent tells again is clipped. It breaks too, and after a pause a third one reaches OK. Asked "
        "once more from the last end, the driver has nothing more: complete. Outputs see one stream, with two resumes.",
        588,
        _volume(),
        _first(),
        _second(),
        _pauses(),
        _third(),
        _probe(),
        _outputs(),
    )


def at(percent: float) -> float:
    """Where an offset is, given as a share of the capacity."""
    return 152 + 7 * percent


def extents(y: float, spans: Iterable[Span], fill: str) -> str:
    """Extents on a bar whose top is ``y``."""
    return group(*(extent(y, span, fill=fill, stroke=fill) for span in spans))


def extent(y: float, span: Span, *, fill: str, stroke: str) -> str:
    """One extent, a hair short of both ends: those that touch stay two."""
    start, end = (at(percent) for percent in span)
    return box(start + 1, y + 2.5, end - start - 2, 15, fill=fill, stroke=stroke, radius=0.5)


def bar(y: float, start: float, end: float, name: str, *about: str) -> str:
    """A stretch of the volume, in per cent, named at the left."""
    return group(
        box(at(start), y, at(end) - at(start), 20, radius=1),
        text(24, y + 10, name, bold=True),
        paragraph(24, y + 26, *about),
    )


def _volume() -> str:
    return group(
        bar(100, 0, 100, "volume", "and its changes"),
        extents(100, CHANGED, _UNREAD),
        paragraph(at(0), 93, "0"),
        paragraph(at(100), 93, "volume capacity", anchor="end"),
    )


def _first() -> str:
    return group(
        bar(160, 0, 36, "stream 1", "from 0"),
        extents(160, RECEIVED[0], STREAMS[0]),
        _break(160, 36, "10 minute limit", "`DEADLINE_EXCEEDED`, at an extent's end"),
        _taken_up(160, 236, 36),
        paragraph(at(36) - 8, 222, "asked again at once", anchor="end"),
        text(at(36) + 8, 222, "`starting_offset` = end of the last extent", size=11),
    )


def _second() -> str:
    return group(
        bar(236, 36, 64, "stream 2", "from the last end"),
        extents(236, RECEIVED[1], STREAMS[1]),
        extent(236, (31, 36), fill="url(#hatch)", stroke=QUIET),
        line([(at(36), 230), (at(36), 262)], stroke=ACCENT, width=2),
        paragraph(at(36), 274, "the first extent may begin before it: clipped", anchor="end"),
        _break(236, 64, "connection lost", "`UNAVAILABLE`"),
        _taken_up(236, 352, 64),
    )


def _break(y: float, percent: float, reason: str, about: str) -> str:
    x = at(percent)
    return group(
        line([(x, y - 4), (x, y + 24)], stroke=ERROR, width=2),
        text(x + 8, y + 7, reason, fill=ERROR, bold=True),
        paragraph(x + 8, y + 22, about),
    )


def _taken_up(y: float, to_y: float, percent: float) -> str:
    return line([(at(percent), y + 26), (at(percent), to_y - 6)], stroke=ACCENT, dash="3 3")


def _pauses() -> str:
    """The first pause is waited for; what the next ones would be is only outlined."""
    x, y = at(64) + 8, 292
    return group(
        paragraph(at(64) - 8, y + 12, "a pause, then asked from the last end", anchor="end"),
        _pause(x, y, 36, "0.5 s", fill=_NOTE),
        _pause(x + 42, y, 54, "1 s", dash="3 3"),
        _pause(x + 102, y, 84, "2 s", dash="3 3"),
        paragraph(x + 194, y + 12, "…"),
        paragraph(x, y + 34, "twice as long after each in vain"),
    )


def _pause(x: float, y: float, width: float, lasts: str, *, fill: str = GROUND, dash: str = "") -> str:
    ground = box(x, y, width, 18, fill=fill, radius=2, dash=dash)
    return group(ground, text(x + width / 2, y + 13, lasts, size=10, fill=QUIET if dash else INK, anchor="middle"))


def _third() -> str:
    return group(
        bar(352, 64, 90, "stream 3", "from the last end"),
        extents(352, RECEIVED[2], STREAMS[2]),
        line([(at(64), 346), (at(64), 378)], stroke=ACCENT, width=2),
        line([(at(90), 348), (at(90), 376)], stroke=SUCCESS, width=2),
        text(at(90) + 8, 359, "`OK`", fill=SUCCESS, bold=True),
        paragraph(at(90) - 8, 390, "before the capacity: was that all?", anchor="end"),
        line([(at(90), 378), (at(90), 414)], stroke=ACCENT, dash="3 3"),
    )


def _probe() -> str:
    y = 430
    return group(
        text(24, y, "probe", bold=True),
        paragraph(24, y + 16, "asked once more", "from the last end"),
        arrow((at(90), y), (at(100), y), stroke=ACCENT, dash="6 4"),
        text(at(95), y - 8, "?", fill=ACCENT, anchor="middle", bold=True),
        _answer(y - 16, "nothing more", "complete", SUCCESS),
        _answer(y + 22, "something more", "R8, fetched, exit 1", ERROR),
        line([(at(90) - 20, y + 38), (at(90) - 12, y + 38), (at(90) - 12, y), (at(90) - 20, y)], stroke=BORDER),
        line([(at(90) - 12, y), (at(90), y)], stroke=BORDER),
    )


def _answer(y: float, answer: str, verdict: str, color: str) -> str:
    right = at(90) - 20
    return group(
        box(right - 288, y, 288, 30, radius=4),
        paragraph(right - 276, y + 19, answer),
        arrow((right - 172, y + 15), (right - 146, y + 15), stroke=color),
        text(right - 134, y + 19, verdict, fill=color, bold=True),
    )


def _outputs() -> str:
    return group(
        line([(24, 500), (_WIDTH - 24, 500)], stroke="#dcdad2"),
        bar(520, 0, 100, "outputs", "see one clean", "stream"),
        *(extents(520, spans, color) for spans, color in zip(RECEIVED, STREAMS, strict=True)),
        text(at(0), 562, "`resumes: 2`, `complete: true`, and nothing told twice", size=11),
    )


DIAGRAMS = {"connecting.svg": connecting, "tokens.svg": tokens, "resuming.svg": resuming}


def diagrams() -> dict[str, str]:
    """SVG by file name."""
    return {name: draw() for name, draw in DIAGRAMS.items()}


if __name__ == "__main__":
    for name, diagram in diagrams().items():
        (DOCS / name).write_text(diagram, encoding="utf-8")
        print(f"drew docs/{name}")
