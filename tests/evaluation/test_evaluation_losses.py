import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale, Meter, Voice
from bachbot.encoding import FERMATA, SLOT_FERMATA, Vocabulary, encode
from bachbot.errors import EncodingError, UsageError
from bachbot.evaluation.losses import KINDS, Losses, Tally, measure, missing, tally
from bachbot.evaluation.tallies import CELLS, PLACES, QUARTERS, SIXTEENTHS, cells

VOCABULARY = Vocabulary()
V = len(VOCABULARY)


class Uniform:
    """Knows nothing: every token is as likely as another."""

    vocabulary = VOCABULARY
    normalized = True

    def bind(self, works):
        return self

    def initial_state(self, batch):
        return np.zeros(batch)

    def step(self, ids, state):
        return np.zeros((len(ids), V), dtype=np.float32), state

    def select(self, state, rows):
        return state[rows]


class Oracle(Uniform):
    """Has learned some streams by heart: a state is a stream's number and a place in it."""

    def __init__(self, streams, sureness):
        self.streams, self.sureness = streams, sureness

    def initial_state(self, batch):
        # Longest first, as pieces of a batch go side by side.
        self.order = sorted(self.streams, key=len, reverse=True)
        return np.stack([np.arange(batch), np.zeros(batch, dtype=int)])

    def step(self, ids, state):
        logits = np.zeros((len(ids), V))
        for row, (stream, place) in enumerate(state.T):
            assert self.order[stream].ids[place] == ids[row]
            logits[row, self.order[stream].ids[place + 1]] = self.sureness
        return logits, state + np.array([[0], [1]])

    def select(self, state, rows):
        return state[:, rows]


class Knowing(Uniform):
    """Is sure of what is given of each piece, and knows nothing of the rest.

    A state is a stream's number and a place in it; a step asserts that every stream is of the
    piece that it was bound to.
    """

    def bind(self, works):
        bound = Knowing()
        bound.works = works
        bound.streams = [encode(w.chorale, VOCABULARY) for w in works]
        return bound

    def initial_state(self, batch):
        assert batch == len(self.works)
        return np.stack([np.arange(batch), np.zeros(batch, dtype=int)])

    def step(self, ids, state):
        logits = np.zeros((len(ids), V))
        for row, (piece, place) in enumerate(state.T):
            stream, given = self.streams[piece], self.works[piece].given
            assert stream.ids[place] == ids[row]
            frame, voice = stream.frame[place + 1], stream.voice[place + 1]
            known = given.cells[frame, voice] if voice < 4 else voice != SLOT_FERMATA
            if known or (voice == SLOT_FERMATA and given.fermatas[frame]):
                logits[row] = -np.inf
                logits[row, stream.ids[place + 1]] = 0
        return logits, state + np.array([[0], [1]])

    def select(self, state, rows):
        return state[:, rows]


def _piece(frames=3, fermata=False):
    """Four notes that are struck once and held."""
    tied = np.ones((frames, 4), dtype=bool)
    tied[0] = False
    pitch = np.tile([72, 67, 64, 48], (frames, 1))
    return Chorale(pitch, tied, np.full(frames, fermata))


def test_a_model_that_knows_nothing_costs_log_v_a_token():
    losses = measure(Uniform(), [_piece(), _piece(5)])
    log_v = math.log(V)
    assert losses.per_token == pytest.approx(log_v)
    # 3 + 5 frames of four voices and an end, and an END for each piece.
    assert losses.all.tokens == 8 * 5 + 2
    assert losses.per_frame == pytest.approx(log_v * 42 / 8)
    assert losses.voices_per_frame == pytest.approx(4 * log_v)
    assert losses.voices.onsets == 8
    assert losses.per_onset == pytest.approx(log_v * 32 / 8)
    assert losses.kinds["bass"].per_onset == pytest.approx(log_v * 8 / 2)
    assert math.isnan(losses.kinds["fermata"].per_token)


