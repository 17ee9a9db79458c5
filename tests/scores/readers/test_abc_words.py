"""Words where ABC has music, fields that say nothing, and words that do not fit their notes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.errors import ScoreError
from bachbot.scores import load_score
from bachbot.scores.readers.abc.abc_prose import is_words

HEAD = "X:1\nT:Tune\nM:4/4\nL:1/4\n"
PROSE = (
    "Dear choir, please sing this on Sunday. We begin at ten.",
    "Liebe Chorsänger, bitte übt bis Donnerstag die ersten drei Strophen.",
    "Chers amis, nous chanterons dimanche à dix heures.",
    "Verse 2 | to be sung by the whole choir",
    "Collected by Jane in Cork",
)
MUSIC = (
    "CDEF GABc|c4 z4|]", "CDEF GABc", "~G2 TA2 uB2 vc2|", '"Gm"G2 "^slowly"B2 !trill!d2 |',
    "|: (kFE) |", "D.C.", "{gag}e2 (3def [K:Dm] [CEG]2 ::", "z8",
)  # fmt: skip


def messages(text):
    return [str(notice) for notice in load_score(text.encode(), format="abc").notices]


def pitches(text):
    line = load_score(text.encode(), format="abc", transpose="no").lines
    return [note.pitch for found in line.values() for note in found.notes]


@pytest.mark.parametrize("line", PROSE)
def test_words_are_no_music(line):
    assert is_words(line)


@pytest.mark.parametrize("line", MUSIC)
def test_music_is_no_words(line):
    assert not is_words(line)


@given(st.text(alphabet="ABCDEFGabcdefgz23/ |,'^_=()", min_size=1))
def test_notes_and_rests_are_never_words(line):
    assert not is_words(line)


@pytest.mark.parametrize("head", ["", "T:For Sunday\n", "X:1\nK:C\n", "X:1\nT:For Sunday\n"])
def test_words_in_place_of_music_are_refused_with_what_abc_needs(head):
    with pytest.raises(ScoreError) as caught:
        load_score(f"{head}{PROSE[0]}\n{PROSE[4]}\n".encode(), format="abc")
    assert str(caught.value) == (
        "the score: it is words and not music ('Dear choir, please sing this on Sunday.  ...'): "
        "ABC needs a line such as K:G, and below it notes, such as G2 AB | c2 d2 |"
    )


def test_words_before_a_pasted_fragment_are_passed_over():
    text = f"{PROSE[0]}\n\nC2DE|F4|\n"
    assert pitches(text) == [60, 62, 64, 65]
    assert messages(text) == [
        "it has no K: and no M: line: it is read without sharps and flats in its key, in 4/4; "
        "write lines such as K:G and M:3/4 above it",
        "a line of words is passed over in its music ('Dear choir, please sing this on Sunday.  "
        "...')",
    ]


def test_a_fragment_with_a_meter_keeps_it():
    score = load_score(b"M:3/4\nL:1/4\nG2A|B3|\n", format="abc")
    assert str(score.chorale.meter) == "3/4"
    assert [str(n) for n in score.notices] == [
        "it has no K: line: it is read without sharps and flats in its key; write lines such as "
        "K:G and M:3/4 above it"
    ]


def test_a_line_of_words_costs_the_tune_no_note():
    text = f"{HEAD}K:C\nCDEF|\n{PROSE[4]}\nGABc|\n"
    assert pitches(text) == [60, 62, 64, 65, 67, 69, 71, 72]
    assert messages(text) == [
        "a line of words is passed over in its music ('Collected by Jane in Cork')"
    ]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("M:4/x", "M:4/x is no meter: it is read in 4/4; write one such as M:4/4"),
        ("M:0/4", "M:0/4 is no meter: it is read in 4/4; write one such as M:4/4"),
        (
            "L:eight",
            "L:eight is no length of a note: a note without a number is read as 1/8 of a whole "
            "note; write one such as L:1/8",
        ),
        (
            "K:H",
            "K:H is no key: it is read without sharps and flats; write one such as K:G or K:Em",
        ),
        ("K:D foo", "K:D foo is no key: it is read with 2 sharps; write one such as K:G or K:Em"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_read_is_named(field, message):
    key = "" if field.startswith("K") else "K:C\n"
    assert messages(f"X:1\n{field}\n{key}CDEF GABc|c4 z4|]\n") == [message]


@pytest.mark.parametrize(
    "field",
    [
        "M:none",
        "M:",
        "M:C|",
        "L:1/8",
        "K:Adur",
        "K:Amoll",
        "K:D exp ^f",
        "K:C clef=bass",
        "K:G Mix",
    ],
)
def test_other_fields_are_read_in_silence(field):
    key = "" if field.startswith("K") else "K:C\n"
    assert messages(f"X:1\n{field}\n{key}CDEF GABc|c4 z4|]\n") == []


def test_a_bad_field_within_the_music_keeps_what_was_before():
    text = f"{HEAD}K:C\nCDE2|[L:x]F2G2|\nM:3/x\nc4|\n"
    score = load_score(text.encode(), format="abc")
    assert [float(n.length) for n in score.lines[0].notes] == [1, 1, 2, 2, 2, 4]
    assert {str(n)[:5] for n in score.notices} == {"L:x i", "M:3/x"}


def test_words_without_a_note_are_named():
    text = f"{HEAD}K:C\nC|DEFG|A4|]\nw:one two three four five six sev-en eight\nw:a b c d e f\n"
    assert messages(text) == [
        "words without a note are left out: verse 1 in bar 2 ('sev-en eight')"
    ]  # fmt: skip


def test_words_that_end_early_are_named():
    text = f"{HEAD}K:C\nCDEF|GABc|\nw:one two three four\n"
    assert messages(text) == ["words end before the notes above them: verse 1 in bar 2 (4 notes)"]


@pytest.mark.parametrize(
    "words", ["a b c d", "a_b c", "a_b_", "a b c d_|", "a * c *", "A-men a-men"]
)
def test_words_that_fit_say_nothing(words):
    assert messages(f"{HEAD}K:C\nCDEF|\nw:{words}\n") == []


@pytest.mark.parametrize("music", ["C(DEF)|", "CDE4-|E4|", "C(D(EF)G)|"])
def test_slurred_and_tied_notes_need_no_words(music):
    words = "a b" if "(" in music else "a b c"
    assert messages(f"{HEAD}K:C\n{music}\nw:{words}\n") == []


def test_syllables_of_kern_where_no_note_sounds_are_named():
    kern = b"**kern\t**text\n*M4/4\t*\n4r\tOh\n4c\tone\n4d\ttwo\n4r\tnow\n*-\t*-\n"
    assert [str(n) for n in load_score(kern, format="kern").notices] == [
        "words without a note are left out: verse 1 ('Oh now')"
    ]
