"""Features that a search completes are those that are counted in the finished piece."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from strategies import chorales
from test_penalties import search_through

from bachbot.chorale import Given, Key, Voice
from bachbot.decoding import Penalties
from bachbot.decoding.penalties import LearnedPenalty
from bachbot.features import FeatureWeights, count_features


def weights_of(keys):
    """A different weight for each feature, so that a total shows which was counted wrongly."""
    ranks = np.arange(len(keys), dtype=np.float32)
    return FeatureWeights(keys, 0.01 + ranks / 1024)


def total(features, pieces, voices):
    keys, counts = count_features(pieces, voices)
    return float((features.score(keys[:, np.newaxis]) * counts).sum())


@pytest.mark.slow
@settings(max_examples=25)
@for_all(
    st.lists(chorales(min_frames=1, max_frames=20), min_size=1, max_size=2),
    st.sampled_from([(), (0,), (3,), (1, 2), (0, 3)]),
)
def test_a_search_scores_what_is_counted_in_the_finished_piece(pieces, voices):
    pieces = [replace(p, key=Key.parse("C"), transposed_by=0) for p in pieces]
    if 0 not in voices:
        # A free soprano under a fermata starts a note: such pieces could not be found.
        pieces = [replace(p, fermata=np.zeros(p.frames, dtype=bool)) for p in pieces]
    free = [v for v in Voice if v not in voices]
    features = weights_of(count_features(pieces, free)[0])
    givens = [Given.voices(p.frames, [Voice(v) for v in voices]) for p in pieces]
    search = search_through(pieces, givens, Penalties((LearnedPenalty(1.0, features),)))
    search.finish()
    for index, piece in enumerate(pieces):
        [found] = search.best(1, index)
        assert search.music(found).same_music(piece)
        assert found.penalty == pytest.approx(-total(features, [piece], free), rel=1e-5, abs=1e-4)
