"""Pairs of pieces of which one is better, and which of them are learned from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import FillRequest
from bachbot.errors import UsageError


@dataclass(frozen=True, eq=False)
class PreferencePair:
    """Two versions of a piece in C major or A minor, with the same voices given.

    Parameters
    ----------
    name : str
        What a message calls it.
    better, worse : FillRequest
        The two, and what is given of them: the same notes in both.
    group : str
        The tune. Pairs of one group are all learned from, or all held out.

    Raises
    ------
    UsageError
        If what is given differs, nothing is missing, or the two are the same.
    """

    name: str
    better: FillRequest
    worse: FillRequest
    group: str

    def __post_init__(self) -> None:
        one, other = self.better, self.worse
        cells = one.given.cells
        if cells.all():
            raise UsageError("all four voices are given: give three or fewer")
        if cells.any():
            if cells.shape != other.given.cells.shape:
                raise UsageError(
                    f"the better one is {len(cells)} sixteenths long and the worse one "
                    f"{len(other.given.cells)}: pieces with given voices are of one length"
                )
            same = (one.chorale.pitch == other.chorale.pitch) & (
                one.chorale.tied == other.chorale.tied
            )
            if not (cells == other.given.cells).all() or not same[cells].all():
                raise UsageError("the given voices of the two differ: give them the same tune")
        if not self.differs.any():
            raise UsageError("the two are the same, note for note: give two versions")

    @cached_property
    def differs(self) -> NDArray[np.bool_]:
        """The frames in which a note differs, up to the end of the longer piece."""
        one, other = self.better.chorale, self.worse.chorale
        frames = min(one.frames, other.frames)
        found = np.ones(max(one.frames, other.frames), dtype=np.bool_)
        found[:frames] = (
            (one.pitch[:frames] != other.pitch[:frames])
            | (one.tied[:frames] != other.tied[:frames])
        ).any(axis=1)
        return found


def fingerprint(pairs: Sequence[PreferencePair]) -> str:
    """Sixteen hexadecimal digits that change with any note of any pair."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(f"{pair.name}\0{pair.group}\0".encode())
        for request in (pair.better, pair.worse):
            piece = request.chorale
            for part in (piece.pitch, piece.tied, piece.fermata, request.given.cells,
                         np.asarray(request.given.fermatas)):  # fmt: skip
                digest.update(f"{part.shape}".encode())
                digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


def hold_out(
    pairs: Sequence[PreferencePair], share: float, seed: int
) -> tuple[list[PreferencePair], list[PreferencePair]]:
    """Divide pairs by tune into those that are learned from and those that are not.

    Parameters
    ----------
    pairs : sequence of PreferencePair
        Pairs of two tunes or more.
    share : float
        Share of the tunes that are held out, at least one of them.
    seed : int
        Chooses them.

    Raises
    ------
    UsageError
        If there are fewer than two tunes.
    """
    groups = sorted({pair.group for pair in pairs})
    if len(groups) < 2:
        raise UsageError(
            f"the pairs are of {len(groups)} tunes: give pairs of two tunes or more, "
            "since one tune is held out"
        )
    count = max(1, round(share * len(groups)))
    chosen = np.random.default_rng([seed, 1]).permutation(len(groups))[:count]
    held = {groups[at] for at in chosen}
    return [p for p in pairs if p.group not in held], [p for p in pairs if p.group in held]
