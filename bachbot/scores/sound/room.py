"""The room that a sound is heard in."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

SECONDS = 1.2
"""How long the echo lasts."""
_LEVEL = 0.05


def in_room(dry: NDArray[np.float32], rate: int) -> None:
    """Add the echo of a small church, in place: decaying noise, convolved block by block.

    Overlap-add; the room hears both sides as one and answers differently left and right.

    Parameters
    ----------
    dry : ndarray of float32, shape [2, samples]
        Left and right; the echo is cut off at the end.
    rate : int
        Samples a second.
    """
    room = _room(rate)
    size = 1 << int(np.ceil(np.log2(2 * room.shape[1])))
    block = size - room.shape[1] + 1
    answer = np.fft.rfft(room, size)
    heard = dry.sum(axis=0)
    for start in range(0, len(heard), block):
        spectrum = np.fft.rfft(heard[start : start + block], size)
        wet = np.fft.irfft(spectrum * answer, size)[:, : dry.shape[1] - start]
        dry[:, start : start + size] += (_LEVEL * wet).astype(np.float32)


@cache
def _room(rate: int) -> NDArray[np.float32]:
    """Answer of the room to a clap, left and right, shape [2, samples], of energy 1 a side."""
    samples = int(SECONDS * rate)
    time = np.arange(samples) / rate
    noise = np.random.default_rng(1685).standard_normal((2, samples + 8))
    # Walls swallow the high tones: a short running mean.
    soft = sum(noise[:, i : i + samples] for i in range(8)) / 8
    decay = np.exp(-6.9 * time / SECONDS) * np.clip((time - 0.012) / 0.015, 0, 1)
    # It ends in silence, not with a step.
    answer = soft * decay * np.clip((SECONDS - time) / 0.1, 0, 1)
    answer /= np.sqrt((answer**2).sum(axis=1, keepdims=True))
    room: NDArray[np.float32] = answer.astype(np.float32)
    room.setflags(write=False)
    return room
