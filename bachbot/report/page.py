"""The report as one self-contained page, written into a folder and read again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from bachbot.corpus.store import is_held_out
from bachbot.errors import OutputError, UsageError
from bachbot.files import write_atomically
from bachbot.report.reporting import FORMAT, Report
from bachbot.report.section import Block, Paragraph
from bachbot.tables import Cell, Table, to_html
from bachbot.tables.decoding_tables import PARALLELS
from bachbot.tables.detection_tables import CLASSIFIER_ACCURACY
from bachbot.tables.run_tables import duration, times_table
from bachbot.tables.style_tables import STYLE_DISTANCE
from bachbot.tables.table import number, percent

_TEMPLATE = "report.html.j2"


@dataclass(frozen=True)
class Part:
    """A part of the page.

    Parameters
    ----------
    name, title : str
        Its anchor and its heading.
    blocks : sequence of Block
        Its content.
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
        headline=[cell for cell in _headline(report) if cell.text],
        parts=parts,
        kind=lambda block: type(block).__name__,
        html=to_html,
    )


def _parts(report: Report) -> Iterator[Part]:
    for chapter in report.chapters:
        blocks: list[Block] = [
            Paragraph(f"{name} could not be measured: {error}", error=True)
            for name, error in chapter.errors.items()
        ]
        if chapter.results:
            blocks += chapter.section.blocks(chapter.results, report.request)
        yield Part(chapter.section.name, chapter.section.title, blocks)
    times: list[Table] = [times_table(report.times)]
    yield Part("times", "Where the time went", times)
    yield Part("made", "How this was made", [_machine(report.about)])


def _title(report: Report) -> str:
    names = " and ".join(c["name"] for c in report.about["checkpoints"])
    return f"bachbot: evaluation of {names}"


def _about(report: Report) -> list[str]:
    request, corpus = report.request, report.about["corpus"]
    how = "tune: no tune is in two parts" if request.split == "tune" else "file"
    count = f"{corpus['pieces']} pieces"
    if request.limit is not None:
        count += f", limited to the first {request.limit}"
    lines = [
        f"Measured on the {request.part} part ({count}, {corpus['frames']:,} frames of a "
        f"sixteenth) of Bach's four-part chorales, split by {how}; the training part has "
        f"{corpus['train']} pieces. Corpus {corpus['fingerprint']}.",
    ]
    lines += [_checkpoint_line(c, report) for c in report.about["checkpoints"]]
    for name, pieces in corpus["peers"].items():
        lines.append(f"Compared with: {name}, {pieces} pieces.")
    lines.append(
        f"Made on {report.times['finished'].replace('T', ' ')} in "
        f"{duration(report.times['seconds'])}."
    )
    return lines


def _checkpoint_line(checkpoint: Mapping[str, Any], report: Report) -> str:
    line = (
        f"{checkpoint['name']}: kind {checkpoint['kind']}, {checkpoint['weights']:,} weights, "
        f"fingerprint {checkpoint['fingerprint']}."
    )
    if checkpoint["split"] not in (None, report.request.split):
        line += f" Trained on the split by {checkpoint['split']}, which includes some of these."
    elif not is_held_out(report.about["corpus"]["fingerprint"], checkpoint["corpus_fingerprint"]):
        line += " Trained on another prepared corpus, perhaps on some of these pieces."
    return line


def _headline(report: Report) -> Iterator[Cell]:
    """A few figures of the first checkpoint that has them, each with what it is."""
    found = {c.section.name: next(iter(c.results.values()), None) for c in report.chapters}
    part = report.request.part
    if (losses := found.get("losses")) is not None:
        nats = losses["tasks"]["ATB|S"][part]["nats_per_frame"]
        yield number(nats, 3, detail="nats per frame, alto, tenor and bass given the soprano")
    if (writing := found.get("partwriting")) is not None:
        sums = {n: writing[n]["partwriting"]["sums"]["parallels"] for n in ("harmonized", "Bach")}
        bach = number(sums["Bach"]["rate"], 2).text
        unit = f"per {sums['Bach']['per']} {sums['Bach']['unit']}s"
        label = f"{PARALLELS} {unit}, harmonized" + (f"; Bach {bach}" if bach else "")
        yield number(sums["harmonized"]["rate"], 2, detail=label)
    if (style := found.get("style")) is not None:
        grade = style["harmonized"]["grade"]
        ours, bach = (grade[who]["medians"]["grade"]["median"] for who in ("ours", "bach"))
        label = f"{STYLE_DISTANCE}, median, harmonized; Bach, held out, {number(bach, 2).text}"
        yield number(ours, 2, detail=label)
    if (detection := found.get("detection")) is not None:
        accuracy = detection["harmonized"]["accuracy"]
        yield percent(accuracy, detail=f"{CLASSIFIER_ACCURACY}, harmonized")


def _machine(about: Mapping[str, Any]) -> Block:
    machine = about["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return Paragraph(
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; {versions}. "
        "Written by bachbot evaluate all; report.json has the same figures, without the music."
    )


PAGE, FIGURES = "report.html", "report.json"


def writable(folder: Path) -> Path:
    """Make the folder of a report before any work is done.

    Raises
    ------
    OutputError
        If it cannot be made, or a file has its name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {folder} cannot be made ({error.strerror or error}): write elsewhere"
        ) from error
    return folder


def write(report: Report, folder: Path) -> Path:
    """Write ``report.json`` and ``report.html``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If a file cannot be written.
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
        raise UsageError(
            f"{path} is no report of this version: give the report.json of 'bachbot evaluate all'"
        )
    return found
