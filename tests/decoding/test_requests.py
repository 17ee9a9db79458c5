import numpy as np
import pytest

from bachbot.chorale import REST, Chorale, Given, Key, Voice
from bachbot.decoding import with_final_cadence


def tune(*notes, key=None, fermata=False):
    """A soprano of (pitch, frames), over rests."""
    soprano = [pitch for pitch, length in notes for _ in range(length)]
    tied = [i > 0 for pitch, length in notes for i in range(length) if pitch != REST or i < 0]
    pitch = np.full((len(soprano), 4), REST)
    pitch[:, 0] = soprano
    held = np.zeros(pitch.shape, dtype=bool)
    held[pitch[:, 0] != REST, 0] = tied
    marks = np.zeros(len(soprano))
    marks[:2] = fermata
    return Chorale(pitch, held, marks, key=key or Key())


def asked(chorale):
    return with_final_cadence(chorale, Given.voices(chorale.frames, [Voice.SOPRANO]))


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


def test_nothing_else_changes():
    source = tune((64, 4), (65, 8), (67, 2), (60, 8), (62, 2))
    chorale, given = asked(source)
    assert np.array_equal(chorale.pitch, source.pitch)
    assert np.array_equal(given.cells, Given.voices(24, [Voice.SOPRANO]).cells)
    assert not given.strikes.any()
    assert given.grid == 1


def test_bach_ends_his_chorales_so(corpus):
    """The shares that `with_final_cadence` gives as its reasons."""
    ends = []
    for chorale in corpus.part("train"):
        _, given = asked(chorale)
        if given.close:
            bass = chorale.pitch[given.close[0], Voice.BASS]
            ends.append(bass % 12 == chorale.key.pitch_class)
    assert len(ends) > 300
    assert np.mean(ends) == pytest.approx(0.89, abs=0.005)
    unmarked = sum(not p.chorale.fermata.any() for p in corpus.pieces)
    assert unmarked == 6
