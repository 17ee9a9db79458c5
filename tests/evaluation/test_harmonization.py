import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.harmonization import MASKS, PUBLISHED, measure

ALTO, TENOR = Voice.ALTO, Voice.TENOR


def piece(frames=8):
    """Half notes: onsets on frames 0 and 8, ties in between."""
    tied = np.arange(frames) % 8 > 0
    pitch = np.tile([72, 67, 64, 48], (frames, 1))
    return Chorale(pitch, np.repeat(tied[:, None], 4, axis=1), np.zeros(frames))


def changed(chorale, *, pitch=(), tied=()):
    """The same with other pitches, (frame, voice, pitch), and ties turned round, (frame, voice)."""
    pitches, ties = chorale.pitch.copy(), chorale.tied.copy()
    for frame, voice, value in pitch:
        pitches[frame, voice] = value
    for frame, voice in tied:
        ties[frame, voice] = ~ties[frame, voice]
    return Chorale(pitches, ties, chorale.fermata)


def rates(found):
    shares = (found.ter, found.fer, found.onset_ter, found.onset_fer, found.equal_pitch)
    return tuple(share.rate for share in shares)


@pytest.mark.slow
@given(st.lists(chorales(min_frames=1, max_frames=12), min_size=1, max_size=3))
def test_bach_himself_makes_no_error(pieces):
    for masked in MASKS.values():
        found = measure(pieces, pieces, masked)
        assert (found.pieces, found.ter.rate, found.fer.rate, found.equal_pitch.rate) == (
            len(pieces), 0, 0, 1,
        )  # fmt: skip
        assert found.onset_ter.rate == 0 or not found.onset_ter.totals.sum()


def test_a_note_struck_again_differs_and_keeps_its_pitch():
    """One tie less in the alto: one cell of eight, one frame of eight, no onset of Bach's."""
    bach = piece()
    again = changed(bach, tied=[(4, ALTO)])
    assert rates(measure([bach], [again], MASKS["A"])) == (1 / 8, 1 / 8, 0, 0, 1)
    assert rates(measure([bach], [again], MASKS["ATB"])) == (1 / 24, 1 / 8, 0, 0, 1)
    assert rates(measure([bach], [again], MASKS["T"])) == (0, 0, 0, 0, 1)


def test_other_notes_are_counted_by_cell_and_by_frame():
    bach = piece(16)
    notes = [(f, ALTO, 65) for f in range(8)] + [(f, TENOR, 60) for f in range(8)]
    ours = changed(bach, pitch=notes)
    # A frame counts once, however many of its voices differ.
    assert rates(measure([bach], [ours], MASKS["AT"])) == (1 / 2, 1 / 2, 1 / 2, 1 / 2, 1 / 2)
    assert rates(measure([bach], [ours], MASKS["ATB"])) == (1 / 3, 1 / 2, 1 / 3, 1 / 2, 2 / 3)


def test_a_tie_moved_to_another_note_is_an_onset_missed():
    """The note of frame 8 is tied over instead, and begins a frame later."""
    bach = piece(16)
    late = changed(bach, tied=[(8, ALTO), (9, ALTO)])
    assert rates(measure([bach], [late], MASKS["A"])) == (2 / 16, 2 / 16, 1 / 2, 1 / 2, 1)


def test_shares_are_pooled_over_pieces_of_unequal_length():
    short, long = piece(8), piece(24)
    wrong = changed(short, pitch=[(f, ALTO, 65) for f in range(8)])
    found = measure([short, long], [wrong, long], MASKS["A"])
    assert found.ter.rate == 8 / 32
    assert (found.ter.interval.low, found.ter.interval.high) == (0, 1)
    assert found.onset_ter.rate == 1 / 4


def test_plain_data():
    plain = json.loads(json.dumps(measure([piece()], [piece()], MASKS["S"]).to_json()))
    assert plain["ter"] == {"count": 0, "total": 8, "rate": 0.0, "interval": [0.0, 0.0]}
    assert json.loads(json.dumps(measure([], [], MASKS["S"]).to_json()))["fer"] == {
        "count": 0, "total": 0, "rate": None, "interval": [None, None],
    }  # fmt: skip


def test_the_original_s_columns():
    assert list(MASKS) == list(PUBLISHED) == ["S", "A", "T", "B", "AT", "ATB"]
    for name, masked in MASKS.items():
        ter, fer = PUBLISHED[name]
        assert name == "".join(v.label[0].upper() for v in masked)
        # With one voice a frame is a token.
        assert (ter == fer) == (len(masked) == 1)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UsageError, match="1 generated pieces cannot be compared with 2 of Bach's"):
        measure([piece(), piece()], [piece()], MASKS["A"])
    with pytest.raises(UsageError, match="8 frames in Bach's version and 7"):
        measure([piece(8)], [piece(7)], MASKS["A"])
    with pytest.raises(UsageError, match="no voice is masked"):
        measure([piece()], [piece()], ())
