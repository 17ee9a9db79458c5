"""A new piece's phrases, drawn before it is sampled, and its lower voices, searched afterwards.

Sampling writes a tune and its form well, and the other voices less well than beam search, which
looks ahead and keeps the rules. So a piece is composed in two steps: all four voices are sampled,
with fermatas where phrases of the usual length end, and then alto, tenor and bass are written again
under the sampled soprano, and from its first chord, as `bachbot harmonize` writes them.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bachbot.chorale import Chorale, Meter, Pulse, Voice
from bachbot.decoding.compose import ComposeRequest, compose, describe_ending
from bachbot.decoding.harmonize import try_fill_all
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.requests import fill_request
from bachbot.encoding import FillRequest
from bachbot.errors import BachbotError
from bachbot.runtime.protocol import Model

_LONG_BARS = {1: 0.06, 2: 0.82, 3: 0.12}
_SHORT_BARS = {2: 0.05, 3: 0.10, 4: 0.79, 5: 0.06}
"""How often a phrase has so many bars, where bars have four beats or more and where they have
fewer: the shares of the phrases of the training part that end at bar lines, or as far before them
as the piece has a pickup (72% of those in 4/4 have 8 beats, 76% of those in 3/4 have 12)."""


def with_phrases(request: ComposeRequest, seed: int) -> ComposeRequest:
    """Draw where the phrases of a new piece end.

    Parameters
    ----------
    request : ComposeRequest
        A piece of a given length without an opening; any other comes back as it is, and the model
        sets the fermatas itself.
    seed : int
        The same seed draws the same phrases.

    Returns
    -------
    ComposeRequest
        With `phrase_ends`.
    """
    if request.bars is None or request.prime is not None:
        return request
    lengths = draw_phrase_lengths(request.meter, request.bars, seed)
    ends = np.cumsum(lengths) * request.meter.bar_frames
    return replace(request, phrase_ends=tuple(ends[:-1].tolist()))


def draw_phrase_lengths(meter: Meter, bars: int, seed: int) -> list[int]:
    """Draw the lengths of phrases that fill a piece.

    Parameters
    ----------
    meter : Meter
        Its beats in a bar decide how long phrases are.
    bars : int
        Length of the piece, 1 or more.
    seed : int
        The same seed draws the same lengths.

    Returns
    -------
    list of int
        Lengths in bars; their sum is `bars`. Each sequence is as likely as the product of the
        shares of its lengths, given the sum.
    """
    beats = meter.bar_frames // meter.beat_frames
    shares = _LONG_BARS if beats >= 4 else _SHORT_BARS
    # Total weight of all sequences that fill so many bars.
    weight = [1.0]
    for total in range(1, bars + 1):
        weight.append(sum(share * weight[total - n] for n, share in shares.items() if n <= total))
    if not weight[bars]:
        return [bars]
    generator = np.random.default_rng([seed, 2])
    lengths, left = [], bars
    while left:
        fitting = [n for n in shares if n <= left and weight[left - n]]
        chances = np.array([shares[n] * weight[left - n] for n in fitting])
        lengths.append(int(generator.choice(fitting, p=chances / chances.sum())))
        left -= lengths[-1]
    return lengths


def compose_and_search(
    sampler: Model,
    search: Model,
    request: ComposeRequest,
    options: DecodingOptions | None = None,
    *,
    progress: Progress | None = None,
) -> list[Candidate]:
    """Compose new pieces: sample them, and write the lower voices again by beam search.

    Parameters
    ----------
    sampler, search : Model
        A trained model as sampling and as beam search run it.
    request : ComposeRequest
        What the pieces should be like. Where it has a length and no opening, phrase ends are
        drawn unless it has them.
    options : DecodingOptions, optional
        As of `compose`; beam search has the same penalties, or the default ones, and the same
        difficulty.
    progress : callable, optional
        Called with the frames sampled and the most frames there can be.

    Returns
    -------
    list of Candidate
        ``options.number`` pieces.

    Raises
    ------
    UsageError, DecodingError, EncodingError
        As `compose`.
    """
    options = options or DecodingOptions(method="sample", temperature=0.9)
    if not request.phrase_ends:
        request = with_phrases(request, options.seed)
    sampled = compose(sampler, request, options, progress=progress)
    searching = DecodingOptions(
        beam=options.beam,
        penalties=options.penalties,
        without=options.without,
        difficulty=options.difficulty,
        ranges=options.ranges,
    )
    return harmonize_tunes(search, sampled, request, searching)


def harmonize_tunes(
    model: Model,
    candidates: Sequence[Candidate],
    request: ComposeRequest,
    options: DecodingOptions,
) -> list[Candidate]:
    """Write alto, tenor and bass of composed pieces again, by search.

    Parameters
    ----------
    model : Model
        What beam search runs.
    candidates : sequence of Candidate
        Sampled pieces.
    request : ComposeRequest
        What they were asked to be; an opening stays in all voices.
    options : DecodingOptions
        Of beam search.

    Returns
    -------
    list of Candidate
        In the order of `candidates`. Its log-probability and penalty are those of the search. A
        piece whose soprano cannot be harmonized stays as it was sampled.
    """
    requests = [_request_under(candidate.chorale, request) for candidate in candidates]
    out = []
    for sampled, found in zip(candidates, try_fill_all(model, requests, options), strict=True):
        if isinstance(found, BachbotError):
            out.append(sampled)
            continue
        best = found[0]
        music = replace(
            best.chorale,
            fermata=sampled.chorale.fermata,
            meter=sampled.chorale.meter,
            position=sampled.chorale.position,
            transposed_by=sampled.chorale.transposed_by,
            name=sampled.chorale.name,
        )
        out.append(
            replace(
                best,
                chorale=music,
                method=sampled.method,
                seed=sampled.seed,
                ending=describe_ending(music, request, model_ended=sampled.model_ended),
                model_ended=sampled.model_ended,
            )
        )
    return out


def _request_under(sampled: Chorale, request: ComposeRequest) -> FillRequest:
    """Ask for the lower voices of a sampled piece, in the pulse in which a tune is harmonized."""
    pulse = Pulse(augmentation=request.grid)
    meter = sampled.meter
    written = Meter(meter.beats, meter.unit * request.grid, meter.pickup // request.grid)
    piece = replace(pulse.undo(sampled), meter=written)
    given = np.zeros(piece.pitch.shape, dtype=np.bool_)
    # The first chord was sampled as a tonic triad in root position.
    given[:, Voice.SOPRANO] = given[: max(request.given // request.grid, 1)] = True
    return fill_request(piece, given, pulse=pulse)
