"""A singer's own page has the voice as it is, its words, and cues after long rests."""

import pytest

from bachbot.scores import load_sheet
from bachbot.scores.practice.pages import cue_bars, singer_page, singer_tree
from bachbot.scores.practice.singers import ensemble_of
from bachbot.scores.save import xml_text

PIECE = (
    "X:1\nT:Canon\nM:4/4\nL:1/4\nK:C\n"
    "V:1 name=Soprano\ncdef|gfed|cdef|g4|]\nw: one two three four one two three four a b c d e|\n"
    "V:2 name=Alto\nEFGA|GAGF|EFGA|G4|]\n"
    "V:3 name=Tenor\nz4|z4|cdef|g4|]\n"
    "V:4 name=Bass\nz4|z4|z4|C,4|]\n"
)


@pytest.fixture(scope="module")
def ensemble():
    return ensemble_of(load_sheet(PIECE.encode()))


def notes(tree, *, cue):
    return [n for n in tree.iter("note") if (n.find("cue") is not None) == cue]


def test_long_rests_before_an_entry_have_a_cue(ensemble):
    bars = ensemble.document.bars
    found = [cue_bars(singer.notes, bars) for singer in ensemble.singers]
    assert found == [[], [], [1], [2]]


def test_a_cue_is_the_bar_of_the_highest_voice_nearby(ensemble):
    tree = singer_tree(ensemble, 3)
    cues = notes(tree, cue=True)
    assert [(n.findtext("pitch/step"), n.findtext("pitch/octave")) for n in cues] == [
        ("C", "3"), ("D", "3"), ("E", "3"), ("F", "3"),
    ]  # fmt: skip
    assert not any(n.find("lyric") is not None for n in cues)
    assert "Soprano" in [w.text for w in tree.iter("words")]
    # The bars keep their lengths, and the reader passes over the cues.
    again = load_sheet(xml_text(tree).encode())
    assert [bar.length for bar in again.document.bars] == [4, 4, 4, 4]
    assert [n.pitch for n in again.voices[0].notes] == [48]


def test_the_voice_is_as_it_was_with_its_words(ensemble):
    for number, singer in enumerate(ensemble.singers):
        sheet = load_sheet(xml_text(singer_tree(ensemble, number)).encode())
        assert [(n.start, n.length, n.pitch) for n in sheet.voices[0].notes] == [
            (n.start, n.length, n.pitch) for n in singer.notes
        ]
    words = [n.findtext("lyric/text") for n in notes(singer_tree(ensemble, 1), cue=False)]
    assert words[:5] == ["one", "two", "three", "four", "one"]


def test_the_page_names_piece_and_voice(ensemble):
    tree = singer_tree(ensemble, 2)
    assert tree.findtext("work/work-title") == "Canon"
    assert tree.findtext("part-list/score-part/part-name") == "Tenor"
    assert singer_page(ensemble, 2).startswith(b"%PDF")


def test_a_part_of_several_staves_is_one_voice():
    piano = (
        "X:1\nL:1/1\nK:C\n%%score (1) {2 3}\nV:1 name=Solo\nc|c|\n"
        "V:2\n[EG]|[EG]|\nV:3\n[C,C]|[C,C]|\n"
    )
    ensemble = ensemble_of(load_sheet(piano.encode()))
    assert len(ensemble.singers) in (2, 3)  # as the reader of ABC groups staves
    assert sum(len(singer.notes) for singer in ensemble.singers) == 10
