"""The record of what was harmonized of a folder, so that a second run passes over it.

A line is added for each tune, which takes as long for the thousandth as for the first.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from bachbot.engine.folders.folder_work import FolderSettings, digest_of
from bachbot.errors import BachbotWarning, OutputError
from bachbot.files import write_atomically
from bachbot.runtime import Checkpoint, load_checkpoint
from bachbot.runtime.checkpoint import EXPERT
from bachbot.scores.provenance import written_by_bachbot

RECORD = ".bachbot.json"
"""Name of the record, in the folder of the results."""

FORMAT = "bachbot-folder-2"
"""Format of the record; one of another format is ignored."""

_HEADER = json.dumps({"format": FORMAT}).encode() + b"\n"

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
        The folder of the results. A record of another format counts as none, and so does a line
        that is damaged, with a warning.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / RECORD
        self._entries: dict[str, Entry] = {}
        self._owners: dict[str, str] = {}
        self._read()

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

    def names(self, path: Path) -> bool:
        """Whether a file is named here as a result."""
        return path.name in self._owners

    def may_replace(self, path: Path) -> bool:
        """Whether a file is not there, or is as bachbot wrote it.

        A file that the record does not name, as after a killed run, is recognized by bachbot's
        mark in it.
        """
        if not path.exists():
            return True
        owner = self._owners.get(path.name)
        try:
            if not path.is_file():
                return False
            if owner is not None:
                return digest_of(path.read_bytes()) == self._entries[owner].outputs[path.name]
        except OSError:
            return False
        return written_by_bachbot(path)

    def add(self, name: str, entry: Entry) -> None:
        """Add or replace the entry of a tune, here and in the file.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        self._put(name, entry)
        line = _line(name, entry)
        try:
            with self._path.open("a+b") as file:
                if not file.seek(0, os.SEEK_END):
                    line = _HEADER + line
                else:  # a line that was cut off, as by a full disk, must not spoil this one
                    file.seek(-1, os.SEEK_END)
                    line = line if file.read(1) == b"\n" else b"\n" + line
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(
                f"{self._path} could not be written ({error.strerror or error})"
            ) from error

    def _put(self, name: str, entry: Entry) -> None:
        for output in entry.outputs:
            owner = self._owners.get(output, name)
            if owner != name:  # a file belongs to the tune that wrote it last
                self._forget(owner)
        self._forget(name)
        self._entries[name] = entry
        self._owners |= dict.fromkeys(entry.outputs, name)

    def _forget(self, name: str) -> None:
        known = self._entries.pop(name, None)
        for output in known.outputs if known else ():
            self._owners.pop(output, None)

    def save(self) -> None:
        """Write the record anew, whole or not at all, without entries that were replaced.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        lines = [_line(name, entry) for name, entry in sorted(self._entries.items())]
        write_atomically(self._path, b"".join([_HEADER, *lines]))

    def _read(self) -> None:
        try:
            if not self._path.exists():
                return
            with self._path.open("rb") as file:
                header, *lines = file.read(_MAX_BYTES).splitlines(keepends=True)
        except (OSError, ValueError):
            header, lines = b"", []
        whole = header == _HEADER
        for line in lines if whole else ():
            try:
                body = json.loads(line)
                name, entry = body["name"], Entry(**body["entry"])
                if line != _line(name, entry):
                    raise ValueError
                self._put(name, entry)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                whole = False
        if not whole:
            warnings.warn(
                f"{self._path} is damaged or of another version: what it does not name is "
                "harmonized anew",
                BachbotWarning,
                stacklevel=4,
            )


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


def _line(name: str, entry: Entry) -> bytes:
    """An entry as a line of the record, with a checksum."""
    body = {f.name: getattr(entry, f.name) for f in fields(Entry)}
    body["outputs"] = dict(entry.outputs)
    checksum = hashlib.sha256(json.dumps([name, body]).encode()).hexdigest()
    return json.dumps({"name": name, "entry": body, "checksum": checksum}).encode() + b"\n"
