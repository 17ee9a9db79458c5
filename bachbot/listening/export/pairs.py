"""Pairs: excerpts of Bach's chorales, and the same excerpts with voices that a model generated."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbot.chorale import Chorale, Voice
from bachbot.corpus.store import Piece
from bachbot.decoding import DecodingOptions, fill_request
from bachbot.errors import UsageError
from bachbot.evaluation.generated import composed, harmonize_pieces, like
from bachbot.listening.export.pair_timing import compute_timing, fermata_ends
from bachbot.listening.export.request import COMPOSITION
from bachbot.runtime import Checkpoint, build_decoding_model

MIN_SECONDS, MAX_SECONDS = 15.0, 30.0
"""Duration of an excerpt that is harmonized."""

MAX_COMPOSITION_SECONDS = 60.0
"""Duration of a whole piece."""

_LETTERS = dict(zip("SATB", Voice, strict=True))


def generated_voices(condition: str) -> tuple[Voice, ...]:
    """The voices that the model writes in a condition."""
    if condition == COMPOSITION:
        return tuple(Voice)
    return tuple(_LETTERS[letter] for letter in condition)


def allocate_conditions(
    number: int, weights: Mapping[str, float], rng: np.random.Generator
) -> list[str]:
    """Conditions of all trials, in random order.

    Parameters
    ----------
    number : int
        Number of trials.
    weights : mapping of str to float
        Relative frequency of each condition, above 0.
    rng : Generator
        Decides ties and the order.

    Returns
    -------
    list of str
        The number of trials of each condition differs from its exact share by less than one
        (largest remainder method).
    """
    total = sum(weights.values())
    exact = {condition: number * weight / total for condition, weight in weights.items()}
    counts = {condition: int(share + 1e-9) for condition, share in exact.items()}
    by_remainder = sorted(counts, key=lambda c: (-round(exact[c] - counts[c], 9), rng.random()))
    for condition in by_remainder[: number - sum(counts.values())]:
        counts[condition] += 1
    conditions = [condition for condition, count in counts.items() for _ in range(count)]
    return [conditions[i] for i in rng.permutation(number)]


@dataclass(frozen=True, eq=False)
class Excerpt:
    """The part of a piece that is played in a trial.

    Parameters
    ----------
    condition : str
        One of `bachbot.listening.answers.CONDITIONS`.
    piece : Piece
        By Bach.
    end : int
        Number of frames, from the beginning of the piece.
    """

    condition: str
    piece: Piece
    end: int


def excerpt_end(chorale: Chorale, condition: str, tempo: float) -> int | None:
    """Number of frames of a piece that are played in a condition.

    Parameters
    ----------
    chorale : Chorale
        The piece.
    condition : str
        One of `bachbot.listening.answers.CONDITIONS`.
    tempo : float
        Quarter notes per minute.

    Returns
    -------
    int or None
        For a harmonization up to the last fermata, or the end, such that it lasts `MIN_SECONDS` to
        `MAX_SECONDS`. A composition is played as a whole if it lasts at most
        `MAX_COMPOSITION_SECONDS` and a model can be asked for a piece of its shape: with regular
        bars, the last one shorter by the pickup. None if the piece is not suitable.
    """
    if condition == COMPOSITION:
        request = like(chorale)
        regular = np.array_equal(chorale.meter.positions(chorale.frames), chorale.position)
        short = _seconds(chorale, (), tempo) <= MAX_COMPOSITION_SECONDS
        suitable = regular and request.frames == chorale.frames and short
        return chorale.frames if suitable else None
    phrase_ends = [int(frame) + 1 for frame in fermata_ends(chorale)]
    for end in sorted({*phrase_ends, chorale.frames}, reverse=True):
        inner = [e for e in phrase_ends if e < end]
        if MIN_SECONDS <= _seconds(chorale.sliced(0, end), inner, tempo) <= MAX_SECONDS:
            return end
    return None


def _seconds(chorale: Chorale, phrase_ends: Sequence[int], tempo: float) -> float:
    """Duration of a piece with fermatas at the ends of some phrases and on the last chord."""
    fermatas = [*(end - 1 for end in phrase_ends), chorale.frames - 1]
    return float(compute_timing(chorale.frames, fermatas, tempo).starts[-1])


class ExcerptSelector:
    """Selects pieces, none of them twice for the same condition.

    Parameters
    ----------
    pieces : sequence of Piece
        To select from.
    tempo : float
        Quarter notes per minute.
    rng : Generator
        Decides among pieces that are equally suitable.
    """

    def __init__(self, pieces: Sequence[Piece], tempo: float, rng: np.random.Generator) -> None:
        self._pieces = pieces
        self._tempo = tempo
        self._rng = rng
        self._selected: set[tuple[str, str]] = set()
        self._piece_uses: Counter[str] = Counter()
        self._tune_uses: Counter[str] = Counter()

    def select(self, conditions: Sequence[str]) -> list[Excerpt]:
        """An excerpt for each condition; compositions first, for which fewer pieces are suitable.

        Raises
        ------
        UsageError
            If there are too few pieces.
        """
        order = sorted(range(len(conditions)), key=lambda i: (conditions[i] != COMPOSITION, i))
        found = {i: self._select_one(conditions[i]) for i in order}
        return [found[i] for i in range(len(conditions))]

    def reject(self, excerpt: Excerpt) -> None:
        """Record that an excerpt is not used; its piece may be selected for other conditions."""
        self._piece_uses[excerpt.piece.chorale.name] -= 1
        self._tune_uses[excerpt.piece.family] -= 1

    def _select_one(self, condition: str) -> Excerpt:
        suitable = [
            (piece, end)
            for piece in self._pieces
            if (piece.chorale.name, condition) not in self._selected
            and (end := excerpt_end(piece.chorale, condition, self._tempo)) is not None
        ]
        if not suitable:
            available = sum(c == condition for _, c in self._selected)
            raise UsageError(
                f"only {available} pieces are suitable for the condition {condition}: "
                "ask for fewer trials or other conditions"
            )
        piece, end = min(suitable, key=lambda pair: self._rank(pair[0]))
        self._selected.add((piece.chorale.name, condition))
        self._piece_uses[piece.chorale.name] += 1
        self._tune_uses[piece.family] += 1
        return Excerpt(condition, piece, end)

    def _rank(self, piece: Piece) -> tuple[int, int, float]:
        """The least used piece first, then that with the least used tune, then at random."""
        return (
            self._piece_uses[piece.chorale.name],
            self._tune_uses[piece.family],
            self._rng.random(),
        )


@dataclass(frozen=True, eq=False)
class Pair:
    """The two versions of a trial, in Bach's key, of the same length and with the same fermatas.

    Parameters
    ----------
    condition : str
        One of `bachbot.listening.answers.CONDITIONS`.
    source : str
        Name of Bach's piece in the corpus.
    bach, generated : Chorale
        T frames each. The soprano has a fermata at each of `fermatas`.
    fermatas : tuple of int
        Last frame of each note under a fermata.
    seed : int
        Random seed of the decoding.
    """

    condition: str
    source: str
    bach: Chorale
    generated: Chorale
    fermatas: tuple[int, ...]
    seed: int

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The voices that the model wrote."""
        return generated_voices(self.condition)

    @property
    def difference(self) -> float:
        """Share of the frames of these voices whose pitch or tie differs from Bach's."""
        voices = list(self.voices)
        pitch = self.bach.pitch[:, voices] != self.generated.pitch[:, voices]
        tied = self.bach.tied[:, voices] != self.generated.tied[:, voices]
        return float(np.mean(pitch | tied))


