"""The tables of results in Markdown documents, written from a report."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bachbot.errors import UsageError
from bachbot.files import write_atomically
from bachbot.report.sections import harmonization as masked
from bachbot.report.sections.basses import TITLE as BASSES_TITLE
from bachbot.report.sections.losses import rows as losses_rows
from bachbot.report.sections.music import TITLE as MUSIC_TITLE
from bachbot.tables import Cell, Table, to_markdown
from bachbot.tables.basses_tables import basses_table
from bachbot.tables.decoding_tables import PARALLELS, partwriting_table
from bachbot.tables.detection_tables import (
    CLASSIFIER_ACCURACY,
    CONTROL,
    PAIR_ACCURACY,
    accuracy_cell,
    accuracy_table,
)
from bachbot.tables.loss_tables import document_table
from bachbot.tables.music_tables import music_table
from bachbot.tables.novelty_tables import novelty_table
from bachbot.tables.style_tables import BACH, STYLE_DISTANCE, medians_table
from bachbot.tables.table import figures, number, percent

_Report = Mapping[str, Any]

_SETS = ("harmonized", "composed")


def losses_table(report: _Report) -> Table:
    """Losses of the checkpoints, the repeated frame, and the n-gram that is best in validation."""
    results = _results(report, "losses")
    parts = list(dict.fromkeys(["validation", report["request"]["part"]]))
    by_task = {
        task: {row["name"]: row for row in losses_rows(task, results)} for task in ("ATB|S", "SATB")
    }
    grams = [name for name in by_task["ATB|S"] if name.endswith("-gram")]
    best = min(grams, key=lambda n: _per_frame(by_task["ATB|S"][n]["parts"]["validation"]))
    rows = [
        row | {"tasks": {task: by_task[task][name]["parts"] for task in by_task}}
        for name, row in by_task["ATB|S"].items()
        if name not in grams or name == best
    ]
    return document_table(rows, parts)


def _per_frame(losses: Mapping[str, Any]) -> float:
    found: float = losses["nats_per_frame"]
    return found


def harmonization_table(report: _Report) -> Table:
    """Errors by checkpoint, decoder and mask, and the published ones."""
    return masked.table("Harmonization error", _results(report, "harmonization"))


def basses(report: _Report) -> Table:
    """Pitches and faults of every checkpoint over Bach's basses."""
    return basses_table(BASSES_TITLE, _results(report, "basses"))


def partwriting(report: _Report) -> Table:
    """Rates of Bach, of what each checkpoint harmonizes, and of the peers."""
    results = _results(report, "partwriting")
    first = next(iter(results.values()))
    columns = {"Bach": first["Bach"]} | {name: r["harmonized"] for name, r in results.items()}
    columns |= {name: s for name, s in first.items() if name not in ("Bach", *_SETS)}
    return partwriting_table("Part-writing and variety, given soprano", columns)


def music(report: _Report) -> Table:
    """Every measure of Bach's pieces and of what each checkpoint harmonizes."""
    return music_table(MUSIC_TITLE, _results(report, "music"))


def style_table(report: _Report) -> Table:
    """Medians of the style distance of every set of every checkpoint."""
    results = _results(report, "style")
    sets = {f"{name}, {which}": results[name][which] for name in results for which in _SETS}
    return medians_table("Style distance", sets)


def novelty(report: _Report) -> Table:
    """What four voices share with the training pieces, for every set of every checkpoint."""
    results = _results(report, "novelty")
    columns = {BACH: next(iter(results.values()))["composed"]["Bach"]}
    columns |= {f"{name}, {which}": results[name][which]["ours"] for name in results
                for which in _SETS}  # fmt: skip
    whole = {
        name: {
            "pieces": found["pieces"],
            "figures": {"four voices": found["figures"]["four voices"]},
        }
        for name, found in columns.items()
    }
    return novelty_table("Novelty", whole, spread=False)


def detection_table(report: _Report) -> Table:
    """Accuracies for every set of every checkpoint, and for two halves of Bach's pieces."""
    results = _results(report, "detection")
    first = next(iter(results.values()))
    sets = {CONTROL: first[CONTROL]} if CONTROL in first else {}
    sets |= {f"{name}, {which}": results[name][which] for name in results for which in _SETS}
    return accuracy_table("compared with Bach's pieces", sets)


