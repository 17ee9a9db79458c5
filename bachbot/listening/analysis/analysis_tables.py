"""The analysis of a listening test as tables."""

from collections.abc import Iterator, Mapping
from math import isnan

from bachbot.listening.analysis import published
from bachbot.listening.analysis.exclusions import Exclusions
from bachbot.listening.analysis.mixed_model import Estimate, MixedModel, UnfittedModel
from bachbot.listening.analysis.power import Power
from bachbot.listening.analysis.proportions import Proportion
from bachbot.listening.analysis.published import PublishedProportion
from bachbot.listening.analysis.results import Analysis
from bachbot.listening.answers import UNDISCLOSED
from bachbot.tables import Cell, Column, Table
from bachbot.tables.table import Row, figures, number

_MAX_POSITIONS = 10
"""Positions of a session that are shown; the JSON has all of them."""

_EMPTY = Cell()


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


def _exclusions_table(exclusions: Exclusions) -> Table:
    kept = exclusions.kept
    columns = (Column("", align="left"), Column("answers"), Column("", align="left"))
    participants = exclusions.answers.participants
    rows: list[Row] = [_texts("all", len(exclusions.answers), f"of {participants} participants")]
    texts = exclusions.criteria.describe()
    for reason, count in exclusions.excluded.items():
        if reason in texts:
            rows.append(_texts(f"excluded: {reason}", count, texts[reason]))
    rows.append(_texts("kept", len(kept), f"of {kept.participants} participants"))
    return Table("answers and exclusions", columns, rows)


def _texts(*values: str | float) -> Row:
    return [Cell(value) for value in values]


def _proportions_table(analysis: Analysis) -> Table:
    full, simple = analysis.full, analysis.intercept_only
    overall = simple.overall if isinstance(simple, MixedModel) else None
    conditions = full.by_condition if isinstance(full, MixedModel) else {}
    experiences = full.by_experience if isinstance(full, MixedModel) else {}
    rows = [
        _proportion("all", analysis.overall, overall, None),
        *_block("condition", analysis.by_condition, conditions, published.BY_CONDITION),
        *_block("experience", analysis.by_experience, experiences, published.BY_EXPERIENCE),
        *_block("age", analysis.by_age, {}, published.BY_AGE),
    ]
    headings = ("people", "answers", "correct", "p", "mixed model", "original study")
    notes = (
        "Below each proportion: its 95% interval. 'correct' and 'original study': Wilson intervals "
        "for independent answers. 'mixed model': in the population. p: exact two-sided test "
        "against 0.5 with Holm's correction within its block.",
        "For experience and age, the proportions of the original study are means over its "
        "conditions, weighted by its design.",
    )
    return Table("proportion correct", figures(headings), rows, notes)


def _block(
    what: str,
    ours: Mapping[str, Proportion],
    mixed: Mapping[str, Estimate],
    original: Mapping[str, PublishedProportion],
) -> Iterator[Row]:
    yield []
    for name, found in ours.items():
        label = f"{what} {UNDISCLOSED}" if name == UNDISCLOSED else name
        yield _proportion(label, found, mixed.get(name), original.get(name))


def _proportion(
    name: str,
    ours: Proportion,
    mixed: Estimate | None,
    original: PublishedProportion | None,
) -> Row:
    p_value = ours.p_value if ours.holm is None else ours.holm
    return [
        Cell(name),
        Cell(ours.participants),
        Cell(ours.answers),
        _estimate(ours),
        _p_value(p_value),
        _estimate(mixed) if mixed else _EMPTY,
        _published(original),
    ]


def _sides_table(analysis: Analysis) -> Table:
    side, learning = analysis.side, analysis.learning
    by_name = {
        'answers "left"': side.left,
        "Bach on the left": side.bach_left,
        "correct if Bach is on the left": side.correct_where_left,
        "correct if Bach is on the right": side.correct_where_right,
    }
    rows: list[Row] = [
        [Cell(name), Cell(found.answers), _estimate(found), _p_value(found.p_value)]
        for name, found in by_name.items()
    ]
    for name, value, interval in (
        ("d'", side.sensitivity, side.sensitivity_interval),
        ("criterion", side.criterion, side.criterion_interval),
    ):
        rows.append([Cell(name), _EMPTY, number(value, 2, interval.to_json()), _EMPTY])
    rows.append([])
    for position, found in list(learning.by_position.items())[:_MAX_POSITIONS]:
        name = f"correct, trial {position} of the session"
        rows.append([Cell(name), Cell(found.answers), _estimate(found), _EMPTY])
    change = Cell("change of log-odds per trial")
    if learning.slope is None or learning.interval is None or learning.p_value is None:
        rows.append([change, _EMPTY, Cell(learning.problem), _EMPTY])
    else:
        slope = number(learning.slope, 3, learning.interval.to_json())
        rows.append([change, _EMPTY, slope, _p_value(learning.p_value)])
    note = "A d' of 0 is guessing. A criterion below 0 is a bias to the left, above 0 to the right."
    return Table("sides and session", figures(("answers", "estimate", "p")), rows, (note,))


