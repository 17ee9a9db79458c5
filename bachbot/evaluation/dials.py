"""The dials of difficulty: what harmonizations at each setting are like to sing.

Bach's sopranos are harmonized at each setting (`bachbot.decoding.difficulty`), and rates that
singers feel are counted in the results and in Bach's own pieces. A measure that
`bachbot.evaluation.music` has is taken from there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Voice
from bachbot.decoding import DecodingOptions
from bachbot.decoding.difficulty import Difficulty
from bachbot.decoding.penalties.difficulty import COMFORTABLE, in_scale
from bachbot.evaluation.bootstrap import RateEstimate
from bachbot.evaluation.generated import harmonized
from bachbot.evaluation.music.harmony import tied_suspensions
from bachbot.evaluation.music.lines import passing_notes
from bachbot.evaluation.music.texture import parallels
from bachbot.evaluation.music.view import LOWER, Count, Measure, MusicView
from bachbot.runtime.protocol import Model
from bachbot.theory.explanation import find_faults
from bachbot.theory.harmony import Quality, chords_of

SETTINGS: Mapping[str, Difficulty] = MappingProxyType(
    {
        "plain": Difficulty("plain"),
        "bach": Difficulty(),
        "florid": Difficulty("florid"),
        "max-rhythm quarter": Difficulty(max_rhythm="quarter"),
        "max-rhythm eighth": Difficulty(max_rhythm="eighth"),
        "accidentals few": Difficulty(accidentals="few"),
        "leaps small": Difficulty(leaps="small"),
    }
)
"""The settings that are measured, by their options."""

_THIRD, _FIFTH = 4, 7  # semitones


def onsets(view: MusicView) -> Count:
    """Notes that begin in alto, tenor and bass, out of full beats times three."""
    return sum(len(view.notes[v].start) for v in LOWER), len(LOWER) * len(view.full_beats)


def alone(view: MusicView) -> Count:
    """Notes of the lower voices that begin off the beat where the soprano begins none; of all."""
    chorale, found, total = view.chorale, 0, 0
    tune = chorale.onset[:, Voice.SOPRANO] & (chorale.pitch[:, Voice.SOPRANO] != REST)
    off = chorale.position % FRAMES_PER_QUARTER != 0
    for voice in LOWER:
        start = view.notes[voice].start
        found += int((off & ~tune)[start].sum())
        total += len(start)
    return found, total


def homophonic(view: MusicView) -> Count:
    """Beats on which all voices begin a note and no lower one moves before the next, of all."""
    chorale = view.chorale
    begins = chorale.onset & (chorale.pitch != REST)
    beats = view.full_beats
    together = begins[beats].all(axis=1)
    for later in range(1, FRAMES_PER_QUARTER):
        at = np.minimum(beats + later, chorale.frames - 1)
        together &= ~begins[at, Voice.ALTO :].any(axis=1)
    return int(together.sum()), len(beats)


def accidentals(view: MusicView) -> Count:
    """Notes of the lower voices outside the scale, the leading note of minor aside, of all."""
    inside = in_scale(view.chorale.key)
    pitches = np.concatenate([view.notes[v].pitch for v in LOWER])
    return int((~inside[pitches % 12]).sum()), len(pitches)


def leaps(view: MusicView, *, beyond: int, voices: Sequence[Voice] = LOWER) -> Count:
    """Moves of voices by more than so many semitones, out of all notes."""
    moves = np.concatenate([view.notes[v].moves for v in voices])
    return int((np.abs(moves) > beyond).sum()), sum(len(view.notes[v].start) for v in voices)


def uncomfortable(view: MusicView) -> Count:
    """Notes of the lower voices outside a comfortable range, in the piece's own key, of all."""
    found, total = 0, 0
    for voice in LOWER:
        pitch = view.notes[voice].pitch - view.chorale.transposed_by
        low, high = COMFORTABLE[voice]
        found += int(((pitch < low) | (pitch > high)).sum())
        total += len(pitch)
    return found, total


