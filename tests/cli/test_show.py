"""Folders of scores that commands read: one bad file never costs the others."""

import pytest
from tunes import SCALE

from bachbot.chorale import Voice
from bachbot.cli.show import read_folder, read_pieces
from bachbot.errors import ScoreError
from bachbot.scores import soundings

CHORD = """X:1
M:4/4
L:1/1
K:C
V:1
c|
V:2
G|
V:3
E|
V:4
C,|
"""


@pytest.fixture
def folder(tmp_path):
    """Two tunes, and three files that cannot be read."""
    (tmp_path / "a.musicxml").write_text(SCALE, encoding="utf-8")
    (tmp_path / "b.abc").write_text("Dear choir, here is the tune", encoding="utf-8")
    (tmp_path / "c.krn").symlink_to(tmp_path / "nowhere.krn")
    (tmp_path / "d.mid").write_bytes(b"MThd")
    (tmp_path / "e.musicxml").write_text(SCALE, encoding="utf-8")
    return tmp_path


def test_files_that_cannot_be_read_are_passed_over_and_said(folder, capsys):
    found = read_folder(folder, voices=(Voice.SOPRANO,))
    assert [score.chorale.name for score in found] == ["a", "e"]
    assert soundings(found[0]) == soundings(found[1]) != []
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert all(line.startswith("bachbot: warning: passed over: ") for line in said)
    assert "c.krn is a link that leads nowhere" in said[1]


def test_a_limit_counts_the_scores_that_are_read(folder, capsys):
    assert len(read_folder(folder, voices=(Voice.SOPRANO,), limit=2)) == 2
    assert len(read_folder(folder, voices=(Voice.SOPRANO,), limit=1)) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_a_folder_of_which_nothing_can_be_read_is_an_error(folder):
    (folder / "a.musicxml").unlink()
    (folder / "e.musicxml").unlink()
    with pytest.raises(ScoreError, match=r"none of the 3 scores in .* can be read"):
        read_folder(folder, voices=(Voice.SOPRANO,))


def test_pieces_of_a_folder_and_a_file_that_was_named(folder):
    (folder / "chord.abc").write_text(CHORD, encoding="utf-8")
    assert len(read_pieces([folder])) == 1  # the tunes have one voice
    with pytest.raises(ScoreError, match="leads nowhere"):
        read_pieces([folder / "c.krn"])
