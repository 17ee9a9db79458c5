"""The files of a pair's clips."""

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.listening.padding import equally_long
from bachbot.listening.request import PAGES, ExportRequest
from bachbot.listening.trials import CLIPS, Clip, path_of
from bachbot.scores import Layout, Score, save_score
from bachbot.scores.audio import RATE, encoded

_COMPRESSION = 0.5  # in libsndfile's terms: 160 kbit a second


def write_clips(
    folder: Path,
    ids: Sequence[str],
    sides: Sequence[Score],
    samples: Sequence[NDArray[np.float32]],
    request: ExportRequest,
) -> list[Clip]:
    """Write the files of both clips, each format of the two equally long.

    Parameters
    ----------
    folder : Path
        The test's; it has the folder of clips.
    ids : sequence of str
        Names of the clips.
    sides : sequence of Score
        Their pages.
    samples : sequence of ndarray of float32, shape [n, 2]
        Their sound.
    request : ExportRequest
        Formats, tempo and instrument.

    Returns
    -------
    list of Clip
        In the order of the names.
    """
    contents = {form: [_sound(s, form) for s in samples] for form in request.formats}
    if not request.audio_only:
        layout = Layout(tempo=request.tempo, sound=request.sound)
        for form in PAGES:
            pages = [_page(side, form, layout) for side in sides]
            contents[form] = equally_long(pages, form)
    for form, both in contents.items():
        for name, content in zip(ids, both, strict=True):
            (folder / path_of(name, form)).write_bytes(content)
    return [
        Clip(name, round(len(one) / RATE, 3), {form: path_of(name, form) for form in contents})
        for name, one in zip(ids, samples, strict=True)
    ]


def make_folder(folder: Path) -> None:
    """Make the folder of clips in a test's folder."""
    (folder / CLIPS).mkdir()


def _sound(samples: NDArray[np.float32], form: str) -> bytes:
    if form != "mp3":
        return encoded(samples, f".{form}")
    import soundfile

    buffer = io.BytesIO()
    # A variable bit rate would make the busier clip the longer file.
    with soundfile.SoundFile(
        buffer, "w", RATE, 2, format="MP3", subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT", compression_level=_COMPRESSION,
    ) as out:  # fmt: skip
        out.write(samples)
    return buffer.getvalue()


def _page(score: Score, form: str, layout: Layout) -> bytes:
    with tempfile.TemporaryDirectory(prefix="bachbot-") as folder:
        path = Path(folder) / f"page.{form}"
        save_score(score, path, layout=layout)
        return path.read_bytes()