def _models_table(analysis: Analysis) -> Table:
    models = (analysis.intercept_only, analysis.full)
    fitted = [m for m in models if isinstance(m, MixedModel)]
    levels = [f"{t}: {level}" for m in fitted for t, level in m.reference_levels.items()]
    notes = (
        "Log-odds with 95% intervals. Means by variational Bayes, intervals by the curvature of "
        "the posterior.",
        *([f"Reference levels: {', '.join(levels)}."] if levels else []),
        *dict.fromkeys(line for m in models for line in _notes(m)),
    )
    rows: list[Row] = [
        [Cell(name), *(_effect(m, name) for m in models)]
        for name in dict.fromkeys(n for m in fitted for n in m.effects)
    ]
    rows.append([])
    for what in ("participant", "trial") if fitted else ():
        deviations = (_deviation(m, f"{what}_sd") for m in models)
        rows.append([Cell(f"standard deviation of {what}s"), *deviations])
    return Table(
        "mixed-effects logistic regression, random effects of participants and trials",
        figures(("intercept only", "with condition, experience, position")),
        rows,
        notes,
    )


def _effect(model: MixedModel | UnfittedModel, name: str) -> Cell:
    if isinstance(model, UnfittedModel) or name not in model.effects:
        return _EMPTY
    effect = model.effects[name]
    return number(effect.value, 2, effect.interval.to_json())


def _deviation(model: MixedModel | UnfittedModel, field: str) -> Cell:
    return _EMPTY if isinstance(model, UnfittedModel) else number(getattr(model, field), 2)


def _notes(model: MixedModel | UnfittedModel) -> tuple[str, ...]:
    if isinstance(model, UnfittedModel):
        return (f"Not fitted: {model.reason}.",)
    return tuple(f"Note: {note}." for note in model.notes)


def _power_table(analysis: Analysis) -> Table:
    first = analysis.powers[0]
    note = (
        "With the standard deviations estimated above. 'max power': with any number of "
        "participants, as the trials are a sample too. 'min trials': with enough participants. "
        "'design effect': number of answers relative to the number of independent answers with "
        "the same power."
    )
    columns = figures(("participants", "max power", "min trials", "design effect"), "trials")
    return Table(
        f"next test: power {first.target:g} to distinguish {first.proportion:g} from 0.5, "
        f"answers per participant: {first.design.answers_per_participant}",
        columns,
        [_power_row(power) for power in analysis.powers],
        (note,),
    )


def _power_row(power: Power) -> Row:
    return [
        Cell(power.design.trials),
        Cell("no number is enough" if power.participants is None else power.participants),
        number(power.max_power, 2),
        Cell("over a million" if power.min_trials is None else power.min_trials),
        number(power.design_effect, 1),
    ]


def _related_results_table() -> Table:
    columns = (
        Column("", align="left"), Column("proportion"),
        Column("source", align="left"), Column("remark", align="left"),
    )  # fmt: skip
    rows = [
        [Cell(related.what), _published(related.result), Cell(related.source), Cell(related.remark)]
        for related in published.RELATED_RESULTS
    ]
    return Table("published results", columns, rows)


def _published(result: PublishedProportion | None) -> Cell:
    if result is None:
        return _EMPTY
    return number(result.proportion, 3, result.interval.to_json() if result.interval else None)


def _estimate(found: Proportion | Estimate) -> Cell:
    """The estimate and its interval; empty if there are no answers."""
    return number(found.value, 3, found.interval.to_json())


def _p_value(p_value: float) -> Cell:
    return Cell("< .001") if not isnan(p_value) and p_value < 0.001 else number(p_value, 3)
