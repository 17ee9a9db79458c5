"""Engraved pages as PDF, with lines as vectors and words as text.

svglib was tried in its place: it takes nine times as long, renders the page less exactly and has no
fallback font. `tests/benchmarks/compare_libraries.py` prints the comparison.
"""

import io
import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bachbot.scores.engraving import fonts
from bachbot.scores.engraving.svg import SVG, XLINK

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.pdfgen.pathobject import PDFPathObject

_POINTS_PER_MM = 72 / 25.4
_TRANSFORM = re.compile(r"(translate|scale|rotate|matrix)\(([^)]*)\)")
_PATH = re.compile(r"([MmLlHhVvCcSsQqTtZz])|([-+]?(?:\d*\.\d+|\d+\.?)(?:[eE][-+]?\d+)?)")
_OPERANDS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}

Segment = tuple[str, tuple[float, ...]]
"""``M``, ``L``, ``C`` or ``Z`` and its points, in absolute coordinates."""


def pdf_bytes(pages: Sequence[str], *, title: str = "") -> bytes:
    """Write engraved pages to one PDF.

    Verovio's SVG has only lines, outlines and text; each is drawn in turn. The same pages give the
    same bytes.

    Parameters
    ----------
    pages : sequence of str
        SVG of `bachbot.scores.engraving.engrave.engrave`.
    title : str
        Title in the document properties.
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    canvas.setCreator("bachbot")
    for bold, italic, fallback in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1)):
        # Fonts are cached, but each file has its own subset of them: register them again.
        pdfmetrics.registerFont(fonts.font(bool(bold), bool(italic), bool(fallback)))
    for number, page in enumerate(pages):
        _Drawing(canvas, ElementTree.fromstring(page), f"p{number}").draw()
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


class _Drawing:
    """Draws one SVG page on a canvas."""

    def __init__(self, canvas: "Canvas", root: Element, name: str) -> None:
        self.canvas = canvas
        self.root = root
        self.name = name
        self.glyphs = {
            element.get("id", ""): element for element in root.iterfind(f"{SVG}defs/{SVG}g")
        }

    def draw(self) -> None:
        inner = self.root.find(f"{SVG}svg")
        wide, high = (
            float(self.root.get(side, "0mm").removesuffix("mm")) * _POINTS_PER_MM
            for side in ("width", "height")
        )
        self.canvas.setPageSize((wide, high))
        if inner is None:
            return
        scale = wide / float(inner.get("viewBox", "0 0 1 1").split()[2])
        self._make_forms()
        # The y axis of SVG points down, that of PDF up.
        self.canvas.transform(scale, 0, 0, -scale, 0, high)
        for child in inner:
            self._element(child)

    def _make_forms(self) -> None:
        """Store each glyph of the music font once, for repeated use."""
        for identity, glyph in self.glyphs.items():
            self.canvas.beginForm(self.name + identity, -10000, -10000, 10000, 10000)
            for child in glyph:
                self._element(child)
            self.canvas.endForm()

    def _element(self, element: Element) -> None:
        if "placeholder" in element.get("class", "").split():
            return
        self.canvas.saveState()
        for matrix in parse_transforms(element.get("transform", "")):
            self.canvas.transform(*matrix)
        tag = element.tag.removeprefix(SVG)
        if tag == "g":
            for child in element:
                self._element(child)
        elif tag == "use":
            name = element.get(f"{XLINK}href", element.get("href", "")).removeprefix("#")
            if name in self.glyphs:
                self.canvas.doForm(self.name + name)
        elif tag == "text":
            self._text(element)
        elif tag in ("path", "rect", "polygon", "polyline", "ellipse"):
            self._shape(tag, element)
        self.canvas.restoreState()

    def _text(self, element: Element) -> None:
        text = element.text or ""
        size = float(element.get("font-size", "0").removesuffix("px"))
        bold = element.get("font-weight") == "bold"
        italic = element.get("font-style") == "italic"
        share = {"middle": 0.5, "end": 1.0}.get(element.get("text-anchor", "start"), 0.0)
        x = float(element.get("x", "0")) - share * fonts.text_width(text, size, bold, italic)
        self.canvas.translate(x, float(element.get("y", "0")))
        self.canvas.scale(1, -1)
        line = self.canvas.beginText(0, 0)
        for face, part in fonts.split_by_font(text, bold, italic):
            line.setFont(face.fontName, size)
            line.textOut(part)
        self.canvas.drawText(line)

    def _shape(self, tag: str, element: Element) -> None:
        path = self.canvas.beginPath()
        if tag == "path":
            _draw_path(path, parse_path(element.get("d", "")))
        elif tag in ("polygon", "polyline"):
            points = [float(n) for n in re.split(r"[\s,]+", element.get("points", "").strip())]
            pairs = list(zip(points[::2], points[1::2], strict=True))
            path.moveTo(*pairs[0])
            for pair in pairs[1:]:
                path.lineTo(*pair)
            if tag == "polygon":
                path.close()
        else:
            names = ("x", "y", "width", "height") if tag == "rect" else ("cx", "cy", "rx", "ry")
            a, b, c, d = (float(element.get(name, "0")) for name in names)
            if tag == "rect":
                path.rect(a, b, c, d)
            else:
                path.ellipse(a - c, b - d, 2 * c, 2 * d)
        thick = float(element.get("stroke-width", "0"))
        self.canvas.setLineWidth(thick)
        self.canvas.setLineCap(1 if element.get("stroke-linecap") == "round" else 0)
        self.canvas.setLineJoin(1 if element.get("stroke-linejoin") == "round" else 0)
        dashes = element.get("stroke-dasharray")
        if dashes:
            self.canvas.setDash([float(n) for n in re.split(r"[\s,]+", dashes.strip())])
        filled = element.get("fill") not in ("none", "transparent")
        filled = filled and element.get("fill-opacity") != "0"
        self.canvas.drawPath(path, stroke=int(thick > 0), fill=int(filled))


def parse_transforms(text: str) -> Iterator[tuple[float, float, float, float, float, float]]:
    """Yield the matrices of a ``transform`` attribute, the outermost first."""
    for kind, arguments in _TRANSFORM.findall(text):
        n = [float(a) for a in re.split(r"[\s,]+", arguments.strip())]
        if kind == "translate":
            yield 1, 0, 0, 1, n[0], n[1] if len(n) > 1 else 0
        elif kind == "scale":
            yield n[0], 0, 0, n[1] if len(n) > 1 else n[0], 0, 0
        elif kind == "rotate":
            cos, sin = math.cos(math.radians(n[0])), math.sin(math.radians(n[0]))
            x, y = n[1:3] if len(n) > 2 else (0.0, 0.0)
            yield cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y
        else:
            yield n[0], n[1], n[2], n[3], n[4], n[5]


def parse_path(text: str) -> Iterator[Segment]:
    """Parse path data into moves, lines, cubic curves and closings in absolute coordinates.

    Quadratic curves become the equivalent cubic ones. Arcs are not supported: verovio draws none.

    Examples
    --------
    >>> list(parse_path("M1 2h3v-1z"))
    [('M', (1.0, 2.0)), ('L', (4.0, 2.0)), ('L', (4.0, 1.0)), ('Z', ())]
    """
    x = y = 0.0
    start = (0.0, 0.0)
    control = (0.0, 0.0)
    before = ""
    for letter, n in _path_commands(text):
        kind = letter.upper()
        dx, dy = (x, y) if letter.islower() else (0.0, 0.0)
        points = [(n[i] + dx, n[i + 1] + dy) for i in range(0, len(n) - 1, 2)]
        mirrored = (2 * x - control[0], 2 * y - control[1])
        if kind == "Z":
            yield "Z", ()
            x, y = start
        elif kind in "MLHV":
            if kind in "HV":
                points = [(n[0] + dx, y) if kind == "H" else (x, n[0] + dy)]
            x, y = points[0]
            if kind == "M":
                start = points[0]
            yield ("M" if kind == "M" else "L"), points[0]
        else:
            if kind in "CS":
                handle = points[0] if kind == "C" else mirrored if before in "CS" else (x, y)
                curve = [handle, *points[-2:]]
                control = curve[1]
            else:
                handle = points[0] if kind == "Q" else mirrored if before in "QT" else (x, y)
                end = points[-1]
                curve = [_toward((x, y), handle), _toward(end, handle), end]
                control = handle
            x, y = curve[2]
            yield "C", tuple(value for point in curve for value in point)
        before = kind


def _toward(point: tuple[float, float], handle: tuple[float, float]) -> tuple[float, float]:
    """Return the point two thirds of the way from the end of a quadratic curve to its handle."""
    return (point[0] + 2 * (handle[0] - point[0]) / 3, point[1] + 2 * (handle[1] - point[1]) / 3)


def _path_commands(text: str) -> Iterator[tuple[str, list[float]]]:
    letter = ""
    numbers: list[float] = []
    for command, number in _PATH.findall(text):
        if command:
            letter, numbers = command, []
            if command in "Zz":
                yield command, []
        elif letter and letter not in "Zz":
            numbers.append(float(number))
            if len(numbers) == _OPERANDS[letter.upper()]:
                yield letter, numbers
                numbers = []
                # Further points after a move are lines.
                letter = {"M": "L", "m": "l"}.get(letter, letter)


def _draw_path(path: "PDFPathObject", data: Iterator[Segment]) -> None:
    for kind, points in data:
        if kind == "M":
            path.moveTo(*points)
        elif kind == "L":
            path.lineTo(*points)
        elif kind == "C":
            path.curveTo(*points)
        else:
            path.close()
