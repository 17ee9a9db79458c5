"""Numerals stand under the bass, each where its chord begins, and change nothing else."""

from copy import deepcopy
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from pieces import bach, quietly

from bachbot.chorale import VOICES, Voice
from bachbot.errors import UsageError
from bachbot.scores import from_chorale, save_score
from bachbot.scores.engraving.svg import SVG
from bachbot.scores.musicxml.roman_numerals import add_roman_numerals
from bachbot.scores.musicxml.two_staves import two_staff_score
from bachbot.theory.analysis import analyze

# Pickups, bars split at repeats, 3/4, 3/2, changing meter, rests, chords within long bass notes.
PIECES = ("bwv66.6", "bwv4.8", "bwv10.7", "bwv227.1", "bwv253", "bwv351", "bwv281")


def written(score):
    """Place in frames, numeral and shown text of each numeral in the bass part."""
    line = score.lines[Voice.BASS]
    out = []
    divisions = 1
    measures = score.document.part(line.part).findall("measure")
    for bar, measure in zip(score.document.bars, measures, strict=True):
        position = Fraction(0)
        for element in measure:
            divisions = int(element.findtext("divisions") or divisions)
            length = Fraction(element.findtext("duration") or 0) / divisions
            if element.tag == "harmony":
                offset = Fraction(element.findtext("offset") or 0) / divisions
                place = 4 * (bar.start + position + offset)
                shown = element.find("kind").get("text")
                out.append((place, element.findtext("function"), shown))
                assert element.get("placement") == "below"
            elif element.tag == "backup":
                position -= length
            elif element.tag in ("note", "forward") and element.find("chord") is None:
                position += length
    return out


def without(root):
    """The page without its harmonies."""
    root = deepcopy(root)
    for measure in root.iter("measure"):
        for harmony in measure.findall("harmony"):
            measure.remove(harmony)
    return ElementTree.tostring(root)


@pytest.mark.slow
@pytest.mark.parametrize("name", PIECES)
def test_each_numeral_stands_where_its_chord_begins(name):
    score = bach(name)
    found = analyze(score.chorale)
    page = written(add_roman_numerals(score))
    assert [(at, text) for at, text, _ in page] == [(h.start, h.text) for h in found]
    assert [s.split(": ")[-1] for *_, s in page] == [h.text.replace("o", "°") for h in found]


@pytest.mark.parametrize("name", PIECES[:3])
def test_nothing_else_is_changed(name):
    score = bach(name)
    before = ElementTree.tostring(score.document.root)
    after = add_roman_numerals(score)
    assert ElementTree.tostring(score.document.root) == before
    assert without(after.document.root) == without(score.document.root)
    for part in range(3):
        assert after.document.part(part).find("measure/harmony") is None


def test_the_key_stands_where_it_changes():
    score = bach("bwv66.6")
    found = analyze(score.chorale)
    texts = [shown for *_, shown in written(add_roman_numerals(score))]
    changes = [a is None or a.key != h.key
               for a, h in zip((None, *found), found, strict=False)]  # fmt: skip
    assert sum(changes) > 2
    assert [": " in text for text in texts] == changes
    for text, harmony in zip(texts, found, strict=True):
        if ": " in text:
            tonic = text.split(": ")[0]
            assert tonic.islower() == (harmony.key.mode == "minor")
            assert tonic.capitalize() == harmony.key.tonic


def test_twice_is_once():
    once = add_roman_numerals(bach("bwv66.6"))
    twice = add_roman_numerals(once)
    assert written(twice) == written(once)
    fewer = add_roman_numerals(once, analyze(once.chorale)[:3])
    assert written(fewer) == written(once)[:3]


def test_chord_symbols_of_the_user_stay():
    score = bach("bwv66.6")
    measure = score.document.part(3).findall("measure")[1]
    symbol = ElementTree.fromstring(
        "<harmony><root><root-step>F</root-step></root><kind>major</kind></harmony>"
    )
    measure.insert(0, symbol)
    after = add_roman_numerals(score).document.part(3)
    assert len(after.findall("measure/harmony/root")) == 1


def test_a_page_that_was_made(corpus):
    """From the grid, where parts are written by us."""
    score = from_chorale(corpus.pieces[3].chorale, "made")
    page = written(add_roman_numerals(score))
    assert [at for at, *_ in page] == [h.start for h in analyze(score.chorale)]


def test_two_voices_on_a_staff(tmp_path):
    """The bass may be the second voice of the second staff of one part."""
    from bachbot.scores.musicxml.two_staves import two_staff_score
    from bachbot.scores.save import musicxml

    closed = tmp_path / "closed.musicxml"
    closed.write_text(two_staff_score(musicxml(bach("bwv66.6"))), encoding="utf-8")
    score = quietly(closed, voices=VOICES)
    page = written(add_roman_numerals(score))
    assert [at for at, *_ in page] == [h.start for h in analyze(score.chorale)]
    assert len(page) > 20


def test_they_are_read_back_as_the_same_music(tmp_path):
    score = bach("bwv66.6")
    path = tmp_path / "numerals.musicxml"
    save_score(add_roman_numerals(score), path)
    assert quietly(path, voices=VOICES).chorale.same_music(score.chorale)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # music21's own
def test_other_programs_read_them(tmp_path):
    from music21 import converter

    score = bach("bwv66.6")
    path = tmp_path / "numerals.musicxml"
    save_score(add_roman_numerals(score), path)
    part = converter.parse(path, forceSource=True).parts[3]
    found = analyze(score.chorale)
    read = part.recurse().getElementsByClass("Harmony")
    assert [x.romanNumeral.figure for x in read] == [h.text for h in found]
    assert [4 * x.getOffsetInHierarchy(part) for x in read] == [h.start for h in found]


@pytest.mark.slow
def test_they_are_engraved(tmp_path):
    score = bach("bwv66.6")
    path = tmp_path / "numerals.svg"
    save_score(add_roman_numerals(score), path)
    root = ElementTree.parse(path).getroot()
    drawn = ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]
    for *_, text in written(add_roman_numerals(score)):
        assert text in drawn
        drawn.remove(text)


def test_a_score_without_a_bass():
    with pytest.raises(UsageError, match="numerals need a bass"):
        add_roman_numerals(bach("bwv66.6", voices=(Voice.SOPRANO,)))


@pytest.mark.parametrize("name", PIECES[:3])
def test_two_staves_carry_the_same_numerals(name):
    score = add_roman_numerals(bach(name))
    closed = ElementTree.fromstring(
        two_staff_score(ElementTree.tostring(score.document.root, "unicode"))
    )
    shown = [numeral for _, numeral, _ in written(score)]
    assert [h.findtext("function") for h in closed.iter("harmony")] == shown
    assert all(h in list(closed.findall("part")[1].iter("harmony")) for h in closed.iter("harmony"))
