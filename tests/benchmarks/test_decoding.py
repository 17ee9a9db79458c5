"""Seconds that decoding a tune of 16 bars takes on one core, by model and search, and side by side.

Run with ``pytest tests/benchmarks/test_decoding.py --benchmark-only``.
"""

from pathlib import Path

import pytest

from bachbot.chorale import Given, Voice
from bachbot.decoding import DecodingOptions, fill, fill_all, with_final_cadence
from bachbot.encoding import FillRequest
from bachbot.runtime import load_model
from bachbot.scores import load_score

EXAMPLES = Path(__file__).parents[2] / "corpus" / "examples"
BARS, SIDE_BY_SIDE = 16, 24


def tune():
    """God Rest Ye Merry, as far as its sixteenth full bar."""
    chorale = load_score(EXAMPLES / "god-rest-ye-merry.abc").chorale.normalized()
    frames = chorale.meter.pickup + BARS * chorale.meter.bar_frames
    return chorale.sliced(0, frames)


def works(number):
    chorale = tune()
    given = Given.voices(chorale.frames, [Voice.SOPRANO], fermatas=False)
    return [FillRequest(*with_final_cadence(chorale, given))] * number


@pytest.mark.benchmark(group="16 bars")
@pytest.mark.parametrize("checkpoint", ["lookahead", "paper"])
@pytest.mark.parametrize(
    "options",
    [DecodingOptions(), DecodingOptions(beam=5), DecodingOptions("greedy"),
     DecodingOptions("sample"), DecodingOptions(number=5)],
    ids=["default", "beam 5", "greedy", "sample", "five"],
)  # fmt: skip
def test_a_tune(benchmark, checkpoint, options):
    model, [work] = load_model(checkpoint), works(1)
    run = lambda: fill(model, work.chorale, work.given, options)  # noqa: E731
    benchmark.pedantic(run, rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="16 bars")
def test_side_by_side(benchmark):
    model = load_model("lookahead")
    benchmark.pedantic(lambda: fill_all(model, works(SIDE_BY_SIDE)), rounds=2)
    benchmark.extra_info["seconds a tune"] = benchmark.stats["min"] / SIDE_BY_SIDE
