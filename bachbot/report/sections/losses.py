"""Losses: of all voices, and of alto, tenor and bass given the soprano."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bachbot.chorale import Voice
from bachbot.evaluation import losses
from bachbot.evaluation.baselines import fit_baselines, measure_baseline
from bachbot.report.context import Advance, Request, share
from bachbot.report.figures import COLORS, Figure, drawing
from bachbot.report.section import Bench, Block, Results, Section
from bachbot.tables.loss_tables import comparison_table, losses_table

TASKS: Mapping[str, tuple[Voice, ...]] = {"SATB": (), "ATB|S": (Voice.SOPRANO,)}
"""The given voices by task: all four voices, and the lower three given the soprano."""

SIXTEENTHS = tuple(f"sixteenth {n + 1} of 4/4" for n in range(16))
"""Metrical positions of a bar of 4/4, by the names of `bachbot.evaluation.loss_totals`."""

_TITLES = {
    "SATB": ("All voices", ""),
    "ATB|S": ("Alto, tenor and bass given the soprano", " --given soprano"),
}


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Losses on the validation part and on the part of the report, also of baselines."""
    jobs = _jobs(bench)
    found: dict[str, dict[str, Any]] = {task: {} for task in TASKS}
    for index, (task, name) in enumerate(jobs):
        measured = losses.measure(
            bench.model,
            bench.context.part(name),
            given=TASKS[task],
            progress=share(advance, index, len(jobs)),
        )
        found[task][name] = _plain(bench, measured)
    return {
        "needs_length": bench.model.needs_length,
        "tasks": found,
        "baselines": bench.context.cached_data(
            "losses of baselines", lambda a: _baselines(bench, a)
        ),
    }


def _jobs(bench: Bench) -> list[tuple[str, str]]:
    names = dict.fromkeys(["validation", bench.context.request.part])
    return [(task, name) for task in TASKS for name in names]


def _plain(bench: Bench, measured: losses.Losses) -> dict[str, Any]:
    if bench.context.from_jsb:
        measured = measured.with_transposition_cost().without_bar_positions()
    return measured.to_json()


def _slim(figures: dict[str, Any]) -> dict[str, Any]:
    """The same with only the nats per frame of each metrical position: there are many baselines."""
    places = {n: {"nats_per_frame": p["nats_per_frame"]} for n, p in figures["by_position"].items()}
    return {**figures, "by_position": places}


def _baselines(bench: Bench, advance: Advance) -> dict[str, Any]:
    """By baseline, task and part."""
    jobs = _jobs(bench)
    fitted = fit_baselines(bench.context.train)
    found: dict[str, dict[str, Any]] = {}
    for number, (name, baseline) in enumerate(fitted.items()):
        found[name] = {task: {} for task in TASKS}
        for index, (task, part) in enumerate(jobs):
            advanced = share(advance, number * len(jobs) + index, len(fitted) * len(jobs))
            measured = measure_baseline(
                baseline, bench.context.part(part), TASKS[task], progress=advanced
            )
            found[name][task][part] = _slim(_plain(bench, measured))
    return found


def blocks(results: Results, request: Request) -> list[Block]:
    """For each task a table of all models and a figure by metrical position; each model in full."""
    split = f" --split {request.split}" if request.split != "tune" else ""
    found: list[Block] = []
    for index, task in enumerate(TASKS):
        table = comparison_table(rows(task, results), request.split, TASKS[task])
        found.append(table.printed_by(f"bachbot evaluate losses{_TITLES[task][1]}{split}"))
        lines = _by_place(task, results, request)
        if lines:
            found.append(_figure(f"places-{index}", task, lines, request))
        for name, result in results.items():
            full = losses_table(
                result["tasks"][task], TASKS[task], needs_length=result["needs_length"]
            )
            command = f"bachbot evaluate losses --checkpoint {name}{_TITLES[task][1]}{split}"
            found.append(replace(full, title=f"{name}: {full.title}", command=command))
    return found


def rows(task: str, results: Results) -> list[dict[str, Any]]:
    """Checkpoints, then baselines, as `bachbot.tables.loss_tables.comparison_table` reads them."""
    return [
        {
            "name": name,
            "kind": "checkpoint" if name in results else "baseline",
            "needs_length": name in results and results[name]["needs_length"],
            "notes": (),
            "parts": parts,
        }
        for name, parts in losses_of(task, results).items()
    ]


def losses_of(task: str, results: Results) -> dict[str, dict[str, Any]]:
    """The losses by model and part, checkpoints first and then baselines."""
    found = {name: result["tasks"][task] for name, result in results.items()}
    for result in results.values():
        found |= {name: tasks[task] for name, tasks in result["baselines"].items()}
    return found


def _by_place(task: str, results: Results, request: Request) -> dict[str, list[float | None]]:
    """Nats per frame at each sixteenth of a bar of 4/4; of the baselines only the best."""
    figures_of = {name: parts[request.part] for name, parts in losses_of(task, results).items()}
    best = min(
        (name for name in figures_of if name not in results),
        key=lambda name: figures_of[name]["nats_per_frame"],
        default=None,
    )
    return {
        name: [figures["by_position"][place]["nats_per_frame"] for place in SIXTEENTHS]
        for name, figures in figures_of.items()
        if (name in results or name == best)
        and all(place in figures["by_position"] for place in SIXTEENTHS)
    }


def _figure(
    key: str, task: str, lines: Mapping[str, Sequence[float | None]], request: Request
) -> Figure:
    with drawing(key, 2.7) as drawn:
        [axes] = drawn.axes
        width = 0.8 / len(lines)
        for number, (name, nats) in enumerate(lines.items()):
            left = [place + (number - (len(lines) - 1) / 2) * width for place in range(len(nats))]
            heights = [0.0 if n is None else n for n in nats]
            axes.bar(left, heights, width, color=COLORS[number % len(COLORS)], label=name)
        ticks = [f"beat {n // 4 + 1}" if n % 4 == 0 else "" for n in range(len(SIXTEENTHS))]
        axes.set_xticks(range(len(SIXTEENTHS)), ticks)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel("nats per frame")
        axes.legend()
    return Figure(
        drawn.svg,
        f"{_TITLES[task][0]}: nats per frame at each sixteenth of a bar of 4/4, {request.part} "
        "part, all counted voices. Most of the loss is where notes begin.",
    )


LOSSES = Section("losses", "Losses", compute, blocks)
