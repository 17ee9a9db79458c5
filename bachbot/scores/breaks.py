"""Where the systems of a page end."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

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
