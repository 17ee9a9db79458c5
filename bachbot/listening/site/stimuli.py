"""The clips and the answer key of the test that the site serves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.listening.answer_key import read_answer_key
from bachbot.listening.trials import Clip, Trial, read_trials

_MEDIA_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg"}
_PREFERRED_FORMATS = ("ogg", "mp3", "wav")
_SECONDS_TO_ANSWER = 15


@dataclass(frozen=True)
class ClipFile:
    """A sound file.

    Parameters
    ----------
    path : Path
        The file.
    media_type : str
        Its type, such as ``"audio/wav"``.
    """

    path: Path
    media_type: str


@dataclass(frozen=True)
class Stimuli:
    """The test that the site serves.

    Parameters
    ----------
    title : str
        Of the test.
    trials : tuple of Trial
        All trials.
    clips : mapping of str to ClipFile
        Sound files by the names under which they are served. Scores are not served, because the
        test would be another one with them.
    sources : mapping of str to list of (str, str)
        URL and media type of the files of each clip, the smallest file first.
    bach : mapping of str to str
        For each trial, the name of the clip that is by Bach.
    sha256 : str
        Digest of the list of trials.
    """

    title: str
    trials: tuple[Trial, ...]
    clips: Mapping[str, ClipFile]
    sources: Mapping[str, list[tuple[str, str]]]
    bach: Mapping[str, str]
    sha256: str

    @property
    def seconds(self) -> dict[str, float]:
        """Duration of the clips of each trial."""
        return {trial.id: trial.clips[0].seconds for trial in self.trials}

    @property
    def condition(self) -> dict[str, str]:
        """Condition of each trial."""
        return {trial.id: trial.condition for trial in self.trials}

    def minutes(self, per_participant: int) -> int:
        """Approximate duration of a session, including the time to answer."""
        mean = sum(self.seconds.values()) / len(self.trials)
        trials = min(per_participant, len(self.trials))
        return ceil(trials * (2 * mean + _SECONDS_TO_ANSWER) / 60)


def load_stimuli(folder: Path, key: Path) -> Stimuli:
    """Load the test that ``bachbot listen export`` wrote.

    Parameters
    ----------
    folder : Path
        The folder of the test.
    key : Path
        The answer key.

    Raises
    ------
    UsageError
        If one of them cannot be read, or they do not belong together.
    """
    folder = Path(folder)
    trials, answer_key = read_trials(folder), read_answer_key(key, folder)
    bach = {}
    for trial in trials.trials:
        entry = answer_key.trials.get(trial.id)
        if entry is None or entry.bach not in {clip.id for clip in trial.clips}:
            raise UsageError(
                f"{key} does not say which clip of trial {trial.id} is by Bach: "
                "give the key of this test"
            )
        bach[trial.id] = entry.bach
    clips = [clip for trial in trials.trials for clip in trial.clips]
    return Stimuli(
        title=trials.title,
        trials=trials.trials,
        clips={name: file for clip in clips for name, file in _sound_files(folder, clip)},
        sources={
            clip.id: [
                (f"/clips/{name}", file.media_type) for name, file in _sound_files(folder, clip)
            ]
            for clip in clips
        },
        bach=bach,
        sha256=answer_key.trials_sha256,
    )


def _sound_files(folder: Path, clip: Clip) -> Iterator[tuple[str, ClipFile]]:
    for suffix in _PREFERRED_FORMATS:
        if suffix in clip.files:
            yield f"{clip.id}.{suffix}", ClipFile(folder / clip.files[suffix], _MEDIA_TYPES[suffix])
