"""Where training runs: the device and its precision, and the processes that train together."""

import functools
import importlib
import os
import platform
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, distributed, nn

from bachbot.errors import UsageError
from bachbot.hardware import processor_name, usable_cores
from bachbot.training.config import Precision

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def find_device(name: str) -> torch.device:
    """The device of a name; ``"auto"`` is a GPU if there is one.

    Raises
    ------
    UsageError
        If the name is unknown or this machine has no such device.
    """
    if name not in get_args(DeviceName):
        raise UsageError(
            f"there is no device '{name}': give one of {', '.join(get_args(DeviceName))}"
        )
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, found in available.items() if found)
    elif not available[name]:
        raise UsageError(
            f"torch finds no {name} device here: give --device cpu, or install a torch built for it"
        )
    return torch.device(name)


def autocast_dtype(precision: Precision, device: torch.device) -> torch.dtype | None:
    """The type of matrix products under autocast, or None for plain float32.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` is bfloat16 where the hardware multiplies in it: on NVIDIA GPUs since Ampere,
        and on CPUs with AVX-512 BF16 or AMX. Where `trains_in_bfloat16` is False, every precision
        is float32.
    device : torch.device
        Device of the model.
    """
    wanted = torch.bfloat16 if precision == "bfloat16" else _fastest_dtype(precision, device)
    return wanted if wanted is None or trains_in_bfloat16(device) else None


def _fastest_dtype(precision: Precision, device: torch.device) -> torch.dtype | None:
    if precision == "float32" or device.type == "mps":
        return None
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability()[0] >= 8 else None
    # Private functions of torch; without them it runs in float32, which is always correct.
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    supported = any(getattr(torch.cpu, check, lambda: False)() for check in checks)
    return torch.bfloat16 if supported else None


@functools.cache
def trains_in_bfloat16(device: torch.device) -> bool:
    """Whether an LSTM runs forward and backward under bfloat16 autocast on a device.

    A tiny LSTM is tried, once per device: oneDNN cannot run it on CPUs without AVX-512, and the
    name of a processor does not say reliably whether it has that.

    Parameters
    ----------
    device : torch.device
        Device of the model.
    """
    # The weights of the tiny LSTM must not change the random numbers of the run.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lstm = nn.LSTM(8, 8, batch_first=True).to(device)
        inputs = torch.ones(2, 3, 8, device=device)
        try:
            with torch.autocast(device.type, torch.bfloat16):
                outputs, _ = lstm(inputs)
            outputs.float().sum().backward()
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
                lstm.eval()(inputs)
        except RuntimeError:
            return False
    return True


def without_bfloat16(device: torch.device) -> str:
    """The message about a device on which `trains_in_bfloat16` is False."""
    return f"torch cannot train an LSTM in bfloat16 on this {device.type} ({describe(device)})"


def describe(device: torch.device) -> str:
    """A name for the hardware, such as ``"AMD EPYC, 1 of 2 cores"`` or a GPU's."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"{processor_name()}, MPS"
    return f"{processor_name()}, {torch.get_num_threads()} of {usable_cores()} cores"


def versions() -> dict[str, str]:
    """Versions of the software that the weights depend on."""
    # Imported by name: only the version is used, none of the names from higher layers.
    package = importlib.import_module("bachbot")
    return {
        "bachbot": package.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def use_threads(threads: int) -> None:
    """Set the number of CPU threads that torch uses.

    Parameters
    ----------
    threads : int
        0 for all cores of this process, divided among the processes that torchrun started.
    """
    if not threads:
        threads = max(1, usable_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    torch.set_num_threads(threads)


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
