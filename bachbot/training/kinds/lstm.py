"""Training the plain LSTM: next-token prediction by truncated back-propagation through time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bachbot.chorale import Chorale
from bachbot.encoding import FillRequest, Vocabulary, encode
from bachbot.errors import TrainingError, UsageError
from bachbot.models.lstm import LSTMConfig, LSTMModel
from bachbot.training.config import (
    DataConfig,
    ObjectiveConfig,
    OptimizerConfig,
    TrainingConfig,
    range_faults,
)
from bachbot.training.examples import sample_transposition, transpose_ids
from bachbot.training.kinds.base import CardText, ResultTable, TrainingKind
from bachbot.training.likelihood import TokenScores
from bachbot.training.objective import (
    HELD_OUT,
    Forward,
    Objective,
    StepLoss,
    TrainingContext,
    Units,
    ValidationResult,
)
from bachbot.training.validation import token_losses

UNITS = Units("nats per token", "nats per token")


@dataclass(frozen=True)
class LSTMObjectiveConfig(ObjectiveConfig):
    """Settings of next-token prediction.

    Parameters
    ----------
    chunk_tokens : int
        Tokens that gradients reach back over, 2 or more. The state is carried from chunk to chunk.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    kind: ClassVar[str] = "lstm"
    model_config: ClassVar[type] = LSTMConfig

    chunk_tokens: int = 128

    def __post_init__(self) -> None:
        faults = range_faults(self, {"chunk_tokens": (2, float("inf"))})
        if faults:
            raise UsageError("; ".join(faults))


LSTMTrainingConfig = TrainingConfig[LSTMConfig, LSTMObjectiveConfig]


