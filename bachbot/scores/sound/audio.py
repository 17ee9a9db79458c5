"""The sound of a score: sampled instruments, each voice at its place, in a small church.

The player is our own because no library that pip installs everywhere plays a soundfont in tune
without a system package. As of November 2026: pyfluidsynth needs the library of fluidsynth,
tinysoundfont depends on pyaudio, which is built against PortAudio; libsonare, midirenderer and
pysfizz have wheels for some platforms only, and none of them decodes the samples of an ``.sf3``;
symusic's synthesizer was found to play off key. What libraries do well is left to them: decoding
and writing sound files to soundfile, loudness to pyloudnorm, filters to SciPy, and the playing of a
soundfont of one's own to fluidsynth where it is installed.
"""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.files import write_whole
from bachbot.scores.score import Sounding
from bachbot.scores.sound import fluidsynth
from bachbot.scores.sound.instruments import SoundPreset
from bachbot.scores.sound.mixing import SECONDS, add_reverb, mix, normalize_loudness
from bachbot.scores.sound.sampler import Instrument
from bachbot.scores.sound.soundfont import preset_zones, read_soundfont
from bachbot.scores.sound.timing import PlayedNote, perform

RATE = 44100
"""Samples a second."""

FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
"""What can be written, by suffix: container and coding, in the words of libsndfile."""

_AT_ONCE = 1 << 16
"""Frames; the Vorbis encoder overflows its stack on long pieces given whole."""


def audio_bytes(
    soundings: Sequence[Sounding], suffix: str, *, tempo: float, sound: str = "organ"
) -> bytes:
    """Return a stereo sound file at 44.1 kHz.

    The same notes give the same bytes, except for the serial number of an Ogg stream, which
    libsndfile chooses at random.

    Parameters
    ----------
    soundings : sequence of Sounding
        At least one.
    suffix : str
        File format, one of `FORMATS`.
    tempo : float
        Quarter notes a minute.
    sound : str
        Instrument or soundfont: see `Sound.parse`.

    Raises
    ------
    ScoreError
        If the score has no notes.
    UsageError
        If the sound cannot be played.
    OutputError
        If the piece lasts longer than half an hour.
    """
    return encode_audio(synthesize(soundings, tempo=tempo, sound=sound), suffix)


def write_audio(
    soundings: Sequence[Sounding], path: Path, *, tempo: float, sound: str = "organ"
) -> None:
    """Write `audio_bytes` to a file, whole or not at all."""
    write_whole(path, audio_bytes(soundings, path.suffix.lower(), tempo=tempo, sound=sound))


def encode_audio(samples: NDArray[np.float32], suffix: str) -> bytes:
    """Give samples as a sound file.

    Parameters
    ----------
    samples : ndarray of float32, shape [n, 2]
        Left and right at `RATE`, -1 to 1.
    suffix : str
        One of `FORMATS`.
    """
    import soundfile

    container, coding = FORMATS[suffix]
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", RATE, samples.shape[1], format=container, subtype=coding
    ) as out:
        for start in range(0, len(samples), _AT_ONCE):
            out.write(samples[start : start + _AT_ONCE])
    return buffer.getvalue()


def synthesize(
    soundings: Sequence[Sounding], *, tempo: float, sound: str = "organ"
) -> NDArray[np.float32]:
    """Play notes, in equal temperament at A4 = 440 Hz.

    A fermata is held and followed by a breath, the end slows down a little, and a note struck
    again on its pitch is heard as a new one. The level is brought to -20 LUFS (ITU-R BS.1770-4).

    Parameters
    ----------
    soundings : sequence of Sounding
        At least one, in any order.
    tempo : float
        Quarter notes a minute, above 0.
    sound : str
        What plays: see `Sound.parse`. A soundfont of one's own is played by fluidsynth where it is
        installed, which then decides the last bits; everything else is the same everywhere.

    Returns
    -------
    ndarray of float32, shape [samples, 2]
        Left and right at `RATE`, no true peak above -1 dBFS.

    Raises
    ------
    UsageError
        If the tempo is out of range, or the sound cannot be played.
    ScoreError
        If nothing sounds.
    OutputError
        If it lasts over half an hour.
    """
    notes = perform(soundings, tempo=tempo)
    chosen = SoundPreset.parse(sound)
    if not chosen.shipped and fluidsynth.is_installed():
        return normalize_loudness(_by_fluidsynth(notes, chosen), RATE)
    instrument = _shipped(chosen) if chosen.shipped else _loaded(chosen)
    return normalize_loudness(mix(notes, instrument, RATE), RATE)


def _by_fluidsynth(notes: Sequence[PlayedNote], sound: SoundPreset) -> NDArray[np.float32]:
    end = max(note.stop for note in notes) + SECONDS
    heard = fluidsynth.render(notes, sound, rate=RATE, seconds=end)
    add_reverb(heard, RATE)
    return np.ascontiguousarray(heard.T)


def _loaded(sound: SoundPreset) -> Instrument:
    tables = read_soundfont(sound.font)
    return Instrument(tables, preset_zones(tables, sound.bank, sound.program), RATE)


@cache
def _shipped(sound: SoundPreset) -> Instrument:
    return _loaded(sound)
