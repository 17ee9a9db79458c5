"""Several streams for each piece that is drawn, of which those that fit go on.

A particle filter (Gordon, Salmond and Smith, *Novel approach to nonlinear/non-Gaussian Bayesian
state estimation*, 1993). A draw alone looks at what was, never at the note that is given next:
here a stream that did not expect it weighs less, and gives its place to one that did.
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
    """The streams of all pieces, and the random numbers of each.

    A piece's numbers are spawned from the seed by its place, so that they are the same however
    many pieces there are.

    Parameters
    ----------
    draw : Draw
        Proposal of the streams, those of the first piece first.
    choosers : tuple of numpy.random.Generator
        For each piece, the numbers that choose between its streams.
    label : ndarray of int64, shape [B]
        Piece of each stream.
    """

    draw: Sampler
    choosers: tuple[np.random.Generator, ...]
    label: NDArray[np.int64]

    @classmethod
    def seeded(cls, options: DecodingOptions, streams: int, *, pieces: int = 1) -> "ParticleFilter":
        """A population from a seed.

        Parameters
        ----------
        options : DecodingOptions
            Seed, number of pieces, temperature and top-p.
        streams : int
            Streams a candidate.
        pieces : int
            How many pieces have so many candidates each; all pieces have the same numbers.
        """
        generators, choosers = [], []
        for _ in range(pieces):
            for candidate in np.random.SeedSequence(options.seed).spawn(options.number):
                *each, chooser = (np.random.default_rng(s) for s in candidate.spawn(streams + 1))
                generators += each
                choosers.append(chooser)
        return cls(
            Sampler(generators, options.temperature, options.top_p),
            tuple(choosers),
            np.repeat(np.arange(pieces * options.number), streams),
        )

    def enter(self, walk: Search) -> None:
        """Let all streams go on from each piece's only one."""
        walk.keep(np.repeat(np.arange(walk.streams), len(self.label) // walk.streams))
        walk.label = self.label

    def resample(self, walk: Search) -> None:
        """Let streams that weigh little give their places to those that weigh much."""
        rows = np.arange(walk.streams)
        for label, chooser in enumerate(self.choosers):
            mine = np.flatnonzero(walk.label == label)
            share = _shares(walk.weight[mine])
            # Only where few streams carry the weight: every time costs variety.
            if len(mine) < 2 or 1 / (share**2).sum() >= len(mine) / 2:
                continue
            # Systematic resampling (Kitagawa, 1996): one number serves all.
            at = (chooser.random() + np.arange(len(mine))) / len(mine)
            rows[mine] = mine[np.searchsorted(np.cumsum(share), at).clip(max=len(mine) - 1)]
            walk.weight[mine] = 0
        if (rows != np.arange(walk.streams)).any():
            weight = walk.weight
            walk.keep(rows)
            walk.weight = weight

    def settle(self, walk: Search, which: NDArray[np.bool_]) -> None:
        """Keep one stream of each candidate that has come to its end, by weight.

        Parameters
        ----------
        walk : Walk
            All of a candidate's streams are over at the same time.
        which : ndarray of bool, shape [B]
            Whose streams are over. The others go on.
        """
        walk.weight[which] += walk.scores[which, END]
        rows = [np.flatnonzero(~which)]
        for label, chooser in enumerate(self.choosers):
            mine = np.flatnonzero((walk.label == label) & which)
            if len(mine):
                cumulated = np.cumsum(_shares(walk.weight[mine]))
                place = np.searchsorted(cumulated, chooser.random() * cumulated[-1], side="right")
                rows.append(mine[[min(int(place), len(mine) - 1)]])
        kept = np.sort(np.concatenate(rows))
        self.draw.keep(kept)
        walk.keep(kept)


def _shares(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of a sum of one, from logarithms; equal ones where nothing has any weight."""
    peak = weight.max(initial=-np.inf)
    shares = np.exp(weight - peak) if np.isfinite(peak) else np.ones(len(weight))
    return shares / shares.sum() if len(shares) else shares
