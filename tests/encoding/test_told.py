import dataclasses

import numpy as np
import pytest
from hypothesis import given as for_all
from strategies import VOCABULARY, chorales

from bachbot.chorale import Chorale, Given, Key, Meter, Voice
from bachbot.encoding import REST_TOKEN, FillRequest, Vocabulary, encode_conditioning
from bachbot.encoding.conditioning import BARS, MODES, POSITIONS, UNKNOWN
from bachbot.errors import EncodingError

NONE = len(VOCABULARY)


def two_pieces():
    """A pickup of a quarter and a bar of 3/4 in minor, and two frames in C major."""
    meter = Meter(3, 4, 4)
    first = Chorale(
        np.full((8, 4), 69), np.zeros((8, 4)), np.arange(8) >= 6,
        meter=meter, key=Key("A", "minor"),
    )  # fmt: skip
    second = Chorale([[60, 55, -1, 48], [60, 55, 52, 48]], [[0] * 4, [1, 1, 0, 1]], [1, 0])
    cells = np.array([[True, False, True, False], [True, True, False, False]])
    return [
        FillRequest(first, Given.voices(8, [Voice.BASS], fermatas=np.arange(8) != 7)),
        FillRequest(second, Given(cells, fermatas=[False, True])),
    ]


def test_known_answers():
    told = encode_conditioning(two_pieces(), VOCABULARY)
    onset = 5 + 2 * (69 - 31)
    assert told.shown[0].tolist() == [[NONE, NONE, NONE, onset]] * 8
    c, g = 5 + 2 * (60 - 31), 5 + 2 * (55 - 31)
    assert told.shown[1, :2].tolist() == [[c, NONE, REST_TOKEN, NONE], [c + 1, g + 1, NONE, NONE]]
    assert told.pause[0].tolist() == [0, 0, 0, 0, 0, 0, 1, UNKNOWN]
    assert told.pause[1, :2].tolist() == [UNKNOWN, 0]
    # Places count from 1: the pickup is the last quarter of a bar of twelve sixteenths.
    assert told.position[0].tolist() == [9, 10, 11, 12, 1, 2, 3, 4]
    assert told.position[1, :2].tolist() == [1, 2]
    assert told.bar[0].tolist() == [12] * 8
    assert told.bar[1, :2].tolist() == [16, 16]
    assert told.mode.tolist() == [2, 1]
    assert told.length.tolist() == [8, 2]


def test_after_its_end_nothing_is_told_of_a_piece():
    told = encode_conditioning(two_pieces(), VOCABULARY)
    assert (told.shown[1, 2:] == NONE).all()
    for numbers in (told.pause, told.position, told.bar):
        assert not numbers[1, 2:].any()


def test_turned_round_within_its_own_length():
    told = encode_conditioning(two_pieces(), VOCABULARY)
    assert told.turned[0].tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert told.turned[1].tolist() == [1, 0, 2, 3, 4, 5, 6, 7]
    again = np.take_along_axis(told.turned, told.turned, 1)
    assert (again == np.arange(8)).all()


def test_without_hearing_notes_alone_are_told():
    told, heard = (
        encode_conditioning(two_pieces(), VOCABULARY, heard=False),
        encode_conditioning(two_pieces(), VOCABULARY),
    )
    assert np.array_equal(told.shown, heard.shown)
    assert np.array_equal(told.length, heard.length)
    for numbers in (told.pause, told.bar, told.mode):
        assert not numbers.any()
    assert told.position.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]] * 2  # a clock, whatever the meter


def test_torch_hears_the_same_without_hearing():
    import torch

    from bachbot.models.lookahead import Batch, unconditional

    told = encode_conditioning(two_pieces(), VOCABULARY, heard=False)
    ones = torch.ones(told.pause.shape, dtype=torch.int64)
    works = Batch(
        torch.tensor(told.shown), torch.tensor(told.shown < NONE), ones, ones > 2,
        3 * ones, 4 * ones, ones[:, 0], torch.tensor(told.length),
    )  # fmt: skip
    found = unconditional(works)
    pause = found.fermata.masked_fill(~found.fermata_given, UNKNOWN)
    for ours, theirs in [
        (told.pause, pause), (told.position, found.position), (told.bar, found.bar),
        (told.mode, found.mode), (told.shown, found.tokens),
    ]:  # fmt: skip
        assert np.array_equal(ours, theirs.numpy())


@for_all(chorales(min_frames=1))
def test_everything_given_is_the_piece_itself(piece):
    told = encode_conditioning(
        [FillRequest(piece, Given(np.ones((piece.frames, 4), bool)))], VOCABULARY
    )
    assert np.array_equal(told.shown[0], VOCABULARY.ids_of(piece.pitch, piece.tied))
    assert np.array_equal(told.pause[0], piece.fermata)
    assert np.array_equal(told.position[0], piece.position + 1)
    assert (told.bar == piece.meter.bar_frames).all()


def test_the_longest_bars_share_a_number():
    long = Chorale(
        np.full((3, 4), 60), np.zeros((3, 4)), np.zeros(3),
        meter=Meter(16, 4), position=np.array([47, 48, 63]),
    )  # fmt: skip
    told = encode_conditioning([FillRequest(long, Given.voices(3, []))], VOCABULARY)
    assert told.position[0].tolist() == [48, 49, 49]
    assert told.position.max() == POSITIONS - 1
    assert told.bar[0].tolist() == [BARS - 1] * 3
    assert told.mode.max() < MODES


def test_a_pitch_outside_the_vocabulary():
    piece = Chorale([[72, 60, 60, 60]], np.zeros((1, 4)), [0])
    narrow = Vocabulary(60, 61)
    with pytest.raises(EncodingError, match="MIDI pitch 72 is outside the vocabulary's 60 to 61"):
        encode_conditioning([FillRequest(piece, Given.voices(1, [Voice.SOPRANO]))], narrow)
    # Where nothing is given, what stands there is of no account.
    assert encode_conditioning([FillRequest(piece, Given.voices(1, [Voice.BASS]))], narrow).shown[
        0, 0, 0
    ] == len(narrow)


def test_cells_and_frames_must_agree():
    [work, other] = two_pieces()
    wrong = dataclasses.replace(work, given=other.given)
    with pytest.raises(EncodingError, match="a piece of 8 frames came with given cells for 2"):
        encode_conditioning([wrong], VOCABULARY)
