"""The voices, each at its place, played on one instrument."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.scores.sound.room import SECONDS, in_room
from bachbot.scores.sound.timing import Played
from bachbot.scores.sound.tone import Instrument, Layer, shaped

LEVELS = (1.0, 0.8, 0.85, 0.95)
PLACES = (-0.45, -0.15, 0.15, 0.45)
"""From left (-1) to right (1): S, A, T, B, gently."""


def mixed(notes: Sequence[Played], instrument: Instrument, rate: int) -> NDArray[np.float32]:
    """Play notes in a room.

    Parameters
    ----------
    notes : sequence of Played
        At least one, in any order.
    instrument : Instrument
        What plays them.
    rate : int
        Samples a second; the instrument's.

    Returns
    -------
    ndarray of float32, shape [samples, 2]
        Left and right, at the level of the samples.

    Raises
    ------
    UsageError
        If the soundfont is damaged, or has nothing on a key that is played.
    """
    end = max(note.stop for note in notes)
    dry = np.zeros((2, int((end + SECONDS) * rate) + 1), dtype=np.float32)
    for key in sorted({note.pitch for note in notes}):
        here = [note for note in notes if note.pitch == key]
        layers = instrument.layers(key, max(note.stop - note.start for note in here))
        if not layers:
            raise UsageError(f"the soundfont has nothing on key {key}: give another instrument")
        for note in sorted(here, key=lambda n: (n.start, n.voice)):
            for layer in layers:
                _add(dry, note, layer, rate)
    in_room(dry, rate)
    return np.ascontiguousarray(dry.T)


def _add(dry: NDArray[np.float32], note: Played, layer: Layer, rate: int) -> None:
    """Add one note, in place.

    It begins at a whole number of its periods: two voices that meet on a pitch add up, whenever
    each of them came in. No note moves by more than half a period, 8 ms for the lowest C.
    """
    frequency = 440 * 2 ** ((note.pitch - 69) / 12)
    first = round(round(note.start * frequency) / frequency * rate)
    held = max(1, round((note.stop - note.start) * rate))
    tail = len(layer.tone)
    length = min(held + int(layer.envelope.release * rate), tail, dry.shape[1] - first)
    level = shaped(layer.envelope, min(held, length), length, rate)
    tone = layer.tone[:length] * level * np.float32(LEVELS[note.voice])
    # Equal power from left to right.
    angle = (np.clip(PLACES[note.voice] + layer.place, -1, 1) + 1) * np.pi / 4
    dry[0, first : first + length] += np.float32(np.cos(angle)) * tone
    dry[1, first : first + length] += np.float32(np.sin(angle)) * tone
