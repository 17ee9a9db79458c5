"""The given parts come back element by element, and the others stand on the same bars."""

from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from pieces import BACH, CHORALES, bach, followed, quietly
from strategies import chorales

from bachbot.chorale import VOICES, Voice
from bachbot.errors import UsageError
from bachbot.scores import complete, from_chorale, save_score
from bachbot.scores.save import musicxml

LEFT_OUT = ("print", "harmony")


def canonical(element):
    return ElementTree.canonicalize(ElementTree.tostring(element), strip_text=True)


def first_part(root):
    return root.find("part")


def assert_same_part(before, after):
    """Every element of every bar, but for layout and chord symbols."""
    bars = before.findall("measure"), after.findall("measure")
    assert len(bars[0]) == len(bars[1])
    for old, new in zip(*bars, strict=True):
        assert {k: v for k, v in old.attrib.items() if k != "width"} == new.attrib
        kept = [e for e in old if e.tag not in LEFT_OUT]
        assert [canonical(e) for e in kept] == [canonical(e) for e in new]


def described(part):
    """What music21 makes of a part: bars, signatures, notes and all that hangs on them."""
    rows = []
    for measure in part.getElementsByClass("Measure"):
        rows.append((measure.number, measure.numberSuffix, Fraction(measure.offset)))
        rows += [str(line) for line in (measure.leftBarline, measure.rightBarline)]
        for element in measure.elements:
            kind = element.classes[0]
            row = [kind, Fraction(measure.elementOffset(element))]
            if kind in ("Note", "Rest"):
                row += [
                    Fraction(element.quarterLength),
                    element.duration.isGrace,
                    element.pitch.nameWithOctave if kind == "Note" else None,
                    element.tie and element.tie.type,
                    [(lyric.number, lyric.text, lyric.syllabic) for lyric in element.lyrics],
                    [type(e).__name__ for e in element.expressions],
                    [type(a).__name__ for a in element.articulations],
                    [(t.type, t.tupletActual[0]) for t in element.duration.tuplets],
                    [(b.type, b.number) for b in element.beams] if kind == "Note" else None,
                ]
            elif kind in ("TimeSignature", "KeySignature", "Key", "TextExpression"):
                row.append(str(element))
            elif kind in ("Clef", "TrebleClef", "ChordSymbol", "SystemLayout", "PageLayout"):
                continue
            rows.append(row)
    for spanner in part.spanners:
        ends = [str(e) for e in spanner.getSpannedElements()]
        rows.append((spanner.classes[0], ends))
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("name", CHORALES)
def test_a_soprano_of_bachs_comes_back_element_by_element(name):
    score = bach(name, voices=(Voice.SOPRANO,))
    full = complete(score, bach(name).chorale, [Voice.SOPRANO])
    source = score.document.part(score.lines[Voice.SOPRANO].part)
    assert_same_part(source, first_part(full.document.root))


def test_the_made_up_tune_comes_back_to_the_letter(everything):
    score = quietly(everything)
    full = complete(score, followed(score.chorale), [Voice.SOPRANO])
    source = ElementTree.parse(everything).getroot()
    assert_same_part(first_part(source), first_part(full.document.root))


