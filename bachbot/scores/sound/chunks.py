"""The tables of a SoundFont 2 file, read with care: the file may be anybody's.

Source: SoundFont Technical Specification 2.04 (Creative Technology, 2006), sections 4 to 7. In a
file of version 3 (``.sf3``, MuseScore's) each sample is an Ogg Vorbis stream of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError

Table = NDArray[np.void]
"""Records of one kind, shape [n]; the last one only ends the list."""

_LARGEST = 1 << 32
"""Bytes that a RIFF file can count."""
_LARGEST_TABLE = 1 << 26
"""Bytes; the tables of the largest soundfonts in use take a few millions."""
_MOST_CHUNKS = 200
_ONE_NAME = ("name", "S20")
_BAG = [("generator", "<u2"), ("modulator", "<u2")]
_GENERATOR = [("what", "<u2"), ("amount", "<i2")]
_RECORDS = {
    "phdr": [_ONE_NAME, ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")],
    "pbag": _BAG,
    "pgen": _GENERATOR,
    "inst": [_ONE_NAME, ("bag", "<u2")],
    "ibag": _BAG,
    "igen": _GENERATOR,
    "shdr": [
        _ONE_NAME, ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4"),
        ("rate", "<u4"), ("pitch", "u1"), ("cents", "i1"), ("link", "<u2"), ("kind", "<u2"),
    ],
}  # fmt: skip
_NAMES = {b"LIST", *(name.encode() for name in ("smpl", "sm24", "pmod", "imod", *_RECORDS))}


@dataclass(frozen=True, eq=False)
class Tables:
    """What a soundfont file holds, not yet interpreted.

    Parameters
    ----------
    path : Path
        The file.
    pool : ndarray of uint8, shape [bytes]
        Samples, end to end; read from the file when used.
    records : dict of str to Table
        By the name of the chunk: phdr, pbag, pgen, inst, ibag, igen, shdr.
    """

    path: Path
    pool: NDArray[np.uint8]
    records: dict[str, Table]

    def __getitem__(self, name: str) -> Table:
        """The table of one chunk."""
        return self.records[name]


def damaged(path: Path, what: str) -> UsageError:
    """The error of a soundfont that cannot be played."""
    return UsageError(f"{path} cannot be played, {what}: give a sound .sf2 or .sf3 file")


def read_tables(path: Path) -> Tables:
    """Read the tables of a soundfont; its samples stay on disk.

    Parameters
    ----------
    path : Path
        A ``.sf2`` or ``.sf3`` file.

    Raises
    ------
    UsageError
        If it is not there, is no soundfont, or is cut short.
    """
    try:
        size = path.stat().st_size
        if not 12 <= size <= _LARGEST:
            raise damaged(path, f"it has {size} bytes")
        content = np.memmap(path, np.uint8, "r")
    except OSError as error:
        raise UsageError(
            f"the soundfont {path} could not be read ({error.strerror}): give a .sf2 or .sf3 file"
        ) from error
    if content[:4].tobytes() != b"RIFF" or content[8:12].tobytes() != b"sfbk":
        raise damaged(path, "it is no soundfont")
    found: dict[str, NDArray[np.uint8]] = {}
    for name, body in _chunks(path, content, 12):
        if name == b"LIST":
            found |= {n.decode("latin-1"): b for n, b in _chunks(path, body, 4)}
    missing = [name for name in ("smpl", *_RECORDS) if name not in found]
    if missing:
        raise damaged(path, f"its part '{missing[0]}' is missing")
    return Tables(path, found["smpl"], {name: _table(path, name, found[name]) for name in _RECORDS})


def _chunks(
    path: Path, content: NDArray[np.uint8], start: int
) -> Iterator[tuple[bytes, NDArray[np.uint8]]]:
    """Names and bodies of the chunks from a place on."""
    for _ in range(_MOST_CHUNKS):
        if start + 8 > len(content):
            return
        name = content[start : start + 4].tobytes()
        length = int.from_bytes(content[start + 4 : start + 8].tobytes(), "little")
        stop = start + 8 + length
        if stop > len(content):
            raise damaged(path, "it is cut short")
        yield name, content[start + 8 : stop]
        # Chunks of odd length are padded by the standard; some programs leave the padding out.
        padded = length % 2 == 1 and content[stop : stop + 4].tobytes() not in _NAMES
        start = stop + padded
    raise damaged(path, "it has too many parts")


def _table(path: Path, name: str, content: NDArray[np.uint8]) -> Table:
    record = np.dtype(_RECORDS[name])
    if len(content) % record.itemsize or not 0 < len(content) <= _LARGEST_TABLE:
        raise damaged(path, f"its part '{name}' has {len(content)} bytes")
    return np.frombuffer(content.tobytes(), record)
