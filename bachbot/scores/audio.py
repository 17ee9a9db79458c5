"""The sound of a score: a plain organ in a small room, by NumPy alone."""

import io
import wave
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import OutputError, ScoreError, UsageError
from bachbot.files import write_whole
from bachbot.scores.sounding import Sounding

RATE = 44100
"""Samples a second."""

_PEAK = 10 ** (-3 / 20)
"""-3 dBFS."""
_LONGEST = 30 * 60.0
"""Seconds."""

# Level of each partial: a principal 8', a stopped flute 8' (odd partials), an octave 4' and a
# fifteenth 2' (partials that are multiples of 2 and 4).
_PRINCIPAL = {n: 0.9**n / n for n in range(1, 13)}
_FLUTE = {1: 0.6, 3: 0.10, 5: 0.02}
_OCTAVE = {2 * n: 0.45 * 0.85**n / n for n in range(1, 6)}
_FIFTEENTH = {4 * n: 0.16 * 0.8**n / n for n in range(1, 3)}
_CHORUS_CENTS, _CHORUS_LEVEL = 1.5, 0.15
"""A second rank, sharp by a hair: its slow beat keeps the tone from standing still."""

_LEVELS = (1.0, 0.8, 0.85, 0.95)
_PLACES = (-0.45, -0.15, 0.15, 0.45)
"""From left (-1) to right (1): S, A, T, B, gently."""

_ATTACK, _RELEASE = 0.030, 0.070
"""Seconds."""
_GAP = 0.1
"""Seconds from the end of a note, its release included, to the same pitch struck again."""

_HOLD = 1.8
"""How many times as long the last quarter of a note under a fermata lasts."""
_BREATH = 0.15
"""Seconds of silence after a fermata."""
_SLOWING, _SLOWEST = 4.0, 0.75
"""Quarters at the end over which the tempo falls, and to which share of itself."""

_REVERB_SECONDS, _REVERB_LEVEL = 0.9, 0.045
_TABLE = 1 << 14


def write_wav(soundings: Sequence[Sounding], path: Path, *, tempo: float) -> None:
    """Write what sounds as a stereo WAV of 16 bits at 44.1 kHz, whole or not at all.

    Parameters
    ----------
    soundings : sequence of Sounding
        At least one.
    path : Path
        File to write.
    tempo : float
        Quarter notes a minute.

    Raises
    ------
    ScoreError
        If nothing sounds.
    OutputError
        If it lasts over half an hour, or the file cannot be written.
    """
    samples = synthesise(soundings, tempo=tempo)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    write_whole(path, buffer.getvalue())


def synthesise(
    soundings: Sequence[Sounding], *, tempo: float, rate: int = RATE
) -> NDArray[np.float32]:
    """Play notes on an organ of a few ranks, in equal temperament at A4 = 440 Hz.

    A fermata is held and followed by a breath, the end slows down a little, and a note struck
    again on its pitch is heard as a new one.

    Parameters
    ----------
    soundings : sequence of Sounding
        At least one, in any order.
    tempo : float
        Quarter notes a minute, above 0.
    rate : int
        Samples a second, at least 8000.

    Returns
    -------
    ndarray of float32, shape [samples, 2]
        Left and right, within -0.71 to 0.71 (a peak of -3 dBFS).

    Raises
    ------
    UsageError
        If the tempo or the rate is out of range.
    ScoreError
        If nothing sounds.
    OutputError
        If it lasts over half an hour.
    """
    if not (np.isfinite(tempo) and tempo > 0):
        raise UsageError(f"a tempo of {tempo} cannot be played: give quarter notes a minute")
    if rate < 8000:
        raise UsageError(f"{rate} samples a second are too few: give 8000 or more")
    notes = sorted(
        (n for n in soundings if n.length > 0), key=lambda n: (n.voice, n.start, n.pitch)
    )
    if not notes:
        raise ScoreError("the score holds no note to play: give one that does")
    quarters, seconds, breaths = _clock(notes, tempo)
    if seconds[-1] > _LONGEST:
        raise OutputError(
            f"the piece lasts {seconds[-1] / 60:.0f} minutes: sound is written up to "
            f"{_LONGEST / 60:.0f}; play it faster, or write .mid"
        )
    starts = np.interp([float(n.start) for n in notes], quarters, seconds)
    stops = np.interp([float(n.start + n.length) for n in notes], quarters, seconds)
    stops = stops - np.array(
        [_BREATH if float(n.start + n.length) in breaths else 0 for n in notes]
    )
    stops = _rearticulated(notes, starts, stops)
    tail = _REVERB_SECONDS + _RELEASE
    dry = np.zeros((2, int((seconds[-1] + tail) * rate) + 1), dtype=np.float32)
    for note, start, stop in zip(notes, starts, stops, strict=True):
        first = int(start * rate)
        tone = _tone(note.pitch, first, max(1, int((stop - start) * rate)), rate)
        tone *= _LEVELS[note.voice]
        # Equal power from left to right.
        angle = (_PLACES[note.voice] + 1) * np.pi / 4
        dry[0, first : first + len(tone)] += np.float32(np.cos(angle)) * tone
        dry[1, first : first + len(tone)] += np.float32(np.sin(angle)) * tone
    wet = _in_room(dry, rate)
    peak = float(np.abs(wet).max())
    return np.ascontiguousarray((wet * np.float32(_PEAK / peak)).T) if peak else wet.T


