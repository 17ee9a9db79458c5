"""What a piece is charged is what a search charges that can only find it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from strategies import chorales
from test_learned_penalty import weights_of
from test_penalties import WIDE, search_through, tasks

from bachbot.chorale import Chorale, Given, Key, Meter, Voice
from bachbot.decoding import Penalties
from bachbot.decoding.charges import charges_of
from bachbot.decoding.penalties import DEFAULT_PENALTIES, LearnedPenalty
from bachbot.features import count_features
from bachbot.features.templates import TEMPLATES, parts_of
from bachbot.features.wording import describe_in_words


def charged(piece, given, penalties):
    return sum(charge.nats for charge in charges_of(piece, given, penalties, WIDE))


@pytest.mark.slow
@settings(max_examples=60)
@for_all(tasks())
def test_charges_add_up_to_what_a_search_charges(task):
    piece, given = task
    search = search_through([piece], [given], DEFAULT_PENALTIES)
    search.finish()
    [found] = search.best(1)
    assert charged(piece, given, DEFAULT_PENALTIES) == pytest.approx(found.penalty, abs=1e-6)


@pytest.mark.slow
@settings(max_examples=20)
@for_all(chorales(min_frames=1, max_frames=20), st.sampled_from([(0,), (3,), (0, 3)]))
def test_charges_of_features_are_their_weights(piece, voices):
    piece = replace(
        piece, key=Key.parse("C"), transposed_by=0, fermata=np.zeros(piece.frames, bool)
    )
    free = [v for v in Voice if v not in voices]
    keys, counts = count_features([piece], free)
    features = weights_of(keys)
    penalties = Penalties((LearnedPenalty(0.5, features),))
    given = Given.voices(piece.frames, [Voice(v) for v in voices])
    found = charges_of(piece, given, penalties, WIDE)
    times = dict.fromkeys(keys.tolist(), 0)
    for charge in found:
        times[charge.feature] += 1
        assert charge.name == "learned features"
    assert times == dict(zip(keys.tolist(), counts.tolist(), strict=True))
    total = float((features.score(keys[:, np.newaxis]) * counts).sum())
    assert sum(c.nats for c in found) == pytest.approx(-0.5 * total, rel=1e-5, abs=1e-4)
    for key in keys.tolist():
        template, _ = parts_of(key)
        assert describe_in_words(key, Key.parse("A")).startswith(f"{template}: ")
        assert template in TEMPLATES


def test_features_are_described_in_words_in_the_written_key():
    """A bass in G major, read in C major: up a step and down again; a dominant that resolves."""
    pitch = np.repeat([[72, 67, 64, 48], [74, 67, 65, 50], [72, 67, 64, 48]], 4, axis=0)
    tied = np.zeros(pitch.shape, dtype=bool)
    tied[[1, 2, 3, 5, 6, 7, 9, 10, 11]] = True
    piece = Chorale(pitch, tied, np.zeros(12, bool), Meter(), Key.parse("C"))
    keys, _ = count_features([piece], [Voice.BASS])
    said = {describe_in_words(key, Key.parse("G")) for key in keys.tolist()}
    assert "interval: bass +2 on the beat" in said
    assert "two intervals: bass +2, -2 on the beat" in said
    assert "two pitch classes: bass G, A" in said
    assert "outer motion: soprano and bass: up and up" in said
    assert "chord: G-B-D over G" in said
