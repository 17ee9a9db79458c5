"""Generated sets: pieces that a model writes, one for each of Bach's, for measures of whole pieces.

harmonized
    Bach's soprano with its fermatas and meter, and alto, tenor and bass from a decoder.
composed
    A new piece of the same length in bars, meter and mode, sampled.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

from bachbot.chorale import REST, Chorale, Given, Voice
from bachbot.decoding import ComposeRequest, DecodingOptions, compose, fill_all, with_final_cadence
from bachbot.encoding import FillRequest
from bachbot.errors import UsageError
from bachbot.runtime.protocol import Model

SIDE_BY_SIDE = 20
"""How many pieces are decoded at once."""


def fill_request(chorale: Chorale, given: Iterable[Voice]) -> FillRequest:
    """A piece as `bachbot harmonize` would ask for it.

    Parameters
    ----------
    chorale : Chorale
        T frames in C major or A minor.
    given : iterable of Voice
        Voices that come back untouched. So do the fermatas of a piece that has any, as they are
        written in the tune; in one without, the model sets its own.
    """
    voices = tuple(given)
    wanted = Given.voices(chorale.frames, voices, fermatas=bool(chorale.fermata.any()))
    if Voice.SOPRANO in voices and (chorale.pitch[:, Voice.SOPRANO] != REST).any():
        chorale, wanted = with_final_cadence(chorale, wanted)
    return FillRequest(chorale, wanted)


def harmonize_pieces(
    model: Model,
    works: Sequence[FillRequest],
    options: DecodingOptions | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Chorale]:
    """The best that a decoder finds for each piece.

    Parameters
    ----------
    model : Model
        A trained model.
    works : sequence of Work
        As `fill_request` gives them. Those of like length go side by side.
    options : DecodingOptions, optional
        Decoding options; default: those of `bachbot harmonize`.
    progress : callable, optional
        Called with the pieces done and their number.

    Returns
    -------
    list of Chorale
        In the order of the works.

    Raises
    ------
    DecodingError
        If no music satisfies what is given.
    EncodingError
        If a given pitch is outside the model's vocabulary.
    """
    options = options or DecodingOptions()
    order = sorted(range(len(works)), key=lambda i: works[i].chorale.frames)
    found: dict[int, Chorale] = {}
    for start in range(0, len(order), SIDE_BY_SIDE):
        group = order[start : start + SIDE_BY_SIDE]
        candidates = fill_all(model, [works[i] for i in group], options)
        found |= {i: best[0].chorale for i, best in zip(group, candidates, strict=True)}
        if progress is not None:
            progress(len(found), len(works))
    return [found[i] for i in range(len(works))]


SetName = Literal["harmonized", "composed"]
SETS: tuple[SetName, ...] = get_args(SetName)

COMPOSING = DecodingOptions(method="sample", temperature=0.9)
"""The default sampling options of `bachbot compose`."""

_FEWEST_BARS = 2  # a piece has a beginning and an end


def harmonized(
    model: Model,
    bach: Sequence[Chorale],
    options: DecodingOptions | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Chorale]:
    """Harmonize each of Bach's sopranos.

    Parameters
    ----------
    model : Model
        A trained model.
    bach : sequence of Chorale
        P pieces in C major or A minor.
    options : DecodingOptions, optional
        Decoding options; default: those of `bachbot harmonize`.
    progress : callable, optional
        Called with the pieces done and their number.

    Raises
    ------
    DecodingError, EncodingError
        If a soprano cannot be harmonized.
    """
    works = [fill_request(c, [Voice.SOPRANO]) for c in bach]
    return harmonize_pieces(model, works, options, progress=progress)


def composed(
    model: Model,
    bach: Sequence[Chorale],
    options: DecodingOptions = COMPOSING,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Chorale]:
    """Compose a new piece for each of Bach's, of equal length in bars, meter, pickup and mode.

    Piece i is sampled with the seed ``options.seed + i``, independently of the others.

    Parameters
    ----------
    model : Model
        A trained model, preferably in float64.
    bach : sequence of Chorale
        P pieces in C major or A minor.
    options : DecodingOptions
        Sampling options; ``number`` has no effect.
    progress : callable, optional
        Called with the pieces done and their number.

    Raises
    ------
    UsageError
        If the method is not to sample.
    """
    found = []
    for index, piece in enumerate(bach):
        [best] = compose(model, like(piece), _seeded(options, index))
        found.append(best.chorale)
        if progress is not None:
            progress(index + 1, len(bach))
    return found


def like(piece: Chorale) -> ComposeRequest:
    """The request for a new piece of another's length in bars, meter, pickup, mode and range."""
    whole = piece.frames - piece.meter.pickup
    bars = max(_FEWEST_BARS, -(-whole // piece.meter.bar_frames))
    return ComposeRequest(
        bars=bars,
        meter=piece.meter,
        mode=piece.key.mode,
        transposed_by=piece.transposed_by,
    )


def _seeded(options: DecodingOptions, index: int) -> DecodingOptions:
    if options.method != "sample":
        raise UsageError(f"a piece cannot be composed by the method '{options.method}': use sample")
    return DecodingOptions(
        method="sample",
        temperature=options.temperature,
        top_p=options.top_p,
        seed=options.seed + index,
        charges=options.charges,
    )
