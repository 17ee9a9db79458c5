"""The processor that all runs on: its name, and how many cores there are to work with."""

import os
import platform
from pathlib import Path


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
