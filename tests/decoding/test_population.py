from types import SimpleNamespace

import numpy as np
import pytest
from toys import TWO_PITCHES, Told

from bachbot.chorale import Chorale, Given, Meter
from bachbot.decoding import ComposeRequest, DecodingOptions, compose, fill
from bachbot.decoding.compose import _prefer_dominant
from bachbot.decoding.harmonize import constraints_of
from bachbot.decoding.particle_filter import ParticleFilter
from bachbot.decoding.search import Search
from bachbot.encoding import END, FRAME_END, START, Vocabulary

C, D = 5, 7  # onsets of the two pitches


class Row:
    """What a population needs of a walk: streams by name."""

    def __init__(self, weight, label):
        self.weight = np.array(weight, dtype=float)
        self.label = np.array(label)
        self.names = np.arange(len(weight))
        self.scores = np.zeros((len(weight), 3))

    @property
    def streams(self):
        return len(self.weight)

    def keep(self, rows):
        self.weight, self.label, self.names = self.weight[rows], self.label[rows], self.names[rows]
        self.scores = self.scores[rows]


def population(number=1, streams=4):
    return ParticleFilter.seeded(DecodingOptions("sample", number=number), streams)


def test_the_heavy_take_over():
    walk = Row([0.0, -50, -50, -50], [0] * 4)
    population().resample(walk)
    assert walk.names.tolist() == [0, 0, 0, 0]
    assert walk.weight.tolist() == [0, 0, 0, 0]


def test_each_piece_for_itself():
    walk = Row([0.0, -50, -50, -50, -900, -900, -900, -850], [0] * 4 + [1] * 4)
    population(2).resample(walk)
    assert walk.names.tolist() == [0, 0, 0, 0, 7, 7, 7, 7]
    assert walk.label.tolist() == [0] * 4 + [1] * 4


def test_alike_they_all_stay():
    walk = Row([-3.0, -3.1, -2.9, -3], [0] * 4)
    population().resample(walk)
    assert walk.names.tolist() == [0, 1, 2, 3]
    assert walk.weight.tolist() == [-3.0, -3.1, -2.9, -3]


def test_places_go_by_weight():
    taken = np.zeros(8)
    share = np.array([0.6, 0.2, 0.1, 0.05, 0.03, 0.01, 0.005, 0.005])
    for seed in range(400):
        walk = Row(np.log(share), [0] * 8)
        ParticleFilter.seeded(DecodingOptions("sample", seed=seed), 8).resample(walk)
        taken += np.bincount(walk.names, minlength=8)
    np.testing.assert_allclose(taken / taken.sum(), share, atol=0.02)


def test_one_of_each_piece_is_settled_on_by_weight():
    share = np.array([0.7, 0.2, 0.1, 0.0])
    taken = np.zeros(8)
    with np.errstate(divide="ignore"):
        weight = np.log(np.tile(share, 2))
    for seed in range(400):
        walk = Row(weight, [0] * 4 + [1] * 4)
        every = np.ones(8, dtype=bool)
        ParticleFilter.seeded(DecodingOptions("sample", seed=seed, number=2), 4).settle(walk, every)
        assert walk.label.tolist() == [0, 1]
        taken += np.bincount(walk.names, minlength=8)
    np.testing.assert_allclose(taken / 400, np.tile(share, 2), atol=0.07)


def test_what_has_come_to_its_end_is_settled_alone():
    """Two pieces of two candidates; the second piece is over, by the probability of END as well."""
    walk = Row([0.0, -50, -50, 0, 0, -50, -5, 0], [0, 0, 1, 1, 2, 2, 3, 3])
    walk.scores[7, END] = -60
    found = ParticleFilter.seeded(DecodingOptions("sample", number=2), 2, pieces=2)
    found.settle(walk, np.arange(8) >= 4)
    assert walk.names.tolist() == [0, 1, 2, 3, 4, 6]
    assert walk.label.tolist() == [0, 0, 1, 1, 2, 3]
    assert len(found.draw.generators) == 6
    assert walk.weight[:4].tolist() == [0, -50, -50, 0]


def test_every_piece_has_the_same_numbers():
    several = ParticleFilter.seeded(DecodingOptions("sample", number=2), 3, pieces=2)
    alone = population(2, 3)
    numbers = [g.random() for g in several.draw.generators]
    assert numbers == [g.random() for g in alone.draw.generators] * 2
    assert [g.random() for g in several.choosers] == [g.random() for g in alone.choosers] * 2
    assert several.label.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3


@pytest.mark.parametrize("weight", [-np.inf, np.nan])
def test_without_any_weight(weight):
    walk = Row([weight] * 4, [0] * 4)
    population().resample(walk)
    population().settle(walk, np.ones(4, dtype=bool))
    assert walk.streams == 1