@pytest.mark.filterwarnings("ignore")  # music21's own
def test_music21_hears_the_same_melody_in_what_was_written(everything, tmp_path):
    from music21 import converter

    score = quietly(everything)
    out = tmp_path / "out.musicxml"
    save_score(complete(score, followed(score.chorale), [Voice.SOPRANO]), out)
    before = converter.parse(everything, forceSource=True).parts[0]
    after = converter.parse(out, forceSource=True)
    assert [p.partName for p in after.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert described(after.parts[0]) == described(before)


def test_a_changed_note_would_be_found(everything):
    source = ElementTree.parse(everything).getroot()
    for path in ("pitch/octave", "duration", "lyric/text"):
        other = ElementTree.fromstring(ElementTree.tostring(source))
        next(other.iter("note")).find(path).text = "3"
        with pytest.raises(AssertionError):
            assert_same_part(first_part(source), first_part(other))


@pytest.mark.slow
@pytest.mark.parametrize("name", CHORALES)
def test_the_voices_written_are_read_back(name, tmp_path):
    source = bach(name)
    score = bach(name, voices=(Voice.SOPRANO,))
    out = tmp_path / "out.musicxml"
    save_score(complete(score, source.chorale, [Voice.SOPRANO]), out)
    again = quietly(out, voices=VOICES)
    assert again.chorale.same_music(source.chorale)
    assert np.array_equal(again.chorale.position, source.chorale.position)
    assert again.chorale.meter == source.chorale.meter


@pytest.mark.parametrize("voices", [(Voice.BASS,), (Voice.SOPRANO, Voice.BASS), (Voice.ALTO,)])
def test_any_voices_can_be_given(voices):
    source = bach("bwv66.6")
    score = bach("bwv66.6", voices=voices)
    assert score.present == voices
    full = complete(score, source.chorale, voices)
    for voice in voices:
        assert_same_part(source.document.part(voice), full.document.part(voice))
    assert full.present == VOICES


def test_all_parts_have_the_same_bars(everything):
    score = quietly(everything)
    root = complete(score, followed(score.chorale), [Voice.SOPRANO]).document.root
    parts = root.findall("part")

    def bars(part):
        return [
            (
                m.attrib,
                [(b.get("location"), [r.get("direction") for r in b.findall("repeat")])
                 for b in m.findall("barline") if b.find("repeat") is not None],
                [canonical(t) for t in m.iter("time")],
                [k.findtext("fifths") for k in m.iter("key")],
            )
            for m in part.findall("measure")
        ]  # fmt: skip

    assert all(bars(part) == bars(parts[0]) for part in parts[1:])
    lengths = [
        [sum(int(d.text) for d in m.iterfind("note/duration")) for m in part.findall("measure")]
        for part in parts
    ]
    assert all([3 * n for n in row] == lengths[0] for row in lengths[1:])  # 12 to 4 divisions


def test_the_fermata_stands_in_every_voice(everything):
    score = quietly(everything)
    root = complete(score, followed(score.chorale), [Voice.SOPRANO]).document.root
    for part in root.findall("part"):
        held = [n for n in part.iter("note") if n.find("notations/fermata") is not None]
        assert held == [part.findall("measure")[-1].findall("note")[-1]]


def test_where_a_voice_moves_under_a_fermata_its_last_note_is_held():
    # Of 149 such places in Bach's chorales 142 have it there.
    source = bach("bwv66.6")
    score = bach("bwv66.6", voices=(Voice.SOPRANO,))
    full = complete(score, source.chorale, [Voice.SOPRANO])
    for voice in VOICES[1:]:
        ends = {note.start + note.length for note in full.lines[voice].notes if note.fermata}
        assert ends >= {n.start + n.length for n in full.lines[0].notes if n.fermata}


def test_clefs_names_and_title(everything):
    score = quietly(everything)
    root = complete(score, followed(score.chorale), [Voice.SOPRANO]).document.root
    clefs = [
        "".join(clef.itertext()).split() for clef in (p.find(".//clef") for p in root.iter("part"))
    ]
    assert clefs == [["G", "2"], ["G", "2"], ["G", "2", "-1"], ["F", "4"]]
    assert [e.text for e in root.iter("part-name")] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert root.findtext("work/work-title") == "One of Everything"
    creators = {e.get("type"): e.text for e in root.iter("creator")}
    assert creators == {
        "composer": "A. Nonymous",
        "lyricist": "N. O. Body",
        "arranger": "bachbot",
    }


def test_a_given_voice_that_was_not_loaded_is_refused(everything):
    score = quietly(everything)
    with pytest.raises(UsageError, match="no bass"):
        complete(score, followed(score.chorale), [Voice.BASS])
    with pytest.raises(UsageError, match="given voice"):
        complete(score, followed(score.chorale), [])
    with pytest.raises(UsageError, match="frames"):
        complete(score, followed(score.chorale).sliced(0, 8), [Voice.SOPRANO])


@pytest.mark.slow
@settings(max_examples=60)
@given(chorale=chorales(min_frames=1, max_frames=70, low=40, high=80))
def test_any_chorale_is_written_and_read_back(chorale, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "out.musicxml"
    save_score(from_chorale(chorale, "Made up"), out)
    root = ElementTree.parse(out).getroot()
    for index, part in enumerate(root.findall("part")):
        # Read here by the durations alone, beside the reader of the package.
        frame, found = 0, np.full(chorale.frames, -1)
        for note in part.iter("note"):
            length = int(note.findtext("duration"))
            if note.find("rest") is None:
                step = "C D EF G A B".index(note.findtext("pitch/step"))
                alter = int(note.findtext("pitch/alter") or 0)
                octave = int(note.findtext("pitch/octave"))
                found[frame : frame + length] = 12 * (octave + 1) + step + alter
            frame += length
        assert frame == chorale.frames
        assert np.array_equal(found, chorale.pitch[:, index])


@pytest.mark.slow
@settings(max_examples=60)
@given(chorale=chorales(min_frames=1, max_frames=70))
def test_onsets_of_any_chorale_are_kept(chorale):
    score = from_chorale(chorale, "Made up")
    for voice in VOICES:
        onsets = {int(n.start * 4) for n in score.lines[voice].notes if not n.tied}
        assert onsets == set(np.flatnonzero(chorale.onset[:, voice]).tolist())


def test_the_text_is_well_formed_and_says_what_it_is():
    text = musicxml(bach("bwv66.6"))
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise')
    assert ElementTree.fromstring(text).tag == "score-partwise"


def test_every_bar_of_the_corpus_soprano_is_there():
    assert len(CHORALES) >= 15
    assert all((BACH / f"{name}.mxl").exists() for name in CHORALES)
