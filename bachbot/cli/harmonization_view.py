"""Harmonization error as a table."""

from collections.abc import Mapping
from math import isnan

from rich.table import Table
from rich.text import Text

from bachbot.evaluation.bootstrap import RateEstimate
from bachbot.evaluation.harmonization import PUBLISHED, HarmonizationError

_LINES = {
    "TER": "ter",
    "FER": "fer",
    "TER, onsets": "onset_ter",
    "FER, onsets": "onset_fer",
    "pitches equal to Bach's": "equal_pitch",
}


def harmonization_table(title: str, found: Mapping[str, HarmonizationError]) -> Table:
    """Errors by mask, each with its interval, and the original's below.

    Parameters
    ----------
    title : str
        What was measured.
    found : mapping of str to HarmonizationError
        By the names of `bachbot.evaluation.harmonization.MASKS`.
    """
    table = Table(
        "masked",
        title=title,
        title_justify="left",
        caption="Shares, 0 to 1; below each the interval of 95% over pieces drawn anew. BachBot "
        "scored pieces that it may have been trained on, and took the number of notes from them.",
        caption_justify="left",
    )
    for name in found:
        table.add_column(name, justify="right")
    table.add_row("pieces", *(str(error.pieces) for error in found.values()), end_section=True)
    for label, figure in _LINES.items():
        shares = [getattr(error, figure) for error in found.values()]
        table.add_row(label, *(_told(share) for share in shares))
    table.add_section()
    for row, label in enumerate(("BachBot, TER", "BachBot, FER")):
        table.add_row(label, *(_bare(PUBLISHED[name][row]) for name in found))
    return table


def _told(share: RateEstimate) -> Text:
    """A share and below it its interval; nothing where there is none."""
    if isnan(share.rate):
        return Text()
    span = f"{_bare(share.interval.low, 2)}-{_bare(share.interval.high, 2)}"
    return Text.assemble(f"{_bare(share.rate)}\n", (span, "dim"))


def _bare(share: float, digits: int = 3) -> str:
    """A share without the nought before the point."""
    return f"{share:.{digits}f}".removeprefix("0")
