"""Charts of an analysis: by condition, by group, along the session, and by side."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.analysis import published
from bachbot.listening.analysis.mixed_model import Estimate, MixedModel
from bachbot.listening.analysis.proportions import CHANCE, Proportion
from bachbot.listening.analysis.published import PublishedProportion
from bachbot.listening.analysis.results import Analysis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ChartFormat = Literal["svg", "png"]

_OURS, _MIXED, _PUBLISHED = "tab:blue", "tab:green", "tab:gray"

_Point = Proportion | Estimate | PublishedProportion


def draw_charts(analysis: Analysis, file_format: ChartFormat = "svg") -> dict[str, bytes]:
    """Draw all charts of an analysis.

    Parameters
    ----------
    analysis : Analysis
        What to draw.
    file_format : {"svg", "png"}
        Format of the files.

    Returns
    -------
    dict of str to bytes
        Contents of the files ``by-condition``, ``by-group``, ``along-the-session`` and
        ``by-side``. The same analysis gives the same bytes.
    """
    charts: dict[str, tuple[tuple[float, float], Callable[[Figure, Analysis], None]]] = {
        "by-condition": ((9, 5), _draw_conditions),
        "by-group": ((12, 5), _draw_participant_groups),
        "along-the-session": ((7, 4.5), _draw_session),
        "by-side": ((7, 4.5), _draw_sides),
    }
    return {
        name: _render(size, draw, analysis, file_format) for name, (size, draw) in charts.items()
    }


def _render(
    size: tuple[float, float],
    draw: "Callable[[Figure, Analysis], None]",
    analysis: Analysis,
    file_format: ChartFormat,
) -> bytes:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Text as paths and no date: the same picture everywhere, and the same bytes.
    with mpl.rc_context({"svg.hashsalt": "bachbot", "svg.fonttype": "path"}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure, analysis)
        out = io.BytesIO()
        metadata = {"Date": None} if file_format == "svg" else {"Software": None}
        figure.savefig(out, format=file_format, dpi=150, metadata=metadata)
    return out.getvalue()


def _draw_conditions(figure: "Figure", analysis: Analysis) -> None:
    axis = figure.subplots()
    full = analysis.full
    mixed = full.by_condition if isinstance(full, MixedModel) else {}
    names = list(published.BY_CONDITION)
    _draw_groups(axis, names, analysis.by_condition, mixed, published.BY_CONDITION)
    axis.set_xlabel("condition (what the model wrote), and number of answers")
    axis.set_title("Correct answers by condition")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)


def _draw_participant_groups(figure: "Figure", analysis: Analysis) -> None:
    left, right = figure.subplots(1, 2, sharey=True)
    full = analysis.full
    mixed = full.by_experience if isinstance(full, MixedModel) else {}
    names = list(analysis.by_experience)
    _draw_groups(left, names, analysis.by_experience, mixed, published.BY_EXPERIENCE)
    left.set_title("Correct answers by experience")
    _draw_groups(right, list(analysis.by_age), analysis.by_age, {}, published.BY_AGE)
    right.set_title("Correct answers by age")
    right.set_ylabel("")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)


def _draw_groups(
    axis: "Axes",
    names: Sequence[str],
    ours: Mapping[str, Proportion],
    mixed: Mapping[str, Estimate],
    original: Mapping[str, PublishedProportion],
) -> None:
    """Points with intervals side by side: this test, the mixed model, the original study."""
    series: list[tuple[str, Mapping[str, _Point], str, str]] = [
        ("this test, answers", ours, _OURS, "o"),
        ("this test, population (mixed model)", mixed, _MIXED, "D"),
        ("the original study", original, _PUBLISHED, "s"),
    ]
    series = [row for row in series if any(name in row[1] for name in names)]
    for number, (label, points, color, marker) in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * 0.2
        x = [i + shift for i, name in enumerate(names) if name in points]
        _draw_points(axis, x, [points[n] for n in names if n in points], label, color, marker)
    ticks = [f"{n}\n{ours[n].answers}" if n in ours else f"{n}\n0" for n in names]
    axis.set_xticks(range(len(names)), ticks)
    axis.set_xlim(-0.6, len(names) - 0.4)
    _set_frame(axis)


def _draw_points(
    axis: "Axes",
    x: Sequence[float],
    points: Sequence[_Point],
    label: str,
    color: str,
    marker: str,
) -> None:
    values = [_value(point) for point in points]
    bounds = [_interval(point) for point in points]
    whiskers = [
        [v - b.low if b else 0 for v, b in zip(values, bounds, strict=True)],
        [b.high - v if b else 0 for v, b in zip(values, bounds, strict=True)],
    ]
    # A rounded proportion may be slightly outside the interval of its rounded count.
    whiskers = np.maximum(whiskers, 0)  # type: ignore[assignment]
    axis.errorbar(x, values, yerr=whiskers, fmt=marker, color=color, capsize=3, label=label)


def _draw_session(figure: "Figure", analysis: Analysis) -> None:
    from matplotlib.ticker import MaxNLocator

    axis = figure.subplots()
    learning = analysis.learning
    positions = list(learning.by_position)
    _draw_points(axis, positions, list(learning.by_position.values()), "this test", _OURS, "o")
    if learning.slope is not None:
        counts = np.array([p.answers for p in learning.by_position.values()])
        mean = np.average(positions, weights=counts)
        rate = float(np.clip(analysis.overall.value, 1e-6, 1 - 1e-6))
        line = np.linspace(min(positions), max(positions), 50)
        log_odds = np.log(rate / (1 - rate)) + learning.slope * (line - mean)
        label = _slope_label(analysis)
        axis.plot(line, 1 / (1 + np.exp(-log_odds)), color=_OURS, alpha=0.5, label=label)
    axis.set_xlabel("position in the session")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_title("Correct answers along the session")
    _set_frame(axis)
    axis.legend(frameon=False)


def _slope_label(analysis: Analysis) -> str:
    learning = analysis.learning
    bounds = learning.interval
    interval = f" ({bounds.low:+.2f} to {bounds.high:+.2f})" if bounds else ""
    return f"{learning.slope:+.2f} log-odds per trial{interval}"


def _draw_sides(figure: "Figure", analysis: Analysis) -> None:
    axis = figure.subplots()
    side = analysis.side
    bars = {
        'answers "left"': side.left,
        "correct answers,\nBach on the left": side.correct_where_left,
        "correct answers,\nBach on the right": side.correct_where_right,
        "correct answers,\nall": analysis.overall,
    }
    points = {name: point for name, point in bars.items() if point.answers}
    _draw_points(axis, range(len(points)), list(points.values()), "this test", _OURS, "o")
    axis.set_xticks(range(len(points)), [f"{n}\n{p.answers}" for n, p in points.items()])
    axis.set_xlim(-0.6, len(points) - 0.4)
    axis.set_title(f"By side: d' {side.sensitivity:.2f}, criterion {side.criterion:+.2f}")
    _set_frame(axis)
    axis.set_ylabel("proportion")


def _set_frame(axis: "Axes") -> None:
    axis.axhline(CHANCE, color="black", linestyle=":", linewidth=1)
    axis.set_ylim(0, 1)
    axis.set_ylabel("proportion correct")
    axis.grid(axis="y", alpha=0.3)


def _value(point: _Point) -> float:
    return point.proportion if isinstance(point, PublishedProportion) else point.value


def _interval(point: _Point) -> Interval | None:
    return point.interval
