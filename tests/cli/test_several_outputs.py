"""Several files from one run: all are checked before the work, and one never costs another."""

from pathlib import Path

import pytest
from tunes import SCALE

from bachbot.chorale import VOICES
from bachbot.cli import main
from bachbot.errors import OutputError
from bachbot.scores import load_score, save_score
from bachbot.scores.engraving import engrave as engraving

BOOK = (
    "X:1\nT:One\nM:3/4\nL:1/4\nK:G\nGAB|cBA|G3|]\n\nX:2\nT:Two\nM:3/4\nL:1/4\nK:C\ncde|fed|c3|]\n"
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("scale.musicxml").write_text(SCALE, encoding="utf-8")
    Path("book.abc").write_text(BOOK, encoding="utf-8")
    return tmp_path


@pytest.fixture
def no_pictures(monkeypatch):
    """PNG pictures cannot be drawn."""

    def refuse(svg):
        raise OutputError("the picture cannot be drawn: write .svg or .pdf")

    monkeypatch.setattr(engraving, "_render_png", refuse)


def harmonize(untrained, *arguments):
    return main(["harmonize", *arguments, "--greedy", "--checkpoint", str(untrained)])


def names(folder="."):
    return sorted(p.name for p in Path(folder).iterdir() if not p.name.startswith("."))


@pytest.mark.slow
def test_each_output_has_the_same_music(here, untrained, capsys):
    assert harmonize(untrained, "scale.musicxml", "-o", "a.musicxml", "-o", "a.mid") == 0
    first, second = (load_score(name, voices=VOICES).chorale for name in ("a.musicxml", "a.mid"))
    assert (first.pitch == second.pitch).all()
    assert capsys.readouterr().out.startswith("a.musicxml, a.mid: C major")


@pytest.mark.slow
def test_versions_are_numbered_in_each_format(here, untrained):
    outputs = ("--number", "2", "-o", "a.mid", "-o", "b.musicxml")
    arguments = ("harmonize", "scale.musicxml", *outputs, "--checkpoint", str(untrained))
    assert main(list(arguments)) == 0
    assert names() == [
        "a-1.mid", "a-2.mid", "b-1.musicxml", "b-2.musicxml", "book.abc", "scale.musicxml",
    ]  # fmt: skip
    for number in (1, 2):
        a, b = (load_score(f"{name}", voices=VOICES).chorale.pitch
                for name in (f"a-{number}.mid", f"b-{number}.musicxml"))  # fmt: skip
        assert (a == b).all()


def test_formats_without_a_name_use_the_default_name(here, untrained):
    assert harmonize(untrained, "scale.musicxml", "--format", "mid, musicxml") == 0
    assert {"scale-harmonized.mid", "scale-harmonized.musicxml"} < set(names())


@pytest.mark.slow
def test_compose_and_realize_write_several_files(here, untrained):
    model = ["--checkpoint", str(untrained)]
    assert main(["compose", "--bars", "2", "-o", "c.mid", "-o", "c.mxl", *model]) == 0
    bass = ["realize", "book.abc", "--beam", "1"]
    assert main([*bass, "-o", "r.mid", "-o", "r.mxl", *model]) == 0
    assert {"c.mid", "c.mxl", "r.mid", "r.mxl"} < set(names())


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["-o", "a.mid", "-o", "./a.mid"], 2, "a.mid would be written twice"),
        (["-o", "a.mid", "-o", "none/a.pdf"], 1, "the folder none does not exist"),
        (["-o", "a.mid", "-o", "a.doc"], 2, "a.doc does not end in the name of a format"),
        (["-o", "a.mid", "-o", "scale.musicxml"], 2, "is the file that is read"),
        (["-o", "a.mid", "-o", "book.abc", "--format", "mid"], 2, "book.abc is there"),
        (["-o", "a.mid", "-o", "-"], 2, "-o - writes to standard output alone"),
        (["-o", "-", "--format", "pdf,mp3"], 2, "2 formats do not fit into standard output"),
        (["-o", "a.mid", "-o", "b", "--format", "mid,pdf"], 2, "b cannot be a file of 2 formats"),
        (["--format", "pdf,pdf"], 2, "names a format twice"),
        (["--format", "pdf,doc"], 2, "'doc' is not a format that can be written"),
        (["--tune", "all", "-o", "out.pdf"], 2, "give -o out --format pdf"),
        (["--tune", "all", "-o", "a", "-o", "b"], 2, "into one folder, not 2"),
    ],
)
def test_a_bad_output_is_said_before_the_work(here, untrained, capsys, arguments, status, said):
    before = names()
    assert harmonize(untrained, "scale.musicxml", *arguments) == status
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert names() == before


@pytest.mark.slow
def test_an_output_that_fails_does_not_cost_the_others(here, untrained, capsys, no_pictures):
    arguments = ("-o", "a.png", "-o", "a.mid", "-o", "a.musicxml")
    assert harmonize(untrained, "scale.musicxml", *arguments) == 1
    said = capsys.readouterr()
    assert said.out.startswith("a.mid, a.musicxml: C major")
    *_, line = said.err.splitlines()
    assert "a.png: the picture cannot be drawn" in line
    assert line.endswith("every other file is written")
    assert names() == ["a.mid", "a.musicxml", "book.abc", "scale.musicxml"]


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_every_tune_is_written_in_each_format(here, untrained, capsys):
    arguments = ("book.abc", "--tune", "all", "-o", "out", "--format")
    assert harmonize(untrained, *arguments, "mid,musicxml") == 0
    assert names("out") == [
        "book-1-One.mid",
        "book-1-One.musicxml",
        "book-2-Two.mid",
        "book-2-Two.musicxml",
    ]
    capsys.readouterr()
    (here / "out" / "book-1-One.svg").mkdir()
    assert harmonize(untrained, *arguments, "svg,mxl") == 1
    assert "book-1-One.svg" in capsys.readouterr().err
    assert {"book-2-Two.svg", "book-2-Two.mxl"} < set(names("out"))


def test_a_folder_takes_no_suffix(here, untrained, capsys):
    Path("hymns").mkdir()
    Path("hymns/scale.musicxml").write_text(SCALE, encoding="utf-8")
    assert harmonize(untrained, "hymns", "-o", "out.mp3") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("out.mp3 is the name of a file: give -o out --format mp3")
    assert not Path("out.mp3").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_a_folder_is_written_in_each_format(here, untrained, capsys):
    Path("hymns").mkdir()
    Path("hymns/scale.musicxml").write_text(SCALE, encoding="utf-8")
    arguments = ("hymns", "-o", "out", "--jobs", "1", "--format", "mid,musicxml")
    assert harmonize(untrained, *arguments) == 0
    assert names("out") == ["scale.mid", "scale.musicxml"]
    assert harmonize(untrained, *arguments) == 0
    assert "1 of them before" in capsys.readouterr().out
    Path("out/scale.musicxml").unlink()  # one format is missing: the tune is done again
    assert harmonize(untrained, *arguments) == 0
    assert names("out") == ["scale.mid", "scale.musicxml"]


def test_a_score_is_saved_in_several_files(here):
    score = load_score("scale.musicxml")
    save_score(score, ["a.mid", Path("a.musicxml")])
    assert load_score("a.mid").chorale.same_music(load_score("a.musicxml").chorale)
    with pytest.raises(OutputError, match=r"none.* does not exist.*every other file is written"):
        save_score(score, ["none/a.mid", "b.mid"])
    assert Path("b.mid").is_file()
    with pytest.raises(OutputError, match="not a suffix"):
        save_score(score, ["c.mid", "c.doc"])
    assert not Path("c.mid").exists()
