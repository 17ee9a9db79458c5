import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import REST, Chorale, Meter, Voice
from bachbot.encoding import (
    END,
    FERMATA,
    FIRST_PITCH,
    FRAME_END,
    REST_TOKEN,
    Vocabulary,
    encode,
)
from bachbot.errors import UsageError
from bachbot.evaluation import baselines
from bachbot.evaluation.baselines import fit_baselines, measure_baseline
from bachbot.evaluation.losses import measure

VOCABULARY = Vocabulary()
SMALL = Vocabulary(60, 62)
PIECES = st.lists(chorales(max_frames=8, low=60, high=62), min_size=1, max_size=3)


def held(frames=8, pitch=(72, 67, 64, 48), fermata=False):
    """Four notes with one onset each."""
    tied = np.tile(np.array(pitch) != REST, (frames, 1))
    tied[:1] = False
    return Chorale(np.tile(pitch, (frames, 1)), tied, np.full(frames, fermata))


def token(pitch, tied=False):
    return int(VOCABULARY.ids_of(np.array([pitch]), np.array([tied]))[0])


class Uniform:
    """Every token is as likely as another."""

    vocabulary = VOCABULARY

    def probabilities(self, chorale):
        size = len(VOCABULARY)
        return np.full((len(encode(chorale, VOCABULARY)) - 1, size), 1 / size)


class Stepped:
    """A baseline as a step model, with the probabilities of the pieces it is bound to."""

    needs_length = False
    normalized = True

    def __init__(self, baseline):
        self.baseline, self.vocabulary = baseline, baseline.vocabulary

    def bind(self, requests):
        bound = Stepped(self.baseline)
        bound.tables = [self.baseline.probabilities(r.chorale) for r in requests]
        return bound

    def initial_state(self, batch):
        return np.stack([np.arange(batch), np.zeros(batch, dtype=int)])

    def step(self, ids, state):
        with np.errstate(divide="ignore"):
            logits = np.log([self.tables[piece][step] for piece, step in state.T])
        return logits, state + np.array([[0], [1]])

    def select(self, state, rows):
        return state[:, rows]


def test_baselines_by_name():
    found = fit_baselines([held()])
    assert list(found) == ["repeat the frame", *(f"{n}-gram" for n in range(1, 9))]
    assert list(fit_baselines([held()], highest=2)) == ["repeat the frame", "1-gram", "2-gram"]
    with pytest.raises(UsageError, match="no piece to learn from"):
        fit_baselines([])


@pytest.mark.slow
@settings(max_examples=25)
@given(PIECES, PIECES)
def test_every_baseline_gives_distributions_with_the_true_token(train, pieces):
    for baseline in fit_baselines(train, SMALL, highest=3).values():
        for piece in pieces:
            stream = encode(piece, SMALL)
            found = baseline.probabilities(piece)
            assert found.shape == (len(stream) - 1, len(SMALL))
            assert found.min() >= 0
            assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)
            assert found[np.arange(len(stream) - 1), stream.ids[1:]].min() > 0


@pytest.mark.slow
@settings(max_examples=20)
@given(PIECES, chorales(min_frames=2, max_frames=8, low=60, high=62), st.data())
def test_no_baseline_hears_what_is_to_come(train, piece, data):
    cut = data.draw(st.integers(1, piece.frames - 1))
    tail = data.draw(
        chorales(min_frames=piece.frames - cut, max_frames=piece.frames - cut, low=60, high=62)
    )
    other = Chorale(
        *(np.concatenate([getattr(piece, n)[:cut], getattr(tail, n)])
          for n in ("pitch", "tied", "fermata")),
        position=piece.position,
    )  # fmt: skip
    # The last frame that is the same, its end and what opens the next.
    rows = int((encode(piece, SMALL).frame[1:] < cut).argmin()) + 1
    for baseline in fit_baselines(train, SMALL, highest=8).values():
        assert baseline.probabilities(piece)[:rows] == pytest.approx(
            baseline.probabilities(other)[:rows]
        )


