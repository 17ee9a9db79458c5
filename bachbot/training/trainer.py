"""The trainer: takes steps at a scheduled learning rate, and saves and restores its state."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from bachbot.encoding import Vocabulary
from bachbot.training.config import TrainingConfig
from bachbot.training.device import ProcessGroup, autocast_dtype
from bachbot.training.kinds import build_network
from bachbot.training.objective import TrainingSteps

_INITIAL_DIVISOR, _FINAL_DIVISOR = 25.0, 1e4
"""A one-cycle run starts at the peak rate divided by the first, and ends at it divided by the
second."""

_HALVING_EPOCHS = 5
"""Epochs after which the original halved its rate."""


def learning_rate(config: TrainingConfig, step: int, steps_per_epoch: int) -> float:
    """Learning rate of a step.

    Parameters
    ----------
    config : TrainingConfig
        Schedule, rate and number of epochs.
    step : int
        Counted from 0 over the whole run.
    steps_per_epoch : int
        Steps per epoch, 1 or more.

    Returns
    -------
    float

    References
    ----------
    Smith and Topin, *Super-convergence*, 2017 (https://arxiv.org/abs/1708.07120), with both phases
    as half cosines and a constant momentum.
    """
    peak = config.optimizer.learning_rate
    if config.optimizer.schedule == "halving":
        return peak * 0.5 ** (step // steps_per_epoch // _HALVING_EPOCHS)
    last = max(config.epochs * steps_per_epoch - 1, 1)
    top = config.optimizer.warmup * last
    if step < top:
        return _half_cosine(peak / _INITIAL_DIVISOR, peak, step / top)
    return _half_cosine(peak, peak / _FINAL_DIVISOR, min((step - top) / (last - top), 1.0))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class Trainer:
    """Weights, optimizer and position in the data of one run.

    Parameters
    ----------
    config : TrainingConfig
        Settings of the run.
    objective : TrainingSteps
        Data and loss, of the config's kind.
    vocabulary : Vocabulary
        Meaning of the token ids.
    device : torch.device
        Device of the model.
    group : ProcessGroup
        The processes that train together.

    Attributes
    ----------
    tokens : int
        Tokens read since this trainer was made.

    Notes
    -----
    Dropout uses torch's global generators: seed and restore those of the whole process, as
    `bachbot.training.run.train` does inside ``torch.random.fork_rng``.
    """

    def __init__(
        self,
        config: TrainingConfig,
        objective: TrainingSteps,
        vocabulary: Vocabulary,
        device: torch.device,
        group: ProcessGroup,
    ) -> None:
        self.config, self.objective, self.device, self.group = config, objective, device, group
        optimizer = config.optimizer
        self.model = self._build(vocabulary)
        # Built again rather than copied: cuDNN needs a model's weights in one block of memory.
        self.averaged = self._build(vocabulary) if optimizer.ema_decay else self.model
        # Every process samples its own dropout, but all start from the same weights.
        torch.manual_seed(config.seed * 1_000_003 + group.rank + 1)
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": optimizer.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            lr=optimizer.learning_rate,
            betas=(0.9, optimizer.beta2),
        )
        self._dtype = autocast_dtype(config.precision, device)
        self.precision = "float32" if self._dtype is None else "bfloat16"
        self.epoch, self.steps_done = 0, 0
        self.tokens = 0
        self._loss_sum: Tensor
        self._weight_sum: float
        self._start_epoch()

    def _build(self, vocabulary: Vocabulary) -> nn.Module:
        torch.manual_seed(self.config.seed)
        return build_network(self.config, len(vocabulary)).to(self.device)

    @property
    def step_number(self) -> int:
        """Steps taken so far, over all epochs."""
        return self.epoch * self.objective.steps + self.steps_done

    @property
    def rate(self) -> float:
        """Learning rate of the next step."""
        return learning_rate(self.config, self.step_number, self.objective.steps)

    @property
    def mean_loss(self) -> float:
        """Mean training loss of the epoch so far, over this process's share of the batches."""
        return float(self._loss_sum) / self._weight_sum if self.steps_done else float("nan")

    def step(self) -> None:
        """Take a step on the next batch."""
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        loss = self.objective.loss(self._forward, self.steps_done)
        self.optimizer.zero_grad(set_to_none=True)
        loss.mean.backward()
        self.group.average_gradients(self.model.parameters())
        limit = self.config.optimizer.gradient_clipping
        if self.config.optimizer.clipping_mode == "value":
            nn.utils.clip_grad_value_(self.model.parameters(), limit)
        else:
            nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        self.optimizer.step()
        self._loss_sum += loss.mean.detach() * loss.weight
        self._weight_sum += loss.weight
        self.tokens += loss.tokens
        if self.averaged is not self.model:
            self._update_average()
        self.steps_done += 1

    def _forward(self, *inputs: Any) -> Any:
        dtype = self._dtype
        with torch.autocast(
            self.device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None
        ):
            return self.model(*inputs)

    def end_epoch(self) -> None:
        """Go to the next epoch."""
        self.epoch += 1
        self._start_epoch()

    def state_dict(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that the next step depends on. All processes must call it.

        Returns
        -------
        tensors : dict of str to Tensor
            By dotted name.
        counters : dict
            Plain data.
        """
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        if self.averaged is not self.model:
            tensors |= {f"average.{k}": v for k, v in self.averaged.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": v for name, v in slots.items()}
        tensors |= {f"objective.{k}": v for k, v in self.objective.state_dict().items()}
        tensors["loss_sum"] = torch.stack(self.group.gather(self._loss_sum))  # [processes]
        tensors["random.cpu"] = torch.stack(self.group.gather(torch.get_rng_state()))
        if self.device.type == "cuda":
            state = torch.cuda.get_rng_state(self.device)
            tensors["random.cuda"] = torch.stack(self.group.gather(state))
        return tensors, {
            "epoch": self.epoch,
            "steps_done": self.steps_done,
            "weight_sum": self._weight_sum,
            "processes": self.group.world_size,
        }

    def load_state_dict(self, tensors: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Restore what `state_dict` returned.

        Raises
        ------
        KeyError, ValueError, RuntimeError
            If the state is not one of this config and number of processes.
        """
        epoch, steps_done = int(counters["epoch"]), int(counters["steps_done"])
        processes = counters["processes"]
        if processes != self.group.world_size:
            raise ValueError(f"it ran on {processes} processes, not {self.group.world_size}")
        if not (0 <= steps_done < self.objective.steps and 0 <= epoch <= self.config.epochs):
            raise ValueError(f"there is no step {steps_done} of epoch {epoch} in this run")
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "objective": {}}
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
        self.epoch, self.steps_done = epoch, steps_done
        self.objective.start_epoch(self.model, self.epoch)
        self.objective.load_state_dict(groups["objective"])
        self._weight_sum = float(counters["weight_sum"])
        self._loss_sum = tensors["loss_sum"][self.group.rank].to(self.device)
        # A generator reads from the start of the storage, so that a row of a tensor must be copied.
        torch.set_rng_state(tensors["random.cpu"][self.group.rank].clone())
        if self.device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"][self.group.rank].clone(), self.device)

    def best_weights(self) -> dict[str, Tensor]:
        """A copy, on the CPU, of the weights that are validated and saved."""
        state = self.averaged.state_dict()
        # The number of batches in the statistics is not needed after training.
        return {
            k: v.detach().cpu().clone()
            for k, v in state.items()
            if not k.endswith("num_batches_tracked")
        }

    def _start_epoch(self) -> None:
        self.steps_done = 0
        self.objective.start_epoch(self.model, self.epoch)
        self._loss_sum = torch.zeros((), device=self.device)
        self._weight_sum = 0.0

    @torch.no_grad()
    def _update_average(self) -> None:
        # A smaller decay at first, so that the initial weights are soon forgotten.
        steps = self.step_number + 1
        decay = min(self.config.optimizer.ema_decay, (1 + steps) / (10 + steps))
        averaged: list[Tensor] = list(self.averaged.parameters())
        current: list[Tensor] = list(self.model.parameters())
        torch._foreach_lerp_(averaged, current, 1 - decay)
        for ours, theirs in zip(self.averaged.buffers(), self.model.buffers(), strict=True):
            ours.copy_(theirs)
