"""Singers' limits in harmonize, realize and compose."""

import json

import pytest
from tunes import SCALE

from bachbot.chorale import VOICES, Voice
from bachbot.cli import main
from bachbot.scores import load_score
from bachbot.settings import set_value


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    return tmp_path


def run(untrained, *arguments):
    return main([*map(str, arguments), "--checkpoint", str(untrained)])


def spans(path):
    pitch = load_score(path, voices=VOICES, transpose="no").chorale.pitch
    return [(int(column[column >= 0].min()), int(column.max())) for column in pitch.T]


@pytest.mark.slow
@pytest.mark.parametrize("way", [["--greedy"], ["--sample", "--seed", "3"]])
def test_no_written_note_is_outside_the_ranges(here, untrained, way):
    narrow = ["--range", "tenor=C3:G3", "--range", "Bass: G2-D3", "--range", "a=60..67"]
    assert run(untrained, "harmonize", "scale.musicxml", *way, *narrow, "-o", "out.musicxml") == 0
    _, alto, tenor, bass = spans("out.musicxml")
    assert 60 <= alto[0] <= alto[1] <= 67
    assert 48 <= tenor[0] <= tenor[1] <= 55
    assert 43 <= bass[0] <= bass[1] <= 50


@pytest.mark.slow
def test_ranges_are_those_of_the_key_that_is_written(here, untrained):
    (here / "a.abc").write_text("X:1\nL:1/4\nM:4/4\nK:A\nABcd|e2c2|dcBA|A4|\n")
    limits = ["--range", "tenor=E3:B3", "--range", "bass=A2:E3"]
    assert run(untrained, "harmonize", "a.abc", "--greedy", *limits, "-o", "out.musicxml") == 0
    _, _, tenor, bass = spans("out.musicxml")
    assert 52 <= tenor[0] <= tenor[1] <= 59
    assert 45 <= bass[0] <= bass[1] <= 52


@pytest.mark.slow
def test_compositions_stay_within_them(here, untrained):
    limits = ["--range", "soprano=D4:D5", "--range", "bass=G2:D3", "--seed", "1", "--key", "G"]
    assert run(untrained, "compose", "--bars", 2, *limits, "-o", "out.musicxml") == 0
    soprano, _, _, bass = spans("out.musicxml")
    assert 62 <= soprano[0] <= soprano[1] <= 74
    assert 43 <= bass[0] <= bass[1] <= 50
    assert run(untrained, "compose", "--bars", 2, "--range", "bass=A2:E3", "--key", "F") == 1


@pytest.mark.slow
def test_a_choir_of_the_config_file(here, untrained, monkeypatch, capsys):
    monkeypatch.setenv("BACHBOT_CONFIG", str(here / "config.toml"))
    set_value("choirs.village.tenor", "C3:G3")
    set_value("choirs.village.sound", "strings")
    arguments = ("harmonize", "scale.musicxml", "--greedy", "-o", "out.musicxml")
    assert run(untrained, *arguments, "--choir", "village") == 0
    assert spans("out.musicxml")[Voice.TENOR][1] <= 55
    assert run(untrained, *arguments, "--choir", "town") == 2
    assert "there is no choir 'town'" in capsys.readouterr().err
    set_value("choir", "village")
    assert run(untrained, *arguments, "--range", "tenor=A3:E4") == 0
    assert spans("out.musicxml")[Voice.TENOR][0] >= 57


def test_a_damaged_config_file_is_one_line(here, untrained, monkeypatch, capsys):
    monkeypatch.setenv("BACHBOT_CONFIG", str(here / "config.toml"))
    (here / "config.toml").write_text("choir = [")
    assert run(untrained, "harmonize", "scale.musicxml", "--greedy") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "no TOML" in err


@pytest.mark.slow
def test_best_moves_and_says_why_in_json_too(here, untrained, capsys):
    arguments = ("--transpose", "best", "--range", "soprano=C4:D5", "--greedy", "--json")
    assert run(untrained, "harmonize", "scale.musicxml", *arguments, "-o", "out.musicxml") == 0
    captured = capsys.readouterr()
    assert "where tune and choir fit best" in captured.err
    assert any("fit best" in notice for notice in json.loads(captured.out)["notices"])
    assert spans("out.musicxml")[Voice.SOPRANO][1] <= 74
