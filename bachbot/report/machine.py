"""The machine that measured, named."""

import importlib
import os
import platform
from pathlib import Path

import numpy as np

from bachbot.cores import usable_cores


def machine() -> dict[str, object]:
    """Processor, cores, system and versions, as plain data."""
    # Only the number of the package above, not the lazy names that lie on higher floors.
    package = importlib.import_module("bachbot")
    return {
        "processor": _processor(),
        "cores": usable_cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "bachbot": package.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
    }


def _processor() -> str:
    table = Path("/proc/cpuinfo")
    if os.name == "posix" and table.is_file():
        for line in table.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
