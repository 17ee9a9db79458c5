"""Slides of any length get music that can be played in their time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moods_made import made_tune

from bachbot.chorale import FRAMES_PER_QUARTER, Key, Meter
from bachbot.engine.section_plan import Plan, plan_sections
from bachbot.engine.slides import Slide
from bachbot.scores.performance import FASTEST, SLOWEST
from bachbot.theory.moods import MOODS

TEMPOS = {name: mood.tempo for name, mood in MOODS.items()}
SLIDES = st.lists(
    st.tuples(st.floats(1, 600), st.sampled_from(sorted(MOODS))), min_size=1, max_size=8
)


def _plan(meter, pickup):
    """Four phrases of two bars of quarters."""
    beats = 8 * meter.bar_frames // 4
    tune = made_tune([60 + beat % 12 for beat in range(beats)], [4] * beats,
                     meter=Meter(meter.beats, meter.unit, pickup), key=Key("C"))  # fmt: skip
    phrases = tuple(range(0, tune.frames, 2 * meter.bar_frames))
    return Plan(tune, phrases, TEMPOS)


@pytest.mark.parametrize("meter", [Meter(), Meter(3, 4), Meter(6, 8), Meter(2, 4)], ids=str)
@pytest.mark.parametrize("pickup", [0, 4])
@settings(max_examples=6)
@given(slides=SLIDES)
def test_every_slide_can_be_filled_on_time(meter, pickup, slides):
    plan = _plan(meter, pickup)
    slides = [Slide(*slide) for slide in slides]
    spans = plan_sections(plan, slides)
    assert len(spans) == len(slides)
    for slide, span in zip(slides, spans, strict=True):
        quarters = (span.stop - span.start + span.link) / FRAMES_PER_QUARTER
        assert SLOWEST <= quarters * 60 / slide.seconds <= FASTEST
    # The first begins and the last ends with the tune, and each goes on at the next phrase.
    assert (spans[-1].stop - plan.tune.frames) % plan.period == 0
    assert spans[-1].link == 0
    starts = np.array(plan.phrases)
    for before, span in pairwise(spans[:-1]):
        assert span.start >= before.stop
        assert span.start % plan.period in starts
        if before.link:
            assert plan.position(before.stop + before.link) == plan.position(span.start)
