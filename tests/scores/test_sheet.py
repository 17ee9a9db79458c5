"""Sheet music of any parts is read, played and converted as it is written."""

from fractions import Fraction

import pytest
from tunes import note, tune

from bachbot.errors import ScoreError, UsageError
from bachbot.scores import Layout, Sounding, load_score, load_sheet, render
from bachbot.scores.sheet import sheet_soundings

CHORDS = b"X:1\nT:Chords\nM:4/4\nL:1/4\nK:C\n[CEG]2 [CEG]2-|[CEG]2 [DFA]2|]\n"
FIVE = b"X:1\nT:Five\nM:4/4\nL:1/2\nK:D\n" + b"".join(
    b"V:%d\n%s\n" % (number, music)
    for number, music in enumerate((b"d f|a2|", b"A d|f2|", b"F A|d2|", b"D, F,|A,2|", b"D,2|D,2|"))
)


def heard(sheet):
    return [(s.start, s.length, s.pitch) for s in sheet_soundings(sheet)]


def test_chords_are_heard_whole_and_their_ties_joined():
    sheet = load_sheet(CHORDS)
    assert [voice.name for voice in sheet.voices] == ["part 1"] or len(sheet.voices) == 1
    assert heard(sheet) == [
        *((0, 2, pitch) for pitch in (67, 64, 60)),
        *((2, 4, pitch) for pitch in (67, 64, 60)),
        *((6, 2, pitch) for pitch in (69, 65, 62)),
    ]


def test_two_staves_of_a_part_are_voices_of_their_own():
    upper = note("C5", 16, "whole", "<staff>1</staff>")
    lower = note("C3", 16, "whole", "<staff>2</staff>") + note(
        "+E3", 16, "whole", "<staff>2</staff>"
    )
    back = "<backup><duration>16</duration></backup>"
    sheet = load_sheet(
        tune(upper + back + lower.replace("<voice>1", "<voice>2"), name="Piano").encode()
    )
    assert [voice.name for voice in sheet.voices] == ["Piano 1", "Piano 2"]
    assert heard(sheet) == [(0, 4, 72), (0, 4, 52), (0, 4, 48)]


@pytest.mark.parametrize(("content", "voices"), [(CHORDS, 1), (FIVE, 5)])
def test_midi_has_all_notes_of_any_number_of_voices(content, voices):
    sheet = load_sheet(content)
    assert len(sheet.voices) == voices
    again = load_sheet(render(sheet, "midi"))
    assert sorted(heard(again)) == sorted(heard(sheet))


def test_musicxml_comes_back_with_its_own_page():
    harmony = "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>"
    page = tune(
        harmony + note("C4", 16, "whole", "<lyric><text>La</text></lyric>"), name="Baritone"
    )
    out = render(load_sheet(page.encode()), "musicxml").decode()
    for kept in (harmony, "<text>La</text>", "<part-name>Baritone</part-name>"):
        assert kept in out
    assert heard(load_sheet(out.encode())) == [(0, 4, 60)]


def test_a_voice_outside_every_range_stays_where_it_is():
    sheet = load_sheet(tune(note("C1", 16, "whole"), name="Contrabass").encode())
    assert heard(sheet) == [(0, 4, 24)]


def test_a_score_sounds_as_before():
    score = load_score(FIVE)
    assert sheet_soundings(score)[0] == Sounding(0, 74, Fraction(0), Fraction(2))


def test_five_voices_are_played():
    wave = render(load_sheet(FIVE), "wav", layout=Layout(tempo=240))
    assert wave[:4] == b"RIFF"


def test_low_parts_of_a_file_without_clefs_get_that_of_the_bass():
    three = b"X:1\nL:1/1\nK:C\nV:1\nc|\nV:2\nE|\nV:3\nC,,|\n"
    midi = render(load_sheet(three), "midi")
    svg = render(load_sheet(midi), "svg").decode()
    signs = {code for code in ("E050", "E062") if f"{code}-" in svg}
    assert signs == {"E050", "E062"}  # the clefs of treble and bass in SMuFL


def test_rests_alone_can_be_engraved_and_not_played():
    sheet = load_sheet(tune(note(None, 16, "whole")).encode())
    assert sheet.voices == ()
    assert b"<svg" in render(sheet, "svg")
    with pytest.raises(ScoreError, match="no notes to play"):
        render(sheet, "wav")


@pytest.mark.parametrize("content", [b"", b"dear diary", b"<score-partwise/>"])
def test_what_is_no_score_is_an_error_of_one_line(content):
    with pytest.raises(ScoreError) as error:
        load_sheet(content)
    assert "\n" not in str(error.value)


def test_there_is_no_such_tune():
    with pytest.raises(UsageError, match="no tune 7"):
        load_sheet(CHORDS, tune=7)
