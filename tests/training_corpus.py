"""A corpus of random chorales for tests of training, and a mark for tests in bfloat16."""

import numpy as np
import pytest
import torch

from bachbot.chorale import Chorale, Key, Meter
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.training.device import trains_in_bfloat16, without_bfloat16

CPU = torch.device("cpu")

needs_bfloat16 = pytest.mark.skipif(not trains_in_bfloat16(CPU), reason=without_bfloat16(CPU))


def random_chorale(seed: int, frames: int = 48) -> Chorale:
    """Four voices in random steps, with ties, rests and a fermata at the end."""
    random = np.random.default_rng(seed)
    pitch = np.empty((frames, 4), dtype=np.int16)
    tied = np.zeros((frames, 4), dtype=np.bool_)
    for voice, start in enumerate((72, 65, 58, 48)):
        now = start
        for frame in range(frames):
            if frame % 4 and random.random() < 0.8:
                tied[frame, voice] = True
            else:
                now = int(np.clip(now + random.integers(-2, 3), start - 6, start + 6))
            pitch[frame, voice] = now
    pitch[:2, 1] = -1
    tied[:3, 1] = False
    fermata = np.arange(frames) >= frames - 4
    return Chorale(pitch, tied, fermata, Meter(), Key(), name=f"random {seed}")


def random_corpus(pieces: int = 12) -> PreparedCorpus:
    def piece(n: int) -> Piece:
        part = "validation" if n % 6 == 4 else "test" if n % 6 == 5 else "train"
        chorale = random_chorale(n, 40 + 3 * n)
        return Piece(chorale, Key(), f"family {n}", {"tune": part, "file": part})

    return PreparedCorpus(tuple(piece(n) for n in range(pieces)))
