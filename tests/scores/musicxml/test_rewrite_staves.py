"""Two voices on a staff, or four on the two staves of a part, are rewritten where they stand."""

from fractions import Fraction
from xml.etree import ElementTree

import pytest
from holes import ORDER, assert_sounds, canonical, hole, measures, rewrite, saved
from pieces import bach, quietly

from bachbot.chorale import VOICES
from bachbot.scores import bars_of, rewrite_bars
from bachbot.scores.musicxml.two_staves import two_staff_score
from bachbot.scores.save import musicxml

S, A, T, B = VOICES
SHARP = {"flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "double-sharp": 2}


def closed(score, folder):
    """The score on two staves."""
    path = folder / "closed.musicxml"
    path.write_text(two_staff_score(musicxml(score)), encoding="utf-8")
    return quietly(path, voices=VOICES)


def in_one_part(score, folder):
    """A score of two staves as one part, as a piano has them."""
    root = ElementTree.fromstring(musicxml(score))
    upper, lower = root.findall("part")
    for low, high in zip(lower.findall("measure"), upper.findall("measure"), strict=True):
        for number, measure in enumerate((high, low), start=1):
            for note in measure.findall("note"):
                voice = note.find("voice")
                voice.text = str(int(voice.text) + 4 * (number - 1))
                staff = ElementTree.Element("staff")
                staff.text = str(number)
                place = sum(ORDER.index(child.tag) <= ORDER.index("staff") for child in note)
                note.insert(place, staff)
            for clef in measure.iter("clef"):
                clef.set("number", str(number))
        first = high.find("attributes")
        clef = low.find("attributes/clef")
        if clef is not None:
            staves = ElementTree.Element("staves")
            staves.text = "2"
            first.insert([child.tag for child in first].index("clef"), staves)
            first.append(clef)
        reached = sum(
            int(e.findtext("duration")) * (-1 if e.tag == "backup" else 1)
            for e in high
            if e.find("duration") is not None
        )
        closing = [e for e in high if e.tag == "barline" and e.get("location") != "left"]
        for barline in closing:
            high.remove(barline)
        back = ElementTree.SubElement(high, "backup")
        ElementTree.SubElement(back, "duration").text = str(reached)
        high.extend(e for e in low if e.tag in ("note", "backup", "forward"))
        high.extend(closing)
    root.remove(lower)
    root.find("part-list").remove(root.findall("part-list/score-part")[1])
    path = folder / "piano.musicxml"
    path.write_bytes(ElementTree.tostring(root))
    return quietly(path, voices=VOICES)


def pair_notes(score, voice):
    line = score.lines[voice]
    return [
        n
        for m in measures(score, line.part)
        for n in m.findall("note")
        if n.findtext("voice") in line.voices and (n.findtext("staff") or "1") == line.staff
    ]


def assert_bars_full(part):
    for measure in part.findall("measure"):
        position = furthest = Fraction(0)
        for element in measure:
            if element.tag == "note" and element.find("chord") is not None:
                continue
            length = Fraction(element.findtext("duration") or "0")
            position += -length if element.tag == "backup" else length
            assert position >= 0
            furthest = max(furthest, position)
        assert position == furthest


def assert_accidentals(part):
    """Play every staff from the page, by signature and accidentals, in order of time."""
    fifths, ties = 0, {}
    for measure in part.findall("measure"):
        position, notes = Fraction(0), []
        for element in measure:
            fifths = int(element.findtext("key/fifths") or fifths)
            length = Fraction(element.findtext("duration") or "0")
            if element.tag == "note":
                notes.append((position, len(notes), element))
            position += -length if element.tag == "backup" else length
        seen = {}
        for _, _, note in sorted(notes, key=lambda n: n[:2]):
            if note.find("pitch") is None:
                continue
            step, octave = note.findtext("pitch/step"), note.findtext("pitch/octave")
            where = note.findtext("staff") or "1", step, octave
            signature = (fifths - "FCGDAEB".index(step) + 6) // 7
            shown = note.findtext("accidental")
            voice = note.findtext("voice")
            if note.find("tie[@type='stop']") is not None and (voice, *where) in ties:
                alter = ties[(voice, *where)]
            else:
                alter = SHARP[shown] if shown else seen.get(where, signature)
                seen[where] = alter
            assert alter == int(note.findtext("pitch/alter") or 0)
            ties[(voice, *where)] = alter


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bwv66.6", "bwv121.6", "bwv324"])
@pytest.mark.parametrize("voices", [VOICES, (A,), (S, B)])
@pytest.mark.parametrize("staves", ["parts", "one part"])
def test_two_voices_on_a_staff_are_rewritten_there(name, voices, staves, tmp_path):
    score = closed(bach(name), tmp_path)
    if staves == "one part":
        score = in_one_part(score, tmp_path)
    assert len(score.document.root.findall("part")) == (1 if staves == "one part" else 2)
    found, wanted, _ = rewrite(score, "2-4", voices, seed=2)
    again = quietly(saved(found, tmp_path), voices=VOICES)
    assert_sounds(again, wanted)
    for part in found.document.root.findall("part"):
        assert_bars_full(part)
        assert_accidentals(part)
    inside = bars_of(score, "2-4").measures
    for voice in VOICES:
        pair = [_own(s, s.lines[voice]) for s in (score, found)]
        kept = range(len(pair[0])) if voice not in voices else range(inside.stop, len(pair[0]))
        assert all(pair[0][i] == pair[1][i] for i in kept)
        stems = {t.text for n in pair_notes(found, voice) for t in n.findall("stem")}
        assert stems == {"up" if voice in (S, T) else "down"}


def _own(score, line):
    """The notes of a line in every bar; a shared staff may have asked for an accidental.

    Durations are in quarter notes: the bar may have got finer divisions.
    """
    bars, divisions = [], Fraction(1)
    for measure in measures(score, line.part):
        notes = []
        for note in measure:
            divisions = Fraction(note.findtext("divisions") or divisions)
            if note.findtext("voice") in line.voices:
                note = ElementTree.fromstring(ElementTree.tostring(note))
                for accidental in note.findall("accidental"):
                    note.remove(accidental)
                duration = note.find("duration")
                duration.text = str(Fraction(duration.text) / divisions)
                notes.append(canonical(note))
        bars.append(notes)
    return bars


def test_of_two_voices_the_outer_shows_the_fermata(tmp_path):
    score = closed(bach("bwv66.6"), tmp_path)
    cells = hole(score.chorale.frames, VOICES, 0, score.chorale.frames)
    found = rewrite_bars(score, score.chorale, cells)
    kinds = {
        voice: {f.get("type") for n in pair_notes(found, voice) for f in n.iter("fermata")}
        for voice in VOICES
    }
    assert kinds == {S: {"upright"}, A: set(), T: set(), B: {"inverted"}}
    assert found.chorale.same_music(score.chorale)
