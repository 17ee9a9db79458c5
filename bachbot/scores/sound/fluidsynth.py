"""Soundfonts played by the fluidsynth program, which supports more of the format than ours."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.scores.sound.instruments import SoundPreset
from bachbot.scores.sound.midi import channel_of
from bachbot.scores.sound.mixing import SATB, Balance
from bachbot.scores.sound.soundfont import VELOCITY
from bachbot.scores.sound.timing import PlayedNote

_TICKS = 5000
"""MIDI ticks per second; fluidsynth itself keeps time in blocks of 64 samples."""
_TIMEOUT = 600
"""Seconds."""


def is_installed() -> bool:
    """Return whether the fluidsynth command is on the path."""
    return shutil.which("fluidsynth") is not None


def render(
    notes: Sequence[PlayedNote],
    preset: SoundPreset,
    *,
    rate: int,
    seconds: float,
    balance: Balance = SATB,
) -> NDArray[np.float32]:
    """Play notes with fluidsynth, one channel a voice, without its own effects.

    Parameters
    ----------
    notes : sequence of PlayedNote
        At least one.
    preset : SoundPreset
        Preset to play them with.
    rate : int
        Samples per second.
    seconds : float
        Length of the result; the sound is padded with silence or cut off.
    balance : Balance
        Level and place of each voice.

    Returns
    -------
    ndarray of float32, shape [2, samples]
        Left and right.

    Raises
    ------
    UsageError
        If fluidsynth cannot play the soundfont.
    """
    import soundfile

    with tempfile.TemporaryDirectory(prefix="bachbot-") as folder:
        midi, wave = Path(folder) / "notes.mid", Path(folder) / "notes.wav"
        midi.write_bytes(_midi(notes, preset, balance))
        command = [
            "fluidsynth", "-n", "-i", "-q", "-o", "synth.default-soundfont=", "-R", "0", "-C",
            "0", "-r", str(rate), "-T", "wav", "-O", "float", "-F", str(wave),
            str(preset.path.resolve()), str(midi),
        ]  # fmt: skip
        try:
            result = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)
            played, _ = soundfile.read(wave, dtype="float32", always_2d=True)
        except (OSError, subprocess.TimeoutExpired, soundfile.SoundFileError) as error:
            raise _unplayable(preset) from error
    # fluidsynth continues without a soundfont that it cannot read.
    if result.returncode or b"SoundFont" in result.stderr or not np.abs(played).max(initial=0) > 0:
        raise _unplayable(preset)
    samples = int(seconds * rate) + 1
    out = np.zeros((2, samples), dtype=np.float32)
    out[:, : len(played)] = played[:samples].T
    return out


def _velocity(gain: float) -> int:
    """The MIDI velocity that General MIDI plays at an amplitude beside that of `VELOCITY`."""
    return max(1, round(VELOCITY * gain**0.5))


def _unplayable(preset: SoundPreset) -> UsageError:
    return UsageError(f"fluidsynth cannot play {preset.path}: use a valid .sf2 or .sf3 file")


def _midi(notes: Sequence[PlayedNote], preset: SoundPreset, balance: Balance) -> bytes:
    """Return the notes as MIDI at one quarter note per second, since their times are in seconds."""
    import io

    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS)
    for voice in sorted({note.voice for note in notes}):
        track = mido.MidiTrack()
        channel = channel_of(voice)
        setup = (
            mido.MetaMessage("set_tempo", tempo=1_000_000),
            mido.Message("control_change", channel=channel, control=0, value=min(127, preset.bank)),
            mido.Message("program_change", channel=channel, program=preset.program),
            mido.Message(
                "control_change", channel=channel, control=10,
                value=round(64 + 63 * balance.panning[voice]),
            ),
            # General MIDI squares the volume.
            mido.Message(
                "control_change", channel=channel, control=7,
                value=round(100 * np.sqrt(balance.levels[voice])),
            ),
        )  # fmt: skip
        track.extend(setup)
        now = 0
        own = [note for note in notes if note.voice == voice]
        # At the same time a note ends before the next begins.
        events = sorted(
            [(round(n.stop * _TICKS), 0, n.pitch) for n in own]
            + [(round(n.start * _TICKS), _velocity(n.gain), n.pitch) for n in own]
        )
        for at, velocity, pitch in events:
            track.append(
                mido.Message(
                    "note_on", channel=channel, note=pitch, velocity=velocity, time=at - now
                )
            )
            now = at
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()
