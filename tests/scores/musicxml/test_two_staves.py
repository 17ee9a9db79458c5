"""Two staves hold the same music as four, written as a hymn book writes it."""

from collections import Counter
from fractions import Fraction
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from music21 import converter, corpus, stream
from music21.musicxml.m21ToXml import GeneralObjectExporter

from bachbot.errors import ScoreError
from bachbot.scores.musicxml.two_staves import two_staff_score

CHORALES = ("bwv269", "bwv66.6", "bwv5.7", "bwv244.10", "bwv7.7", "bwv43.11")
ALTER = {"flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "double-sharp": 2}


def exported(score: stream.Score) -> str:
    return GeneralObjectExporter(score).parse().decode()


@pytest.fixture(scope="module", params=CHORALES)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A chorale on four staves and on two, as MusicXML."""
    score = corpus.parse(f"bach/{request.param}")
    four = exported(score)
    return four, two_staff_score(four)


def sounding(part: Element, voice: str | None = None) -> list[tuple]:
    """Onset in the bar, length, pitch and ties of every note of a voice, bar by bar."""
    out = []
    divisions = 1
    for number, measure in enumerate(part.findall("measure")):
        position = last = Fraction(0)
        for element in measure:
            divisions = int(element.findtext("divisions") or divisions)
            length = Fraction(element.findtext("duration") or "0") / divisions
            if element.tag == "backup":
                position -= length
            elif element.tag == "forward":
                position += length
            elif element.tag == "note":
                start = last if element.find("chord") is not None else position
                pitch = element.find("pitch")
                if pitch is not None and voice in (None, element.findtext("voice")):
                    ties = tuple(sorted(t.get("type") for t in element.findall("tie")))
                    name = [pitch.findtext(t) or "0" for t in ("step", "alter", "octave")]
                    out.append((number, start, length, *name, ties))
                last, position = start, max(position, start + length)
    return sorted(out)


@pytest.mark.slow
def test_every_note_stands_in_its_voice(pair: tuple[str, str]) -> None:
    four, two = (ElementTree.fromstring(text) for text in pair)
    assert len(two.findall("part")) == 2
    wanted = [sounding(part) for part in four.findall("part")]
    found = [sounding(part, voice) for part in two.findall("part") for voice in "12"]
    assert found == wanted
    assert min(map(len, wanted)) > 20


@pytest.mark.slow
def test_the_bars_are_full(pair: tuple[str, str]) -> None:
    for part in ElementTree.fromstring(pair[1]).findall("part"):
        for measure in part.findall("measure"):
            position = furthest = Fraction(0)
            for element in measure:
                length = Fraction(element.findtext("duration") or "0")
                position += -length if element.tag == "backup" else length
                assert position >= 0
                furthest = max(furthest, position)
            assert position == furthest


@pytest.mark.slow
def test_music21_reads_it_back(pair: tuple[str, str]) -> None:
    read = [converter.parse(text, format="musicxml") for text in pair]
    counts = [Counter(n.pitch.midi for n in score.recurse().notes) for score in read]
    assert counts[0] == counts[1]
    assert [p.recurse().getElementsByClass("Clef")[0].sign for p in read[1].parts] == ["G", "F"]


@pytest.mark.slow
def test_the_accidentals_say_what_the_pitches_are(pair: tuple[str, str]) -> None:
    """Read as a singer reads: signature, then accidentals of the bar, of either voice."""
    for part in ElementTree.fromstring(pair[1]).findall("part"):
        signature: dict[str, int] = {}
        held: dict[tuple[str, str, str], int] = {}
        for measure in part.findall("measure"):
            fifths = measure.findtext("attributes/key/fifths")
            if fifths is not None:
                order = "FCGDAEB" if int(fifths) > 0 else "BEADGCF"
                sign = 1 if int(fifths) > 0 else -1
                signature = dict.fromkeys(order[: abs(int(fifths))], sign)
            notes = []
            position = Fraction(0)
            for element in measure:
                length = Fraction(element.findtext("duration") or "0")
                if element.tag == "note" and element.find("pitch") is not None:
                    notes.append((position, element.findtext("voice"), element))
                position += -length if element.tag == "backup" else length
            seen: dict[tuple[str, str], int] = {}
            for _, voice, note in sorted(notes, key=lambda n: n[:2]):
                step, octave = note.findtext("pitch/step"), note.findtext("pitch/octave")
                alter = int(note.findtext("pitch/alter") or 0)
                if any(t.get("type") == "stop" for t in note.findall("tie")):
                    assert held[step, octave, voice] == alter
                else:
                    written = note.findtext("accidental")
                    if written:
                        assert seen.get((step, octave), signature.get(step, 0)) != ALTER[written]
                        seen[step, octave] = ALTER[written]
                    assert seen.get((step, octave), signature.get(step, 0)) == alter
                held[step, octave, voice] = alter


def test_stems_part_the_voices(pair: tuple[str, str]) -> None:
    for note in ElementTree.fromstring(pair[1]).iter("note"):
        if note.find("pitch") is not None:
            assert note.findtext("stem") == {"1": "up", "2": "down"}[note.findtext("voice")]


@pytest.mark.slow
def test_one_fermata_a_staff_at_a_time() -> None:
    two = ElementTree.fromstring(two_staff_score(exported(corpus.parse("bach/bwv269"))))
    kinds = []
    for part in two.findall("part"):
        marks = [
            (number, note.findtext("voice"), note.find("notations/fermata").get("type"))
            for number, measure in enumerate(part.findall("measure"))
            for note in measure.findall("note")
            if note.find("notations/fermata") is not None
        ]
        assert len({number for number, _, _ in marks}) == len(marks) == 6
        kinds.append({(voice, kind) for _, voice, kind in marks})
    assert kinds == [{("1", "upright")}, {("2", "inverted")}]


@pytest.mark.slow
def test_words_stand_once() -> None:
    score = corpus.parse("bach/bwv269")
    sung = ElementTree.fromstring(exported(score)).find("part").findall("measure/note/lyric/text")
    two = ElementTree.fromstring(two_staff_score(exported(score)))
    found = two.findall("part/measure/note/lyric/text")
    assert [t.text for t in found] == [t.text for t in sung]
    assert len(found) > 30
    assert two.findall("part")[1].find("measure/note/lyric") is None


PART = """<part id="P{n}"><measure number="1"><attributes><divisions>{d}</divisions>
<key><fifths>{key}</fifths></key><time><beats>2</beats><beat-type>4</beat-type></time>
</attributes>{notes}</measure></part>"""


def small(*parts: str, divisions: tuple[int, ...] = (1, 1, 1, 1), key: str = "0") -> str:
    listing = "".join(
        f'<score-part id="P{n}"><part-name>x</part-name></score-part>' for n in "1234"
    )
    body = "".join(
        PART.format(n=n + 1, d=d, notes=notes, key=key)
        for n, (notes, d) in enumerate(zip(parts, divisions, strict=False))
    )
    return f"<score-partwise><part-list>{listing}</part-list>{body}</score-partwise>"


def quarter(step: str = "C", octave: int = 5, duration: int = 1, extra: str = "") -> str:
    return (
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration><voice>1</voice>{extra}</note>"
    )


REST = "<note><rest/><duration>1</duration><voice>1</voice></note>"


def test_a_rest_of_both_is_written_once_and_one_of_either_stays() -> None:
    two = two_staff_score(small(REST + quarter(), REST + REST, quarter() + REST, REST + quarter()))
    upper, lower = ElementTree.fromstring(two).findall("part")
    rests = [n.findtext("voice") for n in upper.iter("note") if n.find("rest") is not None]
    assert rests == ["1", "2"]  # the first quarter's is shared, the second is the alto's own
    assert sum(n.find("rest") is not None for n in lower.iter("note")) == 2


def test_divisions_that_differ_are_made_one() -> None:
    parts = (quarter(duration=2) * 2, quarter(duration=3) * 2, quarter() * 2, quarter() * 2)
    two = two_staff_score(small(*parts, divisions=(2, 3, 1, 1)))
    for part in ElementTree.fromstring(two).findall("part"):
        assert part.findtext("measure/attributes/divisions") == "6"
        assert {n.findtext("duration") for n in part.iter("note")} == {"6"}


def test_an_accidental_of_the_other_voice_is_canceled() -> None:
    """A soprano's C sharp would make the alto's C a C sharp, had it no natural."""
    sharp = "<note><pitch><step>C</step><alter>1</alter><octave>5</octave></pitch>"
    sharp += "<duration>1</duration><accidental>sharp</accidental></note>"
    two = two_staff_score(
        small(sharp + quarter("E"), REST + quarter(), quarter() * 2, quarter() * 2)
    )
    upper = ElementTree.fromstring(two).find("part")
    marks = [n.findtext("accidental") for n in upper.iter("note") if n.find("pitch") is not None]
    assert marks == ["sharp", None, "natural"]


def test_scores_that_do_not_fit_two_staves() -> None:
    with pytest.raises(ScoreError, match="3 parts and two staves need four"):
        two_staff_score(small(quarter() * 2, quarter() * 2, quarter() * 2))
    longer = small(*[quarter() * 2] * 4).replace(
        "</measure></part>", "</measure><measure/></part>", 1
    )
    with pytest.raises(ScoreError, match="2, 1, 1, 1 bars"):
        two_staff_score(longer)
    with pytest.raises(ScoreError, match="number"):
        two_staff_score(small(*[quarter(duration="x") * 2] * 4))
    with pytest.raises(ScoreError, match="step"):
        two_staff_score(small(*[quarter("H") * 2] * 4))