def test_fermatas_count_a_frame_s_nats_but_not_its_voices():
    losses = measure(Uniform(), [_piece(fermata=True)])
    assert losses.kinds["fermata"].tokens == 3
    assert losses.per_frame == pytest.approx(math.log(V) * (3 * 6 + 1) / 3)
    assert losses.voices_per_frame == pytest.approx(math.log(V) * 4)


def test_a_model_that_knows_all_costs_nothing():
    pieces = [_piece(4), _piece(2, fermata=True), _piece(7)]
    oracle = Oracle([encode(p, VOCABULARY) for p in pieces], 60.0)
    losses = measure(oracle, pieces)
    assert losses.per_token == pytest.approx(0, abs=1e-20)
    assert losses.voices.accuracy == losses.voices.onset_accuracy == 1


def test_accuracy_over_onsets_leaves_the_held_cells_out():
    stream = encode(_piece(4), VOCABULARY)
    onset = np.isin(stream.ids[1:], VOCABULARY.ids_of(np.array([72, 67]), np.zeros(2, bool)))
    held = (stream.voice[1:] < 4) & (stream.frame[1:] > 0)
    losses = tally(stream, np.ones(len(stream) - 1), held | onset)
    assert losses.voices.accuracy == 14 / 16
    assert losses.voices.onset_accuracy == 2 / 4
    assert losses.kinds["soprano"].onset_accuracy == 1
    assert losses.kinds["bass"].onset_accuracy == 0


@settings(max_examples=20)
@given(chorales(min_frames=1, max_frames=12), chorales(min_frames=1, max_frames=12))
def test_tokens_and_onsets_are_those_of_the_chorales(one, other):
    losses = measure(Uniform(), [one, other], batch=2)
    both = (one, other)
    assert losses.pieces == 2
    assert losses.frames == sum(c.frames for c in both)
    assert losses.voices.tokens == 4 * losses.frames
    assert losses.voices.onsets == sum(int(c.onset.sum()) for c in both)
    assert losses.kinds["fermata"].tokens == sum(int(c.fermata.sum()) for c in both)
    assert losses.kinds["end"].tokens == 2
    assert losses.kinds["frame end"].tokens == losses.frames


@pytest.mark.parametrize("batch", [1, 2, 3, 8])
def test_the_batch_changes_nothing(batch):
    pieces = [_piece(n) for n in (6, 2, 9, 2, 5)]
    alone = sum((measure(Uniform(), [p]) for p in pieces), Losses())
    together = measure(Uniform(), pieces, batch=batch)
    assert together.frames == alone.frames
    for name in KINDS:
        ours, theirs = together.kinds[name], alone.kinds[name]
        assert ours.nats == pytest.approx(theirs.nats)
        assert (ours.tokens, ours.correct, ours.onsets) == (
            theirs.tokens,
            theirs.correct,
            theirs.onsets,
        )


def test_progress_ends_at_the_whole():
    seen = []
    measure(Uniform(), [_piece(4), _piece(2)], batch=1, progress=lambda *p: seen.append(p))
    assert seen == [(21, 32), (32, 32)]


def test_scores_far_apart_do_not_overflow():
    pieces = [_piece(2)]
    oracle = Oracle([encode(p, VOCABULARY) for p in pieces], -1e5)
    assert measure(oracle, pieces).per_token == pytest.approx(1e5 + math.log(V - 1))


GIVEN = st.sets(st.sampled_from(list(Voice)), max_size=3)


