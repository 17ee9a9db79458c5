"""Teachers: trained networks whose opinion another of their kind learns beside the music itself.

Several networks that began elsewhere err differently, and the mean of their probabilities is better
than any one of them. A single network can learn most of it by predicting that mean instead of the
one note that was written (Hinton, Vinyals and Dean, *Distilling the knowledge in a neural network*,
2015, section 2, at a temperature of 1).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.encoding import FERMATA, Vocabulary
from bachbot.errors import UsageError
from bachbot.models import registry
from bachbot.models.lookahead import Batch
from bachbot.runtime import Checkpoint, load_checkpoint


class Teachers:
    """Trained networks that read the same pieces under the same masks.

    Parameters
    ----------
    names : sequence of str
        Checkpoints of kind ``"lookahead"``: shipped names or directories, one or more.
    vocabulary : Vocabulary
        What the ids mean.
    device : torch.device
        Where they live.
    dtype : torch.dtype, optional
        What their matrix products run in under autocast, as `autocast_dtype` gives it.

    Raises
    ------
    CheckpointError
        If one is missing or damaged.
    UsageError
        If one is of another kind or vocabulary.
    """

    def __init__(
        self,
        names: Sequence[str],
        vocabulary: Vocabulary,
        device: torch.device,
        dtype: torch.dtype | None = None,
    ) -> None:
        checkpoints = [_checked(name, vocabulary) for name in names]
        self._models = [_model(c, len(vocabulary)).to(device) for c in checkpoints]
        self._device, self._dtype = device, dtype
        self.fingerprints = [c.fingerprint for c in checkpoints]
        """`Checkpoint.fingerprint` of each."""

    @torch.no_grad()
    def opinion(self, works: Batch, missing: Tensor) -> Tensor:
        """The mean of their probabilities of what stands in every cell that is missing.

        Parameters
        ----------
        works : Works
            The pieces, B of T frames.
        missing : Tensor of bool, shape [B, T, 5]
            `Works.missing`.

        Returns
        -------
        Tensor of float32, shape [N, V]
            A row for each missing slot, in the order of ``missing.nonzero()``. Of a fermata's slot
            the column of FERMATA holds the probability of one, and all others are 0.
        """
        fermatas = missing.nonzero()[:, 2] == 0  # [N]
        total: Tensor | float = 0.0
        dtype = self._dtype
        with torch.autocast(self._device.type, dtype or torch.bfloat16, enabled=dtype is not None):
            scores = [model(works, missing)[missing] for model in self._models]
        for found in scores:
            total = total + _probabilities(found, fermatas)
        assert isinstance(total, Tensor)
        return total / len(self._models)


def distillation_loss(logits: Tensor, opinion: Tensor, missing: Tensor) -> Tensor:
    """What a network's predictions cost under the teachers' opinion.

    Parameters
    ----------
    logits : Tensor, shape [B, T, 5, V]
        From the network that learns.
    opinion : Tensor, shape [N, V]
        From `Teachers.opinion`.
    missing : Tensor of bool, shape [B, T, 5]
        What is to be written.

    Returns
    -------
    Tensor, shape []
        Nats: the sum of the cross entropies of all missing slots.
    """
    found = logits[missing].float()  # [N, V]
    fermatas = missing.nonzero()[:, 2] == 0  # [N]
    voices = -(opinion * functional.log_softmax(found, -1)).sum(-1)  # [N]
    pauses = functional.binary_cross_entropy_with_logits(
        found[:, FERMATA], opinion[:, FERMATA], reduction="none"
    )
    return torch.where(fermatas, pauses, voices).sum()


def _probabilities(logits: Tensor, fermatas: Tensor) -> Tensor:
    logits = logits.float()  # [N, V]
    alone = torch.zeros_like(logits)
    alone[:, FERMATA] = logits[:, FERMATA].sigmoid()
    return torch.where(fermatas[:, None], alone, logits.softmax(-1))


def _checked(name: str, vocabulary: Vocabulary) -> Checkpoint:
    checkpoint = load_checkpoint(Path(name) if Path(name).is_dir() else name)
    kind = checkpoint.config["kind"]
    if kind != "lookahead":
        raise UsageError(f"the teacher {name} is of kind '{kind}': give one of kind 'lookahead'")
    if checkpoint.config["model"].get("datastore_frames", 0):
        raise UsageError(f"the teacher {name} looks pieces up, which a teacher cannot: give others")
    if checkpoint.vocabulary.fingerprint != vocabulary.fingerprint:
        raise UsageError(f"the teacher {name} has another vocabulary: give one trained on this")
    return checkpoint


def _model(checkpoint: Checkpoint, vocabulary: int) -> nn.Module:
    with torch.random.fork_rng():  # weights that are overwritten shall cost the run no draws
        model = registry.build("lookahead", checkpoint.config["model"], vocabulary)
    state = {name: torch.from_numpy(value.copy()) for name, value in checkpoint.weights.items()}
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)
