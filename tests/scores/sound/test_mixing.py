"""Loudness and peaks against known answers."""

import numpy as np
import pytest

from bachbot.scores.sound.mixing import (
    MAX_PEAK,
    TARGET_LOUDNESS,
    loudness,
    normalize_loudness,
    true_peak,
)

RATE = 44100


def sine(frequency: float, level: float, seconds: float = 5, phase: float = 0) -> np.ndarray:
    """Return a stereo tone with its peak at a level in dBFS."""
    turn = 2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE + phase
    tone = 10 ** (level / 20) * np.sin(turn)
    return np.repeat(tone[:, None], 2, axis=1).astype(np.float32)


@pytest.mark.parametrize("level", [-36, -23, -20])
def test_997_hz_in_both_ears_is_as_loud_as_its_peak(level: float) -> None:
    """BS.1770-4: a tone of 997 Hz at 0 dBFS in one channel is -3.01 LKFS, in two 0."""
    assert loudness(sine(997, level), RATE) == pytest.approx(level, abs=0.1)


def test_one_ear_is_three_lu_softer() -> None:
    tone = sine(997, -20)
    tone[:, 1] = 0
    assert loudness(tone, RATE) == pytest.approx(-23.01, abs=0.1)


def test_the_gates_leave_silence_and_soft_parts_out() -> None:
    """EBU Tech 3341, cases 3 and 4, in short: what is 10 LU below does not count."""
    loud, soft = sine(997, -23, 20), sine(997, -36, 5)
    assert loudness(np.concatenate([soft, loud, soft]), RATE) == pytest.approx(-23, abs=0.15)
    silent = np.zeros_like(soft)
    assert loudness(np.concatenate([silent, loud]), RATE) == pytest.approx(-23, abs=0.15)


def test_the_peak_between_samples_is_found() -> None:
    """At a quarter of the rate and 45 degrees, samples reach 0.707 of the wave."""
    tone = sine(RATE / 4, 0, phase=np.pi / 4)
    tone *= np.hanning(len(tone))[:, None].astype(np.float32)
    assert np.abs(tone).max() == pytest.approx(np.sqrt(0.5), abs=0.001)
    assert true_peak(tone) == pytest.approx(1, abs=0.01)


def test_normalized_loudness() -> None:
    for level in (-50, -20, -3):
        assert loudness(normalize_loudness(sine(300, level), RATE), RATE) == pytest.approx(
            TARGET_LOUDNESS, abs=0.02
        )
    # Clicks too thin to be loud are brought no higher than the highest peak.
    clicks = np.zeros((5 * RATE, 2), dtype=np.float32)
    clicks[:: RATE // 2] = 0.01
    out = normalize_loudness(clicks, RATE)
    assert true_peak(out) == pytest.approx(10 ** (MAX_PEAK / 20), rel=1e-3)
    assert loudness(out, RATE) < TARGET_LOUDNESS
    silent = np.zeros((RATE, 2), dtype=np.float32)
    assert np.array_equal(normalize_loudness(silent, RATE), silent)
