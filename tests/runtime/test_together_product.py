import itertools

import numpy as np
import pytest
from made_checkpoints import random_checkpoint, random_lookahead

from bachbot.chorale import VOICES, Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill_all
from bachbot.encoding import START, FillRequest, Vocabulary, encode
from bachbot.errors import UsageError
from bachbot.runtime import LSTMRuntime, ProductOfExperts, build_model
from bachbot.runtime.protocol import log_softmax

PLAIN = build_model(random_checkpoint(seed=1), dtype=np.float64)
AHEAD = build_model(random_lookahead(seed=2), dtype=np.float64)


def _work(given):
    pitch = np.tile([[72, 67, 64, 48]], (6, 1))
    pitch[3:] += 2
    chorale = Chorale(pitch, np.zeros((6, 4)), np.zeros(6))
    return FillRequest(chorale, Given.voices(6, given))


def _score(model, work):
    """What a model makes of the whole of a work, given notes included."""
    bound = model.bind([work])
    weighed = getattr(bound, "weighed", False)
    state, total = bound.initial_state(1), 0.0
    ids = encode(work.chorale, bound.vocabulary).ids
    for now, then in itertools.pairwise(ids):
        logits, state = bound.step(np.array([now]), state)
        total += (logits if weighed else log_softmax(logits))[0, then]
    return total


def test_the_score_is_the_mean_of_the_models_own_with_what_they_say_of_given_notes():
    work = _work([Voice.SOPRANO, Voice.BASS])
    both = _score(ProductOfExperts([PLAIN, AHEAD]), work)
    assert both == pytest.approx((_score(PLAIN, work) + _score(AHEAD, work)) / 2)


def test_a_model_with_itself_scores_as_it_does_alone():
    work = _work([Voice.SOPRANO])
    assert _score(ProductOfExperts([PLAIN, PLAIN]), work) == pytest.approx(_score(PLAIN, work))


def test_it_is_no_distribution_and_is_not_made_one_by_the_search():
    work = _work([Voice.SOPRANO])
    options = DecodingOptions(method="beam", beam=4, penalties=Penalties())
    found = fill_all(ProductOfExperts([PLAIN, AHEAD]), [work], options)[0][0]
    filled = FillRequest(found.chorale, work.given)
    assert found.log_probability == pytest.approx(_score(ProductOfExperts([PLAIN, AHEAD]), filled))
    np.testing.assert_array_equal(
        found.chorale.pitch[:, Voice.SOPRANO], work.chorale.pitch[:, Voice.SOPRANO]
    )


def test_scores_of_what_one_of_them_rules_out_are_ruled_out():
    work = _work(VOICES)
    bound = ProductOfExperts([PLAIN, AHEAD]).bind([work])
    scores, _ = bound.step(np.array([START]), bound.initial_state(1))
    alone, _ = AHEAD.bind([work]).step(np.array([START]), AHEAD.bind([work]).initial_state(1))
    assert np.array_equal(np.isneginf(scores), np.isneginf(alone))


def test_vocabularies_have_to_be_one():
    other = build_model(random_checkpoint(Vocabulary(30, 90)))
    assert isinstance(other, LSTMRuntime)
    with pytest.raises(UsageError, match="different vocabularies"):
        ProductOfExperts([PLAIN, other])
    with pytest.raises(UsageError, match="none"):
        ProductOfExperts([])
