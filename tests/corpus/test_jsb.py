import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from strategies import chorales

from bachbot.chorale import Key, Meter
from bachbot.corpus.jsb import convert, from_jsb, read_as_they_are
from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary, encode
from bachbot.errors import CorpusError

# Benchmark data that lies beside the repository where there is any; never part of it.
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

# I - IV - V - I in G major, the last chord held over two frames.
CADENCE = np.array(
    [[71, 67, 62, 55], [72, 67, 64, 48], [69, 66, 62, 50], [71, 67, 62, 43], [71, 67, 62, 43]]
)


def parts(**changes):
    """A made-up file: the cadence at three pitches in train, twice in valid, once in test."""
    arrays = {}
    for name, moves in {"train": (0, 2, -5), "valid": (1, 6), "test": (0,)}.items():
        arrays[f"{name}_pitch"] = np.concatenate([CADENCE + m for m in moves]).astype(np.int8)
        arrays[f"{name}_length"] = np.full(len(moves), len(CADENCE), dtype=np.int32)
    return arrays | changes


def written(path, arrays):
    np.savez_compressed(path, **arrays)
    return path


def test_a_file_made_by_hand(tmp_path):
    corpus = convert(written(tmp_path / "jsb.npz", parts()))
    assert [len(corpus.part(p)) for p in ("train", "validation", "test")] == [3, 2, 1]
    assert corpus.part("train", "file") == corpus.part("train", "tune")
    keys = [str(p.source_key) for p in corpus.pieces]
    assert keys == ["G major", "A major", "D major", "Ab major", "Db major", "G major"]
    assert [p.chorale.transposed_by for p in corpus.pieces] == [5, 3, -2, 4, -1, 5]
    for piece in corpus.pieces:
        chorale = piece.chorale
        # G major is C major a fourth higher; from A, D and the rest it may be an octave off.
        assert (chorale.pitch % 12 == (CADENCE + 5) % 12).all()
        assert chorale.key == Key("C", "major")
        assert chorale.meter == Meter()
        assert not chorale.fermata.any()
        assert from_jsb(chorale)
    assert (corpus.part("test")[0].pitch == CADENCE + 5).all()
    assert len({p.chorale.name for p in corpus.pieces}) == 6


def test_a_note_is_held_for_as_long_as_its_pitch_goes_on(tmp_path):
    [chorale] = convert(written(tmp_path / "jsb.npz", parts())).part("test")
    assert chorale.tied.tolist() == [
        [False, False, False, False],
        [False, True, False, False],
        [False, False, False, False],
        [False, False, True, False],
        [True, True, True, True],
    ]


def test_a_rest_is_no_note_and_is_never_tied(tmp_path):
    pitch = CADENCE.astype(np.int8).copy()
    pitch[1:4, 1] = -1
    [chorale] = convert(written(tmp_path / "jsb.npz", parts(test_pitch=pitch))).part("test")
    assert (chorale.pitch[1:4, 1] == -1).all()
    assert not chorale.tied[1:4, 1].any()


def test_it_is_a_prepared_corpus_like_any_other(tmp_path):
    made = convert(written(tmp_path / "jsb.npz", parts()))
    made.save(tmp_path / "prepared.npz")
    loaded = PreparedCorpus.load(tmp_path / "prepared.npz")
    assert loaded.fingerprint == made.fingerprint
    assert all(from_jsb(c) for c in loaded.part("validation"))


def test_bach_s_own_corpus_is_another(corpus):
    assert not any(from_jsb(p.chorale) for p in corpus.pieces)


def test_pieces_as_they_are(tmp_path):
    [test_piece] = read_as_they_are(written(tmp_path / "jsb.npz", parts()))
    assert (test_piece.pitch == CADENCE).all()
    assert test_piece.transposed_by == 0
    two = {"pitch": np.concatenate([CADENCE, CADENCE + 1]), "length": np.array([4, 6])}
    found = read_as_they_are(written(tmp_path / "fakes.npz", two))
    assert [c.frames for c in found] == [4, 6]
    assert (np.concatenate([c.pitch for c in found]) == two["pitch"]).all()
    # A piece begins with every note struck.
    assert not found[1].tied[0].any()


