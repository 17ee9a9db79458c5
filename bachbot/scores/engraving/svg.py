"""Verovio's SVG pages with plain text elements, a heading and page numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from bachbot.scores.engraving import fonts

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
UNITS_PER_MM = 100
"""Inner coordinates of a page to a millimeter."""

_BOLD = frozenset(("ending", "fing", "reh", "tempo"))
_ITALIC = frozenset(("dir", "dynam", "mNum"))
_MUSIC = range(0xE000, 0xF900)
"""Code points of SMuFL, the standard layout of music fonts."""
_MUSIC_EM = 1000
_BETWEEN = 0.3
"""Share of a space of text that stands between two music symbols."""


@dataclass(frozen=True)
class Heading:
    """Title and authors above the music.

    Parameters
    ----------
    title : str
        Centered.
    left, right : tuple of str
        Lines below the title: the part of a singer's page and authors of the words on the left,
        of the music on the right.
    """

    title: str = ""
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Height in inner coordinates."""
        lines = max(len(self.left), len(self.right))
        return (1000.0 if self.title else 0.0) + 480.0 * lines + (250.0 if lines else 0.0)

    @classmethod
    def from_musicxml(cls, root: Element) -> "Heading":
        """Read the heading of a partwise score."""
        title = root.findtext("work/work-title") or root.findtext("movement-title") or ""
        people: dict[str, list[str]] = {}
        for creator in root.findall("identification/creator"):
            name = " ".join((creator.text or "").split())
            if name:
                people.setdefault(creator.get("type", "composer"), []).append(name)
        words = [*people.get("lyricist", []), *people.get("poet", [])]
        left = [*people.get("part", []), *(f"Words: {name}" for name in words)]
        right = [*people.get("composer", []), *(f"arr. {n}" for n in people.get("arranger", []))]
        return cls(" ".join(title.split()), tuple(left[:2]), tuple(right[:3]))


@dataclass(frozen=True)
class _Run:
    text: str
    size: float
    bold: bool
    italic: bool

    @property
    def music(self) -> bool:
        return bool(self.text) and ord(self.text[0]) in _MUSIC

    @property
    def width(self) -> float:
        if self.music:
            return sum(_advance(letter) for letter in self.text) * self.size / _MUSIC_EM
        return fonts.text_width(self.text, self.size, self.bold, self.italic)


@dataclass(frozen=True)
class _Line:
    x: float
    y: float
    anchor: str
    runs: tuple[_Run, ...]


def finish_page(svg: str, heading: Heading | None, number: int | None) -> str:
    """Prepare a page of verovio for browsers, printers and other renderers.

    Nested text becomes plain ``text`` elements; music symbols within text become outlines, since
    no text font has them; sizes are in millimeters.

    Parameters
    ----------
    svg : str
        Verovio's page, with a view box.
    heading : Heading or None
        Put at the top, in the space that verovio left.
    number : int or None
        Page number, put at the bottom.

    Returns
    -------
    str
        SVG.
    """
    ElementTree.register_namespace("", SVG[1:-1])
    ElementTree.register_namespace("xlink", XLINK[1:-1])
    root = ElementTree.fromstring(svg)
    _, _, wide, high = (float(n) for n in root.get("viewBox", "0 0 0 0").split())
    root.set("width", f"{wide / 10:g}mm")
    root.set("height", f"{high / 10:g}mm")
    inner = root.find(f"{SVG}svg")
    margin = inner.find(f"{SVG}g[@class='page-margin']") if inner is not None else None
    if inner is None or margin is None:
        return svg
    inner.set("font-family", f"Times, 'Times New Roman', {fonts.FAMILY}, serif")
    for group in list(margin):
        if "pgHead" in group.get("class", ""):
            margin.remove(group)
    _flatten_text(margin, False, False)
    left, top = _translation(margin)
    room = 10 * wide - 2 * left
    if heading is not None:
        margin.extend(_draw_line(line) for line in _heading_lines(heading, room))
    if number is not None:
        run = _Run(str(number), 360, False, False)
        margin.append(_draw_line(_Line(room / 2, 10 * high - top - left / 2, "middle", (run,))))
    return ElementTree.tostring(root, encoding="unicode")


def _translation(group: Element) -> tuple[float, float]:
    found = re.match(r"translate\(([-\d.]+),\s*([-\d.]+)\)", group.get("transform", ""))
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def _heading_lines(heading: Heading, room: float) -> Iterator[_Line]:
    y = 0.0
    if heading.title:
        y = 600.0
        yield _Line(room / 2, y, "middle", (_fit(heading.title, 720, room, bold=True),))
        y += 330
    for left, right in zip(*_pad(heading.left, heading.right), strict=True):
        y += 480
        share = room if not (left and right) else 0.48 * room
        if left:
            yield _Line(0, y, "start", (_fit(left, 400, share),))
        if right:
            yield _Line(room, y, "end", (_fit(right, 400, share),))


