"""Words under the notes: hyphens within a word, a line after it."""

from xml.etree import ElementTree

import pytest
from tunes import note, tune

from bachbot.scores.engraving.engrave import engrave
from bachbot.scores.engraving.svg import SVG


def sung(pitch, syllabic, text, extend):
    lyric = (
        f'<lyric number="1"><syllabic>{syllabic}</syllabic><text>{text}</text>'
        f"{'<extend/>' if extend else ''}</lyric>"
    )
    return note(pitch, 4).replace("</note>", f"{lyric}</note>")


@pytest.mark.parametrize("extend", [True, False])
def test_a_melisma_within_a_word_has_hyphens_and_no_line(extend):
    bar = sung("C5", "begin", "ti", extend) + note("D5", 4) + sung("E5", "end", "dings", False)
    root = ElementTree.fromstring(engrave(tune(bar + note("F5", 4)))[0])
    first = next(g for g in root.iter(f"{SVG}g") if g.get("class") == "syl")
    hyphens = [float(rect.get("width")) for rect in first.iter(f"{SVG}rect")]
    # Half a staff space is 80 units; a line would reach to the last note of the melisma.
    assert hyphens
    assert max(hyphens) < 150
