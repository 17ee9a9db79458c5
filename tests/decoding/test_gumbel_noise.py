import numpy as np
import pytest
from toy_models import random_model

from bachbot.chorale import Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, fill
from bachbot.decoding.strategies import GumbelNoise
from bachbot.encoding import Vocabulary

WIDE = Vocabulary()
MODEL = random_model(WIDE, scale=0.3)


def test_the_first_group_of_each_piece_has_no_noise():
    noise = GumbelNoise(0, 3, 0.5, 7)
    added = noise.of(4, 2, np.arange(6))
    assert added.shape == (6, 7)
    assert not added[[0, 3]].any()
    assert (added[[1, 2, 4, 5]] != 0).all()
    # Another piece has the same numbers, another group others.
    assert np.array_equal(added[:3], added[3:])
    assert not np.array_equal(added[1], added[2])


def test_the_noise_depends_on_the_cell_and_the_seed():
    group = np.array([1, 1, 2])
    there = GumbelNoise(0, 3, 0.5, 7).of(4, 2, group)
    assert np.array_equal(there[0], there[1])
    noise = GumbelNoise(0, 3, 0.5, 7)
    first = noise.of(0, 0, group)
    assert np.array_equal(noise.of(4, 2, group), there)
    assert np.array_equal(noise.of(0, 0, group), first)
    for other in (GumbelNoise(1, 3, 0.5, 7).of(4, 2, group), noise.of(2, 4, group)):
        assert not np.isin(other, there).any()


def test_the_noise_has_a_gumbel_distribution():
    many = GumbelNoise(5, 2, 0.25, 20_000).of(0, 0, np.array([1]))[0]
    assert many.mean() == pytest.approx(0.25 * 0.5772, abs=0.01)
    assert many.std() == pytest.approx(0.25 * np.pi / np.sqrt(6), abs=0.01)


def melody():
    return Chorale(np.full((12, 4), 69), np.zeros((12, 4)), np.zeros(12))


def test_further_candidates_differ_and_are_ranked_without_noise():
    given = Given.voices(12, [Voice.SOPRANO])
    [best] = fill(MODEL, melody(), given, DecodingOptions(beam=4))
    found = fill(MODEL, melody(), given, DecodingOptions(beam=4, number=4, diversity=1.0))
    assert len(found) == 4
    scores = [c.log_probability - c.penalty for c in found]
    assert scores == sorted(scores, reverse=True)
    # One of them is what the beam finds alone; the others differ in more than a note.
    [same] = [c for c in found if c.chorale.same_music(best.chorale)]
    assert same.log_probability == pytest.approx(best.log_probability)
    for other in found:
        if other is not same:
            assert (other.chorale.pitch != best.chorale.pitch).sum() > 3


def test_the_seed_decides():
    given = Given.voices(12, [Voice.SOPRANO])

    def music(seed):
        options = DecodingOptions(beam=2, number=3, diversity=1.0, seed=seed)
        return {c.chorale.pitch.tobytes() for c in fill(MODEL, melody(), given, options)}

    assert music(1) == music(1)
    assert len(music(1) | music(2)) == 5  # the first is the beam's own


def test_groups_differ_in_their_fermatas_too():
    """Every candidate is a piece of the grammar, and its fermatas are its own."""
    given = Given.voices(12, [Voice.SOPRANO], fermatas=False)
    model = random_model(WIDE, scale=0.1)
    found = fill(model, melody(), given, DecodingOptions(beam=2, number=6, diversity=3.0))
    assert len({c.chorale.fermata.tobytes() for c in found}) > 1
