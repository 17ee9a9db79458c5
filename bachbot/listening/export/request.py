"""Options of the export of a listening test."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bachbot.decoding import DecodingOptions
from bachbot.errors import UsageError
from bachbot.evaluation.generated import COMPOSING
from bachbot.listening.answers import CONDITIONS, quoted
from bachbot.listening.trials import MAX_TRIALS

COMPOSITION = "composition"

EXPORT_AUDIO_FORMATS = ("wav", "mp3")
"""Audio formats that can be written. The length of an Ogg file depends on the music, and its serial
number is random."""

SCORE_FORMATS = ("musicxml", "mid", "png", "svg")
"""Formats of the scores."""

EQUAL: Mapping[str, float] = dict.fromkeys(CONDITIONS, 1.0)
"""All conditions equally often."""

ORIGINAL: Mapping[str, float] = dict.fromkeys("SATB", 0.25) | {
    "AT": 1.0,
    "ATB": 1.0,
    COMPOSITION: 2.0,
}
"""The five questions of the original study: one voice, AT, ATB and two compositions (Liang and
others, 2017, section 7)."""


@dataclass(frozen=True)
class ExportRequest:
    """Options of the export of a listening test.

    Parameters
    ----------
    trials : int
        Number of trials, 1 to 1000.
    seed : int
        Random seed, 0 or more. The same seed chooses the same pairs in the same order. Names and
        sides of the clips never depend on it.
    conditions : mapping of str to float
        Relative frequency of each condition, above 0.
    tempo : float
        Quarter notes per minute, 40 to 160.
    sound : str
        Instrument: see `bachbot.scores.Layout`.
    formats : tuple of str
        Audio formats: some of `EXPORT_AUDIO_FORMATS`.
    audio_only : bool
        Whether MusicXML, MIDI and pictures are left out.
    per_participant : int
        Maximum number of trials of one participant, 1 to 100.
    options : DecodingOptions
        For harmonizations.
    composing : DecodingOptions
        For compositions; their seed is the one of the test.

    Raises
    ------
    UsageError
        If a value is out of range. The message lists all faults.
    """

    trials: int = 24
    seed: int = 0
    conditions: Mapping[str, float] = field(default_factory=lambda: EQUAL)
    tempo: float = 72.0
    sound: str = "organ"
    formats: tuple[str, ...] = EXPORT_AUDIO_FORMATS
    audio_only: bool = False
    per_participant: int = 10
    options: DecodingOptions = field(default_factory=DecodingOptions)
    composing: DecodingOptions = COMPOSING

    def __post_init__(self) -> None:
        faults = []
        if not 1 <= self.trials <= MAX_TRIALS:
            faults.append(f"{self.trials} trials: give 1 to {MAX_TRIALS}")
        if not 0 <= self.seed < 2**63:
            faults.append(f"a seed of {self.seed}: give 0 or more, below 2^63")
        unknown = [condition for condition in self.conditions if condition not in CONDITIONS]
        if unknown or not self.conditions:
            listed = ", ".join(map(quoted, unknown)) or "none"
            faults.append(f"conditions {listed}: give some of {', '.join(CONDITIONS)}")
        if not all(w > 0 and math.isfinite(w) for w in self.conditions.values()):
            faults.append("a condition has a frequency of 0 or less: leave it out")
        if not 40 <= self.tempo <= 160:
            faults.append(f"a tempo of {self.tempo:g}: give 40 to 160 quarter notes per minute")
        unknown = [suffix for suffix in self.formats if suffix not in EXPORT_AUDIO_FORMATS]
        if unknown or not self.formats:
            listed = ", ".join(map(quoted, unknown)) or "none"
            faults.append(f"formats {listed}: give some of {', '.join(EXPORT_AUDIO_FORMATS)}")
        if not 1 <= self.per_participant <= 100:
            faults.append(f"{self.per_participant} trials per participant: give 1 to 100")
        if self.composing.method != "sample":
            faults.append("compositions are made by sampling: give the method 'sample'")
        if faults:
            raise UsageError("; ".join(faults))


def parse_conditions(text: str) -> Mapping[str, float]:
    """Parse the relative frequencies of conditions.

    Parameters
    ----------
    text : str
        ``"equal"``, ``"original"`` for those of the original study, or a list such as
        ``"ATB,composition"`` of conditions that are equally frequent.

    Raises
    ------
    UsageError
        If a condition is unknown.
    """
    if text == "equal":
        return EQUAL
    if text == "original":
        return ORIGINAL
    conditions = [word.strip() for word in text.split(",")]
    unknown = [word for word in conditions if word not in CONDITIONS]
    if unknown:
        raise UsageError(
            f"{quoted(unknown[0])} is not a condition: give equal, original, or some of "
            f"{','.join(CONDITIONS)}"
        )
    return dict.fromkeys(conditions, 1.0)
