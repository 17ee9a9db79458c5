"""Tables of the analysis of a listening test."""

from collections.abc import Iterator, Mapping
from math import isnan

from rich.table import Table
from rich.text import Text

from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.analysis import published
from bachbot.listening.analysis.exclusions import Exclusions
from bachbot.listening.analysis.mixed_model import Estimate, MixedModel, UnfittedModel
from bachbot.listening.analysis.power import Power
from bachbot.listening.analysis.proportions import Proportion
from bachbot.listening.analysis.published import PublishedProportion
from bachbot.listening.analysis.results import Analysis
from bachbot.listening.answers import UNDISCLOSED

_MAX_POSITIONS = 10
"""Positions of a session that are shown; the JSON has all of them."""


def analysis_tables(analysis: Analysis) -> Iterator[Table]:
    """All tables of an analysis.

    Parameters
    ----------
    analysis : Analysis
        What to show.
    """
    yield _exclusions_table(analysis.exclusions)
    yield _proportions_table(analysis)
    yield _sides_table(analysis)
    yield _models_table(analysis)
    if analysis.powers:
        yield _power_table(analysis)
    yield _related_results_table()


def _table(title: str, caption: str = "") -> Table:
    return Table(title=title, title_justify="left", caption=caption, caption_justify="left")


def _exclusions_table(exclusions: Exclusions) -> Table:
    kept = exclusions.kept
    table = _table("answers and exclusions")
    table.add_column("")
    table.add_column("answers", justify="right")
    table.add_column("")
    participants = exclusions.answers.participants
    table.add_row("all", str(len(exclusions.answers)), f"of {participants} participants")
    texts = exclusions.criteria.describe()
    for reason, number in exclusions.excluded.items():
        if reason in texts:
            table.add_row(f"excluded: {reason}", str(number), texts[reason])
    table.add_row("kept", str(len(kept)), f"of {kept.participants} participants")
    return table


def _proportions_table(analysis: Analysis) -> Table:
    table = _table(
        "proportion correct",
        "Below each proportion its 95% interval. 'correct' and 'original study': Wilson intervals "
        "for independent answers. 'population': mixed model. p: exact two-sided test against 0.5 "
        "with Holm's correction within its block. For experience and age, the proportions of the "
        "original study are means over its conditions, weighted by its design.",
    )
    table.add_column("")
    columns = ("participants", "answers", "correct", "p", "population", "original study")
    for column in columns:
        table.add_column(column, justify="right")
    full, simple = analysis.full, analysis.intercept_only
    overall = simple.overall if isinstance(simple, MixedModel) else None
    _add_proportion(table, "all", analysis.overall, overall, None)
    conditions = full.by_condition if isinstance(full, MixedModel) else {}
    experiences = full.by_experience if isinstance(full, MixedModel) else {}
    _add_block(table, "condition", analysis.by_condition, conditions, published.BY_CONDITION)
    _add_block(table, "experience", analysis.by_experience, experiences, published.BY_EXPERIENCE)
    _add_block(table, "age", analysis.by_age, {}, published.BY_AGE)
    return table


def _add_block(
    table: Table,
    what: str,
    ours: Mapping[str, Proportion],
    mixed: Mapping[str, Estimate],
    original: Mapping[str, PublishedProportion],
) -> None:
    table.add_section()
    for name, found in ours.items():
        label = f"{what} {UNDISCLOSED}" if name == UNDISCLOSED else name
        _add_proportion(table, label, found, mixed.get(name), original.get(name))


def _add_proportion(
    table: Table,
    name: str,
    ours: Proportion,
    mixed: Estimate | None,
    original: PublishedProportion | None,
) -> None:
    p_value = ours.p_value if ours.holm is None else ours.holm
    table.add_row(
        name,
        str(ours.participants),
        str(ours.answers),
        _estimate(ours),
        _p_value(p_value),
        _estimate(mixed) if mixed else Text(),
        _published(original),
    )


def _sides_table(analysis: Analysis) -> Table:
    side, learning = analysis.side, analysis.learning
    table = _table(
        "sides and session",
        "A d' of 0 is guessing. A criterion below 0 is a bias to the left, above 0 one to the "
        "right.",
    )
    table.add_column("")
    table.add_column("answers", justify="right")
    table.add_column("estimate", justify="right")
    table.add_column("p", justify="right")
    rows = {
        'answers "left"': side.left,
        "Bach on the left": side.bach_left,
        "correct if Bach is on the left": side.correct_where_left,
        "correct if Bach is on the right": side.correct_where_right,
    }
    for name, found in rows.items():
        table.add_row(name, str(found.answers), _estimate(found), _p_value(found.p_value))
    table.add_row("d'", "", _with_interval(side.sensitivity, side.sensitivity_interval, 2), "")
    table.add_row("criterion", "", _with_interval(side.criterion, side.criterion_interval, 2), "")
    table.add_section()
    for position, found in list(learning.by_position.items())[:_MAX_POSITIONS]:
        name = f"correct, trial {position} of the session"
        table.add_row(name, str(found.answers), _estimate(found), "")
    change = "change of log-odds per trial"
    if learning.slope is None or learning.interval is None or learning.p_value is None:
        table.add_row(change, "", learning.problem, "")
    else:
        slope = _with_interval(learning.slope, learning.interval)
        table.add_row(change, "", slope, _p_value(learning.p_value))
    return table