@pytest.mark.slow
@given(chorales(min_frames=1, low=36, high=81))
def test_any_piece_comes_back_from_its_shift(tmp_path_factory, chorale):
    """The shift and the standardized piece make the piece again: what ln 12 nats pay for."""
    path = tmp_path_factory.mktemp("jsb") / "jsb.npz"
    arrays = parts(test_pitch=chorale.pitch.astype(np.int8), test_length=np.array([chorale.frames]))
    [piece] = [p for p in convert(written(path, arrays)).pieces if p.parts["tune"] == "test"]
    back = piece.chorale.transposed(-piece.chorale.transposed_by, piece.source_key)
    assert (back.pitch == chorale.pitch).all()
    assert -5 <= piece.chorale.transposed_by <= 6
    assert len(encode(piece.chorale, Vocabulary())) == 2 + 5 * chorale.frames


def faulty(**arrays):
    return lambda: parts(**arrays)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (faulty(test_pitch=np.zeros((5, 3), np.int8)), r"pitches are int8 \[5, 3\]"),
        (faulty(test_pitch=np.zeros((5, 4))), r"pitches are float64 \[5, 4\]"),
        (faulty(test_pitch=np.zeros((4, 4), np.int8)), "5 frames in all, its pitches 4"),
        (faulty(test_pitch=np.full((5, 4), -2)), "a pitch is outside -1"),
        (faulty(test_pitch=np.full((5, 4), 128)), "a pitch is outside -1"),
        (faulty(test_length=np.array([5.0])), r"lengths are float64 \[1\]"),
        (faulty(test_length=np.array([[5]])), r"lengths are int64 \[1, 1\]"),
        (faulty(test_length=np.array([], np.int32)), r"lengths are int32 \[0\]"),
        (faulty(test_length=np.array([5, 0])), "a piece has less than one frame"),
        (faulty(test_length=np.array([6, -1])), "a piece has less than one frame"),
        (faulty(test_length=np.array([2**63 - 1, 2**63 - 1, 7], np.uint64)), "frames in all"),
        (lambda: {"pitch": CADENCE, "length": np.array([5])}, "lacks test_length, test_pitch"),
    ],
)
def test_what_is_no_jsb_is_refused_in_one_line(tmp_path, arrays, said):
    path = written(tmp_path / "jsb.npz", arrays())
    with pytest.raises(CorpusError, match=said) as raised:
        convert(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("it was unpickled",)


def test_a_pickle_is_never_loaded(tmp_path):
    bomb = np.array([Bomb()], dtype=object)
    with pytest.raises(CorpusError, match="is damaged"):
        convert(written(tmp_path / "jsb.npz", parts(test_pitch=bomb)))
    (tmp_path / "bare.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CorpusError, match="is damaged"):
        read_as_they_are(tmp_path / "bare.npz")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_cut_file(tmp_path, share):
    whole = written(tmp_path / "whole.npz", parts()).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CorpusError, match="is damaged"):
        convert(tmp_path / "cut.npz")


def archive(path, content):
    """A file that holds the same bytes for every array."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name in parts():
            file.writestr(f"{name}.npy", content)
    return path


@pytest.mark.slow
def test_a_file_that_unfolds_without_end(tmp_path):
    path = archive(tmp_path / "jsb.npz", bytes(1 << 24))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(CorpusError, match="has more than 64 MiB"):
        convert(path)


def test_a_header_that_promises_too_much(tmp_path):
    header = io.BytesIO()
    shape = {"descr": "|i1", "fortran_order": False, "shape": (1 << 50, 4)}
    np.lib.format.write_array_header_1_0(header, shape)
    with pytest.raises(CorpusError, match="is damaged"):
        convert(archive(tmp_path / "jsb.npz", header.getvalue()))
    with pytest.raises(CorpusError, match="has no chorales"):
        convert(archive(tmp_path / "jsb.npz", b"no array at all"))


def test_a_missing_file(tmp_path):
    with pytest.raises(CorpusError, match="there is no file"):
        convert(tmp_path / "jsb.npz")
    with pytest.raises(CorpusError, match="there is no file"):
        read_as_they_are(tmp_path)


@pytest.fixture(scope="module")
def canonical():
    path = DATA / "jsb-chorales-16th.npz"
    if not path.is_file():
        pytest.skip("jsb-chorales-16th.npz is not here")
    return path


@pytest.mark.slow
def test_the_canonical_parts(canonical):
    corpus = convert(canonical)
    counts = {p: corpus.part(p) for p in ("train", "validation", "test")}
    assert {p: len(c) for p, c in counts.items()} == {"train": 229, "validation": 76, "test": 77}
    assert sum(c.frames for c in counts["test"]) == 18900
    vocabulary = Vocabulary()
    for piece in corpus.pieces:
        vocabulary.ids_of(piece.chorale.pitch, piece.chorale.tied)
    assert sum(c.frames for c in read_as_they_are(canonical)) == 18900
