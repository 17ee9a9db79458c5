"""Each job of the engine in one call, with a model that is loaded for it."""

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
    """Harmonize a tune: `Engine.load(checkpoint).harmonize(...)` in one call.

    Parameters
    ----------
    score : Score, str or Path
        A loaded score, or a file to load.
    checkpoint : str or Path
        Name of a shipped checkpoint, or a directory.
    given : sequence of Voice, str, sequence of str, or ndarray of bool, shape [T, 4]
        What comes back unchanged, such as ``"soprano,bass:1-2"``, as in `Engine.harmonize`.
    chords, cadences
        As in `Engine.harmonize`.
    transpose, tune
        Of a file, as in `bachbot.load_score`.
    options : DecodingOptions, optional
        Method, beam, temperature, seed, number.

    Returns
    -------
    list of DecodingResult
        Best first.

    Raises
    ------
    BachbotError
        If the file, the checkpoint or the options are bad; see `load_score` and `Engine`.
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

    Parameters
    ----------
    score : Score, str or Path
        A score with a bass, or a file to load.
    checkpoint : str or Path
        Name of a shipped checkpoint, or a directory.
    figures, cadences
        As in `Engine.realize`.
    tune : int, optional
        Of a file, as in `bachbot.load_score`.
    options : DecodingOptions, optional
        Method, beam, temperature, seed, number.

    Returns
    -------
    list of DecodingResult
        Best first.

    Raises
    ------
    BachbotError
        If the file, the checkpoint or the options are bad; see `load_score` and `Engine`.
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

    Parameters
    ----------
    show : SlideShow, str or Path
        From `bachbot.read_slideshow`, or its file.
    tune : Score, optional
        The tune. Default: the show's file is loaded.
    checkpoint : str or Path
        Name of a shipped checkpoint, or a directory.
    options : DecodingOptions, optional
        Method, beam, seed.

    Returns
    -------
    SlideShowResult
        One score, with its performance, and when the music of each slide begins.

    Raises
    ------
    BachbotError
        If a file, the checkpoint or the options are bad; see `Engine.slideshow`.
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
    """Put a tune into a mood: `Engine.load(checkpoint).mood(...)` in one call.

    Parameters
    ----------
    score : Score, str or Path
        A loaded score, or a file to load.
    name : str
        Name of the mood, as in `Engine.mood`.
    checkpoint : str or Path
        Name of a shipped checkpoint, or a directory.
    tempo : float, optional
        Quarter notes per minute. Default: the mood's.
    tune : int, optional
        Of a file, as in `bachbot.load_score`.
    options : DecodingOptions, optional
        Method, beam, temperature, seed, number.

    Returns
    -------
    list of MoodResult
        Best first.

    Raises
    ------
    BachbotError
        If the file, the checkpoint or the options are bad; see `load_score` and `Engine`.
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

    Parameters
    ----------
    request : ComposeOptions, optional
        Length in bars, meter, key and opening.
    checkpoint : str or Path
        Name of a shipped checkpoint, or a directory.
    options : DecodingOptions, optional
        Temperature, top-p, seed, number.

    Returns
    -------
    list of DecodingResult

    Raises
    ------
    BachbotError
        If the checkpoint, the request or the options are bad; see `Engine`.
    """
    return Engine.load(checkpoint).compose(request, options=options)
