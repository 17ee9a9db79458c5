"""Weights of features: a log-linear score for four-part music.

The score of a piece is the sum over its features of their weights, in nats. Added to a model's
log-probability it is an energy that a search maximizes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import EncodingError
from bachbot.features.templates import TEMPLATES, Keys

_SCHEME = np.frombuffer(hashlib.sha256(repr(TEMPLATES).encode()).digest(), dtype=np.uint8)
"""Digest of the templates: keys of other templates mean other features."""


@dataclass(frozen=True, eq=False)
class FeatureWeights:
    """Weights by feature.

    Parameters
    ----------
    keys : ndarray of int64, shape [W]
        Features, ascending.
    weights : ndarray of float32, shape [W]
        Weight of each in nats.
    """

    keys: NDArray[np.int64]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, weights: Mapping[int, float]) -> "FeatureWeights":
        """Weights from nats by key."""
        keys = np.array(sorted(weights), dtype=np.int64)
        return cls(keys, np.array([weights[int(k)] for k in keys], dtype=np.float32))

    def to_bytes(self) -> bytes:
        """The content of a safetensors file: keys, weights as float16, digest of the templates."""
        from safetensors.numpy import save

        weights = self.weights.astype(np.float16)
        return save({"keys": self.keys, "weights": weights, "templates": _SCHEME})

    @classmethod
    def from_bytes(cls, content: bytes) -> "FeatureWeights":
        """Weights from the content of a file that `to_bytes` made.

        Raises
        ------
        EncodingError
            If it is damaged, or of other templates than those of this version.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            arrays = load(content)
            keys, weights, scheme = arrays["keys"], arrays["weights"], arrays["templates"]
        except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EncodingError("it is damaged and holds no weights of features") from error
        if not np.array_equal(scheme, _SCHEME):
            raise EncodingError("its features are those of another version of bachbot")
        whole = keys.ndim == 1 and keys.shape == weights.shape and keys.dtype == np.int64
        if not whole or (np.diff(keys) <= 0).any() or weights.dtype != np.float16:
            raise EncodingError("its keys and weights do not belong together")
        if not np.isfinite(weights).all():
            raise EncodingError("a weight is not finite")
        return cls(keys, weights.astype(np.float32))

    @cached_property
    def _padded(self) -> NDArray[np.float32]:
        return np.append(self.weights, np.float32(0))

    def score(self, keys: Keys) -> NDArray[np.float64]:
        """The sum of the weights of each candidate's features, [N]; unknown features have none.

        Parameters
        ----------
        keys : ndarray of int64, shape [N, F]
            From `bachbot.features.templates`.
        """
        if not len(self.keys):
            return np.zeros(len(keys))
        total: NDArray[np.float64] = self.weights_of(keys).sum(axis=1, dtype=np.float64)
        return total

    def weights_of(self, keys: Keys) -> NDArray[np.float64]:
        """The weight of each of some features, of the shape of the keys; unknown ones have none."""
        if not len(self.keys):
            return np.zeros(keys.shape)
        at = np.searchsorted(self.keys, keys)
        found = self.keys[np.minimum(at, len(self.keys) - 1)] == keys
        return np.where(found, self._padded[at], 0.0)
