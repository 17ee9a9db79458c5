"""The selection of excerpts, and what the two versions of a pair have in common."""

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
from bachbot.listening.answers import CONDITIONS
from bachbot.listening.export.clips import pair_scores
from bachbot.listening.export.pair_timing import compute_timing, fermata_ends
from bachbot.listening.export.pairs import (
    MAX_SECONDS,
    MIN_SECONDS,
    ExcerptSelector,
    PairGenerator,
    allocate_conditions,
    excerpt_end,
    generated_voices,
    make_pairs,
)
from bachbot.listening.export.request import EQUAL, ORIGINAL
from bachbot.scores import soundings

GREEDY = DecodingOptions(method="greedy")


def chance(seed=0):
    return np.random.default_rng(seed)


@given(number=st.integers(1, 100), seed=st.integers(0, 100))
def test_conditions_are_equally_frequent_but_for_one(number, seed):
    counts = Counter(allocate_conditions(number, EQUAL, chance(seed)))
    assert sum(counts.values()) == number
    found = [counts[condition] for condition in CONDITIONS]
    assert max(found) - min(found) <= 1


@given(number=st.integers(1, 100), seed=st.integers(0, 100))
def test_the_proportions_of_the_original_study_but_for_one(number, seed):
    counts = Counter(allocate_conditions(number, ORIGINAL, chance(seed)))
    assert sum(counts.values()) == number
    for condition, weight in ORIGINAL.items():
        assert abs(counts[condition] - number * weight / 5) < 1


def test_twenty_trials_like_the_original_study():
    counts = Counter(allocate_conditions(20, ORIGINAL, chance()))
    assert counts == {"S": 1, "A": 1, "T": 1, "B": 1, "AT": 4, "ATB": 4, "composition": 8}


def test_ties_are_decided_at_random():
    more = Counter(
        condition
        for seed in range(700)
        for condition in allocate_conditions(1, EQUAL, chance(seed))
    )
    # 100 of each expected; four standard deviations are 37.
    assert all(abs(more[condition] - 100) < 37 for condition in CONDITIONS)


def test_pieces_are_reused_as_late_as_possible():
    conditions = allocate_conditions(24, EQUAL, chance(3))
    chosen = ExcerptSelector(PIECES, 72.0, chance()).select(conditions)
    assert [c.condition for c in chosen] == conditions
    assert set(Counter(c.piece.chorale.name for c in chosen).values()) == {2}
    assert set(Counter(c.piece.family for c in chosen).values()) == {4}
    assert len({(c.condition, c.piece.chorale.name) for c in chosen}) == 24


def test_tunes_are_reused_as_late_as_possible():
    chosen = ExcerptSelector(PIECES, 72.0, chance()).select(["ATB"] * 6)
    assert len({c.piece.family for c in chosen}) == 6


def test_the_test_part_is_enough_for_the_default_number(corpus):
    pieces = [p for p in corpus.pieces if p.parts["tune"] == "test"]
    chosen = ExcerptSelector(pieces, 72.0, chance()).select(
        allocate_conditions(24, EQUAL, chance())
    )
    names = [c.piece.chorale.name for c in chosen]
    assert len(set(names)) == 24
    families = Counter(c.piece.family for c in chosen)
    assert max(families.values()) <= 3
    for excerpt in chosen:
        music = excerpt.piece.chorale
        if excerpt.condition == "composition":
            assert excerpt.end == music.frames
            continue
        ends = [int(s) + 1 for s in fermata_ends(music)]
        assert excerpt.end in {*ends, music.frames}
        fermatas = [*(e - 1 for e in ends if e < excerpt.end), excerpt.end - 1]
        assert MIN_SECONDS <= compute_timing(excerpt.end, fermatas, 72.0).starts[-1] <= MAX_SECONDS