class PairGenerator:
    """Generates the model's version of each pair.

    Parameters
    ----------
    checkpoint : Checkpoint
        A trained model.
    options : DecodingOptions
        For harmonizations.
    composing : DecodingOptions
        For compositions; each has the next seed.
    """

    def __init__(
        self, checkpoint: Checkpoint, options: DecodingOptions, composing: DecodingOptions
    ) -> None:
        self._checkpoint = checkpoint
        self._options = options
        self._composing = composing
        self._compositions = 0

    def generate(self, excerpts: Sequence[Excerpt]) -> list[Pair]:
        """A pair for each excerpt.

        Raises
        ------
        DecodingError, EncodingError
            If the model cannot harmonize a piece.
        """
        found: dict[int, Pair] = {}
        harmonizations = [i for i, e in enumerate(excerpts) if e.condition != COMPOSITION]
        if harmonizations:
            # The model is given the whole tune, although only an excerpt is played.
            requests = [
                fill_request(
                    excerpts[i].piece.chorale,
                    set(Voice) - set(generated_voices(excerpts[i].condition)),
                )
                for i in harmonizations
            ]
            model = build_decoding_model(self._checkpoint, self._options.method)
            results = harmonize_pieces(model, requests, self._options)
            found |= {
                i: _make_pair(excerpts[i], generated, self._options.seed)
                for i, generated in zip(harmonizations, results, strict=True)
            }
        for i, excerpt in enumerate(excerpts):
            if excerpt.condition == COMPOSITION:
                found[i] = self._compose(excerpt)
        return [found[i] for i in range(len(excerpts))]

    def _compose(self, excerpt: Excerpt) -> Pair:
        options = replace(self._composing, seed=self._composing.seed + self._compositions)
        self._compositions += 1
        [generated] = composed(
            build_decoding_model(self._checkpoint, "sample"),
            [excerpt.piece.chorale],
            options,
            search=build_decoding_model(self._checkpoint),
        )
        return _make_pair(excerpt, generated, options.seed)


