"""Decoding: what is given × what proposes × what scores.

- `plan` says which tokens are legal in every cell, with `fill` and `compose` to write it.
- `proposals` choose among them: a beam, or draws.
- The model scores, and `walk` brings the three together.
"""

from bachbot.decoding.charges import Charges
from bachbot.decoding.compose import compose
from bachbot.decoding.fill import fill, fill_all
from bachbot.decoding.form import ComposeRequest
from bachbot.decoding.options import METHODS, Candidate, DecodingOptions, Method, Progress
from bachbot.decoding.tune import under_a_tune

__all__ = [
    "METHODS",
    "Candidate",
    "Charges",
    "ComposeRequest",
    "DecodingOptions",
    "Method",
    "Progress",
    "compose",
    "fill",
    "fill_all",
    "under_a_tune",
]