def _models_table(analysis: Analysis) -> Table:
    models = (analysis.intercept_only, analysis.full)
    fitted = [m for m in models if isinstance(m, MixedModel)]
    levels = [f"{t}: {level}" for m in fitted for t, level in m.reference_levels.items()]
    notes = list(dict.fromkeys(line for m in models for line in _notes(m)))
    references = [f"Reference levels: {', '.join(levels)}."] if levels else []
    table = _table(
        "mixed-effects logistic regression, random effects of participants and trials",
        "\n".join(
            [
                "Log-odds with 95% intervals. Means by variational Bayes, intervals by the "
                "curvature of the posterior.",
                *references,
                *notes,
            ]
        ),
    )
    table.add_column("")
    table.add_column("intercept only", justify="right")
    table.add_column("with condition, experience, position", justify="right")
    for name in dict.fromkeys(n for m in fitted for n in m.effects):
        table.add_row(name, *(_effect(m, name) for m in models))
    table.add_section()
    for what in ("participant", "trial") if fitted else ():
        deviations = (_deviation(m, f"{what}_sd") for m in models)
        table.add_row(f"standard deviation of {what}s", *deviations)
    return table


def _effect(model: MixedModel | UnfittedModel, name: str) -> Text:
    if isinstance(model, UnfittedModel) or name not in model.effects:
        return Text()
    effect = model.effects[name]
    return _with_interval(effect.value, effect.interval, 2)


def _deviation(model: MixedModel | UnfittedModel, field: str) -> str:
    return "" if isinstance(model, UnfittedModel) else f"{getattr(model, field):.2f}"


def _notes(model: MixedModel | UnfittedModel) -> tuple[str, ...]:
    if isinstance(model, UnfittedModel):
        return (f"Not fitted: {model.reason}.",)
    return tuple(f"Note: {note}." for note in model.notes)


def _power_table(analysis: Analysis) -> Table:
    first = analysis.powers[0]
    table = _table(
        f"next test: power {first.target:g} to distinguish {first.proportion:g} from 0.5, "
        f"answers per participant: {first.design.answers_per_participant}",
        "With the standard deviations estimated above. 'max power': with any number of "
        "participants, as the trials are a sample too. 'min trials': with enough participants. "
        "'design effect': number of answers relative to the number of independent answers with "
        "the same power.",
    )
    for column in ("trials", "participants", "max power", "min trials", "design effect"):
        table.add_column(column, justify="right")
    for power in analysis.powers:
        table.add_row(*_power_row(power))
    return table


def _power_row(power: Power) -> tuple[str, ...]:
    return (
        str(power.design.trials),
        "no number is enough" if power.participants is None else str(power.participants),
        f"{power.max_power:.2f}",
        "over a million" if power.min_trials is None else str(power.min_trials),
        "" if power.design_effect is None else f"{power.design_effect:.1f}",
    )


def _related_results_table() -> Table:
    table = _table("published results")
    for column in ("", "proportion", "source", "remark"):
        table.add_column(column)
    for related in published.RELATED_RESULTS:
        table.add_row(related.what, _published(related.result), related.source, related.remark)
    return table


def _published(result: PublishedProportion | None) -> Text:
    if result is None:
        return Text()
    if result.interval is None:
        return Text(f"{result.proportion:.3f}")
    return _with_interval(result.proportion, result.interval)


def _estimate(found: Proportion | Estimate) -> Text:
    """The estimate and its interval; empty if there are no answers."""
    return Text() if isnan(found.value) else _with_interval(found.value, found.interval)


def _with_interval(value: float, interval: Interval, digits: int = 3) -> Text:
    """An estimate with its interval on the next line."""
    bounds = f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"
    return Text.assemble(f"{value:.{digits}f}\n", (bounds, "dim"))


def _p_value(p_value: float) -> str:
    if isnan(p_value):
        return ""
    return "< .001" if p_value < 0.001 else f"{p_value:.3f}"
