"""Detection: how well classifiers tell our pieces from Bach's, and by what features."""

from collections.abc import Mapping, Sequence
from typing import Any

from bachbot.chorale import Chorale
from bachbot.evaluation.detection import FEWEST_PAIRS, InformationLevel, measure, split_halves
from bachbot.report.context import Advance, Request, share
from bachbot.report.figures import COLORS, FAINT, Figure, drawing
from bachbot.report.section import Bench, Block, Paragraph, Results, Section
from bachbot.tables.detection_tables import CONTROL, TASKS, accuracy_table, features_table


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Accuracies for our sets, and for two halves of Bach's own pieces."""
    context = bench.context
    found = {}
    for index, (name, ours) in enumerate(
        {"harmonized": bench.harmonized(), "composed": bench.composed()}.items()
    ):
        found[name] = measure(
            ours, context.pieces, context.families, level=_level(bench, ours),
            progress=share(advance, index, 2),
        ).to_json()  # fmt: skip
    families = [piece.family for piece in context.corpus.pieces]
    if len(set(families)) >= 2 * FEWEST_PAIRS:
        found[CONTROL] = context.cached_data(
            "detection of Bach", lambda a: _control(bench, families, a)
        )
    return found


def _level(bench: Bench, ours: Sequence[Chorale]) -> InformationLevel:
    """How much both sides hold: only notes where either has no fermatas."""
    marked = any(chorale.fermata.any() for chorale in ours)
    return (
        InformationLevel.SCORE if marked and not bench.context.from_jsb else InformationLevel.NOTES
    )


def _control(bench: Bench, families: Sequence[str], advance: Advance) -> dict[str, object]:
    context = bench.context
    chorales = [piece.chorale for piece in context.corpus.pieces]
    match = split_halves(chorales, families, len(context.pieces))
    found = measure(
        match.ours, match.bach, match.groups, our_groups=match.our_groups,
        level=_level(bench, match.bach), progress=advance,
    )  # fmt: skip
    return found.to_json()


def blocks(results: Results, request: Request) -> list[Block]:
    """The accuracies of all checkpoints, and the top features of each set."""
    found: list[Block] = []
    for index, (name, sets) in enumerate(results.items()):
        command = f"bachbot evaluate detect --checkpoint {name}"
        table = accuracy_table(name, sets)
        found.append(table.printed_by(f"{command}{_part(request)}"))
        found.append(_figure(f"accuracy-{index}", name, sets))
        for which in (n for n in sets if n != CONTROL):
            label = f"{name}, {which}"
            if sets[which]["top_features"]:
                features = features_table(label, sets[which])
                found.append(features.printed_by(f"{command} --set {which}{_part(request)}"))
            else:
                found.append(Paragraph(f"{label}: no feature differs by more than chance."))
    return found


def _part(request: Request) -> str:
    """The default of the command is all held-out pieces, not the test part."""
    return request.arguments if request.part != "test" else f" --part test{request.arguments}"


def _figure(key: str, name: str, sets: Mapping[str, Any]) -> Figure:
    with drawing(key, 0.9 + 0.5 * len(sets)) as drawn:
        [axes] = drawn.axes
        for row, found in enumerate(sets.values()):
            for number, task in enumerate(TASKS):
                verdict = next(iter(found["classifiers"][task].values()))
                place = row + (number - 1) * 0.22
                axes.plot(verdict["interval"], [place, place], color=COLORS[number], lw=1.6)
                axes.plot(verdict["accuracy"], place, "o", color=COLORS[number], ms=5,
                          label=None if row else TASKS[task])  # fmt: skip
        axes.axvline(0.5, color=FAINT, lw=1.2)
        axes.set_yticks(range(len(sets)), list(sets))
        axes.set_ylim(len(sets) - 0.5, -0.5)
        axes.set_xlim(0.18, 1.02)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("accuracy")
        axes.legend(loc="upper left", fontsize=8)
    return Figure(
        drawn.svg,
        f"{name}: accuracy of the majority of the classifiers, with 95% bootstrap intervals; the "
        "line is chance.",
    )


DETECTION = Section("detection", "Classifiers", compute, blocks)
