"""How difficult music is to sing: what is asked for, as penalties, and where it was not kept.

A style sets all dials at once. ``bach`` is the music as the model and the learned features have it.
``plain`` is note against note, for a choir that sings at sight: the lower voices move with the tune
or at most in quarters, chords are triads of the key, leaps are small and ranges comfortable.
``florid`` has more passing notes and suspensions than Bach's mean.

The weights were set by hand, by the size of the learned weights that they have to outweigh, and
adjusted on the validation part: ``bachbot evaluate dials`` measures the rates of each setting.
Where a style gives the search less choice, rules of part-writing weigh more.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice
from bachbot.decoding.penalties import Penalties, Penalty
from bachbot.decoding.penalties.difficulty import (
    AccidentalPenalty,
    ComfortableRangePenalty,
    HeldPenalty,
    LargeLeapPenalty,
    PassingNoteBonus,
    PlainChordPenalty,
    RhythmPenalty,
    SuspensionBonus,
    UnclearClosePenalty,
    in_scale,
    is_large_leap,
    rhythm_step,
)
from bachbot.errors import UsageError
from bachbot.theory.given.given_chords import BarBeats, where_in

Style = Literal["plain", "bach", "florid"]
STYLES: tuple[Style, ...] = get_args(Style)

MaxRhythm = Literal["quarter", "eighth", "sixteenth"]
MAX_RHYTHMS: tuple[MaxRhythm, ...] = get_args(MaxRhythm)

Accidentals = Literal["few"]
Leaps = Literal["small"]

_NEVER = 30.0
"""Nats of what only happens where nothing else is possible."""

_PLAIN: tuple[Penalty, ...] = (
    RhythmPenalty(2.0, "tune"),
    HeldPenalty(1.5),
    PlainChordPenalty(1.5),
    ComfortableRangePenalty(0.7),
    UnclearClosePenalty(4.0),
)
_PLAIN_WEIGHTS = {
    "chord at fermata": 5.0, "parallel fifths": 10.0, "parallel octaves": 10.0,
    "hidden fifths": 1.5, "hidden octaves": 1.5, "seventh unresolved": 1.5, "crossing": 1.5,
    "overlap": 0.5,
}  # fmt: skip
_FLORID: tuple[Penalty, ...] = (
    PassingNoteBonus(0.5),
    SuspensionBonus(1.5),
    ComfortableRangePenalty(0.2),
)
_FLORID_WEIGHTS = {
    "parallel fifths": 10.0, "parallel octaves": 10.0, "hidden fifths": 1.0, "hidden octaves": 1.0,
    "crossing": 1.0,
}  # fmt: skip
_FEW, _SMALL = 5.0, 3.0

_MOST_NAMED = 3
"""Places that a line names; more are counted."""


@dataclass(frozen=True)
class Difficulty:
    """How difficult music may be.

    Parameters
    ----------
    style : {"bach", "plain", "florid"}
        All dials at once. ``"plain"`` sets those below to ``"quarter"``, ``"few"`` and
        ``"small"``, unless they are set themselves.
    max_rhythm : {"quarter", "eighth", "sixteenth"}, optional
        The quickest notes with which voices that are written move by themselves: on quarters of the
        bar (in compound meters on its dotted quarters), on eighths, or anywhere. They may always
        move with the tune. Default: as the style has it.
    accidentals : {"few"}, optional
        Avoid notes outside the scale of the key; the leading note of minor belongs to it.
    leaps : {"small"}, optional
        Avoid leaps of more than a third in alto and tenor and of more than a fifth in soprano and
        bass, except octaves in the bass, and tritones.

    Raises
    ------
    UsageError
        If a dial has no such setting.
    """

    style: Style = "bach"
    max_rhythm: MaxRhythm | None = None
    accidentals: Accidentals | None = None
    leaps: Leaps | None = None

    def __post_init__(self) -> None:
        dials: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
            ("style", self.style, STYLES),
            ("max-rhythm", self.max_rhythm, MAX_RHYTHMS),
            ("accidentals", self.accidentals, get_args(Accidentals)),
            ("leaps", self.leaps, get_args(Leaps)),
        )
        for name, value, allowed in dials:
            if value not in allowed and (value is not None or name == "style"):
                raise UsageError(f"'{value}' is no setting of {name}: give {' or '.join(allowed)}")

    @property
    def shortest(self) -> MaxRhythm | None:
        """`max_rhythm`, or what the style sets."""
        return self.max_rhythm or ("quarter" if self.style == "plain" else None)

    @property
    def few_accidentals(self) -> bool:
        """Whether accidentals are avoided."""
        return self.accidentals == "few" or self.style == "plain"

    @property
    def small_leaps(self) -> bool:
        """Whether large leaps are avoided."""
        return self.leaps == "small" or self.style == "plain"

    @cached_property
    def penalties(self) -> tuple[Penalty, ...]:
        """What the dials add to a list of penalties; nothing for Bach's style."""
        found: list[Penalty] = []
        if self.style == "plain":
            found += _PLAIN
        if self.style == "florid":
            found += _FLORID
        if self.shortest in ("quarter", "eighth"):
            found.append(RhythmPenalty(_NEVER, self.shortest))
        if self.few_accidentals:
            found.append(AccidentalPenalty(_FEW))
        if self.small_leaps:
            found.append(LargeLeapPenalty(_SMALL))
        return tuple(found)

    def applied_to(self, penalties: Penalties) -> Penalties:
        """A list of penalties with those of the dials; the same list for Bach's style."""
        if not self.penalties:
            return penalties
        if self.style == "plain":
            penalties = penalties.with_weights(_PLAIN_WEIGHTS)
        elif self.style == "florid":
            penalties = penalties.with_weights(_FLORID_WEIGHTS)
        return Penalties((*penalties.items, *self.penalties))


