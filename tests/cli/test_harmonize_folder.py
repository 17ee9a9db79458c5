"""Many tunes in one call."""

import json
import os
import shutil
from pathlib import Path

import pytest
from tunes import SCALE

from bachbot.chorale import VOICES, Voice
from bachbot.cli import main
from bachbot.scores import load_score, save_score

ROUND = "X:1\nT:Round\nM:3/4\nL:1/4\nK:G\n|:GAB|cBA|d2c|B3:|"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tunes = tmp_path / "tunes"
    tunes.mkdir()
    (tunes / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    (tunes / "round.abc").write_text(ROUND, encoding="utf-8")
    save_score(load_score(ROUND.encode()), tunes / "march.mid")
    save_score(load_score(SCALE.encode()), tunes / "ladder.mxl")
    (tunes / "notes.txt").write_text("no score, and not taken for one", encoding="utf-8")
    return tunes


def harmonize(untrained, *arguments):
    return main(["harmonize", *map(str, arguments), "--checkpoint", str(untrained)])


@pytest.mark.slow
def test_every_tune_comes_back_under_its_own_name(folder, untrained, capsys):
    assert harmonize(untrained, folder, "-o", "out", "--beam", 2) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:-1]] == ["1/4", "2/4", "3/4", "4/4"]
    assert said[-1] == "out: 4 of 4 tunes harmonized"
    out = sorted(p.name for p in Path("out").iterdir() if p.suffix == ".musicxml")
    assert out == [
        "ladder.musicxml",
        "march.musicxml",
        "round.musicxml",
        "scale.musicxml",
    ]
    for source in folder.glob("*.*"):
        if source.suffix == ".txt":
            continue
        before = load_score(source).chorale
        after = load_score(Path("out") / f"{source.stem}.musicxml", voices=VOICES).chorale
        assert (after.pitch[:, Voice.SOPRANO] == before.pitch[:, Voice.SOPRANO]).all()
        assert (after.tied[:, Voice.SOPRANO] == before.tied[:, Voice.SOPRANO]).all()


@pytest.mark.slow
def test_a_tune_comes_out_as_it_does_alone(folder, untrained):
    assert harmonize(untrained, folder, "-o", "out", "--beam", 3) == 0
    assert harmonize(untrained, folder / "round.abc", "-o", "one.musicxml", "--beam", 3) == 0
    assert Path("one.musicxml").read_bytes() == Path("out/round.musicxml").read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_as_json_the_error_names_the_json_and_no_table(folder, untrained, capsys):
    for path in folder.iterdir():
        path.unlink()
    (folder / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    (folder / "broken.musicxml").write_text("<score-partwise><part", encoding="utf-8")
    assert harmonize(untrained, folder, "-o", "out", "--greedy", "--json", "--jobs", 1) == 1
    said = capsys.readouterr()
    statuses = {Path(tune["source"]).name: tune["status"] for tune in json.loads(said.out)["tunes"]}
    assert statuses == {"broken.musicxml": "skipped", "scale.musicxml": "done"}
    last = said.err.splitlines()[-1]
    assert last == ("bachbot: 1 of 2 tunes were skipped, the others are in out: the JSON says why")


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_a_bad_file_among_them_is_told_of_and_skipped(folder, untrained, capsys):
    (folder / "broken.musicxml").write_text("<score-partwise><part", encoding="utf-8")
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "out: 4 of 5 tunes harmonized, 1 skipped"
    [row] = [line for line in said.out.splitlines() if line.startswith("broken.musicxml")]
    assert "damaged" in row
    others, first, last = said.err.splitlines()
    assert others == (f"bachbot: warning: {folder}: 1 file (notes.txt) of other kinds passed over")
    assert first.startswith("bachbot: skipped broken.musicxml: ")
    assert last.startswith("bachbot: 1 of 5 tunes were skipped")
    assert last.endswith("the table above says why")
    assert "Traceback" not in said.err
    assert len(list(Path("out").glob("*.musicxml"))) == 4
    (folder / "broken.musicxml").unlink()
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "out: 4 of 4 tunes harmonized, 4 of them before"


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_notices_name_their_file(folder, untrained, capsys):
    (folder / "low.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nC,D,E,F,|", encoding="utf-8")
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 0
    assert capsys.readouterr().err.splitlines()[1:] == [
        "bachbot: warning: low.abc: the soprano goes from C3 to F3 and was moved up an octave into "
        "its range"
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_tunes_of_one_stem_do_not_overwrite_each_other(folder, untrained):
    shutil.copy(folder / "march.mid", folder / "scale.mid")
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 0
    names = {p.name for p in Path("out").glob("*.musicxml")}
    assert {"scale.mid.musicxml", "scale.musicxml.musicxml"} <= names
    assert len(names) == 5


@pytest.mark.slow
def test_names_of_any_bytes_print_in_one_line(tmp_path, untrained, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tunes"
    folder.mkdir()
    low = "X:1\nM:4/4\nL:1/4\nK:C\nC,D,E,F,|"
    (folder / os.fsdecode(b"l\xe9ow\nline.abc")).write_text(low, encoding="utf-8")
    (folder / "bad\nname.abc").write_bytes(b"")
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 1
    said = capsys.readouterr()
    assert "bachbot: warning: l\ufffdow\ufffdline.abc: the soprano goes" in said.err
    assert "bachbot: skipped bad\ufffdname.abc: " in said.err
    assert any(line.startswith("bad\ufffdname.abc ") for line in said.out.splitlines())
    assert all(line.startswith("bachbot: ") for line in said.err.splitlines())


@pytest.mark.slow
def test_where_all_fail_no_other_is_spoken_of(folder, untrained, capsys):
    for path in folder.iterdir():
        path.write_bytes(b"")
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "bachbot: all 4 tunes were skipped: the table above says why"


def test_a_mistyped_folder_is_said_before_its_options(folder, untrained, capsys):
    assert harmonize(untrained, "tnues", "--jobs", 2) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line == "bachbot: there is no file tnues: give the name of a score that is there"


@pytest.mark.parametrize("option", [["--jobs", 2], ["--timeout", 60]])
def test_what_is_for_folders_is_refused_for_a_file(folder, untrained, capsys, option):
    assert harmonize(untrained, folder / "round.abc", *option) == 2
    assert "are for a folder or --tune all: leave them out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["empty", "-o", "out"], "holds no score"),
        (["tunes", "-o", "tunes"], "is the folder that is read"),
        (["tunes", "-o", "nowhere/out"], "could not be made"),
        (["tunes", "-o", "out", "--bars", "1-2"], "works on one score"),
        (["tunes", "-o", "out", "--timeout", "0"], "give more than 0"),
    ],
)
def test_what_cannot_be_is_one_line(folder, untrained, capsys, arguments, said):
    Path("empty").mkdir()
    (folder / "notes.txt").unlink()
    assert harmonize(untrained, *arguments) in (1, 2)
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert not Path("out").exists()
