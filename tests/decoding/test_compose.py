import numpy as np
import pytest
from expected_penalties import expected_penalty
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from toy_models import ToyModel, joint, random_lookahead_model, random_model

from bachbot.chorale import REST, STANDARD, Chorale, Given, Meter, Voice
from bachbot.decoding import ComposeRequest, DecodingOptions, compose
from bachbot.decoding.compose import (
    FEWEST_BARS,
    MOST_BARS,
    composition_constraints,
    composition_request,
    final_chord_length,
)
from bachbot.decoding.constraints import FERMATA_FREE
from bachbot.decoding.hypotheses import FrameState
from bachbot.decoding.penalties import SAMPLING_PENALTIES
from bachbot.encoding import END, Vocabulary, decode, encode
from bachbot.errors import UsageError

WIDE = Vocabulary()
MODEL = random_model(WIDE, scale=0.7)

METERS = st.sampled_from(
    [Meter(), Meter(3, 4), Meter(6, 8), Meter(2, 4), Meter(3, 2), Meter(4, 4, 4), Meter(3, 4, 4)]
)
REQUESTS = st.builds(
    ComposeRequest,
    bars=st.integers(1, 3),
    meter=METERS,
    mode=st.sampled_from(["major", "minor"]),
    transposed_by=st.integers(-5, 6),
)


def sample(**options):
    return DecodingOptions("sample", **{"temperature": 0.9} | options)


@pytest.mark.slow
@settings(max_examples=25)
@for_all(REQUESTS, st.integers(0, 99))
def test_form(request, seed):
    [found] = compose(MODEL, request, sample(seed=seed))
    music, meter = found.chorale, request.meter
    assert music.frames == request.bars * meter.bar_frames
    assert music.meter == meter
    assert np.array_equal(music.position, meter.positions(music.frames))
    assert music.key == STANDARD[request.mode]
    assert music.transposed_by == request.transposed_by
    assert (music.pitch != REST).all()
    assert decode(encode(music, WIDE).ids, WIDE).same_music(music)
    # The beat: soprano and bass strike at every bar line.
    assert music.onset[music.position == 0][:, [Voice.SOPRANO, Voice.BASS]].all()
    # The first chord, and the last.
    above = (music.pitch - music.key.pitch_class) % 12
    close = music.frames - final_chord_length(meter)
    assert above[0, Voice.BASS] == 0
    assert set(above[0].tolist()) <= {0, 3, 4, 7}
    assert (above[close:, Voice.BASS] == 0).all()
    assert music.fermata[close:].all()
    assert music.onset[close, [Voice.SOPRANO, Voice.BASS]].all()
    assert not music.onset[close + 1 :, [Voice.SOPRANO, Voice.BASS]].any()
    if close > meter.beat_frames:
        assert above[close - 1, Voice.BASS] == 7
    assert found.penalty == pytest.approx(
        expected_penalty(music, nothing_given(music), SAMPLING_PENALTIES)
    )


def nothing_given(music):
    return Given.opening(music.frames, 0)


def likes_to_end(after):
    """A model that ends the piece after so many frames if it may."""

    class Ending(ToyModel):
        def step(self, ids, state):
            logits, state = super().step(ids, state)
            for row, prefix in enumerate(state):
                if prefix.count(2) >= after:
                    logits[row, END] = 50.0
            return logits, state

    return Ending({}, WIDE)


def test_the_model_ends_it():
    # After five bars and a half it wants to end: at the next bar line it may.
    [found] = compose(likes_to_end(44), ComposeRequest(meter=Meter(2, 4)), sample())
    assert found.chorale.frames == 48
    assert found.ending.startswith("the model ended it with ")
    assert found.ending.endswith(" cadence in bar 6")


def test_it_does_not_end_before_the_fewest_bars():
    [found] = compose(likes_to_end(0), ComposeRequest(meter=Meter(2, 4)), sample())
    assert found.chorale.frames == FEWEST_BARS * 8


