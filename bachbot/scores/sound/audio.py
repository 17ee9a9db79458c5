"""Scores as sound: sampled instruments, the voices from left to right, in a small church.

The player is our own, because no library plays a soundfont in tune and installs with pip on every
platform. As of November 2026: pyfluidsynth needs the fluidsynth library; tinysoundfont requires
pyaudio, which is compiled against PortAudio, and its interpolation leaves 21 dB more noise
(`tests/benchmarks/compare_libraries.py` prints the comparison); libsonare, midirenderer and pysfizz
have wheels for some platforms only, and none of them decodes the samples of an ``.sf3``; symusic's
synthesizer plays out of tune. Libraries do the rest: soundfile decodes and writes sound files,
pyloudnorm measures loudness, SciPy filters, and fluidsynth plays the user's own soundfonts where it
is installed.
"""

import io
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbot.scores.performance import Performance
from bachbot.scores.provenance import MARK
from bachbot.scores.score import Sounding
from bachbot.scores.sound import fluidsynth
from bachbot.scores.sound.instruments import SoundPreset
from bachbot.scores.sound.mixing import (
    REVERB_SECONDS,
    SATB,
    Balance,
    add_reverb,
    mix,
    normalize_loudness,
)
from bachbot.scores.sound.sampler import Instrument
from bachbot.scores.sound.soundfont import preset_zones, read_soundfont
from bachbot.scores.sound.timing import PlayedNote, perform

RATE = 44100
"""Samples per second."""

FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
"""Container and encoding of each suffix that can be written, as libsndfile names them."""

_FRAMES_PER_WRITE = 1 << 16
"""The Vorbis encoder overflows its stack if it gets a long piece at once."""


def audio_bytes(
    soundings: Sequence[Sounding],
    suffix: str,
    *,
    tempo: float | Performance,
    sound: str = "organ",
    marked: bool = True,
    balance: Balance = SATB,
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
    tempo : float or Performance
        Quarter notes per minute; or the tempo, articulation and loudness of passages.
    sound : str
        Instrument or soundfont: see `SoundPreset.parse`.
    marked : bool
        Whether a comment in the file names bachbot.
    balance : Balance
        Level and place of each voice.

    Raises
    ------
    ScoreError
        If the score has no notes.
    UsageError
        If the sound cannot be played.
    OutputError
        If the piece lasts longer than half an hour.
    """
    samples = synthesize(soundings, tempo=tempo, sound=sound, balance=balance)
    return encode_audio(samples, suffix, marked=marked)


def encode_audio(
    samples: NDArray[np.float32],
    suffix: str,
    *,
    marked: bool = True,
    tags: Mapping[str, str] | None = None,
) -> bytes:
    """Encode samples as a sound file.

    Parameters
    ----------
    samples : ndarray of float32, shape [n, 2]
        Left and right at `RATE`, -1 to 1.
    suffix : str
        One of `FORMATS`.
    marked : bool
        Whether its comment names bachbot.
    tags : mapping of str to str, optional
        What the file says of itself: ``title``, ``artist``, ``album``, ``tracknumber`` (ID3 in
        MP3, Vorbis comments in FLAC and Ogg, INFO in WAV).
    """
    import soundfile

    container, coding = FORMATS[suffix]
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", RATE, samples.shape[1], format=container, subtype=coding
    ) as out:
        if marked:
            out.comment = MARK
        # libsndfile writes UTF-8 into MP3 and calls it Latin-1.
        for name, text in (tags or {}).items() if container != "MP3" else ():
            setattr(out, name, text)
        for start in range(0, len(samples), _FRAMES_PER_WRITE):
            out.write(samples[start : start + _FRAMES_PER_WRITE])
    head = _id3(tags) if tags and container == "MP3" else b""
    return head + buffer.getvalue()


_ID3_FRAMES = {"title": b"TIT2", "artist": b"TPE1", "album": b"TALB", "tracknumber": b"TRCK"}


def _id3(tags: Mapping[str, str]) -> bytes:
    """The tag at the beginning of an MP3 file (ID3v2.3, in UTF-16)."""
    frames = b""
    for name, text in tags.items():
        content = b"\x01" + text.encode("utf-16")
        frames += _ID3_FRAMES[name] + len(content).to_bytes(4, "big") + bytes(2) + content
    size = len(frames)
    # Seven bits a byte, so that no part of it looks like the beginning of sound.
    safe = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + safe + frames


def synthesize(
    soundings: Sequence[Sounding],
    *,
    tempo: float | Performance,
    sound: str = "organ",
    balance: Balance = SATB,
) -> NDArray[np.float32]:
    """Play notes in equal temperament at A4 = 440 Hz.

    A fermata is held and followed by a breath, the end slows down a little, and repeated notes are
    separated. The loudness is -20 LUFS (ITU-R BS.1770-4), or less by that of the performance.

    Parameters
    ----------
    soundings : sequence of Sounding
        At least one, in any order.
    tempo : float or Performance
        Quarter notes per minute, above 0; or the tempo, articulation and loudness of passages.
    sound : str
        Instrument or soundfont: see `SoundPreset.parse`. If fluidsynth is installed it plays the
        user's own soundfonts, and the last bits depend on its version; everything else is the same
        on every machine.

    Returns
    -------
    ndarray of float32, shape [samples, 2]
        Left and right at `RATE`, no true peak above -1 dBFS.

    Raises
    ------
    UsageError
        If the tempo is out of range, or the sound cannot be played.
    ScoreError
        If the score has no notes.
    OutputError
        If the piece lasts longer than half an hour.
    """
    notes = perform(soundings, tempo=tempo)
    samples = normalize_loudness(play_notes(notes, sound, balance=balance), RATE)
    if isinstance(tempo, Performance):
        samples *= np.float32(tempo.level([(float(n.start), float(n.length)) for n in soundings]))
    return samples


def play_notes(
    notes: Sequence[PlayedNote],
    sound: str,
    *,
    balance: Balance = SATB,
    seconds: float | None = None,
) -> NDArray[np.float32]:
    """Play notes at their times, at the level of the samples.

    The sound of some notes and the sound of others add up to the sound of all of them.

    Parameters
    ----------
    notes : sequence of PlayedNote
        At least one.
    sound : str
        Instrument or soundfont: see `SoundPreset.parse`.
    balance : Balance
        Level and place of each voice.
    seconds : float, optional
        Length of the music before its reverberation. Default: to the end of the last note.

    Returns
    -------
    ndarray of float32, shape [samples, 2]
        Left and right at `RATE`.

    Raises
    ------
    UsageError
        If the sound cannot be played.
    """
    preset = SoundPreset.parse(sound)
    if not preset.bundled and fluidsynth.is_installed():
        end = max(note.stop for note in notes) if seconds is None else seconds
        samples = fluidsynth.render(
            notes, preset, rate=RATE, seconds=end + REVERB_SECONDS, balance=balance
        )
        add_reverb(samples, RATE)
        return np.ascontiguousarray(samples.T)
    instrument = _load_bundled(preset) if preset.bundled else _load(preset)
    return mix(notes, instrument, RATE, balance=balance, seconds=seconds)


def _load(preset: SoundPreset) -> Instrument:
    font = read_soundfont(preset.path)
    return Instrument(font, preset_zones(font, preset.bank, preset.program), RATE)


@cache
def _load_bundled(preset: SoundPreset) -> Instrument:
    return _load(preset)
