"""The loss of preference tuning: direct preference optimization beside the likelihood.

Rafailov, Sharma, Mitchell, Ermon, Manning and Finn, *Direct preference optimization: your language
model is secretly a reward model*, NeurIPS 2023 (https://arxiv.org/abs/2305.18290), equation 7:
``-log sigmoid(beta ((log p(w) - log r(w)) - (log p(l) - log r(l))))`` for a better piece w and a
worse one l, the network p and the network r that it was. Here w and l are stretches of both pieces
of some frames each, read after all that comes before them. Likelihood of the better pieces keeps
them likely in themselves, as Pang and others, *Iterative reasoning preference optimization*, 2024.

Shapes: P pairs, W windows, T frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bachbot.encoding import Vocabulary
from bachbot.training.kinds import TrainingKind
from bachbot.training.likelihood import TokenScores
from bachbot.training.objective import Forward, StepLoss, TrainingSteps, Units
from bachbot.training.preference.options import PreferenceOptions
from bachbot.training.preference.pairs import PreferencePair

UNITS = Units("preference loss", "preference loss")


@dataclass(frozen=True)
class PreferenceFigures:
    """How a network judges pairs.

    Parameters
    ----------
    loss : float
        Mean preference loss over the windows that differ; log 2 of the network as it was.
    margin : float
        Mean over the pairs of how much more the better piece has gained than the worse, in nats.
    accuracy : float
        Share of the windows in which the better piece has gained more, 0 to 1.
    kl : float
        Kullback-Leibler divergence of the network from what it was: the mean over the tokens of
        all pieces, of the distribution given what stands before, in nats per token.
    """

    loss: float
    margin: float
    accuracy: float
    kl: float


class PreferenceSteps(TrainingSteps):
    """Steps over pairs in a new order for every epoch.

    Parameters
    ----------
    kind : TrainingKind
        The kind of network.
    pairs, held_out : sequence of PreferencePair
        Those that are learned from, and those that are measured; one or more each.
    reference : nn.Module
        The network as it was, which does not change.
    options : PreferenceOptions
        How it is tuned.
    vocabulary : Vocabulary
        Meaning of the token ids.
    device : torch.device
        Device of the networks.
    """

    def __init__(
        self,
        kind: TrainingKind,
        pairs: Sequence[PreferencePair],
        held_out: Sequence[PreferencePair],
        reference: nn.Module,
        options: PreferenceOptions,
        vocabulary: Vocabulary,
        device: torch.device,
    ) -> None:
        tokens = sum(p.better.chorale.pitch.size + p.worse.chorale.pitch.size for p in pairs)
        super().__init__(UNITS, -(-len(pairs) // options.batch_size), tokens)
        self._kind, self._pairs, self._held_out = kind, list(pairs), list(held_out)
        self._options, self._vocabulary, self._device = options, vocabulary, device
        self._reference = reference
        self._expected = [self._of_reference(pair) for pair in self._pairs]
        self._epoch = 0
        self._model: nn.Module = reference

    def start_epoch(self, model: nn.Module, epoch: int) -> None:
        """Go to the first pair of an epoch; the model is the one whose loss is taken."""
        self._model, self._epoch = model, epoch

    def loss(self, forward: Forward, step: int) -> StepLoss:
        """The loss of some pairs, in float32: log-ratios are small differences of large sums."""
        for module in self._model.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.eval()  # statistics of a few pieces are not those that it was trained with
        size = self._options.batch_size
        order = np.random.default_rng([self._options.seed, 2, self._epoch]).permutation(
            len(self._pairs)
        )
        chosen = order[step * size : (step + 1) * size]
        pairs = [self._pairs[at] for at in chosen]
        expected = torch.cat([self._padded(self._expected[at], pairs) for at in chosen], dim=1)
        random = np.random.default_rng([self._options.seed, 3, self._epoch, step + 1])
        offsets = random.integers(max(self._options.window, 1), size=len(pairs))
        scores = self._scores(self._model, pairs)
        found = scores.log_probability
        gained = self._by_frame(scores, found, pairs) - expected
        preference = self._losses(self._by_window(gained, pairs, offsets)).mean()
        better = found[scores.piece < len(pairs)]
        mean = preference - self._options.likelihood_weight * better.mean()
        return StepLoss(mean, float(len(pairs)), len(found))

    def measure(self, model: nn.Module) -> PreferenceFigures:
        """How a network judges the held-out pairs. Restores the model's mode."""
        was_training = model.training
        model.eval()
        try:
            return self._measure(model)
        finally:
            model.train(was_training)

    @torch.no_grad()
    def _measure(self, model: nn.Module) -> PreferenceFigures:
        windows: list[Tensor] = []
        margins: list[float] = []
        divergence, tokens = 0.0, 0
        for pair in self._held_out:
            ours, theirs = self._scores(model, [pair]), self._scores(self._reference, [pair])
            difference = ours.log_probability - theirs.log_probability
            gained = self._by_frame(ours, difference, [pair])
            windows.append(self._by_window(gained, [pair], np.zeros(1, dtype=np.int64)))
            margins.append(float((gained[0] - gained[1]).sum()))
            log_p, log_r = (s.logits.cpu().double().log_softmax(-1) for s in (ours, theirs))
            divergence += float((log_p.exp() * (log_p - log_r)).sum())
            tokens += len(log_p)
        every = torch.cat(windows)
        return PreferenceFigures(
            float(self._losses(every).mean()),
            float(np.mean(margins)),
            float((every > 0).float().mean()),
            divergence / tokens,
        )

    def _losses(self, margin: Tensor) -> Tensor:
        return -functional.logsigmoid(self._options.beta * margin)

    def _scores(self, model: nn.Module, pairs: Sequence[PreferencePair]) -> TokenScores:
        requests = [*(p.better for p in pairs), *(p.worse for p in pairs)]
        return self._kind.token_scores(model, requests, self._vocabulary, self._device)

    @torch.no_grad()
    def _of_reference(self, pair: PreferencePair) -> Tensor:
        """Nats of each frame of a pair under the network as it was, [2, 1, T]."""
        scores = self._scores(self._reference, [pair])
        return self._by_frame(scores, scores.log_probability, [pair])

    def _by_frame(
        self, scores: TokenScores, values: Tensor, pairs: Sequence[PreferencePair]
    ) -> Tensor:
        """Sums of values of tokens over each frame, [2, P, T]: better pieces, then worse ones."""
        frames = max(len(pair.differs) for pair in pairs)
        sums = values.new_zeros(2 * len(pairs) * frames)
        return sums.index_add(0, scores.piece * frames + scores.frame, values).view(
            2, len(pairs), frames
        )

    def _padded(self, frames: Tensor, pairs: Sequence[PreferencePair]) -> Tensor:
        missing = max(len(pair.differs) for pair in pairs) - frames.shape[-1]
        return functional.pad(frames, (0, missing))

    def _by_window(
        self, gained: Tensor, pairs: Sequence[PreferencePair], offsets: NDArray[np.int64]
    ) -> Tensor:
        """What better windows gained more than worse ones, where the two differ.

        Parameters
        ----------
        gained : Tensor, shape [2, P, T]
            Log-ratios of both pieces of each pair in each frame.
        pairs : sequence of PreferencePair
            P pairs.
        offsets : ndarray of int64, shape [P]
            Frames by which the first window of each pair is shorter.

        Returns
        -------
        Tensor, shape [N]
            In nats, window after window.
        """
        count, frames = len(pairs), gained.shape[2]
        width = self._options.window or frames
        start = offsets if self._options.window else np.zeros_like(offsets)
        window = (np.arange(frames) + start[:, None]) // width  # [P, T]
        number = int(window.max()) + 1
        index = window + number * np.arange(count)[:, None]
        differs = np.zeros((count, frames), dtype=np.bool_)
        for row, pair in enumerate(pairs):
            differs[row, : len(pair.differs)] = pair.differs
        wanted = np.unique(index[differs])
        margin = (gained[0] - gained[1]).flatten()
        at = torch.from_numpy(index.ravel()).to(margin.device)
        sums = margin.new_zeros(count * number).index_add(0, at, margin)
        return sums[torch.from_numpy(wanted).to(margin.device)]
