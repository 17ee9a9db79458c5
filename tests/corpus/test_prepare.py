import json
from pathlib import Path

import numpy as np
import pytest

from bachbot.chorale import Chorale, Key, Meter, Voice
from bachbot.corpus import prepare as module
from bachbot.corpus.prepare import manifest_path, prepare
from bachbot.corpus.sources import KNOWN_BAD, LeftOut, find_files, read, without_silent_bars
from bachbot.corpus.split import Split, intervals_of, sharing_a_run
from bachbot.errors import BachbotWarning, CorpusError

RECORDED = Path(__file__).parents[2] / "corpus"


def test_every_file_is_used_or_left_out_for_a_reason(prepared):
    files = {p.name for p in find_files()}
    used = {p["file"] for p in prepared.manifest["pieces"]}
    left = {o["file"]: o["reason"] for o in prepared.manifest["left_out"]}
    assert used | set(left) == files
    assert not used & set(left)
    assert all(left.values())
    assert KNOWN_BAD.keys() <= left.keys()
    assert len(used) == 404


def test_the_manifest_is_the_recorded_one(prepared):
    recorded = json.loads((RECORDED / "manifest.json").read_text(encoding="utf-8"))
    assert recorded["pieces"] == prepared.manifest["pieces"]
    assert recorded["left_out"] == prepared.manifest["left_out"]
    assert recorded["fingerprint"] == prepared.manifest["fingerprint"]


def test_a_second_run_finds_it_done(prepared):
    before = prepared.path.stat().st_mtime_ns
    again = prepare(prepared.path)
    assert not again.fresh
    assert again.manifest == prepared.manifest
    assert prepared.path.stat().st_mtime_ns == before


def test_every_piece_is_in_c_major_or_a_minor(corpus):
    for piece in corpus.pieces:
        assert str(piece.chorale.key) in ("C major", "A minor")
        assert piece.chorale.transposed_by == piece.source_key.shift


def test_every_voice_keeps_its_compass(corpus):
    for voice in Voice:
        written = [
            (p.chorale.pitch[:, voice] - p.chorale.transposed_by)[p.chorale.pitch[:, voice] >= 0]
            for p in corpus.pieces
        ]
        lowest, highest = min(w.min() for w in written), max(w.max() for w in written)
        assert (lowest, highest) == voice.range


def test_the_facts_of_the_data(corpus):
    meters = [str(p.chorale.meter) for p in corpus.pieces]
    assert meters.count("4/4") > 350
    assert meters.count("3/4") > 40
    assert sum(p.chorale.meter.pickup > 0 for p in corpus.pieces) > 270
    assert sum(p.chorale.fermata.any() for p in corpus.pieces) >= 398
    tied = np.concatenate([p.chorale.tied for p in corpus.pieces])
    assert 0.71 < tied.mean() < 0.73


def test_bwv66_6_note_for_note(corpus):
    piece = next(p for p in corpus.pieces if p.chorale.name == "bwv66.6.mxl")
    assert piece.source_key == Key("F#", "minor")
    assert piece.chorale.meter == Meter(4, 4, 4)
    soprano = piece.chorale.pitch[:, 0] - piece.chorale.transposed_by
    # Two eighths, then quarters: C#5 B4 | A4 B4 C#5 (a fermata) E5.
    assert soprano[:20].tolist() == [73] * 2 + [71] * 2 + [69] * 4 + [71] * 4 + [73] * 4 + [76] * 4
    assert np.flatnonzero(piece.chorale.fermata)[:4].tolist() == [12, 13, 14, 15]


def test_no_family_is_in_two_parts_of_the_tune_split():
    split = Split.load()
    parts = {}
    for file, family in split.families.items():
        parts.setdefault(family, set()).add(split.parts["tune"][file])
    assert all(len(p) == 1 for p in parts.values())
    for name, wanted in (("tune", [325, 40, 39]), ("file", [324, 40, 40])):
        counts = [
            list(split.parts[name].values()).count(p) for p in ("train", "validation", "test")
        ]
        assert counts == wanted


def test_sections_of_the_german_te_deum_are_one_tune():
    split = Split.load()
    files = ("bwv119.9.mxl", "bwv120.6.mxl", "bwv328.mxl")
    assert len({split.families[file] for file in files}) == 1
    # Networks were trained on the last two before the first was found to belong to them.
    assert {split.parts["tune"][file] for file in files} == {"train"}


def test_no_test_melody_shares_a_run_with_a_training_melody(corpus):
    train, test = ([intervals_of(c) for c in corpus.part(part)] for part in ("train", "test"))
    shared = sharing_a_run(train + test)
    assert not shared[: len(train), len(train) :].any()


def test_no_test_melody_begins_as_a_training_melody_does(corpus):
    """The leak that the split by tune is there to stop: equal first ten intervals."""

    def beginning(chorale):
        onsets = chorale.pitch[chorale.onset[:, 0], 0]
        return tuple(np.diff(onsets)[:10])

    def shared(split):
        known = {beginning(c) for c in corpus.part("train", split)}
        return sum(beginning(c) in known for c in corpus.part("test", split))

    assert shared("tune") == 0
    assert shared("file") > 5


def test_bars_of_silence_are_left_out():
    pitch = np.full((48, 4), 60)
    pitch[:16] = -1
    pitch[36:] = -1
    piece = Chorale(pitch, np.zeros((48, 4)), np.zeros(48))
    shorter, bars = without_silent_bars(piece)
    assert bars == 1
    assert shorter.pitch.tolist() == pitch[16:].tolist()
    assert shorter.position.tolist() == list(range(16)) * 2


def test_a_file_that_cannot_be_read_is_left_out(tmp_path):
    bad = tmp_path / "bwv1.mxl"
    bad.write_bytes(b"no score")
    assert isinstance(read(bad), LeftOut)
    assert "could not be read" in read(bad).reason


def test_a_missing_corpus_is_said_in_one_line(tmp_path, monkeypatch):
    from music21 import corpus

    monkeypatch.setattr(corpus, "getComposer", lambda name: [])
    with pytest.raises(CorpusError, match="pip install --force-reinstall music21"):
        prepare(tmp_path / "chorales.npz")


@pytest.mark.slow
def test_a_corpus_that_lacks_a_piece_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_files", lambda: find_files()[:4])
    with pytest.raises(CorpusError, match="lacks 400 of the 404 chorales"):
        prepare(tmp_path / "chorales.npz", workers=1)


def test_a_damaged_file_is_made_anew(prepared, tmp_path, monkeypatch):
    path = tmp_path / "chorales.npz"
    path.write_bytes(prepared.path.read_bytes()[:1000])
    manifest_path(path).write_text(json.dumps(prepared.manifest), encoding="utf-8")
    monkeypatch.setattr(module, "read_all", lambda **_: pytest.fail("made anew, as wanted"))
    said = pytest.warns(BachbotWarning, match="is damaged")
    with said, pytest.raises(pytest.fail.Exception, match="made anew"):
        prepare(path)


def test_what_something_else_made_is_not_written_over(tmp_path):
    path = tmp_path / "jsb.npz"
    path.write_bytes(b"a corpus of another kind")
    with pytest.raises(CorpusError, match="give another path"):
        prepare(path)
    assert path.read_bytes() == b"a corpus of another kind"
