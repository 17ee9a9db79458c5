"""Given chords read from text, bar by bar.

Bars are separated by ``|`` or by line ends: ``"I | V6 I | IV V7 | I"``. The chords of a bar share
it evenly, unless durations in beats are written after a colon (``I:3 V:1``). ``.`` or ``-``
continues the chord before, ``?`` or ``_`` leaves the harmony open, and so does an empty bar.
``G:`` before a numeral changes the key of the numerals after it, ``a:`` to a minor one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from bachbot.chorale import Chorale, GivenChord, GivenHarmony, Key, Meter
from bachbot.chorale.place import beat_text, frames_to_beat, place_text
from bachbot.errors import UsageError
from bachbot.theory.given.chord_text import ChordText, read_chord

CONTINUE = frozenset({".", "-", "–"})
OPEN = frozenset({"?", "_"})

_KEY = re.compile(r"(?P<tonic>[A-Ga-g])(?P<sign>b|#)?:")
_DURATION = re.compile(r"(?P<text>.+):(?P<beats>\d{1,3}(?:\.\d{1,4})?|\d{1,3}/[1-9]\d?)")


@dataclass(frozen=True)
class BarBeats:
    """A bar and its beats.

    Parameters
    ----------
    number : int
        Printed number; a pickup is 0.
    frames : range
        Its frames in the piece.
    beats : tuple of int
        The frames in which its beats begin.
    beat_frames : int
        Frames of a beat: three units in compound meters.
    first : int
        Metrical position of its first frame.
    """

    number: int
    frames: range
    beats: tuple[int, ...]
    beat_frames: int
    first: int = 0

    @classmethod
    def of(cls, chorale: Chorale, number: int, frames: range, meter: Meter) -> "BarBeats":
        """A bar of a piece by its frames."""
        beat = meter.beat_frames
        beats = tuple(f for f in frames if chorale.position[f] % beat == 0)
        return cls(number, frames, beats, beat, int(chorale.position[frames.start]))

    def where(self, frame: Fraction | int) -> str:
        """A place in the bar in words, such as ``"bar 3, beat 2"``."""
        beat = 1 + (frame - self.frames.start + self.first) / Fraction(self.beat_frames)
        return f"bar {self.number}, beat {beat_text(beat)}"

    def place(self, frame: int) -> str:
        """A frame of the bar as a place such as ``"12.3"``."""
        beat = 1 + Fraction(frame - self.frames.start + self.first, self.beat_frames)
        return place_text(self.number, beat)

    def frame(self, beat: str) -> int | None:
        """The frame of a beat such as ``"3"`` or ``"2.5"``; None if it has none there."""
        ahead = frames_to_beat(beat, self.beat_frames)
        frame = None if ahead is None else self.frames.start - self.first + ahead
        return frame if frame in self.frames else None


def bars_with_beats(chorale: Chorale) -> tuple[BarBeats, ...]:
    """The bars of a piece without a score, numbered from 1, or from 0 if it has a pickup."""
    starts = [*chorale.bar_starts.tolist(), chorale.frames]
    first = 0 if chorale.frames and chorale.position[0] else 1
    return tuple(
        BarBeats.of(chorale, first + i, range(starts[i], starts[i + 1]), chorale.meter)
        for i in range(len(starts) - 1)
    )


def where_in(bars: Sequence[BarBeats], frame: int) -> str:
    """Bar and beat of a frame in words."""
    starts = [bar.frames.start for bar in bars]
    return bars[int(np.searchsorted(starts, frame, side="right")) - 1].where(frame)


def chords_at(
    chord: ChordText, text: str, start: int, beats: Sequence[int]
) -> Iterator[GivenChord]:
    """A chord on its first frame and on each further beat that it lasts.

    On further beats the bass may move to other tones of it, but not to the fifth of a triad, which
    would be another kind of chord.

    Parameters
    ----------
    chord : ChordText
        The chord.
    text : str
        How it is written.
    start : int
        Its first frame.
    beats : sequence of int
        The frames of the further beats.
    """
    inversions = () if chord.inversion is None else (chord.inversion,)
    yield GivenChord(start, chord.root, chord.intervals, inversions, text=text)
    later: tuple[int, ...] = inversions
    if len(chord.intervals) == 3 and chord.inversion != 2:
        later = (0, 1)
    elif len(chord.intervals) > 3:
        later = ()
    for beat in beats:
        yield GivenChord(beat, chord.root, chord.intervals, later, text=text)


def parse_chords(text: str, bars: Sequence[BarBeats], key: Key) -> GivenHarmony:
    """Read chords for the bars of a piece.

    Where a tune begins with a pickup, that is the first bar of the text; if the text has just as
    many bars as the tune has after the pickup, the pickup is left open.

    Parameters
    ----------
    text : str
        As the module's docstring has it. A line that begins with ``%`` is a comment.
    bars : sequence of BarBeats
        The bars of the piece.
    key : Key
        The key of the piece.

    Returns
    -------
    GivenHarmony
        With a chord on the first frame of each chord, and on each beat that it lasts.

    Raises
    ------
    UsageError
        If a symbol is not a chord, a bar cannot be shared evenly, or there are too many bars; the
        message names the bar and the beat.
    """
    cells = cells_of(text, bars, "chords")
    found = _Reader(key).read(cells)
    if cells[-1][0] == bars[-1]:
        return found
    notice = f"the chords end in bar {cells[-1][0].number}: the bars after it are left open"
    return replace(found, notices=(*found.notices, notice))


def cells_of(text: str, bars: Sequence[BarBeats], what: str) -> list[tuple[BarBeats, str]]:
    """The text of each bar; parameters and errors as in `parse_chords`.

    Parameters
    ----------
    what : str
        What the text consists of, for messages.
    """
    lines = [line.strip() for line in text.splitlines()]
    written = "|".join(line.strip("|") for line in lines if line and not line.startswith("%"))
    cells = written.split("|")
    if not any(cell.strip() for cell in cells):
        raise UsageError(f"the {what} are empty: give some for each bar, separated by |")
    if len(cells) == len(bars) - 1 and bars[0].number == 0:
        bars = bars[1:]
    if len(cells) > len(bars):
        pickup = " with its pickup" if bars[0].number == 0 else ""
        raise UsageError(
            f"the {what} have {len(cells)} bars and the tune has {len(bars)}{pickup}: "
            "leave some out, or separate bars alone by |"
        )
    return list(zip(bars, cells, strict=False))


def symbols_of(bar: BarBeats, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """First frame, end and text of each symbol of a bar; errors as in `parse_chords`."""
    start = Fraction(bar.frames.start)
    for word, length in zip(words, _lengths(bar, words), strict=True):
        match = _DURATION.fullmatch(word)
        yield int(start), int(start + length), match["text"] if match else word
        start += length


@dataclass
class _Reader:
    """Reads bars in order; keeps the chord that lasts and the key of the numerals."""

    home: Key
    local: Key | None = None
    chord: ChordText | None = None
    text: str = ""

    def read(self, cells: Sequence[tuple[BarBeats, str]]) -> GivenHarmony:
        chords: list[GivenChord] = []
        notices: dict[str, None] = {}
        for bar, cell in cells:
            for start, stop, text in self._symbols(bar, cell):
                begins = text not in CONTINUE
                if begins:
                    self._take(text, bar, start)
                if self.chord is None:
                    continue
                if begins and self.chord.notice:
                    notices[f"{bar.where(start)}: {self.chord.notice}"] = None
                beats = [b for b in bar.beats if start + begins <= b < stop]
                found = list(chords_at(self.chord, self.text, start, beats))
                chords += found if begins else found[1:]
        return GivenHarmony(tuple(chords), notices=tuple(notices))

    def _symbols(self, bar: BarBeats, cell: str) -> Iterator[tuple[int, int, str]]:
        """The symbols of a bar, after each change of key has been noted."""
        words = cell.split()
        symbols = symbols_of(bar, [word for word in words if not _KEY.fullmatch(word)])
        for word in words:
            change = _KEY.fullmatch(word)
            if change:
                self.local = Key.parse(change["tonic"] + (change["sign"] or ""))
            else:
                yield next(symbols)
        if not words:
            yield bar.frames.start, bar.frames.stop, "?"

    def _take(self, text: str, bar: BarBeats, start: int) -> None:
        if text in OPEN:
            self.chord = None
            return
        try:
            self.chord = read_chord(text, self.local or self.home, self.home)
        except UsageError as error:
            raise UsageError(f"{bar.where(start)}: {error}") from error
        self.text = text


def _lengths(bar: BarBeats, words: Sequence[str]) -> list[Fraction]:
    """Frames of each symbol of a bar."""
    whole = Fraction(len(bar.frames))
    given: list[Fraction | None] = []
    for word in words:
        match = _DURATION.fullmatch(word)
        given.append(Fraction(match["beats"]) * bar.beat_frames if match else None)
    fixed = sum((length for length in given if length is not None), Fraction(0))
    shared = given.count(None)
    each = (whole - fixed) / shared if shared else Fraction(0)
    number = float(whole / bar.beat_frames)
    beats = f"{number:.4g} beat{'' if number == 1 else 's'}"
    if fixed > whole or (shared and each <= 0) or (words and not shared and fixed < whole):
        raise UsageError(
            f"bar {bar.number}: its durations add up to {float(fixed / bar.beat_frames):.4g} of "
            f"{beats}: correct them"
        )
    lengths = [each if length is None else length for length in given]
    at = Fraction(bar.first)
    for length in lengths:
        if length.denominator > 1 or not length:
            raise _uneven(bar, len(words), beats)
        # A shared chord begins on a beat, or divides one.
        if shared and fixed == 0 and at % bar.beat_frames and bar.beat_frames % length:
            raise _uneven(bar, len(words), beats)
        at += length
    return lengths


def _uneven(bar: BarBeats, number: int, beats: str) -> UsageError:
    return UsageError(
        f"bar {bar.number}: {number} chords cannot share {beats} evenly: write how many beats each "
        "lasts, as in I:2 V:1, or '.' where a chord continues"
    )
