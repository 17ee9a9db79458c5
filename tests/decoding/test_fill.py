import dataclasses

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import chorales
from toys import random_model

from bachbot.chorale import REST, Chorale, Given, Key, Metre, Voice
from bachbot.decoding import DecodingOptions, fill
from bachbot.encoding import Vocabulary, decode, encode
from bachbot.errors import DecodingError, EncodingError

WIDE = Vocabulary()
MODEL = random_model(WIDE, scale=0.7)


class Holding:
    """A model that would rather hold every note for ever."""

    vocabulary = WIDE

    def initial_state(self, batch):
        return np.zeros(batch)

    def step(self, ids, state):
        return np.tile(5.0 * WIDE.tied_of, (len(ids), 1)), state

    def select(self, state, rows):
        return state[rows]


OPTIONS = st.sampled_from(
    [
        DecodingOptions(beam=2, number=2),
        DecodingOptions("greedy"),
        DecodingOptions("sample", seed=5, number=3, top_p=0.8),
        DecodingOptions("sample", temperature=4),
    ]
)


@st.composite
def tasks(draw):
    """A chorale, and any of its cells given."""
    chorale = draw(chorales(min_frames=1, max_frames=8))
    cells = draw(hnp.arrays(np.bool_, chorale.pitch.shape))
    fermatas = draw(st.one_of(st.booleans(), hnp.arrays(np.bool_, chorale.frames)))
    return chorale, Given(cells, fermatas=fermatas)


@settings(max_examples=150)
@for_all(tasks(), OPTIONS)
def test_what_is_given_comes_back(task, options):
    chorale, given = task
    found = fill(MODEL, chorale, given, options)
    assert 1 <= len(found) <= options.number
    for candidate in found:
        music, cells = candidate.chorale, given.cells
        assert np.array_equal(music.pitch[cells], chorale.pitch[cells])
        assert np.array_equal(music.tied[cells], chorale.tied[cells])
        assert (music.fermata == chorale.fermata)[given.fermatas].all()
        assert music.pitch.shape == chorale.pitch.shape
        assert decode(encode(music, WIDE).ids, WIDE).same_music(music)
        assert (music.metre, music.key, music.name) == (chorale.metre, chorale.key, chorale.name)
        check_free_cells(music, given)
        assert np.isfinite(candidate.log_probability)
        assert candidate.log_probability < 0
    totals = [c.log_probability for c in found]
    assert totals == sorted(totals, reverse=True)


def check_free_cells(music, given):
    """Free voices keep their compass, rest only with the melody, and pause on whole notes."""
    for voice in Voice:
        low, high = voice.compass
        for frame in np.flatnonzero(~given.cells[:, voice]):
            pitch, asked = music.pitch[frame, voice], given.cells[frame]
            if pitch == REST:
                assert asked.any()
                assert (music.pitch[frame][asked] == REST).all()
            elif not low <= pitch <= high:
                # Held over from a given note, or held on by one.
                held = music.tied[frame, voice]
                into = music.tied[frame + 1 :, voice][:1].any() and given.cells[frame + 1, voice]
                assert held or into
            if voice == 0 and frame and music.tied[frame, voice]:
                assert music.fermata[frame] == music.fermata[frame - 1]


def test_a_given_tie_is_led_into():
    """The free frame before a given tie sounds its pitch, whatever the model would rather."""
    piece = Chorale([[72, 64, 55, 48]] * 3, [[0] * 4, [0] * 4, [0, 1, 1, 1]], [0] * 3)
    cells = np.zeros((3, 4), dtype=bool)
    cells[2] = True
    for seed in range(5):
        [found] = fill(random_model(WIDE, seed=seed), piece, Given(cells))
        assert found.chorale.pitch[1, 1:].tolist() == [64, 55, 48]
        assert found.chorale.tied[2].tolist() == [False, True, True, True]


def test_lower_voices_may_rest_with_the_melody_only():
    tune = Chorale([[72, -1, -1, -1], [-1] * 4], np.zeros((2, 4)), [0, 0])
    drawn = fill(
        MODEL, tune, Given.voices(2, [Voice.SOPRANO]), DecodingOptions("sample", number=200)
    )
    rests = np.array([c.chorale.pitch == REST for c in drawn])
    assert not rests[:, 0].any()
    assert rests[:, 1, 1:].any()
    assert not rests[:, 1, 1:].all()


@pytest.mark.parametrize(("moved", "shift"), [(0, 0), (6, 6), (-5, -5), (12, 0), (-12, 0), (7, -5)])
def test_the_compass_moves_with_the_key(moved, shift):
    """Voices sing within their compass once the piece is back in its own key."""
    tune = Chorale(np.full((1, 4), 66), np.zeros((1, 4)), [0], transposed_by=moved)
    drawn = fill(
        random_model(WIDE, scale=0.01),
        tune,
        Given.voices(1, [Voice.SOPRANO]),
        DecodingOptions("sample", number=400),
    )
    sung = np.array([c.chorale.pitch[0] for c in drawn])
    for voice in (Voice.ALTO, Voice.TENOR, Voice.BASS):
        low, high = voice.compass
        assert (sung[:, voice].min(), sung[:, voice].max()) == (low + shift, high + shift)


