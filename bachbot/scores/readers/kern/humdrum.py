"""The syntax of Humdrum files: their pieces, and columns that split, join, change places and end.

A file is a table with a column for each spine, and its lines are moments of time from the top down
(humdrum.org, "Humdrum Syntax"). What the cells mean is not read here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from bachbot.errors import ScoreError

_RECORD = re.compile(r"!!!([A-Za-z0-9@_-]{1,40}):\s*(.*)")
_PATHS = {"*^", "*v", "*x", "*+", "*-"}
_MAX_COLUMNS = 256
_MAX_INTERPRETATIONS = 20_000


@dataclass
class HumdrumPiece:
    """A piece of a file, from the line that opens its spines to the one that ends them.

    Parameters
    ----------
    lines : list of (int, str)
        Number in the file, and text, of each line.
    records : dict of str to list of str
        Values of the reference records by their keys, such as ``"OTL"``.
    """

    lines: list[tuple[int, str]] = field(default_factory=list)
    records: dict[str, list[str]] = field(default_factory=dict)


@dataclass(eq=False)
class Column:
    """A spine, or one of the columns that it is split into.

    Parameters
    ----------
    kind : str
        Its representation, such as ``"**kern"``.
    spine : int
        Number of the spine in the order in which they were opened.
    origin : Column or None
        The column from which it was split.
    """

    kind: str
    spine: int
    origin: "Column | None" = None


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Parameters
    ----------
    number : int
        Number of the line in the file.
    columns : tuple of Column
        From the left; the same object for all lines between which no column changes.
    cells : list of str
        One for each column.
    """

    number: int
    columns: tuple[Column, ...]
    cells: list[str]


def split_pieces(text: str) -> list[HumdrumPiece]:
    """Split a file into its pieces, in linear time.

    Reference records between two pieces belong to the second, those after the last to the last.
    """
    pieces: list[HumdrumPiece] = []
    current = HumdrumPiece()
    inside = False
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if line.startswith("!!!"):
            record = _RECORD.match(line)
            if record and record[2].strip():
                current.records.setdefault(record[1], []).append(record[2].strip()[:400])
            continue
        if not line or line.startswith("!!"):
            continue
        if line.startswith("**") and all(cell.startswith("**") for cell in line.split("\t")):
            if inside:  # the piece before was not ended
                current = HumdrumPiece()
            pieces.append(current)
            inside = True
        if inside:
            current.lines.append((number, line))
            if line.startswith("*-") and not line.replace("*-", "").strip():
                inside = False
                current = HumdrumPiece()
    if pieces and current is not pieces[-1]:
        for key, values in current.records.items():
            pieces[-1].records.setdefault(key, values)
    return pieces


def read_rows(piece: HumdrumPiece) -> Iterator[Row]:
    """Read the lines of a piece, without local comments, and follow the paths of its columns.

    Lines of null cells are passed over. The cells that change columns are yielded as well.

    Raises
    ------
    ScoreError
        If a line has another number of cells than there are columns, or there are too many.
    """
    columns: tuple[Column, ...] = ()
    interpretations = 0
    for number, line in piece.lines:
        # Most lines of a hostile file are such: they cost nothing.
        if line.startswith("!") or not line.strip(".\t ") or not line.strip("*\t "):
            continue
        cells = line.split("\t")
        if not columns:
            columns = tuple(Column(cell.strip(), i) for i, cell in enumerate(cells))
        elif len(cells) != len(columns):
            cells = [cell for cell in cells if cell]
            if len(cells) != len(columns):
                raise ScoreError(
                    f"line {number} has {len(cells)} columns and the line before "
                    f"{len(columns)}: correct the kern"
                )
        if len(columns) > _MAX_COLUMNS:
            raise ScoreError(f"it has more than {_MAX_COLUMNS} columns: give a part of it")
        yield Row(number, columns, cells)
        if line.startswith("*"):
            interpretations += 1
            if interpretations > _MAX_INTERPRETATIONS:
                raise ScoreError(
                    f"it has more than {_MAX_INTERPRETATIONS} lines of interpretations: give a "
                    "part of it"
                )
            if "**" in line:
                _name_columns(columns, cells)
            if not _PATHS.isdisjoint(cells):
                columns = _follow_paths(columns, cells)


def _name_columns(columns: tuple[Column, ...], cells: list[str]) -> None:
    """Set the representation of columns that an added spine opens."""
    for column, cell in zip(columns, cells, strict=True):
        if cell.startswith("**"):
            column.kind = cell.strip()


def _follow_paths(columns: tuple[Column, ...], cells: list[str]) -> tuple[Column, ...]:
    swaps = [index for index, cell in enumerate(cells) if cell == "*x"]
    row = list(columns)
    for left, right in zip(swaps[::2], swaps[1::2], strict=False):
        row[left], row[right] = row[right], row[left]
    out: list[Column] = []
    added = max(column.spine for column in columns)
    # Neighbors that join are of one spine.
    for (join, _), group in groupby(
        zip(row, cells, strict=True), key=lambda pair: (pair[1] == "*v", pair[0].spine)
    ):
        pairs = list(group)
        if join:
            out.append(pairs[0][0])
            continue
        for column, cell in pairs:
            if cell == "*-":
                continue
            out.append(column)
            if cell == "*^":
                out.append(Column(column.kind, column.spine, column))
            elif cell == "*+":
                added += 1
                out.append(Column("", added))
    return tuple(out)
