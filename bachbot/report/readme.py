"""The tables of results in Markdown, written anew from a report."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bachbot.errors import UsageError
from bachbot.evaluation.harmonization import MASKS, PUBLISHED
from bachbot.files import write_atomically

_Report = Mapping[str, Any]

_RULES = (
    ("parallels", "parallel fifths and octaves, a 1000 pairs that both move", 2),
    ("hidden fifths", "hidden fifths, a 1000 notes", 2),
    ("hidden octaves", "hidden octaves, a 1000 notes", 2),
    ("out of compass", "notes out of compass, a 1000", 2),
    ("seventh unresolved", "sevenths unresolved, %", 1),
    ("leading note unresolved", "leading notes unresolved, %", 1),
    ("tritone and seventh leaps", "tritone and seventh leaps, a 1000 moves", 2),
)
_VARIETY = (
    ("onsets_a_beat", "onsets a beat and lower voice"),
    ("different_chords_a_beat", "different chords a beat"),
    ("chord_changes_a_beat", "changes of chord a beat"),
)
_DECODERS = {"greedy": "greedy", "beam": "beam of 10", "default": "as it harmonizes"}


def losses_table(report: _Report) -> str:
    """Nats by checkpoint and baseline; of the n-grams the one that is best in validation."""
    part = report["asked"]["part"]
    results = _results(report, "losses")
    parts = list(dict.fromkeys(["validation", part]))
    heads = ["model", *(f"A + T + B given S, nats a frame: {p}" for p in parts)]
    heads += ["their notes found likeliest", *(f"all voices, nats a token: {p}" for p in parts)]
    rows = []
    told = {name: (r["tasks"], r["foresees"]) for name, r in results.items()}
    told |= {name: (tasks, False) for name, tasks in _worth_beating(results).items()}
    for name, (tasks, foresees) in told.items():
        given, whole = tasks["ATB|S"], tasks["SATB"]
        row = [f"`{name}`" if name in results else name]
        row += [_number(given[p]["nats_per_frame"]) for p in parts]
        row.append(_number(given[part]["onset_accuracy"]))
        # What looks ahead pays for no frame end: its nats a token are others'.
        row += ["" if foresees else _number(whole[p]["nats_per_token"]) for p in parts]
        rows.append(row)
    return _table(heads, rows)


def _worth_beating(results: Mapping[str, Any]) -> dict[str, Any]:
    """The frame before, repeated, and the best n-gram."""
    baselines: dict[str, Any] = next(iter(results.values()))["baselines"]
    grams = [name for name in baselines if name.endswith("-gram")]
    best = min(grams, key=lambda n: baselines[n]["ATB|S"]["validation"]["nats_per_frame"])
    return {name: b for name, b in baselines.items() if name not in grams or name == best}


def partwriting_table(report: _Report) -> str:
    """Rates of Bach, of what each checkpoint harmonizes, and of the peers."""
    results = _results(report, "partwriting")
    first = next(iter(results.values()))
    columns = {"Bach": first["Bach"]} | {f"`{n}`": r["harmonized"] for n, r in results.items()}
    columns |= {n: s for n, s in first.items() if n not in ("Bach", "harmonized", "composed")}
    rows = []
    for rule, label, digits in _RULES:
        rows.append([label, *(_rate(of_set, rule, digits) for of_set in columns.values())])
    clean = [of_set["partwriting"]["sums"]["parallels"] for of_set in columns.values()]
    told = [_spanned(c["clean"], c["clean_interval"], 0, 100) for c in clean]
    rows.insert(1, ["pieces without any, %", *told])
    for figure, label in _VARIETY:
        found = [of_set["variety"][figure] for of_set in columns.values()]
        rows.append([label, *(_spanned(f["mean"], f["interval"], 3) for f in found)])
    return _table(["", *columns], rows)


def _rate(of_set: Mapping[str, Any], rule: str, digits: int) -> str:
    writing = of_set["partwriting"]
    found = writing["sums"].get(rule) or writing["rules"].get(rule)
    return "" if found is None else _spanned(found["rate"], found["rate_interval"], digits)


def masked_table(report: _Report) -> str:
    """Shares that differ from Bach's, by checkpoint, decoder and mask, beside the published."""
    rows = []
    for name, decoders in _results(report, "harmonization").items():
        for decoder, masks in decoders.items():
            for rate in ("ter", "fer"):
                shares = [masks[m][rate]["rate"] if m in masks else None for m in MASKS]
                equal = masks["ATB"]["equal_pitch"]["rate"] if rate == "ter" else None
                label = f"`{name}`, {_DECODERS[decoder]}, {rate.upper()}"
                rows.append([label, *map(_number, shares), _number(equal)])
    for index, rate in enumerate(("TER", "FER")):
        published = [_number(PUBLISHED[mask][index]) for mask in MASKS]
        rows.append([f"BachBot as published, {rate}", *published, ""])
    return _table(["masked", *MASKS, "ATB, pitches that are Bach's"], rows)


