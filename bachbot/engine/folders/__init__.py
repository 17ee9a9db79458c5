"""Folders of tunes, and files of many: each tune harmonized, whatever becomes of the others.

- `folder`: what is done, passed over or refused, tune by tune.
- `folder_names`: names of the results.
- `folder_record`: what was done before, kept beside the results.
- `folder_batches`: which tunes are decoded side by side.
- `folder_work`: what a worker process does.
- `worker_pool`: worker processes with a time limit, any of which may die.
"""

from bachbot.engine.folders.folder import (
    TIME_LIMIT,
    Outcome,
    harmonize_folder,
    harmonize_tunes,
)
from bachbot.engine.folders.folder_work import FolderSettings

__all__ = [
    "TIME_LIMIT",
    "FolderSettings",
    "Outcome",
    "harmonize_folder",
    "harmonize_tunes",
]
