"""The machine that all runs on: its processor, its cores, and one thread for NumPy's products."""

import importlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


def usable_cores() -> int:
    """Cores that this process may use; on macOS and Windows all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_name() -> str:
    """What the processor calls itself, such as ``"AMD EPYC 9B14"``, or at least its kind."""
    table = Path("/proc/cpuinfo")
    if os.name == "posix" and table.is_file():
        for line in table.read_text(errors="replace", encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@contextmanager
def one_thread() -> Iterator[None]:
    """Within the block, keep NumPy's BLAS to one thread of the process.

    The matrices of a single step are small: two threads spend longer waiting for each other than
    they save, and several times longer where another process has the second core.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def machine() -> dict[str, object]:
    """Processor, cores, system and versions, as plain data."""
    # Only the number of the package above, not the lazy names that lie on higher floors.
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