def test_everything_given_is_scored_alone():
    """With nothing to choose, every method gives the piece and the same probability."""
    piece = Chorale([[72, 64, 55, 48]] * 2, [[0] * 4, [1] * 4], [0, 1])
    given = Given(np.ones((2, 4), dtype=bool))
    found = [
        fill(MODEL, piece, given, DecodingOptions(method))[0]
        for method in ("beam", "greedy", "sample")
    ]
    assert all(c.chorale.same_music(piece) for c in found)
    assert len({round(c.log_probability, 9) for c in found}) == 1


def test_nothing_given():
    piece = Chorale(np.full((6, 4), REST), np.zeros((6, 4)), np.zeros(6))
    [found] = fill(MODEL, piece, Given(np.zeros((6, 4), dtype=bool), fermatas=False))
    assert (found.chorale.pitch != REST).all()


def test_metre_key_and_places_are_kept():
    place = np.array([4, 5, 0, 1, 0, 1], dtype=np.int16)
    tune = Chorale(
        np.full((6, 4), 70), np.zeros((6, 4)), np.zeros(6),
        metre=Metre(3, 8), key=Key("A", "minor"), transposed_by=2, name="a tune", place=place,
    )  # fmt: skip
    [found] = fill(MODEL, tune, Given.voices(6, [Voice.SOPRANO]))
    assert found.chorale.place.tolist() == place.tolist()
    assert (found.chorale.key, found.chorale.transposed_by) == (Key("A", "minor"), 2)


def test_progress_is_told():
    tune = Chorale(np.full((3, 4), 70), np.zeros((3, 4)), np.zeros(3))
    told = []
    fill(MODEL, tune, Given.voices(3, [Voice.SOPRANO]), progress=lambda *a: told.append(a))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_draws_follow_the_seed():
    tune = Chorale(np.full((8, 4), 70), np.zeros((8, 4)), np.zeros(8))
    given = Given.voices(8, [Voice.SOPRANO])

    def music(**options):
        return {
            c.chorale.pitch.tobytes()
            for c in fill(MODEL, tune, given, DecodingOptions("sample", **options))
        }

    assert music(seed=3, number=4) == music(seed=3, number=4)
    assert len(music(seed=3, number=4)) == 4
    assert not music(seed=3, number=4) & music(seed=4, number=4)
    # A candidate does not depend on how many others there are.
    assert music(seed=3, number=2) < music(seed=3, number=4)


def test_a_pitch_that_the_vocabulary_lacks():
    tune = Chorale(np.full((1, 4), 100), np.zeros((1, 4)), [0])
    with pytest.raises(EncodingError, match="MIDI pitch 100 is outside"):
        fill(MODEL, tune, Given.voices(1, [Voice.SOPRANO]))


def test_a_vocabulary_without_a_compass():
    tune = Chorale(np.full((1, 4), 75), np.zeros((1, 4)), [0])
    with pytest.raises(DecodingError, match="no pitch from 53 to 74, the alto's compass"):
        fill(random_model(Vocabulary(75, 80)), tune, Given.voices(1, [Voice.SOPRANO]))


def test_nothing_to_fill():
    empty = Chorale(np.zeros((0, 4)), np.zeros((0, 4)), [])
    with pytest.raises(DecodingError, match="a piece of 0 frames"):
        fill(MODEL, empty, Given.voices(0, [Voice.SOPRANO]))
    tune = Chorale(np.full((2, 4), 75), np.zeros((2, 4)), [0, 0])
    with pytest.raises(DecodingError, match="given cells for 3"):
        fill(MODEL, tune, Given.voices(3, [Voice.SOPRANO]))


@pytest.mark.parametrize("method", ["greedy", "beam", "sample"])
def test_on_a_coarser_grid_nothing_strikes_in_between(method):
    pitch = np.full((8, 4), REST)
    pitch[:, 0] = [64, 64, 65, 65, 67, 67, REST, REST]
    tied = np.zeros((8, 4), dtype=bool)
    tied[[1, 3, 5], 0] = True
    melody = Chorale(pitch, tied, np.zeros(8))
    given = dataclasses.replace(Given.voices(8, [Voice.SOPRANO]), grid=2)
    [found] = fill(MODEL, melody, given, DecodingOptions(method=method))
    for voice in (1, 2, 3):
        pitch = found.chorale.pitch[:, voice]
        assert (pitch[1::2] == pitch[::2]).all()
        assert not found.chorale.onset[1::2, voice].any()


def test_the_bass_strikes_where_it_is_asked_to_and_closes_on_the_tonic():
    pitch = np.full((16, 4), REST)
    pitch[:, 0] = np.repeat([64, 65, 62, 60], 4)
    tied = np.zeros((16, 4), dtype=bool)
    tied[:, 0] = np.arange(16) % 4 > 0
    melody = Chorale(pitch, tied, np.zeros(16))
    strikes = np.zeros((16, 4), dtype=bool)
    strikes[::4, Voice.BASS] = True
    free = Given.voices(16, [Voice.SOPRANO])
    [held] = fill(Holding(), melody, free)
    [found] = fill(
        Holding(), melody, dataclasses.replace(free, strikes=strikes, close=range(12, 16))
    )
    assert held.chorale.tied[1:, Voice.BASS].all()
    assert found.chorale.onset[::4, Voice.BASS].all()
    assert (found.chorale.pitch[12:, Voice.BASS] % 12 == 0).all()
    assert found.chorale.tied[13:, Voice.BASS].all()
    assert found.chorale.onset[12].all()
    assert np.isin(found.chorale.pitch[12] % 12, [0, 4, 7]).all()
