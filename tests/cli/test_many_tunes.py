"""One tune, or every tune, of a file that holds many."""

from pathlib import Path

import pytest

from bachbot.chorale import VOICES
from bachbot.cli import main
from bachbot.scores import list_tunes, load_score
from bachbot.scores.readers.tune import TuneHeading

MANY = """X:1
T:The First
M:3/4
L:1/4
K:G
GAB|cBA|G3|]

X:7
T:One / Two: a "Title"?
M:3/4
L:1/4
K:C
cde|fed|c3|]

X:12
M:3/4
L:1/4
K:D
dfa|agf|d3|]
"""
BAD = MANY.replace("cde|fed|c3|]", "z3|z3|z3|]")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.abc").write_text(MANY, encoding="utf-8")
    return tmp_path


def harmonize(untrained, *arguments):
    return main(["harmonize", *map(str, arguments), "--greedy", "--checkpoint", str(untrained)])


def test_the_tunes_of_a_file_are_listed(here):
    headings = (
        TuneHeading(1, "The First"), TuneHeading(7, 'One / Two: a "Title"?'), TuneHeading(12, ""),
    )  # fmt: skip
    assert list_tunes("book.abc") == headings
    assert [load_score("book.abc", tune=h.number).title for h in headings[:2]] == [
        heading.title for heading in headings[:2]
    ]


def test_a_file_of_one_tune_has_one_heading(here):
    from bachbot.scores import render

    (here / "a.mid").write_bytes(render(load_score("book.abc"), "midi"))
    assert [heading.number for heading in list_tunes("a.mid")] == [1]
    assert load_score("a.mid", tune=1).chorale.same_music(load_score("a.mid").chorale)


@pytest.mark.slow
def test_one_tune_of_many_is_harmonized(here, untrained):
    assert harmonize(untrained, "book.abc", "--tune", 7, "-o", "out.musicxml") == 0
    out = load_score("out.musicxml", voices=VOICES).chorale
    assert (out.pitch[:, 0] == load_score("book.abc", tune=7).chorale.pitch[:, 0]).all()


@pytest.mark.slow
def test_a_tune_of_many_has_a_name_of_its_own(here, untrained):
    assert harmonize(untrained, "book.abc") == 0
    assert harmonize(untrained, "book.abc", "--tune", 7, "--to", "midi") == 0
    assert sorted(p.name for p in here.glob("book*-harmonized*")) == [
        "book-7-harmonized.mid", "book-harmonized.musicxml",
    ]  # fmt: skip


def test_a_format_needs_no_suffix(here, untrained):
    assert harmonize(untrained, "book.abc", "-o", "first", "--to", "midi") == 0
    assert Path("first").read_bytes().startswith(b"MThd")


@pytest.mark.slow
def test_every_tune_is_written_under_its_number_and_title(here, untrained, capsys):
    assert harmonize(untrained, "book.abc", "--tune", "all") == 0
    assert "book-harmonized: 3 of 3 tunes harmonized" in capsys.readouterr().out
    names = sorted(p.name for p in Path("book-harmonized").glob("*.*l"))
    assert names == [
        "book-01-The First.musicxml", "book-07-One Two a Title.musicxml", "book-12.musicxml",
    ]  # fmt: skip
    for heading, name in zip(list_tunes("book.abc"), names, strict=True):
        tune = load_score("book.abc", tune=heading.number).chorale
        out = load_score(Path("book-harmonized") / name).chorale
        assert out.same_music(tune)
    assert harmonize(untrained, "book.abc", "--tune", "all", "--jobs", 1) == 0
    assert "3 of 3 tunes harmonized, 3 of them before" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_a_bad_tune_does_not_cost_the_others(here, untrained, capsys, monkeypatch):
    (here / "book.abc").write_text(BAD, encoding="utf-8")
    assert harmonize(untrained, "book.abc", "--tune", "all", "-o", "out", "--to", "midi") == 1
    said = capsys.readouterr()
    assert "out: 2 of 3 tunes harmonized" in said.out
    skipped, last = said.err.splitlines()
    assert skipped.startswith('bachbot: skipped book.abc, tune 7 One / Two: a "Title"?: ')
    assert last.startswith("bachbot: 1 of 3 tunes were skipped")
    assert sorted(p.name for p in Path("out").glob("*.mid")) == [
        "book-01-The First.mid", "book-12.mid",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_what_somebody_else_wrote_stays(here, untrained, capsys):
    out = here / "out"
    out.mkdir()
    (out / "book-12.musicxml").write_text("mine", encoding="utf-8")
    assert harmonize(untrained, "book.abc", "--tune", "all", "-o", "out") == 1
    assert "book-12.musicxml is there, and is not bachbot's" in capsys.readouterr().err
    assert (out / "book-12.musicxml").read_text(encoding="utf-8") == "mine"
    assert harmonize(untrained, "book.abc", "--tune", "all", "-o", "out", "--force") == 0
    assert load_score(out / "book-12.musicxml").chorale.frames == 36


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--tune", "3"], 2, "the file has no tune 3: give one of 1, 7, 12"),
        (["--tune", "-1"], 2, "'-1' is not the number of a tune"),
        (["--tune", "all", "-o", "book.abc"], 2, "book.abc is no folder"),
        (["--tune", "all", "-o", "-"], 2, "do not fit into standard output"),
        (["--tune", "all", "-o", "no/out"], 1, "could not be made"),
        (["--tune", "all", "--bars", "1-2"], 2, "--bars works on one score, not on many tunes"),
        (["--tune", "all", "--chords", "I"], 2, "work on one score, not on many tunes"),
    ],
)
def test_what_cannot_be_is_one_line(here, untrained, capsys, arguments, status, said):
    assert harmonize(untrained, "book.abc", *arguments) == status
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert [p.name for p in here.iterdir()] == ["book.abc"]


@pytest.mark.slow
def test_a_moved_tune_comes_back_by_one_interval(here, untrained, capsys):
    low = "X:1\nT:Low\nM:4/4\nL:1/4\nK:Bb\nG,B,DF|GBdf|gfed|HB4|]\n"
    (here / "low.abc").write_text(low, encoding="utf-8")
    assert harmonize(untrained, "low.abc", "-o", "out.musicxml") == 0
    said = capsys.readouterr()
    assert said.err == (
        "bachbot: warning: low.abc: the tune goes down to G3, and a choir soprano's lowest note is "
        "A3: it was moved up a major second, from B flat major to C major\n"
    )
    assert said.out.startswith("out.musicxml: C major")
    before = load_score("low.abc", transpose="no").chorale.pitch[:, 0]
    after = load_score("out.musicxml", voices=VOICES).chorale.pitch
    assert (after[:, 0] - before == 2).all()
    assert harmonize(untrained, "low.abc", "-o", "out.musicxml", "--transpose", "no") == 0
    assert "--transpose +2 moves it into the range" in capsys.readouterr().err
    kept = load_score("out.musicxml", voices=VOICES, transpose="no").chorale.pitch
    assert (kept[:, 0] == before).all()
