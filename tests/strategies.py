"""Made-up chorales for hypothesis: rests, unisons, crossings, ties over bar lines, any length."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bachbot.chorale import Chorale, Meter
from bachbot.encoding import Vocabulary

VOCABULARY = Vocabulary()


@st.composite
def chorales(draw, min_frames=0, max_frames=40, low=VOCABULARY.low, high=VOCABULARY.high):
    """Any chorale of so many frames with pitches in a range."""
    frames = draw(st.integers(min_frames, max_frames))
    shape = (frames, 4)
    pitch = draw(hnp.arrays(np.int16, shape, elements=st.integers(low - 1, high)))
    pitch[pitch < low] = -1
    hold = draw(hnp.arrays(np.bool_, shape))
    tied = np.zeros(shape, dtype=np.bool_)
    for frame in range(1, frames):
        held = hold[frame] & (pitch[frame - 1] >= 0)
        pitch[frame, held] = pitch[frame - 1, held]
        tied[frame] = held
    fermata = draw(hnp.arrays(np.bool_, frames))
    meter = draw(st.sampled_from([Meter(), Meter(3, 4), Meter(6, 8), Meter(4, 4, 4), Meter(3, 2)]))
    return Chorale(pitch, tied, fermata, meter=meter)
