"""Pitch of a tone: how far it is from equal temperament at A4 = 440 Hz."""

import numpy as np


def cents_off(tone: np.ndarray, key: int, rate: int) -> float:
    """Mean deviation of the partials up to the eighth, in cents.

    Each counts by its amplitude, and less the farther above 1 kHz it lies: the pitch of a tone is
    heard from its lower partials. A partial of a choir is a hump of many close tones: its place
    is the center of the hump's power, taken within 60 cents of the strongest tone there.
    """
    true = 440 * 2 ** ((key - 69) / 12)
    size = 1 << 19
    power = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), size)) ** 2
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    found, weights = [], []
    for partial in range(1, 9):
        wide = np.flatnonzero(near(frequencies, partial * true, 80))
        middle = frequencies[wide[power[wide].argmax()]]
        hump = near(frequencies, middle, 60)
        center = (frequencies[hump] * power[hump]).sum() / power[hump].sum()
        found.append(1200 * np.log2(center / (partial * true)))
        weights.append(np.sqrt(power[hump].sum()) / (1 + (center / 1000) ** 2))
    return float(np.average(found, weights=weights))


def near(frequencies: np.ndarray, middle: float, cents: float) -> np.ndarray:
    """Which frequencies lie within so many cents."""
    ratio = 2 ** (cents / 1200)
    return (frequencies > middle / ratio) & (frequencies < middle * ratio)
