"""The harmony that a user gives, read for a score."""

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import GivenHarmony, Key
from bachbot.errors import UsageError
from bachbot.scores import Score, beats_of
from bachbot.scores.given_harmony import bass_notes, figures_of, score_harmony
from bachbot.theory.given.figured_bass import parse_figures
from bachbot.theory.given.given_cadences import parse_cadences
from bachbot.theory.given.given_chords import parse_chords

Chords: TypeAlias = str | Path | GivenHarmony
"""Chords as text, as a file of such text, as ``"score"``, or as they are."""

OWN = "score"
"""Stands for the chords that a score has itself."""

NO_FIGURES = "none"
"""Stands for a bass without figures, or whose figures are not used."""

_MAX_BYTES = 2**20


def given_harmony(
    score: Score,
    cells: NDArray[np.bool_],
    chords: Chords | None = None,
    cadences: str | None = None,
) -> GivenHarmony:
    """Read the chords and cadences that are given for a score.

    Parameters
    ----------
    score : Score
        The score.
    cells : ndarray of bool, shape [T, 4]
        What is given of it.
    chords, cadences
        As `bachbot.engine.Engine.harmonize` takes them.

    Raises
    ------
    UsageError
        If one of them cannot be read.
    """
    bars = beats_of(score)
    found = GivenHarmony()
    if isinstance(chords, GivenHarmony):
        found = chords
    elif chords == OWN:
        found = score_harmony(score)
    elif chords is not None:
        found = parse_chords(_text(chords), bars, _written_key(score))
    if cadences is not None:
        found = found.with_precedence(parse_cadences(cadences, bars, score.chorale, cells))
    return found


def given_figures(score: Score, figures: str | Path | None) -> GivenHarmony:
    """Read the figures of a bass.

    Parameters
    ----------
    score : Score
        With a bass.
    figures : str or Path, optional
        Text, a file of it, or ``"none"``; default: those in the score, if it has any.

    Raises
    ------
    UsageError
        If they cannot be read.
    """
    if figures is None:
        return figures_of(score) or GivenHarmony()
    if figures == NO_FIGURES:
        return GivenHarmony()
    # Text is about the score as it was written, before it was moved to another key.
    fifths = score.interval.fifths if score.interval else 0
    bass = [replace(note, name=note.name - fifths) for note in bass_notes(score)]
    return parse_figures(_text(figures), beats_of(score), bass, _written_key(score))


def _written_key(score: Score) -> Key:
    """The key of a score before its reader moved it."""
    key = score.chorale.key
    return score.interval.undo_key(key) if score.interval else key


def _text(chords: str | Path) -> str:
    """The text of chords: that of a file if there is one of this name."""
    path = Path(chords)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # a text too long for a name
        is_file = False
    if not is_file:
        if isinstance(chords, Path) or path.suffix == ".txt":
            raise UsageError(f"there is no file {path}: give a text file, or the text itself")
        return chords
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise UsageError(f"{path} is larger than a mebibyte: give a short text file")
        return content.decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} cannot be read as text ({error}): give a text file") from error
