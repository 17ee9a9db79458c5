"""The clips of a pair, made alike, so that nothing but the notes tells them apart."""

import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice
from bachbot.listening.export.clock import clock, played
from bachbot.listening.export.pairs import Pair
from bachbot.listening.export.request import PAGES, ExportRequest
from bachbot.listening.trials import CLIPS, Clip, path_of
from bachbot.scores import Layout, Score, complete, from_chorale, save_score, soundings
from bachbot.scores.sound import fluidsynth
from bachbot.scores.sound.audio import RATE, encode_audio
from bachbot.scores.sound.instruments import SoundPreset
from bachbot.scores.sound.mixing import (
    REVERB_SECONDS,
    add_reverb,
    loudness,
    mix,
    normalize_loudness,
)
from bachbot.scores.sound.sampler import Instrument
from bachbot.scores.sound.soundfont import preset_zones, read_soundfont
from bachbot.scores.sound.timing import PlayedNote

_CHUNK = {"mid": 8, "png": 12}
"""Bytes of an empty chunk."""


def equally_long(contents: Sequence[bytes], form: str) -> list[bytes]:
    """Fill files up to one length.

    Parameters
    ----------
    contents : sequence of bytes
        Files of one format.
    form : {"musicxml", "svg", "mid", "png"}
        Which.

    Returns
    -------
    list of bytes
        In their order; those that were the longest may have grown by an empty chunk too.
    """
    longest = max(map(len, contents)) + _CHUNK.get(form, 0)
    fill = _FILLERS[form]
    return [fill(content, longest - len(content)) for content in contents]


def _spaces(content: bytes, room: int) -> bytes:
    return content + b"\n" * room


def _midi(content: bytes, room: int) -> bytes:
    size = room - _CHUNK["mid"]
    return content + b"XFIL" + struct.pack(">I", size) + bytes(size)


def _png(content: bytes, room: int) -> bytes:
    body = b"fiLl" + bytes(room - _CHUNK["png"])
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    end = content.rindex(b"IEND") - 4
    return content[:end] + chunk + content[end:]


_FILLERS: dict[str, Callable[[bytes, int], bytes]] = {
    "musicxml": _spaces,
    "svg": _spaces,
    "mid": _midi,
    "png": _png,
}


Samples = NDArray[np.float32]
"""Shape [samples, 2] at `RATE`."""


def pages(pair: Pair, title: str) -> tuple[Score, Score]:
    """Bach's page and ours.

    Parameters
    ----------
    pair : Pair
        Two sides.
    title : str
        Of both.
    """
    common = tuple(v for v in Voice if v not in pair.anew)
    page = from_chorale(pair.bach, title)
    if common:
        bach, ours = (complete(page, side, common) for side in (pair.bach, pair.ours))
    else:
        bach, ours = page, from_chorale(pair.ours, title)
    return _nameless(bach), _nameless(ours)


class Stage:
    """Plays pairs on one instrument in one tempo.

    Parameters
    ----------
    sound : str
        What plays: see `SoundPreset.parse`.
    tempo : float
        Quarter notes a minute.

    Raises
    ------
    UsageError
        If there is no such sound.
    """

    def __init__(self, sound: str, tempo: float) -> None:
        self._sound = SoundPreset.parse(sound)
        self._tempo = tempo
        self._instrument: Instrument | None = None
        # bachbot's own instruments are the same with and without fluidsynth.
        if self._sound.bundled or not fluidsynth.is_installed():
            tables = read_soundfont(self._sound.path)
            zones = preset_zones(tables, self._sound.bank, self._sound.program)
            self._instrument = Instrument(tables, zones, RATE)

    def heard(self, pair: Pair, sides: tuple[Score, Score]) -> tuple[Samples, Samples]:
        """Both sides as they sound, equally long and loud.

        Parameters
        ----------
        pair : Pair
            Two sides.
        sides : tuple of two Score
            Their pages.

        Raises
        ------
        UsageError
            If the sound cannot be played.
        """
        time = clock(pair.bach.frames, pair.held, self._tempo)
        count = int((time.starts[-1] + REVERB_SECONDS) * RATE) + 1
        one, other = (self._side(played(soundings(s), time), count) for s in sides)
        levels = loudness(one, RATE), loudness(other, RATE)
        target = min(levels)
        one, other = (
            samples * np.float32(10 ** ((target - level) / 20))
            for samples, level in zip((one, other), levels, strict=True)
        )
        return one, other

    def _side(self, notes: list[PlayedNote], count: int) -> Samples:
        if self._instrument is not None:
            samples = mix(notes, self._instrument, RATE)
        else:
            wet = fluidsynth.render(notes, self._sound, rate=RATE, seconds=count / RATE)
            add_reverb(wet, RATE)
            samples = wet.T
        whole = np.zeros((count, 2), dtype=np.float32)
        whole[: len(samples)] = samples[:count]
        return normalize_loudness(whole, RATE)


def _nameless(score: Score) -> Score:
    """A page without its maker's name."""
    root = deepcopy(score.document.root)
    for element in root.findall("identification"):
        root.remove(element)
    return replace(score, document=replace(score.document, root=root))


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
        return encode_audio(samples, f".{form}")
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
