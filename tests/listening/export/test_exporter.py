"""The exported folder: the two clips of a pair differ in nothing but the notes."""

import io
import json
import os
import re
import stat
import zlib
from dataclasses import replace
from xml.etree import ElementTree

import mido
import numpy as np
import pytest
import soundfile
from listening_made import PIECES, REQUEST, made_test
from seed_attack import compute_answers

from bachbot.errors import OutputError, UsageError
from bachbot.listening.answer_key import read_answer_key
from bachbot.listening.export import exporter as module
from bachbot.listening.export.clips import PairRenderer
from bachbot.listening.export.exporter import FILE_TIME
from bachbot.listening.export.pairs import generated_voices
from bachbot.listening.trials import read_trials
from bachbot.scores.sound.mixing import loudness

pytestmark = pytest.mark.slow

CONDITIONS = ("S", "AT", "composition")
QUICK = replace(REQUEST, trials=1, conditions={"AT": 1}, formats=("wav",), audio_only=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder and the key of a test of one trial of each of three types."""
    folder = tmp_path_factory.mktemp("test") / "listen"
    _, key = made_test(folder)
    return folder, key


@pytest.fixture(scope="module")
def trials(made):
    """Its trials by type, each with the files of Bach's clip and of ours."""
    folder, key = made
    entries = read_answer_key(key, folder).trials
    found = {}
    for trial in read_trials(folder).trials:
        files = {clip.id: {f: folder / p for f, p in clip.files.items()} for clip in trial.clips}
        entry = entries[trial.id]
        found[trial.condition] = files[entry.bach], files[entry.other]
    return found


def test_every_condition_has_every_format(trials):
    assert set(trials) == set(CONDITIONS)
    for sides in trials.values():
        for files in sides:
            assert set(files) == {"wav", "mp3", "musicxml", "mid", "png", "svg"}


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_clips_have_the_same_duration_and_loudness(trials, condition, form):
    heard = [soundfile.read(files[form], dtype="float32") for files in trials[condition]]
    (bach, rate), (ours, other_rate) = heard
    assert bach.shape == ours.shape
    assert rate == other_rate
    assert bach.shape[0] / rate > 10
    assert abs(loudness(bach, rate) - loudness(ours, rate)) < 0.5
    assert not np.array_equal(bach, ours)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_clips_start_and_end_together(trials, condition):
    edges = []
    for files in trials[condition]:
        samples, rate = soundfile.read(files["wav"])
        sounds = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-3) / rate
        edges.append((sounds[0], sounds[-1]))
    np.testing.assert_allclose(edges[0], edges[1], atol=0.15)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_wav_headers_are_equal(trials, condition):
    heads = [files["wav"].read_bytes() for files in trials[condition]]
    start = heads[0].index(b"data") + 8
    assert start == 44  # the chunks 'fmt ' and 'data', and nothing else
    assert heads[0][:start] == heads[1][:start]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_mp3_frames_have_the_same_bit_rate_and_no_tags(trials, condition):
    frames = []
    for files in trials[condition]:
        content = files["mp3"].read_bytes()
        at, found = 0, []
        while at < len(content):
            assert content[at] == 0xFF  # so no ID3 tag before or after
            # All but the stereo mode of the frame, which follows the sound.
            found.append((content[at + 1], content[at + 2] & 0xFD))
            at += 144 * 160_000 // 44_100 + (content[at + 2] >> 1 & 1)
        frames.append(found)
    assert frames[0] == frames[1]
    assert len(set(frames[0])) == 1


