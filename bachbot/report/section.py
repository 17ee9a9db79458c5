"""A section of the report: what it measures, and how it shows that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bachbot.report.bench import Bench
from bachbot.report.blocks import Block
from bachbot.report.context import Advance, Asked

Results = Mapping[str, Any]
"""What was computed, as plain data, by the checkpoint's name."""


def _whole(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Section:
    """One measure of every checkpoint.

    Parameters
    ----------
    name : str
        How it is asked for on the command line, and its key in ``report.json``.
    title : str
        Its heading.
    compute : callable
        Measures one checkpoint and gives plain data, without NaN.
    blocks : callable
        Shows what was computed, from that plain data alone.
    lasting : bool
        Whether what was computed is kept; if not, it takes no time and is computed each time.
    peers : bool
        Whether it hangs on the other chorales that the report stands beside.
    public : callable
        Of what was computed, what goes into ``report.json``: all, unless it would spell out
        music that may not be passed on.
    version : int
        Raised where what is computed changes while the measures beneath stay as they are.
    """

    name: str
    title: str
    compute: Callable[[Bench, Advance], Any]
    blocks: Callable[[Results, Asked], Sequence[Block]]
    lasting: bool = True
    peers: bool = False
    public: Callable[[Any], Any] = _whole
    version: int = 1
