"""The course of a network that looks ahead: whole pieces under random masks, nothing carried."""

from typing import Any

import torch
from torch import nn

from bachbot.chorale import Given
from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary
from bachbot.models.lookahead import Batch, negative_log_likelihood
from bachbot.training.config import TrainingConfig
from bachbot.training.device import autocast_dtype
from bachbot.training.distillation import Teachers, distillation_loss
from bachbot.training.distributed import ProcessGroup
from bachbot.training.examples import Example, PieceDataset, collate, consulted, example
from bachbot.training.objective import HELD_OUT, UNITS, Forward, Loss, Objective, Score
from bachbot.training.validation import FILL_TASKS, HARMONY, fill, fill_losses

_ABREAST = 8
"""Pieces that are validated side by side."""


class LookaheadObjective(Objective):
    """Pieces of like length side by side, each given in part; the rest is to be written.

    The pieces of a batch are shared out over the ranks.

    Parameters
    ----------
    config : TrainingConfig
        Of kind ``"lookahead"``.
    corpus : PreparedCorpus
        The prepared chorales.
    vocabulary : Vocabulary
        What the ids mean.
    device : torch.device
        Where the model lives.
    ranks : Ranks
        This process among those that train together.

    Raises
    ------
    TrainingError
        If the training part is empty.
    UsageError
        If the pieces of a batch cannot be shared out evenly.
    """

    def __init__(
        self,
        config: TrainingConfig,
        corpus: PreparedCorpus,
        vocabulary: Vocabulary,
        device: torch.device,
        ranks: ProcessGroup,
    ) -> None:
        self._device, self._ranks = device, ranks
        self._mine = ranks.lanes(config.batch, "pieces")
        self._repertoire = PieceDataset(corpus.part("train", config.split), config, vocabulary)
        super().__init__(UNITS["lookahead"], self._repertoire.steps, self._repertoire.tokens)
        self._told = bool(getattr(config.model, "use_metadata", True))
        library = self._repertoire.library
        self._held_out = {}
        for part in HELD_OUT:
            pieces = corpus.part(part, config.split)
            sheets = [example(c, vocabulary, heard=self._told) for c in pieces]
            if library is not None:
                sheets = consulted(sheets, library, len(vocabulary))
            self._held_out[part] = self._grouped(sheets)
        names = [name.strip() for name in config.teachers.split(",") if name.strip()]
        dtype = autocast_dtype(config.precision, device)
        self._teachers = Teachers(names, vocabulary, device, dtype) if names else None
        self._taught = config.taught
        self._epoch = 0

    def begin(self, model: nn.Module, epoch: int) -> None:
        """Go to the first batch of an epoch; what the model looks up is put into its hands."""
        self._epoch = epoch
        if self._repertoire.library is not None:
            tokens = model.get_buffer("datastore.tokens")
            tokens.copy_(torch.from_numpy(self._repertoire.library.tokens))

    def loss(self, forward: Forward, step: int) -> Loss:
        """Nats of what is missing in this rank's pieces, by the batch's missing cells.

        The fermatas that are not given are paid for too, and count as no cells. Under teachers a
        share of it is what their opinion costs instead.
        """
        batch = self._repertoire.batch(self._epoch, step)
        absent = sum(int((~given.cells).sum()) for _, given in batch)
        pieces, given = zip(*batch[self._mine], strict=True)
        works = collate(pieces, given, self._device)
        missing = works.missing  # [B, T, 5]
        logits = forward(works, missing)  # [B, T, 5, V]
        prices, pauses = negative_log_likelihood(logits, works)  # [B, T, 4], [B, T]
        price = (prices * missing[..., 1:]).sum() + (pauses * missing[..., 0]).sum()
        if self._teachers is not None:
            opinion = self._teachers.opinion(works, missing)
            price = torch.lerp(price, distillation_loss(logits, opinion, missing), self._taught)
        # The mean over the ranks, which is what gradients are, is then that of the whole batch.
        mean = price * (self._ranks.world / absent)
        return Loss(mean, float(absent), sum(piece.tokens.size for piece, _ in batch))

    def record(self) -> dict[str, Any]:
        """The fingerprints of the teachers, where there are any."""
        return {"teachers": self._teachers.fingerprints} if self._teachers else {}

    def validate(self, model: nn.Module) -> Score:
        """Nats a frame of alto, tenor and bass, soprano and fermatas given."""
        found = fill(model, self._held_out["validation"], FILL_TASKS[HARMONY])
        return Score(found.per_frame, found.per_frame, found.per_onset, found.onset_accuracy)

    def measure(self, model: nn.Module) -> dict[str, dict[str, Any]]:
        """`bachbot.training.validation.FillLosses` of every filling of validation and test part."""
        return {
            part: {
                name: fill(model, groups, filling).to_json()
                for name, filling in fill_losses(self._told).items()
            }
            for part, groups in self._held_out.items()
        }

    def _grouped(self, pieces: list[Example]) -> list[Batch]:
        """Pieces of like length side by side, nothing of them given."""
        ordered = sorted(pieces, key=lambda p: p.frames)
        groups = [ordered[at : at + _ABREAST] for at in range(0, len(ordered), _ABREAST)]
        return [
            collate(group, [Given.voices(p.frames, ()) for p in group], self._device)
            for group in groups
        ]
