"""What a section of the report is put together from: paragraphs, tables and figures."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Parameters
    ----------
    body : str
        Plain text.
    fault : bool
        Whether it says that something is missing.
    """

    body: str
    fault: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Parameters
    ----------
    text : str
        What it says; empty where there is no figure.
    small : str
        A second line in small print, such as an interval.
    strong : bool
        Whether it is to be seen first.
    """

    text: str
    small: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """Figures in rows.

    Parameters
    ----------
    title : str
        What it shows, and of what.
    columns : sequence of str
        Heads; the first is that of the rows' names.
    rows : sequence of sequence of Cell
        As many cells each as there are columns; the first is the row's name. A row of one cell
        is a heading of those below it.
    note : str
        Units, and what a reader has to know.
    command : str
        What prints the same figures on a terminal; empty where nothing else does.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    command: str = ""

    @property
    def wordy(self) -> frozenset[int]:
        """Which columns hold words: they are set flush left, figures flush right."""
        return frozenset(
            index
            for index in range(len(self.columns))
            if any(any(map(str.isalpha, row[index].text)) for row in self.rows if len(row) > 1)
        )


@dataclass(frozen=True)
class Figure:
    """A picture that travels inside the page.

    Parameters
    ----------
    svg : str
        An ``<svg>`` element that refers to nothing outside itself.
    caption : str
        What it shows; it stands for the picture where that cannot be seen.
    """

    svg: str
    caption: str


Block = Text | Table | Figure


def three(value: float | None) -> str:
    """A figure in three decimals; nothing for None."""
    return "" if value is None else f"{value:.3f}"


def decimal(value: float | None, digits: int = 3) -> Cell:
    """A cell with a figure in so many decimals; empty for None."""
    return Cell("" if value is None else f"{value:.{digits}f}")


def with_interval(
    value: float | None, interval: Sequence[float | None], digits: int = 3, times: float = 1
) -> Cell:
    """A cell with a figure and below it the bounds of its interval; empty for None.

    Parameters
    ----------
    value : float or None
        The figure.
    interval : sequence of float or None
        Its two bounds.
    digits : int
        Decimals.
    times : float
        What all of them are multiplied by, such as 100 for a share in per cent.
    """
    if value is None:
        return Cell("")
    low, high = interval
    small = "" if low is None or high is None else _span(low * times, high * times, digits)
    return Cell(f"{value * times:.{digits}f}", small)


def _span(low: float, high: float, digits: int) -> str:
    return f"{low:.{digits}f} to {high:.{digits}f}"
