"""Paper, and the size of the staves on it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bachbot.errors import UsageError

PAPERS: Mapping[str, tuple[int, int]] = {"a4": (2100, 2970), "letter": (2159, 2794)}
"""Width and height of paper in tenths of a millimeter."""

SIZES: Mapping[str, tuple[float, ...]] = {
    "small": (6.6,),
    "normal": (8.0, 7.2, 6.6),
    "large": (9.4,),
}
"""Half a staff space in tenths of a millimeter; smaller ones are tried if they save a page.

The staff is 5.3, 6.4 or 7.5 mm high.
"""


@dataclass(frozen=True)
class PageSize:
    """The paper, and the size of the staves on it.

    Parameters
    ----------
    paper : {"a4", "letter"}
        Paper.
    size : {"small", "normal", "large"}
        Size of the staves. Normal ones are made smaller if that saves a page.

    Raises
    ------
    UsageError
        If there is no such paper or size.
    """

    paper: str = "a4"
    size: str = "normal"

    def __post_init__(self) -> None:
        for value, known, what in ((self.paper, PAPERS, "paper"), (self.size, SIZES, "size")):
            if value not in known:
                raise UsageError(f"there is no {what} '{value}': give {' or '.join(known)}")

    @property
    def width(self) -> int:
        """Width of the paper in tenths of a millimeter."""
        return PAPERS[self.paper][0]

    @property
    def height(self) -> int:
        """Height of the paper in tenths of a millimeter."""
        return PAPERS[self.paper][1]

    @property
    def units(self) -> tuple[float, ...]:
        """Half staff spaces to try, the largest first."""
        return SIZES[self.size]


A4 = PageSize()
