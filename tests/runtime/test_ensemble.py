"""Models stepped together as an ensemble."""

import numpy as np
import pytest
from made_checkpoints import random_checkpoint, random_lookahead

from bachbot.chorale import Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill_all
from bachbot.encoding import FillRequest, Vocabulary, encode
from bachbot.errors import UsageError
from bachbot.evaluation.losses import measure
from bachbot.runtime import Ensemble, build_model


def _models(*checkpoints):
    return [build_model(c, dtype="float64") for c in checkpoints]


def silence(frames):
    return Chorale(np.full((frames, 4), -1), np.zeros((frames, 4)), np.zeros(frames))


def _softmax(logits):
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


@pytest.fixture
def pair():
    return _models(random_checkpoint(seed=1), random_lookahead(seed=2))


def test_probabilities_are_the_mean_of_the_models(pair, corpus):
    chorale = corpus.part("validation")[0].sliced(0, 24)
    work = FillRequest(chorale, Given.voices(24, [Voice.SOPRANO]))
    ids = encode(chorale, Vocabulary()).ids[:100]
    bound = [m.bind([work]) for m in (Ensemble(pair), *pair)]
    states = [m.initial_state(1) for m in bound]
    for token in ids:
        scores = []
        for index, model in enumerate(bound):
            logits, states[index] = model.step(np.array([token]), states[index])
            scores.append(_softmax(logits))
        np.testing.assert_allclose(scores[0], (scores[1] + scores[2]) / 2, rtol=1e-9)
        assert scores[0].sum() == pytest.approx(1)


def test_a_model_twice_is_the_model(corpus):
    pieces = [c.sliced(0, 48) for c in corpus.part("validation")[:2]]
    [one] = _models(random_lookahead(seed=3))
    twice = measure(Ensemble([one, one]), pieces, given=[Voice.SOPRANO])
    once = measure(one, pieces, given=[Voice.SOPRANO])
    assert twice.per_frame == pytest.approx(once.per_frame, rel=1e-9)


def test_the_ensemble_loses_less_than_the_models_on_average(pair, corpus):
    # Jensen's inequality, token by token.
    pieces = [c.sliced(0, 48) for c in corpus.part("validation")[:2]]
    each = [measure(m, pieces).per_frame for m in pair]
    assert measure(Ensemble(pair), pieces).per_frame < np.mean(each)


def test_a_beam_continues_from_selected_and_joined_states(pair, corpus):
    chorale = corpus.part("validation")[0].sliced(0, 16)
    work = FillRequest(chorale, Given.voices(16, [Voice.SOPRANO]))
    options = DecodingOptions(beam=4, charges=Penalties())
    alone, twice = [
        fill_all(m, [work], options)[0][0].chorale for m in (pair[1], Ensemble([pair[1]]))
    ]
    assert alone.same_music(twice)
    [found] = fill_all(Ensemble(pair), [work], options)
    assert (found[0].chorale.pitch[:, Voice.SOPRANO] == chorale.pitch[:, Voice.SOPRANO]).all()


def test_it_needs_the_length_if_one_of_them_does(pair):
    assert Ensemble(pair).needs_length
    assert not Ensemble(pair[:1]).needs_length


def test_it_is_a_distribution(pair):
    work = FillRequest(silence(4), Given.voices(4, ()))
    assert Ensemble(pair).bind([work]).normalized


def test_what_cannot_be_stepped_together(pair):
    with pytest.raises(UsageError, match="with none: name one or more"):
        Ensemble([])
    other = Vocabulary(low=30)
    with pytest.raises(UsageError, match="different vocabularies"):
        Ensemble([pair[0], *_models(random_checkpoint(other))])
