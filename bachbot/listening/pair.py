"""A pair: a passage of Bach's, and the same with some voices, or all, written anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbot.chorale import Chorale, Voice
from bachbot.decoding import DecodingOptions
from bachbot.evaluation.decoded import commissioned, harmonise_all
from bachbot.evaluation.sets import composed
from bachbot.listening.pace import spots_of
from bachbot.listening.pairs import COMPOSITION, Choice, Chooser
from bachbot.runtime import Checkpoint, build_model

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
        How to harmonise.
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

    def pairs(self, choices: Sequence[Choice]) -> list[Pair]:
        """A pair for each choice, in their order.

        Raises
        ------
        DecodingError, EncodingError
            If a piece cannot be written.
        """
        found: dict[int, Pair] = {}
        harmonised = [i for i, c in enumerate(choices) if c.kind != COMPOSITION]
        if harmonised:
            # The whole tune is known while a passage of it is harmonised.
            works = [
                commissioned(choices[i].piece.chorale, set(Voice) - set(anew(choices[i].kind)))
                for i in harmonised
            ]
            dtype = "float64" if self._options.method == "sample" else "float32"
            model = build_model(self._checkpoint, dtype=dtype)
            written = harmonise_all(model, works, self._options)
            found |= {
                i: _pair(choices[i], ours, self._options.seed)
                for i, ours in zip(harmonised, written, strict=True)
            }
        for i, choice in enumerate(choices):
            if choice.kind == COMPOSITION:
                found[i] = self._composition(choice)
        return [found[i] for i in range(len(choices))]

    def _composition(self, choice: Choice) -> Pair:
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


def _pair(choice: Choice, ours: Chorale, seed: int) -> Pair:
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
