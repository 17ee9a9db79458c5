"""Music: what a choirmaster hears, as rates beside Bach's.

Whether lines go somewhere (`lines`), how the voices move together and what they repeat (`texture`),
what chords do (`harmony`), and how phrases and pieces end (`endings`). Each measure counts how
often something happens in a piece and out of how many times it could; its docstring is its
convention. Rates are pooled over pieces. Bach does all of these things: his rate is the aim.
"""

from bachbot.evaluation.music.comparison import (
    EQUAL_PITCH,
    MEASURES,
    MusicComparison,
    MusicRow,
    measure,
    measure_all,
    rates_of,
)
from bachbot.evaluation.music.view import Measure, MusicView

__all__ = [
    "EQUAL_PITCH",
    "MEASURES",
    "Measure",
    "MusicComparison",
    "MusicRow",
    "MusicView",
    "measure",
    "measure_all",
    "rates_of",
]
