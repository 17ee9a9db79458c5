"""The engine: the one object that the command line, a site and notebooks call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bachbot.chorale import Chorale, Given, Key, Metre, Pulse, Voice
from bachbot.decoding import (
    Candidate,
    ComposeRequest,
    DecodingOptions,
    compose,
    fill,
    under_a_tune,
)
from bachbot.errors import UsageError
from bachbot.runtime import Checkpoint, StepModel, build_model, load_checkpoint
from bachbot.scores import Score, complete, from_chorale, load_score, section_starts

DEFAULT_CHECKPOINT = "paper"
"""Name of the shipped checkpoint that is used unless another is named."""

Progress = Callable[[int, int], None]
"""Called with how many frames are done and how many there are."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A finished piece.

    Parameters
    ----------
    score : Score
        Four voices in the key, metre and bars asked for.
    log_probability : float
        Joint log-probability of all its tokens in nats, given ones counted.
    ending : str
        How it ended, in words.
    seed : int
        Seed that makes it again.
    """

    score: Score
    log_probability: float
    ending: str
    seed: int


@dataclass(frozen=True)
class Plan:
    """What a new piece is to be like.

    Parameters
    ----------
    bars : int, optional
        Length in bars; the model ends the piece itself unless given.
    metre : Metre
        Time signature.
    key : Key
        Key of the result.
    prime : Score, optional
        A score of all four voices whose opening is gone on from.
    prime_bars : int
        How many of its bars, a pickup not counted.
    """

    bars: int | None = None
    metre: Metre = Metre()
    key: Key = Key()
    prime: Score | None = None
    prime_bars: int = 2


class Engine:
    """A loaded model that composes and harmonises.

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
        self._models: dict[str, StepModel] = {}

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
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[Arrangement]:
        """Write the voices that are missing.

        The tune is brought to C major or A minor, decoded and brought back (Liang and others,
        2017, section 5, with a beam in the place of their greedy search).

        Parameters
        ----------
        score : Score
            From `load_score`; it has the given voices.
        given : sequence of Voice
            Voices that come back note for note.
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
        options = options or DecodingOptions()
        given = tuple(sorted(set(given)))
        missing = [v.label for v in given if v not in score.present]
        if not given or len(given) == len(Voice) or missing:
            raise UsageError(
                f"the score lacks the given voice {missing[0]}: load it with that voice"
                if missing
                else f"{len(given)} voices are given: give one, two or three of the four"
            )
        source = score.chorale
        pulse = Pulse.of(source, given[0])
        heard = pulse.heard(source.standardised())
        # Fermatas that are written rule; where there are none the model sets its own.
        wanted = Given.voices(heard.frames, given, fermatas=bool(heard.fermata.any()))
        wanted = replace(wanted, grid=pulse.slower)
        if Voice.SOPRANO in given:
            heard, wanted = under_a_tune(heard, wanted)
        anew = np.array(wanted.strikes)
        anew[[frame * pulse.slower // pulse.quicker for frame in section_starts(score)]] = True
        wanted = replace(wanted, strikes=anew)
        found = fill(self._model(options), heard, wanted, options, progress=progress)
        return [
            _arrangement(c, complete(score, _written(pulse.written(c.chorale), source), given))
            for c in found
        ]

    def compose(
        self,
        plan: Plan | None = None,
        *,
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[Arrangement]:
        """Compose a new piece, or go on from an opening.

        Parameters
        ----------
        plan : Plan, optional
            Length, metre, key and opening; a piece in C major, 4/4, unless given.
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
        plan = plan or Plan()
        options = options or DecodingOptions(method="sample", temperature=0.9)
        prime = _opening(plan.prime, plan.prime_bars) if plan.prime else None
        key = (prime.key if prime else plan.key).simplified
        metre = prime.metre if prime else plan.metre
        pulse = Pulse(slower=2) if metre.unit >= 8 else Pulse()
        request = ComposeRequest(
            bars=plan.bars,
            metre=pulse.heard_metre(metre),
            mode=key.mode,
            transposed_by=key.shift,
            prime=pulse.heard(prime.standardised()) if prime else None,
            grid=pulse.slower,
        )
        found = compose(self._model(options), request, options, progress=progress)
        return [_arrangement(c, _new_score(c, pulse, metre, key)) for c in found]

    def _model(self, options: DecodingOptions) -> StepModel:
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
) -> list[Arrangement]:
    """Harmonise a tune: `Engine.load(checkpoint).harmonize(...)` in one call.

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
    plan: Plan | None = None,
    *,
    checkpoint: str | Path = DEFAULT_CHECKPOINT,
    options: DecodingOptions | None = None,
) -> list[Arrangement]:
    """Compose: `Engine.load(checkpoint).compose(...)` in one call.

    Parameters
    ----------
    plan : Plan, optional
        Length in bars, metre, key and opening.
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


def _arrangement(candidate: Candidate, score: Score) -> Arrangement:
    return Arrangement(score, candidate.log_probability, candidate.ending, candidate.seed)


def _written(found: Chorale, source: Chorale) -> Chorale:
    """What was found, back in the key of its source."""
    return found.transposed(-source.key.shift, source.key)


def _new_score(candidate: Candidate, pulse: Pulse, metre: Metre, key: Key) -> Score:
    """A new piece in its key and metre."""
    written = pulse.written(candidate.chorale).transposed(-key.shift, key)
    return from_chorale(replace(written, metre=metre), f"Chorale in {key} (seed {candidate.seed})")


def _opening(prime: Score, bars: int) -> Chorale:
    """The first full bars of a score and the pickup before them."""
    chorale = prime.chorale
    lacking = [v.label for v in Voice if v not in prime.present]
    if lacking:
        raise UsageError(f"the opening has no {', '.join(lacking)}: all four voices are needed")
    if bars < 1:
        raise UsageError(f"{bars} bars of the opening were asked for: give 1 or more")
    starts = [*chorale.bar_starts.tolist(), chorale.frames]
    last = bars + (1 if chorale.metre.pickup else 0)
    if last >= len(starts):
        raise UsageError(
            f"the opening has {len(starts) - 1} bars and {bars} were asked for: give fewer"
        )
    return chorale.sliced(0, starts[last])