@dataclass(frozen=True, eq=False)
class BatchRows:
    """The tokens of an epoch, cut into rows that are read side by side.

    Parameters
    ----------
    inputs, targets : ndarray of int64, shape [B, chunks * chunk_tokens]
        Each token, and the token after it.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]


class TokenDataset:
    """The tokens of the training pieces, joined in a new order for every epoch.

    The pieces are shuffled, some are transposed if the config says so, and the row of all tokens
    is rotated by a random number, so that rows and chunks start at other tokens each time. All of
    it follows from seed and epoch alone: epoch and chunk determine the data of a step.

    Parameters
    ----------
    chorales : sequence of Chorale
        The training part, in C major or A minor.
    data : DataConfig
        Rows of a batch and transposition.
    chunk_tokens : int
        Tokens of a row that a step reads.
    seed : int
        Seed of order, rotation and transposition.
    vocabulary : Vocabulary
        Meaning of the token ids.

    Attributes
    ----------
    tokens : int
        Tokens of all pieces.
    chunks : int
        Chunks, and so steps, per epoch.

    Raises
    ------
    TrainingError
        If there are too few tokens for one chunk in every row.
    """

    def __init__(
        self,
        chorales: Sequence[Chorale],
        data: DataConfig,
        chunk_tokens: int,
        seed: int,
        vocabulary: Vocabulary,
    ) -> None:
        self._pieces = [encode(c, vocabulary).ids for c in chorales]
        self._data, self._chunk_tokens, self._seed = data, chunk_tokens, seed
        self._vocabulary = vocabulary
        self.tokens = sum(map(len, self._pieces))
        self.chunks = max(self.tokens - 1, 0) // data.batch_size // chunk_tokens
        if self.chunks < 1:
            raise TrainingError(
                f"the training part has {self.tokens} tokens, too few for {data.batch_size} rows "
                f"of {chunk_tokens}: give a smaller batch_size or chunk_tokens"
            )

    def rows(self, epoch: int) -> BatchRows:
        """The tokens of an epoch, the same at every call.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        """
        random = np.random.default_rng([self._seed, epoch])
        order = random.permutation(len(self._pieces))
        ids = np.concatenate([self._augment(self._pieces[i], random) for i in order])
        ids = np.roll(ids, -int(random.integers(len(ids))))  # [N]
        rows, width = self._data.batch_size, self.chunks * self._chunk_tokens
        # The tokens that are left over are others in each epoch.
        return BatchRows(
            ids[: rows * width].reshape(rows, width),
            ids[1 : rows * width + 1].reshape(rows, width),
        )

    def _augment(self, ids: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        return transpose_ids(ids, sample_transposition(ids, random, self._data, self._vocabulary))


class LSTMObjective(Objective):
    """Truncated back-propagation through time.

    Each step reads a chunk of every row, starting from the state in which the chunk before it
    ended. The rows are divided among the processes.

    Parameters
    ----------
    config : TrainingConfig
        Of kind ``"lstm"``.
    context : TrainingContext
        Corpus, vocabulary, device and processes.

    Raises
    ------
    TrainingError
        If the training part is too small.
    UsageError
        If the rows cannot be divided evenly.
    """

    def __init__(self, config: LSTMTrainingConfig, context: TrainingContext) -> None:
        corpus, vocabulary = context.corpus, context.vocabulary
        self._batch_size, self._chunk_tokens = config.data.batch_size, config.objective.chunk_tokens
        self._device, self._group = context.device, context.group
        self._share = self._group.share(self._batch_size, "rows")
        self._dataset = TokenDataset(
            corpus.part("train", config.split),
            config.data,
            self._chunk_tokens,
            config.seed,
            vocabulary,
        )
        super().__init__(UNITS, self._dataset.chunks, self._dataset.tokens)
        self._held_out = {
            part: [encode(c, vocabulary) for c in corpus.part(part, config.split)]
            for part in HELD_OUT
        }
        self._epoch = 0
        self._hidden: Tensor
        self._rows: tuple[int, Tensor, Tensor] | None = None

    def start_epoch(self, model: nn.Module, epoch: int) -> None:
        """Go to the first chunk of an epoch, with a zero state."""
        self._epoch = epoch
        rows = self._share.stop - self._share.start
        self._hidden = cast(LSTMModel, model).initial_state(rows).detach()

    def loss(self, forward: Forward, step: int) -> StepLoss:
        """Nats per token of a chunk of this process's rows."""
        inputs, targets = self._chunk(step)  # [B, T] each
        logits, hidden = forward(inputs, self._hidden)  # [B, T, V], [L, 2, B, H]
        mean = functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
        self._hidden = hidden.detach()
        # All steps read the same number of tokens.
        return StepLoss(mean, 1.0, self._batch_size * self._chunk_tokens)

    def state_dict(self) -> dict[str, Tensor]:
        """The hidden state of every row, [L, 2, B, H]."""
        return {"hidden": torch.cat(self._group.gather(self._hidden), dim=2)}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from the hidden state of every row."""
        hidden = tensors["hidden"]
        if hidden.shape[2] != self._batch_size:
            raise ValueError(f"its state is of {hidden.shape[2]} rows, not {self._batch_size}")
        self._hidden = hidden[:, :, self._share].to(self._device)

    def validate(self, model: nn.Module) -> ValidationResult:
        """Nats per token of the validation part, each piece from a zero state."""
        found = token_losses(model, self._held_out["validation"])
        return ValidationResult(
            found.per_token, found.per_frame, found.per_onset, found.voices.onset_accuracy
        )

    def measure(self, model: nn.Module) -> dict[str, dict[str, Any]]:
        """`bachbot.evaluation.losses.Losses` of the validation and the test part."""
        return {part: token_losses(model, s).to_json() for part, s in self._held_out.items()}

    def _chunk(self, step: int) -> tuple[Tensor, Tensor]:
        if self._rows is None or self._rows[0] != self._epoch:
            rows = self._dataset.rows(self._epoch)
            pair = (rows.inputs[self._share], rows.targets[self._share])
            inputs, targets = (torch.from_numpy(a.copy()).to(self._device) for a in pair)
            self._rows = (self._epoch, inputs, targets)
        start = step * self._chunk_tokens
        stop = start + self._chunk_tokens
        return self._rows[1][:, start:stop], self._rows[2][:, start:stop]


def token_scores(
    network: nn.Module,
    requests: Sequence[FillRequest],
    vocabulary: Vocabulary,
    device: torch.device,
) -> TokenScores:
    """Score all tokens of some pieces, given ones too.

    The network has no distribution over what is missing beside what is given. That does not matter
    where two pieces are compared that have the same notes given: the probability of these is the
    same factor in both.

    Parameters
    ----------
    network : nn.Module
        An `LSTMModel`; gradients flow into it.
    requests : sequence of FillRequest
        One piece or more.
    vocabulary : Vocabulary
        Meaning of the token ids.
    device : torch.device
        Device of the network.
    """
    streams = [encode(request.chorale, vocabulary) for request in requests]
    shape = len(streams), max(map(len, streams))
    ids, frame = (np.zeros(shape, dtype=np.int64) for _ in range(2))
    for row, stream in enumerate(streams):
        ids[row, : len(stream)] = stream.ids
        # END stands in the last frame.
        frame[row, : len(stream)] = np.maximum.accumulate(np.maximum(stream.frame, 0))
    inside = np.arange(1, shape[1]) < np.array([len(s) for s in streams])[:, None]  # [B, T]
    tokens = torch.from_numpy(ids).to(device)
    model = cast(LSTMModel, network)
    logits, _ = model(tokens[:, :-1], model.initial_state(len(streams)).detach())  # [B, T, V]
    at = torch.from_numpy(inside).to(device)
    return TokenScores(
        logits[at],
        tokens[:, 1:][at],
        at.nonzero()[:, 0],
        torch.from_numpy(frame[:, 1:]).to(device)[at],
    )


GRID: dict[str, tuple[float, ...]] = {
    "layers": (1, 2, 3, 4),
    "hidden": (128, 256, 384, 512),
    "embedding": (16, 32, 64),
    "chunk_tokens": (64, 128, 256),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
}
"""The original's grid (Liang and others, 2017, section 4.1)."""

