"""The machine: its processor and cores, and NumPy's threads."""

import importlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


def usable_cores() -> int:
    """Number of cores that this process may use; on macOS and Windows, all cores."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_name() -> str:
    """Model name of the processor, such as ``"AMD EPYC 9B14"``, or else its architecture."""
    table = Path("/proc/cpuinfo")
    if os.name == "posix" and table.is_file():
        for line in table.read_text(errors="replace", encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit NumPy's BLAS to one thread within the block.

    The matrices of a single step are small: two threads spend longer waiting for each other than
    they save, and several times longer if another process uses the second core.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def describe_machine() -> dict[str, object]:
    """Describe processor, cores, system and versions as plain data."""
    # Only the package's version: its lazy names belong to higher layers.
    package = importlib.import_module("bachbot")
    return {
        "processor": processor_name(),
        "cores": usable_cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "bachbot": package.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
    }
