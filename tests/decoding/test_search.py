"""The search finds what trying everything finds."""

import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest
from expected_penalties import expected_penalty
from toy_models import (
    TWO_PITCHES,
    ToyModel,
    every_piece,
    joint,
    joints,
    random_lookahead_model,
    random_model,
)

from bachbot.chorale import Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill
from bachbot.decoding.constraints import fill_constraints
from bachbot.decoding.harmonize import INNER_BEAM_FACTOR
from bachbot.decoding.search import Search
from bachbot.decoding.strategies import Beam
from bachbot.encoding import END, FRAME_END, START, FillRequest, encode
from bachbot.errors import DecodingError

HELD = Chorale([[60, -1, -1, -1], [60, -1, -1, -1]], [[0] * 4, [1, 0, 0, 0]], [0, 0])
STRUCK = Chorale([[60, -1, -1, -1], [61, -1, -1, -1]], np.zeros((2, 4)), [0, 0])


EXHAUSTIVE = {"beam": 1000, "diversity": 0}


@functools.cache
def pieces_of(melody, fermatas):
    """Every piece over a melody of two frames, by trying all."""
    given = Given.voices(2, [Voice.SOPRANO], fermatas=fermatas)
    return list(every_piece(melody, given, TWO_PITCHES))


def ranked(model, pieces, penalty=lambda _: 0.0):
    """Score, log-probability and music of pieces, best first."""
    totals = joints(model, [ids for ids, _ in pieces])
    scored = [(t - penalty(m), t, m) for t, (_, m) in zip(totals, pieces, strict=True)]
    return sorted(scored, key=lambda piece: -piece[0])


def assert_found(found, wanted):
    """The candidates are the best pieces, in order."""
    for candidate, (score, total, music) in zip(found, wanted, strict=True):
        assert candidate.log_probability == pytest.approx(total, abs=1e-9)
        assert candidate.penalty == pytest.approx(total - score, abs=1e-9)
        assert candidate.chorale.same_music(music)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("melody", "fermatas", "ways"),
    [(HELD, True, 1), (STRUCK, True, 1), (HELD, False, 2), (STRUCK, False, 4)],
)
def test_a_beam_wide_enough_is_exhaustive(seed, melody, fermatas, ways):
    model = random_model(seed=seed)
    given = Given.voices(2, [Voice.SOPRANO], fermatas=fermatas)
    pieces = pieces_of(melody, fermatas)
    # Two onsets in the first frame; in the second a tie as well.
    assert len(pieces) == 2**3 * 3**3 * ways
    options = DecodingOptions(number=20, penalties=Penalties(), **EXHAUSTIVE)
    assert_found(fill(model, melody, given, options), ranked(model, pieces)[:20])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_exhaustive_with_any_cells_given(seed):
    rng = np.random.default_rng(seed)
    model = random_model(seed=seed)
    piece = Chorale(rng.integers(60, 62, (2, 4)), np.zeros((2, 4)), rng.integers(0, 2, 2))
    given = Given(rng.random((2, 4)) < 0.4, fermatas=bool(seed % 2))
    wanted = ranked(model, list(every_piece(piece, given, TWO_PITCHES)))
    options = DecodingOptions(penalties=Penalties(), **EXHAUSTIVE)
    assert_found(fill(model, piece, given, options), wanted[:1])