def test_an_excerpt_is_the_longest_of_whole_phrases_within_the_limit():
    # Four phrases of 8 quarters at 72, each held 0.67 s, three breaths of 0.15 s: 29.8 s.
    long = piece(0, phrases=6).chorale
    assert excerpt_end(long, "ATB", 72.0) == 4 * 32
    assert excerpt_end(long, "ATB", 120.0) == 6 * 32
    assert excerpt_end(piece(0, phrases=2).chorale, "ATB", 72.0) is None
    assert excerpt_end(long, "composition", 72.0) == 6 * 32
    assert excerpt_end(piece(0, phrases=10).chorale, "composition", 72.0) is None


def test_an_irregular_piece_is_not_suitable_for_a_composition():
    odd = piece(0).chorale.sliced(0, 90)
    assert excerpt_end(odd, "composition", 72.0) is None


@pytest.fixture(scope="module")
def pairs():
    """A pair of each type by a model of random weights."""
    generator = PairGenerator(random_lookahead(), GREEDY, COMPOSING)
    return dict(
        zip(
            CONDITIONS,
            make_pairs(ExcerptSelector(PIECES, 72.0, chance()), CONDITIONS, generator),
            strict=True,
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_given_voices_are_equal_and_generated_ones_differ(pairs, condition):
    pair = pairs[condition]
    common = [v for v in VOICES if v not in generated_voices(condition)]
    assert {"S": (Voice.SOPRANO,), "AT": (Voice.ALTO, Voice.TENOR)}.get(
        condition, pair.voices
    ) == pair.voices
    assert pair.bach.pitch.shape == pair.generated.pitch.shape
    np.testing.assert_array_equal(pair.bach.pitch[:, common], pair.generated.pitch[:, common])
    np.testing.assert_array_equal(pair.bach.tied[:, common], pair.generated.tied[:, common])
    assert 0 < pair.difference <= 1
    assert pair.bach.key == pair.generated.key
    assert pair.bach.meter == pair.generated.meter
    np.testing.assert_array_equal(pair.bach.position, pair.generated.position)


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_bachs_version_is_in_its_own_key(pairs, condition):
    pair = pairs[condition]
    [source] = [p for p in PIECES if p.chorale.name == pair.source]
    assert pair.bach.key == source.source_key
    back = pair.bach.transposed(source.source_key.shift, source.chorale.key)
    np.testing.assert_array_equal(back.pitch, source.chorale.pitch[: pair.bach.frames])


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_versions_have_the_same_fermatas(pairs, condition):
    pair = pairs[condition]
    for side in (pair.bach, pair.generated):
        assert tuple(fermata_ends(side)) == pair.fermatas
    if condition == "composition":
        assert pair.fermatas == (pair.bach.frames - 1,)


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_score_sounds_like_its_version(pairs, condition):
    pair = pairs[condition]
    for page, side in zip(pair_scores(pair, "Chorale"), (pair.bach, pair.generated), strict=True):
        for voice in VOICES:
            notes = [n for n in soundings(page) if n.voice == voice]
            onsets = np.flatnonzero(side.onset[:, voice])
            assert [n.start * 4 for n in notes] == onsets.tolist()
            assert [n.pitch for n in notes] == side.pitch[onsets, voice].tolist()


@pytest.mark.slow
def test_a_copy_of_bach_is_replaced_by_another_piece():
    class Copying(PairGenerator):
        """Copies Bach the first time."""

        calls = 0

        def generate(self, excerpts):
            self.calls += 1
            found = super().generate(excerpts)
            if self.calls == 1:
                self.first = excerpts[0].piece.chorale.name
                object.__setattr__(found[0], "generated", found[0].bach)
            return found

    generator = Copying(random_lookahead(), GREEDY, COMPOSING)
    found = make_pairs(ExcerptSelector(PIECES, 72.0, chance()), ["ATB", "T"], generator)
    assert generator.calls == 2
    assert [pair.condition for pair in found] == ["ATB", "T"]
    assert found[0].source != generator.first
    assert all(pair.difference for pair in found)


def test_too_few_pieces_are_reported():
    selector = ExcerptSelector(PIECES[:2], 72.0, chance())
    with pytest.raises(UsageError, match="only 2 pieces are suitable for the condition B"):
        selector.select(["B", "B", "B"])
