"""Two versions of a piece side by side: chords and faults by bar, and which notes differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest

import numpy as np

from bachbot.chorale import REST, VOICES, Voice
from bachbot.chorale.bar_pairs import bar_pairs
from bachbot.theory.explanation import Explanation, Fault
from bachbot.theory.fault_text import note_label


@dataclass(frozen=True)
class NoteDifference:
    """Where a voice has other notes in two versions.

    Parameters
    ----------
    bar : int
        Bar, from 1; a pickup is bar 0.
    beat : Fraction
        Beat, from 1.
    voice : Voice
        The voice.
    first, second : str
        The note of each version that begins or goes on there, such as ``F#4``; ``"rest"``.
    """

    bar: int
    beat: Fraction
    voice: Voice
    first: str
    second: str

    def to_json(self) -> dict[str, object]:
        """Convert to plain data, the beat as a number."""
        return {
            "bar": self.bar,
            "beat": float(self.beat),
            "voice": self.voice.label,
            "first": self.first,
            "second": self.second,
        }


@dataclass(frozen=True)
class ComparedBar:
    """A bar of two versions.

    Parameters
    ----------
    bar : int
        Its number.
    chords : tuple of tuple of str
        The numerals that begin in it, of each version.
    faults : tuple of tuple of Fault
        The faults in it, of each version.
    notes : tuple of NoteDifference
        Where the notes differ.
    only : tuple of bool
        Whether it is in each version and not in the other.
    """

    bar: int
    chords: tuple[tuple[str, ...], tuple[str, ...]]
    faults: tuple[tuple[Fault, ...], tuple[Fault, ...]]
    notes: tuple[NoteDifference, ...]
    only: tuple[bool, bool] = (False, False)

    @property
    def same(self) -> bool:
        """Whether the notes are the same."""
        return not self.notes

    def to_json(self) -> dict[str, object]:
        """Convert to plain data."""
        return {
            "bar": self.bar,
            "chords": [list(side) for side in self.chords],
            "faults": [[fault.to_json() for fault in side] for side in self.faults],
            "notes": [note.to_json() for note in self.notes],
            "only": list(self.only),
        }


@dataclass(frozen=True)
class Comparison:
    """Two versions, bar by bar.

    Parameters
    ----------
    bars : tuple of ComparedBar
        As many as the longer version has.
    """

    bars: tuple[ComparedBar, ...]

    @property
    def differing(self) -> tuple[ComparedBar, ...]:
        """The bars whose notes differ."""
        return tuple(bar for bar in self.bars if not bar.same)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data: ``bars``, one object each."""
        return {"bars": [bar.to_json() for bar in self.bars]}


def compare(first: Explanation, second: Explanation) -> Comparison:
    """Compare two versions of a piece bar by bar.

    Parameters
    ----------
    first, second : Explanation
        From `bachbot.explain`, by the same rules. Bars are matched by their numbers and notes by
        their place in the bar.

    Returns
    -------
    Comparison
        A bar that one version lacks has its notes against rests.
    """
    sides = (first, second)
    bars = []
    for pair in bar_pairs(first.frame_bars, second.frame_bars):
        number, frames = pair.number, pair.frames
        chords = tuple(
            tuple(h.text for h in side.harmonies if h.start in here)
            for side, here in zip(sides, frames, strict=True)
        )
        faults = tuple(
            tuple(f for f in side.faults if f.frame in here)
            for side, here in zip(sides, frames, strict=True)
        )
        notes = tuple(_differences(number, sides, frames))
        only = (not frames[1], not frames[0])
        bars.append(ComparedBar(number, chords, faults, notes, only))  # type: ignore[arg-type]
    return Comparison(tuple(bars))


def _differences(
    number: int, sides: Sequence[Explanation], frames: Sequence[range]
) -> list[NoteDifference]:
    """Where the notes of a bar differ: one entry for each note that begins or ends otherwise."""
    found = []
    for voice in VOICES:
        cells = [_cells(side, here, voice) for side, here in zip(sides, frames, strict=True)]
        before = None
        positions = sorted({*cells[0], *cells[1]})
        for place in positions:
            pair = tuple(side.get(place, (REST, False, 0)) for side in cells)
            differ = pair[0][:2] != pair[1][:2]
            # A note that lasts differs once, where it begins or where the other one does.
            told = (pair[0][0], pair[1][0])
            begins = pair[0][1] or pair[1][1] or before != told
            if differ and begins:
                meter = next(s for s, h in zip(sides, frames, strict=True) if h).chorale.meter
                beat = 1 + Fraction(place, meter.beat_frames)
                labels = [note_label(p, name) for p, _, name in pair]
                found.append(NoteDifference(number, beat, voice, labels[0], labels[1]))
            before = told if differ else None
    return found


def _cells(side: Explanation, frames: range, voice: Voice) -> dict[int, tuple[int, bool, int]]:
    """Pitch, onset and name of a voice by the place in the bar."""
    span = slice(frames.start, frames.stop)
    chorale = side.chorale
    rows = zip_longest(
        chorale.position[span].tolist(),
        chorale.pitch[span, voice].tolist(),
        np.asarray(chorale.onset)[span, voice].tolist(),
        side.names[span, voice].tolist(),
    )
    return {place: (pitch, onset, name) for place, pitch, onset, name in rows}
