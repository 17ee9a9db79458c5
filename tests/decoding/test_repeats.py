"""Repeated phrases of a tune, harmonized alike or otherwise."""

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from strategies import chorales
from test_penalties import search_through
from toy_models import random_lookahead_model

from bachbot.chorale import Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill
from bachbot.decoding.penalties import RepeatPenalty
from bachbot.encoding import Vocabulary
from bachbot.errors import UsageError
from bachbot.theory.melody import repeated_beats

BEATS = np.arange(0, 32, 4)


def twice(tune, first, second):
    """A soprano of 16 frames, twice, above two settings."""
    pitch, tied = np.concatenate([first.pitch, second.pitch]), np.concatenate([first.tied] * 2)
    tied[16:] = second.tied
    for part in (pitch, tied):
        source = tune.pitch if part is pitch else tune.tied
        part[:, Voice.SOPRANO] = np.tile(source[:, Voice.SOPRANO], 2)
    return Chorale(pitch, tied, np.zeros(32, dtype=bool))


pieces = st.builds(twice, *[chorales(min_frames=16, max_frames=16)] * 3)


@pytest.mark.slow
@settings(max_examples=20)
@for_all(pieces, st.booleans())
def test_the_penalty_is_what_is_counted_in_the_finished_piece(piece, vary):
    given = Given.voices(32, [Voice.SOPRANO])
    search = search_through([piece], [given], Penalties((RepeatPenalty(1.5, vary=vary),)))
    search.finish()
    [found] = search.best(1, 0)
    tune = piece.pitch[:, 0].astype(int) * 2 + piece.tied[:, 0]
    expected = 0
    for beat, earlier in enumerate(repeated_beats(tune, BEATS)):
        if earlier >= 0:
            same = piece.pitch[4 * beat, 1:] == piece.pitch[4 * earlier, 1:]
            expected += same.all() if vary else (~same).sum()
    assert found.penalty == pytest.approx(1.5 * expected)


def test_a_phrase_is_harmonized_alike_or_otherwise():
    tune = np.repeat([60, 62, 64, 65] * 2, 4)
    pitch = np.full((32, 4), -1)
    pitch[:, 0] = tune
    tied = np.zeros((32, 4), dtype=bool)
    tied[:, 0] = np.arange(32) % 4 > 0
    vocabulary = Vocabulary(low=48, high=65)
    model = random_lookahead_model(vocabulary, seed=1, scale=0.05)
    shares = {}
    for repeats in ("same", "vary"):
        options = DecodingOptions(beam=4, penalties=Penalties(()), repeats=repeats)
        chorale = Chorale(pitch, tied, np.zeros(32, dtype=bool))
        [found] = fill(model, chorale, Given.voices(32, [Voice.SOPRANO]), options)
        music = found.chorale.pitch[::4, 1:]
        shares[repeats] = (music[4:] == music[:4]).mean()
        assert (found.chorale.pitch[:, 0] == tune).all()
    assert shares["same"] == 1
    assert shares["vary"] < 1


@pytest.mark.slow
@for_all(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 5))
def test_repeated_beats_are_the_longest_and_then_the_latest(tune, shortest):
    tune = np.array(tune)
    found = repeated_beats(tune, np.arange(len(tune)), shortest)

    def run(beat, earlier):
        """Beats around these two that are the same."""
        before = after = 0
        while earlier - before > 0 and tune[beat - before - 1] == tune[earlier - before - 1]:
            before += 1
        while beat + after < len(tune) and tune[beat + after] == tune[earlier + after]:
            after += 1
        return before + after if after else 0

    for beat, earlier in enumerate(found):
        runs = [(run(beat, at), at) for at in range(beat)]
        longest = max([r for r in runs if r[0] >= shortest], default=None)
        assert earlier == (longest[1] if longest else -1)


def test_other_words_are_refused():
    with pytest.raises(UsageError, match="repeats are 'never': give one of same, vary"):
        DecodingOptions(repeats="never")
