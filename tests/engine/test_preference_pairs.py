import json

import numpy as np
import pytest

from bachbot.chorale import Chorale, Key, Meter
from bachbot.engine.preference_pairs import read_pairs
from bachbot.errors import ScoreError, UsageError
from bachbot.scores import from_chorale, save_score

TUNE = [67, 69, 71, 72, 74, 72, 71, 67]
GOOD = [[62, 59, 55], [62, 57, 54], [62, 55, 55], [64, 55, 48], [62, 57, 50], [64, 55, 48],
        [62, 55, 43], [62, 59, 55]]  # fmt: skip
BAD = [[lower[0], lower[1], 43] for lower in GOOD]


def piece(lower, tune=TUNE, key="G"):
    pitch = np.repeat([[s, *rest] for s, rest in zip(tune, lower, strict=True)], 4, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % 4 > 0)[:, None], 4, axis=1)
    fermata = np.arange(len(pitch)) >= len(pitch) - 4
    return Chorale(pitch, tied, fermata, Meter(), Key.parse(key))


def write(folder, name, chorale):
    save_score(from_chorale(chorale, name), folder / name)


@pytest.fixture
def folder(tmp_path):
    other = [note + 2 for note in TUNE[::-1]]
    for number, tune in enumerate((TUNE, other), 1):
        write(tmp_path, f"0{number}-better.musicxml", piece(GOOD, tune))
        write(tmp_path, f"0{number}-worse.musicxml", piece(BAD, tune))
    return tmp_path


def test_a_folder_is_read_by_the_names_of_its_files(folder):
    found = read_pairs(folder)
    assert found.faults == ()
    assert [pair.name for pair in found.pairs] == ["01", "02"]
    one, two = found.pairs
    assert one.group != two.group  # two tunes
    better, worse = one.better.chorale, one.worse.chorale
    assert better.key == worse.key == Key.parse("C")
    assert better.pitch[:, 0].tolist() == np.repeat(TUNE, 4).tolist() or (
        np.diff(better.pitch[::4, 0]).tolist() == np.diff(TUNE).tolist()
    )
    # Soprano, alto and tenor are the same in both, and so given.
    assert one.better.given.cells.all(axis=0).tolist() == [True, True, True, False]
    assert np.unique(worse.pitch[:, 3]).size == 1


def test_a_damaged_pair_costs_a_line_and_no_other_pair(folder):
    (folder / "03-better.musicxml").write_bytes(b"no score")
    (folder / "03-worse.musicxml").write_bytes(b"no score")
    write(folder, "04-better.musicxml", piece(GOOD))
    write(folder, "05-better.musicxml", piece(GOOD))
    write(folder, "05-worse.musicxml", piece(GOOD))
    found = read_pairs(folder)
    assert [pair.name for pair in found.pairs] == ["01", "02"]
    assert len(found.faults) == 3
    assert found.faults[0] == "04: there is no file 04-worse"
    assert found.faults[1].startswith("03: ")
    assert "the two are the same, note for note" in found.faults[2]
    assert all("\n" not in fault for fault in found.faults)


@pytest.mark.parametrize("format_name", ["csv", "json"])
def test_a_table_of_pairs_names_files_and_given_voices(folder, format_name):
    rows = [
        {"better": "01-better.musicxml", "worse": "01-worse.musicxml", "given": "S"},
        {"better": "02-better.musicxml", "worse": "02-worse.musicxml", "given": "soprano,alto"},
        {"better": "nowhere.musicxml", "worse": "01-worse.musicxml", "given": "S"},
        {"better": "01-better.musicxml", "worse": "02-worse.musicxml", "given": "S"},
        {"better": "01-better.musicxml", "worse": "02-worse.musicxml", "given": "none"},
        {"better": "01-better.musicxml", "worse": "", "given": "S"},
        {"better": "01-better.musicxml", "worse": "01-worse.musicxml", "given": "descant"},
    ]
    table = folder / f"table.{format_name}"
    lines = ["better,worse,given", *(
        ",".join(f'"{row[k]}"' for k in ("better", "worse", "given")) for row in rows
    )]  # fmt: skip
    table.write_text(json.dumps(rows) if format_name == "json" else "\n".join(lines))
    found = read_pairs(table)
    assert [pair.name for pair in found.pairs] == ["row 1", "row 2", "row 5"]
    given = [pair.better.given.cells[0].tolist() for pair in found.pairs]
    assert given == [[True, False, False, False], [True, True, False, False], [False] * 4]
    faults = " | ".join(found.faults)
    assert len(found.faults) == 4
    for said in ("row 3: there is no file", "row 4: the given voices of the two differ",
                 "row 6: it has no worse piece", "row 7: 'descant' is not a voice"):  # fmt: skip
        assert said in faults


def test_ratings_make_pairs_within_a_group(folder):
    table = folder / "ratings.csv"
    table.write_text(
        "piece,rating,group,listener\n"
        "01-better.musicxml,4.5,one,a\n01-worse.musicxml,2,one,a\n01-better.musicxml,2,one,b\n"
        "02-worse.musicxml,1,two,a\n02-better.musicxml,3,two,a\n02-better.musicxml,good,two,b\n"
    )
    found = read_pairs(table)
    assert [pair.name for pair in found.pairs] == ["rows 1 and 2", "rows 5 and 4"]
    assert [pair.group for pair in found.pairs] == ["one", "two"]
    assert np.unique(found.pairs[1].worse.chorale.pitch[:, 3]).size == 1
    assert found.faults[0] == "row 6: its rating is 'good': give a number"
    assert "rows 1 and 3: the two are the same" in found.faults[1]


def test_the_key_of_both_is_that_of_the_better_one_or_the_one_that_is_named(folder):
    table = folder / "table.csv"
    table.write_text("better,worse,key\n01-better.musicxml,01-worse.musicxml,E minor\n")
    [pair] = read_pairs(table).pairs
    assert pair.better.chorale.key == pair.worse.chorale.key == Key.parse("A minor")


@pytest.mark.slow
def test_a_table_of_too_many_pairs_or_of_none_is_refused(folder, tmp_path):
    table = folder / "ratings.csv"
    rows = "\n".join(f"01-better.musicxml,{n},one" for n in range(300))
    table.write_text(f"piece,rating,group\n{rows}\n")
    with pytest.raises(UsageError, match="make more than 20000 pairs: give smaller groups"):
        read_pairs(table)
    table.write_text("piece,mark\n01-better.musicxml,1\n")
    with pytest.raises(UsageError, match="has the columns mark, piece: wanted are better and"):
        read_pairs(table)
    table.write_bytes(b"better,worse\n\xff\xfe,b\n")
    with pytest.raises(ScoreError, match="is damaged"):
        read_pairs(table)
    (folder / "deep.json").write_text("[" * 100_000)
    with pytest.raises(ScoreError, match="is damaged"):
        read_pairs(folder / "deep.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no pair that can be used"):
        read_pairs(tmp_path / "empty")
    with pytest.raises(UsageError, match="is no folder and no table"):
        read_pairs(tmp_path / "pairs.txt")


def test_new_pieces_of_two_lengths_have_nothing_given(tmp_path):
    write(tmp_path, "a-better.musicxml", piece(GOOD[:4], TUNE[:4]))
    write(tmp_path, "a-worse.musicxml", piece(BAD))
    found = read_pairs(tmp_path)
    [pair] = found.pairs
    assert not pair.better.given.cells.any()
    assert (pair.better.chorale.frames, pair.worse.chorale.frames) == (16, 32)
    assert not pair.worse.given.cells.any()
