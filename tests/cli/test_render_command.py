"""``bachbot render`` and ``bachbot practice``: any score as a page, as sound, and to practice."""

from pathlib import Path

import pypdfium2
import pytest
from tunes import SCALE

from bachbot.cli import main
from bachbot.scores import load_sheet
from bachbot.scores.sheet import sheet_soundings

DUET = (
    "X:1\nT:Duet\nM:4/4\nL:1/2\nK:G\nV:1 name=Soprano\nG2|\nw: La\nV:2 name=Baritone\nG,2|\n\n"
    "X:2\nT:Other\nL:1/2\nK:C\nc2|\n"
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("duet.abc").write_text(DUET, encoding="utf-8")
    Path("scale.musicxml").write_text(SCALE, encoding="utf-8")
    return tmp_path


def run(*arguments):
    return main(list(map(str, arguments)))


def heard(name):
    return sorted((s.start, s.length, s.pitch) for s in sheet_soundings(load_sheet(name)))


@pytest.mark.slow
def test_a_score_of_any_parts_is_engraved_played_and_converted(here, capsys):
    outputs = ("a.pdf", "a.svg", "a.mid", "a.musicxml")
    assert run("render", "duet.abc", *(word for o in outputs for word in ("-o", o))) == 0
    assert capsys.readouterr().out == "a.pdf, a.svg, a.mid, a.musicxml: 2 voices\n"
    assert heard("a.mid") == heard("a.musicxml") == heard("duet.abc") == [(0, 4, 55), (0, 4, 67)]


def test_the_default_is_a_page_beside(here):
    assert run("render", "duet.abc", "--tune", 2) == 0
    assert Path("duet-2-rendered.pdf").is_file()


def test_words_under_every_voice(here):
    assert run("render", "duet.abc", "--words", "all", "-o", "a.musicxml") == 0
    assert Path("a.musicxml").read_text(encoding="utf-8").count("<text>La</text>") == 2
    assert run("render", "a.musicxml", "--words", "soprano", "-o", "b.musicxml") == 0
    assert Path("b.musicxml").read_text(encoding="utf-8").count("<text>La</text>") == 1


@pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("letter", (612, 792))])
def test_the_paper(here, paper, size):
    assert run("render", "scale.musicxml", "--paper", paper, "-o", "a.pdf") == 0
    assert tuple(map(round, pypdfium2.PdfDocument("a.pdf")[0].get_size())) == size


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--paper", "a5"], "there is no paper 'a5': give a4 or letter"),
        (["--size", "huge"], "there is no size 'huge': give small or normal or large"),
        (["--words", "bass"], "words under 'bass': give all or soprano"),
        (["-o", "a.doc"], "does not end in the name of a format"),
        (["--staves", "2", "-o", "a.svg"], "two staves need four"),
        (["--tune", "9"], "no tune 9"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(here, capsys, arguments, said):
    before = sorted(here.iterdir())
    assert run("render", "duet.abc", *arguments) != 0
    line = capsys.readouterr().err.splitlines()[-1]  # after the notice of a second tune
    assert said in line
    assert sorted(here.iterdir()) == before


@pytest.mark.slow
def test_practice_material_is_a_folder_of_files(here, capsys):
    arguments = ("practice", "duet.abc", "--tempo", 240, "--count-in", 0, "--format", "wav")
    names = [
        "0-all-voices.wav", "1-soprano-forward.wav", "1-soprano-left-out.wav", "1-soprano.pdf",
        "2-baritone-forward.wav", "2-baritone-left-out.wav", "2-baritone.pdf",
    ]  # fmt: skip
    assert run(*arguments) == 0
    folder = Path("duet-practice")
    assert sorted(path.name for path in folder.iterdir()) == names
    assert len(capsys.readouterr().out.splitlines()) == len(names)
    assert run(*arguments, "-o", "duet-practice") == 0  # its own files are replaced
    (folder / "2-baritone.pdf").write_bytes(b"somebody's")
    capsys.readouterr()
    assert run(*arguments) == 2
    line = capsys.readouterr().err.splitlines()[-1]  # after the notice of a second tune
    assert "2-baritone.pdf is there, and bachbot did not write it" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "a.mp3"], "a.mp3 is the name of a file: give -o a --format mp3"),
        (["--format", "midi"], "'midi' is not a format of practice tracks"),
        (["--count-in", "-1"], "a count-in of -1 bars"),
        (["--soft", "99"], "softer by 99 dB"),
        (["--sound", "kazoo"], "'kazoo' is not a sound"),
        (["-o", "none/deep"], "the folder none/deep could not be made"),
    ],
)
def test_practice_refuses_in_one_line(here, capsys, arguments, said):
    before = sorted(here.iterdir())
    assert run("practice", "duet.abc", *arguments) != 0
    line = capsys.readouterr().err.splitlines()[-1]  # after the notice of a second tune
    assert said in line
    assert sorted(here.iterdir()) == before
