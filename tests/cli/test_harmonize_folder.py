"""Many tunes in one call."""

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


def test_every_tune_comes_back_under_its_own_name(folder, untrained, capsys):
    assert harmonize(untrained, folder, "-o", "out", "--beam", 2) == 0
    assert "4 of 4 scores" in capsys.readouterr().out
    out = sorted(p.name for p in Path("out").iterdir())
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


def test_a_bad_file_among_them_is_told_of_and_skipped(folder, untrained, capsys):
    (folder / "broken.musicxml").write_text("<score-partwise><part", encoding="utf-8")
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 1
    said = capsys.readouterr()
    assert "4 of 5 scores" in said.out
    first, last = said.err.splitlines()
    assert first.startswith(f"bachbot: skipped {folder / 'broken.musicxml'}: ")
    assert last.startswith("bachbot: 1 of 5 files were skipped")
    assert "Traceback" not in said.err
    assert len(list(Path("out").iterdir())) == 4


def test_notices_name_their_file(folder, untrained, capsys):
    (folder / "low.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nC,D,E,F,|", encoding="utf-8")
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 0
    assert capsys.readouterr().err.splitlines() == [
        "bachbot: warning: low.abc: the soprano goes from C3 to F3 and was moved up an octave into "
        "its range"
    ]


def test_tunes_of_one_stem_do_not_overwrite_each_other(folder, untrained):
    shutil.copy(folder / "march.mid", folder / "scale.mid")
    assert harmonize(untrained, folder, "-o", "out", "--greedy") == 0
    names = {p.name for p in Path("out").iterdir()}
    assert {"scale.mid.musicxml", "scale.musicxml.musicxml"} <= names
    assert len(names) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["empty", "-o", "out"], "holds no score"),
        (["tunes", "-o", "tunes"], "is the folder that is read"),
        (["tunes", "-o", "nowhere/out"], "could not be made"),
        (["tunes", "-o", "out", "--bars", "1-2"], "works on one score"),
    ],
)
def test_what_cannot_be_is_one_line(folder, untrained, capsys, arguments, said):
    Path("empty").mkdir()
    assert harmonize(untrained, *arguments) in (1, 2)
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert not Path("out").exists()
