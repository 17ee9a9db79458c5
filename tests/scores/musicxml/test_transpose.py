"""A score is moved as a whole: notes, signatures, accidentals, chord symbols and figures."""

from copy import deepcopy
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import CHORALES, EVERYTHING, bach

from bachbot.scores.interval import Interval
from bachbot.scores.musicxml.notes import Accidentals
from bachbot.scores.musicxml.transpose import transpose_score
from bachbot.scores.readers.document import read_document

UP_TONE, DOWN_THIRD = Interval(2, 2), Interval(-3, 3)


def page(body, key="<key><fifths>0</fifths></key>"):
    return ElementTree.fromstring(
        '<score-partwise><part-list/><part id="P1"><measure number="1"><attributes>'
        f"<divisions>1</divisions>{key}</attributes>{body}</measure></part></score-partwise>"
    )


def note(step, octave=4, alter=0, accidental="", extra=""):
    alter = f"<alter>{alter}</alter>" if alter else ""
    accidental = f"<accidental>{accidental}</accidental>" if accidental else ""
    return (
        f"<note><pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
        f"<duration>1</duration><voice>1</voice>{accidental}{extra}</note>"
    )


def moved(root, interval):
    transpose_score(root, interval)
    return root


def pitches(root):
    return [
        (p.findtext("step"), p.findtext("alter"), p.findtext("octave")) for p in root.iter("pitch")
    ]


def test_notes_signature_and_accidentals_move_together():
    root = moved(
        page(note("F", alter=1, accidental="sharp") + note("B", alter=-1, accidental="flat")
             + note("B", accidental="natural") + note("C", 5)),
        UP_TONE,
    )  # fmt: skip
    assert pitches(root) == [("G", "1", "4"), ("C", None, "5"), ("C", "1", "5"), ("D", None, "5")]
    assert root.findtext(".//key/fifths") == "2"
    assert [a.text for a in root.iter("accidental")] == ["sharp", "natural", "sharp"]


def test_a_part_without_a_signature_gets_one():
    root = moved(page(note("E"), key=""), UP_TONE)
    assert root.findtext("part/measure/attributes/key/fifths") == "2"
    assert [e.tag for e in root.find(".//attributes")] == ["divisions", "key"]


def test_a_signature_of_more_than_seven_accidentals_is_written_enharmonically():
    root = page(
        note("F", alter=1) + "<attributes><key><fifths>6</fifths></key></attributes>"
        + note("F", alter=1) + note("E", alter=1, accidental="sharp"),
        "<key><fifths>1</fifths></key>",
    )  # fmt: skip
    moved(root, UP_TONE)
    assert [k.text for k in root.iter("fifths")] == ["3", "-4"]
    assert pitches(root) == [("G", "1", "4"), ("A", "-1", "4"), ("G", None, "4")]
    assert root.findtext(".//accidental") == "natural"


def test_a_triple_accidental_is_written_enharmonically_with_its_sign():
    root = moved(page(note("F", alter=2)), Interval(2, 14))  # to the key of B sharp sharp
    [(step, alter, _)] = pitches(root)
    assert abs(int(alter or 0)) <= 2
    assert read_document(root).lines[0].notes[0].pitch == 69
    assert step in "ABG"


def test_microtones_stay_what_they_are():
    root = moved(page(note("F", alter=0.5, accidental="quarter-sharp")), UP_TONE)
    assert pitches(root) == [("G", "0.5", "4")]
    assert root.findtext(".//accidental") == "quarter-sharp"


def test_chord_symbols_move_with_root_and_bass():
    symbol = (
        "<harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root>"
        "<kind>major</kind><bass><bass-step>D</bass-step></bass></harmony>"
        "<harmony><root><root-step>E</root-step></root><kind>minor</kind></harmony>"
    )
    root = moved(page(symbol + note("C")), DOWN_THIRD)
    assert [e.text for e in root.iter("root-step")] == ["G", "C"]
    assert [e.text for e in root.iter("root-alter")] == ["0", "1"]
    assert (root.findtext(".//bass-step"), root.find(".//bass-alter")) == ("B", None)


