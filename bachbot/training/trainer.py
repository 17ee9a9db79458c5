"""The trainer: takes steps at a scheduled rate, and its state can be saved and loaded between any two."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from bachbot.encoding import Vocabulary
from bachbot.models import registry
from bachbot.training.config import TrainingConfig
from bachbot.training.device import autocast_dtype
from bachbot.training.distributed import ProcessGroup
from bachbot.training.objective import Objective

_START, _END = 25.0, 1e4
"""A one-cycle run begins at a 25th of the peak rate and ends at a ten-thousandth."""

_HALVE_EVERY = 5
"""Epochs after which the original halved its rate."""


def learning_rate(config: TrainingConfig, step: int, steps_an_epoch: int) -> float:
    """Rate of a step.

    Parameters
    ----------
    config : TrainingConfig
        Says which schedule, its rate and how many epochs.
    step : int
        Counted from 0 over the whole run.
    steps_an_epoch : int
        Steps in an epoch, 1 or more.

    Returns
    -------
    float

    References
    ----------
    Smith and Topin, *Super-convergence*, 2017 (https://arxiv.org/abs/1708.07120), both arms
    half-cosines; the momentum is left alone.
    """
    if config.schedule == "halving":
        return config.learning_rate * 0.5 ** (step // steps_an_epoch // _HALVE_EVERY)
    last = max(config.epochs * steps_an_epoch - 1, 1)
    top = config.warmup * last
    if step < top:
        return _half_cosine(config.learning_rate / _START, config.learning_rate, step / top)
    return _half_cosine(
        config.learning_rate, config.learning_rate / _END, min((step - top) / (last - top), 1.0)
    )


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class Trainer:
    """Weights, optimizer and place in the course of one run.

    Parameters
    ----------
    config : TrainingConfig
        What to train.
    course : Course
        What it learns from, of the config's kind.
    vocabulary : Vocabulary
        What the ids mean.
    device : torch.device
        Where the model lives.
    ranks : Ranks
        This process among those that train together.

    Notes
    -----
    Dropout draws from torch's global generators: seed and restore those of the whole process, as
    `bachbot.training.run.train` does inside ``torch.random.fork_rng``.
    """

    def __init__(
        self,
        config: TrainingConfig,
        course: Objective,
        vocabulary: Vocabulary,
        device: torch.device,
        ranks: ProcessGroup,
    ) -> None:
        self.config, self.course, self.device, self.ranks = config, course, device, ranks
        self.model = self._fresh(vocabulary)
        # Built again rather than copied: cuDNN wants a model's weights in one piece of memory.
        self.averaged = self._fresh(vocabulary) if config.average else self.model
        # Another dropout for every rank, but the same weights.
        torch.manual_seed(config.seed * 1_000_003 + ranks.rank + 1)
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": config.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=(0.9, config.beta2),
        )
        self._dtype = autocast_dtype(config.precision, device)
        self.precision = "float32" if self._dtype is None else "bfloat16"
        self.epoch, self.taken = 0, 0
        self.tokens = 0
        """Tokens read since this trainer was made."""
        self._loss_sum: Tensor
        self._weight_sum: float
        self._begin_epoch()

    def _fresh(self, vocabulary: Vocabulary) -> nn.Module:
        torch.manual_seed(self.config.seed)
        size = self.config.to_json()["model"]
        return registry.build(self.config.kind, size, len(vocabulary)).to(self.device)

    @property
    def step_number(self) -> int:
        """Steps taken so far."""
        return self.epoch * self.course.steps + self.taken

    @property
    def rate(self) -> float:
        """Learning rate of the next step."""
        return learning_rate(self.config, self.step_number, self.course.steps)

    @property
    def mean_loss(self) -> float:
        """Mean training loss of the epoch so far, over this process's share of it."""
        return float(self._loss_sum) / self._weight_sum if self.taken else float("nan")

    def step(self) -> None:
        """Learn from the next batch of the course."""
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        loss = self.course.loss(self._called, self.taken)
        self.optimizer.zero_grad(set_to_none=True)
        loss.mean.backward()
        self.ranks.average_gradients(self.model.parameters())
        if self.config.clip == "value":
            nn.utils.clip_grad_value_(self.model.parameters(), self.config.clip_at)
        else:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_at)
        self.optimizer.step()
        self._loss_sum += loss.mean.detach() * loss.weight
        self._weight_sum += loss.weight
        self.tokens += loss.tokens
        if self.averaged is not self.model:
            self._average()
        self.taken += 1

    def _called(self, *inputs: Any) -> Any:
        dtype = self._dtype
        with torch.autocast(
            self.device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None
        ):
            return self.model(*inputs)

    def end_epoch(self) -> None:
        """Move on to the next epoch."""
        self.epoch += 1
        self._begin_epoch()

    def freeze(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that this run's next step depends on. Every rank must call it.

        Returns
        -------
        tensors : dict of str to Tensor
            By dotted name.
        facts : dict
            Plain data.
        """
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        if self.averaged is not self.model:
            tensors |= {f"average.{k}": v for k, v in self.averaged.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": v for name, v in slots.items()}
        tensors |= {f"carried.{k}": v for k, v in self.course.carried().items()}
        tensors["loss_sum"] = torch.stack(self.ranks.gathered(self._loss_sum))  # [ranks]
        tensors["random.cpu"] = torch.stack(self.ranks.gathered(torch.get_rng_state()))
        if self.device.type == "cuda":
            state = torch.cuda.get_rng_state(self.device)
            tensors["random.cuda"] = torch.stack(self.ranks.gathered(state))
        return tensors, {
            "epoch": self.epoch,
            "taken": self.taken,
            "weight_sum": self._weight_sum,
            "world": self.ranks.world,
        }

    def thaw(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Go back to where `freeze` was called.

        Raises
        ------
        KeyError, ValueError, RuntimeError
            If the tensors are not those of this config and this many ranks.
        """
        if facts["world"] != self.ranks.world:
            raise ValueError(f"it ran on {facts['world']} processes, not {self.ranks.world}")
        if not (
            0 <= facts["taken"] < self.course.steps and 0 <= facts["epoch"] <= self.config.epochs
        ):
            raise ValueError("its place in the data is none of this run's")
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "carried": {}}
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            head, _, rest = name.partition(".")
            if head in groups:
                groups[head][rest] = value
            elif head == "optimizer":
                index, _, slot = rest.partition(".")
                slots.setdefault(int(index), {})[slot] = value
        self.model.load_state_dict(groups["model"])
        if self.averaged is not self.model:
            self.averaged.load_state_dict(groups["average"])
        self.optimizer.load_state_dict(
            {"state": slots, "param_groups": self.optimizer.state_dict()["param_groups"]}
        )
        self.epoch, self.taken = int(facts["epoch"]), int(facts["taken"])
        self.course.begin(self.model, self.epoch)
        self.course.carry(groups["carried"])
        self._weight_sum = float(facts["weight_sum"])
        self._loss_sum = tensors["loss_sum"][self.ranks.rank].to(self.device)
        # A generator reads from the start of the storage, so a row of a table must be copied.
        torch.set_rng_state(tensors["random.cpu"][self.ranks.rank].clone())
        if self.device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"][self.ranks.rank].clone(), self.device)

    def best_weights(self) -> dict[str, Tensor]:
        """A copy, on the CPU, of the weights that are validated."""
        state = self.averaged.state_dict()
        # How many batches the statistics saw is of no use once they stand.
        return {
            k: v.detach().cpu().clone()
            for k, v in state.items()
            if not k.endswith("num_batches_tracked")
        }

    def _begin_epoch(self) -> None:
        self.taken = 0
        self.course.begin(self.model, self.epoch)
        self._loss_sum = torch.zeros((), device=self.device)
        self._weight_sum = 0.0

    @torch.no_grad()
    def _average(self) -> None:
        # Short at first, so that the first weights are soon forgotten.
        taken = self.step_number + 1
        keep = min(self.config.average, (1 + taken) / (10 + taken))
        theirs: list[Tensor] = list(self.averaged.parameters())
        ours: list[Tensor] = list(self.model.parameters())
        torch._foreach_lerp_(theirs, ours, 1 - keep)
        for mine, live in zip(self.averaged.buffers(), self.model.buffers(), strict=True):
            mine.copy_(live)
