"""A slide show as a file: a tune, and a mood and a number of seconds for each slide."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from bachbot.errors import UsageError
from bachbot.scores.sound.instruments import SoundPreset
from bachbot.theory.moods import mood_of

MOST_SLIDES = 200
LEAST_SECONDS, MOST_SECONDS = 1.0, 600.0
MOST_MINUTES = 30
"""A sound file lasts half an hour at most."""

_MOST_BYTES = 1 << 20
_LONGEST_TITLE = 200


@dataclass(frozen=True)
class Slide:
    """A slide.

    Parameters
    ----------
    seconds : float
        How long it is shown, 1 to 600.
    mood : str
        Name of its mood.
    title : str
        Printed above its music; may be empty.

    Raises
    ------
    UsageError
        If a value is none of these.
    """

    seconds: float
    mood: str
    title: str = ""

    def __post_init__(self) -> None:
        if not (isfinite(self.seconds) and LEAST_SECONDS <= self.seconds <= MOST_SECONDS):
            raise UsageError(
                f"a slide of {self.seconds:g} seconds: give {LEAST_SECONDS:g} to {MOST_SECONDS:g}"
            )
        mood_of(self.mood)
        if len(self.title) > _LONGEST_TITLE or not self.title.isprintable():
            raise UsageError(
                f"the title {self.title[:30]!r} is not one line of at most {_LONGEST_TITLE} "
                "characters: give a shorter one"
            )


@dataclass(frozen=True)
class SlideShow:
    """A slide show.

    Parameters
    ----------
    slides : tuple of Slide
        1 to 200, together half an hour at most.
    tune : Path, optional
        File of the tune.
    sound : str
        Instrument, as in `bachbot.Layout`.
    title : str
        Title of the piece; empty for that of the tune.

    Raises
    ------
    UsageError
        If there are none or too many, they last too long, or there is no such instrument.
    """

    slides: tuple[Slide, ...]
    tune: Path | None = None
    sound: str = "organ"
    title: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.slides) <= MOST_SLIDES:
            raise UsageError(f"{len(self.slides)} slides: give 1 to {MOST_SLIDES}")
        minutes = sum(slide.seconds for slide in self.slides) / 60
        if minutes > MOST_MINUTES - 1:
            raise UsageError(
                f"the slides last {minutes:.1f} minutes together: give {MOST_MINUTES - 1} at most"
            )
        SoundPreset.parse(self.sound)


def read_slideshow(path: str | Path) -> SlideShow:
    """Read a slide show.

    Parameters
    ----------
    path : str or Path
        A TOML file with ``tune = "FILE"`` (beside it), optional ``sound`` and ``title``, and a
        ``[[slides]]`` table for each slide with ``seconds``, ``mood`` and optional ``title``.

    Returns
    -------
    SlideShow
        All of it checked but the tune, which is read later.

    Raises
    ------
    UsageError
        If it cannot be read; the message names the slide and the key.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise UsageError(f"{path.name} has more than a megabyte: give the file of a slide show")
        found = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): give a TOML file") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120] or "nested too deep"
        raise UsageError(
            f"{path.name} is not TOML ({reason}): see 'bachbot slideshow --help'"
        ) from (error)
    try:
        return _show(found, path.parent)
    except UsageError as error:
        raise UsageError(f"{path.name}: {error}") from error


def _show(found: Mapping[str, Any], folder: Path) -> SlideShow:
    _check_keys(found, ("tune", "sound", "title", "slides"), "the show")
    slides = found.get("slides")
    if not isinstance(slides, list) or not all(isinstance(one, dict) for one in slides):
        raise UsageError("it has no [[slides]]: give one for each slide, with seconds and mood")
    tune = _text(found, "tune", "the show")
    if not tune.strip():
        raise UsageError('it names no tune: give tune = "FILE"')
    if len(slides) > MOST_SLIDES:
        raise UsageError(f"{len(slides)} slides: give 1 to {MOST_SLIDES}")
    return SlideShow(
        tuple(_slide(one, number) for number, one in enumerate(slides, start=1)),
        folder / tune,
        _text(found, "sound", "the show") or "organ",
        _text(found, "title", "the show"),
    )


def _slide(found: Mapping[str, Any], number: int) -> Slide:
    where = f"slide {number}"
    _check_keys(found, ("seconds", "mood", "title"), where)
    missing = [key for key in ("seconds", "mood") if key not in found]
    if missing:
        raise UsageError(f"{where} has no {' and no '.join(missing)}: give seconds and mood")
    seconds = found["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise UsageError(f"{where}: seconds is {str(seconds)[:30]!r}: give a number such as 12.5")
    # A TOML integer may be too long for a float.
    seconds = float(max(-1, min(seconds, 10**6)) if isinstance(seconds, int) else seconds)
    try:
        return Slide(seconds, _text(found, "mood", where), _text(found, "title", where))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _check_keys(found: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = [key for key in found if key not in known]
    if unknown:
        raise UsageError(
            f"{where} has the unknown key {unknown[0][:40]!r}: give {', '.join(known)}"
        )


def _text(found: Mapping[str, Any], key: str, where: str) -> str:
    value = found.get(key, "")
    if not isinstance(value, str):
        raise UsageError(f"{where}: {key} is {str(value)[:30]!r}: give text in quotes")
    return value
