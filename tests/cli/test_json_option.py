"""Every command has ``--json``, and prints one object with what it did and nothing else."""

import json
from pathlib import Path

import pytest
from typer.main import get_command

from bachbot.cli import main
from bachbot.cli.app import app

TUNE = "X:1\nT:Two voices\nM:4/4\nL:1/2\nQ:1/4=240\nK:G\nV:1\nG2|\nV:2\nG,2|\n"
FOUR = (
    "X:1\nM:4/4\nL:1/2\nK:C\nV:S\nc d|e2|]\nV:A\nG A|G2|]\nV:T clef=bass\nE F|E2|]\n"
    "V:B clef=bass\nC, D,|C,2|]\n"
)


def leaves(command, path=()):
    """The commands that do something, by the words that are typed."""
    inner = getattr(command, "commands", {})
    if not inner or path == ("train",):
        yield " ".join(path), command
    for name, one in inner.items():
        yield from leaves(one, (*path, name))


COMMANDS = dict(leaves(get_command(app)))


def test_there_are_many_commands():
    assert {"harmonize", "train", "train search", "evaluate all", "config set"} <= set(COMMANDS)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"listen serve"}))
def test_a_command_has_the_option(name):
    assert "--json" in [text for one in COMMANDS[name].params for text in one.opts]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tune.abc").write_text(TUNE, encoding="utf-8")
    Path("four.abc").write_text(FOUR, encoding="utf-8")
    return tmp_path


def printed(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_render_says_what_it_wrote(here, capsys):
    plain = printed(capsys, "render", "tune.abc", "-o", "a.mid", "-o", "a.musicxml")
    assert plain == {
        "file": "a.mid, a.musicxml", "title": "Two voices", "voices": 2, "tempo": 240.0,
        "notices": [],
    }  # fmt: skip


@pytest.mark.slow
def test_practice_lists_its_files(here, capsys):
    plain = printed(capsys, "practice", "tune.abc", "--format", "flac", "--count-in", "0")
    assert sorted(plain["files"]) == sorted(map(str, Path("tune-practice").iterdir()))
    assert len(plain["files"]) == 7


def test_config_says_what_it_set(here, capsys):
    path = printed(capsys, "config", "path")["path"]
    plain = printed(capsys, "config", "set", "choirs.village.tenor", "C3:F4")
    assert plain == {"path": path, "key": "choirs.village.tenor", "value": "C3:F4"}
    assert printed(capsys, "config", "unset", "choirs.village")["value"] is None


def test_json_and_a_score_do_not_share_standard_output(here, capsys):
    assert main(["render", "tune.abc", "-o", "-", "--to", "musicxml", "--json"]) == 2
    assert "--json and the score would both go to standard output" in capsys.readouterr().err


def test_explain_writes_several_pages(here, capsys):
    pages = ["--numerals", "n.musicxml", "--numerals", "n.mxl", "--marks", "m.musicxml"]
    assert main(["explain", "four.abc", *pages]) == 0
    assert capsys.readouterr().out.endswith("n.musicxml, n.mxl\nm.musicxml\n")
    assert Path("n.mxl").stat().st_size > 500
    assert main(["explain", "four.abc", "--numerals", "a.mxl", "--marks", "a.mxl"]) == 2
    assert "name one file" in capsys.readouterr().err
    assert main(["explain", "four.abc", "--numerals", "-"]) == 2


def test_a_folder_is_no_score(here, capsys):
    Path("hymns").mkdir()
    for command in ("render", "practice", "explain"):
        assert main([command, "hymns"]) != 0
        said = "hymns is a folder: give one of the scores in it"
        assert said in capsys.readouterr().err