BACH = Difficulty()
"""Bach's style: nothing is added."""


def departures(
    difficulty: Difficulty,
    chorale: Chorale,
    cells: NDArray[np.bool_],
    bars: tuple[BarBeats, ...],
) -> tuple[str, ...]:
    """Say where a piece does not keep to the dials.

    Parameters
    ----------
    difficulty : Difficulty
        What was asked for.
    chorale : Chorale
        The piece as it is written, T frames.
    cells : ndarray of bool, shape [T, 4]
        Which cells were given: they are no departures.
    bars : tuple of BarBeats
        Its bars, for places.

    Returns
    -------
    tuple of str
        A line for each dial that was not kept everywhere: in how many places and where.
    """
    found = []
    if difficulty.shortest in ("quarter", "eighth"):
        quick = _quick_notes(chorale, cells, difficulty.shortest)
        found.append((f"notes off the {difficulty.shortest}s without the tune", quick))
    chosen = chorale.onset & (chorale.pitch != REST) & ~cells
    if difficulty.few_accidentals:
        outside = ~in_scale(chorale.key)[chorale.pitch % 12]
        found.append((f"notes outside the scale of {chorale.key}", chosen & outside))
    if difficulty.small_leaps:
        found.append(("large leaps", _large_leaps(chorale, chosen)))
    return tuple(_line(what, where, bars) for what, where in found if where.any())


def _quick_notes(
    chorale: Chorale, cells: NDArray[np.bool_], limit: Literal["quarter", "eighth"]
) -> NDArray[np.bool_]:
    """Notes that were not given and begin by themselves off the grid of a limit, [T, 4]."""
    meter = chorale.meter
    beat = meter.beat_frames if meter.beat_frames % 3 == 0 else FRAMES_PER_QUARTER
    step = rhythm_step(limit, FRAMES_PER_QUARTER, beat)
    begins = chorale.onset & (chorale.pitch != REST)
    leads = cells.copy()
    leads[:, Voice.SOPRANO] = True
    led = np.zeros_like(begins)
    for voice in VOICES:
        others = [v for v in VOICES if v != voice]
        led[:, voice] = (begins & leads)[:, others].any(axis=1)
    off = (chorale.position % step != 0)[:, np.newaxis]
    quick: NDArray[np.bool_] = begins & ~cells & off & ~led
    return quick


def _large_leaps(chorale: Chorale, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Notes that were not given and that a large leap reaches, [T, 4]."""
    large = np.zeros_like(chosen)
    pitch = chorale.pitch
    for voice in VOICES:
        sounds = (pitch[1:, voice] != REST) & (pitch[:-1, voice] != REST)
        large[1:, voice] = sounds & is_large_leap(np.abs(np.diff(pitch[:, voice])), voice)
    return large & chosen


def _line(what: str, where: NDArray[np.bool_], bars: tuple[BarBeats, ...]) -> str:
    """A dial's departures: how many, and the first of them."""
    frames, voices = np.nonzero(where)
    named = [
        f"{Voice(voice).label} in {where_in(bars, int(frame))}"
        for frame, voice in zip(frames[:_MOST_NAMED], voices[:_MOST_NAMED], strict=True)
    ]
    more = len(frames) - len(named)
    rest = f" and {more} more" if more else ""
    places = f"{len(frames)} place{'s' if len(frames) > 1 else ''}"
    return f"{what} in {places}: {', '.join(named)}{rest}"