@settings(max_examples=15)
@given(chorales(min_frames=1, max_frames=9), chorales(min_frames=1, max_frames=9), GIVEN)
def test_only_what_is_missing_is_counted(one, other, voices):
    """Of a model that makes nothing of what is given: the same tokens, of fewer voices."""
    losses = measure(Uniform(), [one, other], given=voices)
    missing = [v for v in Voice if v not in voices]
    assert losses.frames == one.frames + other.frames
    assert losses.voices.tokens == len(missing) * losses.frames
    assert losses.voices_per_frame == pytest.approx(len(missing) * math.log(V))
    assert losses.voices.onsets == sum(int(c.onset[:, missing].sum()) for c in (one, other))
    if voices:
        assert losses.all == losses.voices
        assert losses.per_frame == losses.voices_per_frame
        assert {k for k, t in losses.kinds.items() if t.tokens} <= {v.label for v in missing}


@settings(max_examples=15)
@given(st.lists(chorales(min_frames=1, max_frames=9), min_size=1, max_size=4), GIVEN)
def test_each_stream_is_of_the_piece_that_it_is_bound_to(pieces, voices):
    """What is given of a piece is told before it begins, and then costs nothing."""
    losses = measure(Knowing(), pieces, given=voices, batch=3)
    missing = len(Voice) - len(voices)
    assert losses.per_frame == pytest.approx(missing * math.log(V))
    assert losses.kinds["fermata"].nats == 0
    if not voices:
        assert losses.kinds["frame end"].nats == losses.kinds["end"].nats == 0


def test_fermatas_may_go_untold():
    pieces = [_piece(3, fermata=True), _piece(2)]
    assert measure(Knowing(), pieces).kinds["fermata"].nats == 0
    untold = measure(Knowing(), pieces, fermatas=False)
    assert untold.kinds["fermata"].nats == pytest.approx(3 * math.log(V))


def test_pieces_in_their_own_keys_cost_a_shift_of_twelve_more():
    standard = measure(Uniform(), [_piece(4), _piece(6)])
    own = standard.untransposed()
    assert own.per_frame - standard.per_frame == pytest.approx(2 * math.log(12) / 10)
    assert own.voices_per_frame == pytest.approx(4 * math.log(V) + 2 * math.log(12) / 10)
    assert own.per_token - standard.per_token == pytest.approx(2 * math.log(12) / 52)
    assert own.per_onset - standard.per_onset == pytest.approx(2 * math.log(12) / 8)
    assert own.kinds == standard.kinds
    assert own.to_json()["shift_nats_per_frame"] == pytest.approx(2 * math.log(12) / 10)
    both = own + measure(Uniform(), [_piece()]).untransposed()
    assert both.shift_nats == pytest.approx(3 * math.log(12))


@pytest.mark.parametrize(
    ("meter", "wanted"),
    [
        (Meter(4, 4), [*range(16), 0, 1]),
        (Meter(4, 4, 4), [12, 13, 14, 15, *range(14)]),
        (Meter(3, 4), [16, 17, 18, 19] * 4 + [16, 17]),
        (Meter(3, 4, 2), [18, 19] + [16, 17, 18, 19] * 4),
    ],
)
def test_cells_are_places_of_common_bars_and_sixteenths_of_others(meter, wanted):
    piece = Chorale(np.full((18, 4), 60), np.zeros((18, 4)), np.zeros(18), meter=meter)
    assert cells(piece).tolist() == wanted


def test_a_bar_longer_than_its_meter_goes_by_sixteenths():
    place = np.arange(22)
    piece = Chorale(np.full((22, 4), 60), np.zeros((22, 4)), np.zeros(22), position=place)
    assert cells(piece)[14:].tolist() == [14, 15, 16, 17, 18, 19, 16, 17]


@pytest.mark.parametrize("kind", [SIXTEENTHS, QUARTERS])
def test_places_of_one_kind_do_not_overlap(kind):
    found = [cell for name in kind for cell in PLACES[name]]
    assert len(found) == len(set(found)) == (CELLS if kind is SIXTEENTHS else 16)


