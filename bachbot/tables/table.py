"""A table of results, and its renderers for Markdown and HTML."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from math import isinf, isnan
from typing import Any, Literal

Bounds = Sequence[float | None]
"""The two bounds of an interval; None where a bound is unknown."""

INTERVALS = "With each figure: its 95% bootstrap interval over pieces."
"""The note of a table whose figures have intervals."""


@dataclass(frozen=True)
class Cell:
    """A cell: a value, how it is written, and what goes with it.

    Parameters
    ----------
    value : str, float or None
        Text or a number; None and NaN leave the cell empty.
    format : str
        Format specification of a number, such as ``".3f"``.
    interval : sequence of float or None, optional
        Two bounds in the value's unit, written in its format.
    detail : str
        A second line in small print, such as the unit of a row.
    emphasis : bool
        Whether the value stands out.
    """

    value: str | float | None = None
    format: str = ""
    interval: Bounds | None = None
    detail: str = ""
    emphasis: bool = False

    @property
    def text(self) -> str:
        """The value as text; empty where there is none."""
        return _written(self.value, self.format)

    @property
    def interval_text(self) -> str:
        """The interval as ``"LOW to HIGH"``; empty where there is none."""
        if not self.text or self.interval is None:
            return ""
        low, high = (_written(bound, self.format) for bound in self.interval)
        return f"{low} to {high}" if low and high else ""

    @property
    def small_print(self) -> tuple[str, ...]:
        """The lines below the value: its interval and its detail, where it has them."""
        return tuple(line for line in (self.interval_text, self.detail) if line)


def number(
    value: float | None, digits: int = 3, interval: Bounds | None = None, **more: Any
) -> Cell:
    """A number with a fixed count of decimals.

    Parameters
    ----------
    value : float or None
        The number.
    digits : int
        Decimals.
    interval : sequence of float or None, optional
        Its two bounds.
    **more
        ``detail`` and ``emphasis`` of the `Cell`.
    """
    return Cell(value, f".{digits}f", interval, **more)


def percent(
    share: float | None, digits: int = 0, interval: Bounds | None = None, **more: Any
) -> Cell:
    """A share between 0 and 1 in percent, without the sign: the row or column names the unit."""
    scaled = None if interval is None else [None if b is None else 100 * b for b in interval]
    return number(None if share is None else 100 * share, digits, scaled, **more)


def _written(value: str | float | None, specification: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isnan(value):
        return ""
    return "infinite" if isinf(value) else f"{value:{specification}}"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    heading : str
        What it holds.
    unit : str
        The unit of its figures, a second line of the heading.
    align : {"right", "left"}
        Figures stand at the right, text at the left.
    explanation : str
        What a reader has to know, shown below the table; without a full stop.
    """

    heading: str
    unit: str = ""
    align: Literal["right", "left"] = "right"
    explanation: str = ""


Row = Sequence[Cell]
"""As many cells as there are columns. A row of one cell is a heading of the rows below it, an
empty row a gap."""


