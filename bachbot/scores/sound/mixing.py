"""Mixing: panned voices, reverberation, loudness."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.scores.sound.sampler import Instrument, Layer, envelope_levels
from bachbot.scores.sound.timing import PlayedNote

TARGET_LOUDNESS = -20.0
"""Loudness in LUFS: low enough that a piano's attacks stay below `MAX_PEAK`."""
MAX_PEAK = -1.0
"""Highest true peak in dBFS (EBU R 128)."""

_BLOCK = 1 << 20
_MAX_OVERSHOOT = 2.0
"""Upper bound of the true peak over the highest sample, for sounds of instruments."""


def loudness(samples: NDArray[np.float32], rate: int) -> float:
    """Return the gated integrated loudness (ITU-R BS.1770-4, by pyloudnorm).

    Parameters
    ----------
    samples : ndarray of float32, shape [n, 2]
        Left and right, at least 0.4 seconds.
    rate : int
        Samples per second.

    Returns
    -------
    float
        LUFS; minus infinity for silence.
    """
    import pyloudnorm

    return float(pyloudnorm.Meter(rate).integrated_loudness(samples.astype(np.float64)))


def true_peak(samples: NDArray[np.float32]) -> float:
    """Return the highest value, between samples too, at four times the rate (BS.1770-4, annex 2).

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
    """Bring samples to `TARGET_LOUDNESS`, or as near as their peaks allow.

    Parameters
    ----------
    samples : ndarray of float32, shape [n, 2]
        Left and right, at least 0.4 seconds.
    rate : int
        Samples per second.

    Returns
    -------
    ndarray of float32, shape [n, 2]
        No true peak is above `MAX_PEAK`; silence stays silence.
    """
    highest = float(np.abs(samples).max())
    if not highest:
        return samples
    measured, ceiling = loudness(samples, rate), 10 ** (MAX_PEAK / 20)
    gain = 10 ** ((TARGET_LOUDNESS - measured) / 20) if np.isfinite(measured) else np.inf
    # True peaks are costly: only computed if they can matter.
    if gain * highest > ceiling / _MAX_OVERSHOOT:
        gain = min(gain, ceiling / true_peak(samples))
    return samples * np.float32(gain)


REVERB_SECONDS = 1.2
"""Length of the reverberation."""
_REVERB_LEVEL = 0.05


def add_reverb(dry: NDArray[np.float32], rate: int) -> None:
    """Add the reverberation of a small church, in place.

    Convolves the sum of both channels with decaying noise that differs left and right, by
    overlap-add.

    Parameters
    ----------
    dry : ndarray of float32, shape [2, samples]
        Left and right; the reverberation is cut off at the end.
    rate : int
        Samples per second.
    """
    impulse = _impulse_response(rate)
    size = 1 << int(np.ceil(np.log2(2 * impulse.shape[1])))
    block = size - impulse.shape[1] + 1
    response = np.fft.rfft(impulse, size)
    mono = dry.sum(axis=0)
    for start in range(0, len(mono), block):
        spectrum = np.fft.rfft(mono[start : start + block], size)
        wet = np.fft.irfft(spectrum * response, size)[:, : dry.shape[1] - start]
        dry[:, start : start + size] += (_REVERB_LEVEL * wet).astype(np.float32)


@cache
def _impulse_response(rate: int) -> NDArray[np.float32]:
    """Return the impulse response of the room, shape [2, samples], of energy 1 on each side."""
    samples = int(REVERB_SECONDS * rate)
    time = np.arange(samples) / rate
    noise = np.random.default_rng(1685).standard_normal((2, samples + 8))
    # Walls absorb high frequencies: a short running mean.
    soft = sum(noise[:, i : i + samples] for i in range(8)) / 8
    decay = np.exp(-6.9 * time / REVERB_SECONDS) * np.clip((time - 0.012) / 0.015, 0, 1)
    # Fades to silence at the end.
    response = soft * decay * np.clip((REVERB_SECONDS - time) / 0.1, 0, 1)
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    out: NDArray[np.float32] = response.astype(np.float32)
    out.setflags(write=False)
    return out


VOICE_LEVELS = (1.0, 0.8, 0.85, 0.95)
"""Amplitudes of S, A, T, B."""
VOICE_PANNING = (-0.45, -0.15, 0.15, 0.45)
"""Positions of S, A, T, B from left (-1) to right (1)."""


@dataclass(frozen=True)
class Balance:
    """Level and place of each voice.

    Parameters
    ----------
    levels : tuple of float
        Amplitudes.
    panning : tuple of float
        Places from left (-1) to right (1).
    """

    levels: tuple[float, ...]
    panning: tuple[float, ...]

    @classmethod
    def of(cls, count: int) -> "Balance":
        """A balance for any number of voices: four as S, A, T and B, others side by side."""
        if count == len(VOICE_LEVELS):
            return SATB
        width = VOICE_PANNING[-1]
        places = np.linspace(-width, width, count) if count > 1 else np.zeros(count)
        return cls((0.9,) * count, tuple(map(float, places)))


SATB = Balance(VOICE_LEVELS, VOICE_PANNING)
"""The balance of soprano, alto, tenor and bass."""


def mix(
    notes: Sequence[PlayedNote],
    instrument: Instrument,
    rate: int,
    *,
    balance: Balance = SATB,
    seconds: float | None = None,
) -> NDArray[np.float32]:
    """Play notes on an instrument, pan the voices and add reverberation.

    Parameters
    ----------
    notes : sequence of PlayedNote
        At least one, in any order.
    instrument : Instrument
        Instrument to play them on.
    rate : int
        Samples a second; the instrument's.
    balance : Balance
        Level and place of each voice.
    seconds : float, optional
        Length of the music before its reverberation. Default: to the end of the last note.

    Returns
    -------
    ndarray of float32, shape [samples, 2]
        Left and right, at the level of the samples.

    Raises
    ------
    UsageError
        If the soundfont is damaged, or has no sample for a key that is played.
    """
    end = max(note.stop for note in notes) if seconds is None else seconds
    dry = np.zeros((2, int((end + REVERB_SECONDS) * rate) + 1), dtype=np.float32)
    for key in sorted({note.pitch for note in notes}):
        same_key = [note for note in notes if note.pitch == key]
        layers = instrument.layers(key, max(note.stop - note.start for note in same_key))
        if not layers:
            raise UsageError(f"the soundfont has no sample for key {key}: use another instrument")
        for note in sorted(same_key, key=lambda n: (n.start, n.voice)):
            for layer in layers:
                _add(dry, note, layer, rate, balance)
    add_reverb(dry, rate)
    return np.ascontiguousarray(dry.T)


def _add(
    dry: NDArray[np.float32], note: PlayedNote, layer: Layer, rate: int, balance: Balance
) -> None:
    """Add one note, in place.

    Its start is rounded to a whole number of its periods, so that two voices in unison are in phase
    and add up. No note moves by more than half a period, 8 ms for the lowest C.
    """
    frequency = 440 * 2 ** ((note.pitch - 69) / 12)
    first = round(round(note.start * frequency) / frequency * rate)
    held = max(1, round((note.stop - note.start) * rate))
    tail = len(layer.tone)
    length = min(held + int(layer.envelope.release * rate), tail, dry.shape[1] - first)
    level = envelope_levels(layer.envelope, min(held, length), length, rate)
    tone = layer.tone[:length] * level * np.float32(balance.levels[note.voice] * note.gain)
    # Equal power from left to right.
    angle = (np.clip(balance.panning[note.voice] + layer.position, -1, 1) + 1) * np.pi / 4
    dry[0, first : first + length] += np.float32(np.cos(angle)) * tone
    dry[1, first : first + length] += np.float32(np.sin(angle)) * tone
