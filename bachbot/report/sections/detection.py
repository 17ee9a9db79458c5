"""Detection: whether ours can be told from Bach's, and by what."""

from collections.abc import Mapping, Sequence
from typing import Any

from bachbot.chorale import Chorale
from bachbot.evaluation.detection import FEWEST_PAIRS, InformationLevel, measure, split_halves
from bachbot.report.blocks import Block, Cell, Figure, Table, Text, decimal, with_interval
from bachbot.report.context import Advance, Asked, share
from bachbot.report.figures import COLORS, FAINT, drawing
from bachbot.report.section import Bench, Results, Section

FLOOR = "Bach and Bach"
"""Two halves of his own pieces: what no detector should tell apart."""

_ASKED = {"pieces": "whole pieces", "excerpts": "sixteen beats", "pairs": "which of two"}
_CLUES = 12


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Verdicts on our sets and on two halves of Bach's own pieces."""
    context = bench.context
    found = {}
    for index, (name, ours) in enumerate(
        {"harmonized": bench.harmonized(), "composed": bench.composed()}.items()
    ):
        found[name] = measure(
            ours, context.pieces, context.families, level=_telling(bench, ours),
            progress=share(advance, index, 2),
        ).to_json()  # fmt: skip
    families = [piece.family for piece in context.corpus.pieces]
    if len(set(families)) >= 2 * FEWEST_PAIRS:
        found[FLOOR] = context.plain("detection of Bach", lambda a: _floor(bench, families, a))
    return found


def _telling(bench: Bench, ours: Sequence[Chorale]) -> InformationLevel:
    """What both sides tell: where either has no fermatas, the notes alone."""
    marked = any(chorale.fermata.any() for chorale in ours)
    return (
        InformationLevel.SCORE if marked and not bench.context.from_jsb else InformationLevel.NOTES
    )


def _floor(bench: Bench, families: Sequence[str], advance: Advance) -> dict[str, object]:
    context = bench.context
    chorales = [piece.chorale for piece in context.corpus.pieces]
    match = split_halves(chorales, families, len(context.pieces))
    found = measure(
        match.ours, match.bach, match.groups, our_groups=match.our_groups,
        level=_telling(bench, match.bach), progress=advance,
    )  # fmt: skip
    return found.to_json()


def blocks(results: Results, asked: Asked) -> list[Block]:
    """The verdicts of all checkpoints, and what gives each of them away."""
    found: list[Block] = []
    for number, (name, sets) in enumerate(results.items()):
        found += [_verdicts(name, sets, asked), _figure(f"told-{number}", name, sets)]
        for which in (n for n in sets if n != FLOOR):
            clues = sets[which]["top_features"]
            if clues:
                found.append(_clues(name, which, clues, asked))
            else:
                found.append(Text(f"{name}, {which}: no feature differs by more than chance."))
    return found


def _verdicts(name: str, sets: Mapping[str, Any], asked: Asked) -> Table:
    rows = []
    for which, found in sets.items():
        for classifier in found["classifiers"]["pieces"]:
            verdicts = [found["classifiers"][asked_of][classifier] for asked_of in _ASKED]
            cells = [with_interval(v["accuracy"], v["interval"]) for v in verdicts]
            together = classifier == next(iter(found["classifiers"]["pieces"]))
            rows.append([Cell(which, classifier, strong=together), *cells, _chance(verdicts[0])])
    pairs = ", ".join(f"{which} {found['pairs']}" for which, found in sets.items())
    return Table(
        f"{name}: how often ours is told from Bach's",
        ["set, detector", *_ASKED.values(), "p of whole pieces"],
        rows,
        note="Share of decisions that were right, 0 to 1, by detectors trained on other tunes; "
        "0.5 is what a coin gets and the best that can be; below, 95% intervals over tunes drawn "
        "anew. p: how often sides dealt by chance are told apart as well; below it how far 95 of "
        "100 of those are told. Pairs of pieces: "
        f"{pairs}. {FLOOR} are two halves of his own chorales.",
        command=f"bachbot evaluate detect --checkpoint {name}{_part(asked)}",
    )


def _chance(verdict: Mapping[str, Any]) -> Cell:
    bounds = verdict.get("chance") or [None, None]
    told = with_interval(verdict["p"], bounds, 2)
    return Cell("not asked") if verdict["p"] is None else told


def _clues(name: str, which: str, clues: list[Mapping[str, Any]], asked: Asked) -> Table:
    rows = [
        [Cell(c["feature"]), decimal(c["bach"]), decimal(c["ours"]), decimal(c["above"], 2),
         decimal(c["p"], 4)]
        for c in clues[:_CLUES]
    ]  # fmt: skip
    return Table(
        f"{name}, {which}: what gives it away",
        ["feature", "Bach", "ours", "ours has more", "p"],
        rows,
        note="Means in the feature's own unit, the clearest first"
        + (f", the first {_CLUES} of {len(clues)}" if len(clues) > _CLUES else "")
        + ". Ours has more: how often one of ours has more of it than one of Bach's, 0.5 if it "
        "is as good as his. p: how often, sides dealt by chance, any feature differs as much.",
        command=f"bachbot evaluate detect --checkpoint {name} --set {which}{_part(asked)}",
    )


def _part(asked: Asked) -> str:
    """The command's own default are all pieces that are not for training."""
    return asked.words if asked.part != "test" else f" --part test{asked.words}"


def _figure(key: str, name: str, sets: Mapping[str, Any]) -> Figure:
    with drawing(key, 0.9 + 0.5 * len(sets)) as drawn:
        [axes] = drawn.axes
        for row, found in enumerate(sets.values()):
            for number, asked_of in enumerate(_ASKED):
                verdict = next(iter(found["classifiers"][asked_of].values()))
                place = row + (number - 1) * 0.22
                axes.plot(verdict["interval"], [place, place], color=COLORS[number], lw=1.6)
                axes.plot(verdict["accuracy"], place, "o", color=COLORS[number], ms=5,
                          label=None if row else _ASKED[asked_of])  # fmt: skip
        axes.axvline(0.5, color=FAINT, lw=1.2)
        axes.set_yticks(range(len(sets)), list(sets))
        axes.set_ylim(len(sets) - 0.5, -0.5)
        axes.set_xlim(0.18, 1.02)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("told right")
        axes.legend(loc="upper left", fontsize=8)
    return Figure(
        drawn.svg,
        f"{name}: how often the detectors together are right, with 95% intervals; at the line "
        "they guess.",
    )


DETECTION = Section("detection", "Told from Bach", compute, blocks)