@dataclass(frozen=True)
class Table:
    """Figures in rows and columns.

    Parameters
    ----------
    title : str
        What it shows.
    columns : sequence of Column
        The first holds the names of the rows.
    rows : sequence of Row
        Their cells.
    notes : sequence of str
        Sentences below the table.
    command : str
        The command that prints the same table; empty where there is none.

    Raises
    ------
    ValueError
        If a row has neither as many cells as there are columns, nor one, nor none.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    command: str = ""

    def __post_init__(self) -> None:
        width = len(self.columns)
        wrong = next((row for row in self.rows if len(row) not in (0, 1, width)), None)
        if wrong is not None:
            raise ValueError(f"a row of '{self.title}' has {len(wrong)} cells, not {width}")

    @property
    def footnotes(self) -> tuple[str, ...]:
        """The explanations of the columns, then the notes."""
        explained = (
            f"{column.heading}: {column.explanation}."
            for column in self.columns
            if column.explanation
        )
        return (*explained, *self.notes)

    def printed_by(self, command: str) -> "Table":
        """The same table with the command that prints it."""
        return replace(self, command=command)


def figures(headings: Iterable[str], first: str = "") -> list[Column]:
    """A column for the names of the rows, and one of figures for each heading."""
    return [Column(first, align="left"), *(Column(heading) for heading in headings)]


def to_markdown(table: Table) -> str:
    """A table in GitHub's Markdown, with its title above and its notes below.

    Parameters
    ----------
    table : Table
        What to show.

    Returns
    -------
    str
        Lines without a newline at the end.
    """
    blocks = [f"**{table.title}**", _grid(table)]
    if table.footnotes:
        blocks.append(" ".join(table.footnotes))
    if table.command:
        blocks.append(f"Printed by `{table.command}`.")
    return "\n\n".join(block for block in blocks if block != "****")


def _grid(table: Table) -> str:
    headings = [_in_markdown(c.heading, [c.unit] if c.unit else []) for c in table.columns]
    lines = [_row_in_markdown(headings)]
    lines.append(_row_in_markdown("---" if c.align == "left" else "---:" for c in table.columns))
    for row in table.rows:
        if len(row) == 1 < len(table.columns):
            empty = [""] * (len(table.columns) - 1)
            lines.append(_row_in_markdown([f"**{_escaped(row[0].text)}**", *empty]))
        elif row:
            lines.append(
                _row_in_markdown(
                    _in_markdown(cell.text, cell.small_print, strong=cell.emphasis) for cell in row
                )
            )
    return "\n".join(lines)


def _row_in_markdown(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _in_markdown(text: str, small_print: Sequence[str], *, strong: bool = False) -> str:
    found = _escaped(text)
    if strong and found:
        found = f"**{found}**"
    return f"{found} ({_escaped(', '.join(small_print))})" if found and small_print else found


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def to_html(table: Table) -> str:
    """A table as an HTML element: a caption, a head, a body, and its notes below.

    Parameters
    ----------
    table : Table
        What to show; its texts are escaped.
    """
    head = "".join(
        f'<th scope="col"{_class(column)}>{_in_html(column.heading, _some(column.unit))}</th>'
        for column in table.columns
    )
    body = "\n".join(_row_in_html(table, row) for row in table.rows if row)
    notes = "".join(f'\n<p class="note">{escape(note)}</p>' for note in _paragraphs(table))
    if table.command:
        notes += f'\n<p class="note">Printed by <code>{escape(table.command)}</code></p>'
    return (
        f'<div class="block">\n<div class="wide">\n<table>\n<caption>{escape(table.title)}'
        f"</caption>\n<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"
        f"</div>{notes}\n</div>"
    )


def _row_in_html(table: Table, row: Row) -> str:
    if len(row) == 1 < len(table.columns):
        return (
            f'<tr class="heading"><th scope="rowgroup" colspan="{len(table.columns)}">'
            f"{escape(row[0].text)}</th></tr>"
        )
    cells = []
    for index, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
        tag = "td" if index else 'th scope="row"'
        content = _in_html(cell.text, cell.small_print)
        cells.append(f"<{tag}{_class(column, cell)}>{content}</{tag[:2]}>")
    return f"<tr>{''.join(cells)}</tr>"


def _class(column: Column, cell: Cell | None = None) -> str:
    names: Mapping[str, bool] = {
        "words": column.align == "left",
        "strong": cell is not None and cell.emphasis,
    }
    chosen = " ".join(name for name, wanted in names.items() if wanted)
    return f' class="{chosen}"' if chosen else ""


def _in_html(text: str, small_print: Sequence[str]) -> str:
    return escape(text) + "".join(f"<small>{escape(line)}</small>" for line in small_print)


def _paragraphs(table: Table) -> list[str]:
    return [" ".join(table.footnotes)] if table.footnotes else []


def _some(text: str) -> list[str]:
    return [text] if text else []
