"""The plain LSTM's course: one long text in lanes, its hidden state carried from step to step."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary, encode
from bachbot.training.config import TrainingConfig
from bachbot.training.distributed import ProcessGroup
from bachbot.training.objective import HELD_OUT, UNITS, Forward, Loss, Objective, Score
from bachbot.training.token_batches import TokenText
from bachbot.training.validation import losses


class LSTMObjective(Objective):
    """Truncated back-propagation through time.

    Each step reads a chunk of every lane, starting from the state that the chunk before it left
    behind; the lanes are shared out over the ranks.

    Parameters
    ----------
    config : TrainingConfig
        Of kind ``"lstm"``.
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
        If the training part is too small.
    UsageError
        If the lanes cannot be shared out.
    """

    def __init__(
        self,
        config: TrainingConfig,
        corpus: PreparedCorpus,
        vocabulary: Vocabulary,
        device: torch.device,
        ranks: ProcessGroup,
    ) -> None:
        self._config, self._device, self._ranks = config, device, ranks
        self._mine = ranks.lanes(config.batch)
        self._text = TokenText(corpus.part("train", config.split), config, vocabulary)
        super().__init__(UNITS["lstm"], self._text.chunks, self._text.tokens)
        self._streams = {
            part: [encode(c, vocabulary) for c in corpus.part(part, config.split)]
            for part in HELD_OUT
        }
        self._epoch = 0
        self._hidden: Tensor
        self._lanes: tuple[int, Tensor, Tensor] | None = None

    def begin(self, model: nn.Module, epoch: int) -> None:
        """Go to the first chunk of an epoch, in a state that remembers nothing."""
        self._epoch = epoch
        rows = self._mine.stop - self._mine.start
        self._hidden = cast(Any, model).initial_state(rows).detach()

    def loss(self, forward: Forward, step: int) -> Loss:
        """Nats a token of a chunk of this rank's lanes."""
        inputs, targets = self._chunk(step)  # [B, T] each
        logits, hidden = forward(inputs, self._hidden)  # [B, T, V], [L, 2, B, H]
        mean = functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
        self._hidden = hidden.detach()
        # Every step reads as many tokens as any other.
        return Loss(mean, 1.0, self._config.batch * self._config.chunk)

    def carried(self) -> dict[str, Tensor]:
        """The hidden state of every lane, [L, 2, B, H]."""
        return {"hidden": torch.cat(self._ranks.gathered(self._hidden), dim=2)}

    def carry(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from the hidden state of every lane."""
        hidden = tensors["hidden"]
        if hidden.shape[2] != self._config.batch:
            raise ValueError(f"it remembers {hidden.shape[2]} lanes, not {self._config.batch}")
        self._hidden = hidden[:, :, self._mine].to(self._device)

    def validate(self, model: nn.Module) -> Score:
        """Nats a token of the validation part, each piece from a zero state."""
        found = losses(model, self._streams["validation"])
        return Score(found.per_token, found.per_frame, found.per_onset, found.voices.onset_accuracy)

    def measure(self, model: nn.Module) -> dict[str, dict[str, Any]]:
        """`bachbot.evaluation.losses.Losses` of validation and test part."""
        return {part: losses(model, streams).to_json() for part, streams in self._streams.items()}

    def _chunk(self, step: int) -> tuple[Tensor, Tensor]:
        if self._lanes is None or self._lanes[0] != self._epoch:
            lanes = self._text.lanes(self._epoch)
            pair = (lanes.inputs[self._mine], lanes.targets[self._mine])
            inputs, targets = (torch.from_numpy(a.copy()).to(self._device) for a in pair)
            self._lanes = (self._epoch, inputs, targets)
        start = step * self._config.chunk
        stop = start + self._config.chunk
        return self._lanes[1][:, start:stop], self._lanes[2][:, start:stop]
