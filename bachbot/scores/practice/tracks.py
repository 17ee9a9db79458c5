"""Practice tracks: each voice forward, each left out, and all together, with a count-in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import OutputError, UsageError
from bachbot.scores.grid import Bar, bar_offsets
from bachbot.scores.performance import Performance, tempo_faults
from bachbot.scores.practice.singers import Ensemble, ensemble_of
from bachbot.scores.score import Score
from bachbot.scores.sheet import Sheet, performance_of
from bachbot.scores.sound.audio import RATE, play_notes
from bachbot.scores.sound.instruments import SoundPreset
from bachbot.scores.sound.mixing import MAX_PEAK, Balance, normalize_loudness, true_peak
from bachbot.scores.sound.timing import TempoMap, perform, tempo_map

Kind = Literal["whole", "forward", "left out"]

_MOST_MINUTES = 40
"""Minutes of all voices together, each of which is kept in memory: 850 MB."""

_CLICK_SECONDS = 0.05
_CLICK_DECAY = 0.008
_CLICK_LEVEL = 0.25
_CLICK_PITCHES = {True: 2000.0, False: 1400.0}
"""Frequency of the click on the first beat of a bar, and on the others."""

_COMPOUND_UNIT = 8
"""In 6/8, 9/8 and 12/8 a beat is three of these."""


@dataclass(frozen=True)
class PracticeOptions:
    """How practice tracks sound.

    Parameters
    ----------
    tempo : float, optional
        Quarter notes per minute, 10 to 400. Default: the tempo marks of the page, or 72.
    sound : str
        Instrument or soundfont, as `Layout.sound`.
    soft : float
        By how many decibels the other voices are softer where one is forward, 0 to 60.
    count_in : int
        Bars that are counted before the music, 0 to 8. Before a pickup the beats that its bar
        lacks are counted too.
    click : bool
        Whether the beats are heard through the whole piece.

    Raises
    ------
    UsageError
        If a value is none of these.
    """

    tempo: float | None = None
    sound: str = "organ"
    soft: float = 12.0
    count_in: int = 1
    click: bool = False

    def __post_init__(self) -> None:
        if faults := tempo_faults(self.tempo):
            raise UsageError(faults[0])
        if not 0 <= self.soft <= 60:
            raise UsageError(f"other voices softer by {self.soft:g} dB: give 0 to 60")
        if not 0 <= self.count_in <= 8:
            raise UsageError(f"a count-in of {self.count_in} bars: give 0 to 8")
        SoundPreset.parse(self.sound)


@dataclass(frozen=True, eq=False)
class PracticeTrack:
    """A track to practice with.

    Parameters
    ----------
    number : int
        Number of its voice, from 1; 0 for all voices.
    voice : str
        Name of its voice; empty for all voices.
    kind : {"whole", "forward", "left out"}
        What is done with the voice.
    samples : ndarray of float32, shape [n, 2]
        Left and right at 44.1 kHz.
    """

    number: int
    voice: str
    kind: Kind
    samples: NDArray[np.float32]

    @property
    def label(self) -> str:
        """What is heard, such as ``"soprano forward"``."""
        return "all voices" if self.kind == "whole" else f"{self.voice} {self.kind}"


def practice(
    music: Score | Sheet, options: PracticeOptions | None = None
) -> Iterator[PracticeTrack]:
    """Make practice tracks of a score: all voices, then each forward and each left out.

    A fermata is held and followed by a breath. The levels of the voices to one another are those
    of a recording of all of them, but for the one that is practiced; each track is then brought
    to -20 LUFS (ITU-R BS.1770-4).

    Parameters
    ----------
    music : Score or Sheet
        From `load_score`, `load_sheet` or an engine. The voices of a sheet that is written for a
        choir are soprano, alto, tenor and bass; on other pages each voice is one.
    options : PracticeOptions, optional
        Tempo, sound, levels, count-in.

    Yields
    ------
    PracticeTrack
        One by one, since each takes 21 MB a minute. Of a single voice there is one.

    Raises
    ------
    ScoreError
        If nothing has a pitch, or there are too many voices.
    UsageError
        If the sound cannot be played.
    OutputError
        If the piece is too long.

    Examples
    --------
    >>> for track in practice(load_score("chorale.mxl", voices=list(Voice))):  # doctest: +SKIP
    ...     print(track.label, len(track.samples) / 44100)
    """
    options = options or PracticeOptions()
    ensemble = ensemble_of(music)
    tempo = performance_of(music, options.tempo)
    stems, times = _stems(ensemble, options.sound, tempo)
    whole = np.sum(stems, axis=0)
    first = tempo.passages[0].tempo if isinstance(tempo, Performance) else tempo
    finish = _Finish(ensemble.document.bars, times, options, first)
    yield PracticeTrack(0, "", "whole", finish(whole))
    if len(stems) == 1:
        return
    gain = np.float32(10 ** (-options.soft / 20))
    for number, (singer, stem) in enumerate(zip(ensemble.singers, stems, strict=True), start=1):
        others = whole - stem
        yield PracticeTrack(number, singer.name, "forward", finish(stem + gain * others))
        yield PracticeTrack(number, singer.name, "left out", finish(others))


def _stems(
    ensemble: Ensemble, sound: str, tempo: float | Performance
) -> tuple[list[NDArray[np.float32]], TempoMap]:
    """The sound of each voice by itself, all of one length, and when each place is reached."""
    notes = [note for singer in ensemble.singers for note in singer.notes if note.length > 0]
    played = perform(notes, tempo=tempo)
    seconds = max(note.stop for note in played)
    count = len(ensemble.singers)
    if count * seconds > 60 * _MOST_MINUTES:
        raise OutputError(
            f"the piece lasts {seconds / 60:.0f} minutes, and practice tracks of {count} voices at "
            f"most {_MOST_MINUTES / count:.0f}: use a faster tempo, or a part of it"
        )
    balance = Balance.of(count)
    stems = []
    for number in range(count):
        own = [note for note in played if note.voice == number]
        if own:
            stems.append(play_notes(own, sound, balance=balance, seconds=seconds))
        else:  # a voice may have notes that are shorter than nothing, such as grace notes alone
            stems.append(np.zeros_like(stems[0]))
    return stems, tempo_map(notes, tempo)


@dataclass(frozen=True, eq=False)
class _Finish:
    """Brings the sound of a track to its loudness, and adds count-in and clicks."""

    bars: Sequence[Bar]
    times: TempoMap
    options: PracticeOptions
    tempo: float

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        music = normalize_loudness(samples.copy(), RATE)
        beats, seconds = count_in(self.bars, self.options.count_in, self.tempo)
        out = np.concatenate([np.zeros((round(seconds * RATE), 2), np.float32), music])
        for time, accented in beats:
            _add_click(out, time, accented)
        if self.options.click:
            places = [place for place in beats_of_bars(self.bars) if place[0] < self._end]
            at = self.times.at([float(quarters) for quarters, _ in places])
            for time, (_, accented) in zip(at, places, strict=True):
                _add_click(out, seconds + float(time), accented)
            # A click may stand on a peak of the music.
            out *= np.float32(min(1.0, 10 ** (MAX_PEAK / 20) / true_peak(out)))
        return out

    @property
    def _end(self) -> float:
        return float(self.times.quarters[-1])


def count_in(
    bars: Sequence[Bar], count: int, tempo: float
) -> tuple[list[tuple[float, bool]], float]:
    """The beats that are counted before the music.

    Parameters
    ----------
    bars : sequence of Bar
        The bars of the piece, one or more; a pickup is shorter than its time signature.
    count : int
        Whole bars to count; 0 counts nothing. The beats that a pickup's bar lacks are added.
    tempo : float
        Quarter notes per minute.

    Returns
    -------
    beats : list of (float, bool)
        Time of each beat in seconds, and whether it is the first of its bar.
    seconds : float
        When the music begins.
    """
    if not count:
        return [], 0.0
    first = bars[0]
    length = count * first.nominal + bar_offsets(bars)[0]
    step = beat_of(first)
    beats, place = [], Fraction(0)
    while place < length:
        beats.append((float(place * 60) / tempo, place % first.nominal == 0))
        place += step
    return beats, float(length * 60) / tempo


def beats_of_bars(bars: Sequence[Bar]) -> list[tuple[Fraction, bool]]:
    """The beats of a piece in quarter notes, and whether each is the first of its bar."""
    found = []
    for bar, offset in zip(bars, bar_offsets(bars), strict=True):
        step = beat_of(bar)
        place = -(-offset // step) * step
        while place < offset + bar.length:
            found.append((bar.start + place - offset, place % bar.nominal == 0))
            place += step
    return found


def beat_of(bar: Bar) -> Fraction:
    """Length of a beat in quarter notes: in 6/8, 9/8 and 12/8 a dotted quarter."""
    compound = bar.unit >= _COMPOUND_UNIT and bar.beats > 3 and bar.beats % 3 == 0
    return Fraction(12 if compound else 4, bar.unit)


def _add_click(samples: NDArray[np.float32], time: float, accented: bool) -> None:
    first = round(time * RATE)
    at = np.arange(min(round(_CLICK_SECONDS * RATE), len(samples) - first)) / RATE
    tone = np.sin(2 * np.pi * _CLICK_PITCHES[accented] * at) * np.exp(-at / _CLICK_DECAY)
    samples[first : first + len(at)] += (_CLICK_LEVEL * tone[:, None]).astype(np.float32)
