"""Words and metronome marks above the music: what is printed, and how near its symbols are."""

import re
from xml.etree import ElementTree

import pytest
from tunes import note, tune

from bachbot.scores.engraving.engrave import engrave
from bachbot.scores.engraving.svg import SVG


def tempo_of(words, metronome, *, bold):
    weight = ' font-weight="bold"' if bold else ""
    direction = (
        f'<direction placement="above"><direction-type><words{weight}>{words}</words>'
        f"</direction-type><direction-type>{metronome}</direction-type></direction>"
    )
    page = tune(direction + "".join(note(p, 4) for p in ("C5", "D5", "E5", "F5")))
    root = ElementTree.fromstring(engrave(page)[0])
    return next(g for g in root.iter(f"{SVG}g") if g.get("class") == "tempo")


def mark(dots=0, parentheses="no"):
    dot = "<beat-unit-dot/>" * dots
    return (
        f'<metronome parentheses="{parentheses}"><beat-unit>quarter</beat-unit>{dot}'
        "<per-minute>50</per-minute></metronome>"
    )


@pytest.mark.parametrize("bold", [True, False])
@pytest.mark.parametrize("words", ["Grieving, legato", "Grieving, legato "])
def test_a_space_stands_before_the_tempo(words, bold):
    texts = [t.text for t in tempo_of(words, mark(parentheses="yes"), bold=bold).iter(f"{SVG}text")]
    assert texts == ["Grieving, legato (", " = 50)"]
    texts = [t.text for t in tempo_of(words, mark(), bold=bold).iter(f"{SVG}text")]
    assert texts == ["Grieving, legato ", " = 50"]


def test_the_dot_of_a_note_follows_it_closely():
    tempo = tempo_of("Slow", mark(dots=1), bold=True)
    places = [g.get("transform") for g in tempo.iter(f"{SVG}g") if g.get("transform")]
    (head, scale), (dot, _) = (
        re.search(r"translate\(([\d.]+), .*scale\(([\d.]+)", place).groups() for place in places
    )
    # A notehead is 0.3 em wide, and an em is 1000 units of the font.
    assert 320 * float(scale) < float(dot) - float(head) < 420 * float(scale)
    assert [t.text for t in tempo.iter(f"{SVG}text")] == ["Slow ", " = 50"]
