"""Engraved scores: SVG, PNG and PDF, and where their systems end."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import Voice
from bachbot.errors import OutputError, ScoreError
from bachbot.files import write_whole
from bachbot.scores.engraving import fonts
from bachbot.scores.engraving.svg import Heading, finished
from bachbot.scores.layout import Layout
from bachbot.scores.musicxml.notes import Accidentals, add_accidental
from bachbot.scores.musicxml.parts import clef
from bachbot.scores.musicxml.two_staves import use_two_staves

if TYPE_CHECKING:
    import verovio

_STAFF_LINE = re.compile(r'd="M(\d+) (\d+) L(\d+) \2"')
_MEASURE = re.compile(r'class="measure"')


def measure_widths(svg: str) -> list[float]:
    """Width of each bar of a page that verovio drew in one endless system.

    Parameters
    ----------
    svg : str
        Page of verovio, drawn with ``breaks`` ``"none"`` and without justification.
    """
    widths = []
    for measure in _MEASURE.split(svg)[1:]:
        line = _STAFF_LINE.search(measure)
        widths.append(float(line[3]) - float(line[1]) if line else 0.0)
    return widths


def balanced(widths: Sequence[float], room: float, first: float, later: float) -> list[int]:
    """Cut bars into the fewest systems that hold them, filled as evenly as can be.

    Least squares of the room left over, by dynamic programming, as a paragraph is broken into
    lines (Knuth and Plass, "Breaking paragraphs into lines", 1981).

    Parameters
    ----------
    widths : sequence of float
        Natural width of each bar, the first one's clef and signatures included.
    room : float
        Width of the page.
    first, later : float
        What the first system, and each later one, needs before its first bar.

    Returns
    -------
    list of int
        Bars that begin a system, the first left out.
    """
    count = len(widths)
    total = [0.0]
    for width in widths:
        total.append(total[-1] + width)
    # best[i]: systems, badness and beginning of the last one, for the bars before i
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for stop in range(1, count + 1):
        choices = []
        for start in range(stop - 1, -1, -1):
            used = total[stop] - total[start] + (first if start == 0 else later)
            if used > room and start < stop - 1:
                break
            systems, badness, _ = best[start]
            choices.append((systems + 1, badness + (max(0.0, room - used) / room) ** 2, start))
        best.append(min(choices))
    starts = []
    stop = count
    while stop:
        stop = best[stop][2]
        starts.append(stop)
    return sorted(starts)[1:]


def mark(root: Element, starts: Sequence[int]) -> None:
    """Write system breaks before bars of a partwise score, in place of those it has."""
    for index, part in enumerate(root.findall("part")):
        for number, measure in enumerate(part.findall("measure")):
            for old in measure.findall("print"):
                measure.remove(old)
            if index == 0 and number in starts:
                measure.insert(0, Element("print", {"new-system": "yes"}))


_UNIT = 8.0
"""Half the space between two staff lines, in tenths of a millimeter: a staff of 6.4 mm."""
_SMALLER = (7.2, 6.6)
"""Units to try where a smaller staff saves a page."""
_WIDTH, _HEIGHT, _MARGIN = 2100, 2970, 150
"""A4 in tenths of a millimeter."""
_TALLEST = 60000
_PIXELS_WIDE = 1588
"""A4 at twice 96 pixels an inch."""
_HEAD_LINE = 366 / 9
"""Room that verovio gives each line that keeps the place of the heading, in units."""
_HEAD_MARGIN = 2.0
"""Room below the heading, in units."""


def engraving_bytes(musicxml: str, suffix: str, *, staves: int = 4) -> bytes:
    """Return an engraved score as the content of a file.

    Parameters
    ----------
    musicxml : str
        Partwise MusicXML.
    suffix : str
        ``".svg"`` or ``".png"``: one picture, as wide as A4 and as tall as the music, so that one
        file holds all of it; a PNG is 1588 pixels wide on white. ``".pdf"``: pages of A4.
    staves : {2, 4}
        Two staves with two voices each, or one staff a voice.

    Raises
    ------
    OutputError
        If the suffix is none of these, or the picture would be too tall.
    ScoreError
        If the score cannot be engraved.
    """
    if suffix == ".svg":
        return engrave(musicxml, staves=staves)[0].encode()
    if suffix == ".png":
        return _png(engrave(musicxml, staves=staves)[0])
    if suffix == ".pdf":
        from bachbot.scores.engraving.pdf import pdf_bytes

        title = Heading.of(_parsed(musicxml)).title
        return pdf_bytes(engrave(musicxml, staves=staves, paged=True), title=title)
    raise OutputError(f"'{suffix}' is not a format of engraving: use .svg, .png or .pdf")


def write_engraving(musicxml: str, path: Path, *, layout: Layout) -> None:
    """Write `engraving_bytes` to a file, whole or not at all."""
    content = engraving_bytes(musicxml, path.suffix.lower(), staves=layout.staves)
    write_whole(path, content)


def engrave(musicxml: str, *, staves: int = 4, paged: bool = False) -> list[str]:
    """Engrave a score.

    Parameters
    ----------
    musicxml : str
        Partwise MusicXML.
    staves : {2, 4}
        Two staves with two voices each, or one staff a voice.
    paged : bool
        Pages of A4, instead of one page as tall as the music.

    Returns
    -------
    list of str
        SVG, one a page.

    Raises
    ------
    ScoreError
        If the score cannot be engraved.
    OutputError
        If all of it is too tall for one page.
    """
    root = _parsed(musicxml)
    if staves == 2:
        use_two_staves(root)
    heading = Heading.of(root)
    for tag in ("credit", "defaults"):
        for element in root.findall(tag):
            root.remove(element)
    _complete(root)
    _show_accidentals(root)
    toolkit = _laid_out(root, heading, _UNIT, paged)
    if paged:
        for unit in _SMALLER:
            if toolkit.getPageCount() == 1:
                break
            smaller = _laid_out(root, heading, unit, paged)
            if smaller.getPageCount() < toolkit.getPageCount():
                toolkit = smaller
    count = toolkit.getPageCount()
    if count > 1 and not paged:
        raise OutputError("the score is too long for one picture: write .pdf, which has pages")
    return [
        finished(
            toolkit.renderToSVG(number),
            heading if number == 1 else None,
            number if number > 1 else None,
        )
        for number in range(1, count + 1)
    ]


def _parsed(musicxml: str) -> Element:
    if "<!ENTITY" in musicxml:
        raise ScoreError("the score defines XML entities: give MusicXML without them")
    try:
        root = ElementTree.fromstring(musicxml)
    except ElementTree.ParseError as error:
        raise ScoreError(f"the score is no XML ({error}): give partwise MusicXML") from error
    if root.tag != "score-partwise" or root.find("part/measure") is None:
        raise ScoreError("the score has no parts with bars: give partwise MusicXML")
    return root


def _complete(root: Element) -> None:
    """Give a score the bracket and the clefs that its file left to the reader."""
    parts = root.findall("part")
    listing = root.find("part-list")
    if listing is not None and listing.find("part-group") is None and len(parts) > 1:
        start = Element("part-group", {"number": "1", "type": "start"})
        SubElement(start, "group-symbol").text = "bracket"
        # Words stand between the staves of a choir: no bar line runs through them.
        SubElement(start, "group-barline").text = "no"
        listing.insert(0, start)
        SubElement(listing, "part-group", {"number": "1", "type": "stop"})
    for index, part in enumerate(parts):
        first = part.find("measure")
        if first is None or first.find("attributes/clef") is not None:
            continue
        attributes = first.find("attributes")
        if attributes is None:
            attributes = Element("attributes")
            first.insert(0, attributes)
        voice = Voice(index) if len(parts) == len(Voice) else Voice.SOPRANO
        before = ("divisions", "key", "time", "staves", "part-symbol", "instruments")
        attributes.insert(sum(child.tag in before for child in attributes), clef(voice))


def _show_accidentals(root: Element) -> None:
    """Write the accidentals that are heard but not shown: a file may leave them to the reader."""
    for part in root.findall("part"):
        fifths = 0
        for measure in part.findall("measure"):
            staves: dict[str, Accidentals] = {}
            for element in measure:
                signature = element.findtext("key/fifths")
                if element.tag == "attributes" and signature:
                    fifths, staves = int(signature), {}
                if element.tag == "note":
                    staff = element.findtext("staff") or "1"
                    add_accidental(element, staves.setdefault(staff, Accidentals(fifths)))


def _laid_out(root: Element, heading: Heading, unit: float, paged: bool) -> "verovio.toolkit":
    """Break a score into systems and pages."""
    mark(root, _system_starts(root, unit))
    lines = _keep_place(root, heading, unit)
    toolkit = _toolkit(
        unit=unit,
        pageHeight=_HEIGHT if paged else _TALLEST,
        adjustPageHeight=not paged,
        breaks="line",
        bottomMarginHeader=_HEAD_MARGIN + heading.height / (10 * unit) - lines * _HEAD_LINE / 10,
    )
    _load(toolkit, root)
    return toolkit


def _keep_place(root: Element, heading: Heading, unit: float) -> int:
    """Put lines where the heading will stand, as many as it holds, and count them."""
    for old in root.findall("credit"):
        root.remove(old)
    listing = root.find("part-list")
    place = 0 if listing is None else list(root).index(listing)
    lines = int(heading.height / (_HEAD_LINE * unit))
    for _ in range(lines):
        credit = Element("credit", {"page": "1"})
        words = SubElement(credit, "credit-words", {"justify": "center", "valign": "top"})
        words.text = "."
        root.insert(place, credit)
    return lines


def _system_starts(root: Element, unit: float) -> list[int]:
    """Bars that begin a system, so that all are about as full."""
    mark(root, ())
    toolkit = _toolkit(
        unit=unit,
        pageWidth=100000,
        pageHeight=_TALLEST,
        adjustPageWidth=True,
        breaks="none",
        header="none",
    )
    _load(toolkit, root)
    widths = measure_widths(toolkit.renderToSVG(1))
    # In the drawing's inner coordinates, ten to a tenth of a millimeter. Before the first bar of
    # a later system stand the short names, a clef and the key signature.
    fifths = root.findtext("part/measure/attributes/key/fifths") or "0"
    signs = abs(int(fifths)) if fifths.strip("+-").isdigit() else 0
    later = 10 * unit * (8 + 7 + 2 * min(signs, 7))
    return balanced(widths, 10.0 * (_WIDTH - 2 * _MARGIN), 10 * unit * 17, later)


def _toolkit(**options: object) -> "verovio.toolkit":
    import verovio

    # Its warnings go to the standard error; what matters is in the picture.
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    shared = {
        "inputFrom": "xml",
        "pageWidth": _WIDTH,
        "pageMarginLeft": _MARGIN,
        "pageMarginRight": _MARGIN,
        "pageMarginTop": _MARGIN,
        "pageMarginBottom": _MARGIN,
        "header": "encoded",
        "footer": "none",
        "svgViewBox": True,
        "smuflTextFont": "none",
        "lyricTopMinMargin": 3.0,
        "xmlIdChecksum": True,
    }
    toolkit.setOptions(shared | options)
    return toolkit


def _load(toolkit: "verovio.toolkit", root: Element) -> None:
    if not toolkit.loadData(ElementTree.tostring(root, encoding="unicode")):
        raise ScoreError("the score cannot be engraved: write .musicxml and look at it there")


def _png(svg: str) -> bytes:
    import resvg_py

    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=svg,
            background="white",
            dpi=96,  # else a size in millimeters is none
            width=_PIXELS_WIDE,
            # The fonts that come along, and no others: the same picture on every machine.
            skip_system_fonts=True,
            font_files=fonts.files(),
            font_family=fonts.FAMILY,
            serif_family=fonts.FAMILY,
        )
    except ValueError as error:
        raise OutputError(f"the picture cannot be drawn ({error}): write .svg or .pdf") from error
    return bytes(drawn)
