"""Knowledge distillation: a look-ahead network learns from the predictions of trained ones.

Networks that started from different seeds make different errors, and the mean of their
probabilities is better than any one of them. A single network can learn most of it by predicting
that mean instead of the one note that was written (Hinton, Vinyals and Dean, *Distilling the
knowledge in a neural network*, 2015, section 2, at a temperature of 1).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.encoding import FERMATA, Vocabulary
from bachbot.errors import UsageError
from bachbot.models.lookahead import Batch, LookaheadConfig, LookaheadModel
from bachbot.runtime import Checkpoint, load_checkpoint

_KIND = "lookahead"


class Teachers:
    """Trained networks that read the same pieces under the same masks as the student.

    Parameters
    ----------
    names : sequence of str
        Checkpoints of kind ``"lookahead"``: shipped names or directories, one or more.
    vocabulary : Vocabulary
        Meaning of the token ids.
    device : torch.device
        Device of the networks.
    dtype : torch.dtype, optional
        Type of their matrix products under autocast, as `autocast_dtype` returns it.

    Attributes
    ----------
    fingerprints : list of str
        `Checkpoint.fingerprint` of each.

    Raises
    ------
    CheckpointError
        If one is missing or damaged.
    UsageError
        If one is of another kind or vocabulary, or uses a datastore.
    """

    def __init__(
        self,
        names: Sequence[str],
        vocabulary: Vocabulary,
        device: torch.device,
        dtype: torch.dtype | None = None,
    ) -> None:
        checkpoints = [_load_teacher(name, vocabulary) for name in names]
        self._models = [_build(c, len(vocabulary)).to(device) for c in checkpoints]
        self._device, self._dtype = device, dtype
        self.fingerprints = [c.fingerprint for c in checkpoints]

    @torch.no_grad()
    def predict(self, batch: Batch, missing: Tensor) -> Tensor:
        """The mean of their probabilities for every missing cell.

        Parameters
        ----------
        batch : Batch
            The pieces, B of T frames.
        missing : Tensor of bool, shape [B, T, 5]
            `Batch.missing`.

        Returns
        -------
        Tensor of float32, shape [N, V]
            A row for each missing slot, in the order of ``missing.nonzero()``. In the slot of a
            fermata, the column FERMATA holds the probability of one; all other columns are 0.
        """
        fermatas = missing.nonzero()[:, 2] == 0  # [N]
        dtype = self._dtype
        with torch.autocast(self._device.type, dtype or torch.bfloat16, enabled=dtype is not None):
            logits = [model(batch, missing)[missing] for model in self._models]
        total: Tensor | float = 0.0
        for found in logits:
            total = total + _probabilities(found, fermatas)
        assert isinstance(total, Tensor)
        return total / len(self._models)


def distillation_loss(logits: Tensor, predictions: Tensor, missing: Tensor) -> Tensor:
    """Cross entropy of a student's predictions under those of the teachers.

    Parameters
    ----------
    logits : Tensor, shape [B, T, 5, V]
        Output of the student.
    predictions : Tensor, shape [N, V]
        From `Teachers.predict`.
    missing : Tensor of bool, shape [B, T, 5]
        The missing cells.

    Returns
    -------
    Tensor, shape []
        Sum over all missing slots, in nats.
    """
    found = logits[missing].float()  # [N, V]
    fermatas = missing.nonzero()[:, 2] == 0  # [N]
    of_voices = -(predictions * functional.log_softmax(found, -1)).sum(-1)  # [N]
    of_fermatas = functional.binary_cross_entropy_with_logits(
        found[:, FERMATA], predictions[:, FERMATA], reduction="none"
    )
    return torch.where(fermatas, of_fermatas, of_voices).sum()


def _probabilities(logits: Tensor, fermatas: Tensor) -> Tensor:
    logits = logits.float()  # [N, V]
    binary = torch.zeros_like(logits)
    binary[:, FERMATA] = logits[:, FERMATA].sigmoid()
    return torch.where(fermatas[:, None], binary, logits.softmax(-1))


def _load_teacher(name: str, vocabulary: Vocabulary) -> Checkpoint:
    checkpoint = load_checkpoint(Path(name) if Path(name).is_dir() else name)
    kind = checkpoint.config["kind"]
    if kind != _KIND:
        raise UsageError(f"the teacher {name} is of kind '{kind}': give one of kind '{_KIND}'")
    if checkpoint.config["model"].get("datastore_frames", 0):
        raise UsageError(f"the teacher {name} uses a datastore, as no teacher can: give others")
    if checkpoint.vocabulary.fingerprint != vocabulary.fingerprint:
        raise UsageError(
            f"the teacher {name} has another vocabulary: give one that was trained on this one"
        )
    return checkpoint


def _build(checkpoint: Checkpoint, vocabulary: int) -> nn.Module:
    with torch.random.fork_rng():  # the initial weights are overwritten; keep the run's randomness
        model = LookaheadModel(LookaheadConfig(**checkpoint.config["model"]), vocabulary)
    state = {name: torch.from_numpy(value.copy()) for name, value in checkpoint.weights.items()}
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)