def summary_table(report: _Report) -> str:
    """Style, novelty and detection in a few figures, with Bach's held-out pieces beside."""
    sets = ("harmonized", "composed")
    style, novelty, told = (_results(report, n) for n in ("style", "novelty", "detection"))
    heads = ["", "Bach, held out", *(f"`{name}`, {which}" for name in style for which in sets)]
    medians = [style[n][w]["grade"]["ours"]["medians"]["grade"] for n in style for w in sets]
    first = next(iter(style.values()))["harmonized"]["grade"]["bach"]["medians"]["grade"]
    rows = [
        ["grade of style, median, lower is nearer",
         *(_spanned(m["median"], m["interval"], 2) for m in (first, *medians))],
        _shared(novelty, "longest_notes", "longest passage shared in four voices, chords", 1),
        _shared(novelty, "copied_bars", "bars of four voices that a training piece has, %", 1, 100),
    ]  # fmt: skip
    verdicts = [told[n].get(w) for n in told for w in sets]
    floor = next(iter(told.values())).get("Bach and Bach")
    for asked, label in (
        ("pieces", "told from Bach by classifiers, whole pieces, %; a coin gets 50"),
        ("pairs", "the same, which of two, %"),
    ):
        rows.append([label, *(_verdict(found, asked) for found in (floor, *verdicts))])
    return _table(heads, rows)


def _shared(
    novelty: Mapping[str, Any], figure: str, label: str, digits: int, times: float = 1
) -> list[str]:
    columns = [next(iter(novelty.values()))["composed"]["Bach"]]
    columns += [sets[which]["ours"] for sets in novelty.values() for which in sets]
    spreads = [column["figures"]["four voices"][figure] for column in columns]
    return [label, *(_spanned(s["mean"], s["interval"], digits, times) for s in spreads)]


def _verdict(found: Mapping[str, Any] | None, asked: str) -> str:
    if found is None:
        return ""
    verdict = found["classifiers"][asked]["majority"]
    return _spanned(verdict["accuracy"], verdict["interval"], 0, 100)


TABLES: Mapping[str, Callable[[_Report], str]] = MappingProxyType(
    {
        "losses": losses_table,
        "partwriting": partwriting_table,
        "masked": masked_table,
        "summary": summary_table,
    }
)
"""By the name in the README's marks."""


def _results(report: _Report, section: str) -> dict[str, Any]:
    found = report["sections"].get(section)
    if found is None or not found["results"] or found["errors"]:
        raise UsageError(
            f"the report has no whole section '{section}', which a table needs: "
            "make one with 'bachbot evaluate all' that has no fault"
        )
    results: dict[str, Any] = found["results"]
    return results


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (heads, *rows)]
    lines.insert(1, "|---" * len(heads) + "|")
    return "\n".join(lines)


def _number(value: float | None, digits: int = 3) -> str:
    if value is None:
        return ""
    told = f"{value:.{digits}f}"
    return told.removeprefix("0") if told.startswith("0.") and digits > 2 else told


def _spanned(
    value: float | None, interval: Sequence[float | None], digits: int, times: float = 1
) -> str:
    """A figure and in brackets its interval of 95%."""
    if value is None:
        return ""
    low, high = interval
    told = _number(value * times, digits)
    if low is None or high is None:
        return told
    return f"{told} ({_number(low * times, digits)} to {_number(high * times, digits)})"


_MARK = re.compile(r"^<!-- results:(begin|end) ([\w-]+) -->$", re.MULTILINE)


def regenerate(path: Path, report: Mapping[str, Any]) -> list[str]:
    """Write a README's tables anew; all else stays as it is.

    Parameters
    ----------
    path : Path
        The README; written whole or not at all.
    report : mapping
        What ``report.json`` holds.

    Returns
    -------
    list of str
        Names of the tables.

    Raises
    ------
    UsageError
        If the README cannot be read, has no marks or marks that do not fit, or the report lacks
        what a table needs.
    OutputError
        If it cannot be written.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(
            f"{path} cannot be read ({reason}): give the README by --readme"
        ) from error
    written, names = regenerated(text, report, str(path))
    write_atomically(path, written.encode())
    return names


def regenerated(text: str, report: Mapping[str, Any], where: str) -> tuple[str, list[str]]:
    """A README's text with its tables written anew, and their names.

    Parameters
    ----------
    text : str
        The whole README.
    report : mapping
        What ``report.json`` holds.
    where : str
        What to call the README in a message.

    Raises
    ------
    UsageError
        If there are no marks or they do not fit, or the report lacks what a table needs.
    """
    if report["asked"]["limit"] is not None:
        raise UsageError(
            f"the report is a quick look at {report['corpus']['pieces']} pieces: "
            "make one without --limit"
        )
    marks = list(_MARK.finditer(text))
    if not marks:
        raise UsageError(
            f"{where} has no place for results: put '<!-- results:begin losses -->' and "
            "'<!-- results:end losses -->' where a table is to stand, on lines of their own "
            f"(tables are {', '.join(TABLES)})"
        )
    pieces, names, last = [], [], 0
    for begin, end in _pairs(marks, where):
        name = begin[2]
        pieces += [text[last : begin.end()], "\n", TABLES[name](report), "\n"]
        names.append(name)
        last = end.start()
    return "".join([*pieces, text[last:]]), names


def _pairs(
    marks: Sequence[re.Match[str]], where: str
) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Marks that begin and end a table, two by two."""
    for begin, end in zip_longest(marks[::2], marks[1::2]):
        if begin[1] != "begin" or end is None or (end[1], end[2]) != ("end", begin[2]):
            raise UsageError(
                f"{where}: the mark '{begin[0]}' has no other that fits: a table begins and ends "
                "by one name before the next begins"
            )
        if begin[2] not in TABLES:
            raise UsageError(
                f"{where}: there is no table '{begin[2]}': tables are {', '.join(TABLES)}"
            )
        yield begin, end
