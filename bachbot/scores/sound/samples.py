"""The samples of a soundfont, as they were recorded."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.scores.sound.chunks import Tables, damaged
from bachbot.scores.sound.zones import Zone

_VORBIS, _ROM = 0x10, 0x8000
_LONGEST = 1 << 24
"""Frames: over six minutes of 44.1 kHz."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A recorded tone.

    Parameters
    ----------
    frames : ndarray of float32, shape [n]
        -1 to 1.
    rate : int
        Frames a second.
    root : int
        MIDI key that it was recorded at.
    cents : int
        What to add to its pitch to be in tune.
    loop : tuple of int, optional
        First frame of what is repeated while the key is down, and the one after its last.
    """

    frames: NDArray[np.float32]
    rate: int
    root: int
    cents: int
    loop: tuple[int, int] | None


def sample_of(tables: Tables, zone: Zone) -> Sample:
    """Read the sample of a zone, with what the zone changes about it.

    Raises
    ------
    UsageError
        If it lies outside the file, cannot be decoded, or its loop lies outside of it.
    """
    heads = tables["shdr"]
    if not 0 <= zone.sample < len(heads) - 1:
        raise damaged(tables.path, f"it names a sample {zone.sample}")
    head = heads[zone.sample]
    name = head["name"].decode("latin-1").strip()
    start, end, loop_start, loop_end = (
        int(head[field]) for field in ("start", "end", "loop_start", "loop_end")
    )
    if int(head["kind"]) & _ROM or not 400 <= head["rate"] <= 192_000 or start >= end:
        raise damaged(tables.path, f"its sample '{name}' is none")
    if int(head["kind"]) & _VORBIS:
        frames = _vorbis(tables, name, start, end)
        start = 0
    else:
        frames = _plain(tables, name, start, end)
    # Offsets of the zone: frames, and in steps of 32768.
    first, last, a, b = (
        zone.amount(fine) + 32768 * zone.amount(coarse)
        for fine, coarse in ((0, 4), (1, 12), (2, 45), (3, 50))
    )
    loop = None
    if zone.amount(54) in (1, 3):
        loop = (loop_start + a - start, loop_end + b - start)
        if not 0 <= loop[0] <= loop[1] - 2 <= len(frames) - 2:
            raise damaged(tables.path, f"the loop of its sample '{name}' lies outside of it")
    stop = len(frames) + last
    if not 0 <= first < stop <= len(frames) or (loop and (first > loop[0] or loop[1] > stop)):
        raise damaged(tables.path, f"its sample '{name}' is cut where there is nothing")
    if loop:
        loop = (loop[0] - first, loop[1] - first)
    root = zone.amount(58) if zone.amount(58) >= 0 else int(head["pitch"])
    return Sample(
        frames[first:stop], int(head["rate"]), root if root <= 127 else 60, int(head["cents"]), loop
    )


def _plain(tables: Tables, name: str, start: int, end: int) -> NDArray[np.float32]:
    """Frames of 16 bits."""
    if 2 * end > len(tables.pool):
        raise damaged(tables.path, f"its sample '{name}' lies outside of it")
    if end - start > _LONGEST:
        raise damaged(tables.path, f"its sample '{name}' is too long")
    raw = np.frombuffer(tables.pool[2 * start : 2 * end].tobytes(), "<i2")
    return raw.astype(np.float32) / np.float32(32768)


def _vorbis(tables: Tables, name: str, start: int, end: int) -> NDArray[np.float32]:
    """An Ogg Vorbis stream, all of it."""
    import soundfile

    if end > len(tables.pool):
        raise damaged(tables.path, f"its sample '{name}' lies outside of it")
    try:
        with soundfile.SoundFile(io.BytesIO(tables.pool[start:end].tobytes())) as stream:
            if stream.channels != 1 or not 0 < stream.frames <= _LONGEST:
                raise damaged(tables.path, f"its sample '{name}' is no tone of one channel")
            frames: NDArray[np.float32] = stream.read(dtype="float32")
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise damaged(tables.path, f"its sample '{name}' cannot be decoded") from error
    if not np.isfinite(frames).all():
        raise damaged(tables.path, f"its sample '{name}' holds no numbers")
    return frames