def make_pairs(
    selector: ExcerptSelector, conditions: Sequence[str], generator: PairGenerator
) -> list[Pair]:
    """A pair for each condition, with two different versions.

    If the model wrote exactly what Bach did, another piece is selected.

    Raises
    ------
    UsageError
        If there are too few pieces.
    DecodingError, EncodingError
        If the model cannot harmonize a piece.
    """
    found: dict[int, Pair] = {}
    while len(found) < len(conditions):
        missing = [i for i in range(len(conditions)) if i not in found]
        excerpts = selector.select([conditions[i] for i in missing])
        for i, excerpt, pair in zip(missing, excerpts, generator.generate(excerpts), strict=True):
            if pair.difference:
                found[i] = pair
            else:
                selector.reject(excerpt)
    return [found[i] for i in range(len(conditions))]


def _make_pair(excerpt: Excerpt, generated: Chorale, seed: int) -> Pair:
    """Cut both versions, transpose them to Bach's key, and give them the same fermatas."""
    source = excerpt.piece.chorale
    bach = source.sliced(0, excerpt.end)
    fermatas: tuple[int, ...]
    if excerpt.condition == COMPOSITION:
        # The number and the positions of fermatas would tell them apart: the last chord alone.
        fermatas = (excerpt.end - 1,)
    else:
        fermatas = tuple(int(frame) for frame in fermata_ends(bach))
    versions = []
    for version in (bach, generated.sliced(0, excerpt.end)):
        transposed = version.transposed(-source.transposed_by, excerpt.piece.source_key)
        fermata = _under_fermatas(version, fermatas)
        versions.append(replace(transposed, fermata=fermata, name=""))
    return Pair(excerpt.condition, source.name, versions[0], versions[1], fermatas, seed)


def _under_fermatas(chorale: Chorale, fermatas: Sequence[int]) -> np.ndarray:
    """Whether each frame is part of a soprano note under one of the fermatas, shape [T]."""
    note = np.cumsum(~chorale.tied[:, Voice.SOPRANO])
    return np.isin(note, note[list(fermatas)])
