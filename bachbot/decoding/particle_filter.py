"""A particle filter: several hypotheses for each sampled candidate, resampled by their weights.

Gordon, Salmond and Smith, *Novel approach to nonlinear/non-Gaussian Bayesian state estimation*,
1993. Sampling alone looks at the past only, never at the note that is given next. Here a
hypothesis that did not expect the given note loses weight and is replaced by one that did.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.decoding.options import DecodingOptions
from bachbot.decoding.search import Search
from bachbot.decoding.strategies import Sampler
from bachbot.encoding import END


@dataclass(frozen=True)
class ParticleFilter:
    """The particles (hypotheses) of all candidates, and the random numbers of each.

    The random numbers of a candidate are spawned from the seed by its index, so they do not depend
    on the number of pieces and candidates.

    Parameters
    ----------
    sampler : Sampler
        Token selector of all particles, those of the first candidate first.
    choosers : tuple of numpy.random.Generator
        For each candidate, the random numbers that resample its particles.
    group : ndarray of int64, shape [B]
        Candidate of each particle.
    """

    sampler: Sampler
    choosers: tuple[np.random.Generator, ...]
    group: NDArray[np.int64]

    @classmethod
    def seeded(
        cls, options: DecodingOptions, particles: int, *, pieces: int = 1
    ) -> "ParticleFilter":
        """A particle filter with random numbers from a seed.

        Parameters
        ----------
        options : DecodingOptions
            Seed, number of candidates of each piece, temperature and top-p.
        particles : int
            Particles of each candidate.
        pieces : int
            Number of pieces; all have the same random numbers.
        """
        generators, choosers = [], []
        for _ in range(pieces):
            for candidate in np.random.SeedSequence(options.seed).spawn(options.number):
                *each, chooser = (np.random.default_rng(s) for s in candidate.spawn(particles + 1))
                generators += each
                choosers.append(chooser)
        return cls(
            Sampler(generators, options.temperature, options.top_p),
            tuple(choosers),
            np.repeat(np.arange(pieces * options.number), particles),
        )

    def split(self, search: Search) -> None:
        """Split the only hypothesis of each piece into the particles of its candidates."""
        search.split(len(self.group) // search.size, self.group)

    def resample(self, search: Search) -> None:
        """Replace particles of little weight by copies of those of much weight."""
        rows = np.arange(search.size)
        reset = np.zeros(search.size, dtype=np.bool_)
        for candidate, chooser in enumerate(self.choosers):
            own = np.flatnonzero(search.group == candidate)
            share = _shares(search.weight[own])
            # Only where few particles carry most of the weight: resampling costs variety.
            if len(own) < 2 or 1 / (share**2).sum() >= len(own) / 2:
                continue
            # Systematic resampling (Kitagawa, 1996): one random number for all particles.
            at = (chooser.random() + np.arange(len(own))) / len(own)
            rows[own] = own[np.searchsorted(np.cumsum(share), at).clip(max=len(own) - 1)]
            reset[own] = True
        search.resample(rows, reset)

    def select_final(self, search: Search, which: NDArray[np.bool_]) -> None:
        """Sample one particle, by weight, of each candidate that is complete; drop the others.

        Parameters
        ----------
        search : Search
            All particles of a candidate are complete at the same time.
        which : ndarray of bool, shape [B]
            Particles that are complete. The others continue.
        """
        search.add_to_weight(np.where(which, search.next_log_probability[:, END], 0.0))
        rows = [np.flatnonzero(~which)]
        for candidate, chooser in enumerate(self.choosers):
            own = np.flatnonzero((search.group == candidate) & which)
            if len(own):
                cumulated = np.cumsum(_shares(search.weight[own]))
                index = np.searchsorted(cumulated, chooser.random() * cumulated[-1], side="right")
                rows.append(own[[min(int(index), len(own) - 1)]])
        search.keep_only(np.sort(np.concatenate(rows)))


def _shares(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights as shares of one, from logarithms; equal where all are zero."""
    peak = weight.max(initial=-np.inf)
    shares = np.exp(weight - peak) if np.isfinite(peak) else np.ones(len(weight))
    return shares / shares.sum() if len(shares) else shares
