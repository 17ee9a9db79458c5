"""``bachbot harmonize FILE --tune all``: every tune in a file of many."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bachbot.cli.paths import (
    ScoreInput,
    check_output_file,
    folder_of,
    name_of,
    output_formats,
    printable,
    suffix_of,
)
from bachbot.errors import BachbotError, OutputError, ScoreError, UsageError
from bachbot.files import numbered

if TYPE_CHECKING:
    from bachbot.chorale import Choir, Key, Voice
    from bachbot.decoding import DecodingOptions
    from bachbot.scores import Layout
    from bachbot.scores.readers.tune import TuneHeading

_LONGEST_TITLE = 80


def harmonize_tunes(
    source: ScoreInput,
    output: list[str] | None,
    *,
    to: str | None,
    force: bool,
    voices: "tuple[Voice, ...]",
    key: "Key | None",
    transpose: str,
    options: "DecodingOptions",
    layout: "Layout",
    checkpoint: str,
    numerals: bool,
    as_json: bool = False,
    choir: "Choir | None" = None,
) -> None:
    """Harmonize every tune of a file into a folder, each named after its number and title.

    A tune that cannot be read or harmonized is reported and skipped. With `as_json` standard
    output gets one JSON object, at the end.

    Raises
    ------
    UsageError
        If the output is no folder.
    OutputError
        If the folder cannot be made.
    ScoreError
        If the file holds no tune; if some were skipped, after all others are written.
    """
    from bachbot.cli.show import page, progress, read_score
    from bachbot.engine import Engine
    from bachbot.scores import list_tunes
    from bachbot.scores.save import Saved, format_of, raise_failures, save_each

    suffixes = [suffix_of(format_) for format_ in output_formats(to) or ("musicxml",)]
    headings = list_tunes(source.source, format=source.format)
    target = _folder(output, source)
    engine = Engine.load(checkpoint)
    skipped = 0
    tunes: list[dict[str, object]] = []
    width = len(str(max(heading.number for heading in headings)))
    with progress("harmonizing") as advance:
        for done, heading in enumerate(headings, start=1):
            paths = [
                numbered(target / tune_name(heading, width, suffix), options.number)
                for suffix in suffixes
            ]
            try:
                for one in (path for versions in paths for path in versions):
                    check_output_file(one, [source.path], force=force, ask=False)
                score = read_score(
                    source, key=key, voices=voices, transpose=transpose, tune=heading.number,
                    choir=choir,
                )  # fmt: skip
                found = engine.harmonize(score, given=voices, options=options)
                outcomes: list[Saved] = []
                for files, result in zip(zip(*paths, strict=True), found, strict=True):
                    targets = [(path, format_of(path)) for path in files]
                    outcomes += save_each(page(result.score, numerals), targets, layout)
                    if as_json:
                        named = {"tune": heading.number, "files": [printable(p) for p in files]}
                        tunes.append(named | result.to_json())
                raise_failures(outcomes)
            except Exception as error:  # one bad tune never costs another
                skipped += 1
                reason = str(error)
                if not isinstance(error, BachbotError):
                    line = " ".join(f"{type(error).__name__}: {error}".split())
                    reason = f"a fault in bachbot ({line})"
                tunes.append({"tune": heading.number, "title": heading.title, "skipped": reason})
                typer.echo(f"bachbot: skipped tune {heading.number}: {reason}", err=True)
            advance(done, len(headings))
    good = len(headings) - skipped
    if as_json:
        plain = {"folder": printable(target), "total": len(headings), "tunes": tunes}
        typer.echo(json.dumps(plain, ensure_ascii=False))
    else:
        seed = f"; seed {options.seed}" if options.is_random else ""
        typer.echo(f"{printable(target)}: {good} of {len(headings)} tunes harmonized{seed}")
    if skipped:
        raise ScoreError(
            f"{skipped} of {len(headings)} tunes were skipped, the others are in "
            f"{printable(target)}: see above for each"
        )


def _folder(output: list[str] | None, source: ScoreInput) -> Path:
    """The folder to write into, which is made."""
    target = folder_of(output, "a file of many tunes") or Path(name_of(source.stem, "-harmonized"))
    if target.exists() and not target.is_dir():
        raise UsageError(
            f"{printable(target)} is no folder, and --tune all writes several files: give a folder"
        )
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {printable(target)} could not be made ({error.strerror}): give another "
            "one with -o"
        ) from error
    return target


def tune_name(heading: "TuneHeading", width: int, suffix: str) -> str:
    """The file name of a tune, such as ``07-The-Rights-of-Man.musicxml``.

    Parameters
    ----------
    heading : TuneHeading
        Its number and title.
    width : int
        Digits of the longest number, so that names sort by number.
    suffix : str
        Suffix of the file.
    """
    words = re.sub(r"[\W_]+", "-", heading.title)[:_LONGEST_TITLE].strip("-")
    number = f"{heading.number:0{width}d}"
    return name_of(f"{number}-{words}" if words else number, "", suffix)
