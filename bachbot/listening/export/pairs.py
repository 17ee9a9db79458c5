"""Pairs: a passage of Bach's and the same written anew, and which a test is made of."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbot.chorale import Chorale, Voice
from bachbot.corpus.store import Piece
from bachbot.decoding import DecodingOptions, fill_request
from bachbot.errors import UsageError
from bachbot.evaluation.generated import composed, harmonize_pieces, like
from bachbot.listening.answers import KINDS
from bachbot.listening.export.clock import clock, spots_of
from bachbot.runtime import Checkpoint, build_model


def trial_name(seed: int, number: int) -> str:
    """Name of a trial: twelve hexadecimal digits."""
    return _name(seed, number, "trial")


def clip_names(seed: int, number: int) -> tuple[str, str]:
    """Names of the two clips of a trial: Bach's and the other one's.

    Either is as likely to come first in a listing of the folder.
    """
    return _name(seed, number, "first"), _name(seed, number, "second")


def bach_first(seed: int, number: int) -> bool:
    """Whether Bach's clip stands first in the list of a trial: chance."""
    return bool(np.random.default_rng([seed, 1, number]).integers(2))


def _name(seed: int, number: int, what: str) -> str:
    """A keyed hash (RFC 7693)."""
    text = f"{number} {what}".encode()
    return hashlib.blake2b(text, digest_size=6, key=str(seed).encode()).hexdigest()


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
class PieceChoice:
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

    def take(self, kinds: Sequence[str]) -> list[PieceChoice]:
        """A piece for each type of a list, those first that fewest pieces will do for.

        Raises
        ------
        UsageError
            If there are not enough.
        """
        order = sorted(range(len(kinds)), key=lambda i: (kinds[i] != COMPOSITION, i))
        found = {i: self._one(kinds[i]) for i in order}
        return [found[i] for i in range(len(kinds))]

    def give_back(self, choice: PieceChoice) -> None:
        """Say that a piece was of no use for its type; it may be taken for another."""
        self._uses[choice.piece.chorale.name] -= 1
        self._families[choice.piece.family] -= 1

    def _one(self, kind: str) -> PieceChoice:
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
        return PieceChoice(kind, piece, stop)

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
        Frames. Of a harmonization the last fermata, or the end, between `SHORTEST` and `LONGEST`;
        a composition is heard whole, where it is no longer than `LONGEST_WHOLE` and of a shape
        that can be asked for: regular bars, and the pickup missing from the last. None where that
        cannot be.
    """
    if kind == COMPOSITION:
        wanted = like(chorale)
        regular = np.array_equal(chorale.meter.places(chorale.frames), chorale.position)
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


_LETTERS = dict(zip("SATB", Voice, strict=True))


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sides of a trial, in Bach's key, equally long, with the same fermatas.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    source : str
        Bach's piece, as the corpus names it.
    bach, ours : Chorale
        T frames each. A fermata stands over the soprano's note at each of `held`.
    held : tuple of int
        Last frame of each hold.
    seed : int
        Of the decoding.
    """

    kind: str
    source: str
    bach: Chorale
    ours: Chorale
    held: tuple[int, ...]
    seed: int

    @property
    def anew(self) -> tuple[Voice, ...]:
        """The voices that were written anew."""
        return anew(self.kind)

    @property
    def differs(self) -> float:
        """Share of the frames of those voices in which pitch or tie is not Bach's."""
        voices = list(self.anew)
        pitch = self.bach.pitch[:, voices] != self.ours.pitch[:, voices]
        return float(np.mean(pitch | (self.bach.tied[:, voices] != self.ours.tied[:, voices])))


def anew(kind: str) -> tuple[Voice, ...]:
    """The voices that are written anew in a trial of some type."""
    return tuple(Voice) if kind == COMPOSITION else tuple(_LETTERS[letter] for letter in kind)


class Writer:
    """Writes the other side of each pair.

    Parameters
    ----------
    checkpoint : Checkpoint
        A trained model.
    options : DecodingOptions
        How to harmonize.
    composing : DecodingOptions
        How to compose; each piece with the next seed.
    """

    def __init__(
        self, checkpoint: Checkpoint, options: DecodingOptions, composing: DecodingOptions
    ) -> None:
        self._checkpoint = checkpoint
        self._options = options
        self._composing = composing
        self._composed = 0

    def pairs(self, choices: Sequence[PieceChoice]) -> list[Pair]:
        """A pair for each choice, in their order.

        Raises
        ------
        DecodingError, EncodingError
            If a piece cannot be written.
        """
        found: dict[int, Pair] = {}
        harmonized = [i for i, c in enumerate(choices) if c.kind != COMPOSITION]
        if harmonized:
            # The whole tune is known while a passage of it is harmonized.
            works = [
                fill_request(choices[i].piece.chorale, set(Voice) - set(anew(choices[i].kind)))
                for i in harmonized
            ]
            dtype = "float64" if self._options.method == "sample" else "float32"
            model = build_model(self._checkpoint, dtype=dtype)
            written = harmonize_pieces(model, works, self._options)
            found |= {
                i: _pair(choices[i], ours, self._options.seed)
                for i, ours in zip(harmonized, written, strict=True)
            }
        for i, choice in enumerate(choices):
            if choice.kind == COMPOSITION:
                found[i] = self._composition(choice)
        return [found[i] for i in range(len(choices))]

    def _composition(self, choice: PieceChoice) -> Pair:
        options = replace(self._composing, seed=self._composing.seed + self._composed)
        self._composed += 1
        model = build_model(self._checkpoint, dtype="float64")
        [ours] = composed(model, [choice.piece.chorale], options)
        return _pair(choice, ours, options.seed)


def written(chooser: Chooser, kinds: Sequence[str], writer: Writer) -> list[Pair]:
    """Pairs of the types asked for, the two sides of each different.

    Where the model wrote just what Bach did there is nothing to tell, and another piece is taken.

    Raises
    ------
    UsageError
        If there are not enough pieces.
    DecodingError, EncodingError
        If a piece cannot be written.
    """
    found: dict[int, Pair] = {}
    while len(found) < len(kinds):
        open_ = [i for i in range(len(kinds)) if i not in found]
        choices = chooser.take([kinds[i] for i in open_])
        for i, choice, pair in zip(open_, choices, writer.pairs(choices), strict=True):
            if pair.differs:
                found[i] = pair
            else:
                chooser.give_back(choice)
    return [found[i] for i in range(len(kinds))]


def _pair(choice: PieceChoice, ours: Chorale, seed: int) -> Pair:
    """Both sides cut, in Bach's key, under the same fermatas."""
    source = choice.piece.chorale
    bach = source.sliced(0, choice.stop)
    held: tuple[int, ...]
    if choice.kind == COMPOSITION:
        # How many fermatas there are, and where, would tell them apart: the last chord alone.
        held = (choice.stop - 1,)
    else:
        held = tuple(int(spot) for spot in spots_of(bach))
    sides = []
    for side in (bach, ours.sliced(0, choice.stop)):
        key = choice.piece.source_key
        moved = side.transposed(-source.transposed_by, key)
        sides.append(replace(moved, fermata=_under(side, held), name=""))
    return Pair(choice.kind, source.name, sides[0], sides[1], held, seed)


def _under(chorale: Chorale, held: Sequence[int]) -> np.ndarray:
    """Frames of the soprano's notes that sound at some frames, shape [T]."""
    number = np.cumsum(~chorale.tied[:, Voice.SOPRANO])
    return np.isin(number, number[list(held)])
