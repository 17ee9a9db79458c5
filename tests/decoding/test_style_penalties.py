"""Penalties and bonuses for rhythm, motion and chords."""

import dataclasses

import numpy as np
import pytest
from test_penalties import SOPRANO, fermatas_on, penalties_of

from bachbot.chorale import Chorale, Given, Key, Voice
from bachbot.decoding import Penalties
from bachbot.evaluation.music.endings import unchanged_at_fermatas
from bachbot.evaluation.music.harmony import sevenths_astray
from bachbot.evaluation.music.lines import swings
from bachbot.evaluation.music.view import MusicView


def test_silence_is_no_new_chord():
    piece = Chorale([[-1] * 4], np.zeros((1, 4)), [0])
    assert penalties_of([piece], [SOPRANO], Penalties.of({"new-chord bonus": 1.0})) == [0]


def test_new_chords_on_beats_have_a_bonus_once():
    chords = [(72, 67, 64, 48), (74, 67, 62, 55), (79, 72, 60, 52), (74, 67, 62, 55)]
    piece = dataclasses.replace(fermatas_on(*chords), fermata=np.zeros(16))
    assert penalties_of(
        [piece], [Given.voices(16, [0])], Penalties.of({"new-chord bonus": 0.5})
    ) == [-1.0]
    # A given bar counts as seen, but has no bonus.
    assert penalties_of(
        [piece], [Given.opening(16, 4)], Penalties.of({"new-chord bonus": 0.5})
    ) == [-0.5]
    # Half a beat later nothing is on a beat.
    late = dataclasses.replace(piece, position=np.arange(2, 18))
    changed = dataclasses.replace(late, tied=np.zeros((16, 4)))
    assert penalties_of(
        [changed], [Given.voices(16, [0])], Penalties.of({"new-chord bonus": 0.5})
    ) == [-1.0]


def test_onsets_have_a_bonus_by_position():
    pitch = np.tile([72, 64, 60, 48], (4, 1))
    piece = Chorale(pitch, [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1]], np.zeros(4))
    given = Given.voices(4, [Voice.SOPRANO])
    [cost] = penalties_of(
        [piece],
        [given],
        Penalties.of({"onset bonus 1": 1.0, "onset bonus 2": 10.0, "onset bonus 3": 100.0}),
    )
    assert cost == -(1 + 10)


def test_repeated_notes_have_a_penalty():
    pitch = np.array([[72, 64, 60, 48], [72, 64, 60, 48], [72, 64, -1, 43], [72, 64, 60, 43]])
    tied = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1]], dtype=bool)
    piece = Chorale(pitch, tied, np.zeros(4))
    given = Given.voices(4, [Voice.SOPRANO])
    # Tenor and bass in the second frame, the alto in the third; the tenor after its rest begins.
    assert penalties_of([piece], [given], Penalties.of({"repeated note": 1.0})) == [3.0]
    # The given soprano may repeat its note four times.
    assert penalties_of(
        [piece], [Given.voices(4, [1, 2, 3])], Penalties.of({"repeated note": 1.0})
    ) == [3.0]


def test_leaps_have_a_bonus():
    pitch = np.array([[72, 64, 60, 48], [65, 65, 57, 48], [67, 67, -1, 55], [67, 60, 60, 50]])
    piece = Chorale(pitch, np.zeros((4, 4)), np.zeros(4))
    # Alto 67-60; tenor 60-57, and none out of its rest; bass 48-55 and 55-50.
    assert penalties_of([piece], [Given.voices(4, [0])], Penalties.of({"leap bonus": 1.0})) == [
        -4.0
    ]
    assert penalties_of(
        [piece], [Given.voices(4, [0, 1, 3])], Penalties.of({"leap bonus": 1.0})
    ) == [-1.0]


@pytest.mark.parametrize(
    ("bass", "cost"),
    [
        ([48, 50, 48, 50, 52, 50], 1.0),
        ([48, 50, 48, 50, 48, 50], 3.0),  # each further note
        ([48, 36, 48, 36, 48, 60], 2.0),  # octaves
        ([48, 50, 48, 52, 48, 50], 0),
        ([48, 48, 48, 48, 48, 48], 0),
        ([48, 50, -1, 48, 50, 48], 0),
        ([48, 63, 48, 63, 48, 63], 0),  # more than an octave: no swing, but a fault of its own
    ],
)
def test_a_lower_voice_that_goes_to_and_fro(bass, cost):
    pitch = np.array([[72, 67, 64, note] for note in bass])
    piece = Chorale(pitch, np.zeros(pitch.shape), np.zeros(6))
    givens = [Given.voices(6, voices) for voices in ([0], [], [0, 3])]
    wanted = [cost, cost, 0]
    assert penalties_of([piece] * 3, givens, Penalties.of({"to and fro": 1.0})) == wanted
    # The soprano may: it is the tune.
    turned = Chorale(pitch[:, ::-1], np.zeros(pitch.shape), np.zeros(6))
    assert penalties_of([turned], [Given.voices(6, [])], Penalties.of({"to and fro": 1.0})) == [0]


