"""The machine that measured, named."""

import importlib
import platform

import numpy as np

from bachbot.processor import processor_name, usable_cores


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
