import itertools

import numpy as np
import pytest
from toys import random_model

from bachbot.chorale import REST, Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, fill
from bachbot.decoding.leading import forbid_parallels
from bachbot.encoding import Vocabulary

WIDE = Vocabulary()


def allowed(before, now, voice):
    """Pitches that a voice may go to."""
    legal = np.ones((1, len(WIDE)), dtype=bool)
    left = forbid_parallels(
        legal, np.array([before], np.int16), np.array([now], np.int16), voice, WIDE.pitch_of
    )
    return set(WIDE.pitch_of[left[0]].tolist())


@pytest.mark.parametrize(
    ("before", "now", "voice", "forbidden"),
    [
        # Soprano from C to D: the alto a fifth below may not follow, nor by the octave.
        ((72, 65, -1, -1), (74, -1, -1, -1), 1, {67, 79}),
        # An octave below, and a unison.
        ((72, 60, -1, -1), (74, -1, -1, -1), 1, {62, 74, 86}),
        ((67, 67, -1, -1), (65, -1, -1, -1), 1, {65, 53, 41}),
        # A twelfth between soprano and bass, falling.
        ((74, -1, -1, 55), (72, -1, -1, -1), 3, {53, 41}),
        # A third may go where it likes; so may a fourth, which is no fifth.
        ((72, 69, -1, -1), (74, -1, -1, -1), 1, set()),
        ((72, 67, -1, -1), (74, -1, -1, -1), 1, set()),
        # Nothing moves, or comes out of a rest, or goes into one.
        ((72, 65, -1, -1), (72, -1, -1, -1), 1, set()),
        ((-1, 65, -1, -1), (74, -1, -1, -1), 1, set()),
        ((72, -1, -1, -1), (74, -1, -1, -1), 1, set()),
        # A given bass is known before the tenor above it is chosen.
        ((-1, -1, 55, 48), (-1, -1, -1, 50), 2, {57, 69, 81}),
        # Crossed voices: the upper part a fourth below the lower is no fifth, a fifth is.
        ((60, 65, -1, -1), (62, -1, -1, -1), 1, set()),
        ((60, 67, -1, -1), (62, -1, -1, -1), 1, {69, 81}),
    ],
)
def test_forbidden(before, now, voice, forbidden):
    everything = set(WIDE.pitch_of.tolist())
    assert everything - allowed(before, now, voice) == forbidden


def test_what_is_left_with_nothing_is_left_alone():
    legal = np.zeros((1, len(WIDE)), dtype=bool)
    legal[0, WIDE.ids_of(67, False)] = True
    left = forbid_parallels(
        legal,
        np.array([[72, 65, -1, -1]], np.int16),
        np.array([[74, -1, -1, -1]], np.int16),
        1,
        WIDE.pitch_of,
    )
    assert np.array_equal(left, legal)


@pytest.mark.parametrize("method", ["beam", "sample"])
@pytest.mark.parametrize("voices", [[Voice.SOPRANO], [Voice.BASS], [Voice.ALTO, Voice.BASS]])
def test_free_voices_make_none(method, voices):
    rng = np.random.default_rng(0)
    pitch = np.array([70, 63, 58, 50]) + np.cumsum(rng.integers(-2, 3, (24, 4)), axis=0)
    piece = Chorale(pitch, np.zeros((24, 4)), np.zeros(24))
    given = Given.voices(24, voices)
    model = random_model(WIDE, scale=0.3)
    [clean] = fill(model, piece, given, DecodingOptions(method))
    assert count(clean.chorale, voices) == 0
    let_through = fill(model, piece, given, DecodingOptions("sample", number=20, parallels=True))
    assert sum(count(c.chorale, voices) for c in let_through) > 0


def count(music, given):
    """Parallels in which a free voice takes part."""
    total = 0
    for (before, now), (a, b) in itertools.product(
        itertools.pairwise(music.pitch.astype(int)), itertools.combinations(range(4), 2)
    ):
        if (a in given and b in given) or REST in (*before[[a, b]], *now[[a, b]]):
            continue
        same = (before[a] - before[b]) % 12 == (now[a] - now[b]) % 12
        perfect = (now[a] - now[b]) % 12 in (0, 7)
        total += same and perfect and (now[a] - before[a]) * (now[b] - before[b]) > 0
    return total
