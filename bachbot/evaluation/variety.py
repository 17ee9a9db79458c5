"""How much happens in a chorale, and all figures that a decoder is judged by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Voice
from bachbot.evaluation import harmonization as harmonization
from bachbot.evaluation import partwriting
from bachbot.evaluation.bootstrap import Interval, interval_of_mean
from bachbot.evaluation.harmonization import HarmonizationError
from bachbot.evaluation.partwriting import PartWriting
from bachbot.theory.harmony import pitch_class_sets
from bachbot.theory.rules import RULES, Rule

_LOWER = slice(Voice.ALTO, Voice.BASS + 1)
_LOWER_VOICES = 3
_STEP = 2  # semitones


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure over a set of pieces.

    Parameters
    ----------
    values : ndarray of float64, shape [P]
        Of each piece.
    seed : int
        Of the interval's draws.
    """

    values: NDArray[np.float64]
    seed: int = 0

    @property
    def mean(self) -> float:
        """Over the pieces; NaN where there is none."""
        return float(self.values.mean()) if len(self.values) else float("nan")

    @cached_property
    def interval(self) -> Interval:
        """95% interval of the mean, pieces drawn anew."""
        return interval_of_mean(self.values, seed=self.seed)

    def to_json(self) -> dict[str, object]:
        """As plain data; figures that do not exist are None."""
        mean = None if np.isnan(self.mean) else self.mean
        return {"mean": mean, "interval": self.interval.to_json()}


@dataclass(frozen=True)
class Variety:
    """How much happens in a set of chorales. The module's docstring defines the figures.

    Parameters
    ----------
    pieces : int
        How many chorales; those without a note are left out.
    onsets_a_beat : Figure
        Of the lower voices, per voice.
    repeated_notes, leaps : Figure
        Of the lower voices.
    different_chords_a_beat, chord_changes_a_beat : Figure
        Of the sets of pitch classes on the quarters.
    """

    pieces: int
    onsets_a_beat: Figure
    repeated_notes: Figure
    leaps: Figure
    different_chords_a_beat: Figure
    chord_changes_a_beat: Figure

    def to_json(self) -> dict[str, object]:
        """Every figure as plain data."""
        return {
            "pieces": self.pieces,
            "onsets_a_beat": self.onsets_a_beat.to_json(),
            "repeated_notes": self.repeated_notes.to_json(),
            "leaps": self.leaps.to_json(),
            "different_chords_a_beat": self.different_chords_a_beat.to_json(),
            "chord_changes_a_beat": self.chord_changes_a_beat.to_json(),
        }


def measure_variety(chorales: Iterable[Chorale], *, seed: int = 0) -> Variety:
    """Measure a set of chorales.

    Parameters
    ----------
    chorales : iterable of Chorale
        At any pitch.
    seed : int
        Of the intervals' draws.

    Returns
    -------
    Variety
    """
    rows = [row for row in map(_of_piece, chorales) if row is not None]
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    return Variety(len(rows), *(Figure(values, seed) for values in table.T))


def _of_piece(chorale: Chorale) -> tuple[float, ...] | None:
    """The five figures of one piece; None where nothing sounds on a quarter."""
    on_quarter = chorale.position % FRAMES_PER_QUARTER == 0
    chords = pitch_class_sets(chorale.pitch[on_quarter])
    chords = chords[chords != 0]
    if not len(chords):
        return None
    quarters = chorale.frames / FRAMES_PER_QUARTER
    pitch, onset = chorale.pitch[:, _LOWER], chorale.onset[:, _LOWER]
    follows = onset[1:] & (pitch[:-1] != REST)
    distance = np.abs(np.diff(pitch, axis=0))[follows]
    notes = max(len(distance), 1)
    return (
        float(onset.sum() / _LOWER_VOICES / quarters),
        float((distance == 0).sum() / notes),
        float((distance > _STEP).sum() / notes),
        len(np.unique(chords)) / len(chords),
        float((chords[1:] != chords[:-1]).sum() / len(chords)),
    )


KEYLESS: Mapping[str, Rule] = MappingProxyType(
    {name: rule for name, rule in RULES.items() if not rule.keyed}
)
"""The rules that ask for no key."""


@dataclass(frozen=True)
class DecodingMetrics:
    """Figures of a set of pieces.

    Parameters
    ----------
    writing : PartWriting
        How often the rules are broken.
    variety : Variety
        Onsets and chords a beat.
    likeness : HarmonizationError or None
        How far they are from Bach's; None where there is nothing to compare them with.
    """

    writing: PartWriting
    variety: Variety
    likeness: HarmonizationError | None = None

    def to_json(self) -> dict[str, object]:
        """Every figure as plain data."""
        return {
            "partwriting": self.writing.to_json(),
            "variety": self.variety.to_json(),
            "likeness": None if self.likeness is None else self.likeness.to_json(),
        }


def decoding_metrics(
    chorales: Sequence[Chorale],
    *,
    rules: Mapping[str, Rule] = RULES,
    bach: Sequence[Chorale] = (),
    masked: Iterable[Voice] = (),
    seed: int = 0,
) -> DecodingMetrics:
    """Measure a set of pieces.

    Parameters
    ----------
    chorales : sequence of Chorale
        P pieces.
    rules : mapping of str to Rule
        What they are held against; `KEYLESS` for pieces whose key says nothing.
    bach : sequence of Chorale
        His versions of the same pieces, where there are any.
    masked : iterable of Voice
        The voices that are not his.
    seed : int
        Of the intervals' draws.

    Raises
    ------
    UsageError
        If his pieces are not as many or as long.
    """
    return DecodingMetrics(
        partwriting.measure(chorales, rules, seed=seed),
        measure_variety(chorales, seed=seed),
        harmonization.measure(bach, chorales, masked, seed=seed) if bach else None,
    )
