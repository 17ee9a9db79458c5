import dataclasses

import numpy as np
import pytest
from expected_penalties import expected_penalty
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import chorales
from toy_models import joint, random_lookahead_model, random_model

from bachbot.chorale import REST, Chorale, Given, Key, Meter, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill, fill_all, try_fill_all
from bachbot.decoding.penalties import DEFAULT_PENALTIES
from bachbot.encoding import FillRequest, Vocabulary, decode, encode
from bachbot.errors import DecodingError, EncodingError
from bachbot.theory.cadence import final_cadence
from bachbot.theory.explanation import tally

WIDE = Vocabulary()
MODEL = random_model(WIDE, scale=0.7)
LOOKAHEAD = random_lookahead_model(WIDE, scale=0.3)


class Holding:
    """A model that prefers to hold every note."""

    vocabulary = WIDE
    normalized = True

    def bind(self, requests):
        return self

    def initial_state(self, batch):
        return np.zeros(batch)

    def step(self, ids, state):
        return np.tile(5.0 * WIDE.tied_of, (len(ids), 1)), state

    def select(self, state, rows):
        return state[rows]


OPTIONS = st.sampled_from(
    [
        DecodingOptions(beam=2, number=2),
        DecodingOptions(beam=2, number=2, diversity=0),
        DecodingOptions("greedy"),
        DecodingOptions("greedy", penalties=Penalties()),
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


@pytest.mark.slow
@pytest.mark.parametrize("model", [MODEL, LOOKAHEAD], ids=["lstm", "lookahead"])
@settings(max_examples=100)
@for_all(task=tasks(), options=OPTIONS)
def test_what_is_given_comes_back(model, task, options):
    chorale, given = task
    found = fill(model, chorale, given, options)
    assert 1 <= len(found) <= options.number
    for candidate in found:
        music, cells = candidate.chorale, given.cells
        assert np.array_equal(music.pitch[cells], chorale.pitch[cells])
        assert np.array_equal(music.tied[cells], chorale.tied[cells])
        assert (music.fermata == chorale.fermata)[given.fermatas].all()
        assert music.pitch.shape == chorale.pitch.shape
        assert decode(encode(music, WIDE).ids, WIDE).same_music(music)
        assert (music.meter, music.key, music.name) == (chorale.meter, chorale.key, chorale.name)
        check_free_cells(music, given)
        # A model that looks ahead at what is given is certain of it.
        sure = model.needs_length and given.cells.all() and given.fermatas.all()
        assert (candidate.log_probability == 0) if sure else (candidate.log_probability < 0)
        ids = encode(music, WIDE).ids.tolist()
        scored = joint(model.bind([FillRequest(chorale, given)]), ids)
        assert candidate.log_probability == pytest.approx(scored, abs=1e-6)
        assert candidate.penalty == pytest.approx(
            expected_penalty(music, given, options.penalties_with()), abs=1e-9
        )
    scores = [c.log_probability - c.penalty for c in found]
    assert scores == sorted(scores, reverse=True)


def check_free_cells(music, given):
    """Free voices keep their ranges, rest only with the melody, and pause on whole notes."""
    for voice in Voice:
        low, high = voice.range
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


def test_a_given_tie_decides_the_free_note_before_it():
    """The free frame before a given tie sounds its pitch, whatever the model would rather."""
    piece = Chorale([[72, 64, 55, 48]] * 3, [[0] * 4, [0] * 4, [0, 1, 1, 1]], [0] * 3)
    cells = np.zeros((3, 4), dtype=bool)
    cells[2] = True
    for seed in range(5):
        [found] = fill(random_model(WIDE, seed=seed), piece, Given(cells))
        assert found.chorale.pitch[1, 1:].tolist() == [64, 55, 48]
        assert found.chorale.tied[2].tolist() == [False, True, True, True]


@pytest.mark.slow
def test_lower_voices_may_rest_with_the_melody_only():
    tune = Chorale([[72, -1, -1, -1], [-1] * 4], np.zeros((2, 4)), [0, 0])
    sampled = fill(
        MODEL, tune, Given.voices(2, [Voice.SOPRANO]), DecodingOptions("sample", number=200)
    )
    rests = np.array([c.chorale.pitch == REST for c in sampled])
    assert not rests[:, 0].any()
    assert rests[:, 1, 1:].any()
    assert not rests[:, 1, 1:].all()


@pytest.mark.slow
@pytest.mark.parametrize("moved", [0, 6, -5, 12, 7])
def test_ranges_move_with_the_key(moved):
    """Voices are within their ranges once the piece is back in its own key."""
    tune = Chorale(np.full((1, 4), 66), np.zeros((1, 4)), [0], transposed_by=moved)
    sampled = fill(
        random_model(WIDE, scale=0.01),
        tune,
        Given.voices(1, [Voice.SOPRANO]),
        DecodingOptions("sample", number=400),
    )
    sung = np.array([c.chorale.pitch[0] for c in sampled])
    for voice in (Voice.ALTO, Voice.TENOR, Voice.BASS):
        low, high = voice.range
        assert (sung[:, voice].min(), sung[:, voice].max()) == (low + moved, high + moved)


@pytest.mark.parametrize("model", [MODEL, LOOKAHEAD], ids=["lstm", "lookahead"])
def test_everything_given_is_scored_alone(model):
    """With nothing to choose, every method gives the piece and the same probability."""
    piece = Chorale([[72, 64, 55, 48]] * 2, [[0] * 4, [1] * 4], [0, 1])
    given = Given(np.ones((2, 4), dtype=bool))
    found = [
        fill(model, piece, given, DecodingOptions(method))[0]
        for method in ("beam", "greedy", "sample")
    ]
    assert all(c.chorale.same_music(piece) for c in found)
    assert len({round(c.log_probability, 9) for c in found}) == 1
    assert {c.penalty for c in found} == {0}


@pytest.mark.slow
@pytest.mark.parametrize("model", [MODEL, LOOKAHEAD], ids=["lstm", "lookahead"])
@settings(max_examples=30)
@for_all(piece=chorales(min_frames=1, max_frames=12))
def test_filling_nothing_returns_the_piece(model, piece):
    given = Given(np.ones((piece.frames, 4), dtype=bool))
    for method in ("beam", "greedy", "sample"):
        found = fill(model, piece, given, DecodingOptions(method))
        assert [c.chorale.same_music(piece) for c in found] == [True]


def test_nothing_given():
    piece = Chorale(np.full((6, 4), REST), np.zeros((6, 4)), np.zeros(6))
    [found] = fill(MODEL, piece, Given(np.zeros((6, 4), dtype=bool), fermatas=False))
    assert (found.chorale.pitch != REST).all()


def test_meter_key_and_places_are_kept():
    place = np.array([4, 5, 0, 1, 0, 1], dtype=np.int16)
    tune = Chorale(
        np.full((6, 4), 70), np.zeros((6, 4)), np.zeros(6),
        meter=Meter(3, 8), key=Key("A", "minor"), transposed_by=2, name="a tune", position=place,
    )  # fmt: skip
    [found] = fill(MODEL, tune, Given.voices(6, [Voice.SOPRANO]))
    assert found.chorale.position.tolist() == place.tolist()
    assert (found.chorale.key, found.chorale.transposed_by) == (Key("A", "minor"), 2)


def test_progress_counts_frames():
    tune = Chorale(np.full((3, 4), 70), np.zeros((3, 4)), np.zeros(3))
    told = []
    fill(MODEL, tune, Given.voices(3, [Voice.SOPRANO]), progress=lambda *a: told.append(a))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.slow
def test_samples_follow_the_seed():
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


def test_a_vocabulary_without_the_range_of_a_voice():
    tune = Chorale(np.full((1, 4), 75), np.zeros((1, 4)), [0])
    with pytest.raises(DecodingError, match="no pitch from 53 to 74, the alto's range"):
        fill(random_model(Vocabulary(75, 80)), tune, Given.voices(1, [Voice.SOPRANO]))


def test_nothing_to_fill():
    empty = Chorale(np.zeros((0, 4)), np.zeros((0, 4)), [])
    with pytest.raises(DecodingError, match="a piece of 0 frames"):
        fill(MODEL, empty, Given.voices(0, [Voice.SOPRANO]))
    tune = Chorale(np.full((2, 4), 75), np.zeros((2, 4)), [0, 0])
    with pytest.raises(DecodingError, match="given cells for 3"):
        fill(MODEL, tune, Given.voices(3, [Voice.SOPRANO]))


@pytest.mark.parametrize("method", ["greedy", "beam", "sample"])
def test_on_a_coarser_grid_no_note_starts_in_between(method):
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


def test_the_bass_starts_notes_where_they_are_required():
    pitch = np.full((16, 4), REST)
    pitch[:, 0] = np.repeat([64, 65, 62, 60], 4)
    tied = np.zeros((16, 4), dtype=bool)
    tied[:, 0] = np.arange(16) % 4 > 0
    melody = Chorale(pitch, tied, np.zeros(16))
    strikes = np.zeros((16, 4), dtype=bool)
    strikes[::4, Voice.BASS] = True
    free = Given.voices(16, [Voice.SOPRANO])
    [held] = fill(Holding(), melody, free, DecodingOptions(penalties=Penalties()))
    assert held.chorale.tied[1:, Voice.BASS].all()
    asked = dataclasses.replace(free, required_onsets=strikes)
    [found] = fill(Holding(), melody, asked, DecodingOptions(penalties=Penalties()))
    assert found.chorale.onset[:, Voice.BASS].tolist() == [at % 4 == 0 for at in range(16)]
    assert found.chorale.tied[1:, [Voice.ALTO, Voice.TENOR]].all()


def test_it_ends_on_the_tonic_if_the_penalty_is_more_than_the_model_prefers():
    """The model prefers to hold the bass by five nats; the penalty is four, then eight."""
    melody = Chorale([[64, -1, -1, 50], [60, -1, -1, -1]], np.zeros((2, 4)), np.zeros(2))
    cells = np.array([[True, False, False, True], [True, False, False, False]])
    given = Given(cells, final_chord=range(1, 2))
    tonic = {0, 4, 7}
    for weight, bass in ((0.0, 50), (4.0, 50), (8.0, None)):
        [found] = fill(
            Holding(),
            melody,
            given,
            DecodingOptions(penalties=Penalties.of({"final chord": weight})),
        )
        if bass is not None:
            assert found.chorale.pitch[1, Voice.BASS] == bass
        else:
            assert found.chorale.pitch[1, Voice.BASS] % 12 == 0
        above = found.chorale.pitch[1, [Voice.ALTO, Voice.TENOR]] % 12
        bare = 4 not in found.chorale.pitch[1] % 12
        wrong = sum(int(p) not in tonic for p in above) + bool(bass) + bare
        assert found.penalty == weight * wrong


def test_a_melody_of_no_probability_is_an_error():
    """One of several pieces has no probability; the others can still be had."""

    class Rejecting(Holding):
        def step(self, ids, state):
            logits, state = super().step(ids, state)
            logits[:, WIDE.ids_of(62, False)] = -np.inf
            return logits, state

    requests = [
        FillRequest(Chorale([[pitch, -1, -1, -1]], np.zeros((1, 4)), [0]), Given.voices(1, [0]))
        for pitch in (60, 62)
    ]
    assert len(fill_all(Rejecting(), requests[:1])) == 1
    with pytest.raises(DecodingError, match="gives no probability to any music from frame 1 on"):
        fill_all(Rejecting(), requests)
    found = try_fill_all(Rejecting(), requests[::-1])
    assert isinstance(found[0], DecodingError)
    assert [c.chorale.pitch[0, 0] for c in found[1]] == [60]


@pytest.mark.slow
def test_a_beam_that_ends_with_parallels_or_without_a_cadence_searches_again():
    """And keeps the better of the two; otherwise nothing changes."""
    pitch = np.full((32, 4), REST)
    pitch[:, 0] = np.repeat([64, 65, 67, 65, 64, 62, 62, 60], 4)
    tied = np.zeros((32, 4), dtype=bool)
    tied[:, 0] = np.arange(32) % 4 > 0
    given = dataclasses.replace(Given.voices(32, [Voice.SOPRANO]), final_chord=range(28, 32))
    better = 0
    for seed in range(4):
        model = random_lookahead_model(WIDE, seed=seed, scale=0.2)
        for width in (2, 4):
            melody = Chorale(pitch, tied, np.zeros(32))
            once = DecodingOptions(beam=width, penalties=DEFAULT_PENALTIES)
            [first] = fill(model, melody, given, once)
            [found] = fill(model, melody, given, DecodingOptions(beam=width))
            faults = tally(first.chorale)
            stuck = faults["parallel fifths"].count or faults["parallel octaves"].count
            if stuck or final_cadence(first.chorale).kind == "none":
                wide = dataclasses.replace(once, beam=10)
                [second] = fill(model, melody, given, wide)
                assert found.score == max(first.score, second.score)
                better += found.score > first.score
            else:
                assert found.score == first.score
                assert found.chorale.same_music(first.chorale)
    assert better
