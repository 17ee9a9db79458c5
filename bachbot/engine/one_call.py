"""Each job of the engine in one call: the file and the model are loaded for it.

Each function is a method of `Engine`: `help(bachbot.Engine.harmonize)` says more of what it takes,
returns and raises, and `help(bachbot.Engine.load)` of `checkpoint`.
"""

from pathlib import Path

from bachbot.chorale import Voice
from bachbot.decoding import DecodingOptions
from bachbot.engine.engine import Engine
from bachbot.engine.given_harmony import Chords
from bachbot.engine.mood import MoodResult
from bachbot.engine.requests import ComposeOptions, DecodingResult
from bachbot.engine.slides import SlideShow, read_slideshow
from bachbot.engine.slideshow import SlideShowResult
from bachbot.files import DEFAULT_CHECKPOINT
from bachbot.scores import Score, load_score
from bachbot.scores.stretches import Kept, voices_to_load


def harmonize(
    score: Score | str | Path,
    *,
    checkpoint: str | Path = DEFAULT_CHECKPOINT,
    given: Kept = (Voice.SOPRANO,),
    chords: Chords | None = None,
    cadences: str | None = None,
    transpose: str | int = "auto",
    tune: int | None = None,
    options: DecodingOptions | None = None,
) -> list[DecodingResult]:
    """Harmonize a tune: `Engine.load(checkpoint).harmonize(...)` in one call, best first.

    `score` may be a file, which is loaded with the voices of `given`; `transpose` and `tune` are
    those of `bachbot.load_score`. `help(bachbot.Engine.harmonize)` says the rest.
    """
    if not isinstance(score, Score):
        score = load_score(score, voices=voices_to_load(given), transpose=transpose, tune=tune)
    return Engine.load(checkpoint).harmonize(
        score, given=given, chords=chords, cadences=cadences, options=options
    )


def realize(
    score: Score | str | Path,
    *,
    checkpoint: str | Path = DEFAULT_CHECKPOINT,
    figures: str | Path | None = None,
    cadences: str | None = None,
    tune: int | None = None,
    options: DecodingOptions | None = None,
) -> list[DecodingResult]:
    """Write the voices above a bass: `Engine.load(checkpoint).realize(...)` in one call.

    `score` may be a file, which is loaded with its bass; `tune` is that of `bachbot.load_score`.
    `help(bachbot.Engine.realize)` says the rest.
    """
    if not isinstance(score, Score):
        score = load_score(score, voices=(Voice.BASS,), tune=tune)
    return Engine.load(checkpoint).realize(
        score, figures=figures, cadences=cadences, options=options
    )


def slideshow(
    show: SlideShow | str | Path,
    tune: Score | None = None,
    *,
    checkpoint: str | Path = DEFAULT_CHECKPOINT,
    options: DecodingOptions | None = None,
) -> SlideShowResult:
    """Make music for a slide show: `Engine.load(checkpoint).slideshow(...)` in one call.

    `show` may be a file, as `bachbot.read_slideshow` reads it.
    `help(bachbot.Engine.slideshow)` says the rest.
    """
    if not isinstance(show, SlideShow):
        show = read_slideshow(show)
    return Engine.load(checkpoint).slideshow(show, tune, options=options)


def mood(
    score: Score | str | Path,
    name: str,
    *,
    checkpoint: str | Path = DEFAULT_CHECKPOINT,
    tempo: float | None = None,
    tune: int | None = None,
    options: DecodingOptions | None = None,
) -> list[MoodResult]:
    """Put a tune into a mood: `Engine.load(checkpoint).mood(...)` in one call, best first.

    `score` may be a file; `tune` is that of `bachbot.load_score`. `name` is joyful, solemn, tender,
    grieving, restless or serene. `help(bachbot.Engine.mood)` says the rest.
    """
    if not isinstance(score, Score):
        score = load_score(score, tune=tune)
    return Engine.load(checkpoint).mood(score, name, tempo=tempo, options=options)


def compose_pieces(
    request: ComposeOptions | None = None,
    *,
    checkpoint: str | Path = DEFAULT_CHECKPOINT,
    options: DecodingOptions | None = None,
) -> list[DecodingResult]:
    """Compose: `Engine.load(checkpoint).compose(...)` in one call.

    `request` has length, meter, key, form, words and opening (`help(bachbot.ComposeOptions)`).
    `help(bachbot.Engine.compose)` says the rest.
    """
    return Engine.load(checkpoint).compose(request, options=options)
