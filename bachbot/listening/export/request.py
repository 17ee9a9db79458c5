"""What a listening test is to be like."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bachbot.decoding import DecodingOptions
from bachbot.errors import UsageError
from bachbot.evaluation.generated import COMPOSING
from bachbot.listening.answers import KINDS, shown
from bachbot.listening.export.pairs import EQUAL, ORIGINAL
from bachbot.listening.trials import MOST_TRIALS

WRITTEN = ("wav", "mp3")
"""Formats of sound that are written. An Ogg file's length follows the music, and its serial
number is chance."""

PAGES = ("musicxml", "mid", "png", "svg")
"""Formats of the notes."""


@dataclass(frozen=True)
class ExportRequest:
    """What a listening test is to be like.

    Parameters
    ----------
    trials : int
        How many, 1 to 1000.
    seed : int
        0 or more; the same seed makes the same test. Who knows it knows the key.
    types : mapping of str to float
        How often each type is wanted beside the others, above 0.
    tempo : float
        Quarter notes a minute, 40 to 160.
    sound : str
        What plays: see `bachbot.scores.Layout`.
    formats : tuple of str
        Of the sound: some of `WRITTEN`.
    audio_only : bool
        Whether MusicXML, MIDI and pictures are left out.
    each : int
        Most trials that one participant is given, 1 to 100.
    options : DecodingOptions
        How to harmonize.
    composing : DecodingOptions
        How to compose; its seed counts from the test's.

    Raises
    ------
    UsageError
        If a value is none of those; the message names every fault.
    """

    trials: int = 24
    seed: int = 0
    types: Mapping[str, float] = field(default_factory=lambda: EQUAL)
    tempo: float = 72.0
    sound: str = "organ"
    formats: tuple[str, ...] = WRITTEN
    audio_only: bool = False
    each: int = 10
    options: DecodingOptions = field(default_factory=DecodingOptions)
    composing: DecodingOptions = COMPOSING

    def __post_init__(self) -> None:
        faults = []
        if not 1 <= self.trials <= MOST_TRIALS:
            faults.append(f"{self.trials} trials: give 1 to {MOST_TRIALS}")
        if not 0 <= self.seed < 2**63:
            faults.append(f"a seed of {self.seed}: give 0 or more, below 2^63")
        strange = [kind for kind in self.types if kind not in KINDS]
        if strange or not self.types:
            faults.append(
                f"types {', '.join(map(shown, strange)) or 'none'}: give some of {', '.join(KINDS)}"
            )
        if not all(w > 0 and math.isfinite(w) for w in self.types.values()):
            faults.append("a type is wanted zero times or fewer: leave it out")
        if not 40 <= self.tempo <= 160:
            faults.append(f"a tempo of {self.tempo:g}: give 40 to 160 quarter notes a minute")
        unwritten = [form for form in self.formats if form not in WRITTEN]
        if unwritten or not self.formats:
            named = ", ".join(map(shown, unwritten)) or "none"
            faults.append(f"formats {named}: give some of {', '.join(WRITTEN)}")
        if not 1 <= self.each <= 100:
            faults.append(f"{self.each} trials a participant: give 1 to 100")
        if self.composing.method != "sample":
            faults.append("pieces are composed by sampling: give the method 'sample'")
        if faults:
            raise UsageError("; ".join(faults))


def types_of(text: str) -> Mapping[str, float]:
    """Read which types are wanted.

    Parameters
    ----------
    text : str
        ``"equal"``, ``"original"`` for the original's proportions, or a list such as
        ``"ATB,composition"``, each of it as often.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    if text == "equal":
        return EQUAL
    if text == "original":
        return ORIGINAL
    kinds = [word.strip() for word in text.split(",")]
    strange = [word for word in kinds if word not in KINDS]
    if strange:
        raise UsageError(
            f"{shown(strange[0])} is no type: give equal, original, or some of {','.join(KINDS)}"
        )
    return dict.fromkeys(kinds, 1.0)
