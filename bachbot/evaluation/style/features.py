"""The nine features of "Bach or Mock", and the analysis of a piece from which they are computed.

Definitions are those of Fang, Liu, Seetharaman and Pardo, "Bach or Mock? A Grading Function for
Chorales in the Style of J. S. Bach" (2020, arXiv:2006.13329) and of the authors' published grader
(github.com/asdfang/constraint-transformer-bach), which has details that the paper leaves out. What
differs, because a chorale here is a grid of MIDI pitches:

- Note names follow from key and context (`bachbot.scores.pitch.spell`); the authors read them from
  MusicXML. A piece that came from MIDI therefore has no disadvantage.
- The key is the piece's own; the authors estimate it from the notes. Raised notes in minor count as
  altered, as in their grader.
- A note that is tied over a bar line is one note of its whole length, and one interval.
- Chords are read by `bachbot.theory.harmony`; the authors' are named by music21. A chord without
  fifth keeps its name; suspensions, ninths and the other chords that they name are added here.
- Parallels are those of `bachbot.theory.rules`, also across the end of a phrase: the authors remove
  fermatas first.
- A sequence that several voices repeat counts in each of them.
- Repeats are not expanded, as in their grader: a section counts once for each time it is written.

A repeated sequence is defined after Hsu, Liu and Chen, "Discovering nontrivial repeating patterns
in music data" (IEEE Transactions on Multimedia 3(3), 2001): two notes or more, from the beginning
of a note or rest to any frame, that occur twice or more with the same pitches and rhythm; a
sequence that only occurs as part of a longer one is not counted.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Mode, Voice
from bachbot.scores.pitch import spell, written_fifths
from bachbot.theory.analysis import Harmony, analyze
from bachbot.theory.cadence import PhraseCadence, phrase_cadences
from bachbot.theory.explanation import tally
from bachbot.theory.harmony import NONE, Quality, chords_of, pitch_class_sets, sets_above
from bachbot.theory.rules import RULES

Label = str | float
"""A label of a histogram: a name if labels have no order, else a number."""

Histogram = Mapping[Label, float]
"""Count of each label."""

Kind = Literal["ranked", "ordered", "category", "faults"]


@dataclass(frozen=True, eq=False)
class PieceAnalysis:
    """A piece and its analysis, computed on demand and only once.

    Parameters
    ----------
    chorale : Chorale
        In the key of its ``key``.
    """

    chorale: Chorale
    _counted: dict[str, Counter[Label]] = field(default_factory=dict, init=False, repr=False)

    def count(self, feature: "Feature") -> Counter[Label]:
        """The histogram of a feature; do not change it."""
        if feature.name not in self._counted:
            self._counted[feature.name] = feature.count(self)
        return self._counted[feature.name]

    @cached_property
    def names(self) -> NDArray[np.int16]:
        """Position of each note's name on the line of fifths, shape [T, 4]; see `spell`."""
        return spell(self.chorale)

    @cached_property
    def harmonies(self) -> list[Harmony]:
        """The chords, by `bachbot.theory.analysis`."""
        return analyze(self.chorale)

    @cached_property
    def cadences(self) -> list[PhraseCadence]:
        """The cadences of the phrases; none if the piece has no fermata to mark phrases."""
        return phrase_cadences(self.chorale, self.harmonies) if self.chorale.fermata.any() else []


def analyzed(piece: Chorale | PieceAnalysis) -> PieceAnalysis:
    """The analysis of a piece; an analysis is returned as it is."""
    return piece if isinstance(piece, PieceAnalysis) else PieceAnalysis(piece)


@dataclass(frozen=True)
class Feature:
    """A feature: something that is counted in a piece.

    Parameters
    ----------
    name : str
        Name of the feature.
    unit : str
        Unit of its distance.
    kind : {"ranked", "ordered", "category", "faults"}
        Its distance (see `bachbot.evaluation.style.distances`). Ranked: Wasserstein distance over
        ranks in Bach's order of frequency. Ordered: Wasserstein distance over numbers. Category:
        total variation. Faults: as ranked, times the ratio of the rate per note to Bach's.
    count : callable
        From a `PieceAnalysis` to a histogram.
    by_mode : bool
        Whether a piece is compared with Bach's pieces of the same mode only.
    bin : float, optional
        Width of the bins of an ordered feature's histogram; default: one bin for each value.
    """

    name: str
    unit: str
    kind: Kind
    count: Callable[[PieceAnalysis], Counter[Label]]
    by_mode: bool = True
    bin: float | None = None


