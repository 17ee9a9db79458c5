"""Phrase ends told from tunes."""

import numpy as np
import pytest

from bachbot.chorale import REST, Chorale, Key, Meter, Voice
from bachbot.theory.phrases import (
    END_FEATURES,
    PHRASE_FEATURES,
    WEIGHTS,
    TuneNotes,
    best_division,
    predict_phrase_ends,
    with_phrase_ends,
)

TWINKLE = [67, 67, 74, 74, 76, 76, 74, 72, 72, 71, 71, 69, 69, 67]


def tune(pitches, lengths, meter=Meter(), key=Key("G")):
    """A soprano of these notes, -1 for a rest, over rests."""
    pitch = np.full((sum(lengths), 4), REST)
    tied = np.zeros(pitch.shape, dtype=bool)
    at = 0
    for midi, length in zip(pitches, lengths, strict=True):
        pitch[at : at + length, 0] = midi
        tied[at + 1 : at + length, 0] = midi != REST
        at += length
    return Chorale(pitch, tied, np.zeros(len(pitch)), meter=meter, key=key)


def test_phrases_of_twinkle_end_on_its_long_notes():
    line = [4] * 6 + [8]
    assert predict_phrase_ends(tune(TWINKLE, line * 2)) == (31, 63)


def test_a_rest_ends_a_phrase_where_nothing_else_does():
    lengths = [4] * 15 + [4]
    pitches = [67, 69, 71, 72, 74, 72, 71, REST, 72, 71, 69, 67, 69, 71, 69, 67]
    assert 27 in predict_phrase_ends(tune(pitches, lengths))


def test_a_pickup_belongs_to_the_next_phrase():
    amazing = [62, 67, 71, 67, 71, 69, 67, 64, 62, 62, 67, 71, 67, 71, 69, 74]
    lengths = [4, 8, 2, 2, 8, 4, 8, 4, 8, 4, 8, 2, 2, 8, 4, 12]
    chorale = tune(amazing, lengths, Meter(3, 4, 4))
    assert predict_phrase_ends(chorale) == (4 + 12 * 3 + 7, chorale.frames - 1)


def test_words_move_an_end():
    chorale = tune(TWINKLE, ([4] * 6 + [8]) * 2)
    words = np.zeros(chorale.frames)
    words[24:32] = -20
    words[16:20] = 20
    assert predict_phrase_ends(chorale, words) == (19, 63)


@pytest.mark.parametrize("length", [1, 2, 3, 40])
def test_a_tune_of_any_length_ends_with_its_last_note(length):
    chorale = tune([67] * length + [REST], [4] * (length + 1))
    assert predict_phrase_ends(chorale)[-1] == 4 * length - 1


def test_silence_has_no_phrase():
    assert predict_phrase_ends(tune([REST], [8])) == ()


def test_every_feature_has_a_weight():
    assert set(WEIGHTS) == {*END_FEATURES, *PHRASE_FEATURES}


def test_the_best_division_is_that_of_all_divisions():
    chorale = tune([67, 69, 71, 72, 71, 69, 67, 66, 67, 69], [4, 4, 8, 4, 2, 2, 8, 4, 4, 8])
    notes = TuneNotes(chorale)
    ends = notes.end_features @ np.array([WEIGHTS[name] for name in END_FEATURES])
    weights = np.array([WEIGHTS[name] for name in PHRASE_FEATURES])

    def score(division):
        total, before, first = 0.0, -1, 0
        for last in division:
            total += ends[last] + notes.phrase_features(first, last, before) @ weights
            before, first = first, last + 1
        return total

    # Phrases of three notes or more; the last may be shorter.
    divisions = [[*inner, 9] for inner in ([], *([k] for k in range(2, 9)),
                 *([k, m] for k in range(2, 9) for m in range(k + 3, 9)))]  # fmt: skip
    found = best_division(notes, ends, weights)
    assert found in divisions
    assert score(found) == pytest.approx(max(map(score, divisions)))


def test_fermatas_on_whole_notes():
    chorale = with_phrase_ends(tune(TWINKLE, ([4] * 6 + [8]) * 2), [26, 63])
    assert np.flatnonzero(chorale.fermata).tolist() == [*range(24, 32), *range(56, 64)]


@pytest.mark.slow
def test_bachs_own_phrase_ends_on_the_validation_part(corpus):
    """Precision and recall within the tune; its last note, an end for everyone, does not count."""
    hits = found = wanted = 0
    seen = set()
    for piece in corpus.pieces:
        chorale = piece.chorale
        if piece.parts["tune"] != "validation" or piece.family in seen:
            continue
        if not chorale.fermata.any():
            continue
        seen.add(piece.family)
        starts = np.flatnonzero(chorale.onset[:, Voice.SOPRANO])
        ours = set(np.searchsorted(starts, predict_phrase_ends(chorale), side="right") - 1)
        bachs = set(np.flatnonzero(chorale.fermata[starts]))
        last = len(starts) - 1
        hits += len((ours & bachs) - {last})
        found, wanted = found + len(ours - {last}), wanted + len(bachs - {last})
    assert hits / found == pytest.approx(0.85, abs=0.01)
    assert hits / wanted == pytest.approx(0.81, abs=0.01)
