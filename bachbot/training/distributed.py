"""One process or many: what ranks of a data-parallel run ask of each other."""

import importlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from bachbot.errors import UsageError


@dataclass(frozen=True)
class ProcessGroup:
    """One process among those that train together.

    Parameters
    ----------
    rank, world : int
        Its number, and how many there are.
    local : int
        Its number on its machine, and so its GPU's.
    """

    rank: int = 0
    world: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        """Whether this is the process that validates, writes and reports."""
        return self.rank == 0

    def lanes(self, batch: int, name: str = "lanes") -> slice:
        """The lanes, or whatever else a batch is made of, that are this process's.

        Parameters
        ----------
        batch : int
            How many there are in all.
        name : str
            What they are called in a message.

        Raises
        ------
        UsageError
            If they cannot be shared out evenly.
        """
        if batch % self.world:
            raise UsageError(
                f"{batch} {name} cannot be shared out over {self.world} processes: "
                "give a batch that is a multiple of it"
            )
        each = batch // self.world
        return slice(self.rank * each, (self.rank + 1) * each)

    def gathered(self, tensor: Tensor) -> list[Tensor]:
        """The tensor of every rank, in order. All ranks must call it."""
        if self.world == 1:
            return [tensor]
        parts = [torch.empty_like(tensor) for _ in range(self.world)]
        distributed.all_gather(parts, tensor.contiguous())
        return parts

    def mean(self, tensor: Tensor) -> Tensor:
        """The mean over all ranks. All ranks must call it."""
        return torch.stack(self.gathered(tensor)).mean(0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every rank the mean of all ranks' gradients. All ranks must call it.

        ``DistributedDataParallel`` would do it while the backward pass still runs, but its reducer
        may be the last to hold the process group, and then waits for gloo's threads to end while
        they wait for the interpreter's lock. These models' gradients are a few megabytes: there
        is little to hide.

        Parameters
        ----------
        parameters : iterable of Parameter
            All of the model's, in the same order on every rank.
        """
        if self.world == 1:
            return
        gradients = [one.grad for one in parameters if one.grad is not None]
        flat = torch.cat([one.flatten() for one in gradients])
        distributed.all_reduce(flat)
        flat /= self.world
        parts = flat.split([one.numel() for one in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def agreed(self, value: float) -> float:
        """The leading process's value. All ranks must call it."""
        if self.world == 1:
            return value
        box = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(box, 0)
        return float(box)


@contextmanager
def join_process_group(device: torch.device) -> Iterator[ProcessGroup]:
    """Join the other processes that torchrun started, if it did.

    Parameters
    ----------
    device : torch.device
        Where this run's model lives; on CUDA each process takes the GPU of its local rank.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1 or distributed.is_initialized():
        yield ProcessGroup()
        return
    ranks = ProcessGroup(int(os.environ["RANK"]), world, int(os.environ.get("LOCAL_RANK", "0")))
    if device.type == "cuda":
        torch.cuda.set_device(ranks.local)
    # Its defaults hold the group that is there when it is first imported, as an optimizer does in
    # passing. Held so, the group outlives its destruction, and its threads now and then abort the
    # process as the interpreter ends.
    importlib.import_module("torch.distributed.nn.functional")
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield ranks
    finally:
        distributed.destroy_process_group()
