"""Decoding: what is given × what proposes × what scores.

- `plan` says which tokens are legal in every cell, with `fill` and `compose` to write it.
- `proposals` choose among them: a beam, or draws.
- The model scores, and `walk` brings the three together.
"""

from bachbot.decoding.compose import ComposeRequest, compose
from bachbot.decoding.constraints import with_final_cadence
from bachbot.decoding.harmonize import fill, fill_all
from bachbot.decoding.options import METHODS, Candidate, DecodingOptions, Method, Progress
from bachbot.decoding.penalties import Penalties

__all__ = [
    "METHODS",
    "Candidate",
    "ComposeRequest",
    "DecodingOptions",
    "Method",
    "Penalties",
    "Progress",
    "compose",
    "fill",
    "fill_all",
    "with_final_cadence",
]
