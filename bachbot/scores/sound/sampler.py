"""One key of an instrument: samples brought to its pitch, looped, filtered and shaped."""

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

_FINE = 88_200
"""Samples are brought to this rate or more before they are read between their frames: what cubic
interpolation then leaves of their images is below -80 dB."""
_BLOCK = 1 << 18
_FLOOR = 90.0
"""Decibels below full at which a tone has died away."""
_MOST_LAYERS = 32
_ATTENUATION = 0.4
"""Sound cards, and fluidsynth after them, take this share of the attenuation that is written."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One sample at the pitch of a key, as long as it is held.

    Parameters
    ----------
    tone : ndarray of float32, shape [n]
        Before the envelope.
    envelope : Envelope
        How its level goes.
    position : float
        From left (-1) to right (1).
    """

    tone: NDArray[np.float32]
    envelope: Envelope
    position: float


class Instrument:
    """One preset of a soundfont, ready to play.

    Parameters
    ----------
    tables : Tables
        The soundfont.
    zones : list of Zone
        What the preset plays.
    rate : int
        Samples a second that are wanted.
    """

    def __init__(self, tables: SoundFont, zones: list[Zone], rate: int) -> None:
        self._tables, self._zones, self._rate = tables, zones, rate
        self._fine: dict[tuple[object, ...], tuple[Sample, NDArray[np.float32], int]] = {}

    def layers(self, key: int, seconds: float) -> list[Layer]:
        """What sounds while a key is held, long enough to die away after it is let go.

        Parameters
        ----------
        key : int
            MIDI key.
        seconds : float
            How long it is held at the most.

        Returns
        -------
        list of Layer
            None where the instrument has nothing on this key.

        Raises
        ------
        UsageError
            If a sample is damaged.
        """
        matching = [z for z in self._zones if z.low <= key <= z.high][:_MOST_LAYERS]
        return [self._layer(zone, key, seconds) for zone in matching]

    def _layer(self, zone: Zone, key: int, seconds: float) -> Layer:
        shape = envelope(zone, key)
        length = int((seconds + shape.release * _FLOOR / 100) * self._rate) + 1
        sample, fine, times = self._read(zone)
        cents = 100 * zone.amount(51) + zone.amount(52) + sample.cents
        turned = ((key - sample.root) * zone.amount(56) + cents) / 1200
        step = 2.0**turned * sample.rate * times / self._rate
        tone = _read_between(fine, step, length, sample.loop, times)
        tone = _filtered(tone, cutoff(zone), zone.amount(9) / 10, self._rate)
        tone *= np.float32(10 ** (-_ATTENUATION * np.clip(zone.amount(48), 0, 1440) / 200))
        return Layer(tone, shape, float(np.clip(zone.amount(17) / 500, -1, 1)))

    def _read(self, zone: Zone) -> tuple[Sample, NDArray[np.float32], int]:
        """The sample of a zone at a rate that can be read between its frames."""
        which = (zone.sample, *(zone.amount(n) for n in (0, 1, 2, 3, 4, 12, 45, 50, 54, 58)))
        if which not in self._fine:
            sample = read_sample(self._tables, zone)
            times = -(-_FINE // sample.rate)
            self._fine[which] = (sample, _finer(sample, times), times)
        return self._fine[which]


def envelope_levels(shape: Envelope, held: int, length: int, rate: int) -> NDArray[np.float32]:
    """Level of a note that is held so long, shape [length]: rise, hold, decay, release.

    Parameters
    ----------
    shape : Envelope
        Its shape.
    held, length : int
        Samples until the key is let go, and in all.
    rate : int
        Samples a second.
    """
    time = np.arange(held, dtype=np.float32) / np.float32(rate) - np.float32(shape.delay)
    falling = np.clip(100 / shape.decay * (time - shape.attack - shape.hold), 0, shape.sustain)
    level = np.clip(time / shape.attack, 0, 1) * 10 ** (-falling / 20)
    after = np.arange(1, length - held + 1, dtype=np.float32) / np.float32(rate)
    last = level[-1] if held else 0.0
    released = last * 10 ** (-100 / shape.release * after / 20)
    out: NDArray[np.float32] = np.concatenate([level, released]).astype(np.float32)
    # It ends in silence, not with a step.
    end = min(len(out), rate // 100)
    out[len(out) - end :] *= np.linspace(1, 0, end, dtype=np.float32)
    return out


def _finer(sample: Sample, times: int) -> NDArray[np.float32]:
    """A sample at a multiple of its rate, its loop smoothed and led on a little beyond its end."""
    from scipy.signal import resample_poly

    frames = sample.frames
    if sample.loop:
        start, end = sample.loop
        frames = _seamless(frames[:end], start, sample.rate // 100)
        frames = np.concatenate([frames, np.resize(frames[start:end], 64)])
    fine = resample_poly(frames, times, 1, window=("kaiser", 9.0)) if times > 1 else frames
    padded: NDArray[np.float32] = np.pad(fine, (1, 4)).astype(np.float32)
    return padded


def _seamless(frames: NDArray[np.float32], start: int, fade: int) -> NDArray[np.float32]:
    """Blend the end of a loop into what comes before its start: compression leaves a click there.

    The two are the same tone in the same phase, so that straight lines keep the level.
    """
    fade = min(fade, start, (len(frames) - start) // 2)
    share = np.linspace(0, 1, fade, endpoint=False, dtype=np.float32)
    out = frames.copy()
    out[len(out) - fade :] *= 1 - share
    out[len(out) - fade :] += share * frames[start - fade : start]
    return out


def _read_between(
    fine: NDArray[np.float32], step: float, length: int, loop: tuple[int, int] | None, times: int
) -> NDArray[np.float32]:
    """Read a tone off a sample in steps of any size, by cubic interpolation (Catmull and Rom).

    Returns
    -------
    ndarray of float32, shape [length] or, without a loop, as long as it lasts
    """
    last = len(fine) - 4
    if loop is None:
        length = max(1, min(length, int((last - 1) / step)))
    out = np.empty(length, dtype=np.float32)
    for begin in range(0, length, _BLOCK):
        place = np.arange(begin, min(begin + _BLOCK, length)) * step
        if loop is not None:
            start, end = loop[0] * times, loop[1] * times
            place = np.where(place < end, place, start + (place - start) % (end - start))
        index = place.astype(np.int64)
        x = (place - index).astype(np.float32)
        # One frame of padding stands before the first.
        a, b, c, d = (fine[index + k] for k in range(4))
        out[begin : begin + len(place)] = b + 0.5 * x * (
            c - a + x * (2 * a - 5 * b + 4 * c - d + x * (3 * (b - c) + d - a))
        )
    return out


def _filtered(
    tone: NDArray[np.float32], cut: float, resonance: float, rate: int
) -> NDArray[np.float32]:
    """A low-pass filter of two poles (Bristow-Johnson, *Cookbook formulae for audio EQ*)."""
    if cut >= min(19_000, 0.45 * rate):
        return tone
    from scipy.signal import lfilter

    # The standard's 0 dB of resonance is a flat pass band, 3 dB above what the formula calls so.
    q = 10 ** ((np.clip(resonance, 0, 96) - 3.01) / 20)
    turn = 2 * np.pi * cut / rate
    alpha, cosine = np.sin(turn) / (2 * q), np.cos(turn)
    b = np.array([(1 - cosine) / 2, 1 - cosine, (1 - cosine) / 2]) / (1 + alpha)
    a = np.array([1 + alpha, -2 * cosine, 1 - alpha]) / (1 + alpha)
    out: NDArray[np.float32] = lfilter(b, a, tone).astype(np.float32)
    return out
