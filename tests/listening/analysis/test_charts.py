from xml.etree import ElementTree

import numpy as np
import pytest
from listening_answers import answer

from bachbot.listening.analysis.charts import draw_charts
from bachbot.listening.analysis.results import analyze_answers
from bachbot.listening.analysis.simulation import Population, simulate_answers
from bachbot.listening.answers import Answers

NAMES = ["by-condition", "by-group", "along-the-session", "by-side"]


@pytest.fixture(scope="module")
def analysis():
    return analyze_answers(simulate_answers(Population(40, 0.6), np.random.default_rng(0)))


@pytest.mark.slow
def test_the_same_analysis_gives_the_same_bytes(analysis):
    drawn = draw_charts(analysis)
    assert list(drawn) == NAMES
    assert drawn == draw_charts(analysis)
    for content in drawn.values():
        assert ElementTree.fromstring(content).tag.endswith("svg")
        assert b"<dc:date>" not in content


@pytest.mark.slow
def test_charts_as_png(analysis):
    drawn = draw_charts(analysis, "png")
    assert list(drawn) == NAMES
    assert all(content.startswith(b"\x89PNG\r\n\x1a\n") for content in drawn.values())


@pytest.mark.slow
def test_charts_show_the_estimates(analysis):
    from bachbot.listening.analysis import charts as module

    axis_points, draw = {}, module._draw_points

    def caught(axis, at, points, label, color, mark):
        axis_points.setdefault(label, []).append([module._value(p) for p in points])
        draw(axis, at, points, label, color, mark)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_draw_points", caught)
        draw_charts(analysis)
    values = axis_points["this test, answers"][0]
    assert values == [p.value for p in analysis.by_condition.values()]
    assert axis_points["the original study"][0] == [0.76, 0.61, 0.64, 0.49, 0.73, 0.67, 0.59]
    assert axis_points["this test"][0] == [p.value for p in analysis.learning.by_position.values()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows",
    [
        [answer()],
        [answer("a", "x"), answer("b", "y", bach_side="right")],
        [answer("a", f"t{n}", position=n + 1, chosen="right") for n in range(4)],
    ],
)
def test_charts_of_few_answers(rows):
    drawn = draw_charts(analyze_answers(Answers.from_rows(rows)))
    assert list(drawn) == NAMES
