"""The trials, clips and templates that the site serves, and the answer key that it keeps to itself."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from bachbot.errors import UsageError
from bachbot.listening.answer_key import read_solutions
from bachbot.listening.trials import Clip, Trial, read_trials

_MEDIA_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg"}
_BEST_FIRST = ("ogg", "mp3", "wav")


@dataclass(frozen=True)
class ClipFile:
    """A file that is served.

    Parameters
    ----------
    path : Path
        Where it lies.
    media_type : str
        What it is.
    """

    path: Path
    media_type: str


@dataclass(frozen=True)
class Material:
    """A listening test as the site needs it.

    Parameters
    ----------
    title : str
        Of the test.
    trials : tuple of Trial
        All of them.
    clips : mapping of str to ClipFile
        Files by the name under which they are served. Sounds alone: a score would be another test.
    sources : mapping of str to list of (str, str)
        Of every clip the addresses of its sounds, the smallest first, and what each is.
    bach : mapping of str to str
        Of every trial the clip that is Bach's.
    sha256 : str
        Of the trials' file.
    """

    title: str
    trials: tuple[Trial, ...]
    clips: Mapping[str, ClipFile]
    sources: Mapping[str, list[tuple[str, str]]]
    bach: Mapping[str, str]
    sha256: str

    @property
    def seconds(self) -> dict[str, float]:
        """Of every trial how long each of its clips lasts."""
        return {trial.id: trial.clips[0].seconds for trial in self.trials}

    @property
    def kind(self) -> dict[str, str]:
        """Of every trial its type."""
        return {trial.id: trial.kind for trial in self.trials}

    def minutes(self, each: int) -> int:
        """About how long a participant will take, with some time to think."""
        mean = sum(self.seconds.values()) / len(self.trials)
        return ceil(min(each, len(self.trials)) * (2 * mean + 15) / 60)


def load(folder: Path, key: Path) -> Material:
    """Read what ``bachbot listen export`` wrote.

    Parameters
    ----------
    folder : Path
        Of the trials.
    key : Path
        The file beside it.

    Raises
    ------
    UsageError
        If either cannot be read, or the key is of another folder.
    """
    folder = Path(folder)
    trials, solutions = read_trials(folder), read_solutions(key, folder)
    bach = {}
    for trial in trials.trials:
        solution = solutions.trials.get(trial.id)
        if solution is None or solution.bach not in {clip.id for clip in trial.clips}:
            raise UsageError(
                f"{key} does not say which clip of trial {trial.id} is Bach's: "
                "give the key of this test"
            )
        bach[trial.id] = solution.bach
    every = [clip for trial in trials.trials for clip in trial.clips]
    return Material(
        title=trials.title,
        trials=trials.trials,
        clips={name: file for clip in every for name, file in _files(folder, clip)},
        sources={
            clip.id: [(f"/clips/{name}", file.media_type) for name, file in _files(folder, clip)]
            for clip in every
        },
        bach=bach,
        sha256=solutions.trials_sha256,
    )


def _files(folder: Path, clip: Clip) -> Iterator[tuple[str, ClipFile]]:
    for form in _BEST_FIRST:
        if form in clip.files:
            yield f"{clip.id}.{form}", ClipFile(folder / clip.files[form], _MEDIA_TYPES[form])


_HERE = Path(__file__).parent
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Pages:
    """Fills in templates, and holds the files beside them."""

    def __init__(self) -> None:
        self._files = {p.name: p.read_bytes() for p in sorted((_HERE / "static").iterdir())}
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = self._address

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """A page.

        Parameters
        ----------
        template : str
            Its name without ``.html``.
        status : int
            Of HTTP.
        **values
            What the template asks for.
        """
        text = self._environment.get_template(f"{template}.html").render(values)
        return HTMLResponse(text, status_code=status)

    def refusal(self, status: int, message: str) -> HTMLResponse:
        """A page that says why something was not done."""
        title = HTTPStatus(status).phrase
        return self.page("refused", status, title=title, code=status, message=message)

    def file(self, name: str) -> Response | None:
        """A file beside the templates, or none."""
        content = self._files.get(name)
        if content is None:
            return None
        # Its address changes with its content, so it may be kept for good.
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(content, media_type=_TYPES[Path(name).suffix], headers=kept)

    def _address(self, name: str) -> str:
        return f"/static/{name}?{hashlib.sha256(self._files[name]).hexdigest()[:12]}"
