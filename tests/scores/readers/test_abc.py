"""ABC tunes, note for note."""

from fractions import Fraction

import pytest
from pieces import load_clean, notes_of, quietly

from bachbot.chorale import Key, Meter, Voice
from bachbot.scores import load_score
from bachbot.scores.readers.abc.abc_reader import abc_tree
from bachbot.scores.readers.document import read_document

ABC = """X:1
T:\\'Etude
T:second title
C:Trad.
M:3/4
L:1/8
Q:"Andante" 1/4=60
K:Ddor
A2 | d>e (3efg "Am"a2 | {g}A4- A2 |1 [M:2/4] !fermata!d4 :|2 ^c4 | [K:G] (f2 e2) |]
w: one two three-_ four | five~x *  six | se-ven
w: eins
%%text ignored
"""


def test_abc_note_for_note(put):
    score = load_score(put("etude.abc", ABC))
    words, off, symbols, change = score.notices
    assert str(words) == "words end before the notes above them: verse 2 in bar 5 (10 notes)"
    assert "triplets" in off.message
    assert "chord symbols are left out" in symbols.message
    assert "key signature changes at bar 5" in change.message
    third = Fraction(1, 3)
    assert score.title == "Étude"
    assert score.chorale.key == Key("D", "minor")
    assert score.chorale.meter == Meter(3, 4, pickup=4)
    rows = notes_of(score)
    assert [row[:4] for row in rows] == [
        ("A", 0, 4, 1),
        ("D", 0, 5, Fraction(3, 4)), ("E", 0, 5, Fraction(1, 4)),
        ("E", 0, 5, third), ("F", 0, 5, third), ("G", 0, 5, third), ("A", 0, 5, 1),
        ("A", 0, 4, 2), ("A", 0, 4, 1),
        ("D", 0, 5, 2),
        ("C", 1, 5, 2),
        ("F", 1, 5, 1), ("E", 0, 5, 1),
    ]  # fmt: skip
    assert [row[4] for row in rows[7:9]] == [["start"], ["stop"]]
    first = [[text for number, _, text in row[5] if number == "1"] for row in rows]
    assert first == [["one"], ["two"], ["three"], [], ["four"], [], [], ["five x"], [], ["six"],
                     ["se"], ["ven"], []]  # fmt: skip
    assert rows[10][5] == [("1", "begin", "se")]
    assert rows[11][5] == [("1", "end", "ven")]
    assert rows[0][5][1] == ("2", "single", "eins")


def test_abc_bars_marks_and_signatures(put):
    score = quietly(put("etude.abc", ABC))
    part = score.document.part(0)
    bars = part.findall("measure")
    assert [bar.get("number") for bar in bars] == ["0", "1", "2", "3", "4", "5"]
    assert bars[0].get("implicit") == "yes"
    endings = [(e.get("number"), e.get("type")) for e in part.iter("ending")]
    assert endings == [("1", "start"), ("1", "stop"), ("2", "start"), ("2", "stop")]
    assert [r.get("direction") for r in part.iter("repeat")] == ["backward"]
    assert [k.findtext("fifths") for k in part.iter("key")] == ["0", "1"]
    assert part.findtext(".//key/mode") == "dorian"
    assert [t.findtext("beats") for t in part.iter("time")] == ["3", "2"]
    assert part.find(".//sound").get("tempo") == "60"
    assert part.findtext(".//words") == "Andante"
    assert len(list(part.iter("fermata"))) == 1
    assert len(list(part.iter("grace"))) == 1
    assert [s.get("type") for s in part.iter("slur")] == ["start", "stop"]
    assert [t.get("type") for t in part.iter("tuplet")] == ["start", "stop"]
    assert score.chorale.fermata.sum() == 8
    # F sharp by the new signature, C sharp by its own sign.
    shown = [(n.findtext("pitch/step"), n.findtext("accidental")) for n in part.iter("note")]
    assert [row for row in shown if row[1]] == [("C", "sharp")]


