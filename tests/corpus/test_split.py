import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbot.chorale import Chorale
from bachbot.corpus import prepare
from bachbot.corpus.split import Split, make_split, sharing_a_run, similarity, skeleton
from bachbot.errors import CorpusError


@pytest.mark.slow
def test_the_recorded_split_is_what_its_maker_makes(sources, monkeypatch):
    monkeypatch.setattr(prepare, "read_all", lambda **_: sources)
    assert prepare.renew_split() == Split.load()


def test_a_split_reads_what_it_writes(tmp_path):
    files = [f"bwv{i}.mxl" for i in range(30)]
    split = make_split(files, [f"tune{i % 20}" for i in range(30)])
    split.save(tmp_path / "split.json")
    assert Split.load(tmp_path / "split.json") == split
    assert set(split.parts["tune"].values()) == {"train", "validation", "test"}


def test_groups_found_later_to_be_one_tune_move_no_other_piece():
    files = [f"bwv{i}.mxl" for i in range(40)]
    before = make_split(files, files)
    parts = before.parts["tune"]
    held_out = [next(f for f in files if parts[f] == p) for p in ("validation", "test")]
    families = [held_out[0] if file in held_out else file for file in files]
    after = make_split(files, families, drawn=files)
    moved = {f for f in files if after.parts["tune"][f] != parts[f]}
    assert moved == set(held_out)
    assert {after.parts["tune"][f] for f in moved} == {"train"}
    assert after.parts["file"] == before.parts["file"]
    # Groups that came into one part stay there.
    pair = [f for f in files if parts[f] == "test"][:2]
    families = [pair[0] if file in pair else file for file in files]
    assert make_split(files, families, drawn=files).parts["tune"] == parts


def test_a_family_in_two_parts_is_refused(tmp_path):
    rows = {
        "a": {"family": "x", "tune": "train", "file": "train"},
        "b": {"family": "x", "tune": "test", "file": "train"},
    }
    (tmp_path / "split.json").write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(CorpusError, match="puts the tune family x into two parts"):
        Split.load(tmp_path / "split.json")


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"family": "x"}}'])
def test_a_damaged_split_is_refused(tmp_path, text):
    (tmp_path / "split.json").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match="missing or damaged"):
        Split.load(tmp_path / "split.json") if text != "[]" else Split.load(tmp_path / "none.json")


def test_similarity_knows_a_tune_in_another_key():
    tune = np.array([60, 62, 64, 65, 67, 67])
    other = np.array([60, 59, 57, 60, 55, 72])
    alike = similarity([tune, tune + 5, np.append(tune[:5], 69) - 3, other])
    assert alike[0, 1] == 1
    assert alike[0, 2] == pytest.approx(5 / 6)
    assert alike[0, 3] < 0.6
    assert (alike == alike.T).all()


def edit_distance(one, other):
    row = list(range(len(other) + 1))
    for note in one:
        before, row = row, [row[0] + 1]
        for k, theirs in enumerate(other):
            row.append(min(before[k] + (note != theirs), before[k + 1] + 1, row[k] + 1))
    return row[-1]


TUNE = st.lists(st.integers(55, 80), max_size=40) | st.lists(st.integers(60, 62), max_size=64)


@settings(max_examples=25)
@given(TUNE, TUNE.filter(len))
def test_similarity_is_by_the_least_edit_distance_in_any_key(one, other):
    keys = [[(pitch + shift) % 12 for pitch in other] for shift in range(12)]
    least = min(edit_distance([pitch % 12 for pitch in one], key) for key in keys)
    found = similarity([np.array(tune, dtype=np.int16) for tune in (one, other)])
    assert found[0, 1] == found[1, 0] == 1 - least / max(len(one), len(other))


def test_a_skeleton_has_no_passing_notes():
    pitch = np.full((16, 4), 60)
    tied = np.ones((16, 4), dtype=bool)
    for frame, note in ((0, 60), (2, 62), (4, 64), (12, 65), (14, 64)):
        pitch[frame:, 0] = note
        tied[frame, 0] = False
    tied[0] = False
    piece = Chorale(pitch, tied, np.zeros(16))
    assert skeleton(piece, 10).tolist() == [60, 64, 65]
    assert skeleton(piece, 2).tolist() == [60, 64]


def test_a_run_is_shared_in_any_key_and_place():
    tune = np.array([2, 2, 1, -3, 5, -1, -2])  # intervals of eight notes
    later = np.array([7, -7, *tune[1:6], 4])
    other = np.array([2, 2, 1, -3, 5, 1, 1])
    shared = sharing_a_run([tune, later, other], notes=6)
    assert shared.tolist() == [[True, True, True], [True, True, False], [True, False, True]]
    assert not sharing_a_run([tune, later, other], notes=7)[0, 1:].any()
    assert not sharing_a_run([tune], notes=9).any()
