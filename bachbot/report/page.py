"""The report as one page that stands alone, written into a folder and read again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from bachbot.errors import OutputError, UsageError
from bachbot.files import write_atomically
from bachbot.report.blocks import Block, Cell, Table, Text
from bachbot.report.reporting import FORMAT, Report


def times_table(times: Mapping[str, Any]) -> list[Block]:
    """A row for all that was measured or decoded, and what the whole took.

    Parameters
    ----------
    times : mapping
        As `bachbot.report.reporting.Report` holds them.
    """
    rows = [
        [
            Cell(row["what"]),
            Cell(row["of"] or ""),
            Cell(f"{row['seconds']:.1f}"),
            Cell(f"{row['processor']:.1f}"),
            Cell("measured before" if row["cached"] else ""),
        ]
        for row in times["rows"]
    ]
    made = [row for row in times["rows"] if not row["cached"]]
    before = [row for row in times["rows"] if row["cached"]]
    for label, some in (("measured now", made), ("measured before, read now", before)):
        if some:
            clock, own = (sum(row[key] for row in some) for key in ("seconds", "processor"))
            rows.append([Cell(label, strong=True), Cell(""), Cell(f"{clock:.1f}"),
                         Cell(f"{own:.1f}"), Cell("")])  # fmt: skip
    return [
        Table(
            "Seconds",
            ["what", "checkpoint", "by the clock", "of the processor", ""],
            rows,
            note=f"This run took {minutes(times['seconds'])}. What a row asked for in turn, such "
            "as a set to be decoded, is a row of its own. What was measured before of the same "
            "checkpoint, corpus and code is not measured again; its time is what it took then.",
        )
    ]


def minutes(seconds: float) -> str:
    """A time in words."""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} minutes"


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
            for name in ("harmonized", "Bach")
        )
        yield Cell(_figure(ours, 2), f"parallels a 1000 pairs that both move; Bach {bach:.2f}"
                   if bach is not None else "parallels a 1000 pairs that both move")  # fmt: skip
    if (style := found.get("style")) is not None:
        grade = style["harmonized"]["grade"]
        ours, bach = (grade[who]["medians"]["grade"]["median"] for who in ("ours", "bach"))
        yield Cell(_figure(ours, 2), f"grade of style, harmonized; Bach, held out, "
                   f"{_figure(bach, 2)}")  # fmt: skip
    if (told := found.get("detection")) is not None:
        yield Cell(f"{told['harmonized']['accuracy']:.0%}", "told from Bach, harmonized; a coin "
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


PAGE, FIGURES = "report.html", "report.json"


def writable(folder: Path) -> Path:
    """Make a folder for a report before any work is done for it.

    Raises
    ------
    OutputError
        If it cannot be made, or is a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {folder} cannot be made ({error.strerror or error}): write elsewhere"
        ) from error
    return folder


def write(report: Report, folder: Path) -> Path:
    """Write ``report.json`` and ``report.html``, each whole.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If the file system refuses.
    """
    figures = json.dumps(report.to_json(), indent=1, allow_nan=False)
    write_atomically(folder / FIGURES, figures.encode() + b"\n")
    write_atomically(folder / PAGE, page(report).encode())
    return folder / PAGE


def read(path: Path) -> dict[str, Any]:
    """A ``report.json``, or the one in a folder.

    Raises
    ------
    UsageError
        If it is missing, damaged or something else.
    """
    path = path / FIGURES if path.is_dir() else path
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror or error}): "
            "give the report.json that 'bachbot evaluate all' wrote"
        ) from error
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UsageError(f"{path} is no report: give the report.json of 'bachbot evaluate all'")
    return found