@pytest.mark.parametrize(
    ("chord", "key", "cost"),
    [
        ([76, 67, 60, 48], Key(), 0),
        ([76, 70, 60, 48], Key(), 0),  # a dominant seventh on the tonic
        ([77, 69, 60, 53], Key(), 1.0),
        ([76, 60, 57, 45], Key("A", "minor"), 0),
        ([76, 61, 57, 45], Key("A", "minor"), 1.0),  # a Picardy third closes, and does not open
        ([76, 67, 61, 45], Key("A", "minor"), 1.0),
        ([76, 68, 59, 52], Key("A", "minor"), 0),
    ],
)
def test_the_first_chord(chord, key, cost):
    piece = Chorale(np.tile(chord, (8, 1)), np.zeros((8, 4)), np.zeros(8), key=key)
    givens = [Given.voices(8, voices) for voices in ([0], [], [0, 1, 2, 3])]
    wanted = [cost, cost, 0]
    assert penalties_of([piece] * 3, givens, Penalties.of({"opening chord": 1.0})) == wanted


def test_two_forms_of_one_note_that_begin_together():
    pitch = np.array(
        [
            [72, 67, 64, 48],
            [73, 67, 64, 48],  # C sharp over C
            [73, 67, 64, 48],  # both go on
            [73, 67, 66, 48],  # F sharp without F; the C begins again
            [72, 66, 65, 54],  # F sharp twice, against F
            [71, 65, 64, 52],  # B and E, F and E: no two forms
        ]
    )
    tied = np.zeros(pitch.shape, dtype=bool)
    tied[2] = True
    tied[3, [0, 1]] = True
    piece = Chorale(pitch, tied, np.zeros(6))
    givens = [Given.voices(6, voices) for voices in ([0], [], [0, 1, 2], [0, 1, 2, 3])]
    # The bass alone: with the soprano twice, with the tenor once.
    wanted = [1 + 1 + 2, 1 + 1 + 2, 1 + 1 + 1, 0]
    assert penalties_of([piece] * 4, givens, Penalties.of({"clash": 1.0})) == wanted


def test_low_bass_notes_cost_by_the_key_in_which_they_are_sung():
    pitch = np.array([[72, 67, 64, note] for note in (40, 39, 38, 37, 36, 36, 41, 39)])
    tied = np.zeros(pitch.shape, dtype=bool)
    tied[5, Voice.BASS] = True
    piece = Chorale(pitch, tied, np.zeros(8))
    moved = dataclasses.replace(piece, transposed_by=2)  # sung a whole tone lower
    givens = [Given.voices(8, voices) for voices in ([0], [0], [0, 3])]
    wanted = [2, 5, 0]
    assert penalties_of([piece, moved, piece], givens, Penalties.of({"low bass": 1.0})) == wanted


G7 = [65, 62, 59, 43]


@pytest.mark.parametrize(
    ("goes", "cost"),
    [
        ([64, 60, 60, 48], 0),  # down a fifth
        ([63, 60, 60, 48], 0),
        ([67, 62, 59, 47], 0),  # it stays
        ([64, 60, 57, 45], 0),  # up a second
        ([65, 60, 57, 41], 1.0),  # IV
        ([65, 62, 57, 50], 1.0),  # ii
        ([64, 59, 55, 52], 0),  # a third down
        ([65, 60, -1, 41], 0),  # not known
    ],
)
def test_a_dominant_seventh_that_leads_nowhere(goes, cost):
    pitch = np.repeat([G7, goes], 4, axis=0)
    pitch[1:4] = pitch[6]  # what sounds between the beats does not matter
    piece = Chorale(pitch, np.zeros(pitch.shape), np.zeros(8))
    givens = [Given.voices(8, voices) for voices in ([0], [], [0, 1, 2, 3])]
    wanted = [cost, cost, 0]
    assert penalties_of([piece] * 3, givens, Penalties.of({"seventh astray": 1.0})) == wanted


@pytest.mark.slow
def test_new_penalties_are_what_the_measures_count_in_bachs_pieces(corpus):
    """Those of swings, sevenths and fermatas, where the soprano is given."""
    pieces = [piece.sliced(0, 128) for piece in corpus.part("validation")[:24]]
    givens = [Given.voices(piece.frames, [Voice.SOPRANO]) for piece in pieces]
    counts = {
        "to and fro": lambda view: swings(view, notes=4)[0],
        "seventh astray": lambda view: sevenths_astray(view)[0],
        "held into a fermata": lambda view: unchanged_at_fermatas(view)[0],
    }
    for name, count in counts.items():
        wanted = [count(MusicView(piece)) for piece in pieces]
        assert sum(wanted) > 0
        assert penalties_of(pieces, givens, Penalties.of({name: 1.0})) == wanted


@pytest.mark.parametrize(
    ("chord", "cost"),
    [
        ([72, 67, 64, 48], 0),
        ([72, 74, 64, 48], 4.0),  # four sixteenths
        ([72, 74, 76, 48], 8.0),
        ([72, 64, 67, 48], 0),  # alto and tenor may cross
        ([-1, 74, 64, 48], 0),
    ],
)
def test_voices_above_the_soprano(chord, cost):
    piece = Chorale(np.tile(chord, (4, 1)), np.zeros((4, 4)), np.zeros(4))
    penalties = Penalties.of({"above the soprano": 1.0})
    givens = [Given.voices(4, voices) for voices in ([0], [1, 2, 3])]
    assert penalties_of([piece, piece], givens, penalties) == [cost, cost]
