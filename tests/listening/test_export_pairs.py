"""Which pieces a test is made of, and what the two sides of a pair have in common."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listening_made import PIECES, piece
from made_checkpoints import random_lookahead

from bachbot.chorale import VOICES, Voice
from bachbot.decoding import DecodingOptions
from bachbot.errors import UsageError
from bachbot.evaluation.generated import COMPOSING
from bachbot.listening.answers import KINDS
from bachbot.listening.export.clips import pages
from bachbot.listening.export.clock import clock, spots_of
from bachbot.listening.export.pairs import (
    EQUAL,
    LONGEST,
    ORIGINAL,
    SHORTEST,
    Chooser,
    Writer,
    anew,
    passage,
    shares,
    written,
)
from bachbot.scores import soundings

GREEDY = DecodingOptions(method="greedy")


def chance(seed=0):
    return np.random.default_rng(seed)


@given(number=st.integers(1, 100), seed=st.integers(0, 100))
def test_every_type_comes_as_often_but_for_one(number, seed):
    counts = Counter(shares(number, EQUAL, chance(seed)))
    assert sum(counts.values()) == number
    found = [counts[kind] for kind in KINDS]
    assert max(found) - min(found) <= 1


@given(number=st.integers(1, 100), seed=st.integers(0, 100))
def test_the_originals_proportions_are_kept_but_for_one(number, seed):
    counts = Counter(shares(number, ORIGINAL, chance(seed)))
    assert sum(counts.values()) == number
    for kind, weight in ORIGINAL.items():
        assert abs(counts[kind] - number * weight / 5) < 1


def test_the_originals_twenty_questions():
    counts = Counter(shares(20, ORIGINAL, chance()))
    assert counts == {"S": 1, "A": 1, "T": 1, "B": 1, "AT": 4, "ATB": 4, "composition": 8}


def test_which_types_have_one_more_and_their_order_are_chance():
    more = Counter(kind for seed in range(700) for kind in shares(1, EQUAL, chance(seed)))
    # 100 of each expected; four standard deviations are 37.
    assert all(abs(more[kind] - 100) < 37 for kind in KINDS)


def test_no_piece_comes_twice_before_all_have_come_once_and_never_for_one_type():
    kinds = shares(24, EQUAL, chance(3))
    chosen = Chooser(PIECES, 72.0, chance()).take(kinds)
    assert [c.kind for c in chosen] == kinds
    assert set(Counter(c.piece.chorale.name for c in chosen).values()) == {2}
    assert set(Counter(c.piece.family for c in chosen).values()) == {4}
    assert len({(c.kind, c.piece.chorale.name) for c in chosen}) == 24


def test_tunes_are_spread_before_any_comes_twice():
    chosen = Chooser(PIECES, 72.0, chance()).take(["ATB"] * 6)
    assert len({c.piece.family for c in chosen}) == 6


def test_the_real_test_part_is_enough_for_twenty_four_trials(corpus):
    pieces = [p for p in corpus.pieces if p.parts["tune"] == "test"]
    chosen = Chooser(pieces, 72.0, chance()).take(shares(24, EQUAL, chance()))
    names = [c.piece.chorale.name for c in chosen]
    assert len(set(names)) == 24
    families = Counter(c.piece.family for c in chosen)
    assert max(families.values()) <= 3
    for choice in chosen:
        music = choice.piece.chorale
        if choice.kind == "composition":
            assert choice.stop == music.frames
            continue
        ends = [int(s) + 1 for s in spots_of(music)]
        assert choice.stop in {*ends, music.frames}
        held = [*(e - 1 for e in ends if e < choice.stop), choice.stop - 1]
        assert SHORTEST <= clock(choice.stop, held, 72.0).starts[-1] <= LONGEST


def test_a_passage_is_the_longest_of_whole_phrases_that_is_short_enough():
    # Four phrases of 8 quarters at 72, each held 0.67 s, three breaths of 0.15 s: 29.8 s.
    long = piece(0, phrases=6).chorale
    assert passage(long, "ATB", 72.0) == 4 * 32
    assert passage(long, "ATB", 120.0) == 6 * 32
    assert passage(piece(0, phrases=2).chorale, "ATB", 72.0) is None
    assert passage(long, "composition", 72.0) == 6 * 32
    assert passage(piece(0, phrases=10).chorale, "composition", 72.0) is None


def test_an_irregular_piece_is_no_pattern_for_a_composition():
    odd = piece(0).chorale.sliced(0, 90)
    assert passage(odd, "composition", 72.0) is None


@pytest.fixture(scope="module")
def pairs():
    """A pair of each type by a model of random weights."""
    writer = Writer(random_lookahead(), GREEDY, COMPOSING)
    return dict(zip(KINDS, written(Chooser(PIECES, 72.0, chance()), KINDS, writer), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_given_comes_back_and_what_is_written_anew_differs(pairs, kind):
    pair = pairs[kind]
    common = [v for v in VOICES if v not in anew(kind)]
    assert {"S": (Voice.SOPRANO,), "AT": (Voice.ALTO, Voice.TENOR)}.get(
        kind, pair.anew
    ) == pair.anew
    assert pair.bach.pitch.shape == pair.ours.pitch.shape
    np.testing.assert_array_equal(pair.bach.pitch[:, common], pair.ours.pitch[:, common])
    np.testing.assert_array_equal(pair.bach.tied[:, common], pair.ours.tied[:, common])
    assert 0 < pair.differs <= 1
    assert pair.bach.key == pair.ours.key
    assert pair.bach.meter == pair.ours.meter
    np.testing.assert_array_equal(pair.bach.position, pair.ours.position)


@pytest.mark.parametrize("kind", KINDS)
def test_the_notes_are_bachs_in_the_key_that_he_wrote_in(pairs, kind):
    pair = pairs[kind]
    [source] = [p for p in PIECES if p.chorale.name == pair.source]
    assert pair.bach.key == source.source_key
    back = pair.bach.transposed(source.source_key.shift, source.chorale.key)
    np.testing.assert_array_equal(back.pitch, source.chorale.pitch[: pair.bach.frames])


@pytest.mark.parametrize("kind", KINDS)
def test_both_sides_are_held_at_the_same_frames(pairs, kind):
    pair = pairs[kind]
    for side in (pair.bach, pair.ours):
        assert tuple(spots_of(side)) == pair.held
    if kind == "composition":
        assert pair.held == (pair.bach.frames - 1,)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_sounds_as_its_side_does(pairs, kind):
    pair = pairs[kind]
    for page, side in zip(pages(pair, "Chorale"), (pair.bach, pair.ours), strict=True):
        for voice in VOICES:
            notes = [n for n in soundings(page) if n.voice == voice]
            onsets = np.flatnonzero(side.onset[:, voice])
            assert [n.start * 4 for n in notes] == onsets.tolist()
            assert [n.pitch for n in notes] == side.pitch[onsets, voice].tolist()


def test_where_the_model_wrote_what_bach_did_another_piece_is_taken():
    class Parrot(Writer):
        """Says after Bach whatever it is asked first."""

        asked = 0

        def pairs(self, choices):
            self.asked += 1
            found = super().pairs(choices)
            if self.asked == 1:
                self.first = choices[0].piece.chorale.name
                object.__setattr__(found[0], "ours", found[0].bach)
            return found

    writer = Parrot(random_lookahead(), GREEDY, COMPOSING)
    found = written(Chooser(PIECES, 72.0, chance()), ["ATB", "T"], writer)
    assert writer.asked == 2
    assert [pair.kind for pair in found] == ["ATB", "T"]
    assert found[0].source != writer.first
    assert all(pair.differs for pair in found)


def test_pieces_that_run_out_are_said_to():
    chooser = Chooser(PIECES[:2], 72.0, chance())
    with pytest.raises(UsageError, match="only 2 pieces will do for trials of type B"):
        chooser.take(["B", "B", "B"])
