import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import VOCABULARY, chorales

from bachbot.chorale import Chorale
from bachbot.encoding import END, FERMATA, FRAME_END, REST_TOKEN, START, Vocabulary, decode, encode
from bachbot.errors import EncodingError, UsageError


@pytest.mark.slow
@given(chorales())
def test_decoding_inverts_encoding(piece):
    stream = encode(piece, VOCABULARY)
    assert decode(stream.ids, VOCABULARY).same_music(piece)
    assert len(stream) == 2 + 5 * piece.frames + piece.fermata.sum()


@pytest.mark.slow
@given(chorales(min_frames=1))
def test_each_token_knows_its_frame_and_voice(piece):
    stream = encode(piece, VOCABULARY)
    voices = stream.voice < 4
    assert voices.sum() == 4 * piece.frames
    pitch = VOCABULARY.pitch_of[stream.ids[voices]]
    assert (pitch == piece.pitch[stream.frame[voices], stream.voice[voices]]).all()


def test_two_chords_as_the_article_writes_them():
    # Two chords an eighth long, the second under a fermata (Liang and others, 2017, figure 4).
    pitch = np.repeat([[59, 56, 52, 47], [57, 52, 48, 45]], 2, axis=0)
    tied = np.array([[False] * 4, [True] * 4] * 2)
    piece = Chorale(pitch, tied, np.array([False, False, True, True]))
    symbols = [VOCABULARY.symbols[i] for i in encode(piece, VOCABULARY).ids]
    assert symbols == [
        "START",
        *("(59, False)", "(56, False)", "(52, False)", "(47, False)", "|||"),
        *("(59, True)", "(56, True)", "(52, True)", "(47, True)", "|||"),
        *("FERMATA", "(57, False)", "(52, False)", "(48, False)", "(45, False)", "|||"),
        *("FERMATA", "(57, True)", "(52, True)", "(48, True)", "(45, True)", "|||"),
        "END",
    ]


def test_every_chorale_of_the_corpus_comes_back(corpus):
    assert len(corpus.pieces) > 400
    for piece in corpus.pieces:
        stream = encode(piece.chorale, VOCABULARY)
        assert decode(stream.ids, VOCABULARY).same_music(piece.chorale), piece.chorale.name


def ids(*tokens):
    return np.array(tokens)


note = VOCABULARY.ids_of(np.array(60), np.array(False)).item()
tie = note + 1


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (ids(), "begins with START"),
        (ids(START), "begins with START"),
        (ids(note, END), "begins with START"),
        (ids(START, note, note, note, note, END), "has no end"),
        (ids(START, note, note, note, FRAME_END, END), "has 3 voice tokens"),
        (ids(START, *[note] * 5, FRAME_END, END), "has 5 voice tokens"),
        (ids(START, note, note, FERMATA, note, FRAME_END, END), "special token"),
        (ids(START, START, note, note, note, note, FRAME_END, END), "has 5 voice tokens"),
        (ids(START, note, note, note, tie, FRAME_END, END), "tied to a pitch"),
        (ids(START, len(VOCABULARY), END), "outside 0 to"),
        (ids(START, -3, END), "outside 0 to"),
    ],
)
def test_token_streams_outside_the_grammar(stream, message):
    with pytest.raises(EncodingError, match=message):
        decode(stream, VOCABULARY)


@given(st.lists(st.integers(0, 8), max_size=14))
def test_any_stream_decodes_to_what_encodes_to_it_or_is_refused(tokens):
    vocabulary = Vocabulary(60, 61)
    stream = np.array([START, *tokens, END])
    try:
        piece = decode(stream, vocabulary)
    except EncodingError:
        return
    assert encode(piece, vocabulary).ids.tolist() == stream.tolist()


def test_a_pitch_out_of_the_vocabulary_is_refused():
    piece = Chorale(np.full((1, 4), 100), np.zeros((1, 4)), np.zeros(1))
    with pytest.raises(EncodingError, match="MIDI pitch 100 is outside"):
        encode(piece, VOCABULARY)


def test_the_vocabulary_holds_every_voice_under_every_shift():
    assert len(VOCABULARY) == 119
    assert (VOCABULARY.low, VOCABULARY.high) == (36 - 5, 81 + 6)
    assert VOCABULARY.symbols[REST_TOKEN] == "REST"
    assert len(set(VOCABULARY.symbols)) == len(VOCABULARY)


def test_a_vocabulary_reads_what_it_writes():
    assert Vocabulary.from_json(VOCABULARY.to_json()) == VOCABULARY


@pytest.mark.parametrize(
    "change",
    [{"symbols": ["START"]}, {"low": "31"}, {"low": 99, "high": 3}, {"symbols": 7}],
)
def test_what_is_no_vocabulary_is_refused(change):
    with pytest.raises(EncodingError, match="vocabulary"):
        Vocabulary.from_json({**VOCABULARY.to_json(), **change})
    with pytest.raises(EncodingError, match="vocabulary"):
        Vocabulary.from_json([])


def test_vocabularies_have_their_own_fingerprints():
    assert Vocabulary(31, 87).fingerprint == VOCABULARY.fingerprint
    assert Vocabulary(31, 88).fingerprint != VOCABULARY.fingerprint


@pytest.mark.parametrize(("low", "high"), [(60, 59), (-1, 60), (60, 128)])
def test_a_range_out_of_bounds(low, high):
    with pytest.raises(UsageError, match="the vocabulary has pitches from"):
        Vocabulary(low, high)