def test_nats_are_told_apart_by_place():
    """A nat for each alto token on a beat of 4/4, ten where the tenor has one planted."""
    piece = _piece(20)
    stream = encode(piece, VOCABULARY)
    slot, frame = stream.voice[1:], stream.frame[1:]
    nats = np.where((slot == Voice.ALTO) & (frame % 4 == 0), 1.0, 0.0)
    nats[(slot == Voice.TENOR) & (frame == 6)] = 10.0
    right = np.where(nats > 0, False, True)
    found = tally(stream, nats, right, piece)
    told = found.to_json()["by_place"]
    assert {n: told[n]["frames"] for n in QUARTERS} == dict(
        zip(QUARTERS, (8, 4, 4, 4), strict=True)
    )
    beat = told["sixteenth 1 of a quarter"]
    assert (beat["frames"], beat["tokens"], beat["onsets"]) == (5, 20, 4)
    assert beat["nats_per_frame"] == 1
    assert beat["nats_per_token"] == beat["by_voice"]["alto"]["nats_per_token"] / 4 == 0.25
    assert beat["nats_per_onset"] == 5 / 4
    assert beat["accuracy"] == 15 / 20
    assert beat["onset_accuracy"] == 3 / 4
    planted = {name for name in PLACES if found.at(name)["tenor"].nats}
    assert planted == {"sixteenth 3 of a quarter", "quarter 2 of 4/4", "sixteenth 7 of 4/4"}
    assert found.at("sixteenth 7 of 4/4")["tenor"].correct == 0
    assert told["sixteenth 7 of 4/4"]["nats_per_onset"] is None


@settings(max_examples=20)
@given(st.lists(chorales(min_frames=1, max_frames=20), min_size=1, max_size=3), GIVEN)
def test_the_sixteenths_make_up_the_voices(pieces, voices):
    losses = measure(Uniform(), pieces, given=voices)
    for kind in (losses, losses.unbarred()):
        at = [kind.at(name) for name in SIXTEENTHS]
        for voice in Voice:
            sums = sum((place[voice.label] for place in at), Tally())
            whole = losses.kinds[voice.label]
            assert (sums.tokens, sums.correct) == (whole.tokens, whole.correct)
            assert (sums.onsets, sums.onsets_correct) == (whole.onsets, whole.onsets_correct)
            assert sums.nats == pytest.approx(whole.nats)
    barred = sum(c.frames for c in pieces if str(c.meter) == "4/4") * len(missing(voices))
    assert sum(t.tokens for n in QUARTERS for t in losses.at(n).values()) == barred
    assert not any(t.tokens for n in QUARTERS for t in losses.unbarred().at(n).values())


def test_without_the_piece_places_are_not_told_apart():
    stream = encode(_piece(), VOCABULARY)
    found = tally(stream, np.ones(len(stream) - 1), np.ones(len(stream) - 1, dtype=bool))
    assert found.to_json()["by_place"] == {}
    assert not any(t.tokens for t in found.at("sixteenth 1 of a quarter").values())


def test_nothing_has_no_rates_and_plain_json():
    nothing = Losses().to_json()
    assert nothing["by_place"] == {}
    assert nothing["nats_per_token"] is None
    assert set(nothing["by_kind"]) == set(KINDS)


def test_wrong_shapes_and_batches_are_refused():
    stream = encode(_piece(), VOCABULARY)
    assert FERMATA not in stream.ids
    with pytest.raises(UsageError, match=r"shapes \(17,\) and \(16,\): wanted \(16,\)"):
        tally(stream, np.ones(17), np.ones(16, dtype=bool))
    with pytest.raises(UsageError, match="a batch of 0 pieces"):
        measure(Uniform(), [_piece()], batch=0)
    with pytest.raises(UsageError, match="all four voices are given"):
        measure(Uniform(), [_piece()], given=Voice)


def test_a_pitch_outside_the_vocabulary_is_refused():
    high = Chorale(np.full((1, 4), 100), np.zeros((1, 4)), np.zeros(1))
    with pytest.raises(EncodingError, match="MIDI pitch 100 is outside"):
        measure(Uniform(), [high])
