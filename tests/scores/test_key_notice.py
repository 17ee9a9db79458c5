"""A key that a user names and the tune contradicts."""

import pytest

from bachbot.chorale import Key
from bachbot.scores import load_score

TWINKLE = b"X:1\nL:1/4\nM:4/4\nK:C\nCCGG|AAG2|FFEE|DDC2|\n"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, None),
        (Key("C", "major"), None),
        (Key("A", "minor"), "ends on C"),
        (Key("F", "major"), "--transpose 'F major'"),
        (Key("G", "major"), "outside its scale"),
        (Key("E", "major"), "--transpose 'E major'"),
        (Key("C", "minor"), "looks like C major"),
        (Key("D", "minor"), "--transpose 'D major' without --key would move them to D major"),
        (Key("G#", "minor"), "--transpose 'Ab major'"),
    ],
)
def test_a_key_that_contradicts_the_tune_is_said(key, said):
    found = [n.message for n in load_score(TWINKLE, key=key).notices if n.kind == "key"]
    assert (found == []) == (said is None)
    assert said is None or said in found[0]


def test_the_notes_do_not_move_for_a_key():
    tune = load_score(TWINKLE).chorale.pitch
    assert (load_score(TWINKLE, key=Key("G", "major")).chorale.pitch == tune).all()
    moved = load_score(TWINKLE, transpose="G major").chorale.pitch
    assert {int(n) % 12 for n in (moved - tune)[:, 0]} == {7}


def test_where_nothing_may_move_no_way_to_move_it_is_named():
    [notice] = [
        n for n in load_score(TWINKLE, key=Key("F", "major"), transpose="no").notices
        if n.kind == "key"
    ]  # fmt: skip
    assert "--transpose" not in notice.message