def _pad(*columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    longest = max(map(len, columns))
    return ((*column, *[""] * (longest - len(column))) for column in columns)


def _fit(text: str, size: float, room: float, bold: bool = False) -> _Run:
    """Return a run, made smaller if it would be too long."""
    wide = fonts.text_width(text, size, bold)
    return _Run(text, size * min(1.0, room / wide) if wide else size, bold, False)


def _flatten_text(parent: Element, bold: bool, italic: bool) -> None:
    """Replace nested text elements below `parent` by plain ones."""
    classes = set(parent.get("class", "").split())
    bold = bold or bool(classes & _BOLD)
    italic = italic or bool(classes & _ITALIC)
    for index, child in reversed(list(enumerate(parent))):
        if child.tag == f"{SVG}text":
            parent.remove(child)
            for line in reversed(list(_lines(child, bold, italic))):
                parent.insert(index, _draw_line(line))
        elif child.tag == f"{SVG}title":
            parent.remove(child)
        else:
            _flatten_text(child, bold, italic)


def _lines(text: Element, bold: bool, italic: bool) -> Iterator[_Line]:
    """Yield the lines of a text element; a span with a position of its own begins a new line."""
    position = [0.0, 0.0]
    anchor = "start"
    runs: list[_Run] = []

    def finish_line() -> Iterator[_Line]:
        if any(run.text.strip() for run in runs):
            yield _Line(position[0], position[1], anchor, _join(runs))
        runs.clear()

    def visit(element: Element, size: float, bold: bool, italic: bool) -> Iterator[_Line]:
        nonlocal anchor
        if "x" in element.attrib or "y" in element.attrib:
            yield from finish_line()
            position[:] = [
                float(element.get(k, old)) for k, old in zip("xy", position, strict=True)
            ]
        anchor = element.get("text-anchor", anchor)
        size = float(element.get("font-size", f"{size}px").removesuffix("px"))
        weight, style = element.get("font-weight"), element.get("font-style")
        bold = weight == "bold" if weight else bold
        italic = style == "italic" if style else italic
        # White space around elements is indentation, not text.
        if element.text and (element.text.strip() or not len(element)):
            runs.extend(_split(re.sub(r"\s+", " ", element.text), size, bold, italic))
        for child in element:
            if child.tag == f"{SVG}tspan":
                yield from visit(child, size, bold, italic)

    yield from visit(text, 0, bold, italic)
    yield from finish_line()


def _split(text: str, size: float, bold: bool, italic: bool) -> Iterator[_Run]:
    """Separate music symbols from letters."""
    ends = "".join(map(chr, (_MUSIC.start, _MUSIC.stop - 1)))
    parts = re.split(f"([{ends[0]}-{ends[1]}]+)", text)
    for index, part in enumerate(parts):
        # The dot of a note follows it closely: a space between symbols is no space of text.
        between = 0 < index < len(parts) - 1 and not part.strip()
        if part:
            yield _Run(part, size * (_BETWEEN if between else 1.0), bold, italic)


def _join(runs: list[_Run]) -> tuple[_Run, ...]:
    """Join adjacent runs of one style and strip the ends, as SVG does."""
    joined: list[_Run] = []
    for run in runs:
        last = joined[-1] if joined else None
        if last and not (last.music or run.music) and _style(last) == _style(run):
            joined[-1] = _Run(last.text + run.text, run.size, run.bold, run.italic)
        else:
            joined.append(run)
    joined[0] = _Run(joined[0].text.lstrip(), *_style(joined[0]))
    joined[-1] = _Run(joined[-1].text.rstrip(), *_style(joined[-1]))
    return tuple(run for run in joined if run.text and run.size > 0)


def _style(run: _Run) -> tuple[float, bool, bool]:
    return run.size, run.bold, run.italic


def _draw_line(line: _Line) -> Element:
    """Return a text element, or a group of them if styles or fonts differ."""
    if len(line.runs) == 1 and not line.runs[0].music:
        return _text(line.x, line.y, line.anchor, line.runs[0])
    group = Element(f"{SVG}g")
    x = line.x - sum(run.width for run in line.runs) * {"middle": 0.5, "end": 1.0}.get(
        line.anchor, 0.0
    )
    for run in line.runs:
        if run.music:
            group.extend(_outlines(x, line.y, run))
        elif run.text.strip():
            group.append(_text(x, line.y, "start", run))
        x += run.width
    return group


def _text(x: float, y: float, anchor: str, run: _Run) -> Element:
    text = Element(f"{SVG}text", {"x": f"{x:g}", "y": f"{y:g}", "font-size": f"{run.size:g}px"})
    if anchor != "start":
        text.set("text-anchor", anchor)
    if run.bold:
        text.set("font-weight", "bold")
    if run.italic:
        text.set("font-style", "italic")
    # Keeps the spaces between runs.
    text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    text.text = run.text
    return text


def _outlines(x: float, y: float, run: _Run) -> Iterator[Element]:
    scale = run.size / _MUSIC_EM
    for letter in run.text:
        outline = _outline(letter)
        if outline:
            transform = f"translate({x:g}, {y:g}) scale({scale:g}, {-scale:g})"
            group = Element(f"{SVG}g", {"transform": transform})
            SubElement(group, f"{SVG}path", {"d": outline})
            yield group
        x += _advance(letter) * scale


def _music_font() -> Path:
    import verovio

    return Path(next(iter(verovio.__path__))) / "data"


@cache
def _advances() -> dict[str, float]:
    boxes = ElementTree.parse(_music_font() / "Leipzig.xml").getroot()
    return {g.get("c", ""): float(g.get("h-a-x", "0")) for g in boxes.iter("g")}


def _advance(letter: str) -> float:
    return _advances().get(f"{ord(letter):04X}", 0.0)


@cache
def _outline(letter: str) -> str:
    """Return the path of a music symbol, y upwards; empty if the font does not have it."""
    path = _music_font() / "Leipzig" / f"{ord(letter):04X}.xml"
    if not path.is_file():
        return ""
    found = ElementTree.parse(path).getroot().find(".//path")
    return "" if found is None else found.get("d", "")
