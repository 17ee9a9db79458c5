"""Tune families: which chorales set the same tune."""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.corpus.sources import Source

SHIFTS = np.arange(-7, 8)
"""Semitones by which two tunes may differ: the keys of a modal tune are not always found alike."""

THRESHOLDS = {16: 0.80, 24: 0.72, 40: 0.70}
"""Likeness from which two tunes are one, by how many of their first struck notes are compared.

Chosen on the corpus itself, where the likeness of two unrelated tunes is below 0.6 and pairs in
between were looked at one by one. Too loose costs nothing but some freedom in the split; too
strict would put one tune on both sides of it.
"""

SAME_TEXT = 12
"""Letters of the first verse that must agree for two settings to be taken for one tune."""


def skeleton(chorale: Chorale, length: int) -> NDArray[np.int16]:
    """The soprano without its passing notes: first pitches struck on a beat or held for one.

    Parameters
    ----------
    chorale : Chorale
        A piece.
    length : int
        How many notes at most.

    Returns
    -------
    ndarray of int16, shape [at most length]
    """
    pitch = chorale.pitch[:, Voice.SOPRANO]
    onset = np.flatnonzero(chorale.onset[:, Voice.SOPRANO])
    if not onset.size:
        return pitch[:0]
    ends = np.append(onset[1:], chorale.frames)
    on_beat = chorale.place[onset] % 4 == 0
    return pitch[onset[on_beat | (ends - onset >= 4)]][:length]


def likeness(tunes: list[NDArray[np.int16]]) -> NDArray[np.float64]:
    """How alike each two tunes are, at the best transposition.

    One minus the edit distance over the longer length, as in Ukkonen and others' transposition
    invariant string matching; all pairs and shifts at once, row by row of the table.

    Parameters
    ----------
    tunes : list of ndarray of int, shape [at most L]
        Pitches.

    Returns
    -------
    ndarray of float64, shape [n, n]
        1 for the same tune in any key, symmetric.
    """
    count, longest = len(tunes), max(len(t) for t in tunes)
    lengths = np.array([len(t) for t in tunes])
    table = np.full((count, longest), -1000, dtype=np.int16)
    for row, tune in zip(table, tunes, strict=True):
        row[: len(tune)] = tune
    moved = (table[:, None, :] + SHIFTS[None, :, None]).astype(np.int16)
    steps = np.arange(longest + 1, dtype=np.int16)
    out = np.eye(count)
    for i, tune in enumerate(tunes):
        cost = np.tile(steps, (count - i, len(SHIFTS), 1))
        for k, pitch in enumerate(tune):
            new = np.empty_like(cost)
            new[..., 0] = k + 1
            change = (moved[i:] != pitch).astype(np.int16)
            new[..., 1:] = np.minimum(cost[..., 1:] + 1, cost[..., :-1] + change)
            cost = np.minimum.accumulate(new - steps, axis=-1) + steps
        ends = np.broadcast_to(lengths[i:, None, None], (count - i, len(SHIFTS), 1))
        distance = np.take_along_axis(cost, ends, axis=-1)[..., 0].min(axis=1)
        out[i, i:] = out[i:, i] = 1 - distance / np.maximum(np.maximum(lengths[i], lengths[i:]), 1)
    return out


def group(sources: list[Source]) -> list[str]:
    """Tune family of each source, named after its first member.

    Two pieces are of one family if their tunes are alike by any of `THRESHOLDS`, or if they begin
    with the same text; families join up through common members.

    Parameters
    ----------
    sources : list of Source
        In order of name.
    """
    same = np.zeros((len(sources), len(sources)), dtype=np.bool_)
    for length, threshold in THRESHOLDS.items():
        same |= likeness([skeleton(s.chorale, length) for s in sources]) >= threshold
    for i, source in enumerate(sources):
        text = source.text[:SAME_TEXT]
        if len(text) == SAME_TEXT:
            same[i] |= [other.text[:SAME_TEXT] == text for other in sources]
    parent = list(range(len(sources)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i, j in np.argwhere(np.triu(same | same.T, 1)):
        low, high = sorted((root(i), root(j)))
        parent[high] = low
    return [sources[root(i)].file.rsplit(".", 1)[0] for i in range(len(sources))]
