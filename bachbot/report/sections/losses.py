"""Losses: nats by part, voice and place, with everything unknown and with the soprano given."""

from collections.abc import Mapping, Sequence
from typing import Any

from bachbot.chorale import VOICES, Voice
from bachbot.evaluation import losses
from bachbot.evaluation.baselines import baselines, measure_baseline
from bachbot.report.blocks import Block, Cell, Figure, Table, decimal
from bachbot.report.context import Advance, Asked, share
from bachbot.report.figures import COLORS, drawing
from bachbot.report.section import Bench, Results, Section

TASKS: Mapping[str, tuple[Voice, ...]] = {"SATB": (), "ATB|S": (Voice.SOPRANO,)}
"""What is given, by what is asked: all four voices, and the lower three given the soprano."""

SIXTEENTHS = tuple(f"sixteenth {n + 1} of 4/4" for n in range(16))
"""Places of a bar of 4/4, by the names of `bachbot.evaluation.tallies`."""

_TITLES = {
    "SATB": ("All voices, nothing given", ""),
    "ATB|S": ("Alto, tenor and bass, the soprano given", " --given soprano"),
}


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Losses of the validation part and of the part that is reported on, and of baselines."""
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
        "foresees": bench.model.needs_length,
        "tasks": found,
        "baselines": bench.context.plain("losses of baselines", lambda a: _baselines(bench, a)),
    }


def _jobs(bench: Bench) -> list[tuple[str, str]]:
    names = dict.fromkeys(["validation", bench.context.asked.part])
    return [(task, name) for task in TASKS for name in names]


def _plain(bench: Bench, measured: losses.Losses) -> dict[str, Any]:
    if bench.context.from_jsb:
        measured = measured.untransposed().unbarred()
    return measured.to_json()


def _slim(figures: dict[str, Any]) -> dict[str, Any]:
    """The same, of places only what a frame costs: there are many baselines."""
    places = {n: {"nats_per_frame": p["nats_per_frame"]} for n, p in figures["by_place"].items()}
    return {**figures, "by_place": places}


def _baselines(bench: Bench, advance: Advance) -> dict[str, Any]:
    """By baseline, task and part."""
    jobs = _jobs(bench)
    fitted = baselines(bench.context.train)
    found: dict[str, dict[str, Any]] = {}
    for number, (name, baseline) in enumerate(fitted.items()):
        found[name] = {task: {} for task in TASKS}
        for index, (task, part) in enumerate(jobs):
            told = share(advance, number * len(jobs) + index, len(fitted) * len(jobs))
            measured = measure_baseline(
                baseline, bench.context.part(part), TASKS[task], progress=told
            )
            found[name][task][part] = _slim(_plain(bench, measured))
    return found


def blocks(results: Results, asked: Asked) -> list[Block]:
    """A table for each task, and a figure of the nats by place in the bar."""
    found: list[Block] = []
    for number, task in enumerate(TASKS):
        found.append(_table(task, results, asked))
        lines = _by_place(task, results, asked)
        if lines:
            found.append(_figure(f"places-{number}", task, lines, asked))
    return found


def losses_of(task: str, results: Results) -> dict[str, dict[str, Any]]:
    """By name, checkpoints first and then baselines, the losses by part."""
    found = {name: result["tasks"][task] for name, result in results.items()}
    for result in results.values():
        found |= {name: tasks[task] for name, tasks in result["baselines"].items()}
    return found


def _by_place(task: str, results: Results, asked: Asked) -> dict[str, list[float | None]]:
    """Nats a frame at each sixteenth of a bar of 4/4; of baselines the best alone."""
    told = {name: parts[asked.part] for name, parts in losses_of(task, results).items()}
    best = min(
        (name for name in told if name not in results),
        key=lambda name: told[name]["nats_per_frame"],
        default=None,
    )
    return {
        name: [figures["by_place"][place]["nats_per_frame"] for place in SIXTEENTHS]
        for name, figures in told.items()
        if (name in results or name == best)
        and all(place in figures["by_place"] for place in SIXTEENTHS)
    }


def _figure(
    key: str, task: str, lines: Mapping[str, Sequence[float | None]], asked: Asked
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
        axes.set_ylabel("nats a frame")
        axes.legend()
    return Figure(
        drawn.svg,
        f"{_TITLES[task][0]}: nats a frame by the sixteenth of a bar of 4/4, {asked.part} part, "
        "counted voices together. What a chorale costs is paid where notes begin.",
    )


def _table(task: str, results: Results, asked: Asked) -> Table:
    title, option = _TITLES[task]
    rows = [
        _row(name, part, figures)
        for name, parts in losses_of(task, results).items()
        for part, figures in parts.items()
        if name in results or part == asked.part
    ]
    voices = [v for v in VOICES if v not in TASKS[task]]
    heads = ["checkpoint, part", "nats a frame", "a token", "an onset"]
    heads += [f"{v.label}, a token" for v in voices] + ["notes found likeliest", "all cells"]
    told = ", ".join(name for name, result in results.items() if result["foresees"])
    return Table(
        title,
        heads,
        [[*row[:4], *_by_voice(row[4], voices), *row[5:]] for row in rows],
        note="Nats: minus the natural logarithm of the probability, teacher-forced; lower is "
        "better. A frame is a sixteenth, all counted voices together; a token is a voice in a "
        "frame, ties included, and where nothing is given frame ends, fermatas and END too; an "
        "onset is a note that begins. The last two are shares of 1."
        + (f" {told}: told of length, meter, mode and fermatas, which cost nothing." * bool(told)),
        command=f"bachbot evaluate losses{option}"
        + (f" --split {asked.split}" if asked.split != "tune" else ""),
    )


def _row(name: str, part: str, figures: Mapping[str, Any]) -> list[Any]:
    return [
        Cell(f"{name}, {part}", f"{figures['pieces']} pieces"),
        Cell(decimal(figures["nats_per_frame"]).text, strong=True),
        decimal(figures["nats_per_token"]),
        decimal(figures["nats_per_onset"]),
        figures["by_kind"],
        decimal(figures["onset_accuracy"]),
        decimal(figures["accuracy"]),
    ]


def _by_voice(kinds: Mapping[str, Any], voices: Sequence[Voice]) -> list[Cell]:
    return [decimal(kinds[voice.label]["nats_per_token"]) for voice in voices]


LOSSES = Section("losses", "Losses", compute, blocks)
