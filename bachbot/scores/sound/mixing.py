"""The mix: each voice at its place, in one room, at one loudness."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.scores.sound.sampler import Instrument, Layer, envelope_levels
from bachbot.scores.sound.timing import PlayedNote

LOUDNESS = -20.0
"""Of every rendering, in LUFS: low enough that a piano's attacks stay below the highest peak."""
HIGHEST = -1.0
"""Highest true peak, in dB below full scale (EBU R 128)."""

_BLOCK = 1 << 20
_BETWEEN = 2.0
"""How much higher than the samples the tone between them may run, in any sound of instruments."""


def loudness(samples: NDArray[np.float32], rate: int) -> float:
    """Integrated loudness by ITU-R BS.1770-4, gated; by pyloudnorm.

    Parameters
    ----------
    samples : ndarray of float32, shape [n, 2]
        Left and right, 0.4 seconds or more.
    rate : int
        Samples a second.

    Returns
    -------
    float
        LUFS; minus infinity for silence.
    """
    import pyloudnorm

    return float(pyloudnorm.Meter(rate).integrated_loudness(samples.astype(np.float64)))


def true_peak(samples: NDArray[np.float32]) -> float:
    """Highest value between the samples too, read at four times the rate (BS.1770-4, annex 2).

    Parameters
    ----------
    samples : ndarray of float32, shape [n, 2]
        Left and right.

    Returns
    -------
    float
        1 is full scale.
    """
    from scipy.signal import resample_poly

    peak = 0.0
    for start in range(0, len(samples), _BLOCK):
        part = samples[max(0, start - 64) : start + _BLOCK + 64]
        peak = max(peak, float(np.abs(resample_poly(part, 4, 1, axis=0)).max()))
    return peak


def normalize_loudness(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Bring a rendering to `LOUDNESS`, or as near as its peaks allow.

    Parameters
    ----------
    samples : ndarray of float32, shape [n, 2]
        Left and right, 0.4 seconds or more.
    rate : int
        Samples a second.

    Returns
    -------
    ndarray of float32, shape [n, 2]
        No true peak above `HIGHEST`; silence stays silence.
    """
    highest = float(np.abs(samples).max())
    if not highest:
        return samples
    now, ceiling = loudness(samples, rate), 10 ** (HIGHEST / 20)
    gain = 10 ** ((LOUDNESS - now) / 20) if np.isfinite(now) else np.inf
    # The peaks between samples are only sought where they can matter.
    if gain * highest > ceiling / _BETWEEN:
        gain = min(gain, ceiling / true_peak(samples))
    return samples * np.float32(gain)


SECONDS = 1.2
"""How long the echo lasts."""
_LEVEL = 0.05


def add_reverb(dry: NDArray[np.float32], rate: int) -> None:
    """Add the echo of a small church, in place: decaying noise, convolved block by block.

    Overlap-add; the room hears both sides as one and answers differently left and right.

    Parameters
    ----------
    dry : ndarray of float32, shape [2, samples]
        Left and right; the echo is cut off at the end.
    rate : int
        Samples a second.
    """
    room = _room(rate)
    size = 1 << int(np.ceil(np.log2(2 * room.shape[1])))
    block = size - room.shape[1] + 1
    answer = np.fft.rfft(room, size)
    heard = dry.sum(axis=0)
    for start in range(0, len(heard), block):
        spectrum = np.fft.rfft(heard[start : start + block], size)
        wet = np.fft.irfft(spectrum * answer, size)[:, : dry.shape[1] - start]
        dry[:, start : start + size] += (_LEVEL * wet).astype(np.float32)


@cache
def _room(rate: int) -> NDArray[np.float32]:
    """Answer of the room to a clap, left and right, shape [2, samples], of energy 1 a side."""
    samples = int(SECONDS * rate)
    time = np.arange(samples) / rate
    noise = np.random.default_rng(1685).standard_normal((2, samples + 8))
    # Walls swallow the high tones: a short running mean.
    soft = sum(noise[:, i : i + samples] for i in range(8)) / 8
    decay = np.exp(-6.9 * time / SECONDS) * np.clip((time - 0.012) / 0.015, 0, 1)
    # It ends in silence, not with a step.
    answer = soft * decay * np.clip((SECONDS - time) / 0.1, 0, 1)
    answer /= np.sqrt((answer**2).sum(axis=1, keepdims=True))
    room: NDArray[np.float32] = answer.astype(np.float32)
    room.setflags(write=False)
    return room


LEVELS = (1.0, 0.8, 0.85, 0.95)
PLACES = (-0.45, -0.15, 0.15, 0.45)
"""From left (-1) to right (1): S, A, T, B, gently."""


def mix(notes: Sequence[PlayedNote], instrument: Instrument, rate: int) -> NDArray[np.float32]:
    """Play notes in a room.

    Parameters
    ----------
    notes : sequence of Played
        At least one, in any order.
    instrument : Instrument
        What plays them.
    rate : int
        Samples a second; the instrument's.

    Returns
    -------
    ndarray of float32, shape [samples, 2]
        Left and right, at the level of the samples.

    Raises
    ------
    UsageError
        If the soundfont is damaged, or has nothing on a key that is played.
    """
    end = max(note.stop for note in notes)
    dry = np.zeros((2, int((end + SECONDS) * rate) + 1), dtype=np.float32)
    for key in sorted({note.pitch for note in notes}):
        here = [note for note in notes if note.pitch == key]
        layers = instrument.layers(key, max(note.stop - note.start for note in here))
        if not layers:
            raise UsageError(f"the soundfont has nothing on key {key}: give another instrument")
        for note in sorted(here, key=lambda n: (n.start, n.voice)):
            for layer in layers:
                _add(dry, note, layer, rate)
    add_reverb(dry, rate)
    return np.ascontiguousarray(dry.T)


def _add(dry: NDArray[np.float32], note: PlayedNote, layer: Layer, rate: int) -> None:
    """Add one note, in place.

    It begins at a whole number of its periods: two voices that meet on a pitch add up, whenever
    each of them came in. No note moves by more than half a period, 8 ms for the lowest C.
    """
    frequency = 440 * 2 ** ((note.pitch - 69) / 12)
    first = round(round(note.start * frequency) / frequency * rate)
    held = max(1, round((note.stop - note.start) * rate))
    tail = len(layer.tone)
    length = min(held + int(layer.envelope.release * rate), tail, dry.shape[1] - first)
    level = envelope_levels(layer.envelope, min(held, length), length, rate)
    tone = layer.tone[:length] * level * np.float32(LEVELS[note.voice])
    # Equal power from left to right.
    angle = (np.clip(PLACES[note.voice] + layer.position, -1, 1) + 1) * np.pi / 4
    dry[0, first : first + length] += np.float32(np.cos(angle)) * tone
    dry[1, first : first + length] += np.float32(np.sin(angle)) * tone