def test_draws_see_the_note_that_is_given_next():
    """One alto in five leads to the melody: drawn blindly, one piece in five would have it."""
    tune = Chorale([[60, -1, 60, 60], [61, 60, 60, 60]], np.zeros((2, 4)), [0, 0])
    cells = np.ones((2, 4), dtype=bool)
    cells[0, 1] = False
    begin = (START, C)
    told = {begin: {C: 0.79, D: 0.2}}
    for alto, expected in ((C, 1e-4), (D, 0.99)):
        told[(*begin, alto, C, C, FRAME_END)] = {D: expected}
    drawn = fill(Told(told), tune, Given(cells), DecodingOptions("sample", number=200))
    led = np.mean([c.chorale.pitch[0, 1] == 61 for c in drawn])
    # At least one of eight streams has it with probability 1 - 0.8^8 = 0.83.
    assert 0.75 < led < 0.92


class Forks(Told):
    """At every beat one alto in five is such that the melody expects to go on."""

    def _logits(self, prefix):
        frame, place = divmod(len(prefix) - 1, 5)
        told = {}
        if frame % 4 == 0 and place == 1:
            told = {C: 0.79, D: 0.2}
        elif frame % 4 == 1 and place == 0:
            told = {C: 0.99 if prefix[-4] == D else 1e-4}
        self.told = {prefix: told}
        return super()._logits(prefix)


def test_streams_gain_from_beat_to_beat():
    tune = Chorale(np.full((16, 4), 60), np.zeros((16, 4)), np.zeros(16))
    cells = np.ones((16, 4), dtype=bool)
    cells[::4, 1] = False
    drawn = fill(Forks({}), tune, Given(cells), DecodingOptions("sample", number=100))
    led = np.mean([(c.chorale.pitch[::4, 1] == 61).all() for c in drawn])
    # 0.83 ** 4 = 0.48; of eight streams that never met it would be 8 * 0.2 ** 4 = 0.013.
    assert led > 0.3


def test_weight_is_the_probability_of_what_was_legal():
    tune = Chorale(np.full((1, 4), 60), np.zeros((1, 4)), [0])
    cells = np.array([[True, False, True, True]])
    told = {(START,): {C: 0.5}, (START, C): {C: 0.3, D: 0.2}, (START, C, D): {C: 0.4},
            (START, C, C): {C: 0.4}}  # fmt: skip
    options = DecodingOptions("sample")
    weight = []
    for given in (Given(cells), Given(np.ones((1, 4), dtype=bool))):
        plan = constraints_of(tune, given, TWO_PITCHES)
        walk = Search(Told(told), [plan], ParticleFilter.seeded(options, 1).draw, weighed=True)
        walk.frame(0)
        weight.append(float(walk.weight[0]))
    assert float(walk.total[0]) == pytest.approx(weight[1])  # all given: the very same
    # Of the alto both pitches were legal rather than one.
    assert weight[0] - weight[1] == pytest.approx(np.log(0.5 / 0.3))


def test_a_piece_in_which_some_streams_end_and_others_go_on():
    class Half(Told):
        def step(self, ids, state):
            logits, state = super().step(ids, state)
            ends = np.asarray(ids) == FRAME_END
            other = np.log(np.exp(logits).sum(axis=1))
            logits[:, END] = np.where(ends, other, -50)
            return logits, state

    model = Half({}, Vocabulary())
    options = DecodingOptions("sample", number=12)
    found = compose(model, ComposeRequest(meter=Meter(1, 4)), options)
    lengths = {c.chorale.frames for c in found}
    assert len(lengths) > 1
    assert all("the model ended it" in c.ending for c in found)
    again = compose(model, ComposeRequest(meter=Meter(1, 4)), options)
    assert all(a.chorale.same_music(b.chorale) for a, b in zip(found, again, strict=True))


def test_before_the_close_the_leading_note_weighs():
    memory = np.full((3, 2, 5), -1, dtype=np.int16)
    memory[:, 0, :4] = [[71, 67, 62, 55], [72, 67, 60, 55], [-1, 68, 64, 52]]
    walk = SimpleNamespace(memory=memory, weight=np.array([-2.0, -1.0, -3.0]))
    _prefer_dominant(walk, ComposeRequest(bars=2))
    assert walk.weight[0] == -2
    assert walk.weight[1] < -5
    walk.weight = np.array([-2.0, -1.0, -3.0])
    _prefer_dominant(walk, ComposeRequest(bars=2, mode="minor"))
    assert walk.weight[2] == -3
    assert (walk.weight[:2] < -5).all()


def test_streams_of_a_piece_are_all_different():
    generators = population(2, 3).draw.generators
    assert len({g.random() for g in generators}) == 6
