"""fluidsynth, where it is installed: it plays what our own player leaves out of a soundfont."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.scores.sound.instruments import SoundPreset
from bachbot.scores.sound.mixing import LEVELS, PLACES
from bachbot.scores.sound.soundfont import VELOCITY
from bachbot.scores.sound.timing import PlayedNote

_TICKS = 5000
"""Ticks a second: fluidsynth itself keeps time by blocks of 64 samples."""
_PATIENCE = 600
"""Seconds."""


def is_installed() -> bool:
    """Whether the command is there."""
    return shutil.which("fluidsynth") is not None


def render(
    notes: Sequence[PlayedNote], sound: SoundPreset, *, rate: int, seconds: float
) -> NDArray[np.float32]:
    """Play notes by fluidsynth, each voice on a channel of its own, without its effects.

    Parameters
    ----------
    notes : sequence of Played
        At least one.
    sound : Sound
        What plays them.
    rate : int
        Samples a second.
    seconds : float
        How much is wanted; silence is added, or the end cut off.

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
        midi.write_bytes(_midi(notes, sound))
        command = [
            "fluidsynth", "-n", "-i", "-q", "-o", "synth.default-soundfont=", "-R", "0", "-C",
            "0", "-r", str(rate), "-T", "wav", "-O", "float", "-F", str(wave),
            str(sound.font.resolve()), str(midi),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
            heard, _ = soundfile.read(wave, dtype="float32", always_2d=True)
        except (OSError, subprocess.TimeoutExpired, soundfile.SoundFileError) as error:
            raise _unplayable(sound) from error
    # It goes on without a soundfont that it cannot read.
    if done.returncode or b"SoundFont" in done.stderr or not np.abs(heard).max(initial=0) > 0:
        raise _unplayable(sound)
    samples = int(seconds * rate) + 1
    out = np.zeros((2, samples), dtype=np.float32)
    out[:, : len(heard)] = heard[:samples].T
    return out


def _unplayable(sound: SoundPreset) -> UsageError:
    return UsageError(f"fluidsynth cannot play {sound.font}: give a sound .sf2 or .sf3 file")


def _midi(notes: Sequence[PlayedNote], sound: SoundPreset) -> bytes:
    """The notes as MIDI, in seconds: the tempo has been played out already."""
    import io

    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS)
    for voice in sorted({note.voice for note in notes}):
        track = mido.MidiTrack()
        setting = (
            mido.MetaMessage("set_tempo", tempo=1_000_000),
            mido.Message("control_change", channel=voice, control=0, value=min(127, sound.bank)),
            mido.Message("program_change", channel=voice, program=sound.program),
            mido.Message(
                "control_change", channel=voice, control=10, value=round(64 + 63 * PLACES[voice])
            ),
            # General MIDI's volume is squared.
            mido.Message(
                "control_change", channel=voice, control=7,
                value=round(100 * np.sqrt(LEVELS[voice])),
            ),
        )  # fmt: skip
        track.extend(setting)
        now = 0
        own = [note for note in notes if note.voice == voice]
        # An end comes before a beginning at the same time.
        events = sorted(
            [(round(n.stop * _TICKS), 0, n.pitch) for n in own]
            + [(round(n.start * _TICKS), VELOCITY, n.pitch) for n in own]
        )
        for at, velocity, pitch in events:
            track.append(
                mido.Message("note_on", channel=voice, note=pitch, velocity=velocity, time=at - now)
            )
            now = at
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()
