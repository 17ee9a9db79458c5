"""Held-out pieces, some voices of which a model writes anew: what decoders are measured on."""

from collections.abc import Callable, Iterable, Sequence

from bachbot.chorale import REST, Chorale, Given, Voice
from bachbot.decoding import DecodingOptions, fill_all, under_a_tune
from bachbot.encoding import Work
from bachbot.runtime.protocol import Model

SIDE_BY_SIDE = 20
"""How many pieces are decoded at once."""


def commissioned(chorale: Chorale, given: Iterable[Voice]) -> Work:
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
        chorale, wanted = under_a_tune(chorale, wanted)
    return Work(chorale, wanted)


def harmonise_all(
    model: Model,
    works: Sequence[Work],
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
        As `commissioned` gives them. Those of like length go side by side.
    options : DecodingOptions, optional
        How to decode; what `bachbot harmonize` does unless given.
    progress : callable, optional
        Told of pieces done.

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
