"""Results stored on disk, so that an interrupted report continues where it stopped."""

import hashlib
import json
import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bachbot.corpus.store import default_path
from bachbot.errors import BachbotWarning, OutputError
from bachbot.files import write_atomically

_DIGITS = 16
_PACKAGES = ("chorale", "encoding", "theory", "runtime", "decoding", "evaluation")
"""The packages that results depend on."""


def of_file(path: Path) -> str:
    """Fingerprint of a file: sixteen hexadecimal digits of its hash."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:_DIGITS]


@cache
def of_code() -> str:
    """Fingerprint of the code that measures: sixteen hexadecimal digits of its hash.

    A version number is easily forgotten, and results of yesterday's code must not be shown beside
    results of today's.
    """
    top = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((top / package).rglob("*.py")):
            digest.update(path.relative_to(top).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGITS]


FORMAT = "bachbot-report-cache-1"
"""Format of an entry; one of another format is ignored."""


_Times = tuple[float, float]
"""Elapsed seconds and seconds of processor time."""


@dataclass(frozen=True)
class Entry:
    """Content that was made now or before.

    Parameters
    ----------
    content : bytes
        The content.
    seconds, processor : float
        Elapsed and processor seconds that it took when it was made, without the entries that it
        needed.
    cached : bool
        Whether it was in the cache.
    """

    content: bytes
    seconds: float
    processor: float
    cached: bool


@dataclass
class Cache:
    """A folder of entries.

    Parameters
    ----------
    folder : Path
        Created when it is first written to.
    fresh : bool
        Whether entries older than this object are ignored.
    """

    folder: Path
    fresh: bool = False
    _ours: set[str] = field(default_factory=set, init=False)
    _nested: list[_Times] = field(default_factory=lambda: [(0.0, 0.0)], init=False)

    def get(self, key: Mapping[str, Any], make: Callable[[], bytes]) -> Entry:
        """An entry, made if the cache lacks it.

        Parameters
        ----------
        key : mapping
            Everything that the content depends on, as plain data; its ``"what"`` names it.
        make : callable
            Makes the content; it may get other entries from this cache, whose time is not counted.

        Returns
        -------
        Entry

        Raises
        ------
        OutputError
            If the folder cannot be written to.
        """
        known = json.dumps(key, sort_keys=True)
        path = self.folder / f"{key['what']}-{hashlib.sha256(known.encode()).hexdigest()[:24]}"
        if not self.fresh or path.name in self._ours:
            found = _read(path, known)
            if found is not None:
                return found
        content, times = self._timed(make)
        self._write(path, known, content, times)
        self._ours.add(path.name)
        return Entry(content, *times, cached=False)

    def _timed(self, make: Callable[[], bytes]) -> tuple[bytes, _Times]:
        """What is made, and the time it took without nested entries."""
        start = time.perf_counter(), time.process_time()
        self._nested.append((0.0, 0.0))
        try:
            content = make()
        finally:
            nested = self._nested.pop()
            whole = time.perf_counter() - start[0], time.process_time() - start[1]
            above = self._nested[-1]
            self._nested[-1] = above[0] + whole[0], above[1] + whole[1]
        return content, (round(whole[0] - nested[0], 3), round(whole[1] - nested[1], 3))

    def _write(self, path: Path, key: str, content: bytes, times: _Times) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"the folder {self.folder} cannot be made ({error.strerror or error}): "
                "set BACHBOT_CACHE to one that can"
            ) from error
        head = {
            "format": FORMAT,
            "key": key,
            "times": times,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        write_atomically(path, json.dumps(head).encode() + b"\n" + content)


def default_folder() -> Path:
    """The folder of entries, beside the prepared corpus in the user's cache."""
    return default_path().parent / "report"


def _read(path: Path, key: str) -> Entry | None:
    if not path.is_file():
        return None
    try:
        head, _, content = path.read_bytes().partition(b"\n")
        said = json.loads(head)
        whole = (
            said["format"] == FORMAT
            and said["key"] == key
            and said["sha256"] == hashlib.sha256(content).hexdigest()
        )
        if not whole:
            raise ValueError
        # Entries in use look recent to whoever deletes old ones.
        os.utime(path)
        seconds, processor = map(float, said["times"])
        return Entry(content, seconds, processor, cached=True)
    except (OSError, ValueError, KeyError, TypeError):
        warnings.warn(
            f"{path} is damaged: its content is measured again", BachbotWarning, stacklevel=2
        )
        return None
