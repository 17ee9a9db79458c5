"""Figures as SVG inside a page, in colors for a light and a dark page.

matplotlib is loaded when the first figure is drawn.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BACH = "#0a0b0c"
"""Replaced by the text color of the page."""

FAINT = "#9aa0a6"
"""Grid lines and reference lines."""

COLORS = ("#2f7fd1", "#d9730d", "#2e9d6b", "#9a5fd0", "#c94f6d", "#8a8f3c")
"""Colors of everything that is not Bach's, in turn: legible on white and on black."""

_WIDTH = 9.2  # inches; the page scales it
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "grid.color": FAINT,
    "grid.alpha": 0.35,
    "grid.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), BACH
    ),
}


@dataclass(frozen=True)
class Figure:
    """A picture inside the page.

    Parameters
    ----------
    svg : str
        An ``<svg>`` element that refers to nothing outside itself.
    caption : str
        What it shows, for readers who cannot see it too.
    """

    svg: str
    caption: str


@dataclass
class Drawing:
    """Axes to draw on, and the picture that results.

    Parameters
    ----------
    axes : list of matplotlib Axes
        Row by row.
    svg : str
        An ``<svg>`` element, once the drawing is done.
    """

    axes: "list[Axes]" = field(default_factory=list)
    svg: str = ""


@contextmanager
def drawing(
    name: str, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> Iterator[Drawing]:
    """A drawing with one or more axes; `Drawing.svg` is set when the block ends.

    Parameters
    ----------
    name : str
        Unique within the page: it keeps the ids inside the drawings apart.
    height : float
        In inches; the width is 9.2.
    rows, columns : int
        How many axes.
    **options
        For matplotlib's ``subplots``.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        # Without pyplot: no window system, no global state, half the import time.
        figure = Canvas(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        found = Drawing(list(figure.subplots(rows, columns, squeeze=False, **options).flat))
        yield found
        buffer = io.BytesIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing)
    found.svg = inlined(buffer.getvalue().decode(), name)


def inlined(svg: str, name: str) -> str:
    """An SVG file as an element of a page.

    The name is put before its ids, so that no two figures share one; Bach's color becomes the text
    color of the page, which also sets the size.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(xlink:href|href)="#([^"]+)"', rf'\1="#{name}-\2"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r'^<svg[^>]*?\sviewBox="([^"]+)"[^>]*>', _opening, body, count=1)
    return body.replace(BACH, "currentColor").strip()


def _opening(match: re.Match[str]) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{match[1]}" role="img">'
    )