@pytest.mark.parametrize(
    ("music", "pitches"),
    [
        ("^F F | F", [66, 66, 65]),  # an accidental lasts for its bar
        ("^F f", [66, 78]),  # in every octave
        ("^F=F _F", [66, 65, 64]),
        ("^F-|F F", [66, 66, 65]),  # a tie takes it over the bar line
        ("C, C c c'", [48, 60, 72, 84]),
    ],
)
def test_abc_accidentals_and_octaves(put, music, pitches):
    tree, _ = abc_tree(f"X:1\nL:1/4\nK:C\n{music}|]\n".encode())
    assert [note.pitch for note in read_document(tree).lines[0].notes] == pitches


@pytest.mark.parametrize(
    ("key", "fifths"),
    [("C", 0), ("Bb", -2), ("F#m", 3), ("Ador", 1), ("A mix", 2), ("E phrygian", 0), ("F lyd", 0),
     ("G minor clef=bass", -2), ("none", 0), ("HP", 2), ("Cb", -7), ("B loc", 0), ("Am", 0)],
)  # fmt: skip
def test_abc_key_signatures(put, key, fifths):
    score = quietly(put("key.abc", f"X:1\nL:1/4\nK:{key}\nc c c c|]\n"))
    assert score.document.signatures[0].fifths == fifths


@pytest.mark.parametrize(
    ("meter", "frames"), [("4/4", 2), ("2/4", 1), ("6/8", 2), ("C|", 2), ("C", 2), ("none", 2)]
)
def test_abc_default_unit_follows_the_meter(put, meter, frames):
    score = quietly(put("unit.abc", f"X:1\nM:{meter}\nK:C\nc c c c|]\n"))
    assert score.chorale.frames == 4 * frames


def test_abc_of_several_tunes_and_voices(put):
    score = load_score(put("two.abc", "X:1\nT:A\nK:C\nc4|]\n\nX:2\nT:B\nK:C\nd4|]\n"))
    assert score.title == "A"
    assert [notice.kind for notice in score.notices] == ["tunes"]
    text = "X:1\nM:4/4\nL:1/4\nK:C\nV:1 name=Soprano\nV:2 name=Bass\n[V:1] cdef|\n[V:2] C,D,E,F,|\n"
    both = load_clean(put("voices.abc", text), voices=[Voice.SOPRANO, Voice.BASS])
    assert both.chorale.pitch[0].tolist() == [72, -1, -1, 48]
    text = "X:1\nM:4/4\nL:1/4\nK:C\nV:S\ncdef|\nV:B\nC,D,E,F,|\n"
    both = load_clean(put("voices.abc", text), voices=[Voice.SOPRANO, Voice.BASS])
    assert both.chorale.pitch[0].tolist() == [72, -1, -1, 48]


def test_a_word_between_two_exclamation_marks_is_no_music():
    head = b"X:1\nM:4/4\nL:1/4\nK:C\n"
    score = load_score(head + b"c !Segno!d !foo!e !Fermata!f | !cdef!\n")
    assert [note.pitch for note in score.lines[0].notes] == [72, 74, 76, 77, 72, 74, 76, 77]
    assert score.document.root.find(".//segno") is not None
    assert score.chorale.fermata.sum() == 4


@pytest.mark.parametrize(
    ("tune", "lengths", "said"),
    [
        ("C4|Z|C4|", [4, 4, 4], ""),
        ("Z2|C4|", [4, 4, 4], ""),
        ("C Z DE|", [4], "bar 1:"),  # the slip for z in O'Neill's 387
        ("CZZD|", [4], "bar 1:"),
        ("CD Z|C4|ZF|", [4, 4, 4], "bar 1; bar 3:"),  # the rest of the bar
        ("CDEF Z|", [8], ""),  # a bar line is missing
        ("Z4 CDEF|", [4, 4, 4, 8], ""),
    ],
)
def test_a_rest_of_a_whole_bar_beside_notes(tune, lengths, said):
    score = load_score(f"X:1\nM:4/4\nL:1/4\nK:C\n{tune}\n".encode(), format="abc")
    assert [bar.length for bar in score.document.bars] == lengths
    notices = [str(notice) for notice in score.notices]
    assert [said in notice for notice in notices] == ([True] if said else [])