@pytest.mark.parametrize(
    ("key", "bass", "prefix", "number", "interval", "expected"),
    [
        (-2, "G", "natural", "", DOWN_THIRD, "sharp"),  # B natural over G; G sharp over E
        (-2, "G", "sharp", "", DOWN_THIRD, "sharp"),
        (1, "E", "sharp", "", Interval(3, -3), "natural"),  # G sharp over E; B natural over G
        (0, "D", "sharp", "6", UP_TONE, "sharp"),
        (0, "D", "flat", "6", UP_TONE, "natural"),  # B flat over D; C natural over E
        (0, "E", "flat", "", Interval(5, -1), "flat"),
    ],
)
def test_figures_mean_the_same_tones(key, bass, prefix, number, interval, expected):
    number = f"<figure-number>{number}</figure-number>" if number else ""
    figure = f"<figured-bass><figure><prefix>{prefix}</prefix>{number}</figure></figured-bass>"
    root = page(figure + note(bass, 3), f"<key><fifths>{key}</fifths></key>")
    assert moved(root, interval).findtext(".//prefix") == expected


def test_everything_else_on_the_page_stays():
    before = ElementTree.fromstring(EVERYTHING)
    after = moved(deepcopy(before), UP_TONE)

    def others(root):
        return [
            (e.tag, (e.text or "").strip(), e.attrib)
            for e in root.iter()
            if e.tag not in ("step", "alter", "octave", "fifths", "accidental", "root-step",
                             "root-alter")
        ]  # fmt: skip

    assert others(after) == others(before)
    # Grace notes too.
    assert len(list(after.iter("step"))) == len(list(before.iter("step")))
    assert after.findtext(".//note/grace/../pitch/step") == "A"


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.sampled_from(CHORALES),
    st.sampled_from([UP_TONE, DOWN_THIRD, Interval(-2, -2), Interval(1, -5), Interval(-6, 6)]),
)
def test_a_chorale_moves_by_one_interval_there_and_back(name, interval):
    document = bach(name).document
    root = deepcopy(document.root)
    before = read_document(deepcopy(root))
    transpose_score(root, interval)
    there = read_document(root)
    assert [
        (n.pitch - interval.semitones, n.start, n.length, n.tied, n.fermata)
        for line in there.lines
        for n in line.notes
    ] == [
        (n.pitch, n.start, n.length, n.tied, n.fermata) for line in before.lines for n in line.notes
    ]
    assert all(abs(s.fifths) <= 7 for s in there.signatures)
    check_accidentals(root, document.root)
    transpose_score(root, Interval(-interval.semitones, -interval.fifths))
    back = read_document(root)
    assert [line.notes for line in back.lines] == [line.notes for line in before.lines]


def check_accidentals(root, original):
    """A note has a sign where the original had one, and needs one where the original did."""
    names = {"flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "double-sharp": 2}
    for new, old in zip(root.iter("note"), original.iter("note"), strict=True):
        signs = [n.findtext("accidental") for n in (new, old)]
        assert (signs[0] is None) == (signs[1] is None)
        if signs[0] is not None:
            assert names[signs[0]] == int(new.findtext("pitch/alter") or 0)
    assert needed_signs(root) == needed_signs(original)


def needed_signs(root):
    """Whether each note needs a sign."""
    found = []
    for part in root.findall("part"):
        fifths = 0
        for measure in part.findall("measure"):
            for signature in measure.findall("attributes/key/fifths"):
                fifths = int(signature.text)
            state = Accidentals(fifths)
            found += [
                state.needed(
                    pitch.findtext("step"),
                    int(pitch.findtext("alter") or 0),
                    int(pitch.findtext("octave")),
                )
                for pitch in measure.iterfind("note/pitch")
            ]
    return found
