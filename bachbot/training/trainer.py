"""The trainer: takes steps, and can be frozen and thawed between any two of them."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from bachbot.encoding import Vocabulary
from bachbot.models import registry
from bachbot.training.config import TrainingConfig
from bachbot.training.data import Text
from bachbot.training.machine import autocast_dtype
from bachbot.training.parallel import Ranks
from bachbot.training.schedule import learning_rate


class Trainer:
    """Weights, optimiser, hidden state and place in the data of one run.

    Truncated back-propagation through time: each step reads a chunk of every lane, starting from
    the state that the chunk before it left behind.

    Parameters
    ----------
    config : TrainingConfig
        What to train.
    text : Text
        The training part.
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
        text: Text,
        vocabulary: Vocabulary,
        device: torch.device,
        ranks: Ranks,
    ) -> None:
        self.config, self.text, self.device, self.ranks = config, text, device, ranks
        self._mine = ranks.lanes(config.batch)
        self.model = self._fresh(vocabulary)
        # Built again rather than copied: cuDNN wants a model's weights in one piece of memory.
        self.averaged = self._fresh(vocabulary) if config.average else self.model
        self._forward: nn.Module = self.model
        if ranks.world > 1:
            gpus = [device] if device.type == "cuda" else None
            self._forward = DistributedDataParallel(self.model, device_ids=gpus)
        # Another dropout for every rank, but the same weights.
        torch.manual_seed(config.seed * 1_000_003 + ranks.rank + 1)
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": config.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
        )
        self._dtype = autocast_dtype(config.precision, device)
        self.precision = "float32" if self._dtype is None else "bfloat16"
        self.epoch, self.chunk = 0, 0
        self._hidden: Tensor
        self._loss_sum: Tensor
        self._lanes: tuple[int, Tensor, Tensor] | None = None
        self._begin_epoch()

    def _fresh(self, vocabulary: Vocabulary) -> nn.Module:
        torch.manual_seed(self.config.seed)
        size = self.config.to_json()["model"]
        return registry.build(self.config.kind, size, len(vocabulary)).to(self.device)

    @property
    def step_number(self) -> int:
        """Steps taken so far."""
        return self.epoch * self.text.chunks + self.chunk

    @property
    def rate(self) -> float:
        """Learning rate of the next step."""
        return learning_rate(self.config, self.step_number, self.text.chunks)

    @property
    def mean_loss(self) -> float:
        """Mean training loss of the epoch so far, nats a token, over this process's lanes."""
        return float(self._loss_sum) / self.chunk if self.chunk else float("nan")

    def step(self) -> None:
        """Learn from the next chunk of every lane."""
        inputs, targets = self._chunk()  # [B, T] each
        self._forward.train()
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        with torch.autocast(
            self.device.type, dtype=self._dtype or torch.bfloat16, enabled=self._dtype is not None
        ):
            logits, hidden = self._forward(inputs, self._hidden)  # [B, T, V], [L, 2, B, H]
        loss = functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.config.clip == "value":
            nn.utils.clip_grad_value_(self.model.parameters(), self.config.clip_at)
        else:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_at)
        self.optimiser.step()
        self._hidden = hidden.detach()
        self._loss_sum += loss.detach()
        if self.averaged is not self.model:
            self._average()
        self.chunk += 1

    def end_epoch(self) -> None:
        """Move on to the next epoch's text."""
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
        for index, slots in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": v for name, v in slots.items()}
        tensors["hidden"] = torch.cat(self.ranks.gathered(self._hidden), dim=2)  # [L, 2, B, H]
        tensors["loss_sum"] = torch.stack(self.ranks.gathered(self._loss_sum))  # [ranks]
        tensors["random.cpu"] = torch.stack(self.ranks.gathered(torch.get_rng_state()))
        if self.device.type == "cuda":
            state = torch.cuda.get_rng_state(self.device)
            tensors["random.cuda"] = torch.stack(self.ranks.gathered(state))
        return tensors, {"epoch": self.epoch, "chunk": self.chunk, "world": self.ranks.world}

    def thaw(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Go back to where `freeze` was called.

        Raises
        ------
        KeyError, ValueError, RuntimeError
            If the tensors are not those of this config and this many ranks.
        """
        if facts["world"] != self.ranks.world:
            raise ValueError(f"it ran on {facts['world']} processes, not {self.ranks.world}")
        if tensors["hidden"].shape[2] != self.config.batch or not (
            0 <= facts["chunk"] < self.text.chunks and 0 <= facts["epoch"] <= self.config.epochs
        ):
            raise ValueError("its place in the data is none of this run's")
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}}
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            head, _, rest = name.partition(".")
            if head in groups:
                groups[head][rest] = value
            elif head == "optimiser":
                index, _, slot = rest.partition(".")
                slots.setdefault(int(index), {})[slot] = value
        self.model.load_state_dict(groups["model"])
        if self.averaged is not self.model:
            self.averaged.load_state_dict(groups["average"])
        self.optimiser.load_state_dict(
            {"state": slots, "param_groups": self.optimiser.state_dict()["param_groups"]}
        )
        self.epoch, self.chunk = int(facts["epoch"]), int(facts["chunk"])
        self._hidden = tensors["hidden"][:, :, self._mine].to(self.device)
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
        self.chunk = 0
        rows = self._mine.stop - self._mine.start
        self._hidden = cast(Any, self.model).initial_state(rows).detach()
        self._loss_sum = torch.zeros((), device=self.device)

    def _chunk(self) -> tuple[Tensor, Tensor]:
        if self._lanes is None or self._lanes[0] != self.epoch:
            lanes = self.text.lanes(self.epoch)
            pair = (lanes.inputs[self._mine], lanes.targets[self._mine])
            inputs, targets = (torch.from_numpy(a.copy()).to(self.device) for a in pair)
            self._lanes = (self.epoch, inputs, targets)
        start = self.chunk * self.config.chunk
        stop = start + self.config.chunk
        return self._lanes[1][:, start:stop], self._lanes[2][:, start:stop]

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
