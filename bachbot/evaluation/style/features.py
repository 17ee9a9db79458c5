"""The nine features of "Bach or Mock", and what they are read from."""

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
from bachbot.theory.cadence import Close, closes
from bachbot.theory.explanation import tally
from bachbot.theory.harmony import NONE, Quality, chords_of, pitch_class_sets, sets_above
from bachbot.theory.rules import RULES

Label = str | float
"""What is counted: a name where there is no order, else a number."""

Histogram = Mapping[Label, float]
"""How often each label was found."""

Kind = Literal["ranked", "ordered", "category", "faults"]


@dataclass(frozen=True, eq=False)
class PieceAnalysis:
    """A piece and what features read off it; everything is worked out once.

    Parameters
    ----------
    chorale : Chorale
        In the key that its ``key`` says.
    """

    chorale: Chorale
    _counted: dict[str, Counter[Label]] = field(default_factory=dict, init=False, repr=False)

    def count(self, feature: "Feature") -> Counter[Label]:
        """The histogram of a feature; not to be changed."""
        if feature.name not in self._counted:
            self._counted[feature.name] = feature.read(self)
        return self._counted[feature.name]

    @cached_property
    def names(self) -> NDArray[np.int16]:
        """Place of each note's name on the line of fifths, shape [T, 4]; `scores.spelling`."""
        return spell(self.chorale)

    @cached_property
    def harmonies(self) -> list[Harmony]:
        """The chords, as `bachbot.theory.analysis` hears them."""
        return analyze(self.chorale)

    @cached_property
    def closes(self) -> list[Close]:
        """How the phrases close; none where the piece has no fermata to tell them by."""
        return closes(self.chorale, self.harmonies) if self.chorale.fermata.any() else []


def analyzed(piece: Chorale | PieceAnalysis) -> PieceAnalysis:
    """A piece to read features off; one that has been read already as it is."""
    return piece if isinstance(piece, PieceAnalysis) else PieceAnalysis(piece)


@dataclass(frozen=True)
class Feature:
    """Something that is counted in a piece.

    Parameters
    ----------
    name : str
        What it is called.
    unit : str
        What its distance is counted in.
    kind : {"ranked", "ordered", "category", "faults"}
        How two distributions of it are told apart (`distances`). Ranked: by earth moved between
        labels in Bach's order of frequency. Ordered: by earth moved between numbers. Category: by
        the share that differs. Faults: as ranked, times how many there are a note beside Bach.
    read : callable
        From a `PieceAnalysis` to a histogram.
    by_mode : bool
        Whether a major piece is held against Bach's major pieces and a minor one against his
        minor ones.
    bin : float, optional
        Width of the bars that an ordered feature is shown in; unless given, each value is one.
    """

    name: str
    unit: str
    kind: Kind
    read: Callable[[PieceAnalysis], Counter[Label]]
    by_mode: bool = True
    bin: float | None = None


_UNREAD = "no chord"

# What `theory.harmony` leaves unread, by semitones above the root. Of the twins of one set, such as
# a fourth over C and a second over F, the one whose root is in the bass is meant, else the first.
_OTHERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("suspended fourth", (0, 5, 7)),
    ("suspended second", (0, 2, 7)),
    ("dominant ninth", (0, 2, 4, 10)),
    ("minor ninth", (0, 2, 3, 10)),
    ("major ninth", (0, 2, 4, 11)),
    ("augmented major seventh", (0, 4, 8, 11)),
)


def slices(chorale: Chorale) -> NDArray[np.int64]:
    """Frames in which a note begins or ends and something sounds."""
    silent = chorale.pitch == REST
    begins = np.asarray(chorale.onset.any(axis=1))
    begins[1:] |= (silent[1:] & ~silent[:-1]).any(axis=1)
    return np.flatnonzero(begins & ~silent.all(axis=1))


def slice_qualities(reading: PieceAnalysis) -> Counter[Label]:
    """Chords by their kind, each slice once, however long; what cannot be read is ``no chord``."""
    chorale = reading.chorale
    pitch = chorale.pitch[slices(chorale)]
    chords = chords_of(pitch, chorale.key)
    sets = pitch_class_sets(pitch)
    rows = zip(chords.quality.tolist(), sets, chords.bass.tolist(), strict=True)
    return Counter(_label(*row) for row in rows)


def _label(quality: int, found: np.int16, bass: int) -> str:
    if quality == Quality.OPEN:
        return "unison" if found.bit_count() == 1 else "bare fifth"
    return Quality(quality).label if quality != NONE else _other(found, bass)


def _other(found: np.int16, bass: int) -> str:
    """The name of a set that is no chord of thirds."""
    for root in ((bass + i) % 12 for i in range(12)):
        above = int(sets_above(np.array([found]), root)[0])
        for name, tones in _OTHERS:
            if above == sum(1 << tone for tone in tones):
                return name
    return _UNREAD


