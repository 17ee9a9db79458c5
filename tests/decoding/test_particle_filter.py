from types import SimpleNamespace

import numpy as np
import pytest
from toy_models import TWO_PITCHES, ToyModel

from bachbot.chorale import Chorale, Given, Meter
from bachbot.decoding import ComposeRequest, DecodingOptions, compose, fill
from bachbot.decoding.compose import _dominant_weight
from bachbot.decoding.constraints import fill_constraints
from bachbot.decoding.hypotheses import FrameState
from bachbot.decoding.particle_filter import ParticleFilter
from bachbot.decoding.search import Search
from bachbot.decoding.strategies import Sampler
from bachbot.encoding import END, FRAME_END, START, Vocabulary

C, D = 5, 7  # onsets of the two pitches


class Particles:
    """The parts of a search that a particle filter uses; each particle has a number."""

    def __init__(self, weight, group):
        self.weight = np.array(weight, dtype=float)
        self.group = np.array(group)
        self.selector = Sampler([np.random.default_rng(i) for i in range(len(weight))], 1.0, 1.0)
        self.names = np.arange(len(weight))
        self.next_log_probability = np.zeros((len(weight), 3))

    @property
    def size(self):
        return len(self.weight)

    def add_to_weight(self, nats):
        self.weight = self.weight + nats

    def resample(self, rows, reset):
        self.names, self.group = self.names[rows], self.group[rows]
        self.weight = np.where(reset, 0.0, self.weight)

    def keep_only(self, rows):
        self.names, self.group, self.weight = self.names[rows], self.group[rows], self.weight[rows]
        self.selector.select(rows)


def particle_filter(number=1, particles=4):
    return ParticleFilter.seeded(DecodingOptions("sample", number=number), particles)


def test_particles_of_much_weight_replace_the_others():
    search = Particles([0.0, -50, -50, -50], [0] * 4)
    particle_filter().resample(search)
    assert search.names.tolist() == [0, 0, 0, 0]
    assert search.weight.tolist() == [0, 0, 0, 0]


def test_each_candidate_is_resampled_alone():
    search = Particles([0.0, -50, -50, -50, -900, -900, -900, -850], [0] * 4 + [1] * 4)
    particle_filter(2).resample(search)
    assert search.names.tolist() == [0, 0, 0, 0, 7, 7, 7, 7]
    assert search.group.tolist() == [0] * 4 + [1] * 4


def test_equal_weights_are_not_resampled():
    search = Particles([-3.0, -3.1, -2.9, -3], [0] * 4)
    particle_filter().resample(search)
    assert search.names.tolist() == [0, 1, 2, 3]
    assert search.weight.tolist() == [-3.0, -3.1, -2.9, -3]


def test_copies_are_in_proportion_to_weight():
    taken = np.zeros(8)
    share = np.array([0.6, 0.2, 0.1, 0.05, 0.03, 0.01, 0.005, 0.005])
    for seed in range(400):
        search = Particles(np.log(share), [0] * 8)
        ParticleFilter.seeded(DecodingOptions("sample", seed=seed), 8).resample(search)
        taken += np.bincount(search.names, minlength=8)
    np.testing.assert_allclose(taken / taken.sum(), share, atol=0.02)


@pytest.mark.slow
def test_one_particle_of_each_candidate_is_selected_by_weight():
    share = np.array([0.7, 0.2, 0.1, 0.0])
    taken = np.zeros(8)
    with np.errstate(divide="ignore"):
        weight = np.log(np.tile(share, 2))
    for seed in range(400):
        search = Particles(weight, [0] * 4 + [1] * 4)
        every = np.ones(8, dtype=bool)
        ParticleFilter.seeded(DecodingOptions("sample", seed=seed, number=2), 4).select_final(
            search, every
        )
        assert search.group.tolist() == [0, 1]
        taken += np.bincount(search.names, minlength=8)
    np.testing.assert_allclose(taken / 400, np.tile(share, 2), atol=0.07)


def test_a_complete_piece_is_selected_from_alone():
    """Two pieces of two candidates; the second piece is over, by the probability of END as well."""
    search = Particles([0.0, -50, -50, 0, 0, -50, -5, 0], [0, 0, 1, 1, 2, 2, 3, 3])
    search.next_log_probability[7, END] = -60
    found = ParticleFilter.seeded(DecodingOptions("sample", number=2), 2, pieces=2)
    found.select_final(search, np.arange(8) >= 4)
    assert search.names.tolist() == [0, 1, 2, 3, 4, 6]
    assert search.group.tolist() == [0, 0, 1, 1, 2, 3]
    assert len(search.selector.generators) == 6
    assert search.weight[:4].tolist() == [0, -50, -50, 0]


