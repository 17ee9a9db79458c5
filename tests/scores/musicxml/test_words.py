"""Words are placed under the voices that sing them together with the tune, by rhythm."""

import pytest

from bachbot.scores import load_sheet
from bachbot.scores.musicxml.words import with_words

HEAD = "X:1\nM:4/4\nL:1/4\nK:C\n"
TUNE = "V:1\ncdef|gefd|c4|]\nw: Prai-se to the Lord, my soul__.|\n"


def voices(*music, words="all", tune=TUNE):
    """The text, syllabic and slurs of each note of each part."""
    parts = "".join(f"V:{number}\n{text}\n" for number, text in enumerate(music, start=2))
    sheet = load_sheet(f"{HEAD}{tune}{parts}".encode())
    root = with_words(sheet.document.root, sheet.document.bars, words)
    return [
        [
            (
                "/".join(lyric.findtext("text") for lyric in note.findall("lyric")),
                "".join(s.get("type")[2] for s in note.findall("notations/slur")),
            )
            for note in part.iter("note")
            if note.find("rest") is None
        ]
        for part in root.findall("part")
    ]


def texts(part):
    return [text for text, _ in part]


def test_the_same_rhythm_has_the_same_words():
    first, second = voices("EFGA|BGAF|E4|]")
    assert texts(first) == texts(second)
    assert texts(second)[:5] == ["Prai", "se", "to", "the", "Lord,"]


def test_further_notes_before_the_next_syllable_are_a_slurred_melisma():
    _, second = voices("E/F/F G A|BGAF|E4|]")
    assert second[:4] == [("Prai", "a"), ("", "o"), ("se", ""), ("to", "")]  # start and stop


def test_a_held_note_carries_the_syllables_of_its_time():
    _, second = voices("E2 GA|BGAF|E4|]")
    assert texts(second)[:3] == ["Praise", "to", "the"]
    _, third = voices("EF G2|BGAF|E4|]")
    assert texts(third)[:4] == ["Prai", "se", "to\u00a0the", "Lord,"]


def test_a_tied_note_is_one_and_a_late_note_takes_its_syllable():
    _, second = voices("EFG A-|A/G/ G A F|E4|]")
    assert texts(second)[:7] == ["Prai", "se", "to", "the", "", "Lord,", "my"]


def test_a_slur_of_the_page_is_kept_and_none_added():
    _, second = voices("(E/F/) F G A|BGAF|E4|]")
    assert [slurs for _, slurs in second][:3] == ["a", "o", ""]


def test_a_voice_of_another_rhythm_has_no_words():
    _, second = voices("E4|E4|E4|]")
    assert not any(texts(second))


def test_a_voice_with_words_of_its_own_keeps_them():
    _, second = voices("EFGA|BGAF|E4|]\nw: A-men a-men a-men a-men a-men|")
    assert texts(second)[:2] == ["A", "men"]


def test_every_verse_is_placed():
    tune = "V:1\ncdef|\nw: one two three four\nw: a b c d\n"
    _, second = voices("EFGA|", tune=tune)
    assert texts(second) == ["one/a", "two/b", "three/c", "four/d"]


def test_no_note_changes_and_the_page_is_not_touched():
    sheet = load_sheet(f"{HEAD}{TUNE}V:2\nE/F/F G A|BGAF|E4|]\n".encode())
    before = [note.find("lyric") for note in sheet.document.root.iter("note")]
    with_words(sheet.document.root, sheet.document.bars, "all")
    assert [note.find("lyric") for note in sheet.document.root.iter("note")] == before


@pytest.mark.parametrize("words", ["all", "soprano"])
def test_a_score_without_words_stays_as_it_is(words):
    sheet = load_sheet(f"{HEAD}V:1\ncdef|\nV:2\nEFGA|\n".encode())
    assert with_words(sheet.document.root, sheet.document.bars, words) is sheet.document.root


def test_words_stand_under_the_tune_alone():
    first, second = voices("EFGA|BGAF|E4|]\nw: A-men a-men a-men a-men a-men|", words="soprano")
    assert texts(first)[0] == "Prai"
    assert not any(texts(second))
