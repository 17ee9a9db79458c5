"""The record of what was harmonized of a folder, so that a second run passes over it."""

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bachbot.engine.folder_work import FolderSettings, digest_of
from bachbot.errors import BachbotWarning
from bachbot.files import write_atomically
from bachbot.runtime import Checkpoint, load_checkpoint
from bachbot.runtime.checkpoint import EXPERT

RECORD = ".bachbot.json"
"""Name of the record, in the folder of the results."""

FORMAT = "bachbot-folder-1"
"""Format of the record; one of another format is ignored."""

_MARK = b"<software>bachbot</software>"
_HEAD = 65536  # bytes of a MusicXML file in which the mark is looked for
_MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Entry:
    """What was written of a tune, and from what.

    Parameters
    ----------
    source : str
        Name of the file.
    input : str
        Digest of the file's content.
    settings : str
        Fingerprint of the settings and the model.
    outputs : mapping of str to str
        Digest of each file that was written, by its name.
    """

    source: str
    input: str
    settings: str
    outputs: Mapping[str, str]


class FolderRecord:
    """The record in a folder of results.

    Parameters
    ----------
    folder : Path
        The folder of the results. A record that is damaged or of another format counts as none,
        with a warning.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries = _read(folder / RECORD)
        self._owners = {
            output: name for name, entry in self._entries.items() for output in entry.outputs
        }

    def has(self, name: str, entry: Entry) -> bool:
        """Whether a tune was done with this input and these settings, and its results are there.

        Parameters
        ----------
        name : str
            Stem of the results.
        entry : Entry
            What would be written; its outputs do not count.
        """
        known = self._entries.get(name)
        return (
            known is not None
            and bool(known.outputs)
            and (known.source, known.input, known.settings)
            == (entry.source, entry.input, entry.settings)
            and all((self._folder / output).is_file() for output in known.outputs)
        )

    def may_replace(self, path: Path) -> bool:
        """Whether a file is not there, or is as bachbot wrote it.

        A file that the record does not name, as after a killed run, is recognized by the mark in
        bachbot's MusicXML.
        """
        if not path.exists():
            return True
        owner = self._owners.get(path.name)
        try:
            if not path.is_file():
                return False
            if owner is not None:
                return digest_of(path.read_bytes()) == self._entries[owner].outputs[path.name]
            with path.open("rb") as file:
                return _MARK in file.read(_HEAD)
        except OSError:
            return False

    def add(self, name: str, entry: Entry) -> None:
        """Add or replace the entry of a tune, and write the record.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        for output in entry.outputs:
            owner = self._owners.get(output, name)
            if owner != name:  # a file belongs to the tune that wrote it last
                self._forget(owner)
        self._forget(name)
        self._entries[name] = entry
        self._owners |= dict.fromkeys(entry.outputs, name)
        self.save()

    def _forget(self, name: str) -> None:
        known = self._entries.pop(name, None)
        for output in known.outputs if known else ():
            self._owners.pop(output, None)

    def save(self) -> None:
        """Write the record, whole or not at all.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        tunes = {
            name: {f.name: _plain(getattr(entry, f.name)) for f in fields(Entry)}
            for name, entry in sorted(self._entries.items())
        }
        body = {"format": FORMAT, "checksum": _checksum(tunes), "tunes": tunes}
        write_atomically(self._folder / RECORD, (json.dumps(body, indent=1) + "\n").encode())


def settings_fingerprint(settings: FolderSettings) -> str:
    """Digest of all that the results depend on beside the files: settings, model, its expert.

    Raises
    ------
    CheckpointError
        If the checkpoint is missing or damaged.
    """
    checkpoint = load_checkpoint(settings.checkpoint)
    parts = [f"{f.name}={getattr(settings, f.name)!r}" for f in fields(FolderSettings)]
    parts = [part for part in parts if not part.startswith("checkpoint=")]
    return hashlib.sha256("\n".join([*parts, *_versions(checkpoint)]).encode()).hexdigest()


def _versions(checkpoint: Checkpoint) -> list[str]:
    expert = checkpoint.config.get(EXPERT)
    experts = [load_checkpoint(expert).fingerprint] if isinstance(expert, str) else []
    return [checkpoint.fingerprint, *experts]


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _checksum(tunes: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tunes, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, Entry]:
    try:
        if not path.is_file():
            return {}
        with path.open("rb") as file:
            body = json.loads(file.read(_MAX_BYTES))
        if body["format"] != FORMAT or body["checksum"] != _checksum(body["tunes"]):
            raise ValueError
        return {name: Entry(**entry) for name, entry in body["tunes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        warnings.warn(
            f"{path} is damaged or of another version: every tune is harmonized anew",
            BachbotWarning,
            stacklevel=3,
        )
        return {}
