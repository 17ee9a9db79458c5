"""How many cores there are to work with."""

import os


def usable_cores() -> int:
    """Cores that this process may use; on macOS and Windows all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
