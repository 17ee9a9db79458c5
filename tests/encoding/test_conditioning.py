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
    found = encode_conditioning(two_pieces(), VOCABULARY)
    onset = 5 + 2 * (69 - 31)
    assert found.tokens[0].tolist() == [[NONE, NONE, NONE, onset]] * 8
    c, g = 5 + 2 * (60 - 31), 5 + 2 * (55 - 31)
    assert found.tokens[1, :2].tolist() == [[c, NONE, REST_TOKEN, NONE], [c + 1, g + 1, NONE, NONE]]
    assert found.fermata[0].tolist() == [0, 0, 0, 0, 0, 0, 1, UNKNOWN]
    assert found.fermata[1, :2].tolist() == [UNKNOWN, 0]
    # Positions count from 1: the pickup is the last quarter of a bar of twelve sixteenths.
    assert found.position[0].tolist() == [9, 10, 11, 12, 1, 2, 3, 4]
    assert found.position[1, :2].tolist() == [1, 2]
    assert found.bar[0].tolist() == [12] * 8
    assert found.bar[1, :2].tolist() == [16, 16]
    assert found.mode.tolist() == [2, 1]
    assert found.length.tolist() == [8, 2]


def test_nothing_is_read_after_the_end_of_a_piece():
    found = encode_conditioning(two_pieces(), VOCABULARY)
    assert (found.tokens[1, 2:] == NONE).all()
    for numbers in (found.fermata, found.position, found.bar):
        assert not numbers[1, 2:].any()


def test_each_piece_is_reversed_within_its_own_length():
    found = encode_conditioning(two_pieces(), VOCABULARY)
    assert found.reversal[0].tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert found.reversal[1].tolist() == [1, 0, 2, 3, 4, 5, 6, 7]
    again = np.take_along_axis(found.reversal, found.reversal, 1)
    assert (again == np.arange(8)).all()


def test_without_metadata_only_notes_are_read():
    bare, full = (
        encode_conditioning(two_pieces(), VOCABULARY, use_metadata=use) for use in (False, True)
    )
    assert np.array_equal(bare.tokens, full.tokens)
    assert np.array_equal(bare.length, full.length)
    for numbers in (bare.fermata, bare.bar, bare.mode):
        assert not numbers.any()
    assert bare.position.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]] * 2  # a clock, whatever the meter


def test_torch_reads_the_same_without_metadata():
    import torch

    from bachbot.models.lookahead import Batch, without_metadata

    found = encode_conditioning(two_pieces(), VOCABULARY, use_metadata=False)
    ones = torch.ones(found.fermata.shape, dtype=torch.int64)
    works = Batch(
        torch.tensor(found.tokens), torch.tensor(found.tokens < NONE), ones, ones > 2,
        3 * ones, 4 * ones, ones[:, 0], torch.tensor(found.length),
    )  # fmt: skip
    found = without_metadata(works)
    pause = found.fermata.masked_fill(~found.fermata_given, UNKNOWN)
    for ours, theirs in [
        (found.fermata, pause), (found.position, found.position), (found.bar, found.bar),
        (found.mode, found.mode), (found.tokens, found.tokens),
    ]:  # fmt: skip
        assert np.array_equal(ours, theirs.numpy())


@pytest.mark.slow
@for_all(chorales(min_frames=1))
def test_everything_given_is_the_piece_itself(piece):
    found = encode_conditioning(
        [FillRequest(piece, Given(np.ones((piece.frames, 4), bool)))], VOCABULARY
    )
    assert np.array_equal(found.tokens[0], VOCABULARY.ids_of(piece.pitch, piece.tied))
    assert np.array_equal(found.fermata[0], piece.fermata)
    assert np.array_equal(found.position[0], piece.position + 1)
    assert (found.bar == piece.meter.bar_frames).all()


def test_the_longest_bars_share_a_number():
    long = Chorale(
        np.full((3, 4), 60), np.zeros((3, 4)), np.zeros(3),
        meter=Meter(16, 4), position=np.array([47, 48, 63]),
    )  # fmt: skip
    found = encode_conditioning([FillRequest(long, Given.voices(3, []))], VOCABULARY)
    assert found.position[0].tolist() == [48, 49, 49]
    assert found.position.max() == POSITIONS - 1
    assert found.bar[0].tolist() == [BARS - 1] * 3
    assert found.mode.max() < MODES


def test_a_pitch_outside_the_vocabulary():
    piece = Chorale([[72, 60, 60, 60]], np.zeros((1, 4)), [0])
    narrow = Vocabulary(60, 61)
    with pytest.raises(EncodingError, match="MIDI pitch 72 is outside the vocabulary's 60 to 61"):
        encode_conditioning([FillRequest(piece, Given.voices(1, [Voice.SOPRANO]))], narrow)
    # Where nothing is given, what stands there is ignored.
    assert encode_conditioning([FillRequest(piece, Given.voices(1, [Voice.BASS]))], narrow).tokens[
        0, 0, 0
    ] == len(narrow)


def test_cells_and_frames_must_agree():
    [work, other] = two_pieces()
    wrong = dataclasses.replace(work, given=other.given)
    with pytest.raises(EncodingError, match="a piece of 8 frames came with given cells for 2"):
        encode_conditioning([wrong], VOCABULARY)