@pytest.mark.slow
def test_it_is_cut_where_the_model_does_not_end_it():
    class Endless(ToyModel):
        def step(self, ids, state):
            logits, state = super().step(ids, state)
            logits[:, END] = -50.0
            return logits, state

    model = Endless({}, WIDE)
    [found] = compose(model, ComposeRequest(bars=2), sample())
    assert found.ending == "cut at the end of bar 2: the model did not end it"
    [found] = compose(model, ComposeRequest(meter=Meter(1, 4)), sample())
    assert found.chorale.frames == MOST_BARS * 4
    assert found.ending == f"cut at the end of bar {MOST_BARS}: the model did not end it"


def test_a_known_length_is_ended_by_the_model_too():
    [found] = compose(likes_to_end(32), ComposeRequest(bars=2), sample())
    assert found.ending.startswith("the model ended it with ")
    assert found.ending.endswith("in bar 2")


def test_its_probability_is_that_of_its_tokens():
    ends, cut = likes_to_end(16), random_model(WIDE)
    for model in (ends, cut):
        [found] = compose(model, ComposeRequest(bars=1), sample())
        ids = encode(found.chorale, WIDE).ids.tolist()
        if "cut" in found.ending:
            ids = ids[:-1]
        assert found.log_probability == pytest.approx(joint(model, ids), abs=1e-6)


def opening(frames=20, meter=None):
    pitch = np.tile([67, 64, 60, 48], (frames, 1))
    tied = np.ones((frames, 4))
    tied[::4] = 0
    return Chorale(pitch, tied, np.arange(frames) >= 16, meter=meter or Meter(), name="a hymn")


def test_continues_an_opening():
    prime = opening()
    [found] = compose(MODEL, ComposeRequest(bars=3, prime=prime), sample())
    music = found.chorale
    assert music.frames == 48
    assert music.sliced(0, 20).same_music(prime)
    assert music.name == "a hymn"
    assert found.penalty == pytest.approx(
        expected_penalty(music, Given.opening(48, 20), SAMPLING_PENALTIES)
    )


def test_a_model_that_looks_ahead_reads_the_form():
    prime = opening()
    request = ComposeRequest(bars=4, mode="minor", prime=prime)
    work = composition_request(request, composition_constraints(request, WIDE))
    assert work.chorale.sliced(0, 20).same_music(prime)
    assert work.given.cells.tolist() == Given.opening(64, 20).cells.tolist()
    # The opening's fermatas, none in the two beats before the end, and the one of the last chord.
    assert np.flatnonzero(work.given.fermatas).tolist() == [*range(20), *range(48, 64)]
    assert np.flatnonzero(work.chorale.fermata).tolist() == [16, 17, 18, 19, *range(56, 64)]
    assert np.array_equal(work.chorale.position, np.arange(64) % 16)
    assert work.chorale.key == STANDARD["minor"]
    alone = composition_request(
        ComposeRequest(bars=1), composition_constraints(ComposeRequest(bars=1), WIDE)
    )
    assert not alone.given.cells.any()


@pytest.mark.slow
@pytest.mark.parametrize("prime", [None, opening()])
def test_a_model_that_looks_ahead_composes(prime):
    """It ends at the given length, with certainty."""
    model = random_lookahead_model(WIDE, scale=0.2)
    request = ComposeRequest(bars=3, prime=prime)
    found = compose(model, request, sample(number=2))
    assert [c.chorale.frames for c in found] == [48, 48]
    for candidate in found:
        assert candidate.ending.startswith("the model ended it with ")
        if prime is not None:
            assert candidate.chorale.sliced(0, 20).same_music(prime)
        ids = encode(candidate.chorale, WIDE).ids.tolist()
        bound = model.bind([composition_request(request, composition_constraints(request, WIDE))])
        assert candidate.log_probability == pytest.approx(joint(bound, ids), abs=1e-6)


