"""The engine: the one object that the command line, a site and notebooks call."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bachbot.chorale import Voice
from bachbot.decoding import Candidate, DecodingOptions, fill_all
from bachbot.engine.requests import (
    ComposeOptions,
    DecodingResult,
    HarmonizeRequest,
    by_length,
    composed,
)
from bachbot.errors import BachbotError
from bachbot.files import DEFAULT_CHECKPOINT
from bachbot.runtime import Checkpoint, Model, build_model, load_checkpoint
from bachbot.scores import BarRange, Score, load_score

SIDE_BY_SIDE = 24
"""How many pieces are decoded at once."""

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


class Engine:
    """A loaded model that composes and harmonizes.

    Parameters
    ----------
    checkpoint : Checkpoint
        A trained model, as `bachbot.runtime.load_checkpoint` gives it.

    Examples
    --------
    >>> from bachbot import Engine, load_score, save_score  # doctest: +SKIP
    >>> tune = load_score("corpus/examples/twinkle.musicxml")  # doctest: +SKIP
    >>> [best] = Engine.load().harmonize(tune)  # doctest: +SKIP
    >>> save_score(best.score, "twinkle.musicxml")  # doctest: +SKIP
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._models: dict[str, Model] = {}

    @classmethod
    def load(cls, checkpoint: str | Path = DEFAULT_CHECKPOINT) -> "Engine":
        """Load a checkpoint.

        Parameters
        ----------
        checkpoint : str or Path
            Name of a shipped one, or a directory.

        Raises
        ------
        CheckpointError
            If it is missing, damaged, or of another format or vocabulary.
        """
        return cls(load_checkpoint(checkpoint))

    def harmonize(
        self,
        score: Score,
        *,
        given: Sequence[Voice] = (Voice.SOPRANO,),
        bars: BarRange | None = None,
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[DecodingResult]:
        """Write the voices that are missing, or rewrite some bars.

        The tune is brought to C major or A minor, decoded and brought back (Liang and others,
        2017, section 5, with a beam in the place of their greedy search).

        Parameters
        ----------
        score : Score
            From `load_score`; it has the given voices.
        given : sequence of Voice
            Voices that come back note for note.
        bars : BarRange, optional
            From `bachbot.scores.bars_of`: only these are rewritten, in the voices that are not
            given, of which there may then be all four.
        options : DecodingOptions, optional
            Method, beam, temperature, seed, number; a beam of 10 unless given.
        progress : callable, optional
            Told of frames done.

        Returns
        -------
        list of Arrangement
            Best first, `options.number` of them.

        Raises
        ------
        UsageError
            If all four voices are given, none, or one that the score lacks.
        DecodingError
            If no music satisfies what is given.
        """
        commission = HarmonizeRequest(score, tuple(sorted(set(given))), bars)
        [found] = self._filled([commission], options or DecodingOptions(), progress)
        return [commission.arranged(c) for c in found]

    def harmonize_all(
        self,
        scores: Sequence[Score],
        *,
        given: Sequence[Voice] = (Voice.SOPRANO,),
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[list[DecodingResult] | BachbotError]:
        """Write the voices that are missing of many scores, several at a time.

        Parameters
        ----------
        scores : sequence of Score
            Any number.
        given, options
            As `harmonize` takes them.
        progress : callable, optional
            Told of pieces done.

        Returns
        -------
        list
            For each score what `harmonize` returns, or the error that it raises.
        """
        options = options or DecodingOptions()
        done: list[list[DecodingResult] | BachbotError] = [[] for _ in scores]
        commissions: dict[int, HarmonizeRequest] = {}
        for index, score in enumerate(scores):
            try:
                commission = HarmonizeRequest(score, tuple(sorted(set(given))))
                _ = commission.work
                commissions[index] = commission
            except BachbotError as error:
                done[index] = error
        places, counted = list(commissions), len(scores) - len(commissions)
        for group in by_length(list(commissions.values()), SIDE_BY_SIDE):
            for index, found in self._group({places[i]: commissions[places[i]] for i in group},
                                            options).items():  # fmt: skip
                done[index] = found
            counted += len(group)
            if progress is not None:
                progress(counted, len(scores))
        return done

    def compose(
        self,
        plan: ComposeOptions | None = None,
        *,
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[DecodingResult]:
        """Compose a new piece, or go on from an opening.

        Parameters
        ----------
        plan : Plan, optional
            Length, meter, key and opening; a piece in C major, 4/4, unless given.
        options : DecodingOptions, optional
            Temperature, top-p, seed, number; sampled at 0.9 unless given, as in the original.
        progress : callable, optional
            Told of frames done.

        Returns
        -------
        list of Arrangement
            `options.number` pieces, each of which says how it ended.

        Raises
        ------
        UsageError
            If the plan contradicts itself.
        """
        options = options or DecodingOptions(method="sample", temperature=0.9)
        return composed(self._model(options), plan or ComposeOptions(), options, progress)

    def _group(
        self, commissions: dict[int, HarmonizeRequest], options: DecodingOptions
    ) -> dict[int, list[DecodingResult] | BachbotError]:
        """Some pieces side by side; each alone where one of them cannot be done."""
        try:
            found = self._filled(list(commissions.values()), options, None)
            return {
                index: [commission.arranged(c) for c in candidates]
                for (index, commission), candidates in zip(commissions.items(), found, strict=True)
            }
        except BachbotError as error:
            if len(commissions) == 1:
                return dict.fromkeys(commissions, error)
        alone: dict[int, list[DecodingResult] | BachbotError] = {}
        for index, commission in commissions.items():
            alone |= self._group({index: commission}, options)
        return alone

    def _filled(
        self,
        commissions: Sequence[HarmonizeRequest],
        options: DecodingOptions,
        progress: Progress | None,
    ) -> list[list[Candidate]]:
        works = [c.work for c in commissions]
        return fill_all(self._model(options), works, options, progress=progress)

    def _model(self, options: DecodingOptions) -> Model:
        # A draw must not hang on the last bit of a sum, which differs between machines.
        name = "float64" if options.method == "sample" else "float32"
        if name not in self._models:
            self._models[name] = build_model(self._checkpoint, dtype=np.dtype(name))
        return self._models[name]


def harmonize(
    score: Score | str | Path,
    *,
    checkpoint: str | Path = DEFAULT_CHECKPOINT,
    given: Sequence[Voice] = (Voice.SOPRANO,),
    options: DecodingOptions | None = None,
) -> list[DecodingResult]:
    """Harmonize a tune: `Engine.load(checkpoint).harmonize(...)` in one call.

    Parameters
    ----------
    score : Score, str or Path
        A loaded score, or a file to load.
    checkpoint : str or Path
        Name of a shipped one, or a directory.
    given : sequence of Voice
        Voices that come back note for note.
    options : DecodingOptions, optional
        Method, beam, temperature, seed, number.

    Returns
    -------
    list of Arrangement
        Best first.

    Raises
    ------
    BachbotError
        If the file, the checkpoint or the options are bad; see `load_score` and `Engine`.
    """
    if not isinstance(score, Score):
        score = load_score(score, voices=given)
    return Engine.load(checkpoint).harmonize(score, given=given, options=options)


def compose_pieces(
    plan: ComposeOptions | None = None,
    *,
    checkpoint: str | Path = DEFAULT_CHECKPOINT,
    options: DecodingOptions | None = None,
) -> list[DecodingResult]:
    """Compose: `Engine.load(checkpoint).compose(...)` in one call.

    Parameters
    ----------
    plan : Plan, optional
        Length in bars, meter, key and opening.
    checkpoint : str or Path
        Name of a shipped one, or a directory.
    options : DecodingOptions, optional
        Temperature, top-p, seed, number.

    Returns
    -------
    list of Arrangement

    Raises
    ------
    BachbotError
        If the checkpoint, the plan or the options are bad; see `Engine`.
    """
    return Engine.load(checkpoint).compose(plan, options=options)
