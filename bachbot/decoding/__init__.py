"""Decoding: turns a model's token probabilities into music.

Every decoder combines the same parts:

- `requests` builds what is asked for from a chorale: which voices or cells are given.
- `constraints` lists which tokens each cell may hold.
- `harmony` narrows them down to the tones of given chords.
- `penalties` is a list of penalties and bonuses that are added to the model's log-probabilities.
- `strategies` selects the next tokens, by beam search or by sampling; `particle_filter` resamples
  several hypotheses for each sampled candidate.
- `hypotheses` holds what the search keeps of each hypothesis; `context` is what penalties see.
- `search` runs them together, frame by frame.

`harmonize` and `compose` are the two ways to use it, `composed_tune` combines them; `options` holds
their options and results.
"""

from bachbot.decoding.compose import ComposeRequest, compose
from bachbot.decoding.composed_tune import compose_and_search
from bachbot.decoding.harmonize import fill, fill_all, try_fill_all
from bachbot.decoding.options import METHODS, Candidate, DecodingOptions, Method, Progress
from bachbot.decoding.penalties import Penalties
from bachbot.decoding.requests import fill_request, octaves_to_tessitura, with_final_cadence

__all__ = [
    "METHODS",
    "Candidate",
    "ComposeRequest",
    "DecodingOptions",
    "Method",
    "Penalties",
    "Progress",
    "compose",
    "compose_and_search",
    "fill",
    "fill_all",
    "fill_request",
    "octaves_to_tessitura",
    "try_fill_all",
    "with_final_cadence",
]
