"""Practice material as files: tagged tracks, and a page for each voice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, get_args

from bachbot.errors import BachbotError, UsageError
from bachbot.files import write_atomically
from bachbot.scores.engraving.page_size import A4, PageSize
from bachbot.scores.practice.pages import singer_page
from bachbot.scores.practice.singers import Ensemble, ensemble_of
from bachbot.scores.practice.tracks import PracticeOptions, PracticeTrack, practice
from bachbot.scores.save import Saved
from bachbot.scores.score import Score
from bachbot.scores.sheet import Sheet
from bachbot.scores.sound.audio import encode_audio

TrackFormat = Literal["mp3", "flac", "wav", "ogg"]
"""Formats of practice tracks."""


def save_practice(
    music: Score | Sheet,
    folder: str | Path,
    options: PracticeOptions | None = None,
    *,
    format: TrackFormat = "mp3",  # noqa: A002
    page: PageSize = A4,
) -> Iterator[Saved]:
    """Write practice tracks and a page for each voice into a folder.

    Parameters
    ----------
    music : Score or Sheet
        As `practice` takes it.
    folder : str or Path
        It must exist. Files of the names of `practice_files` are replaced.
    options : PracticeOptions, optional
        Tempo, sound, levels, count-in.
    format : {"mp3", "flac", "wav", "ogg"}
        Of the tracks; each names the piece, its voice and what is heard.
    page : PageSize
        Of the pages.

    Yields
    ------
    path : Path
        Each file, as soon as it is written.
    error : BachbotError or None
        Why it could not be written; the other files are.

    Raises
    ------
    ScoreError, UsageError, OutputError
        As `practice`, before anything is written.
    """
    check_format(format)
    folder = Path(folder)
    ensemble = ensemble_of(music)
    for track in practice(music, options):
        path = folder / f"{_stem(track.number, track.kind, ensemble)}.{format}"
        tags = _tags(track, ensemble)
        yield _written(path, lambda t=track, w=tags: encode_audio(t.samples, f".{format}", tags=w))  # type: ignore[misc]
    for number in range(1, len(ensemble.singers) + 1):
        path = folder / f"{_stem(number, '', ensemble)}.pdf"
        yield _written(path, lambda n=number: singer_page(ensemble, n - 1, page))  # type: ignore[misc]


def practice_files(music: Score | Sheet, format: TrackFormat = "mp3") -> list[str]:  # noqa: A002
    """The names of the files that `save_practice` writes, in order.

    Raises
    ------
    ScoreError
        If nothing has a pitch, or there are too many voices.
    UsageError
        If there is no such format.
    """
    check_format(format)
    ensemble = ensemble_of(music)
    numbers = range(1, len(ensemble.singers) + 1)
    tracks = [_stem(0, "whole", ensemble)]
    if len(numbers) > 1:
        tracks += [_stem(n, kind, ensemble) for n in numbers for kind in ("forward", "left out")]
    return [
        *(f"{track}.{format}" for track in tracks),
        *(f"{_stem(number, '', ensemble)}.pdf" for number in numbers),
    ]


def check_format(format: str) -> None:  # noqa: A002
    """Check the format of practice tracks.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    known = get_args(TrackFormat)
    if format not in known:
        raise UsageError(f"'{format}' is not a format of practice tracks: give {', '.join(known)}")


def _written(path: Path, content: Callable[[], bytes]) -> Saved:
    try:
        write_atomically(path, content())
    except BachbotError as error:
        return path, error
    return path, None


def _stem(number: int, kind: str, ensemble: Ensemble) -> str:
    width = len(str(len(ensemble.singers)))
    if not number:
        return f"{0:0{width}d}-all-voices"
    words = [f"{number:0{width}d}", ensemble.singers[number - 1].slug, kind.replace(" ", "-")]
    return "-".join(word for word in words if word)


def _tags(track: PracticeTrack, ensemble: Ensemble) -> dict[str, str]:
    title = ensemble.title or "Practice track"
    order = {"whole": 1, "forward": 2 * track.number, "left out": 2 * track.number + 1}
    return {
        "title": f"{title}: {track.label}",
        "artist": track.voice or "all voices",
        "album": title,
        "tracknumber": str(order[track.kind]),
    }
