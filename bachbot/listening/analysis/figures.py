"""The figures of an analysis: by type, by group, along the session, and by side."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.analysis import published
from bachbot.listening.analysis.analysis import Analysis
from bachbot.listening.analysis.mixed_model import Estimate, Mixed
from bachbot.listening.analysis.proportions import CHANCE, Proportion
from bachbot.listening.analysis.published import Published

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Format = Literal["svg", "png"]

_OURS, _MIXED, _THEIRS = "tab:blue", "tab:green", "tab:gray"

_Point = Proportion | Estimate | Published


def figures(analysis: Analysis, form: Format = "svg") -> dict[str, bytes]:
    """Every figure, as the content of a file, by its name without suffix.

    Parameters
    ----------
    analysis : Analysis
        What to draw.
    form : {"svg", "png"}
        Of the files.

    Returns
    -------
    dict of str to bytes
        ``by-type``, ``by-group``, ``along-the-session`` and ``by-side``; the same analysis gives
        the same bytes.
    """
    draw: dict[str, tuple[tuple[float, float], Callable[[Figure, Analysis], None]]] = {
        "by-type": ((9, 5), _by_kind),
        "by-group": ((12, 5), _by_group),
        "along-the-session": ((7, 4.5), _along),
        "by-side": ((7, 4.5), _by_side),
    }
    return {name: _rendered(size, fill, analysis, form) for name, (size, fill) in draw.items()}


def _rendered(
    size: tuple[float, float],
    fill: "Callable[[Figure, Analysis], None]",
    analysis: Analysis,
    form: Format,
) -> bytes:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Text as paths and no date: the same picture everywhere, and the same bytes.
    with mpl.rc_context({"svg.hashsalt": "bachbot", "svg.fonttype": "path"}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        fill(figure, analysis)
        out = io.BytesIO()
        metadata = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(out, format=form, dpi=150, metadata=metadata)
    return out.getvalue()


def _by_kind(figure: "Figure", analysis: Analysis) -> None:
    axis = figure.subplots()
    full = analysis.full
    mixed = full.by_kind if isinstance(full, Mixed) else {}
    _groups(axis, list(published.BY_KIND), analysis.by_kind, mixed, published.BY_KIND)
    axis.set_xlabel("what was not Bach's, and how many answers there are")
    axis.set_title("Correct answers by type")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)


def _by_group(figure: "Figure", analysis: Analysis) -> None:
    left, right = figure.subplots(1, 2, sharey=True)
    full = analysis.full
    mixed = full.by_experience if isinstance(full, Mixed) else {}
    _groups(
        left,
        list(analysis.by_experience),
        analysis.by_experience,
        mixed,
        published.BY_EXPERIENCE,
    )
    left.set_title("Correct answers by experience")
    _groups(right, list(analysis.by_age), analysis.by_age, {}, published.BY_AGE)
    right.set_title("Correct answers by age")
    right.set_ylabel("")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)


def _groups(
    axis: "Axes",
    names: Sequence[str],
    ours: Mapping[str, Proportion],
    mixed: Mapping[str, Estimate],
    theirs: Mapping[str, Published],
) -> None:
    """Points with intervals side by side: this test's, the model's, the original's."""
    rows: list[tuple[str, Mapping[str, _Point], str, str]] = [
        ("this test, answers", ours, _OURS, "o"),
        ("this test, population (mixed model)", mixed, _MIXED, "D"),
        ("the original's test", theirs, _THEIRS, "s"),
    ]
    rows = [row for row in rows if any(name in row[1] for name in names)]
    for number, (label, points, color, mark) in enumerate(rows):
        shift = (number - (len(rows) - 1) / 2) * 0.2
        at = [i + shift for i, name in enumerate(names) if name in points]
        _draw(axis, at, [points[n] for n in names if n in points], label, color, mark)
    ticks = [f"{n}\n{ours[n].answers}" if n in ours else f"{n}\n0" for n in names]
    axis.set_xticks(range(len(names)), ticks)
    axis.set_xlim(-0.6, len(names) - 0.4)
    _frame(axis)


def _draw(
    axis: "Axes",
    at: Sequence[float],
    points: Sequence[_Point],
    label: str,
    color: str,
    mark: str,
) -> None:
    values = [_value(point) for point in points]
    bounds = [_interval(point) for point in points]
    whiskers = [
        [v - b.low if b else 0 for v, b in zip(values, bounds, strict=True)],
        [b.high - v if b else 0 for v, b in zip(values, bounds, strict=True)],
    ]
    # A rounded figure may lie a hair beside the interval of its rounded count.
    whiskers = np.maximum(whiskers, 0)  # type: ignore[assignment]
    axis.errorbar(at, values, yerr=whiskers, fmt=mark, color=color, capsize=3, label=label)


def _along(figure: "Figure", analysis: Analysis) -> None:
    from matplotlib.ticker import MaxNLocator

    axis = figure.subplots()
    found = analysis.learning
    orders = list(found.by_order)
    _draw(axis, orders, list(found.by_order.values()), "this test", _OURS, "o")
    if found.slope is not None:
        counts = np.array([p.answers for p in found.by_order.values()])
        middle = np.average(orders, weights=counts)
        rate = float(np.clip(analysis.overall.value, 1e-6, 1 - 1e-6))
        line = np.linspace(min(orders), max(orders), 50)
        odds = np.log(rate / (1 - rate)) + found.slope * (line - middle)
        axis.plot(line, 1 / (1 + np.exp(-odds)), color=_OURS, alpha=0.5, label=_sloped(analysis))
    axis.set_xlabel("position in the session")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_title("Correct answers along the session")
    _frame(axis)
    axis.legend(frameon=False)


def _sloped(analysis: Analysis) -> str:
    found = analysis.learning
    bounds = found.interval
    span = f" ({bounds.low:+.2f} to {bounds.high:+.2f})" if bounds else ""
    return f"{found.slope:+.2f} log-odds a trial{span}"


def _by_side(figure: "Figure", analysis: Analysis) -> None:
    axis = figure.subplots()
    side = analysis.side
    bars = {
        'answers "left"': side.left,
        "correct answers,\nBach on the left": side.correct_where_left,
        "correct answers,\nBach on the right": side.correct_where_right,
        "correct answers,\nall": analysis.overall,
    }
    shown = {name: point for name, point in bars.items() if point.answers}
    _draw(axis, range(len(shown)), list(shown.values()), "this test", _OURS, "o")
    axis.set_xticks(range(len(shown)), [f"{n}\n{p.answers}" for n, p in shown.items()])
    axis.set_xlim(-0.6, len(shown) - 0.4)
    axis.set_title(f"By side: d' {side.sensitivity:.2f}, criterion {side.criterion:+.2f}")
    _frame(axis)
    axis.set_ylabel("proportion")


def _frame(axis: "Axes") -> None:
    axis.axhline(CHANCE, color="black", linestyle=":", linewidth=1)
    axis.set_ylim(0, 1)
    axis.set_ylabel("proportion correct")
    axis.grid(axis="y", alpha=0.3)


def _value(point: _Point) -> float:
    return point.proportion if isinstance(point, Published) else point.value


def _interval(point: _Point) -> Interval | None:
    return point.interval
