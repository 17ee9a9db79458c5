from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale, Voice
from bachbot.encoding import END, FIRST_PITCH, FRAME_END, START, Vocabulary, encode
from bachbot.errors import EncodingError, UsageError
from bachbot.evaluation.baselines import measure_baseline
from bachbot.evaluation.ngrams import discounts, fit_ngrams

SMALL = Vocabulary(60, 62)
PIECES = st.lists(chorales(max_frames=6, low=60, high=62), min_size=1, max_size=4)


class ByTheBook:
    """The same sums in dicts, one probability at a time, from the definition."""

    def __init__(self, streams, size, order):
        self.size, self.order = size, order
        self.counts = [None]
        plain = [Counter() for _ in range(order + 2)]
        before = [defaultdict(set) for _ in range(order + 1)]
        for stream in streams:
            for k in range(1, order + 2):
                for at in range(max(1, k - 1), len(stream)):
                    gram = tuple(stream[at - k + 1 : at + 1])
                    plain[k][gram] += 1
                    if k > 1:
                        before[k - 1][gram[1:]].add(gram[0])
        for k in range(1, order + 1):
            lower = {
                g: n if g[0] == START or k == order else len(before[k][g])
                for g, n in plain[k].items()
            }
            self.counts.append(lower)

    def probability(self, token, history):
        counts = self.counts[len(history) + 1]
        lower = (
            self.probability(token, history[1:])
            if history
            else (0 if token == START else 1 / (self.size - 1))
        )
        after = {g[-1]: n for g, n in counts.items() if g[:-1] == history}
        if not after:
            return lower
        off = discounts(np.array(list(counts.values())))
        total = sum(after.values())
        kept = after[token] - off[min(after[token], 3) - 1] if token in after else 0
        taken = sum(off[min(n, 3) - 1] for n in after.values())
        return kept / total + taken / total * lower


def one_note(pitch=60):
    """START, four voices on one pitch, frame end, END."""
    return Chorale(np.full((1, 4), pitch), np.zeros((1, 4)), np.zeros(1))


def test_single_tokens_by_hand():
    """Six tokens, 60 four times; no token twice, so that 0.5, 1, 1.5 are taken off."""
    vocabulary = Vocabulary(60, 60)
    [model] = fit_ngrams([one_note()], vocabulary, 1)
    found = model.probabilities(one_note())
    assert found.shape == (6, 7)
    assert (found == found[0]).all()
    even = (1.5 + 0.5 + 0.5) / 6 / 6
    assert found[0, FIRST_PITCH] == pytest.approx(2.5 / 6 + even)
    assert found[0, FRAME_END] == found[0, END] == pytest.approx(0.5 / 6 + even)
    assert found[0, FIRST_PITCH + 1] == pytest.approx(even)
    assert found[0, START] == 0


def test_pairs_by_hand():
    """60 comes after START and after 60: it has company of two, of four in all."""
    vocabulary = Vocabulary(60, 60)
    _, model = fit_ngrams([one_note()], vocabulary, 2)
    found = model.probabilities(one_note())
    single = (2 - 1) / 4 + (1 + 0.5 + 0.5) / 4 / 6
    assert found[1, FIRST_PITCH] == pytest.approx((3 - 1.5) / 4 + (1.5 + 0.5) / 4 * single)
    assert found[0, FIRST_PITCH] == pytest.approx((1 - 0.5) / 1 + 0.5 / 1 * single)
    losses = measure_baseline(model, [one_note()])
    assert losses.kinds["soprano"].nats == pytest.approx(-np.log(0.5 + 0.5 * single))
    assert losses.kinds["soprano"].correct == 1


def test_discounts_by_hand():
    counts = np.repeat([1, 2, 3, 4], [4, 2, 1, 1])
    assert discounts(counts) == (0.5, 1.25, 1.0)
    assert discounts(np.append(counts, [0, 5, 9])) == (0.5, 1.25, 1.0)
    # None was counted four times; four times as many threes as twos.
    assert discounts(counts[:-1]) == (0.5, 1.0, 1.5)
    assert discounts(np.repeat([1, 2, 3, 4], [8, 1, 4, 1])) == (0.5, 1.0, 1.5)


