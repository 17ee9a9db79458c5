"""Figures of the data before and after preparation, as in BachBot."""

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bachbot.corpus.store import PreparedCorpus
from bachbot.files import replace_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def draw(corpus: PreparedCorpus, manifest: dict, path: Path) -> None:
    """Draw pitch classes and metrical positions before and after, durations and keys.

    These are figures 2 and 3 of Liang and others (2017), for the whole corpus.

    Parameters
    ----------
    corpus : PreparedCorpus
        After.
    manifest : dict
        Its manifest, which holds the counts of before.
    path : Path
        Picture to write; the suffix says in which format.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 13), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(4, 2)
    before = manifest["before"]
    _pitch_classes(axes[0, 0], Counter({int(k): n for k, n in before["pitch_classes"].items()}))
    _pitch_classes(axes[0, 1], pitch_classes(corpus))
    axes[0, 0].set_title("Pitch classes as written")
    axes[0, 1].set_title("Pitch classes in C major or A minor")
    _quarters(axes[1, 0], before["positions"], "metrical position (quarters)")
    _quarters(axes[1, 1], places(corpus), "metrical position (quarters)")
    axes[1, 0].set_title("Onsets by metrical position, as written")
    axes[1, 1].set_title("Onsets by metrical position, on the grid")
    _quarters(axes[2, 0], before["durations"], "duration (quarters)", log=True)
    _quarters(axes[2, 1], durations(corpus), "duration (quarters)", log=True)
    axes[2, 0].set_title("Durations as written")
    axes[2, 1].set_title("Durations on the grid")
    keys = Counter(p["key"] for p in manifest["pieces"])
    for axis, mode in ((axes[3, 0], "major"), (axes[3, 1], "minor")):
        chosen = [(k.split()[0], n) for k, n in keys.most_common() if k.endswith(mode)]
        axis.bar([k for k, _ in chosen], [n for _, n in chosen], color="tab:green")
        axis.set_title(f"Keys as written, {mode}")
        axis.set_ylabel("pieces")
    with replace_atomically(path) as temporary:
        figure.savefig(temporary, dpi=110)


def pitch_classes(corpus: PreparedCorpus) -> Counter:
    """Notes by pitch class, 0 to 11, after preparation."""
    notes = np.concatenate([p.chorale.pitch[p.chorale.onset] % 12 for p in corpus.pieces])
    return Counter(dict(enumerate(np.bincount(notes, minlength=12).tolist())))


def places(corpus: PreparedCorpus) -> Counter:
    """Notes by metrical position, in quarters as a fraction, after preparation."""
    found = [p.chorale.position[np.nonzero(p.chorale.onset)[0]] for p in corpus.pieces]
    return _fractions(np.concatenate(found))


def durations(corpus: PreparedCorpus) -> Counter:
    """Notes by duration, in quarters as a fraction, after preparation."""
    lengths = []
    for piece in corpus.pieces:
        chorale = piece.chorale
        for voice in range(4):
            change = np.append(~chorale.tied[:, voice], True)
            starts = np.flatnonzero(change)
            sounding = chorale.onset[starts[:-1], voice]
            lengths.append(np.diff(starts)[sounding])
    return _fractions(np.concatenate(lengths))


def _fractions(frames: np.ndarray) -> Counter:
    values, counts = np.unique(frames, return_counts=True)
    return Counter({str(Fraction(int(v), 4)): int(n) for v, n in zip(values, counts, strict=True)})


def _pitch_classes(axis: "Axes", counts: Counter) -> None:
    axis.bar(_NAMES, [counts[i] for i in range(12)], color="tab:blue")
    axis.set_ylabel("notes")


def _quarters(axis: "Axes", counts: dict, label: str, *, log: bool = False) -> None:
    rows = sorted((Fraction(k), n) for k, n in counts.items())
    axis.bar([float(k) for k, _ in rows], [n for _, n in rows], width=0.08, color="tab:orange")
    axis.set_xlabel(label)
    axis.set_ylabel("notes")
    axis.set_xlim(-0.25, 8.25)
    if log:
        axis.set_yscale("log")
