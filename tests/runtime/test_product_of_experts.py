import itertools

import numpy as np
import pytest
from made_checkpoints import random_checkpoint, random_lookahead

from bachbot.chorale import VOICES, Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill_all
from bachbot.encoding import START, FillRequest, Vocabulary, encode
from bachbot.errors import UsageError
from bachbot.runtime import ProductOfExperts, build_model
from bachbot.runtime.protocol import log_probabilities

PLAIN = build_model(random_checkpoint(seed=1), dtype=np.float64)
AHEAD = build_model(random_lookahead(seed=2), dtype=np.float64)


def _work(given):
    pitch = np.tile([[72, 67, 64, 48]], (6, 1))
    pitch[3:] += 2
    chorale = Chorale(pitch, np.zeros((6, 4)), np.zeros(6))
    return FillRequest(chorale, Given.voices(6, given))


def _score(model, work):
    """A model's score of a whole piece, given notes included."""
    bound = model.bind([work])
    state, total = bound.initial_state(1), 0.0
    ids = encode(work.chorale, bound.vocabulary).ids
    for now, then in itertools.pairwise(ids):
        logits, state = bound.step(np.array([now]), state)
        total += log_probabilities(bound, logits)[0, then]
    return total


def test_the_score_is_the_mean_of_the_models_scores_given_notes_included():
    work = _work([Voice.SOPRANO, Voice.BASS])
    both = _score(ProductOfExperts([PLAIN, AHEAD]), work)
    assert both == pytest.approx((_score(PLAIN, work) + _score(AHEAD, work)) / 2)


def test_a_model_with_itself_scores_as_it_does_alone():
    work = _work([Voice.SOPRANO])
    assert _score(ProductOfExperts([PLAIN, PLAIN]), work) == pytest.approx(_score(PLAIN, work))


def test_the_search_does_not_normalize_it():
    work = _work([Voice.SOPRANO])
    options = DecodingOptions(method="beam", beam=4, charges=Penalties())
    assert not ProductOfExperts([PLAIN, AHEAD]).bind([work]).normalized
    found = fill_all(ProductOfExperts([PLAIN, AHEAD]), [work], options)[0][0]
    filled = FillRequest(found.chorale, work.given)
    assert found.log_probability == pytest.approx(_score(ProductOfExperts([PLAIN, AHEAD]), filled))
    np.testing.assert_array_equal(
        found.chorale.pitch[:, Voice.SOPRANO], work.chorale.pitch[:, Voice.SOPRANO]
    )


def test_what_one_model_excludes_is_excluded():
    work = _work(VOICES)
    bound = ProductOfExperts([PLAIN, AHEAD]).bind([work])
    scores, _ = bound.step(np.array([START]), bound.initial_state(1))
    alone, _ = AHEAD.bind([work]).step(np.array([START]), AHEAD.bind([work]).initial_state(1))
    assert np.array_equal(np.isneginf(scores), np.isneginf(alone))


def test_vocabularies_have_to_be_the_same():
    other = build_model(random_checkpoint(Vocabulary(30, 90)))
    with pytest.raises(UsageError, match="different vocabularies"):
        ProductOfExperts([PLAIN, other])
    with pytest.raises(UsageError, match="none"):
        ProductOfExperts([])