def headline_table(report: _Report) -> Table:
    """The eight figures that a README shows, for Bach's held-out pieces and every checkpoint."""
    losses, writing, style, novel, detection = (
        _results(report, name)
        for name in ("losses", "partwriting", "style", "novelty", "detection")
    )
    names = list(losses)
    part = report["request"]["part"]
    given = [losses[name]["tasks"]["ATB|S"][part] for name in names]
    bach, *ours = [next(iter(writing.values()))["Bach"], *(writing[n]["harmonized"] for n in names)]
    parallels = [of_set["partwriting"]["sums"]["parallels"] for of_set in (bach, *ours)]
    grades = [style[names[0]]["harmonized"]["grade"]["bach"]]
    grades += [style[name]["harmonized"]["grade"]["ours"] for name in names]
    copied = [novel[names[0]]["harmonized"]["Bach"]]
    copied += [novel[name]["harmonized"]["ours"] for name in names]
    classified = [detection[names[0]].get(CONTROL)]
    classified += [detection[name]["harmonized"] for name in names]
    medians = [found["medians"]["grade"] for found in grades]
    changes = [of_set["variety"]["chord_changes_per_beat"] for of_set in (bach, *ours)]
    bars = [found["figures"]["four voices"]["copied_bars"] for found in copied]
    unit = f"per {parallels[0]['per']} {parallels[0]['unit']}s"
    rows = [
        [Cell("nats per frame, A+T+B given S"), Cell(),
         *(number(found["nats_per_frame"]) for found in given)],
        [Cell(f"{PARALLELS}, {unit}"),
         *(number(r["rate"], 2, r["rate_interval"]) for r in parallels)],
        [Cell("pieces without parallel fifths or octaves, %"),
         *(percent(r["clean"], 0, r["clean_interval"]) for r in parallels)],
        [Cell("chord changes per beat"),
         *(number(figure["mean"], 3, figure["interval"]) for figure in changes)],
        [Cell(f"{STYLE_DISTANCE}, median, lower is nearer"),
         *(number(m["median"], 2, m["interval"]) for m in medians)],
        [Cell("copied bars in four voices, %"),
         *(percent(s["mean"], 1, s["interval"]) for s in bars)],
        [Cell(CLASSIFIER_ACCURACY), *(_accuracy(found, "pieces") for found in classified)],
        [Cell(PAIR_ACCURACY), *(_accuracy(found, "pairs") for found in classified)],
    ]  # fmt: skip
    return Table(
        f"{report['corpus']['pieces']} held-out pieces, harmonized",
        figures([BACH, *names]),
        rows,
        ["In parentheses: 95% bootstrap intervals over pieces (classifiers: over tunes)."],
    )


def _accuracy(found: Mapping[str, Any] | None, task: str) -> Cell:
    return Cell() if found is None else accuracy_cell(found["classifiers"][task]["majority"], 0)


TABLES: Mapping[str, Callable[[_Report], Table]] = MappingProxyType(
    {
        "headline": headline_table,
        "losses": losses_table,
        "harmonization": harmonization_table,
        "basses": basses,
        "partwriting": partwriting,
        "music": music,
        "style": style_table,
        "novelty": novelty,
        "detection": detection_table,
    }
)
"""By the name in the marks of a document."""


def _results(report: _Report, section: str) -> dict[str, Any]:
    found = report["sections"].get(section)
    if found is None or not found["results"] or found["errors"]:
        raise UsageError(
            f"the report has no complete section '{section}', which a table needs: "
            "run 'bachbot evaluate all' until it ends without an error"
        )
    results: dict[str, Any] = found["results"]
    return results


_MARK = re.compile(r"^<!-- results:(begin|end) ([\w-]+) -->$", re.MULTILINE)


def regenerate(paths: Sequence[Path], report: Mapping[str, Any]) -> dict[Path, list[str]]:
    """Write the tables of documents again; the rest of each document stays as it is.

    Parameters
    ----------
    paths : sequence of Path
        The documents. Either all of them are written, or none if one of them is wrong.
    report : mapping
        The content of ``report.json``.

    Returns
    -------
    dict of Path to list of str
        The names of the tables in each document.

    Raises
    ------
    UsageError
        If a document cannot be read, has no marks or marks that do not match, or the report lacks
        what a table needs.
    OutputError
        If a document cannot be written.
    """
    written = {path: regenerated(_read(path), report, str(path)) for path in dict.fromkeys(paths)}
    for path, (text, _) in written.items():
        write_atomically(path, text.encode())
    return {path: names for path, (_, names) in written.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(
            f"{path} cannot be read ({reason}): give the documents with --results and --readme"
        ) from error


def regenerated(text: str, report: Mapping[str, Any], where: str) -> tuple[str, list[str]]:
    """The text of a document with its tables written again, and their names.

    Parameters
    ----------
    text : str
        The whole document.
    report : mapping
        The content of ``report.json``.
    where : str
        The name of the document in an error.

    Raises
    ------
    UsageError
        If there are no marks or they do not match, or the report lacks what a table needs.
    """
    if report["request"]["limit"] is not None:
        raise UsageError(
            f"the report is limited to {report['corpus']['pieces']} pieces: "
            "make one without --limit"
        )
    marks = list(_MARK.finditer(text))
    if not marks:
        raise UsageError(
            f"{where} has no marks for results: put '<!-- results:begin losses -->' and "
            "'<!-- results:end losses -->' where a table belongs, each on a line of its own "
            f"(tables are {', '.join(TABLES)})"
        )
    pieces, names, last = [], [], 0
    for begin, end in _pairs(marks, where):
        name = begin[2]
        table = to_markdown(TABLES[name](report))
        pieces += [text[last : begin.end()], "\n\n", table, "\n\n"]
        names.append(name)
        last = end.start()
    return "".join([*pieces, text[last:]]), names


def _pairs(
    marks: Sequence[re.Match[str]], where: str
) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Marks at the beginning and the end of each table."""
    for begin, end in zip_longest(marks[::2], marks[1::2]):
        if begin[1] != "begin" or end is None or (end[1], end[2]) != ("end", begin[2]):
            raise UsageError(
                f"{where}: the mark '{begin[0]}' has no counterpart: a table begins and ends with "
                "the same name before the next one begins"
            )
        if begin[2] not in TABLES:
            raise UsageError(
                f"{where}: there is no table '{begin[2]}': tables are {', '.join(TABLES)}"
            )
        yield begin, end
