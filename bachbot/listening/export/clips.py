"""Rendering of pairs: clips that differ in nothing but the notes."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice
from bachbot.listening.export.pair_timing import compute_timing, schedule_notes
from bachbot.listening.export.pairs import Pair
from bachbot.listening.export.request import SCORE_FORMATS, ExportRequest
from bachbot.listening.trials import CLIPS_FOLDER, Clip, clip_path
from bachbot.scores import Layout, Score, complete, from_chorale, render, soundings
from bachbot.scores.save import OUTPUT_FORMATS
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

Samples = NDArray[np.float32]
"""Shape [samples, 2] at `RATE`."""

_MP3_COMPRESSION = 0.5
"""In the terms of libsndfile: 160 kbit per second."""

_EMPTY_CHUNK_BYTES = {"mid": 8, "png": 12}


def pair_scores(pair: Pair, title: str) -> tuple[Score, Score]:
    """Scores of Bach's and the model's version.

    Parameters
    ----------
    pair : Pair
        The two versions.
    title : str
        Of both scores.
    """
    common = tuple(v for v in Voice if v not in pair.voices)
    score = from_chorale(pair.bach, title)
    if common:
        bach, generated = (complete(score, c, common) for c in (pair.bach, pair.generated))
    else:
        bach, generated = score, from_chorale(pair.generated, title)
    return _without_identification(bach), _without_identification(generated)


def _without_identification(score: Score) -> Score:
    """The score without its composer and the program that wrote it."""
    root = deepcopy(score.document.root)
    for element in root.findall("identification"):
        root.remove(element)
    return replace(score, document=replace(score.document, root=root))


class PairRenderer:
    """Plays pairs on one instrument in one tempo.

    Parameters
    ----------
    sound : str
        Instrument: see `Sound.parse`.
    tempo : float
        Quarter notes per minute.

    Raises
    ------
    UsageError
        If there is no such instrument.
    """

    def __init__(self, sound: str, tempo: float) -> None:
        self._sound = SoundPreset.parse(sound)
        self._tempo = tempo
        self._instrument: Instrument | None = None
        # The instruments of bachbot sound the same with and without fluidsynth.
        if self._sound.bundled or not fluidsynth.is_installed():
            tables = read_soundfont(self._sound.path)
            zones = preset_zones(tables, self._sound.bank, self._sound.program)
            self._instrument = Instrument(tables, zones, RATE)

    def render(self, pair: Pair, scores: tuple[Score, Score]) -> tuple[Samples, Samples]:
        """Render both versions with the same duration and loudness.

        Parameters
        ----------
        pair : Pair
            The two versions.
        scores : tuple of two Score
            Their scores.

        Raises
        ------
        UsageError
            If the instrument cannot be played.
        """
        timing = compute_timing(pair.bach.frames, pair.fermatas, self._tempo)
        length = int((timing.starts[-1] + REVERB_SECONDS) * RATE) + 1
        one, other = (
            self._render_notes(schedule_notes(soundings(s), timing), length) for s in scores
        )
        levels = loudness(one, RATE), loudness(other, RATE)
        target = min(levels)
        one, other = (
            samples * np.float32(10 ** ((target - level) / 20))
            for samples, level in zip((one, other), levels, strict=True)
        )
        return one, other

    def _render_notes(self, notes: list[PlayedNote], length: int) -> Samples:
        if self._instrument is not None:
            samples = mix(notes, self._instrument, RATE)
        else:
            wet = fluidsynth.render(notes, self._sound, rate=RATE, seconds=length / RATE)
            add_reverb(wet, RATE)
            samples = wet.T
        padded = np.zeros((length, 2), dtype=np.float32)
        padded[: len(samples)] = samples[:length]
        return normalize_loudness(padded, RATE)


def make_clips_folder(folder: Path) -> None:
    """Create the folder of clips in the folder of a test."""
    (folder / CLIPS_FOLDER).mkdir()


def write_clips(
    folder: Path,
    ids: Sequence[str],
    scores: Sequence[Score],
    samples: Sequence[Samples],
    request: ExportRequest,
) -> list[Clip]:
    """Write the files of both clips of a trial; the two files of each format have the same size.

    Parameters
    ----------
    folder : Path
        Folder of the test, with the folder of clips in it.
    ids : sequence of str
        Names of the clips.
    scores : sequence of Score
        Their scores.
    samples : sequence of ndarray of float32, shape [n, 2]
        Their sound.
    request : ExportRequest
        Formats, tempo and instrument.

    Returns
    -------
    list of Clip
        In the order of the names.
    """
    contents = {form: [_encode_audio(s, form) for s in samples] for form in request.formats}
    if not request.audio_only:
        layout = Layout(tempo=request.tempo, sound=request.sound)
        for form in SCORE_FORMATS:
            files = [_encode_score(score, form, layout) for score in scores]
            contents[form] = pad_to_equal_length(files, form)
    for form, both in contents.items():
        for name, content in zip(ids, both, strict=True):
            (folder / clip_path(name, form)).write_bytes(content)
    return [
        Clip(name, round(len(one) / RATE, 3), {form: clip_path(name, form) for form in contents})
        for name, one in zip(ids, samples, strict=True)
    ]


def _encode_audio(samples: Samples, form: str) -> bytes:
    if form != "mp3":
        return encode_audio(samples, f".{form}", marked=False)
    import soundfile

    buffer = io.BytesIO()
    # With a variable bit rate, the size of a file would depend on the music.
    with soundfile.SoundFile(
        buffer, "w", RATE, 2, format="MP3", subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT", compression_level=_MP3_COMPRESSION,
    ) as out:  # fmt: skip
        out.write(samples)
    return buffer.getvalue()


def _encode_score(score: Score, form: str, layout: Layout) -> bytes:
    # A mark would tell who wrote it.
    return render(score, OUTPUT_FORMATS[f".{form}"], layout=layout, marked=False)


def pad_to_equal_length(contents: Sequence[bytes], form: str) -> list[bytes]:
    """Pad files with content that readers ignore, so that all have the same size.

    Parameters
    ----------
    contents : sequence of bytes
        Files of one format.
    form : {"musicxml", "svg", "mid", "png"}
        The format.

    Returns
    -------
    list of bytes
        In the same order; the longest files may have grown by an empty chunk too.
    """
    length = max(map(len, contents)) + _EMPTY_CHUNK_BYTES.get(form, 0)
    pad = _PADDING[form]
    return [pad(content, length - len(content)) for content in contents]


def _pad_xml(content: bytes, size: int) -> bytes:
    return content + b"\n" * size


def _pad_midi(content: bytes, size: int) -> bytes:
    data = size - _EMPTY_CHUNK_BYTES["mid"]
    return content + b"XFIL" + struct.pack(">I", data) + bytes(data)


def _pad_png(content: bytes, size: int) -> bytes:
    body = b"fiLl" + bytes(size - _EMPTY_CHUNK_BYTES["png"])
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    end = content.rindex(b"IEND") - 4
    return content[:end] + chunk + content[end:]


_PADDING: dict[str, Callable[[bytes, int], bytes]] = {
    "musicxml": _pad_xml,
    "svg": _pad_xml,
    "mid": _pad_midi,
    "png": _pad_png,
}