@pytest.mark.slow
@settings(max_examples=20)
@given(PIECES, PIECES, st.sets(st.sampled_from(list(Voice)), max_size=3))
def test_losses_are_measured_as_a_model_s(train, pieces, voices):
    """The table's two ways of measuring agree on every figure."""
    pieces = [c for c in pieces if c.frames]
    for baseline in fit_baselines(train, SMALL, highest=2).values():
        ours = measure_baseline(baseline, pieces, voices)
        theirs = measure(Stepped(baseline), pieces, given=voices)
        assert (ours.pieces, ours.frames) == (theirs.pieces, theirs.frames)
        assert ours.cells.keys() == theirs.cells.keys()
        pairs = [(ours.kinds[k], theirs.kinds[k]) for k in ours.kinds]
        for one, other in pairs + [(ours.cells[k], theirs.cells[k]) for k in ours.cells]:
            assert one.nats == pytest.approx(other.nats)
            assert (one.tokens, one.onsets) == (other.tokens, other.onsets)


def test_a_uniform_baseline_costs_log_v_per_token():
    seen = []
    pieces = [held(3), held(5, fermata=True)]
    losses = measure_baseline(Uniform(), pieces, progress=lambda *p: seen.append(p))
    assert losses.per_token == pytest.approx(math.log(len(VOCABULARY)))
    assert losses.total.tokens == 8 * 5 + 5 + 2
    assert seen == [(1, 2), (2, 2)]
    given_two = measure_baseline(Uniform(), pieces, given=[Voice.SOPRANO, Voice.BASS])
    assert given_two.total.tokens == 16
    assert given_two.per_frame == pytest.approx(2 * math.log(len(VOCABULARY)))
    assert given_two.to_json()["by_position"]["quarter 1 of 4/4"]["tokens"] == 14
    assert json.loads(json.dumps(losses.to_json())) == losses.to_json()
    with pytest.raises(UsageError, match="all four voices are given"):
        measure_baseline(Uniform(), pieces, given=Voice)


def test_repeating_by_hand():
    """From one piece of eight frames: each voice has one onset and seven ties."""
    model = baselines.fit_frame_repetition([held()], VOCABULARY)
    # The first sixteenth of the second quarter is continued once, the others twice.
    assert model.hold[:, 0] == pytest.approx(np.tile([1.5 / 2, *[2.5 / 3] * 3], (4, 1)))
    assert model.hold[:, 1] == pytest.approx(0.5)
    starts = (len(VOCABULARY) - FIRST_PITCH) // 2
    once = 1.5 / (1 + (starts + 1) / 2)
    assert model.begin[Voice.BASS, token(48)] == pytest.approx(once)
    assert model.begin[Voice.BASS, REST_TOKEN] == pytest.approx(once / 3)
    assert model.fermata[0] == pytest.approx([0.5 / 3] * 4)
    assert model.fermata[1] == pytest.approx([0.5] * 4)
    assert model.end == pytest.approx([0.5 / 3] * 3 + [1.5 / 3, 0.5 / 2])

    found = model.probabilities(held(4))
    # START: no end, no fermata, then the soprano's note.
    assert found[0, END] == pytest.approx(0.25)
    assert found[0, FERMATA] == pytest.approx(0.75 / 6)
    assert found[0, token(72)] == pytest.approx(0.75 * 5 / 6 * once)
    assert found[0, token(72, tied=True)] == 0
    assert found[1, token(67)] == pytest.approx(once)
    assert found[4, FRAME_END] == 1
    # The second frame.
    assert found[5, END] == pytest.approx(1 / 6)
    assert found[5, token(72, tied=True)] == pytest.approx(5 / 6 * 5 / 6 * 5 / 6)
    assert found[6, token(67, tied=True)] == pytest.approx(5 / 6)
    assert found[6, token(67)] == pytest.approx(once / 6)
    # After the fourth frame, which is where pieces end.
    assert found[20, END] == pytest.approx(0.5)
    assert found[20, token(72, tied=True)] == pytest.approx(0.5 * 5 / 6 * 0.75)