PENALTIES = Penalties.of(
    {
        "parallel octaves": 1.5,
        "crossing": 0.8,
        "overlap": 0.6,
        "no chord": 0.4,
        "onset bonus 0": 0.3,
        "repeated note": -0.5,
        "new-chord bonus": 0.9,
        "final chord": 2.0,
        "chord at fermata": 0.5,
        "leap bonus": 0.2,
        "above the soprano": 0.35,
    }
)
"""Of each kind something that matters between two neighboring pitches."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "scale"),
    [(random_model, 0.7), (random_lookahead_model, 0.3)],
    ids=["lstm", "lookahead"],
)
@pytest.mark.parametrize(
    ("voices", "fermatas"), [([0], True), ([0], False), ([2], True), ([1, 3], False)]
)
def test_exhaustive_with_penalties(make, scale, voices, fermatas):
    """What is found first has the greatest log-probability less what the rules count in it."""
    source = Chorale(
        [[60, 60, 60, 61], [61, 60, 61, 61]], np.zeros((2, 4)), [0, 0], position=[0, 4]
    )
    given = replace(Given.voices(2, voices, fermatas=fermatas), final_chord=range(1, 2))
    model = make(seed=len(voices), scale=scale)
    pieces = [
        (ids, replace(music, position=source.position))
        for ids, music in every_piece(source, given, TWO_PITCHES)
    ]
    bound = model.bind([FillRequest(source, given)])
    wanted = ranked(bound, pieces, lambda music: expected_penalty(music, given, PENALTIES))
    plain = ranked(bound, pieces)
    assert sum(m is other for (*_, m), (*_, other) in zip(wanted[:20], plain, strict=False)) < 10
    options = DecodingOptions(number=20, penalties=PENALTIES, **EXHAUSTIVE)
    assert_found(fill(model, source, given, options), wanted[:20])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("voices", [[Voice.SOPRANO], [Voice.TENOR]])
def test_a_great_penalty_is_a_ban(seed, voices):
    model, given = random_model(seed=seed), Given.voices(2, voices)
    piece = Chorale([[60] * 4, [61] * 4], np.zeros((2, 4)), [0, 0])
    clean = [
        (ids, music)
        for ids, music in every_piece(piece, given, TWO_PITCHES)
        if not parallels(music)
    ]
    assert 10 < len(clean) < 2**3 * 3**3
    penalties = Penalties.of({"parallel fifths": 100.0, "parallel octaves": 100.0})
    options = DecodingOptions(number=10, penalties=penalties, **EXHAUSTIVE)
    assert_found(fill(model, piece, given, options), ranked(model, clean)[:10])


def parallels(music):
    """Whether any two voices move in parallel fifths, octaves or unisons, by the definition."""
    return any(
        (a - b) % 12 == (c - d) % 12
        and (a - b) % 12 in (0, 7)
        and (c - a) * (d - b) > 0
        and -1 not in (a, b, c, d)
        for before, now in itertools.pairwise(music.pitch.tolist())
        for (a, c), (b, d) in itertools.combinations(zip(before, now, strict=True), 2)
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("fermatas", [True, False])
def test_greedy_is_a_beam_of_one_and_takes_the_most_probable_each_time(seed, fermatas):
    model = random_model(seed=seed)
    given = Given.voices(2, [Voice.SOPRANO], fermatas=fermatas)
    [greedy] = fill(model, STRUCK, given, DecodingOptions("greedy", penalties=Penalties()))
    [beam] = fill(model, STRUCK, given, DecodingOptions(beam=1, penalties=Penalties()))
    assert greedy.chorale.same_music(beam.chorale)
    assert greedy.log_probability == beam.log_probability
    wanted = token_by_token(model, [ids for ids, _ in pieces_of(STRUCK, fermatas)])
    assert encode(greedy.chorale, TWO_PITCHES).ids.tolist() == wanted
    assert greedy.log_probability == pytest.approx(joint(model, wanted), abs=1e-9)


def token_by_token(model, pieces):
    """The most probable token each time that some piece goes on with."""
    prefix, state = [START], model.initial_state(1)
    while prefix[-1] != END:
        logits, state = model.step(np.array(prefix[-1:]), state)
        legal = {ids[len(prefix)] for ids in pieces if ids[: len(prefix)] == prefix}
        prefix.append(max(legal, key=lambda token: logits[0, token]))
    return prefix


C, D = 5, 7  # onsets of the two pitches


def one_chord(*upper):
    """A melody of one frame on the lower pitch."""
    return Chorale([[60, *upper]], np.zeros((1, 4)), [0]), Given.voices(1, [Voice.SOPRANO])


def test_finds_the_planted_path():
    path = [START, C, D, C, D, FRAME_END, END]
    # Each wrong turn looks better than the right one until the bass.
    told = {tuple(path[:i]): {path[i]: 0.45, C + D - path[i]: 0.55} for i in (2, 3)}
    told |= {tuple(path[:4]): {D: 0.999}, (START, C, C): {C: 0.5}, (START, C, D, D): {C: 0.01}}
    chorale, given = one_chord(-1, -1, -1)
    options = DecodingOptions(beam=8, penalties=Penalties())
    [found] = fill(ToyModel(told), chorale, given, options)
    assert found.chorale.pitch.tolist() == [[60, 61, 60, 61]]
    [greedy] = fill(ToyModel(told), chorale, given, DecodingOptions("greedy"))
    assert greedy.chorale.pitch.tolist() != [[60, 61, 60, 61]]


def test_the_voices_of_a_frame_are_decided_together():
    """The best chord is third and fourth until the bass: two hypotheses drop it, twice two do not.

    Voice by voice the alto C is taken; only with the bass does the other come out better.
    """
    told = {
        (START, C): {C: 0.55, D: 0.45},
        (START, C, C): {C: 0.5, D: 0.49},
        (START, C, D): {C: 0.4, D: 0.39},
        (START, C, D, C): {D: 0.999},
        **{(START, C, C, tenor): {C: 0.3, D: 0.3} for tenor in (C, D)},
    }
    chorale, given = one_chord(-1, -1, -1)
    constraints = fill_constraints(chorale, given, TWO_PITCHES)
    found = []
    for beam in (Beam(1), Beam(2), Beam(2, INNER_BEAM_FACTOR)):
        search = Search(ToyModel(told), [constraints], beam)
        search.decode_frame(0)
        assert search.size == beam.width
        search.finish()
        found.append(search.music(search.best(1)[0]).pitch[0].tolist())
    assert found[0][1] == found[1][1] == 60
    assert found[2] == [60, 61, 60, 61]
    penalties = Penalties()
    [alone] = fill(ToyModel(told), chorale, given, DecodingOptions("greedy", penalties=penalties))
    [wider] = fill(ToyModel(told), chorale, given, DecodingOptions(beam=2, penalties=penalties))
    assert alone.chorale.pitch[0, 1] == 60
    assert wider.chorale.pitch[0].tolist() == [60, 61, 60, 61]


def test_a_planted_path_over_frames_is_found():
    """The right first chord pays off in the second frame alone; the melody is given in both."""
    tune = Chorale([[60, -1, -1, -1], [61, -1, -1, -1]], np.zeros((2, 4)), [0, 0])
    first = (START, C, D, D, C, FRAME_END)
    told = {first[:2]: {D: 0.2, C: 0.79}, first: {D: 0.999}, (*first, D): {C: 0.999}}
    told |= {first[:3]: {D: 0.9}, first[:4]: {C: 0.9}}
    told |= {(*first, D, C): {C: 0.999}, (*first, D, C, C): {D: 0.999}}
    options = DecodingOptions(penalties=Penalties())
    [found] = fill(ToyModel(told), tune, Given.voices(2, [Voice.SOPRANO]), options)
    assert found.chorale.pitch.tolist() == [[60, 61, 61, 60], [61, 60, 60, 61]]
    greedy = DecodingOptions("greedy", penalties=Penalties())
    [other] = fill(ToyModel(told), tune, Given.voices(2, [Voice.SOPRANO]), greedy)
    assert other.chorale.pitch[0].tolist() != [60, 61, 61, 60]


def test_given_notes_count():
    """A harmony that expects the melody beats one that is more probable but fights it.

    Were the scores masked before the softmax, given notes would cost nothing and the
    more probable bass would win.
    """
    tune = Chorale([[60, 60, 60, -1], [61, 60, 60, 60]], np.zeros((2, 4)), [0, 0])
    cells = np.ones((2, 4), dtype=bool)
    cells[0, 3] = False
    begin = (START, C, C, C)
    told = {
        begin: {C: 0.6, D: 0.3},
        (*begin, C, FRAME_END): {C: 0.98, D: 0.01},
        (*begin, D, FRAME_END): {C: 0.01, D: 0.98},
    }
    options = DecodingOptions(beam=2, number=2, diversity=0, penalties=Penalties())
    best, other = fill(ToyModel(told), tune, Given(cells), options)
    assert best.chorale.pitch[0, 3] == 61
    assert best.log_probability == pytest.approx(joint(ToyModel(told), ids_of(best)), abs=1e-9)
    assert best.log_probability - other.log_probability == pytest.approx(
        np.log(0.3 * 0.98) - np.log(0.6 * 0.01)
    )


def ids_of(candidate):
    return encode(candidate.chorale, TWO_PITCHES).ids.tolist()


@pytest.mark.parametrize("method", ["beam", "greedy", "sample"])
def test_no_probability_no_music(method):
    """A model that rules out what is given ends in a plain error, not in a crash."""
    chorale, given = one_chord(-1, -1, -1)
    impossible = ToyModel({(START,): {C: 0.0}})
    with pytest.raises(DecodingError, match="gives no probability to any music"):
        fill(impossible, chorale, given, DecodingOptions(method))
    dead_end = ToyModel({(START, C): dict.fromkeys((C, D), 0.0)})
    with pytest.raises(DecodingError, match="gives no probability to any music"):
        fill(dead_end, chorale, given, DecodingOptions(method))


def test_beams_that_die_give_way():
    """The most probable alto leads nowhere."""
    chorale, given = one_chord(-1, -1, -1)
    told = {(START, C): {C: 0.9, D: 0.05}, (START, C, C): {C: 0.0, D: 0.0}}
    [found] = fill(ToyModel(told), chorale, given, DecodingOptions(beam=2))
    assert found.chorale.pitch[0, 1] == 61


def test_scores_that_are_no_numbers():
    class Broken(ToyModel):
        def _logits(self, prefix):
            return np.full(len(self.vocabulary), np.nan)

    chorale, given = one_chord(-1, -1, -1)
    for method in ("beam", "sample"):
        with pytest.raises(DecodingError, match="gives no probability"):
            fill(Broken({}), chorale, given, DecodingOptions(method))
