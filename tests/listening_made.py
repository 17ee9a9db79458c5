"""Made-up chorales and a small listening test of them."""

from pathlib import Path

import numpy as np
from made_checkpoints import random_lookahead

from bachbot.chorale import Chorale, Key, Meter
from bachbot.corpus.store import Piece
from bachbot.decoding import DecodingOptions
from bachbot.listening.export.exporter import export_listening_test
from bachbot.listening.export.request import ExportRequest

# I, IV, V and I again, and a step between them: S, A, T, B in C major.
_CHORDS = ((72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (74, 67, 59, 55), (76, 67, 60, 48))
_KEYS = (Key("C"), Key("G"), Key("F"), Key("D"), Key("Bb"))


def piece(index, *, phrases=3, quarters=8, pickup=0):
    """A piece of its own name and tune: phrases of quarters, a fermata over the last of each."""
    rng = np.random.default_rng(index)
    chords = rng.integers(len(_CHORDS), size=(phrases, quarters))
    chords[:, -1] = 0
    pitch = np.repeat(np.array(_CHORDS)[chords.ravel()], 4, axis=0)
    tied = np.ones(pitch.shape, dtype=bool)
    tied[::4] = False
    fermata = np.zeros((phrases, quarters * 4), dtype=bool)
    fermata[:, -4:] = True
    key = _KEYS[index % len(_KEYS)]
    chorale = Chorale(
        pitch, tied, fermata.ravel(), meter=Meter(4, 4, pickup), name=f"made{index}.mxl",
        transposed_by=key.shift,
    )  # fmt: skip
    return Piece(chorale, key, f"tune{index // 2}", {"tune": "test", "file": "test"})


PIECES = [piece(i, pickup=4 * (i % 2)) for i in range(12)]

REQUEST = ExportRequest(
    trials=3,
    seed=5,
    conditions={"S": 1, "AT": 1, "composition": 1},
    options=DecodingOptions(method="greedy"),
)


def made_test(folder: Path, request: ExportRequest = REQUEST):
    """A test of made-up pieces by a model of random weights, and its key."""
    key = folder.parent / f"{folder.name}-key.json"
    return export_listening_test(folder, key, PIECES, random_lookahead(), request), key
