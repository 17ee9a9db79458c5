"""``bachbot repair``: what it writes and says, and what it refuses."""

import json
from pathlib import Path

import pytest

from bachbot.cli import main
from bachbot.scores import load_any_score

OCTAVES = """X:1
T:Octaves
M:4/4
L:1/4
K:C
V:S name="Soprano"
V:A name="Alto"
V:T name="Tenor" clef=bass
V:B name="Bass" clef=bass
[V:S] c d e f | e d c2 |]
[V:A] G G G A | G G E2 |]
[V:T] C D C C | C B, C2 |]
[V:B] C, B,, C, F,, | G,, G,, C,2 |]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("octaves.abc").write_text(OCTAVES, encoding="utf-8")
    return tmp_path


def repair(*arguments):
    return main(["repair", *map(str, arguments)])


@pytest.mark.slow
def test_what_is_said_and_written(here, capsys):
    assert repair("octaves.abc") == 0
    assert capsys.readouterr().out.splitlines() == [
        "1.2: parallel octaves (C4 to D4 in the tenor against C5 to D5 in the soprano): in the "
        "tenor C4, a beat earlier, becomes E4",
        "1.1: missing third (C5 G4 C4 C3 have no third): mended by the same note",
        "octaves-mended.musicxml: 1 note changed, 2 faults ended, none left",
    ]
    new = load_any_score("octaves-mended.musicxml")
    assert new.chorale.pitch[0].tolist() == [72, 67, 64, 48]
    assert repair("octaves-mended.musicxml", "-o", "again.musicxml") == 0
    assert "nothing to mend" in capsys.readouterr().out


def test_json(here, capsys):
    assert repair("octaves.abc", "-o", "out.musicxml", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["file"], data["output"]) == ("octaves.abc", "out.musicxml")
    [change] = data["changed"]
    assert (change["voice"], change["before"], change["after"]) == ("tenor", "C4", "E4")
    assert data["faults"] == []


def test_standard_output_is_the_score(here, capsysbinary):
    assert repair("octaves.abc", "-o", "-") == 0
    captured = capsysbinary.readouterr()
    assert load_any_score(captured.out, format="musicxml").chorale.pitch[0, 2] == 64
    assert b"1 note changed" in captured.err


def test_what_stays_is_told(here, capsys):
    assert repair("octaves.abc", "--keep", "S,T", "--only", "parallels") == 0
    out = capsys.readouterr().out
    assert "against C5 to D5 in the soprano) stays: all its notes" in out
    assert "all its notes are in what is kept (soprano, tenor)" in out
    assert "no notes changed, no faults ended, 1 left" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["octaves.abc", "--only", "fun"], "no rule 'fun'"),
        (["octaves.abc", "--only", ""], "no rule ''"),
        (["octaves.abc", "--keep", "S,A,T,B"], "all four voices are kept"),
        (["octaves.abc", "--keep", "violin"], "'violin' is not a voice"),
        (["octaves.abc", "--rules"], "needs a value"),
        (["octaves.abc", "-o", "octaves.abc"], "octaves.abc"),
        (["octaves.abc", "-o", "-", "--json"], "give a file with -o"),
    ],
)
def test_bad_arguments(here, capsys, arguments, said):
    assert repair(*arguments) == 2
    captured = capsys.readouterr()
    [line] = captured.err.splitlines()
    assert said in line
    assert not captured.out
    assert [path.name for path in here.iterdir()] == ["octaves.abc"]
