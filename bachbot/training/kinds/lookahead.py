"""Training the look-ahead network: whole pieces under random masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import torch
from torch import nn

from bachbot.chorale import Given
from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import FillRequest, Vocabulary
from bachbot.encoding.datastore import NEIGHBORS
from bachbot.errors import UsageError
from bachbot.models.lookahead import (
    Batch,
    LookaheadConfig,
    LookaheadModel,
    negative_log_likelihood,
)
from bachbot.training.config import (
    DataConfig,
    ObjectiveConfig,
    OptimizerConfig,
    TrainingConfig,
    range_faults,
)
from bachbot.training.device import autocast_dtype
from bachbot.training.examples import (
    MIXTURE,
    Example,
    PieceDataset,
    collate,
    make_example,
    with_neighbors,
)
from bachbot.training.kinds.base import CardText, ResultTable, TrainingKind
from bachbot.training.kinds.distillation import Teachers, distillation_loss
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
from bachbot.training.validation import FILL_TASKS, HARMONIZATION, fill_losses, fill_tasks

UNITS = Units("nats per missing cell", "nats per frame, A+T+B given S")
"""A cell is a voice in a frame. The training loss includes the fermatas that are not given, which
do not count as cells."""

_VALIDATION_BATCH = 8
"""Pieces that are validated side by side."""


@dataclass(frozen=True)
class LookaheadObjectiveConfig(ObjectiveConfig):
    """Settings of filling in masked voices.

    Parameters
    ----------
    max_frames : int
        Longest stretch of a piece that is read at once, 2 or more frames.
    unconditional_share : float
        Share of the pieces of which nothing is given, 0 to 1; the other masks of
        `bachbot.training.examples` share the rest.
    use_datastore : bool
        Whether the network retrieves from the training pieces (`bachbot.encoding.datastore`),
        which are then saved with its weights.
    teachers : tuple of str
        Checkpoints of the same kind whose predictions are learned besides the music
        (`bachbot.training.kinds.distillation`).
    distillation_weight : float
        Weight of the teachers' predictions in the loss, 0 to 1; the music has the rest. No effect
        without teachers.

    Raises
    ------
    UsageError
        If a value is out of range; the message names every fault.
    """

    kind: ClassVar[str] = "lookahead"
    model_config: ClassVar[type] = LookaheadConfig

    max_frames: int = 448
    unconditional_share: float = 0.1
    use_datastore: bool = False
    teachers: tuple[str, ...] = ()
    distillation_weight: float = 0.7

    def __post_init__(self) -> None:
        ranges = {
            "max_frames": (2, float("inf")),
            "unconditional_share": (0.0, 1.0),
            "distillation_weight": (0.0, 1.0),
        }
        faults = range_faults(self, ranges)
        if faults:
            raise UsageError("; ".join(faults))

    def model_faults(self, model: LookaheadConfig) -> list[str]:
        """The size of the datastore follows from the corpus and needs `use_datastore`."""
        if model.datastore_frames and not self.use_datastore:
            return [
                "datastore_frames follows from the pieces: leave it out and set use_datastore=true"
            ]
        return []


LookaheadTrainingConfig = TrainingConfig[LookaheadConfig, LookaheadObjectiveConfig]


def complete(config: LookaheadTrainingConfig, corpus: PreparedCorpus) -> LookaheadTrainingConfig:
    """The config with the size of the datastore, which follows from the training part.

    Parameters
    ----------
    config : TrainingConfig
        Returned unchanged if it uses no datastore.
    corpus : PreparedCorpus
        The prepared chorales.
    """
    if not config.objective.use_datastore:
        return config
    frames = 1 + sum(c.frames + 1 for c in corpus.part("train", config.split))
    return replace(config, model=replace(config.model, datastore_frames=frames))


class LookaheadObjective(Objective):
    """Filling in what is missing of pieces that are given in part.

    The pieces of a batch are divided among the processes; nothing is carried from step to step.

    Parameters
    ----------
    config : TrainingConfig
        Of kind ``"lookahead"``.
    context : TrainingContext
        Corpus, vocabulary, device and processes.

    Raises
    ------
    TrainingError
        If the training part is empty.
    UsageError
        If the pieces of a batch cannot be divided evenly, or a teacher is of another kind.
    CheckpointError
        If a teacher is missing or damaged.
    """

    def __init__(self, config: LookaheadTrainingConfig, context: TrainingContext) -> None:
        corpus, vocabulary = context.corpus, context.vocabulary
        objective = config.objective
        self._device, self._group = context.device, context.group
        self._share = self._group.share(config.data.batch_size, "pieces")
        self._metadata = config.model.use_metadata
        self._dataset = PieceDataset(
            corpus.part("train", config.split),
            config.data,
            vocabulary,
            seed=config.seed,
            max_frames=objective.max_frames,
            unconditional_share=objective.unconditional_share,
            metadata=self._metadata,
            use_datastore=objective.use_datastore,
        )
        super().__init__(UNITS, self._dataset.steps, self._dataset.tokens)
        datastore = self._dataset.datastore
        self._held_out = {}
        for part in HELD_OUT:
            pieces = corpus.part(part, config.split)
            examples = [make_example(c, vocabulary, metadata=self._metadata) for c in pieces]
            if datastore is not None:
                examples = with_neighbors(examples, datastore, len(vocabulary))
            self._held_out[part] = self._batches(examples)
        dtype = autocast_dtype(config.precision, self._device)
        names = objective.teachers
        self._teachers = Teachers(names, vocabulary, self._device, dtype) if names else None
        self._distillation_weight = objective.distillation_weight
        self._epoch = 0

    def start_epoch(self, model: nn.Module, epoch: int) -> None:
        """Go to the first batch of an epoch; a model with a datastore is given its pieces."""
        self._epoch = epoch
        if self._dataset.datastore is not None:
            tokens = model.get_buffer("datastore.tokens")
            tokens.copy_(torch.from_numpy(self._dataset.datastore.tokens))

    def loss(self, forward: Forward, step: int) -> StepLoss:
        """Nats of what is missing in this process's pieces, per missing cell of the whole batch.

        Fermatas that are not given are scored too, but do not count as cells. With teachers, a
        share of the loss is the distillation loss.
        """
        whole = self._dataset.batch(self._epoch, step)
        cells = sum(int((~given.cells).sum()) for _, given in whole)
        examples, given = zip(*whole[self._share], strict=True)
        batch = collate(examples, given, self._device)
        missing = batch.missing  # [B, T, 5]
        logits = forward(batch, missing)  # [B, T, 5, V]
        voices, fermatas = negative_log_likelihood(logits, batch)  # [B, T, 4], [B, T]
        nats = (voices * missing[..., 1:]).sum() + (fermatas * missing[..., 0]).sum()
        if self._teachers is not None:
            predictions = self._teachers.predict(batch, missing)
            distilled = distillation_loss(logits, predictions, missing)
            nats = torch.lerp(nats, distilled, self._distillation_weight)
        # Gradients are averaged over the processes; so scaled, that is the mean of the batch.
        mean = nats * (self._group.world_size / cells)
        return StepLoss(mean, float(cells), sum(example.tokens.size for example, _ in whole))

    def record(self) -> dict[str, Any]:
        """The fingerprints of the teachers, if there are any."""
        return {"teachers": self._teachers.fingerprints} if self._teachers else {}

    def validate(self, model: nn.Module) -> ValidationResult:
        """Nats per frame of alto, tenor and bass, with soprano and fermatas given."""
        found = fill_losses(model, self._held_out["validation"], FILL_TASKS[HARMONIZATION])
        return ValidationResult(
            found.per_frame, found.per_frame, found.per_onset, found.onset_accuracy
        )

    def measure(self, model: nn.Module) -> dict[str, dict[str, Any]]:
        """`bachbot.training.validation.FillLosses` of every task on validation and test part."""
        return {
            part: {
                name: fill_losses(model, batches, task).to_json()
                for name, task in fill_tasks(self._metadata).items()
            }
            for part, batches in self._held_out.items()
        }

    def _batches(self, examples: list[Example]) -> list[Batch]:
        """Examples of similar length side by side, with nothing given."""
        ordered = sorted(examples, key=lambda e: e.frames)
        size = _VALIDATION_BATCH
        groups = [ordered[at : at + size] for at in range(0, len(ordered), size)]
        return [
            collate(group, [Given.voices(e.frames, ()) for e in group], self._device)
            for group in groups
        ]


def token_scores(
    network: nn.Module,
    requests: Sequence[FillRequest],
    vocabulary: Vocabulary,
    device: torch.device,
) -> TokenScores:
    """Score the notes of some pieces that are not given. Fermatas are read, never scored.

    Parameters
    ----------
    network : nn.Module
        A `bachbot.models.lookahead.LookaheadModel` without a datastore; gradients flow into it.
    requests : sequence of FillRequest
        One piece or more.
    vocabulary : Vocabulary
        Meaning of the token ids.
    device : torch.device
        Device of the network.
    """
    metadata = cast(LookaheadModel, network).config.use_metadata
    examples = [make_example(r.chorale, vocabulary, metadata=metadata) for r in requests]
    batch = collate(examples, [request.given for request in requests], device)
    wanted = batch.missing.clone()  # [B, T, 5]
    wanted[..., 0] = False
    piece, frame, slot = at = wanted.nonzero(as_tuple=True)  # [N] each
    logits = network(batch, wanted)[at]  # [N, V]
    return TokenScores(logits, batch.tokens[piece, frame, slot - 1], piece, frame)


GRID: dict[str, tuple[float, ...]] = {
    "encoder_layers": (1, 2, 3),
    "encoder": (64, 128, 256),
    "layers": (1, 2, 3),
    "hidden": (128, 256, 384),
    "width": (256, 512, 1024),
    "embedding": (32, 48, 64),
    "dropout": (0.1, 0.2, 0.3, 0.4, 0.5),
}
"""Values around the sizes of the preset ``lookahead``."""

PRESETS = (
    TrainingConfig(
        "lookahead",
        LookaheadConfig(encoder=160, hidden=384, dropout=0.3, token_dropout=0.05),
        LookaheadObjectiveConfig(),
        OptimizerConfig(
            learning_rate=3e-3, warmup=0.15, weight_decay=0.03, beta2=0.98, ema_decay=0.999
        ),
        DataConfig(batch_size=8, transpose_share=0.6, max_semitones=4),
        epochs=50,
        patience=30,
    ),
    TrainingConfig(
        "lookahead-tiny",
        LookaheadConfig(
            embedding=8, encoder_layers=1, encoder=8, layers=2, hidden=16, width=16, dropout=0.1
        ),
        LookaheadObjectiveConfig(max_frames=48),
        OptimizerConfig(beta2=0.98),
        DataConfig(batch_size=2),
        epochs=2,
        precision="float32",
        save_every=3,
    ),
)


def card(config: Mapping[str, Any], training: LookaheadTrainingConfig) -> CardText:
    """The part of a model card that depends on the kind of model.

    Parameters
    ----------
    config : mapping
        A checkpoint's ``config.json``.
    training : TrainingConfig
        How it was trained.
    """
    model, objective = training.model, training.objective
    inputs = (
        "the given notes, the metrical position, the meter, the mode and the fermatas"
        if model.use_metadata
        else "the given notes, but no meter, mode or fermatas"
    )
    datastore = (
        f" It can also copy from the {NEIGHBORS} frames of the training pieces whose context is "
        "most similar."
        if objective.use_datastore
        else ""
    )
    carried = (
        " The training pieces are saved note for note with its weights: share it only where those "
        "may be shared."
        if objective.use_datastore
        else ""
    )
    return CardText(
        summary="Fills in what is missing of a four-part chorale in C major or A minor, on a grid "
        "of sixteenth notes. Any voices or bars may be given, or nothing at all.",
        network=f"an encoder of {model.encoder_layers} bidirectional LSTM layers with "
        f"{model.encoder} units in each direction reads the whole piece ({inputs}); a causal "
        f"decoder of {model.layers} LSTM layers with {model.hidden} units reads the frames before; "
        f"a feed-forward frame decoder of width {model.width} writes the voices of a frame one "
        "after another, each conditioned on the voices above it, on all given voices and on the "
        "earlier frame that is most similar. Tokens are scored by pitch, by the leap from the "
        f"note before and by the intervals with the other voices. Embedding size "
        f"{model.embedding}, dropout {model.dropout}, token dropout {model.token_dropout:.0%}."
        f"{datastore}",
        tokens="voice cells",
        batch=f"{training.data.batch_size} pieces per step, at most {objective.max_frames} frames "
        f"of each, with a random mask: {_describe_masks(training)}{_describe_teachers(objective)}",
        selected_by=f"nats per frame of the task {FILL_TASKS[HARMONIZATION].label} on validation",
        results_intro="Each missing cell (a voice in a sixteenth) is predicted from everything "
        "that is given in the whole piece, from the frames before it and from the voices above "
        "it. The fermatas are given unless a row says otherwise.",
        results_notes="Nats per frame are the nats of all missing cells, divided by the number of "
        "frames; nats per onset are the same nats, divided by the number of notes that begin in "
        "missing cells. Onset accuracy is the share of those notes that were the most likely "
        "token. Fermatas are in nats per frame, where they are not given. The epoch was selected "
        "on the validation part; nothing was selected on the test part. The command above "
        "measures all of this at the end of the run.",
        limitations="It knows only Bach's chorales, and it has no built-in rules of part-writing. "
        f"It was measured, and works best, in C major and A minor.{carried}",
    )


def _describe_masks(training: LookaheadTrainingConfig) -> str:
    mixture = MIXTURE.with_unconditional(training.objective.unconditional_share)
    text = (
        f"the soprano given in {mixture.soprano:.0%} of the pieces, one to three voices in "
        f"{mixture.voices:.0%}, nothing in {mixture.unconditional:.0%}, all except some bars in "
        f"{mixture.infill:.0%}"
    )
    if training.model.use_metadata:
        text += f", and the fermatas given in {mixture.fermatas:.0%} of the pieces"
    return text


def _describe_teachers(objective: LookaheadObjectiveConfig) -> str:
    if not objective.teachers:
        return ""
    return (
        f"; knowledge distillation: {objective.distillation_weight:.0%} of the loss is taken "
        f"against the mean prediction of {len(objective.teachers)} networks of the same kind"
    )


_FIGURES = {
    "nats per frame": "nats_per_frame",
    "nats per onset": "nats_per_onset",
    "onset accuracy": "onset_accuracy",
    "fermatas": "fermata_nats_per_frame",
}


def results(losses: Mapping[str, Any]) -> tuple[ResultTable, ...]:
    """A table of the losses as `LookaheadObjective.measure` returns them."""
    tasks = next(iter(losses.values()))
    figures = {
        figure: {FILL_TASKS[t].label: [part[t][key] for part in losses.values()] for t in tasks}
        for figure, key in _FIGURES.items()
    }
    return (ResultTable("Losses and accuracy by task", tuple(losses), figures),)


KIND = TrainingKind(
    objective_config=LookaheadObjectiveConfig,
    objective=LookaheadObjective,
    units=UNITS,
    grid=GRID,
    presets=PRESETS,
    card=card,
    results=results,
    token_scores=token_scores,
    complete=complete,
    derived=("datastore_frames",),
)
