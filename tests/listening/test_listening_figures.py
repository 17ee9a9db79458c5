from xml.etree import ElementTree

import numpy as np
import pytest
from listening_answers import answer

from bachbot.listening.analysis.analysis import analyze
from bachbot.listening.analysis.figures import figures
from bachbot.listening.analysis.power import Crowd, simulate
from bachbot.listening.answers import Answers

NAMES = ["by-type", "by-group", "along-the-session", "by-side"]


@pytest.fixture(scope="module")
def analysis():
    return analyze(simulate(Crowd(40, 0.6), np.random.default_rng(0)))


def test_the_same_analysis_gives_the_same_bytes(analysis):
    drawn = figures(analysis)
    assert list(drawn) == NAMES
    assert drawn == figures(analysis)
    for content in drawn.values():
        assert ElementTree.fromstring(content).tag.endswith("svg")
        assert b"<dc:date>" not in content


def test_as_pixels(analysis):
    drawn = figures(analysis, "png")
    assert list(drawn) == NAMES
    assert all(content.startswith(b"\x89PNG\r\n\x1a\n") for content in drawn.values())


def test_a_figure_shows_what_was_found(analysis):
    from bachbot.listening.analysis import figures as module

    axis_points, draw = {}, module._draw

    def caught(axis, at, points, label, color, mark):
        axis_points.setdefault(label, []).append([module._value(p) for p in points])
        draw(axis, at, points, label, color, mark)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_draw", caught)
        figures(analysis)
    shown = axis_points["this test, answers"][0]
    assert shown == [p.value for p in analysis.by_kind.values()]
    assert axis_points["the original's test"][0] == [0.76, 0.61, 0.64, 0.49, 0.73, 0.67, 0.59]
    assert axis_points["this test"][0] == [p.value for p in analysis.learning.by_order.values()]


@pytest.mark.parametrize(
    "rows",
    [
        [answer()],
        [answer("a", "x"), answer("b", "y", bach_side="right")],
        [answer("a", f"t{n}", order=n + 1, chosen="right") for n in range(4)],
    ],
)
def test_little_or_nothing_can_be_drawn_too(rows):
    drawn = figures(analyze(Answers.of(rows)))
    assert list(drawn) == NAMES
