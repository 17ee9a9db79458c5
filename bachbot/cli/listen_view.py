"""An analysis of a listening test as tables."""

from collections.abc import Iterator, Mapping
from math import isnan

from rich.table import Table
from rich.text import Text

from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.analysis import published
from bachbot.listening.analysis.analysis import Analysis
from bachbot.listening.analysis.exclusions import Sifted
from bachbot.listening.analysis.mixed_model import Estimate, Mixed, Unfitted
from bachbot.listening.analysis.power import Power
from bachbot.listening.analysis.proportions import Proportion
from bachbot.listening.analysis.published import Published
from bachbot.listening.answers import NOT_TOLD


def analysis_tables(found: Analysis) -> Iterator[Table]:
    """Every table of an analysis, one after the other.

    Parameters
    ----------
    found : Analysis
        What to show.
    """
    yield _exclusions(found.sifted)
    yield _groups(found)
    yield _sides(found)
    yield _models(found)
    if found.powers:
        yield _next_test(found)
    yield _peers()


def _table(title: str, caption: str = "") -> Table:
    return Table(title=title, title_justify="left", caption=caption, caption_justify="left")


def _exclusions(sifted: Sifted) -> Table:
    kept = sifted.kept
    table = _table("answers in, answers out")
    table.add_column("")
    table.add_column("answers", justify="right")
    table.add_column("why")
    people = sifted.answers.participants
    table.add_row("came in", str(len(sifted.answers)), f"of {people} participants")
    told = sifted.rules.described()
    for reason, number in sifted.left_out.items():
        if reason in told:
            table.add_row(f"left out: {reason}", str(number), told[reason])
    table.add_row("count", str(len(kept)), f"of {kept.participants} participants")
    return table


def _groups(found: Analysis) -> Table:
    table = _table(
        "proportion correct",
        "Below each figure its interval of 95%: Wilson's of the answers and of the original's, "
        "answers taken for independent; of the population the mixed model's. p: exact, two-sided, "
        "against one half, corrected for the others of its block (Holm). The original's whole "
        "of an experience or age is weighted by its design.",
    )
    table.add_column("")
    columns = ("participants", "answers", "correct", "p", "population", "the original's")
    for column in columns:
        table.add_column(column, justify="right")
    full, plain = found.full, found.plain
    overall = plain.overall if isinstance(plain, Mixed) else None
    _add(table, "all", found.overall, overall, None)
    kinds = full.by_kind if isinstance(full, Mixed) else {}
    skills = full.by_experience if isinstance(full, Mixed) else {}
    _add_block(table, "type", found.by_kind, kinds, published.BY_KIND)
    _add_block(table, "experience", found.by_experience, skills, published.BY_EXPERIENCE)
    _add_block(table, "age", found.by_age, {}, published.BY_AGE)
    return table


def _add_block(
    table: Table,
    what: str,
    ours: Mapping[str, Proportion],
    mixed: Mapping[str, Estimate],
    theirs: Mapping[str, Published],
) -> None:
    table.add_section()
    for name, figure in ours.items():
        label = f"{what} {NOT_TOLD}" if name == NOT_TOLD else name
        _add(table, label, figure, mixed.get(name), theirs.get(name))


def _add(
    table: Table,
    name: str,
    ours: Proportion,
    mixed: Estimate | None,
    theirs: Published | None,
) -> None:
    p_value = ours.p_value if ours.holm is None else ours.holm
    table.add_row(
        name,
        str(ours.participants),
        str(ours.answers),
        _of(ours),
        _chance(p_value),
        _of(mixed) if mixed else Text(),
        _published(theirs),
    )


def _published(theirs: Published | None) -> Text:
    if theirs is None:
        return Text()
    if theirs.interval is None:
        return Text(f"{theirs.proportion:.3f}")
    return _figure(theirs.proportion, theirs.interval)


