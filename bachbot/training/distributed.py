"""Data-parallel training: the communication between the processes of a run."""

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
    rank, world_size : int
        Number of this process, from 0, and of how many.
    local_rank : int
        Its number on its own machine, which is also the number of its GPU.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this is the process that validates, writes and reports."""
        return self.rank == 0

    def share(self, count: int, name: str) -> slice:
        """The items of a batch that this process computes.

        Parameters
        ----------
        count : int
            Items of the whole batch.
        name : str
            What they are called in a message.

        Raises
        ------
        UsageError
            If they cannot be divided evenly.
        """
        if count % self.world_size:
            raise UsageError(
                f"{count} {name} cannot be divided among {self.world_size} processes: "
                f"give a batch_size that is a multiple of {self.world_size}"
            )
        each = count // self.world_size
        return slice(self.rank * each, (self.rank + 1) * each)

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """The tensor of every process, in order. All processes must call it."""
        if self.world_size == 1:
            return [tensor]
        parts = [torch.empty_like(tensor) for _ in range(self.world_size)]
        distributed.all_gather(parts, tensor.contiguous())
        return parts

    def mean(self, tensor: Tensor) -> Tensor:
        """The mean over all processes. All processes must call it."""
        return torch.stack(self.gather(tensor)).mean(0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace gradients by their mean over all processes. All processes must call it.

        ``DistributedDataParallel`` would overlap this with the backward pass, but its reducer may
        be the last owner of the process group, and then waits for gloo's threads to end while they
        wait for the interpreter's lock. The gradients of these models are a few megabytes, so that
        little time could be saved.

        Parameters
        ----------
        parameters : iterable of Parameter
            All parameters of the model, in the same order in every process.
        """
        if self.world_size == 1:
            return
        gradients = [one.grad for one in parameters if one.grad is not None]
        flat = torch.cat([one.flatten() for one in gradients])
        distributed.all_reduce(flat)
        flat /= self.world_size
        parts = flat.split([one.numel() for one in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def broadcast(self, value: float) -> float:
        """The value of the main process. All processes must call it."""
        if self.world_size == 1:
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
        Device of the model; on CUDA each process uses the GPU of its local rank.
    """
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1 or distributed.is_initialized():
        yield ProcessGroup()
        return
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    group = ProcessGroup(int(os.environ["RANK"]), world_size, local_rank)
    if device.type == "cuda":
        torch.cuda.set_device(group.local_rank)
    # The defaults of this module's functions hold the group that exists when it is first imported,
    # which an optimizer does too. The group would then outlive its destruction, and its threads
    # sometimes abort the process when the interpreter exits.
    importlib.import_module("torch.distributed.nn.functional")
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield group
    finally:
        distributed.destroy_process_group()