_HOLD = -2
_LEAST_NOTES = 2


def repeated_sequences(reading: PieceAnalysis) -> Counter[Label]:
    """How often repeated sequences of each length are found, all voices together.

    Returns
    -------
    Counter
        By length in sixteenths; 0 alone, once, where nothing is repeated.
    """
    found: Counter[Label] = Counter()
    for voice in VOICES:
        for length, times in _repeats(_events(reading.chorale, voice)):
            found[float(length)] += times
    return found or Counter({0.0: 1})


def _events(chorale: Chorale, voice: Voice) -> list[int]:
    """A voice as one number a frame: a pitch, -1 where a rest begins, -2 where either goes on."""
    pitch = chorale.pitch[:, voice]
    goes_on = chorale.tied[:, voice].copy()
    goes_on[1:] |= (pitch[1:] == REST) & (pitch[:-1] == REST)
    return np.where(goes_on, _HOLD, pitch).tolist()


def _repeats(events: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Length and number of occurrences of every sequence that counts.

    Places that begin alike are kept together and told apart frame by frame as they grow; a group
    that does not fall apart at the next frame, or that is always preceded by one same note, is
    part of a longer sequence found as often.
    """
    starts = [frame for frame, event in enumerate(events) if event != _HOLD]
    before = {b: tuple(events[a:b]) for a, b in pairwise(starts)}
    groups = list(_parted(events, starts, 0))
    length = 1
    while groups:
        grown = []
        for group in groups:
            parts = list(_parted(events, group, length))
            first = group[0]
            notes = length - events[first : first + length].count(_HOLD)
            whole = len(parts) == 1 and len(parts[0]) == len(group)
            preceded = {before.get(place) for place in group}
            led = len(preceded) == 1 and None not in preceded
            if notes >= _LEAST_NOTES and not whole and not led:
                yield length, len(group)
            grown += parts
        groups = grown
        length += 1


def _parted(events: Sequence[int], places: Sequence[int], length: int) -> Iterator[list[int]]:
    """Places that go on alike after so many frames, where there are two or more."""
    parts: defaultdict[int, list[int]] = defaultdict(list)
    for place in places:
        if place + length < len(events):
            parts[events[place + length]].append(place)
    return (part for part in parts.values() if len(part) > 1)


_LOWEST_OF_SCALE: dict[Mode, int] = {"major": -1, "minor": -4}
"""Lowest place on the line of fifths, above the tonic, of the seven notes of the scale."""
_MINOR_TONIC = 3  # fifths above the signature's place

_PARALLELS = {name: RULES[name] for name in ("parallel fifths", "parallel octaves")}


def scale_degrees(reading: PieceAnalysis) -> Counter[Label]:
    """Sixteenths of each degree of the scale with its accidental, and of rests."""
    chorale = reading.chorale
    minor = chorale.key.mode == "minor"
    above = reading.names.astype(int) - written_fifths(chorale) - _MINOR_TONIC * minor
    sounds = chorale.pitch != REST
    found = Counter(above[sounds].tolist())
    out: Counter[Label] = Counter()
    for place, times in found.items():
        out[degree_name(place, chorale.key.mode)] += times
    rests = int((~sounds).sum())
    return out + Counter({"rest": rests})


def degree_name(above: int, mode: Mode) -> str:
    """Degree and accidental of a note so many fifths above the tonic: ``5``, ``#7``, ``b3``."""
    lowest = _LOWEST_OF_SCALE[mode]
    alter = (above - lowest) // 7
    return ("#" * alter if alter > 0 else "b" * -alter) + str(above * 4 % 7 + 1)


def note_durations(reading: PieceAnalysis) -> Counter[Label]:
    """Notes and rests by their length in quarters."""
    chorale = reading.chorale
    found: Counter[Label] = Counter()
    for voice in VOICES:
        rests = chorale.pitch[:, voice] == REST
        begins = chorale.onset[:, voice] | rests
        begins[1:] &= ~(rests[1:] & rests[:-1])
        edges = np.append(np.flatnonzero(begins), chorale.frames)
        found.update((np.diff(edges) / FRAMES_PER_QUARTER).tolist())
    return found


def parallel_fifths_and_octaves(reading: PieceAnalysis) -> Counter[Label]:
    """Parallel fifths and parallel octaves (or unisons), in any pair of voices."""
    return Counter({name: t.count for name, t in tally(reading.chorale, _PARALLELS).items()})


def melodic_interval_names(reading: PieceAnalysis, voice: Voice) -> Counter[Label]:
    """Named intervals, up or down, from each note of a voice to the next; none over a rest."""
    chorale = reading.chorale
    pitch, names = chorale.pitch[:, voice].astype(int), reading.names[:, voice].astype(int)
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
        From name to name on the line of fifths.
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
"""The features of the grade, in the paper's order."""
