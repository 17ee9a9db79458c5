"""Sampled instruments: samples resampled to a pitch, looped, filtered and enveloped."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.scores.sound.soundfont import (
    Envelope,
    Sample,
    SoundFont,
    Zone,
    cutoff,
    envelope,
    read_sample,
)

_MIN_OVERSAMPLED_RATE = 88_200
"""Samples are upsampled to this rate or more before they are interpolated, so that the images left
by cubic interpolation are below -80 dB."""
_BLOCK = 1 << 18
_INAUDIBLE = 90.0
"""Decibels below full scale at which a tone has died away."""
_MAX_LAYERS = 32
_ATTENUATION = 0.4
"""Fraction of the written attenuation that sound cards, and so fluidsynth, apply."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One sample at the pitch of a key, for as long as the key is held.

    Parameters
    ----------
    tone : ndarray of float32, shape [n]
        Before the envelope.
    envelope : Envelope
        Envelope of its level.
    position : float
        From left (-1) to right (1).
    """

    tone: NDArray[np.float32]
    envelope: Envelope
    position: float


class Instrument:
    """A preset of a soundfont, ready to play.

    Parameters
    ----------
    font : SoundFont
        The soundfont.
    zones : list of Zone
        Zones of the preset.
    rate : int
        Samples per second of the output.
    """

    def __init__(self, font: SoundFont, zones: list[Zone], rate: int) -> None:
        self._font, self._zones, self._rate = font, zones, rate
        self._oversampled: dict[tuple[object, ...], tuple[Sample, NDArray[np.float32], int]] = {}

    def layers(self, key: int, seconds: float) -> list[Layer]:
        """Return the layers of a key, long enough to die away after its release.

        Parameters
        ----------
        key : int
            MIDI key.
        seconds : float
            Longest time that the key is held.

        Returns
        -------
        list of Layer
            Empty if the instrument has no sample for this key.

        Raises
        ------
        UsageError
            If a sample is damaged.
        """
        matching = [z for z in self._zones if z.low <= key <= z.high][:_MAX_LAYERS]
        return [self._layer(zone, key, seconds) for zone in matching]

    def _layer(self, zone: Zone, key: int, seconds: float) -> Layer:
        shape = envelope(zone, key)
        length = int((seconds + shape.release * _INAUDIBLE / 100) * self._rate) + 1
        sample, fine, times = self._read(zone)
        cents = 100 * zone.amount(51) + zone.amount(52) + sample.cents
        octaves = ((key - sample.root) * zone.amount(56) + cents) / 1200
        step = 2.0**octaves * sample.rate * times / self._rate
        tone = _interpolate(fine, step, length, sample.loop, times)
        tone = _low_pass(tone, cutoff(zone), zone.amount(9) / 10, self._rate)
        tone *= np.float32(10 ** (-_ATTENUATION * np.clip(zone.amount(48), 0, 1440) / 200))
        return Layer(tone, shape, float(np.clip(zone.amount(17) / 500, -1, 1)))

    def _read(self, zone: Zone) -> tuple[Sample, NDArray[np.float32], int]:
        """Return the sample of a zone, its upsampled frames, and the factor of upsampling."""
        which = (zone.sample, *(zone.amount(n) for n in (0, 1, 2, 3, 4, 12, 45, 50, 54, 58)))
        if which not in self._oversampled:
            sample = read_sample(self._font, zone)
            times = -(-_MIN_OVERSAMPLED_RATE // sample.rate)
            self._oversampled[which] = (sample, _upsample(sample, times), times)
        return self._oversampled[which]


def envelope_levels(shape: Envelope, held: int, length: int, rate: int) -> NDArray[np.float32]:
    """Return the level of a note over time: attack, hold, decay, sustain and release.

    Parameters
    ----------
    shape : Envelope
        Times and levels.
    held, length : int
        Samples until the key is released, and in total.
    rate : int
        Samples per second.

    Returns
    -------
    ndarray of float32, shape [length]
        Amplitude, 0 to 1.
    """
    time = np.arange(held, dtype=np.float32) / np.float32(rate) - np.float32(shape.delay)
    falling = np.clip(100 / shape.decay * (time - shape.attack - shape.hold), 0, shape.sustain)
    level = np.clip(time / shape.attack, 0, 1) * 10 ** (-falling / 20)
    after = np.arange(1, length - held + 1, dtype=np.float32) / np.float32(rate)
    last = level[-1] if held else 0.0
    released = last * 10 ** (-100 / shape.release * after / 20)
    out: NDArray[np.float32] = np.concatenate([level, released]).astype(np.float32)
    # Fades to silence at the end.
    end = min(len(out), rate // 100)
    out[len(out) - end :] *= np.linspace(1, 0, end, dtype=np.float32)
    return out


def _upsample(sample: Sample, times: int) -> NDArray[np.float32]:
    """Upsample a sample; its loop is smoothed and continued a little beyond its end."""
    from scipy.signal import resample_poly

    frames = sample.frames
    if sample.loop:
        start, end = sample.loop
        frames = _smooth_loop(frames[:end], start, sample.rate // 100)
        frames = np.concatenate([frames, np.resize(frames[start:end], 64)])
    fine = resample_poly(frames, times, 1, window=("kaiser", 9.0)) if times > 1 else frames
    padded: NDArray[np.float32] = np.pad(fine, (1, 4)).astype(np.float32)
    return padded


def _smooth_loop(frames: NDArray[np.float32], start: int, fade: int) -> NDArray[np.float32]:
    """Cross-fade the end of a loop into what precedes its start, to avoid a click.

    Both are the same tone in the same phase, so a linear cross-fade keeps the level.
    """
    fade = min(fade, start, (len(frames) - start) // 2)
    share = np.linspace(0, 1, fade, endpoint=False, dtype=np.float32)
    out = frames.copy()
    out[len(out) - fade :] *= 1 - share
    out[len(out) - fade :] += share * frames[start - fade : start]
    return out


def _interpolate(
    fine: NDArray[np.float32], step: float, length: int, loop: tuple[int, int] | None, times: int
) -> NDArray[np.float32]:
    """Resample by any ratio, by cubic interpolation (Catmull and Rom).

    Returns
    -------
    ndarray of float32, shape [length], or shorter if a sample without a loop ends
    """
    last = len(fine) - 4
    if loop is None:
        length = max(1, min(length, int((last - 1) / step)))
    out = np.empty(length, dtype=np.float32)
    for begin in range(0, length, _BLOCK):
        position = np.arange(begin, min(begin + _BLOCK, length)) * step
        if loop is not None:
            start, end = loop[0] * times, loop[1] * times
            position = np.where(
                position < end, position, start + (position - start) % (end - start)
            )
        index = position.astype(np.int64)
        x = (position - index).astype(np.float32)
        # There is one frame of padding before the first.
        a, b, c, d = (fine[index + k] for k in range(4))
        out[begin : begin + len(position)] = b + 0.5 * x * (
            c - a + x * (2 * a - 5 * b + 4 * c - d + x * (3 * (b - c) + d - a))
        )
    return out


def _low_pass(
    tone: NDArray[np.float32], cut: float, resonance: float, rate: int
) -> NDArray[np.float32]:
    """Apply a two-pole low-pass filter (Bristow-Johnson, *Cookbook formulae for audio EQ*)."""
    if cut >= min(19_000, 0.45 * rate):
        return tone
    from scipy.signal import lfilter

    # In the standard 0 dB is a flat pass band, 3 dB above the 0 dB of the formula.
    q = 10 ** ((np.clip(resonance, 0, 96) - 3.01) / 20)
    omega = 2 * np.pi * cut / rate
    alpha, cosine = np.sin(omega) / (2 * q), np.cos(omega)
    b = np.array([(1 - cosine) / 2, 1 - cosine, (1 - cosine) / 2]) / (1 + alpha)
    a = np.array([1 + alpha, -2 * cosine, 1 - alpha]) / (1 + alpha)
    out: NDArray[np.float32] = lfilter(b, a, tone).astype(np.float32)
    return out