def test_every_piece_has_the_same_numbers():
    several = ParticleFilter.seeded(DecodingOptions("sample", number=2), 3, pieces=2)
    alone = particle_filter(2, 3)
    numbers = [g.random() for g in several.sampler.generators]
    assert numbers == [g.random() for g in alone.sampler.generators] * 2
    assert [g.random() for g in several.choosers] == [g.random() for g in alone.choosers] * 2
    assert several.group.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3


@pytest.mark.parametrize("weight", [-np.inf, np.nan])
def test_without_any_weight(weight):
    search = Particles([weight] * 4, [0] * 4)
    particle_filter().resample(search)
    particle_filter().select_final(search, np.ones(4, dtype=bool))
    assert search.size == 1


@pytest.mark.slow
def test_samples_look_at_the_note_that_is_given_next():
    """One alto in five leads to the melody: sampled blindly, one piece in five would have it."""
    tune = Chorale([[60, -1, 60, 60], [61, 60, 60, 60]], np.zeros((2, 4)), [0, 0])
    cells = np.ones((2, 4), dtype=bool)
    cells[0, 1] = False
    begin = (START, C)
    told = {begin: {C: 0.79, D: 0.2}}
    for alto, expected in ((C, 1e-4), (D, 0.99)):
        told[(*begin, alto, C, C, FRAME_END)] = {D: expected}
    sampled = fill(ToyModel(told), tune, Given(cells), DecodingOptions("sample", number=200))
    led = np.mean([c.chorale.pitch[0, 1] == 61 for c in sampled])
    # At least one of eight particles has it with probability 1 - 0.8^8 = 0.83.
    assert 0.75 < led < 0.92


class Forks(ToyModel):
    """At every beat one alto in five is such that the melody expects to go on."""

    def _logits(self, prefix):
        frame, place = divmod(len(prefix) - 1, 5)
        told = {}
        if frame % 4 == 0 and place == 1:
            told = {C: 0.79, D: 0.2}
        elif frame % 4 == 1 and place == 0:
            told = {C: 0.99 if prefix[-4] == D else 1e-4}
        self.probabilities = {prefix: told}
        return super()._logits(prefix)


@pytest.mark.slow
def test_particles_are_resampled_at_each_beat():
    tune = Chorale(np.full((16, 4), 60), np.zeros((16, 4)), np.zeros(16))
    cells = np.ones((16, 4), dtype=bool)
    cells[::4, 1] = False
    sampled = fill(Forks({}), tune, Given(cells), DecodingOptions("sample", number=100))
    led = np.mean([(c.chorale.pitch[::4, 1] == 61).all() for c in sampled])
    # 0.83 ** 4 = 0.48; of eight particles that never met it would be 8 * 0.2 ** 4 = 0.013.
    assert led > 0.3


def test_weight_is_the_probability_of_what_was_legal():
    tune = Chorale(np.full((1, 4), 60), np.zeros((1, 4)), [0])
    cells = np.array([[True, False, True, True]])
    told = {(START,): {C: 0.5}, (START, C): {C: 0.3, D: 0.2}, (START, C, D): {C: 0.4},
            (START, C, C): {C: 0.4}}  # fmt: skip
    options = DecodingOptions("sample")
    weight = []
    for given in (Given(cells), Given(np.ones((1, 4), dtype=bool))):
        constraints = fill_constraints(tune, given, TWO_PITCHES)
        search = Search(
            ToyModel(told),
            [constraints],
            ParticleFilter.seeded(options, 1).sampler,
            track_weights=True,
        )
        search.decode_frame(0)
        weight.append(float(search.weight[0]))
    assert float(search.log_probability[0]) == pytest.approx(weight[1])  # all given: the very same
    # Of the alto both pitches were legal rather than one.
    assert weight[0] - weight[1] == pytest.approx(np.log(0.5 / 0.3))


@pytest.mark.slow
def test_a_piece_in_which_some_particles_end_and_others_continue():
    class Half(ToyModel):
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


def test_before_the_final_chord_the_leading_note_adds_weight():
    state = FrameState.start(3)
    state.previous_pitch[:] = [[71, 67, 62, 55], [72, 67, 60, 55], [-1, 68, 64, 52]]
    search = SimpleNamespace(state=state)
    major = _dominant_weight(search, ComposeRequest(bars=2))
    assert major[0] == 0
    assert (major[1:] < -5).all()
    minor = _dominant_weight(search, ComposeRequest(bars=2, mode="minor"))
    assert minor[2] == 0
    assert (minor[:2] < -5).all()


def test_particles_have_different_random_numbers():
    generators = particle_filter(2, 3).sampler.generators
    assert len({g.random() for g in generators}) == 6
