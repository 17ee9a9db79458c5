"""The search finds what trying everything finds."""

import itertools

import numpy as np
import pytest
from toys import TWO_PITCHES, Told, every_piece, joint, random_model

from bachbot.chorale import Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, fill
from bachbot.encoding import END, FRAME_END, START, encode
from bachbot.errors import DecodingError

HELD = Chorale([[60, -1, -1, -1], [60, -1, -1, -1]], [[0] * 4, [1, 0, 0, 0]], [0, 0])
STRUCK = Chorale([[60, -1, -1, -1], [61, -1, -1, -1]], np.zeros((2, 4)), [0, 0])


def best_of(model, chorale, given, number):
    """The likeliest pieces by trying all."""
    scored = [(joint(model, ids), music) for ids, music in every_piece(chorale, given, TWO_PITCHES)]
    return sorted(scored, key=lambda pair: -pair[0])[:number], len(scored)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("melody", "fermatas", "ways"),
    [(HELD, True, 1), (STRUCK, True, 1), (HELD, False, 2), (STRUCK, False, 4)],
)
def test_a_beam_wide_enough_is_exhaustive(seed, melody, fermatas, ways):
    model = random_model(seed=seed)
    given = Given.voices(2, [Voice.SOPRANO], fermatas=fermatas)
    wanted, pieces = best_of(model, melody, given, 20)
    # Two onsets in the first frame; in the second a tie as well.
    assert pieces == 2**3 * 3**3 * ways
    found = fill(model, melody, given, DecodingOptions(beam=1000, number=20, parallels=True))
    assert len(found) == 20
    for candidate, (total, music) in zip(found, wanted, strict=True):
        assert candidate.log_probability == pytest.approx(total, abs=1e-9)
        assert candidate.chorale.same_music(music)


@pytest.mark.parametrize("seed", range(3))
def test_exhaustive_with_any_cells_given(seed):
    rng = np.random.default_rng(seed)
    model = random_model(seed=seed)
    piece = Chorale(rng.integers(60, 62, (2, 4)), np.zeros((2, 4)), rng.integers(0, 2, 2))
    given = Given(rng.random((2, 4)) < 0.4, fermatas=bool(seed % 2))
    [(total, music)], _ = best_of(model, piece, given, 1)
    [found] = fill(model, piece, given, DecodingOptions(beam=1000, parallels=True))
    assert found.log_probability == pytest.approx(total, abs=1e-9)
    assert found.chorale.same_music(music)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("voices", [[Voice.SOPRANO], [Voice.TENOR]])
def test_exhaustive_without_parallels(seed, voices):
    model, given = random_model(seed=seed), Given.voices(2, voices)
    piece = Chorale([[60] * 4, [61] * 4], np.zeros((2, 4)), [0, 0])
    clean = [
        (joint(model, ids), music)
        for ids, music in every_piece(piece, given, TWO_PITCHES)
        if not parallels(music)
    ]
    assert 0 < len(clean) < 2**3 * 3**3
    found = fill(model, piece, given, DecodingOptions(beam=1000, number=10))
    wanted = sorted(clean, key=lambda pair: -pair[0])[:10]
    for candidate, (total, music) in zip(found, wanted, strict=True):
        assert candidate.log_probability == pytest.approx(total, abs=1e-9)
        assert candidate.chorale.same_music(music)


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


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("fermatas", [True, False])
def test_greedy_is_a_beam_of_one_and_takes_the_likeliest_each_time(seed, fermatas):
    model = random_model(seed=seed)
    given = Given.voices(2, [Voice.SOPRANO], fermatas=fermatas)
    [greedy] = fill(model, STRUCK, given, DecodingOptions("greedy", parallels=True))
    [beam] = fill(model, STRUCK, given, DecodingOptions(beam=1, parallels=True))
    assert greedy.chorale.same_music(beam.chorale)
    assert greedy.log_probability == beam.log_probability
    wanted = token_by_token(model, [ids for ids, _ in every_piece(STRUCK, given, TWO_PITCHES)])
    assert encode(greedy.chorale, TWO_PITCHES).ids.tolist() == wanted
    assert greedy.log_probability == pytest.approx(joint(model, wanted), abs=1e-9)


def token_by_token(model, pieces):
    """The likeliest token each time that some piece goes on with."""
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
    [found] = fill(Told(told), chorale, given, DecodingOptions(beam=8))
    assert found.chorale.pitch.tolist() == [[60, 61, 60, 61]]
    [greedy] = fill(Told(told), chorale, given, DecodingOptions("greedy"))
    assert greedy.chorale.pitch.tolist() != [[60, 61, 60, 61]]


def test_given_notes_count():
    """A harmony that expects the melody beats one that is likelier but fights it.

    Were the scores masked before the softmax, what is given would be free of charge and the
    likelier bass would win.
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
    best, other = fill(Told(told), tune, Given(cells), DecodingOptions(beam=2, number=2))
    assert best.chorale.pitch[0, 3] == 61
    assert best.log_probability == pytest.approx(joint(Told(told), ids_of(best)), abs=1e-9)
    assert best.log_probability - other.log_probability == pytest.approx(
        np.log(0.3 * 0.98) - np.log(0.6 * 0.01)
    )


def ids_of(candidate):
    return encode(candidate.chorale, TWO_PITCHES).ids.tolist()


@pytest.mark.parametrize("method", ["beam", "greedy", "sample"])
def test_no_probability_no_music(method):
    """A model that rules out what is given ends in a plain error, not in a crash."""
    chorale, given = one_chord(-1, -1, -1)
    impossible = Told({(START,): {C: 0.0}})
    with pytest.raises(DecodingError, match="gives no probability to any music"):
        fill(impossible, chorale, given, DecodingOptions(method))
    dead_end = Told({(START, C): dict.fromkeys((C, D), 0.0)})
    with pytest.raises(DecodingError, match="gives no probability to any music"):
        fill(dead_end, chorale, given, DecodingOptions(method))


def test_beams_that_die_give_way():
    """The likeliest alto leads nowhere."""
    chorale, given = one_chord(-1, -1, -1)
    told = {(START, C): {C: 0.9, D: 0.05}, (START, C, C): {C: 0.0, D: 0.0}}
    [found] = fill(Told(told), chorale, given, DecodingOptions(beam=2))
    assert found.chorale.pitch[0, 1] == 61


def test_scores_that_are_no_numbers():
    class Broken(Told):
        def _logits(self, prefix):
            return np.full(len(self.vocabulary), np.nan)

    chorale, given = one_chord(-1, -1, -1)
    for method in ("beam", "sample"):
        with pytest.raises(DecodingError, match="gives no probability"):
            fill(Broken({}), chorale, given, DecodingOptions(method))
