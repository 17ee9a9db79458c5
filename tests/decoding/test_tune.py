import numpy as np
import pytest

from bachbot.chorale import REST, Chorale, Given, Key, Metre, Voice
from bachbot.decoding import under_a_tune


def tune(*notes, key=None, fermata=False, metre=None):
    """A soprano of (pitch, frames), over rests."""
    soprano = [pitch for pitch, length in notes for _ in range(length)]
    tied = [i > 0 for pitch, length in notes for i in range(length) if pitch != REST or i < 0]
    pitch = np.full((len(soprano), 4), REST)
    pitch[:, 0] = soprano
    held = np.zeros(pitch.shape, dtype=bool)
    held[pitch[:, 0] != REST, 0] = tied
    marks = np.zeros(len(soprano))
    marks[:2] = fermata
    return Chorale(pitch, held, marks, key=key or Key(), metre=metre or Metre())


def asked(chorale):
    return under_a_tune(chorale, Given.voices(chorale.frames, [Voice.SOPRANO]))


def test_the_bass_moves_where_the_tune_does_on_a_quarter():
    _, given = asked(tune((64, 4), (65, 2), (67, 6), (60, 4)))
    assert np.flatnonzero(given.strikes[:, Voice.BASS]).tolist() == [0, 4, 12]
    assert not given.strikes[:, :3].any()


def test_after_a_half_all_voices_begin_anew():
    _, given = asked(tune((64, 4), (65, 8), (67, 2), (60, 8), (62, 2)))
    assert np.flatnonzero(given.strikes[:, Voice.BASS]).tolist() == [0, 4, 12]
    for voice in (Voice.ALTO, Voice.TENOR):
        assert np.flatnonzero(given.strikes[:, voice]).tolist() == [12]


def test_quarters_are_counted_in_the_bar_not_from_the_pickup():
    _, given = asked(tune((64, 2), (65, 4), (60, 4), metre=Metre(4, 4, 2)))
    assert np.flatnonzero(given.strikes[:, Voice.BASS]).tolist() == [2, 6]


def test_a_tune_without_fermatas_gets_one_at_its_end():
    chorale, given = asked(tune((64, 4), (65, 4), (60, 6), (REST, 2)))
    assert np.flatnonzero(chorale.fermata).tolist() == list(range(8, 14))
    assert np.flatnonzero(given.fermatas).tolist() == list(range(8, 14))


def test_a_tune_with_fermatas_keeps_just_those():
    source = tune((64, 4), (60, 4), fermata=True)
    chorale, given = asked(source)
    assert chorale.same_music(source)
    assert given.fermatas.all()


@pytest.mark.parametrize(
    ("key", "last", "close"),
    [
        (Key("C"), 60, range(4, 8)),
        (Key("C"), 67, range(4, 8)),
        (Key("C"), 63, range(0)),
        (Key("C"), 62, range(0)),
        (Key("A", "minor"), 69, range(4, 8)),
        (Key("A", "minor"), 60, range(4, 8)),
        (Key("A", "minor"), 67, range(0)),
    ],
)
def test_it_closes_on_the_tonic_where_the_tune_does(key, last, close):
    _, given = asked(tune((64, 4), (last, 4), key=key))
    assert given.close == close


def test_bach_does_what_is_asked(corpus):
    """The shares that `under_a_tune` gives as its reasons, counted on the training part."""
    on_quarter, after_long = [], []
    for chorale in corpus.part("train"):
        onset = chorale.onset
        starts = np.flatnonzero(onset[:, Voice.SOPRANO])
        long = np.append(False, np.diff(starts) >= 8)
        beats = chorale.place[starts] % 4 == 0
        on_quarter.append(onset[starts[beats]])
        after_long.append(onset[starts[beats & long]])
    on_quarter, after_long = np.concatenate(on_quarter), np.concatenate(after_long)
    assert on_quarter[:, Voice.BASS].mean() == pytest.approx(0.97, abs=0.005)
    assert on_quarter[:, 1:].any(axis=1).mean() == pytest.approx(0.998, abs=0.001)
    assert after_long.mean(axis=0)[1:] == pytest.approx([0.97, 0.97, 0.98], abs=0.01)
    unmarked = sum(not p.chorale.fermata.any() for p in corpus.pieces)
    assert unmarked == 6