def test_a_rest_goes_on_as_a_note_does():
    silent = held(pitch=(72, 67, REST, 48))
    model = baselines.fit_frame_repetition([silent], VOCABULARY)
    assert model.hold[Voice.TENOR, 1] == pytest.approx([1.5 / 2, *[2.5 / 3] * 3])
    assert model.hold[Voice.TENOR, 0] == pytest.approx(0.5)
    row = model.probabilities(silent)[7]
    assert row[REST_TOKEN] == pytest.approx(5 / 6)
    notes = model.begin[Voice.TENOR, token(60)] / (1 - model.begin[Voice.TENOR, REST_TOKEN])
    assert row[token(60)] == pytest.approx(notes / 6)
    losses = measure_baseline(model, [silent])
    assert losses.kinds["tenor"].onsets == 0
    assert losses.kinds["tenor"].accuracy == 1


def test_a_fermata_is_held_like_a_note():
    fermata = np.arange(8) >= 4
    piece = Chorale(held().pitch, held().tied, fermata)
    model = baselines.fit_frame_repetition([piece], VOCABULARY)
    assert model.fermata[1, 1:] == pytest.approx(1.5 / 2)
    assert model.fermata[0, 0] == pytest.approx(1.5 / 3)
    assert model.fermata[0, 1:] == pytest.approx(0.5 / 2)
    losses = measure_baseline(model, [piece])
    # Of each fermata the end was not chosen either: after the fourth frame it was in 1 of 2.
    ends = [0.5 / 3] * 3
    wanted = -sum(math.log((1 - e) * 0.75) for e in ends) - math.log((1 - 1.5 / 3) * 0.5)
    assert losses.kinds["fermata"].nats == pytest.approx(wanted)


def test_a_voice_that_moves_is_counted_and_no_other():
    model = baselines.fit_frame_repetition([held(16)] * 9, VOCABULARY)
    still = held()
    pitch, tied = still.pitch.copy(), still.tied.copy()
    pitch[6:, Voice.ALTO], tied[6, Voice.ALTO] = 65, False
    moved = Chorale(pitch, tied, still.fermata)
    before, after = measure_baseline(model, [still]), measure_baseline(model, [moved])
    for kind in before.kinds:
        if kind != "alto":
            assert after.kinds[kind] == before.kinds[kind]
    at = "sixteenth 7 of 4/4"
    assert after.at_position(at)["alto"].correct == before.at_position(at)["alto"].correct - 1 == 0
    price = after.at_position(at)["alto"].nats - before.at_position(at)["alto"].nats
    hold, begin = model.hold[Voice.ALTO, 0, 2], model.begin[Voice.ALTO, token(65)]
    assert price == pytest.approx(math.log(hold) - math.log((1 - hold) * begin))
    assert after.total.nats - before.total.nats == pytest.approx(price)


def test_the_sixteenth_is_that_of_the_bar_line():
    """A pickup of two sixteenths: the first frame is the third sixteenth of a quarter."""
    piece = Chorale(held().pitch, held().tied, held().fermata, meter=Meter(4, 4, 2))
    model = baselines.fit_frame_repetition([piece], VOCABULARY)
    assert model.hold[0, 0] == pytest.approx([2.5 / 3, 2.5 / 3, 1.5 / 2, 2.5 / 3])
    assert model.end[:4] == pytest.approx([0.5 / 3, 1.5 / 3, 0.5 / 3, 0.5 / 3])


def test_what_bach_costs_them(corpus):
    train, held_out = corpus.part("train")[:40], corpus.part("validation")[:4]
    found = fit_baselines(train)
    nats = {name: measure_baseline(b, held_out) for name, b in found.items()}
    frame = nats["repeat the frame"]
    assert frame.per_token < min(n.per_token for name, n in nats.items() if "gram" in name)
    # It holds what is held, and knows no note that begins.
    assert frame.voices.accuracy > 0.7
    assert frame.voices.onset_accuracy < 0.05
    assert frame.kinds["frame end"].nats == 0