def _clock(
    notes: Sequence[Sounding], tempo: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], set[float]]:
    """When each point of the piece comes.

    Returns
    -------
    quarters, seconds : ndarray of float, shape [points]
        Points of the piece and their times; straight lines between them.
    breaths : set of float
        Quarters at which a fermata ends.
    """
    end = max(float(n.start + n.length) for n in notes)
    held = [(float(n.start), float(n.start + n.length)) for n in notes if n.fermata]
    last = max(float(n.start) for n in notes)
    slowing = min(_SLOWING, last / 4)
    steps_down = np.linspace(last - slowing, last, 17)
    marks = {0.0, end, *(max(a, b - 1) for a, b in held), *(b for _, b in held)}
    quarters = np.unique(np.concatenate([steps_down, sorted(marks)]))
    middles = (quarters[1:] + quarters[:-1]) / 2
    pace = np.ones(len(middles))
    for start, stop in held:
        pace[(middles > max(start, stop - 1)) & (middles < stop)] = 1 / _HOLD
    if slowing > 0:
        share = np.clip((middles - (last - slowing)) / slowing, 0, 1)
        pace *= 1 - (1 - _SLOWEST) * share
    steps = np.diff(quarters) * 60 / tempo / pace
    # The breath is part of the time before the next note; the last fermata needs none.
    breaths = {stop for _, stop in held if stop < end}
    steps[np.isin(quarters[1:], list(breaths))] += _BREATH
    return quarters, np.concatenate([[0.0], np.cumsum(steps)]), breaths


def _rearticulated(
    notes: Sequence[Sounding], starts: NDArray[np.float64], stops: NDArray[np.float64]
) -> NDArray[np.float64]:
    """End a note early where its voice strikes the same pitch again at once."""
    stops = stops.copy()
    for index, (note, following) in enumerate(pairwise(notes)):
        again = (note.voice, note.pitch) == (following.voice, following.pitch)
        if again and starts[index + 1] - stops[index] < _GAP:
            early = starts[index + 1] - _GAP
            # A very short note keeps half of itself.
            stops[index] = max(early, (starts[index] + stops[index]) / 2)
    return stops


def _tone(pitch: int, first: int, length: int, rate: int) -> NDArray[np.float32]:
    """One pipe's note with its attack and release, shape [length + release].

    The phase is that of a pipe that had sounded from the beginning of the piece: voices in
    unison add up, whenever each of them came in.
    """
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    release = int(_RELEASE * rate)
    place = np.arange(first, first + length + release, dtype=np.float64)
    table = _period(min(12, int(0.45 * rate / frequency)))
    tone = np.zeros(len(place), dtype=np.float32)
    for cents, level in ((0.0, 1.0), (_CHORUS_CENTS, _CHORUS_LEVEL)):
        step = frequency * 2 ** (cents / 1200) / rate * _TABLE
        index = (place * step).astype(np.int64) & (_TABLE - 1)
        tone += np.float32(level) * table[index]
    attack = min(int(_ATTACK * rate), length)
    tone[:attack] *= _rise(attack)
    tone[-release:] *= _rise(release)[::-1]
    return tone


@cache
def _rise(samples: int) -> NDArray[np.float32]:
    """Half a cosine from 0 to 1: a beginning without a click."""
    curve = 0.5 - 0.5 * np.cos(np.pi * (np.arange(samples) + 0.5) / max(1, samples))
    rise: NDArray[np.float32] = curve.astype(np.float32)
    rise.setflags(write=False)
    return rise


@cache
def _period(partials: int) -> NDArray[np.float32]:
    """One period of all ranks, none of them above the highest partial that the rate can hold."""
    turn = 2 * np.pi * np.arange(_TABLE) / _TABLE
    period = np.zeros(_TABLE)
    for rank in (_PRINCIPAL, _FLUTE, _OCTAVE, _FIFTEENTH):
        for number, level in rank.items():
            if number <= partials:
                period += level * np.sin(number * turn)
    table: NDArray[np.float32] = period.astype(np.float32)
    table.setflags(write=False)
    return table


def _in_room(dry: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Add the echo of a small room, in place: decaying noise, convolved block by block.

    Overlap-add; the room hears both sides as one and answers differently left and right.
    """
    room = _room(rate)
    size = 1 << int(np.ceil(np.log2(2 * room.shape[1])))
    block = size - room.shape[1] + 1
    answer = np.fft.rfft(room, size)
    heard = dry.sum(axis=0)
    wet = np.zeros((2, dry.shape[1] + size), dtype=np.float32)
    for start in range(0, len(heard), block):
        spectrum = np.fft.rfft(heard[start : start + block], size)
        wet[:, start : start + size] += np.fft.irfft(spectrum * answer, size)
    dry += np.float32(_REVERB_LEVEL) * wet[:, : dry.shape[1]]
    return dry


@cache
def _room(rate: int) -> NDArray[np.float32]:
    """Answer of the room to a clap, left and right, shape [2, samples], of energy 1 a side."""
    samples = int(_REVERB_SECONDS * rate)
    time = np.arange(samples) / rate
    noise = np.random.default_rng(1685).standard_normal((2, samples + 8))
    # Walls swallow the high tones: a short running mean.
    soft = sum(noise[:, i : i + samples] for i in range(8)) / 8
    decay = np.exp(-6.9 * time / _REVERB_SECONDS) * np.clip((time - 0.012) / 0.015, 0, 1)
    # It ends in silence, not with a step.
    answer = soft * decay * np.clip((_REVERB_SECONDS - time) / 0.1, 0, 1)
    answer /= np.sqrt((answer**2).sum(axis=1, keepdims=True))
    room: NDArray[np.float32] = answer.astype(np.float32)
    room.setflags(write=False)
    return room
