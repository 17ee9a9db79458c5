"""Seconds that a piece of 16 bars takes to become sound on one core, by instrument and format.

Run with ``pytest tests/benchmarks/test_sound.py --benchmark-only``.
"""

from fractions import Fraction

import pytest

from bachbot.scores.score import Sounding
from bachbot.scores.sound.audio import FORMATS, encode_audio, synthesize
from bachbot.scores.sound.instruments import PROGRAMS

CHORDS = ((67, 62, 59, 43), (69, 62, 57, 50), (71, 62, 55, 43), (72, 64, 60, 48))
BARS = [
    Sounding(voice, pitch, Fraction(beat), Fraction(1), beat % 16 == 15)
    for beat in range(64)
    for voice, pitch in enumerate(CHORDS[beat % 4])
]


@pytest.mark.benchmark(group="16 bars to sound")
@pytest.mark.parametrize("sound", PROGRAMS)
def test_synthesize(benchmark, sound):
    benchmark.pedantic(lambda: synthesize(BARS, tempo=72, sound=sound), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="16 bars to a file")
@pytest.mark.parametrize("suffix", FORMATS)
def test_encoded(benchmark, suffix):
    samples = synthesize(BARS, tempo=72)
    benchmark.pedantic(lambda: encode_audio(samples, suffix), rounds=3)