@pytest.mark.slow
@settings(max_examples=30)
@given(PIECES, PIECES)
def test_probabilities_sum_to_one_and_none_is_0(train, pieces):
    for model in fit_ngrams(train, SMALL, 8):
        for piece in pieces:
            found = model.probabilities(piece)
            assert found.shape == (len(encode(piece, SMALL)) - 1, len(SMALL))
            assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)
            assert (np.delete(found, START, axis=1) > 0).all()
            assert (found[:, START] == 0).all()


@pytest.mark.slow
@settings(max_examples=20)
@given(PIECES, chorales(min_frames=1, max_frames=3, low=60, high=62))
def test_probabilities_are_those_of_the_definition(train, piece):
    streams = [encode(c, SMALL).ids.tolist() for c in train]
    ids = encode(piece, SMALL).ids
    for order, model in enumerate(fit_ngrams(train, SMALL, 4), 1):
        book = ByTheBook(streams, len(SMALL), order)
        found = model.next_token_probabilities(ids[:-1])
        for at in range(len(ids) - 1):
            history = ids[max(0, at + 2 - order) : at + 1].tolist() if order > 1 else []
            wanted = [book.probability(token, tuple(history)) for token in range(len(SMALL))]
            assert found[at] == pytest.approx(wanted)


def test_probabilities_of_bach_are_those_of_the_definition(corpus):
    """Where counts of counts make sense, so that every order has discounts of its own."""
    vocabulary = Vocabulary()
    train = corpus.part("train")[:3]
    streams = [encode(c, vocabulary).ids.tolist() for c in train]
    ids = encode(corpus.part("validation")[0], vocabulary).ids
    model = fit_ngrams(train, vocabulary, 6)[-1]
    book = ByTheBook(streams, len(vocabulary), 6)
    assert discounts(np.array(list(book.counts[3].values()))) != (0.5, 1.0, 1.5)
    found = model.next_token_probabilities(ids[:80])
    for at in range(6, 80, 9):
        history = tuple(ids[at - 4 : at + 1].tolist())
        wanted = [book.probability(t, history) for t in (FRAME_END, int(ids[at + 1]), FIRST_PITCH)]
        assert found[at, [FRAME_END, ids[at + 1], FIRST_PITCH]] == pytest.approx(wanted)


def test_longer_grams_foretell_bach_better(corpus):
    models = fit_ngrams(corpus.part("train")[:60], Vocabulary())
    held_out = corpus.part("validation")[:6]
    nats = [measure_baseline(model, held_out).per_token for model in models]
    assert nats[:7] == sorted(nats[:7], reverse=True)
    # A frame has five tokens: from six on a voice hears what it sang last.
    assert nats[5] < 0.9 * nats[4]


def test_a_wrong_note_is_counted_where_it_is():
    pitch = np.array([72, 67, 64, 48]) + np.arange(8)[:, None]
    right = Chorale(pitch, np.zeros((8, 4)), np.zeros(8))
    wrong = pitch.copy()
    wrong[7, Voice.BASS] += 1
    model = fit_ngrams([right] * 5, Vocabulary(), 8)[-1]
    before = measure_baseline(model, [right])
    after = measure_baseline(model, [Chorale(wrong, np.zeros((8, 4)), np.zeros(8))])
    assert before.total.correct == before.total.tokens
    assert after.kinds["bass"].correct == before.kinds["bass"].correct - 1
    assert after.kinds["bass"].nats > before.kinds["bass"].nats + 3
    for voice in ("soprano", "alto", "tenor"):
        assert after.kinds[voice] == before.kinds[voice]


def test_without_training_pieces_probabilities_are_uniform():
    for model in fit_ngrams([], SMALL, 3):
        found = model.probabilities(one_note())
        assert np.delete(found, START, axis=1) == pytest.approx(1 / (len(SMALL) - 1))


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(UsageError, match="grams of 0 tokens"):
        fit_ngrams([], SMALL, 0)
    with pytest.raises(EncodingError, match="MIDI pitch 40 is outside"):
        fit_ngrams([one_note(40)], SMALL, 2)