_NO_CHORD = "no chord"

# Chords that `theory.harmony` does not read, by semitones above the root. Of two readings of one
# set, such as a fourth over C and a second over F, the one with its root in the bass is chosen.
_ADDED_CHORDS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("suspended fourth", (0, 5, 7)),
    ("suspended second", (0, 2, 7)),
    ("dominant ninth", (0, 2, 4, 10)),
    ("minor ninth", (0, 2, 3, 10)),
    ("major ninth", (0, 2, 4, 11)),
    ("augmented major seventh", (0, 4, 8, 11)),
)


def slice_frames(chorale: Chorale) -> NDArray[np.int64]:
    """Frames in which a note begins or ends, and something sounds."""
    silent = chorale.pitch == REST
    begins = np.asarray(chorale.onset.any(axis=1))
    begins[1:] |= (silent[1:] & ~silent[:-1]).any(axis=1)
    return np.flatnonzero(begins & ~silent.all(axis=1))


def slice_qualities(piece: PieceAnalysis) -> Counter[Label]:
    """Chords by quality, one for each slice whatever its length; else ``no chord``."""
    chorale = piece.chorale
    pitch = chorale.pitch[slice_frames(chorale)]
    chords = chords_of(pitch, chorale.key)
    sets = pitch_class_sets(pitch)
    rows = zip(chords.quality.tolist(), sets, chords.bass.tolist(), strict=True)
    return Counter(_quality_name(*row) for row in rows)


def _quality_name(quality: int, found: np.int16, bass: int) -> str:
    if quality == Quality.OPEN:
        return "unison" if found.bit_count() == 1 else "bare fifth"
    return Quality(quality).label if quality != NONE else _added_chord(found, bass)


def _added_chord(found: np.int16, bass: int) -> str:
    """The name of a pitch-class set that is no chord of thirds."""
    for root in ((bass + i) % 12 for i in range(12)):
        above = int(sets_above(np.array([found]), root)[0])
        for name, tones in _ADDED_CHORDS:
            if above == sum(1 << tone for tone in tones):
                return name
    return _NO_CHORD


_CONTINUES = -2
_FEWEST_NOTES = 2


def repeated_sequences(piece: PieceAnalysis) -> Counter[Label]:
    """Occurrences of repeated sequences by length, all voices together.

    Returns
    -------
    Counter
        By length in sixteenths; a single 0 if nothing is repeated.
    """
    found: Counter[Label] = Counter()
    for voice in VOICES:
        for length, times in _repeats(_events(piece.chorale, voice)):
            found[float(length)] += times
    return found or Counter({0.0: 1})


def _events(chorale: Chorale, voice: Voice) -> list[int]:
    """A voice as one number per frame: a pitch, -1 for a new rest, -2 where either continues."""
    pitch = chorale.pitch[:, voice]
    continues = chorale.tied[:, voice].copy()
    continues[1:] |= (pitch[1:] == REST) & (pitch[:-1] == REST)
    return np.where(continues, _CONTINUES, pitch).tolist()