def full_triads(view: MusicView) -> Count:
    """Full beats with a complete major or minor triad, root or third in the bass, of all."""
    pitch = view.chorale.pitch[view.full_beats]
    chords = chords_of(pitch)
    three = np.array([len(set(row)) == 3 for row in (pitch % 12).tolist()], dtype=np.bool_)
    triad: NDArray[np.bool_] = np.isin(chords.quality, (Quality.MAJOR, Quality.MINOR)) & three
    return int((triad & np.isin(chords.inversion, (0, 1))).sum()), len(pitch)


def faults(view: MusicView) -> Count:
    """Faults against the rules of `bachbot.theory.rules` in the piece's key, out of full beats."""
    return len(find_faults(view.chorale)), len(view.full_beats)


DIAL_MEASURES = (
    Measure("onsets in alto, tenor and bass", "per beat and voice", 1, onsets),
    Measure("notes off the beat without the tune", "% of notes", 100, alone),
    Measure("homophonic beats", "% of beats", 100, homophonic),
    Measure("off-beat passing notes", "per 100 beats", 100, passing_notes),
    Measure("tied suspensions", "per 100 beats", 100, tied_suspensions),
    Measure("accidentals in alto, tenor and bass", "per 100 notes", 100, accidentals),
    Measure("leaps over a third in alto and tenor", "per 100 notes", 100,
            partial(leaps, beyond=_THIRD, voices=(Voice.ALTO, Voice.TENOR))),
    Measure("leaps over a third", "per 100 notes", 100, partial(leaps, beyond=_THIRD)),
    Measure("leaps over a fifth", "per 100 notes", 100, partial(leaps, beyond=_FIFTH)),
    Measure("notes outside a comfortable range", "per 100 notes", 100, uncomfortable),
    Measure("full triads", "% of beats", 100, full_triads),
    Measure("parallel fifths and octaves", "per 1000 both-move pairs", 1000, parallels),
    Measure("faults of part-writing", "per 100 beats", 100, faults),
)  # fmt: skip
"""What is counted at each setting."""


@dataclass(frozen=True)
class DialRates:
    """Rates of some pieces at one setting.

    Parameters
    ----------
    setting : str
        Its name.
    rates : tuple of RateEstimate
        One for each of `DIAL_MEASURES`.
    """

    setting: str
    rates: tuple[RateEstimate, ...]

    def to_json(self) -> dict[str, object]:
        """The setting, and each rate times `Measure.per` with its unit, as plain data."""
        return {
            "setting": self.setting,
            "pieces": len(self.rates[0].counts),
            "rates": [
                {"name": m.name, "unit": m.unit, "rate": m.per * r.rate}
                for m, r in zip(DIAL_MEASURES, self.rates, strict=True)
            ],
        }


def rates_of(setting: str, pieces: Sequence[Chorale]) -> DialRates:
    """Count everything in some pieces.

    Parameters
    ----------
    setting : str
        What they are.
    pieces : sequence of Chorale
        One or more.
    """
    views = [MusicView(piece) for piece in pieces]
    rates = []
    for one in DIAL_MEASURES:
        counts = np.array([one.count(view) for view in views], dtype=np.int64)
        rates.append(RateEstimate(counts[:, 0], counts[:, 1]))
    return DialRates(setting, tuple(rates))


def measure(
    model: Model,
    bach: Sequence[Chorale],
    settings: Mapping[str, Difficulty] = SETTINGS,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[DialRates]:
    """Harmonize Bach's sopranos at each setting and count.

    Parameters
    ----------
    model : Model
        A trained model.
    bach : sequence of Chorale
        Bach's pieces in C major or A minor.
    settings : mapping of str to Difficulty
        What to measure.
    progress : callable, optional
        Called with the settings done and their number.

    Returns
    -------
    list of DialRates
        Bach's own first.

    Raises
    ------
    DecodingError, EncodingError
        If a soprano cannot be harmonized.
    """
    found = [rates_of("Bach", bach)]
    for done, (name, difficulty) in enumerate(settings.items()):
        pieces = harmonized(model, bach, DecodingOptions(difficulty=difficulty))
        found.append(rates_of(name, pieces))
        if progress is not None:
            progress(done + 1, len(settings))
    return found
