"""The table of MusicXML elements in `tests/scores/README.md`, held row by row."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from pieces import followed
from small_musicxml import back, bars, note, pitches, read, score, voice

from bachbot.chorale import Voice
from bachbot.errors import ScoreError
from bachbot.scores import complete, load_score

S = Voice.SOPRANO
README = Path(__file__).parents[1] / "README.md"
OUTCOMES = ("kept", "passed over in silence", "passed over and said", "refused")

CONTENT = {
    "movement-title": "A Title",
    "work": "<work-title>A Title</work-title>",
    "identification": "<creator>A. Nonymous</creator>",
    "creator": "A. Nonymous",
    "rights": "free",
    "credit": "<credit-words>words</credit-words>",
    "direction": "<direction-type><words>dolce</words></direction-type>",
    "harmony": "<root><root-step>C</root-step></root><kind>major</kind>",
    "figured-bass": "<figure><figure-number>6</figure-number></figure>",
    "transpose": "<diatonic>-1</diatonic><chromatic>-2</chromatic>",
    "divisions": "4",
    "key": "<fifths>1</fifths>",
    "time": "<beats>4</beats><beat-type>4</beat-type>",
    "clef": "<sign>G</sign><line>2</line>",
    "staves": "1",
    "staff-details": "<staff-lines>5</staff-lines>",
    "measure-style": "<multiple-rest>2</multiple-rest>",
    "pitch": "<step>G</step><octave>4</octave>",
    "duration": "16",
    "voice": "1",
    "staff": "1",
    "type": "whole",
    "accidental": "natural",
    "time-modification": "<actual-notes>1</actual-notes><normal-notes>1</normal-notes>",
    "stem": "up",
    "notehead": "normal",
    "beam": "begin",
    "notations": "<fermata/>",
    "lyric": "<text>la</text>",
    "sound": "",
    "forward": "<duration>4</duration>",
    "barline": "<bar-style>light-light</bar-style>",
    "bar-style": "light-light",
    "multiple-rest": "2",
    "words": "dolce",
    "ornaments": "<turn/>",
    "technical": "<up-bow/>",
    "articulations": "<accent/>",
    "dynamics": "<p/>",
}
"""What an element needs to have in it."""

ATTRIBUTES = {
    "tie": ' type="start"',
    "tied": ' type="start"',
    "slur": ' type="start"',
    "tuplet": ' type="start"',
    "measure-repeat": ' type="start"',
    "beat-repeat": ' type="start"',
    "slash": ' type="start"',
    "ending": ' number="1" type="start"',
    "repeat": ' direction="backward"',
    "instrument": ' id="I1"',
    "creator": ' type="composer"',
}


def element(tag):
    return f"<{tag}{ATTRIBUTES.get(tag, '')}>{CONTENT.get(tag, '')}</{tag}>"


def wrapped(tag, *parents):
    text = element(tag)
    for parent in parents:
        text = f"<{parent}>{text}</{parent}>"
    return text


def in_measure(text):
    return score(bars(text + voice("G4:4"), voice("A4:4")))


def in_note(text, plain="<pitch><step>G</step><octave>4</octave></pitch><duration>16</duration>"):
    """A note with something more, which takes the place of a child that it has."""
    tag = ElementTree.fromstring(text).tag
    if f"<{tag}>" in plain:
        return score(bars(f"<note>{plain}</note>", voice("A4:4")))
    if tag == "grace":
        pitch = plain.partition("</pitch>")[0] + "</pitch>"
        return score(bars(f"<note>{text}{pitch}</note>" + voice("G4:4"), voice("A4:4")))
    if tag == "rest":
        return score(bars(f"<note>{text}<duration>16</duration></note>", voice("A4:4")))
    if tag == "chord":
        lower = plain.replace("<step>G", "<step>E")
        return score(bars(voice("G4:4") + f"<note>{text}{lower}</note>", voice("A4:4")))
    if tag == "unpitched":
        return score(bars(f"<note>{text}<duration>16</duration></note>", voice("A4:4")))
    head, body = (text, "") if tag == "cue" else ("", text)
    return score(bars(f"<note>{head}{plain}{body}</note>", voice("A4:4")))


def placed(parent, tag):
    """A score with an element in its place."""
    if parent == "score-partwise":
        return in_measure("").replace(b"<part-list>", (element(tag) + "<part-list>").encode())
    if parent == "identification":
        head = wrapped(tag, "identification")
        return in_measure("").replace(b"<part-list>", (head + "<part-list>").encode())
    if parent == "measure":
        if tag == "forward":
            return score(bars(voice("G4:3") + element(tag), voice("A4:4")))
        if tag == "backup":
            return score(bars(voice("G4:4") + back() + voice("r:4", 2), voice("A4:4")))
        if tag in ("note", "attributes"):
            return in_measure("")
        return in_measure(element(tag))
    if parent == "attributes":
        return score(bars(voice("G4:4"), voice("A4:4"), attributes=own_attribute(tag)))
    if parent == "measure-style":
        return in_measure(wrapped(tag, "measure-style", "attributes"))
    if parent == "note":
        return in_note(element(tag))
    if parent == "notations":
        return in_note(wrapped(tag, "notations"))
    if parent in ("ornaments", "technical", "articulations", "dynamics"):
        return in_note(wrapped(tag, parent, "notations"))
    if parent == "lyric":
        return in_note(wrapped(tag, "lyric"))
    if parent == "direction-type":
        return in_measure(wrapped(tag, "direction-type", "direction"))
    assert parent == "barline", parent
    return score(bars(voice("G4:4") + wrapped(tag, "barline"), voice("A4:4")))


def own_attribute(tag):
    return "" if tag in ("divisions", "key", "time") else element(tag)


def rows(first):
    """The cells of a table that begins with a heading."""
    text = README.read_text(encoding="utf-8").partition("## MusicXML 4")[2].split("\n## ")[0]
    table = text.partition(f"| {first} |")[2].split("\n\n")[0]
    return [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in table.splitlines()[2:]
        if line.startswith("|")
    ]


ELEMENTS = [
    (parent, tag, outcome)
    for parent, tags, outcome in rows("In")
    for tag in tags.replace(" ", "").split(",")
]


def page_of(loaded):
    """The new page: its root, and the part that was given."""
    root = complete(loaded, followed(loaded.chorale), [S]).document.root
    return root, root.find("part")


def test_the_table_has_every_kind_of_element():
    assert len(ELEMENTS) > 200
    assert {outcome for *_, outcome in ELEMENTS} <= set(OUTCOMES)
    assert len({(parent, tag) for parent, tag, _ in ELEMENTS}) == len(ELEMENTS)


@pytest.mark.parametrize(("parent", "tag", "outcome"), ELEMENTS)
def test_what_becomes_of_an_element(parent, tag, outcome):
    content = placed(parent, tag)
    assert f"<{tag}".encode() in content
    loaded = load_score(content, format="musicxml")
    said = [notice for notice in loaded.notices if notice.kind not in ("parts", "key change")]
    root, part = page_of(loaded)
    header = parent in ("score-partwise", "identification")
    there = list((root if header else part).iter(tag))
    if outcome == "kept":
        if tag == "movement-title":
            assert root.findtext("work/work-title") == "A Title"
        else:
            assert there
        assert not said
    elif outcome == "passed over in silence":
        assert not there
        assert not said
    else:
        assert outcome == "passed over and said"
        assert not there
        assert said
    if tag not in ("rest", "unpitched", "cue"):
        concert = tag == "transpose"
        assert pitches(loaded) == ([65, 67] if concert else [67, 69])


# The second table: marks and values

_G = "<pitch><step>G</step><octave>4</octave></pitch>"
_JUMPS = '<sound dacapo="yes" dalsegno="a" fine="yes" tocoda="b"/>'
_OSSIA = '<staves>2</staves><staff-details number="1"><staff-type>{}</staff-type></staff-details>'


def _two(upper, lower):
    return bars(upper + back() + lower)


def _said(loaded, kind, *tune):
    assert kind in [notice.kind for notice in loaded.notices]
    assert pitches(loaded) == list(tune)


def _silent(loaded, *tune):
    assert not loaded.notices
    assert pitches(loaded) == list(tune)


def _refused(content):
    with pytest.raises(ScoreError) as error:
        load_score(content, format="musicxml")
    assert "\n" not in str(error.value)


def chord():
    _said(read(bars(voice("E4+G4:4"))), "chords", 67)
    loaded = read(bars(voice("C3+G3:4")), voices=[Voice.BASS])
    assert pitches(loaded, Voice.BASS) == [48]


def hidden():
    hide = note("E4", 2).replace("<note>", '<note print-object="no">')
    _said(read(bars(voice("G4:2") + hide)), "passed over", 67)
    _silent(read(bars(hide * 2)), 64, 64)


def slashes():
    slash = note("B4", 2, more="<notehead>slash</notehead>")
    _said(read(bars(voice("G4:2") + slash)), "passed over", 67)


def voice_above():
    _said(read(_two(voice("E4:4"), voice("G4:4", 2))), "voices", 67)


def tied():
    halves = [
        note("G4", 4, more=f'<notations><tied type="{t}"/></notations>') for t in ("start", "stop")
    ]
    loaded = read(bars(*halves))
    _silent(loaded, 67, 67)
    assert loaded.chorale.onset[:, 0].sum() == 1
    _, part = page_of(loaded)
    assert [t.get("type") for t in part.iter("tie")] == ["start", "stop"]


def jumps():
    _, part = page_of(load_score(in_measure(_JUMPS), format="musicxml"))
    assert part.find("measure/sound").attrib == {
        "dacapo": "yes", "dalsegno": "a", "fine": "yes", "tocoda": "b",
    }  # fmt: skip


def ossia():
    for kind in ("ossia", "cue", "editorial", "alternate"):
        text = voice("E5:4", staff="1") + back() + voice("G4:4", 2, staff="2")
        loaded = read(bars(text, attributes=_OSSIA.format(kind)))
        assert pitches(loaded) == [67]


def bare():
    _silent(read(bars(f"<note>{_G}<duration>16</duration></note>")), 67)


def without_duration():
    _refused(score(bars(f"<note>{_G}</note>")))
    _refused(score(bars("<note><pitch><step>H</step></pitch><duration>4</duration></note>")))


def divisions():
    _refused(score(bars(voice("G4"))).replace(b"<divisions>4<", b"<divisions>0<"))


def declarations():
    for text in ('<!ENTITY a "b">', "<!ELEMENT note ANY>", "<!ATTLIST note a CDATA 'b'>"):
        _refused(score(bars(voice("G4")), head=f"<!DOCTYPE score-partwise [{text}]>"))


def document_type():
    content = score(bars(voice("G4")), head="<!DOCTYPE score-partwise []>")
    _silent(load_score(content, format="musicxml"), 67)


def other_namespace():
    other = '<x:note xmlns:x="http://example.org/x"/>'
    loaded = load_score(in_measure(other), format="musicxml")
    _silent(loaded, 67, 69)


CASES = [
    chord, hidden, slashes, voice_above, tied, jumps, ossia, bare, without_duration, divisions,
    declarations, document_type, other_namespace,
]  # fmt: skip


def test_each_row_of_the_second_table_has_its_case():
    assert len(rows("What")) == len(CASES)


@pytest.mark.parametrize(("row", "case"), list(zip(rows("What"), CASES, strict=True)))
def test_what_becomes_of_a_mark_or_value(row, case):
    assert row[1].startswith(("kept", "passed over", "refused"))
    case()
