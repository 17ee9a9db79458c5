"""Bars, words and marks come from the parts that are wanted; no other part changes them."""

import pytest
from pieces import followed
from small_musicxml import back, bars, note, pitches, read, skip, sung, voice

from bachbot.chorale import VOICES, Voice
from bachbot.errors import ScoreError
from bachbot.scores import complete
from bachbot.scores.save import musicxml

S = Voice.SOPRANO
TUNE = bars(voice("G4 A4 B4 C5"), voice("G4:4"))
TRUTH = [(67, 1), (69, 1), (71, 1), (72, 1), (67, 4)]

OTHERS = {
    "more bars": bars(*[voice("C4:4")] * 5),
    "a longer bar": bars(voice("C4:4 D4:2"), voice("C4:4")),
    "an overfull bar of gaps": bars(skip(7), voice("C4:4")),
    "one long bar": bars(voice("C4 " * 40)),
    "fewer bars": bars(voice("C4:4")),
    "another meter": bars(voice("C4:3"), voice("C4:4")).replace("<beats>4<", "<beats>3<"),
    "another key": bars(voice("C4:4"), fifths=5),
    "no pitch": bars("<note><pitch/><duration>4</duration></note>"),
    "no duration": bars("<note><rest/></note>"),
    "no divisions": bars(voice("C4")).replace("<divisions>4<", "<divisions>0<"),
    "too high": bars(voice("C9").replace("<octave>9", "<octave>10")),
    "too long": bars(note("C4", 999999)),
    "too many voices": bars("".join(note("C4", 1, n) for n in range(100))),
    "too many bars": "<measure/>" * 5000,
    "no bars": "",
    "chords": bars(voice("C4+E4+G4:4"), voice("C4+E4+G4:4")),
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", OTHERS)
def test_another_part_changes_nothing(kind, first):
    parts = [("Voice", TUNE), ("Piano", OTHERS[kind])]
    loaded = read(*(parts if first else parts[::-1]))
    alone = read(("Voice", TUNE))
    assert sung(loaded) == TRUTH
    assert [float(bar.length) for bar in loaded.document.bars] == [4, 4]
    assert loaded.chorale.same_music(alone.chorale)
    assert loaded.chorale.key == alone.chorale.key
    pages = [
        musicxml(complete(found, followed(found.chorale), [S])).replace(found.title, "")
        for found in (loaded, alone)
    ]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("kind", ["no pitch", "no duration", "too long", "too many voices"])
def test_a_fault_in_the_part_that_is_wanted_is_an_error(kind):
    with pytest.raises(ScoreError):
        read(("Voice", OTHERS[kind]), ("Piano", TUNE))


def test_another_staff_or_voice_of_the_part_adds_at_most_the_rest_of_the_bar():
    low = voice("C3:4", 5, staff="2")
    for more in ("", voice("D3 E3 F3", 5, staff="2")):
        text = bars(
            voice("G4 A4 B4 C5", staff="1") + back() + low + more,
            voice("G4:2", staff="1") + back(2) + low,
            attributes="<staves>2</staves>",
        )
        loaded = read(text)
        assert sung(loaded) == [*TRUTH[:4], (67, 2)]
        assert [float(bar.length) for bar in loaded.document.bars] == [4, 4]


def test_bars_are_as_long_as_they_are_written():
    short = bars(voice("G4"), voice("A4 B4 C5 D5"), voice("E5:3"), voice("C5"), voice("D5:2"))
    loaded = read(("Voice", short), ("Piano", bars(*[voice("C4:4")] * 5)))
    assert [float(bar.length) for bar in loaded.document.bars] == [1, 4, 3, 1, 2]


def test_a_wanted_part_that_ends_early_rests_to_the_end():
    high, low = bars(voice("C5:4"), voice("D5:4"), voice("C5:4")), bars(voice("C4:4"))
    loaded = read(high, high, low, low, voices=VOICES)
    assert loaded.chorale.frames == 48
    assert pitches(loaded, Voice.BASS) == [60]
    measures = [len(part.findall("measure")) for part in loaded.document.root.findall("part")]
    assert measures == [3, 3, 3, 3]


def test_the_score_that_is_given_is_not_changed():
    from xml.etree import ElementTree

    from small_musicxml import score

    from bachbot.scores.readers.voices import take_voices

    tied = voice("G4+B4:4").replace("</note>", '<notations><tied type="start"/></notations></note>')
    root = ElementTree.fromstring(score(bars(tied), bars(voice("C4:4"), voice("C4:4"))))
    before = ElementTree.tostring(root)
    take_voices(root, (S,))
    assert ElementTree.tostring(root) == before