def test_an_opening_of_irregular_bars():
    place = np.concatenate([np.arange(10, 16), np.arange(12), np.arange(16)]).astype(np.int16)
    prime = Chorale(
        np.full((34, 4), 60), np.zeros((34, 4)), np.zeros(34), meter=Meter(4, 4, 6), position=place
    )
    request = ComposeRequest(bars=4, meter=prime.meter, prime=prime)
    assert request.bar_ends[:4].tolist() == [12, 28, 44, 60]
    [found] = compose(MODEL, request, sample())
    assert found.chorale.frames == 60
    assert np.array_equal(found.chorale.position[:34], place)
    assert found.chorale.position[34:].tolist() == [*range(16), *range(10)]


@pytest.mark.slow
def test_seeds():
    def music(**options):
        return [
            c.chorale.pitch.tobytes() for c in compose(MODEL, ComposeRequest(1), sample(**options))
        ]

    assert music(seed=1, number=3) == music(seed=1, number=3)
    assert len(set(music(seed=1, number=3))) == 3
    # The first pieces do not depend on how many are asked for.
    assert music(seed=1, number=3)[:2] == music(seed=1, number=2)
    assert music(seed=1) != music(seed=2)


def test_progress_counts_frames():
    calls = []
    compose(MODEL, ComposeRequest(bars=1), sample(), progress=lambda *a: calls.append(a))
    assert calls == [(n, 16) for n in range(1, 17)]
    calls.clear()
    compose(likes_to_end(0), ComposeRequest(meter=Meter(1, 4)), sample(),
            progress=lambda *a: calls.append(a))  # fmt: skip
    assert calls[-1] == (MOST_BARS * 4, MOST_BARS * 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bars": 0}, "the length is 0 bars: give 1 to 400"),
        ({"bars": 401}, "the length is 401 bars"),
        ({"mode": "dorian"}, "'dorian' is not a mode"),
        ({"prime": opening(0)}, "the opening is empty"),
        ({"bars": 1, "prime": opening(16)}, "the opening fills 1 bars or more"),
        ({"prime": opening(32 * 16)}, "the opening fills 32 bars or more"),
    ],
)
def test_bad_requests_to_compose(arguments, message):
    with pytest.raises(UsageError, match=message):
        ComposeRequest(**arguments)


@pytest.mark.parametrize("method", ["beam", "greedy"])
def test_only_sampling_composes(method):
    with pytest.raises(UsageError, match=f"by the method '{method}': use sample"):
        compose(MODEL, ComposeRequest(), DecodingOptions(method))


@pytest.mark.parametrize(
    ("meter", "frames"),
    [
        (Meter(4, 4), 8),
        (Meter(3, 4), 12),
        (Meter(6, 8), 6),
        (Meter(2, 2), 8),
        (Meter(3, 2), 24),
        (Meter(9, 8), 18),
        (Meter(4, 4, 4), 4),
        (Meter(3, 4, 4), 8),
    ],
)
def test_length_of_the_final_chord(meter, frames):
    assert final_chord_length(meter) == frames


@pytest.mark.slow
@settings(max_examples=30)
@for_all(METERS, st.one_of(st.none(), st.integers(1, 6)), st.sampled_from(["major", "minor"]))
def test_every_cell_has_a_legal_token(meter, bars, mode):
    """Whatever sounded before, some token is legal."""
    constraints = composition_constraints(ComposeRequest(bars=bars, meter=meter, mode=mode), WIDE)
    pitch = np.array([[70, 65, 60, 50], [60, 72, 50, 62]], dtype=np.int16)
    for frame in range(constraints.frames):
        for voice in range(4):
            before = constraints.fermata[frame - 1] if frame else FERMATA_FREE
            for under in (0, 1) if before == FERMATA_FREE else (before,):
                now = np.full(2, constraints.fermata[frame] == 1)
                state = FrameState(pitch, pitch, np.full(2, under == 1), now, np.ones(2, bool))
                assert constraints.legal(frame, voice, state).any(axis=1).all()
