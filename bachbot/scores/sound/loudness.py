"""Level: the same loudness for every piece, and no peak that clips."""

import numpy as np
from numpy.typing import NDArray

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


def levelled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
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