PRESETS = (
    TrainingConfig("paper", LSTMConfig(), LSTMObjectiveConfig()),
    TrainingConfig(
        "original",
        LSTMConfig(batch_norm=True),
        LSTMObjectiveConfig(),
        OptimizerConfig(
            learning_rate=2e-3, schedule="halving", gradient_clipping=5.0, clipping_mode="value"
        ),
        split="file",
    ),
    TrainingConfig(
        "tiny",
        LSTMConfig(embedding=8, layers=2, hidden=16, dropout=0.1),
        LSTMObjectiveConfig(chunk_tokens=32),
        data=DataConfig(batch_size=4),
        epochs=2,
        precision="float32",
        save_every=5,
    ),
)


def card(config: Mapping[str, Any], training: LSTMTrainingConfig) -> CardText:
    """The part of a model card that depends on the kind of model.

    Parameters
    ----------
    config : mapping
        A checkpoint's ``config.json``.
    training : TrainingConfig
        How it was trained.
    """
    model = config["model"]
    norm = ", batch normalization after each layer" if model["batch_norm"] else ""
    return CardText(
        summary="Predicts the next token of a four-part chorale in C major or A minor, on a grid "
        "of sixteenth notes.",
        network=f"an embedding of size {model['embedding']}, {model['layers']} LSTM layers of "
        f"{model['hidden']} units{norm}, dropout {model['dropout']}, and a linear output layer.",
        tokens="tokens",
        batch=f"{training.data.batch_size} rows of tokens, {training.objective.chunk_tokens} "
        "tokens of each per step, with the state carried from step to step",
        selected_by="validation loss",
        results_intro="Each piece is run from a zero state, and each token is predicted from the "
        "tokens before it. Losses are in nats.",
        results_notes="A token is a voice's note or tie in one sixteenth. Nats per onset are the "
        "nats of all the voice's tokens, ties included, divided by the number of notes that "
        "begin. Accuracy is the share of tokens, or of onsets, whose most likely prediction is "
        "right.\n\nThe epoch was selected on the validation part; nothing was selected on the "
        f"test part. `bachbot evaluate losses --checkpoint NAME --split {training.split}` prints "
        "these figures again.",
        limitations="It knows only Bach's chorales. It receives no meter, and it has no built-in "
        "rules of part-writing. It was measured, and works best, in C major and A minor.",
    )


_UNITS = {
    "per token": "nats_per_token",
    "per frame, all tokens": "nats_per_frame",
    "per frame, voices only": "voices_nats_per_frame",
    "per onset": "nats_per_onset",
    "accuracy, all cells": "accuracy",
    "accuracy, onsets": "onset_accuracy",
}

_VOICE_FIGURES = {
    "per token": "nats_per_token",
    "per onset": "nats_per_onset",
    "onset accuracy": "onset_accuracy",
}


def results(losses: Mapping[str, Any]) -> tuple[ResultTable, ...]:
    """Tables of the losses as `LSTMObjective.measure` returns them."""
    parts = tuple(losses)
    units = {label: [p[key] for p in losses.values()] for label, key in _UNITS.items()}
    rows = next(iter(losses.values()))["by_kind"]
    by_voice = {
        label: {row: [p["by_kind"][row][key] for p in losses.values()] for row in rows}
        for label, key in _VOICE_FIGURES.items()
    }
    return (
        ResultTable("Losses and accuracy", parts, {"": units}),
        ResultTable("By voice", parts, by_voice),
    )


KIND = TrainingKind(
    objective_config=LSTMObjectiveConfig,
    objective=LSTMObjective,
    units=UNITS,
    grid=GRID,
    presets=PRESETS,
    card=card,
    results=results,
    token_scores=token_scores,
)
