"""Pieces that a model generates beside Bach's: what decoders and whole-piece measures look at."""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from bachbot.chorale import Chorale, Voice
from bachbot.decoding import ComposeRequest, DecodingOptions, compose, fill_all, fill_request
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
        How to decode. Default: as `bachbot harmonize`.
    progress : callable, optional
        Called with the pieces done and the number of pieces.

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
"""The default options of `bachbot compose`."""

_FEWEST_BARS = 2  # a piece has a beginning and an end


def harmonized(
    model: Model,
    bach: Sequence[Chorale],
    options: DecodingOptions | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Chorale]:
    """Alto, tenor and bass under each of Bach's sopranos.

    Parameters
    ----------
    model : Model
        A trained model.
    bach : sequence of Chorale
        P pieces in C major or A minor.
    options : DecodingOptions, optional
        How to decode. Default: as `bachbot harmonize`.
    progress : callable, optional
        Called with the pieces done and the number of pieces.

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
    """A new piece beside each of Bach's, of its length in bars, meter, pickup and mode.

    Piece i has the seed ``options.seed + i``, so that it does not depend on the others.

    Parameters
    ----------
    model : Model
        A trained model, best stepped in float64.
    bach : sequence of Chorale
        P pieces in C major or A minor.
    options : DecodingOptions
        How to sample; its ``number`` has no effect.
    progress : callable, optional
        Called with the pieces done and the number of pieces.

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
    """A new piece of another's length in bars, meter, pickup, mode and ranges."""
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
