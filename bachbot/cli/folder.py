"""``bachbot harmonize FOLDER``: many tunes in one call."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bachbot.cli.pieces import scores_in
from bachbot.errors import BachbotError, OutputError, ScoreError, UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Key, Voice
    from bachbot.decoding import DecodingOptions
    from bachbot.engine import Arrangement
    from bachbot.scores import Layout, Score

_AT_ONCE = 240
"""How many scores are in memory at a time."""


def harmonize_folder(
    folder: Path,
    output: Path | None,
    *,
    voices: "tuple[Voice, ...]",
    key: "Key | None",
    options: "DecodingOptions",
    layout: "Layout",
    checkpoint: str,
    numerals: bool,
) -> None:
    """Harmonise every score in a folder into another one, as MusicXML.

    A score that cannot be read or harmonised is told of and skipped.

    Raises
    ------
    UsageError
        If the folder holds no score, or would be written over.
    OutputError
        If the other folder cannot be made.
    ScoreError
        If some were skipped, once all others are written.
    """
    from bachbot.cli.show import progress
    from bachbot.engine import Engine

    files = scores_in(folder)
    target = output or Path(f"{folder.resolve().name}-harmonised")
    _make(target, folder)
    engine = Engine.load(checkpoint)
    skipped = 0
    names = _names(files)
    with progress("harmonising") as advance:
        for start in range(0, len(files), _AT_ONCE):
            part = files[start : start + _AT_ONCE]
            loaded, failed = _load(part, voices, key)
            found = engine.harmonize_all(
                list(loaded.values()),
                given=voices,
                options=options,
                progress=lambda done, _, start=start: advance(start + done, len(files)),  # type: ignore[misc]
            )
            failed |= {
                p: f for p, f in zip(loaded, found, strict=True) if isinstance(f, BachbotError)
            }
            for path, done in zip(loaded, found, strict=True):
                if not isinstance(done, BachbotError):
                    _save(done, target / names[path], layout, numerals)
            for path, error in sorted(failed.items()):
                typer.echo(f"bachbot: skipped {path}: {error}", err=True)
            skipped += len(failed)
            advance(min(start + _AT_ONCE, len(files)), len(files))
    typer.echo(f"{target}: {len(files) - skipped} of {len(files)} scores harmonised")
    if skipped:
        raise ScoreError(
            f"{skipped} of {len(files)} files were skipped, the others are in {target}: "
            "mend or remove those named above"
        )


def _make(target: Path, folder: Path) -> None:
    if target.exists() and target.resolve() == folder.resolve():
        raise UsageError(f"{target} is the folder that is read: write to another one with -o")
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {target} could not be made ({error.strerror}): write elsewhere with -o"
        ) from error


def _names(files: list[Path]) -> dict[Path, str]:
    """What each result is called: by its stem, or its whole name where others share the stem."""
    stems = [p.stem.lower() for p in files]
    return {p: f"{p.stem if stems.count(p.stem.lower()) == 1 else p.name}.musicxml" for p in files}


def _load(
    files: list[Path], voices: "tuple[Voice, ...]", key: "Key | None"
) -> "tuple[dict[Path, Score], dict[Path, BachbotError]]":
    from bachbot.scores import load_score

    loaded: dict[Path, Score] = {}
    failed: dict[Path, BachbotError] = {}
    for path in files:
        try:
            loaded[path] = load_score(path, key=key, voices=voices)
        except BachbotError as error:
            failed[path] = error
    return loaded, failed


def _save(found: "list[Arrangement]", path: Path, layout: "Layout", numerals: bool) -> None:
    from bachbot.cli.show import numbered, page
    from bachbot.scores import save_score

    for where, one in zip(numbered(path, len(found)), found, strict=True):
        save_score(page(one.score, numerals), where, layout=layout)
