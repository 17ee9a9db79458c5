"""Which pieces a test is made of: of each type as many, spread over chorales and tunes.

A harmonisation is heard from its beginning to a fermata, a composition whole: a piece that is cut
off where Bach ends a phrase would be cut in the middle of one of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bachbot.chorale import Chorale
from bachbot.corpus.store import Piece
from bachbot.errors import UsageError
from bachbot.evaluation.sets import like
from bachbot.listening.answer import KINDS
from bachbot.listening.pace import clock, spots_of

COMPOSITION = "composition"

EQUAL: Mapping[str, float] = dict.fromkeys(KINDS, 1.0)
"""Every type as often."""

ORIGINAL: Mapping[str, float] = dict.fromkeys("SATB", 0.25) | {
    "AT": 1.0,
    "ATB": 1.0,
    COMPOSITION: 2.0,
}
"""The original's five questions: one voice, AT, ATB and two compositions (Liang and others, 2017,
section 7)."""

SHORTEST, LONGEST = 15.0, 30.0
"""Seconds of a passage of whole phrases."""
LONGEST_WHOLE = 60.0
"""Seconds of a whole piece."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What a trial is made of.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    piece : Piece
        Bach's.
    stop : int
        Frame after the last that is heard.
    """

    kind: str
    piece: Piece
    stop: int


def shares(number: int, weights: Mapping[str, float], rng: np.random.Generator) -> list[str]:
    """The type of each trial, in an order of chance.

    Parameters
    ----------
    number : int
        How many trials.
    weights : mapping of str to float
        How often each type is wanted beside the others, above 0.
    rng : Generator
        Decides which types have one more where the number does not go up, and the order.

    Returns
    -------
    list of str
        No type is more than one off its share.
    """
    total = sum(weights.values())
    exact = {kind: number * weight / total for kind, weight in weights.items()}
    counts = {kind: int(share + 1e-9) for kind, share in exact.items()}
    # The largest remainders first, chance among equals.
    left = sorted(counts, key=lambda k: (-round(exact[k] - counts[k], 9), rng.random()))
    for kind in left[: number - sum(counts.values())]:
        counts[kind] += 1
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    return [kinds[i] for i in rng.permutation(number)]


class Chooser:
    """Takes one piece after the other, never one twice for the same type.

    Parameters
    ----------
    pieces : sequence of Piece
        To choose from.
    tempo : float
        Quarter notes a minute.
    rng : Generator
        Decides among pieces that are as good.
    """

    def __init__(self, pieces: Sequence[Piece], tempo: float, rng: np.random.Generator) -> None:
        self._pieces = pieces
        self._tempo = tempo
        self._rng = rng
        self._taken: set[tuple[str, str]] = set()
        self._uses: Counter[str] = Counter()
        self._families: Counter[str] = Counter()

    def take(self, kinds: Sequence[str]) -> list[Choice]:
        """A piece for each type of a list, those first that fewest pieces will do for.

        Raises
        ------
        UsageError
            If there are not enough.
        """
        order = sorted(range(len(kinds)), key=lambda i: (kinds[i] != COMPOSITION, i))
        found = {i: self._one(kinds[i]) for i in order}
        return [found[i] for i in range(len(kinds))]

    def give_back(self, choice: Choice) -> None:
        """Say that a piece was of no use for its type; it may be taken for another."""
        self._uses[choice.piece.chorale.name] -= 1
        self._families[choice.piece.family] -= 1

    def _one(self, kind: str) -> Choice:
        fit = [
            (piece, stop)
            for piece in self._pieces
            if (piece.chorale.name, kind) not in self._taken
            and (stop := passage(piece.chorale, kind, self._tempo)) is not None
        ]
        if not fit:
            taken = sum(k == kind for _, k in self._taken)
            raise UsageError(
                f"only {taken} pieces will do for trials of type {kind}: ask for fewer trials or "
                "other types"
            )
        piece, stop = min(fit, key=lambda pair: self._rank(pair[0]))
        self._taken.add((piece.chorale.name, kind))
        self._uses[piece.chorale.name] += 1
        self._families[piece.family] += 1
        return Choice(kind, piece, stop)

    def _rank(self, piece: Piece) -> tuple[int, int, float]:
        """Least used first, then of the least used tune, then by chance."""
        return (
            self._uses[piece.chorale.name],
            self._families[piece.family],
            self._rng.random(),
        )


def passage(chorale: Chorale, kind: str, tempo: float) -> int | None:
    """Where what is heard of a piece stops.

    Parameters
    ----------
    chorale : Chorale
        A piece.
    kind : str
        One of `KINDS`.
    tempo : float
        Quarter notes a minute.

    Returns
    -------
    int or None
        Frames. Of a harmonisation the last fermata, or the end, between `SHORTEST` and `LONGEST`;
        a composition is heard whole, where it is no longer than `LONGEST_WHOLE` and of a shape
        that can be asked for: regular bars, and the pickup missing from the last. None where that
        cannot be.
    """
    if kind == COMPOSITION:
        wanted = like(chorale)
        regular = np.array_equal(chorale.metre.places(chorale.frames), chorale.place)
        fits = regular and wanted.frames == chorale.frames
        return chorale.frames if fits and _seconds(chorale, (), tempo) <= LONGEST_WHOLE else None
    ends = [int(spot) + 1 for spot in spots_of(chorale)]
    for end in sorted({*ends, chorale.frames}, reverse=True):
        inner = [s for s in ends if s < end]
        if SHORTEST <= _seconds(chorale.sliced(0, end), inner, tempo) <= LONGEST:
            return end
    return None


def _seconds(chorale: Chorale, ends: Sequence[int], tempo: float) -> float:
    """How long a piece lasts whose phrases end there, its last chord held."""
    held = [*(end - 1 for end in ends), chorale.frames - 1]
    return float(clock(chorale.frames, held, tempo).starts[-1])
