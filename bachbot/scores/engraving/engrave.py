"""Scores engraved by verovio, as SVG, PNG or PDF."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import Voice
from bachbot.errors import OutputError, ScoreError
from bachbot.scores.engraving import fonts
from bachbot.scores.engraving.page_size import A4, PageSize
from bachbot.scores.engraving.svg import Heading, finish_page
from bachbot.scores.musicxml.notes import Accidentals, add_accidental
from bachbot.scores.musicxml.parts import clef
from bachbot.scores.musicxml.two_staves import use_two_staves
from bachbot.scores.provenance import mark_png, mark_svg
from bachbot.scores.readers.part_reader import plain_number

if TYPE_CHECKING:
    import verovio

_MARGIN = 150
"""Of a page, in tenths of a millimeter."""
_MAX_HEIGHT = 60000
"""Tallest picture, in tenths of a millimeter."""
_PIXELS_WIDE = 1588
"""Width of A4 at 192 pixels an inch."""
_HEADING_LINE = 366 / 9
"""Height that verovio reserves for each placeholder line of the heading, in units."""
_HEADING_MARGIN = 2.0
"""Space below the heading, in units."""

_STAFF_LINE = re.compile(r'd="M(\d+) (\d+) L(\d+) \2"')
_MEASURE = re.compile(r'class="measure"')


def engraving_bytes(
    musicxml: str, suffix: str, *, staves: int = 4, marked: bool = True, page: PageSize = A4
) -> bytes:
    """Return an engraved score as the content of a file.

    Parameters
    ----------
    musicxml : str
        Partwise MusicXML.
    suffix : str
        ``".svg"`` or ``".png"``: one picture, as wide as the paper and as tall as the music, so
        that one file holds all of it; a PNG is 1588 pixels wide on white. ``".pdf"``: pages.
    staves : {2, 4}
        Two staves with two voices each, or one staff a voice.
    marked : bool
        Whether an SVG or PNG names bachbot; a PDF always does.
    page : PageSize
        Paper and size of the staves.

    Raises
    ------
    OutputError
        If the suffix is none of these, or the picture would be too tall.
    ScoreError
        If the score cannot be engraved.
    """
    if suffix == ".svg":
        svg = engrave(musicxml, staves=staves, page=page)[0]
        return (mark_svg(svg) if marked else svg).encode()
    if suffix == ".png":
        png = _render_png(engrave(musicxml, staves=staves, page=page)[0])
        return mark_png(png) if marked else png
    if suffix == ".pdf":
        from bachbot.scores.engraving.pdf import pdf_bytes

        title = Heading.from_musicxml(_parse(musicxml)).title
        pages = engrave(musicxml, staves=staves, paged=True, page=page)
        return pdf_bytes(pages, title=title)
    raise OutputError(f"'{suffix}' is not a format of engraving: use .svg, .png or .pdf")


def engrave(
    musicxml: str, *, staves: int = 4, paged: bool = False, page: PageSize = A4
) -> list[str]:
    """Engrave a score.

    Parameters
    ----------
    musicxml : str
        Partwise MusicXML.
    staves : {2, 4}
        Two staves with two voices each, or one staff a voice.
    paged : bool
        If true, pages of the paper; if false, one page as tall as the music.
    page : PageSize
        Paper and size of the staves.

    Returns
    -------
    list of str
        SVG, one for each page.

    Raises
    ------
    ScoreError
        If the score cannot be engraved.
    OutputError
        If the music is too tall for one picture.
    """
    root = _parse(musicxml)
    if staves == 2:
        use_two_staves(root)
    heading = Heading.from_musicxml(root)
    for tag in ("credit", "defaults"):
        for element in root.findall(tag):
            root.remove(element)
    _add_bracket_and_clefs(root)
    _add_accidentals(root)
    _space_tempos(root)
    _hyphenate(root)
    layout = _Layout(root, heading, page, paged)
    toolkit, best = layout.toolkit(page.units[0]), page.units[0]
    for unit in page.units[1:] if paged else ():
        if toolkit.getPageCount() == 1:
            break
        smaller = layout.toolkit(unit)
        if smaller.getPageCount() < toolkit.getPageCount():
            toolkit, best = smaller, unit
    if paged:
        toolkit = layout.balanced(toolkit, best)
    count = toolkit.getPageCount()
    if count > 1 and not paged:
        raise OutputError("the score is too long for one picture: write .pdf, which has pages")
    return [
        finish_page(
            toolkit.renderToSVG(number),
            heading if number == 1 else None,
            number if number > 1 else None,
        )
        for number in range(1, count + 1)
    ]


def _parse(musicxml: str) -> Element:
    if "<!ENTITY" in musicxml:
        raise ScoreError("the score defines XML entities: give MusicXML without them")
    try:
        root = ElementTree.fromstring(musicxml)
    except ElementTree.ParseError as error:
        raise ScoreError(f"the score is not XML ({error}): give partwise MusicXML") from error
    if root.tag != "score-partwise" or root.find("part/measure") is None:
        raise ScoreError("the score has no parts with bars: give partwise MusicXML")
    return root


def _add_bracket_and_clefs(root: Element) -> None:
    """Add the bracket and the clefs that the file leaves out."""
    parts = root.findall("part")
    listing = root.find("part-list")
    if listing is not None and listing.find("part-group") is None and len(parts) > 1:
        start = Element("part-group", {"number": "1", "type": "start"})
        SubElement(start, "group-symbol").text = "bracket"
        # Lyrics are printed between the staves, so bar lines do not connect them.
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
        voice = Voice(index) if len(parts) == len(Voice) else _voice_by_range(part)
        before = ("divisions", "key", "time", "staves", "part-symbol", "instruments")
        attributes.insert(sum(child.tag in before for child in attributes), clef(voice))


_LOWEST_IN_TREBLE = 3.6
"""Mean octave below which a part without a clef gets that of the bass."""


def _voice_by_range(part: Element) -> Voice:
    """The voice whose clef suits a part: soprano or bass."""
    octaves = [
        plain_number(octave.text) or 4 for octave in part.iterfind("measure/note/pitch/octave")
    ]
    low = octaves and sum(octaves) / len(octaves) < _LOWEST_IN_TREBLE
    return Voice.BASS if low else Voice.SOPRANO


def _add_accidentals(root: Element) -> None:
    """Add the accidentals that follow from the pitches but are not written in the file."""
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


def _space_tempos(root: Element) -> None:
    """Put a space between words and a metronome mark after them.

    Verovio does so itself, but not after words in bold.
    """
    for direction in root.iter("direction"):
        kinds = [kind for each in direction.findall("direction-type") for kind in each]
        for words, following in pairwise(kinds):
            if words.tag == "words" and following.tag == "metronome" and words.text:
                words.text = f"{words.text.rstrip()} "


def _hyphenate(root: Element) -> None:
    """Draw hyphens within a word, and the line of a melisma after its last syllable only."""
    for lyric in root.iter("lyric"):
        syllables = lyric.findall("syllabic")
        if syllables and (syllables[-1].text or "").strip() in ("begin", "middle"):
            for line in lyric.findall("extend"):
                lyric.remove(line)


@dataclass
class _Layout:
    """Lays out a score in systems and pages."""

    root: Element
    heading: Heading
    page: PageSize
    paged: bool

    def toolkit(self, unit: float, page_starts: Sequence[int] | None = None) -> "verovio.toolkit":
        """Load the score into verovio, broken into systems and pages.

        Parameters
        ----------
        unit : float
            Half a staff space.
        page_starts : sequence of int, optional
            Systems that begin a page. Default: as many on a page as it holds.
        """
        starts = _system_starts(self.root, unit, self.page)
        pages = [starts[system - 1] for system in page_starts or ()]
        set_system_breaks(self.root, starts, pages)
        lines = _reserve_heading(self.root, self.heading, unit)
        toolkit = _toolkit(
            unit=unit,
            pageWidth=self.page.width,
            pageHeight=self.page.height if self.paged else _MAX_HEIGHT,
            adjustPageHeight=not self.paged,
            justifyVertically=self.paged,
            breaks="line" if page_starts is None else "encoded",
            bottomMarginHeader=_HEADING_MARGIN
            + self.heading.height / (10 * unit)
            - lines * _HEADING_LINE / 10,
        )
        _load(toolkit, self.root)
        return toolkit

    def balanced(self, toolkit: "verovio.toolkit", unit: float) -> "verovio.toolkit":
        """The layout, or if its last page is emptier than need be, one of even pages."""
        pages = toolkit.getPageCount()
        if pages < 2:
            return toolkit
        counts = [toolkit.renderToSVG(n).count('class="system"') for n in range(1, pages + 1)]
        even = even_pages(counts)
        if even == counts:
            return toolkit
        starts = list(accumulate(even[:-1]))
        better = self.toolkit(unit, starts)
        return better if better.getPageCount() == pages else self.toolkit(unit)


def even_pages(counts: Sequence[int]) -> list[int]:
    """How many systems stand on each page if the last is not to be emptier than need be.

    Parameters
    ----------
    counts : sequence of int
        Systems on each page, each but the last as full as it can be.

    Returns
    -------
    list of int
        No page has more than it had, except the last, which has no more than any other.

    Examples
    --------
    >>> even_pages([4, 4, 1])
    [3, 3, 3]
    >>> even_pages([2, 3, 3])
    [2, 3, 3]
    """
    found = list(counts)
    while True:
        fullest = max(range(len(found) - 1), key=lambda page: (found[page], page), default=0)
        if found[fullest] - found[-1] < 2:
            return found
        found[fullest] -= 1
        found[-1] += 1


def _reserve_heading(root: Element, heading: Heading, unit: float) -> int:
    """Add placeholder lines as tall as the heading; return how many."""
    for old in root.findall("credit"):
        root.remove(old)
    listing = root.find("part-list")
    place = 0 if listing is None else list(root).index(listing)
    lines = int(heading.height / (_HEADING_LINE * unit))
    for _ in range(lines):
        credit = Element("credit", {"page": "1"})
        words = SubElement(credit, "credit-words", {"justify": "center", "valign": "top"})
        words.text = "."
        root.insert(place, credit)
    return lines


def _system_starts(root: Element, unit: float, page: PageSize) -> list[int]:
    """Return the measures that begin a system, so that systems are about equally full."""
    set_system_breaks(root, ())
    toolkit = _toolkit(
        unit=unit,
        pageWidth=100000,
        pageHeight=_MAX_HEIGHT,
        adjustPageWidth=True,
        breaks="none",
        header="none",
    )
    _load(toolkit, root)
    widths = measure_widths(toolkit.renderToSVG(1))
    # In inner coordinates, 100 to a millimeter. Each later system begins with the short part
    # names, a clef and the key signature.
    fifths = root.findtext("part/measure/attributes/key/fifths") or "0"
    signs = abs(int(fifths)) if fifths.strip("+-").isdigit() else 0
    later = 10 * unit * (8 + 7 + 2 * min(signs, 7))
    return break_into_systems(widths, 10.0 * (page.width - 2 * _MARGIN), 10 * unit * 17, later)


def _toolkit(**options: object) -> "verovio.toolkit":
    import verovio

    # Verovio would print warnings to standard error.
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    shared = {
        "inputFrom": "xml",
        "pageMarginLeft": _MARGIN,
        "pageMarginRight": _MARGIN,
        "pageMarginTop": _MARGIN,
        "pageMarginBottom": _MARGIN,
        "header": "encoded",
        "footer": "none",
        "svgViewBox": True,
        "smuflTextFont": "none",
        "lyricTopMinMargin": 3.0,
        # The default lets words of a dense line touch.
        "lyricWordSpace": 2.0,
        "xmlIdChecksum": True,
    }
    toolkit.setOptions(shared | options)
    return toolkit


def _load(toolkit: "verovio.toolkit", root: Element) -> None:
    if not toolkit.loadData(ElementTree.tostring(root, encoding="unicode")):
        raise ScoreError(
            "the score cannot be engraved: write .musicxml and open it in a notation program"
        )


def _render_png(svg: str) -> bytes:
    import resvg_py

    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=svg,
            background="white",
            dpi=96,  # needed to convert millimeters
            width=_PIXELS_WIDE,
            # Only the fonts that matplotlib ships, so that the picture is the same everywhere.
            skip_system_fonts=True,
            font_files=fonts.font_files(),
            font_family=fonts.FAMILY,
            serif_family=fonts.FAMILY,
        )
    except ValueError as error:
        raise OutputError(f"the picture cannot be drawn ({error}): write .svg or .pdf") from error
    return bytes(drawn)


def measure_widths(svg: str) -> list[float]:
    """Return the width of each measure of a page that verovio drew as one long system.

    Parameters
    ----------
    svg : str
        Verovio's page, drawn with ``breaks="none"`` and without justification.
    """
    widths = []
    for measure in _MEASURE.split(svg)[1:]:
        line = _STAFF_LINE.search(measure)
        widths.append(float(line[3]) - float(line[1]) if line else 0.0)
    return widths


def break_into_systems(
    widths: Sequence[float], room: float, first: float, later: float
) -> list[int]:
    """Break measures into the fewest systems that hold them, filled as evenly as possible.

    Minimizes the sum of the squared space left over by dynamic programming, as a paragraph is
    broken into lines (Knuth and Plass, "Breaking paragraphs into lines", 1981).

    Parameters
    ----------
    widths : sequence of float
        Natural width of each measure; the first includes its clef and signatures.
    room : float
        Width of the page.
    first, later : float
        Width that the first system, and each later one, needs before its first measure.

    Returns
    -------
    list of int
        Measures that begin a system, except the first.
    """
    count = len(widths)
    total = [0.0]
    for width in widths:
        total.append(total[-1] + width)
    # best[i], for the measures before i: number of systems, badness, start of the last system
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


def set_system_breaks(root: Element, starts: Sequence[int], pages: Sequence[int] = ()) -> None:
    """Set the breaks of a partwise score before the measures that begin a system or a page."""
    for index, part in enumerate(root.findall("part")):
        for number, measure in enumerate(part.findall("measure")):
            for old in measure.findall("print"):
                measure.remove(old)
            if index == 0 and number in starts:
                kind = "new-page" if number in pages else "new-system"
                measure.insert(0, Element("print", {kind: "yes"}))