def _sides(found: Analysis) -> Table:
    side, along = found.side, found.learning
    table = _table(
        "side and session",
        "d' 0 is guessing; a criterion below 0 leans to the left, above 0 to the right. A script "
        "that keeps one side alone finds the row of that side for the whole.",
    )
    table.add_column("")
    table.add_column("answers", justify="right")
    table.add_column("figure", justify="right")
    table.add_column("p", justify="right")
    rows = {
        'answers "left"': side.left,
        "Bach on the left": side.bach_left,
        "correct where Bach was on the left": side.correct_where_left,
        "correct where Bach was on the right": side.correct_where_right,
    }
    for name, figure in rows.items():
        text = _of(figure)
        table.add_row(name, str(figure.answers), text, _chance(figure.p_value))
    table.add_row("d'", "", _figure(side.sensitivity, side.sensitivity_interval, 2), "")
    table.add_row("criterion", "", _figure(side.criterion, side.criterion_interval, 2), "")
    table.add_section()
    for order, figure in list(along.by_order.items())[:_POSITIONS]:
        text = _of(figure)
        table.add_row(f"correct, trial {order} of the session", str(figure.answers), text, "")
    if along.slope is None or along.interval is None or along.p_value is None:
        table.add_row("log-odds gained with each trial", "", along.trouble, "")
    else:
        text = _figure(along.slope, along.interval)
        table.add_row("log-odds gained with each trial", "", text, _chance(along.p_value))
    return table


_POSITIONS = 10
"""Positions of a session that are shown; all are in the JSON."""


def _models(found: Analysis) -> Table:
    models = (found.plain, found.full)
    fitted = [m for m in models if isinstance(m, Mixed)]
    against = [f"{term} against {level}" for m in fitted for term, level in m.against.items()]
    said = dict.fromkeys(line for m in models for line in _said(m))
    table = _table(
        "mixed logistic model, participants and trials at random",
        "Log-odds with intervals of 95%, by variational Bayes; their widths by the curvature of "
        "the posterior. Spreads are standard deviations.\n"
        + "\n".join([*([", ".join(against)] if against else []), *said]),
    )
    table.add_column("")
    table.add_column("intercept alone", justify="right")
    table.add_column("with type, experience, session", justify="right")
    for name in dict.fromkeys(n for m in fitted for n in m.effects):
        table.add_row(name, *(_effect(m, name) for m in models))
    table.add_section()
    for name in ("participant", "trial") if fitted else ():
        table.add_row(f"spread of {name}s", *(_spread(m, name) for m in models))
    return table


def _effect(model: Mixed | Unfitted, name: str) -> Text:
    if isinstance(model, Unfitted) or name not in model.effects:
        return Text()
    effect = model.effects[name]
    return _figure(effect.value, effect.interval, 2)


def _spread(model: Mixed | Unfitted, name: str) -> str:
    return "" if isinstance(model, Unfitted) else f"{getattr(model, f'{name}_deviation'):.2f}"


def _said(model: Mixed | Unfitted) -> tuple[str, ...]:
    if isinstance(model, Unfitted):
        return (f"not fitted: {model.reason}",)
    return tuple(f"note: {note}" for note in model.notes)


def _next_test(found: Analysis) -> Table:
    first = found.powers[0]
    table = _table(
        f"the next test: to tell {first.proportion:g} from 0.5 with a chance of {first.wanted:g}, "
        f"answers each: {first.plan.answers_each}",
        "With the spreads found here. 'at most' is the chance with any number of participants: "
        "trials are a sample too. The design effect is how many times the answers it takes that "
        "independent ones would.",
    )
    for column in ("trials", "participants", "at most", "trials needed", "design effect"):
        table.add_column(column, justify="right")
    for power in found.powers:
        table.add_row(*_power(power))
    return table


def _power(power: Power) -> tuple[str, ...]:
    return (
        str(power.plan.trials),
        "no number does" if power.participants is None else str(power.participants),
        f"{power.ceiling:.2f}",
        "over a million" if power.trials_needed is None else str(power.trials_needed),
        "" if power.design_effect is None else f"{power.design_effect:.1f}",
    )


def _peers() -> Table:
    table = _table("what others found")
    for column in ("", "proportion", "source", "but"):
        table.add_column(column)
    for peer in published.PEERS:
        table.add_row(peer.what, _published(peer.figure), peer.source, peer.remark)
    return table


def _of(figure: Proportion | Estimate) -> Text:
    """Nothing where there are no answers."""
    return Text() if isnan(figure.value) else _figure(figure.value, figure.interval)


def _figure(value: float, interval: Interval, digits: int = 3) -> Text:
    """A figure and below it its interval."""
    span = f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"
    return Text.assemble(f"{value:.{digits}f}\n", (span, "dim"))


def _chance(p_value: float) -> str:
    if isnan(p_value):
        return ""
    return "< .001" if p_value < 0.001 else f"{p_value:.3f}"