@pytest.mark.parametrize("condition", CONDITIONS)
def test_scores_differ_in_the_generated_voices_only(trials, condition):
    bach, ours = (ElementTree.parse(files["musicxml"]).getroot() for files in trials[condition])
    assert [_without_notes(bach)] == [_without_notes(ours)]
    for voice, (one, other) in enumerate(zip(bach.iter("part"), ours.iter("part"), strict=True)):
        same = ElementTree.tostring(one) == ElementTree.tostring(other)
        assert same is (voice not in generated_voices(condition))
        assert _length(one) == _length(other)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_scores_have_the_same_fermatas(trials, condition):
    places = []
    for files in trials[condition]:
        soprano = next(ElementTree.parse(files["musicxml"]).getroot().iter("part"))
        places.append(_held(soprano))
    assert places[0] == places[1]
    # A composition's own fermatas would tell it apart: only its last chord has one.
    assert len(places[0]) == (1 if condition == "composition" else 3)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_midi_differs_in_the_generated_voices_only(trials, condition):
    bach, ours = (mido.MidiFile(files["mid"]) for files in trials[condition])
    assert bach.ticks_per_beat == ours.ticks_per_beat
    assert len(bach.tracks) == len(ours.tracks) == 5
    assert list(bach.tracks[0]) == list(ours.tracks[0])  # title, tempo, meter, key
    for voice, (one, other) in enumerate(zip(bach.tracks[1:], ours.tracks[1:], strict=True)):
        assert (list(one) == list(other)) is (voice not in generated_voices(condition))
        settings = [[m for m in t if not m.type.startswith("note")][:2] for t in (one, other)]
        assert settings[0] == settings[1]
    assert {m.program for m in bach if m.type == "program_change"} == {19}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_files_of_a_pair_have_the_same_size_and_date(trials, condition):
    bach, ours = trials[condition]
    for form in bach:
        assert bach[form].stat().st_size == ours[form].stat().st_size, form
        assert bach[form].stat().st_mtime == ours[form].stat().st_mtime == FILE_TIME, form


def test_no_clip_names_bach_a_catalog_a_program_or_a_date(made):
    folder, _ = made
    revealing = re.compile(rb"bach|bwv|johann|composer|arranger|identification|made\d|20\d\d-\d\d")
    paths = sorted((folder / "clips").iterdir())
    assert len(paths) == 36
    for path in paths:
        assert re.fullmatch(r"[0-9a-f]{12}\.\w+", path.name)
        if path.suffix in (".musicxml", ".svg", ".mid"):
            assert not revealing.search(path.read_bytes().lower()), path.name
        if path.suffix == ".png":
            assert {name for name, _ in _chunks(path.read_bytes())} <= {
                b"IHDR", b"IDAT", b"IEND", b"pHYs", b"sRGB", b"gAMA", b"PLTE", b"fiLl",
            }  # fmt: skip


def test_padded_files_are_valid(made):
    folder, _ = made
    for path in (folder / "clips").glob("*.png"):
        assert [name for name, good in _chunks(path.read_bytes()) if not good] == []
    for path in (folder / "clips").glob("*.mid"):
        assert mido.MidiFile(path).length > 10


def test_the_list_reveals_nothing_of_the_key(made):
    folder, key = made
    listed = (folder / "trials.json").read_text(encoding="utf-8")
    entries = read_answer_key(key)
    assert set(json.loads(listed)["trials"][0]) == {"id", "condition", "clips"}
    for entry in entries.trials.values():
        for path in (folder / "trials.json", folder / "index.html", folder / "README.txt"):
            text = path.read_text(encoding="utf-8")
            assert entry.source not in text
            assert entry.checkpoint not in text
    assert not list(folder.rglob("*key*"))
    assert key.parent == folder.parent


