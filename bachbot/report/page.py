"""The report as one page that stands alone: no script, no request, figures inside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from bachbot.report.blocks import Block, Cell, Text
from bachbot.report.reporting import Report
from bachbot.report.times import minutes, times_table

_TEMPLATE = "report.html.j2"


@dataclass(frozen=True)
class Part:
    """A part of the page.

    Parameters
    ----------
    name, title : str
        Its anchor and its heading.
    blocks : sequence of Block
        What stands in it.
    """

    name: str
    title: str
    blocks: Sequence[Block]


def page(report: Report) -> str:
    """The report in HTML.

    Parameters
    ----------
    report : Report
        What was measured.
    """
    # Loaded here: most commands write no page.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("bachbot.report").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    )
    parts = list(_parts(report))
    return template.render(
        title=_title(report),
        about=_about(report),
        glance=[block for block in _glance(report) if block.text],
        parts=parts,
        kind=lambda block: type(block).__name__,
    )


def _parts(report: Report) -> Iterator[Part]:
    for chapter in report.chapters:
        blocks: list[Block] = [
            Text(f"{name} could not be measured: {error}", fault=True)
            for name, error in chapter.errors.items()
        ]
        if chapter.results:
            blocks += chapter.section.blocks(chapter.results, report.asked)
        yield Part(chapter.section.name, chapter.section.title, blocks)
    yield Part("times", "Where the time went", times_table(report.times))
    yield Part("made", "How this was made", [_machine(report.about)])


def _title(report: Report) -> str:
    names = " and ".join(c["name"] for c in report.about["checkpoints"])
    return f"bachbot: {names}, evaluated"


def _about(report: Report) -> list[str]:
    asked, corpus = report.asked, report.about["corpus"]
    how = "tune family: no tune is in two parts" if asked.split == "tune" else "file"
    count = f"{corpus['pieces']} pieces"
    if asked.limit is not None:
        count += f", the first {asked.limit} at most"
    lines = [
        f"Measured on the {asked.part} part ({count}, {corpus['frames']:,} frames of a sixteenth) "
        f"of Bach's four-part chorales, split by {how}; {corpus['train']} pieces are for training. "
        f"Corpus {corpus['fingerprint']}.",
    ]
    lines += [_of_checkpoint(c, report) for c in report.about["checkpoints"]]
    for name, number in corpus["peers"].items():
        lines.append(f"Beside them: {name}, {number} pieces.")
    lines.append(
        f"Made on {report.times['finished'].replace('T', ' ')} in "
        f"{minutes(report.times['seconds'])}."
    )
    return lines


def _of_checkpoint(checkpoint: Mapping[str, Any], report: Report) -> str:
    told = (
        f"{checkpoint['name']}: kind {checkpoint['kind']}, {checkpoint['weights']:,} weights, "
        f"fingerprint {checkpoint['fingerprint']}."
    )
    if checkpoint["split"] not in (None, report.asked.split):
        told += f" Trained on the split by {checkpoint['split']}: it has heard some of these."
    elif checkpoint["corpus_fingerprint"] != report.about["corpus"]["fingerprint"]:
        told += " Trained on another prepared corpus: it may have heard some of these."
    return told


def _glance(report: Report) -> Iterator[Cell]:
    """What is seen first: a few figures of the first checkpoint that has them."""
    found = {c.section.name: next(iter(c.results.values()), None) for c in report.chapters}
    part = report.asked.part
    if (losses := found.get("losses")) is not None:
        nats = losses["tasks"]["ATB|S"][part]["nats_per_frame"]
        yield Cell(_figure(nats, 3), "nats a frame, alto, tenor and bass given the soprano")
    if (writing := found.get("partwriting")) is not None:
        ours, bach = (
            writing[name]["partwriting"]["sums"]["parallels"]["rate"]
            for name in ("harmonised", "Bach")
        )
        yield Cell(_figure(ours, 2), f"parallels a 1000 pairs that both move; Bach {bach:.2f}"
                   if bach is not None else "parallels a 1000 pairs that both move")  # fmt: skip
    if (style := found.get("style")) is not None:
        grade = style["harmonised"]["grade"]
        ours, bach = (grade[who]["medians"]["grade"]["median"] for who in ("ours", "bach"))
        yield Cell(_figure(ours, 2), f"grade of style, harmonised; Bach, held out, "
                   f"{_figure(bach, 2)}")  # fmt: skip
    if (told := found.get("detection")) is not None:
        yield Cell(f"{told['harmonised']['accuracy']:.0%}", "told from Bach, harmonised; a coin "
                   "gets 50%")  # fmt: skip


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _machine(about: Mapping[str, Any]) -> Block:
    machine = about["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return Text(
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; {versions}. "
        "Written by bachbot evaluate all; the same figures are in report.json, but for the music."
    )
