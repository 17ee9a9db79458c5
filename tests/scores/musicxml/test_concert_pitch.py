"""Parts of transposing instruments come out at concert pitch: notes, signatures, chord symbols."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pieces import followed
from small_musicxml import bars, kinds, pitches, read, voice

from bachbot.chorale import Voice
from bachbot.scores import complete
from bachbot.scores.musicxml.concert_pitch import to_concert_pitch

# Written key and scale, steps and semitones down to the sounding pitch, its signature.
INSTRUMENTS = {
    "clarinet in B flat": (2, "D5 E5 F#5 C#5", -1, -2, 0),
    "clarinet in A": (0, "C5 D5 E5 B4", -2, -3, 3),
    "horn in F": (1, "G4 A4 B4 F#4", -4, -7, 0),
    "alto saxophone": (3, "A4 B4 C#5 G#4", -5, -9, 0),
    "piccolo": (0, "C4 D4 E4 B3", 0, 0, 0),
    "clarinet in E flat": (-5, "Db5 Eb5 F4 C5", 2, 3, 4),
}


def transposing(name, text, fifths, steps, semitones, extra=""):
    octave = "<octave-change>1</octave-change>" if name == "piccolo" else ""
    transpose = (
        f"<transpose><diatonic>{steps}</diatonic><chromatic>{semitones}</chromatic>{octave}"
        "</transpose>"
    )
    return bars(extra + voice(text), attributes=transpose, fifths=fifths)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_the_page_is_at_concert_pitch(name):
    fifths, text, steps, semitones, concert = INSTRUMENTS[name]
    symbol = "<harmony><root><root-step>D</root-step></root><kind>major</kind></harmony>"
    part = transposing(name, text, fifths, steps, semitones, symbol)
    loaded = read((name, part))
    assert "concert pitch" in kinds(loaded)
    plain = read(bars(voice(text), fifths=fifths))
    moved = semitones + 12 * (name == "piccolo")
    assert pitches(loaded) == [pitch + moved for pitch in pitches(plain)]
    full = complete(loaded, followed(loaded.chorale), [Voice.SOPRANO])
    parts = full.document.root.findall("part")
    assert {p.findtext(".//key/fifths") for p in parts} == {str(concert)}
    assert not list(full.document.root.iter("transpose"))
    assert [n.pitch for n in full.lines[Voice.SOPRANO].notes] == pitches(loaded)
    # The written notes are those of their key, and so are the sounding ones.
    assert not list(parts[0].iter("accidental"))


def test_chord_symbols_and_accidentals_move_with_the_notes():
    text = (
        "<harmony><root><root-step>E</root-step></root><kind>dominant</kind><bass>"
        "<bass-step>G</bass-step><bass-alter>1</bass-alter></bass></harmony>"
    )
    part = transposing("clarinet", "G#5 G5 F#5 C5", 2, -1, -2, text)
    root = ElementTree.fromstring(f"<part>{part}</part>")
    to_concert_pitch(root)
    assert root.findtext(".//root-step") == "D"
    assert root.find(".//root-alter") is None
    assert (root.findtext(".//bass-step"), root.findtext(".//bass-alter")) == ("F", "1")
    notes = [(n.findtext("pitch/step"), n.findtext("accidental")) for n in root.iter("note")]
    assert notes == [("F", "sharp"), ("F", "natural"), ("E", None), ("B", "flat")]


@given(st.integers(-12, 12), st.integers(-7, 7), st.integers(-7, 7))
def test_the_signature_has_at_most_seven_accidentals_and_fits_the_notes(chromatic, steps, fifths):
    transpose = f"<diatonic>{steps}</diatonic><chromatic>{chromatic}</chromatic>"
    text = bars(voice("C5"), attributes=f"<transpose>{transpose}</transpose>", fifths=fifths)
    root = ElementTree.fromstring(f"<part>{text}</part>")
    to_concert_pitch(root)
    assert abs(int(root.findtext(".//key/fifths"))) <= 7
    again = read(f"{ElementTree.tostring(root, encoding='unicode')[6:-7]}")
    if Voice.SOPRANO.range[0] <= 72 + chromatic <= Voice.SOPRANO.range[1]:
        assert pitches(again) == [72 + chromatic]
