"""``bachbot mood`` and ``bachbot slideshow`` on a short tune."""

import json

import pytest

from bachbot import load_score
from bachbot.cli import main

_TUNE = "X:1\nT:Short\nM:4/4\nL:1/4\nK:C\ncega|g2c2|\nw: sing we all to-day a\n"
_SLIDES = (
    'tune = "short.abc"\n[[slides]]\nseconds = 4\nmood = "joyful"\ntitle = "One"\n'
    '[[slides]]\nseconds = 6\nmood = "solemn"\n'
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.abc").write_text(_TUNE)
    (tmp_path / "slides.toml").write_text(_SLIDES)
    return tmp_path


@pytest.mark.slow
def test_mood_writes_the_tune_and_says_what_was_changed(folder, capsys):
    assert main(["mood", "short.abc", "--mood", "grieving"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("short-grieving.musicxml: grieving: C major became ")
    assert "50 quarter notes a minute" in line
    assert "100% of the tune's notes are still there" in line
    assert load_score(folder / "short-grieving.musicxml").chorale.key.mode == "minor"


@pytest.mark.slow
def test_of_several_versions_it_is_said_in_what_they_differ(folder, capsys):
    assert main(["mood", "short.abc", "--mood", "tender", "--number", "2"]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("short-tender-1.musicxml and short-tender-2.musicxml: ")
    assert "bars differ" in last or "the same notes" in last


@pytest.mark.slow
def test_slideshow_says_when_each_slide_begins(folder, capsys):
    assert main(["slideshow", "slides.toml", "-o", "music.mid", "-o", "music.wav", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [one["music_begins"] for one in said["slides"]] == pytest.approx([0, 4], abs=0.1)
    assert said["seconds"] == pytest.approx(10, abs=0.1)
    import soundfile

    # The reverberation of the room follows.
    assert soundfile.info(folder / "music.wav").duration == pytest.approx(11.2, abs=0.2)
    assert (folder / "music.mid").read_bytes()[:4] == b"MThd"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["mood", "short.abc"], 2, "no mood is given: give --mood joyful, solemn, tender"),
        (["mood", "short.abc", "--mood", "jolly"], 2, "'jolly' is not a mood: give joyful"),
        (["mood", "short.abc", "--mood", "tender", "--tempo", "5"], 2, "a tempo of 5"),
        (["mood", "none.abc", "--mood", "tender"], 1, "none.abc"),
        (["slideshow", "none.toml"], 2, "none.toml cannot be read"),
        (["slideshow", "slides.toml", "--sound", "kazoo"], 2, "kazoo"),
        (["slideshow", "slides.toml", "-o", "short.abc", "--to", "midi"], 2, "short.abc"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(folder, capsys, arguments, status, message):
    assert main(arguments) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["short.abc", "slides.toml"]
