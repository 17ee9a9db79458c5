"""The machine that trains: which device, which precision, and what to call it."""

import functools
import importlib
import os
import platform
import warnings
from typing import Literal, get_args

import numpy as np
import torch
from torch import nn

from bachbot.errors import UsageError
from bachbot.hardware import processor_name, usable_cores
from bachbot.training.config import Precision

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def find_device(name: str) -> torch.device:
    """The device of a name; ``"auto"`` takes a GPU where there is one.

    Raises
    ------
    UsageError
        If the name is unknown or this machine has no such device.
    """
    if name not in get_args(DeviceName):
        raise UsageError(
            f"there is no device '{name}': give one of {', '.join(get_args(DeviceName))}"
        )
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, found in there.items() if found)
    elif not there[name]:
        raise UsageError(
            f"torch finds no {name} device here: give --device cpu, or install a torch built for it"
        )
    return torch.device(name)


def autocast_dtype(precision: Precision, device: torch.device) -> torch.dtype | None:
    """The type that matrix products run in under autocast, or None for plain float32.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` takes bfloat16 where the hardware multiplies in it: on NVIDIA GPUs from Ampere
        on, and on CPUs with AVX-512 BF16 or AMX. Where `trains_in_bfloat16` says no, every
        precision gives float32.
    device : torch.device
        Where the model runs.
    """
    wanted = torch.bfloat16 if precision == "bfloat16" else _quickest_dtype(precision, device)
    return wanted if wanted is None or trains_in_bfloat16(device) else None


def _quickest_dtype(precision: Precision, device: torch.device) -> torch.dtype | None:
    if precision == "float32" or device.type == "mps":
        return None
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability()[0] >= 8 else None
    # Private names of torch; where a version lacks them, float32 is always right.
    asks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    quick = any(getattr(torch.cpu, ask, lambda: False)() for ask in asks)
    return torch.bfloat16 if quick else None


@functools.cache
def trains_in_bfloat16(device: torch.device) -> bool:
    """Whether an LSTM runs forward and backward under bfloat16 autocast on a device.

    A tiny one is tried, once for each device: oneDNN lacks it on CPUs without AVX-512, which no
    name of a processor tells for sure.

    Parameters
    ----------
    device : torch.device
        Where the model would run.
    """
    # The weights of the trial must cost the run none of its random numbers.
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
    """What to say of a device on which `trains_in_bfloat16` is False."""
    return f"torch cannot train an LSTM in bfloat16 on this {device.type} ({describe(device)})"


def describe(device: torch.device) -> str:
    """A name for the hardware, such as ``"AMD EPYC, 1 of 2 cores"`` or a GPU's."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"{processor_name()}, MPS"
    return f"{processor_name()}, {torch.get_num_threads()} of {usable_cores()} cores"


def versions() -> dict[str, str]:
    """Versions that the weights depend on."""
    # Only the number of the package above, not the lazy names that lie on higher floors.
    package = importlib.import_module("bachbot")
    return {
        "bachbot": package.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def use_threads(threads: int) -> None:
    """Let torch compute on so many threads of a CPU.

    Parameters
    ----------
    threads : int
        0 for every core of this process, shared out among the processes that torchrun started.
    """
    if not threads:
        threads = max(1, usable_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    torch.set_num_threads(threads)