def test_the_page_uses_no_network_and_has_the_same_trials(made):
    folder, _ = made
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]|fetch\(|XMLHttpRequest|sendBeacon|WebSocket", page)
    assert not re.search(r"<script[^>]*\bsrc|<link|@import|url\(", page)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    listed = read_trials(folder)
    assert [t["id"] for t in data["trials"]] == [t.id for t in listed.trials]
    for row, trial in zip(data["trials"], listed.trials, strict=True):
        assert [c["id"] for c in row["clips"]] == [c.id for c in trial.clips]
        assert all((folder / path).is_file() for c in row["clips"] for path in c["sounds"])
    assert data["per_participant"] == 3


def test_every_field_of_the_page_has_an_accessible_name(made):
    folder, _ = made
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    for found in re.findall(r"<(?:input|progress)[^>]*>", page):
        inside = re.search(rf"<label[^>]*>\s*{re.escape(found)}", page)
        assert "aria-label=" in found or inside, found


def test_the_readme_says_what_may_be_redistributed(made, tmp_path):
    folder, _ = made
    text = " ".join((folder / "README.txt").read_text(encoding="utf-8").split())
    assert "whose license does not allow its encodings to be redistributed" in text
    assert "Keep them to yourself" in text
    other, _ = made_test(tmp_path / "bare", QUICK)
    assert "contains recordings of them and no encodings" in " ".join(
        (tmp_path / "bare/README.txt").read_text(encoding="utf-8").split()
    )
    assert {path.suffix for path in (tmp_path / "bare/clips").iterdir()} == {".wav"}
    assert set(other.trials[0].clips[0].files) == {"wav"}


def test_a_changed_list_does_not_match_the_key(made, tmp_path):
    folder, key = made
    copy = tmp_path / "copy"
    copy.mkdir()
    content = (folder / "trials.json").read_bytes()
    (copy / "trials.json").write_bytes(content)
    read_answer_key(key, copy)
    (copy / "trials.json").write_bytes(content.replace(b'"AT"', b'"S"'))
    with pytest.raises(UsageError, match="has been changed"):
        read_answer_key(key, copy)


def test_the_same_seed_chooses_the_same_pairs_under_new_names(tmp_path):
    found = {}
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        test, key = made_test(tmp_path / name, replace(QUICK, seed=seed))
        entries = read_answer_key(key, tmp_path / name).trials
        rows = [(e.source, e.bars, e.difference, e.seed) for e in entries.values()]
        named = {trial.id for trial in test.trials} | {
            clip.id for trial in test.trials for clip in trial.clips
        }
        sounds = {path.read_bytes() for path in (tmp_path / name / "clips").iterdir()}
        found[name] = rows, sounds, named
    assert found["one"][:2] == found["two"][:2]
    assert found["one"][:2] != found["three"][:2]
    assert len(found["one"][2] | found["two"][2] | found["three"][2]) == 9


def test_public_files_do_not_tell_the_answers(made):
    """Who knows the seed, and how names once were made, computes nothing from the names."""
    folder, _ = made
    public = [{clip.id for clip in trial.clips} for trial in read_trials(folder).trials]
    seeds = {REQUEST.seed, *range(1000)}
    assert compute_answers(public, seeds) is None
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".json", ".html", ".txt"):
            assert "seed" not in path.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
def test_the_key_is_private(made):
    _, key = made
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("inside", ["key.json", "deep/key.json", "../listen/key.json"])
def test_the_key_must_be_outside_the_folder(tmp_path, inside):
    folder = tmp_path / "listen"
    with pytest.raises(UsageError, match="where participants can read it"):
        module.export_listening_test(folder, folder / inside, PIECES, None, QUICK)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").touch()
    with pytest.raises(OutputError, match="exists already: give the name of a new folder"):
        module.check_export_paths(full, tmp_path / "key.json")
    (tmp_path / "key.json").touch()
    with pytest.raises(OutputError, match="maybe as the key of a test"):
        module.check_export_paths(tmp_path / "new", tmp_path / "key.json")
    with pytest.raises(OutputError, match="does not exist: create it"):
        module.check_export_paths(tmp_path / "no/new", tmp_path / "other.json")


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(PairRenderer, "render", _fails)
    with pytest.raises(OutputError, match="could not be written"):
        made_test(tmp_path / "listen", QUICK)
    assert not list(tmp_path.iterdir())


def test_more_trials_than_pieces_are_rejected(tmp_path):
    with pytest.raises(UsageError, match="only 12 pieces are suitable for the condition AT"):
        made_test(tmp_path / "listen", replace(QUICK, trials=13))
    assert not list(tmp_path.iterdir())


def _fails(*_):
    raise OSError(28, "No space left on device")


def _without_notes(root):
    """A page's text without any note."""
    copy = ElementTree.fromstring(ElementTree.tostring(root))
    for measure in copy.iter("measure"):
        for element in measure.findall("note"):
            measure.remove(element)
        measure.text = None
        for element in measure:
            element.tail = None
    return ElementTree.tostring(copy)


def _length(part):
    return [sum(int(d.text) for d in m.findall("note/duration")) for m in part.iter("measure")]


def _held(part):
    """Ends of the notes under a fermata, in divisions from the beginning."""
    at, found = 0, []
    for note in part.iter("note"):
        at += int(note.findtext("duration"))
        if note.find("notations/fermata") is not None:
            found.append(at)
    return found


def _chunks(content):
    """Name of each chunk of a PNG file, and whether its checksum is right."""
    stream = io.BytesIO(content)
    assert stream.read(8) == b"\x89PNG\r\n\x1a\n"
    while head := stream.read(4):
        body = stream.read(4 + int.from_bytes(head, "big"))
        yield body[:4], int.from_bytes(stream.read(4), "big") == zlib.crc32(body)