def _repeats(events: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Length and number of occurrences of every repeated sequence.

    Starting frames of equal sequences are grouped, and the groups are split frame by frame as the
    sequences grow. A group that is not split by the next frame, or that always follows the same
    note, is part of a longer sequence with as many occurrences.
    """
    starts = [frame for frame, event in enumerate(events) if event != _CONTINUES]
    before = {b: tuple(events[a:b]) for a, b in pairwise(starts)}
    groups = list(_split(events, starts, 0))
    length = 1
    while groups:
        grown = []
        for group in groups:
            parts = list(_split(events, group, length))
            first = group[0]
            notes = length - events[first : first + length].count(_CONTINUES)
            extends = len(parts) == 1 and len(parts[0]) == len(group)
            preceding = {before.get(start) for start in group}
            follows = len(preceding) == 1 and None not in preceding
            if notes >= _FEWEST_NOTES and not extends and not follows:
                yield length, len(group)
            grown += parts
        groups = grown
        length += 1


def _split(events: Sequence[int], starts: Sequence[int], offset: int) -> Iterator[list[int]]:
    """Starts grouped by the event at an offset, groups of two or more only."""
    parts: defaultdict[int, list[int]] = defaultdict(list)
    for start in starts:
        if start + offset < len(events):
            parts[events[start + offset]].append(start)
    return (part for part in parts.values() if len(part) > 1)


_LOWEST_OF_SCALE: dict[Mode, int] = {"major": -1, "minor": -4}
"""Lowest position on the line of fifths, relative to the tonic, of the notes of the scale."""
_MINOR_TONIC = 3  # fifths above the tonic of the major key with the same signature

_PARALLELS = {name: RULES[name] for name in ("parallel fifths", "parallel octaves")}


def scale_degrees(piece: PieceAnalysis) -> Counter[Label]:
    """Sixteenths of each scale degree with its accidental, and of rests."""
    chorale = piece.chorale
    minor = chorale.key.mode == "minor"
    above = piece.names.astype(int) - written_fifths(chorale) - _MINOR_TONIC * minor
    sounds = chorale.pitch != REST
    found = Counter(above[sounds].tolist())
    out: Counter[Label] = Counter()
    for fifths, times in found.items():
        out[degree_name(fifths, chorale.key.mode)] += times
    rests = int((~sounds).sum())
    return out + Counter({"rest": rests})


def degree_name(above: int, mode: Mode) -> str:
    """Degree and accidental of a note a number of fifths above the tonic: ``5``, ``#7``, ``b3``."""
    lowest = _LOWEST_OF_SCALE[mode]
    alter = (above - lowest) // 7
    return ("#" * alter if alter > 0 else "b" * -alter) + str(above * 4 % 7 + 1)


def note_durations(piece: PieceAnalysis) -> Counter[Label]:
    """Notes and rests by their length in quarters."""
    chorale = piece.chorale
    found: Counter[Label] = Counter()
    for voice in VOICES:
        rests = chorale.pitch[:, voice] == REST
        begins = chorale.onset[:, voice] | rests
        begins[1:] &= ~(rests[1:] & rests[:-1])
        edges = np.append(np.flatnonzero(begins), chorale.frames)
        found.update((np.diff(edges) / FRAMES_PER_QUARTER).tolist())
    return found


def parallel_fifths_and_octaves(piece: PieceAnalysis) -> Counter[Label]:
    """Parallel fifths and parallel octaves (or unisons), in any pair of voices."""
    return Counter({name: t.count for name, t in tally(piece.chorale, _PARALLELS).items()})


def melodic_interval_names(piece: PieceAnalysis, voice: Voice) -> Counter[Label]:
    """Named melodic intervals of a voice, up or down; none across a rest."""
    chorale = piece.chorale
    pitch, names = chorale.pitch[:, voice].astype(int), piece.names[:, voice].astype(int)
    at = np.flatnonzero(chorale.onset[1:, voice] & (pitch[:-1] != REST)) + 1
    rows = zip((pitch[at] - pitch[at - 1]).tolist(), (names[at] - names[at - 1]).tolist(),
               strict=True)  # fmt: skip
    found = Counter(rows)
    out: Counter[Label] = Counter()
    for (semitones, fifths), times in found.items():
        out[interval_name(semitones, fifths)] += times
    return out


def interval_name(semitones: int, fifths: int) -> str:
    """Name of a melodic interval: ``P1``, ``M2 up``, ``m6 down``.

    Parameters
    ----------
    semitones : int
        Upward.
    fifths : int
        Distance of the note names on the line of fifths.
    """
    steps = fifths * 4 + 7 * ((semitones - 7 * fifths) // 12)
    if (steps, semitones) < (0, 0):
        steps, semitones, fifths = -steps, -semitones, -fifths
        way = " down"
    else:
        way = " up" if semitones or steps else ""
    size = steps + 1
    if -1 <= fifths <= 1:
        return f"P{size}{way}"
    if abs(fifths) <= 5:
        return f"{'M' if fifths > 0 else 'm'}{size}{way}"
    times = (abs(fifths) + 1) // 7
    return f"{('A' if fifths > 0 else 'd') * times}{size}{way}"


GRADE_FEATURES: tuple[Feature, ...] = (
    Feature("notes", "ranks", "ranked", scale_degrees),
    Feature("rhythm", "ranks", "ranked", note_durations, by_mode=False),
    Feature("parallels", "times Bach's rate", "faults", parallel_fifths_and_octaves, by_mode=False),
    Feature("chord quality", "ranks", "ranked", slice_qualities),
    *(
        Feature(f"{v.label} intervals", "ranks", "ranked", partial(melodic_interval_names, voice=v))
        for v in VOICES
    ),
    Feature("repetition", "sixteenths", "ordered", repeated_sequences, by_mode=False),
)
"""The nine features of the grade, in the paper's order."""
