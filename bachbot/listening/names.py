"""Names and orders that tell nothing to who does not know the seed of a test."""

import hashlib

import numpy as np


def trial_name(seed: int, number: int) -> str:
    """Name of a trial: twelve hexadecimal digits."""
    return _name(seed, number, "trial")


def clip_names(seed: int, number: int) -> tuple[str, str]:
    """Names of the two clips of a trial: Bach's and the other one's.

    Either is as likely to come first in a listing of the folder.
    """
    return _name(seed, number, "first"), _name(seed, number, "second")


def bach_first(seed: int, number: int) -> bool:
    """Whether Bach's clip stands first in the list of a trial: chance."""
    return bool(np.random.default_rng([seed, 1, number]).integers(2))


def _name(seed: int, number: int, what: str) -> str:
    """A keyed hash (RFC 7693)."""
    text = f"{number} {what}".encode()
    return hashlib.blake2b(text, digest_size=6, key=str(seed).encode()).hexdigest()
