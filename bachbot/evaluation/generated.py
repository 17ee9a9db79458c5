"""Generated sets: pieces that a model writes, one for each of Bach's, for measures of whole pieces.

harmonized
    Bach's soprano with its fermatas and meter, and alto, tenor and bass from a decoder.
composed
    A new piece of the same length in bars, meter and mode: its soprano sampled, the other voices
    by the decoder.
"""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from bachbot.chorale import Chorale, Voice
from bachbot.decoding import (
    ComposeRequest,
    DecodingOptions,
    compose,
    compose_and_search,
    fill_all,
    fill_request,
)
from bachbot.encoding import FillRequest
from bachbot.errors import UsageError
from bachbot.runtime.protocol import Model


def harmonize_pieces(
    model: Model,
    requests: Sequence[FillRequest],
    options: DecodingOptions | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Chorale]:
    """The best that a decoder finds for each piece.

    Parameters
    ----------
    model : Model
        A trained model.
    requests : sequence of FillRequest
        As `bachbot.decoding.fill_request` builds them.
    options : DecodingOptions, optional
        Decoding options; default: those of `bachbot harmonize`.
    progress : callable, optional
        Called with the pieces done and their number.

    Returns
    -------
    list of Chorale
        In the order of the requests.

    Raises
    ------
    DecodingError
        If no music satisfies what is given.
    EncodingError
        If a given pitch is outside the model's vocabulary.
    """
    found = fill_all(model, requests, options, progress=progress)
    return [best.chorale for best, *_ in found]


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
    given: Sequence[Voice] = (Voice.SOPRANO,),
    progress: Callable[[int, int], None] | None = None,
) -> list[Chorale]:
    """Harmonize each of Bach's sopranos, or write the other voices to any of his.

    Parameters
    ----------
    model : Model
        A trained model.
    bach : sequence of Chorale
        P pieces in C major or A minor.
    options : DecodingOptions, optional
        Decoding options; default: those of `bachbot harmonize`.
    given : sequence of Voice
        Voices of Bach's that are kept.
    progress : callable, optional
        Called with the pieces done and their number.

    Raises
    ------
    DecodingError, EncodingError
        If a soprano, or what is given, cannot be harmonized.
    """
    works = [fill_request(c, given) for c in bach]
    return harmonize_pieces(model, works, options, progress=progress)


def composed(
    model: Model,
    bach: Sequence[Chorale],
    options: DecodingOptions = COMPOSING,
    *,
    search: Model | None = None,
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
    search : Model, optional
        The model as beam search runs it, which writes the lower voices, as in `bachbot compose`.
        Default: they are sampled too.
    progress : callable, optional
        Called with the pieces done and their number.

    Raises
    ------
    UsageError
        If the method is not to sample.
    """
    found = []
    for index, piece in enumerate(bach):
        seeded = _seeded(options, index)
        if search is None:
            [best] = compose(model, like(piece), seeded)
        else:
            [best] = compose_and_search(model, search, like(piece), seeded)
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
        penalties=options.penalties,
    )
