"""Cadences that are given at the ends of phrases, such as ``"4:HC 8:PAC"``, as given chords.

A place is a bar, or a bar and a beat (``8.3:PAC``), as `bachbot.chorale.place` says. Without a beat
the last chord begins with the note under the bar's fermata, else with the last note that begins in
the bar; where the tune has a pickup, notes at the bar's end that take as long belong to the next
phrase. ``/V`` after the type names the key of the cadence by its tonic chord in the key of the
piece.

====  =================  ========================================================================
PAC   perfect authentic  V or V7, then I, both in root position; the tune has the tonic
IAC   imperfect          V, then I; under the tonic in the tune V is inverted
HC    half               V in root position
PC    plagal             IV, then I, both in root position
DC    deceptive          V or V7, then vi, both in root position
====  =================  ========================================================================
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import (
    REST,
    Chorale,
    GivenChord,
    GivenHarmony,
    Key,
    Voice,
    line_of_fifths,
    note_name,
)
from bachbot.chorale.place import PLACE
from bachbot.errors import UsageError
from bachbot.theory.given.chord_text import DOMINANT_SEVENTH, MAJOR, MINOR, read_chord
from bachbot.theory.given.given_chords import BarBeats, where_in

CADENCES = ("PAC", "IAC", "HC", "PC", "DC")

_PLACE = re.compile(PLACE + r":(?P<kind>[A-Za-z]+)(?:/(?P<goal>\S+))?")
_WANTED = f"give one such as 8:PAC or 8.3:HC, of {', '.join(CADENCES)}"


def parse_cadences(
    text: str, bars: Sequence[BarBeats], chorale: Chorale, cells: NDArray[np.bool_]
) -> GivenHarmony:
    """Read the cadences of a piece.

    Parameters
    ----------
    text : str
        As the module's docstring has it, separated by spaces or commas.
    bars : sequence of BarBeats
        The bars of the piece.
    chorale : Chorale
        The piece, T frames.
    cells : ndarray of bool, shape [T, 4]
        What is given of it.

    Returns
    -------
    GivenHarmony
        With the chords of each cadence, and its place as the end of a phrase.

    Raises
    ------
    UsageError
        If a place or a type is not one; the message names it.
    """
    words = text.replace(",", " ").split()
    if not words:
        raise UsageError(f"the cadences are empty: {_WANTED}")
    found = GivenHarmony()
    for word in words:
        found = found.with_precedence(_Cadence(word, bars, chorale, cells).harmony())
    return found


class _Cadence:
    """One cadence; parameters as in `parse_cadences`, and what is written of it."""

    def __init__(
        self, word: str, bars: Sequence[BarBeats], chorale: Chorale, cells: NDArray[np.bool_]
    ) -> None:
        match = _PLACE.fullmatch(word)
        if match is None or match["kind"].upper() not in CADENCES:
            raise UsageError(f"{word[:40]!r} is not a cadence: {_WANTED}")
        self.bars, self.chorale, self.cells = bars, chorale, cells
        self.kind = match["kind"].upper()
        self.key = self._key(word, match["goal"])
        self.frame = self._frame(word, int(match["bar"]), match["beat"])

    def harmony(self) -> GivenHarmony:
        """The chords of the cadence."""
        notices: tuple[str, ...] = ()
        if self.kind == "PAC" and self._tune() not in (None, self.key.pitch_class):
            notices = (
                f"{where_in(self.bars, self.frame)}: the tune is not on the tonic of {self.key}, "
                "so the cadence is an imperfect one",
            )
        minor = self.key.mode == "minor"
        tonic, fourth = (MINOR, MINOR) if minor else (MAJOR, MAJOR)
        if self.kind == "HC":
            return GivenHarmony(self._last(7, MAJOR, "V"), (self.frame,))
        if self.kind == "DC":
            last = self._last(8, MAJOR, "VI") if minor else self._last(9, MINOR, "vi")
        else:
            last = self._last(0, tonic, "i" if minor else "I")
        if self.kind == "PC":
            before = self._before(5, fourth, (0,), (), "iv" if minor else "IV")
        elif self.kind == "IAC" and self._tune() == self.key.pitch_class:
            before = self._before(7, DOMINANT_SEVENTH, (1,), (10,), "V6")
        else:
            before = self._before(7, DOMINANT_SEVENTH, (0,), (10,), "V")
        return GivenHarmony((*before, *last), (self.frame,), notices)

    def _key(self, word: str, goal: str | None) -> Key:
        home = self.chorale.key
        if goal is None:
            return home
        try:
            chord = read_chord(goal, home)
        except UsageError as error:
            raise UsageError(f"{word[:40]!r} is not a cadence: after '/', {error}") from error
        fifths = (chord.root * 7 + 5) % 12 - 5  # from five down to six up
        tonic = note_name(line_of_fifths(home.tonic) + fifths)
        return Key(tonic, "minor" if chord.intervals[1] == MINOR[1] else "major").simplified

    def _frame(self, word: str, number: int, beat: str | None) -> int:
        """The frame in which the last chord begins."""
        at = next((bar for bar in self.bars if bar.number == number), None)
        if at is None:
            numbers = [bar.number for bar in self.bars]
            raise UsageError(
                f"{word[:40]!r}: the tune has no bar {number}: give bars from {min(numbers)} to "
                f"{max(numbers)}"
            )
        if beat is not None:
            frame = at.frame(beat)
            if frame is None:
                last = (len(at.frames) + at.first) / at.beat_frames
                raise UsageError(
                    f"{word[:40]!r}: bar {number} has no beat {beat}: give one below {1 + last:g}"
                )
            return frame
        under = [f for f in at.frames if self.chorale.fermata[f]]
        if under:
            return under[0]
        pickup = self.chorale.meter.pickup
        stop = max(at.frames.start + 1, at.frames.start - at.first + self._bar_frames - pickup)
        voice = self._leading(at.frames.start)
        begun = [f for f in at.frames if f < stop and self.chorale.onset[f, voice]]
        return begun[-1] if begun else at.frames.start

    @property
    def _bar_frames(self) -> int:
        return max(len(bar.frames) for bar in self.bars)

    def _leading(self, frame: int) -> int:
        given = np.flatnonzero(self.cells[frame])
        return int(given[0]) if given.size else int(Voice.SOPRANO)

    def _tune(self) -> int | None:
        """Pitch class of a given soprano in the last chord."""
        pitch = int(self.chorale.pitch[self.frame, Voice.SOPRANO])
        given = self.cells[self.frame, Voice.SOPRANO] and pitch != REST
        return pitch % 12 if given else None

    def _above(self, frame: int) -> set[int]:
        """Semitones above the tonic of the cadence of what is given in a frame."""
        pitch = self.chorale.pitch[frame][self.cells[frame]]
        return {int(p - self.key.pitch_class) % 12 for p in pitch if p != REST}

    def _root(self, above: int) -> int:
        return (self.key.pitch_class + above - self.chorale.key.pitch_class) % 12

    def _last(self, root: int, intervals: tuple[int, ...], text: str) -> tuple[GivenChord, ...]:
        """The last chord, on each beat of the tune's note."""
        voice = self._leading(self.frame)
        begins = np.flatnonzero(~self.chorale.tied[:, voice])
        later = begins[begins > self.frame]
        stop = int(later[0]) if later.size else self.chorale.frames
        beats = [b for bar in self.bars for b in bar.beats if self.frame < b < stop]
        return tuple(
            GivenChord(frame, self._root(root), intervals, (0,), text=text)
            for frame in (self.frame, *beats)
        )

    def _before(
        self,
        root: int,
        intervals: tuple[int, ...],
        inversions: tuple[int, ...],
        optional: tuple[int, ...],
        text: str,
    ) -> tuple[GivenChord, ...]:
        """The chord before the last: a beat earlier, or half a beat if the tune has it there."""
        beat = next(bar.beat_frames for bar in reversed(self.bars)
                    if bar.frames.start <= self.frame)  # fmt: skip
        tones = {(root + i) % 12 for i in intervals}
        places = [f for f in (self.frame - beat, self.frame - beat // 2) if f >= 0]
        fitting = [f for f in places if self._above(f) <= tones]
        return tuple(
            GivenChord(f, self._root(root), intervals, inversions, optional, text)
            for f in (fitting or places)[:1]
        )
