"""Names of the files that harmonizing a folder writes: safe on every system, and each once."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from bachbot.scores.readers.tune import TuneHeading

MAX_BYTES = 200
"""Longest file name in bytes of UTF-8; file systems take 255, archives and clouds fewer."""

_ROOM = 20
"""Bytes that are kept free for a suffix and for the number of a version."""

_FORBIDDEN = frozenset('<>:"/\\|?*')

_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in "0123456789¹²³")]
)
"""Names that Windows keeps for devices, with any suffix."""


def safe_name(text: str, fallback: str = "tune") -> str:
    r"""A text as the stem of a file name that every system accepts.

    Parameters
    ----------
    text : str
        Such as a title.
    fallback : str
        What is used where nothing of the text remains.

    Returns
    -------
    str
        Without slashes, control characters, reserved names, and dots or spaces at its ends, and
        short enough for a suffix to bring it to `MAX_BYTES` at most.

    Examples
    --------
    >>> safe_name("Jesu, meine Freude (1/2)")
    'Jesu, meine Freude (1 2)'
    >>> safe_name("../../etc/passwd")
    'etc passwd'
    >>> safe_name("Con")
    'Con_'
    """
    kept = "".join(
        " " if c in _FORBIDDEN or unicodedata.category(c)[0] in "CZ" else c
        for c in unicodedata.normalize("NFC", text)
    )
    words = _shortened(" ".join(kept.split()), MAX_BYTES - _ROOM)
    # A dot at the start hides a file, a dash at the start is taken for an option, and Windows
    # drops dots and spaces at the end.
    words = words.lstrip(". -").rstrip(". ")
    if words.split(".")[0].strip().lower() in _RESERVED:
        first, dot, rest = words.partition(".")
        words = f"{first.strip()}_{dot}{rest}"
    return words or fallback


def output_names(tunes: Sequence[tuple[Path, Sequence[TuneHeading]]]) -> list[list[str]]:
    """Stems of the results of some files, in order.

    A file of one tune gives its own stem, or its whole name if another file has the same stem. The
    tunes of a file of many have its stem, their number, with zeros before it so that names sort by
    it, and their title, as in ``hymns-07-Old Hundredth``. A name that is taken, also
    one that differs in upper and lower case only, gets a number.

    Parameters
    ----------
    tunes : sequence of (Path, sequence of TuneHeading)
        The files and their tunes; the same files always give the same names.

    Returns
    -------
    list of list of str
        One for each tune of each file.
    """
    stems = [_folded(path.stem) for path, _ in tunes]
    bases = [
        safe_name(path.stem if stems.count(stem) == 1 else path.name)
        for (path, _), stem in zip(tunes, stems, strict=True)
    ]
    names: list[list[str]] = [[] for _ in tunes]
    taken: set[str] = set()
    # A file of one tune keeps its name, whatever the titles in the files of many are.
    for index in sorted(range(len(tunes)), key=lambda i: len(tunes[i][1]) > 1):
        headings = tunes[index][1]
        width = max((len(str(heading.number)) for heading in headings), default=0)
        for heading in headings:
            wanted = bases[index]
            if len(headings) > 1:
                parts = (
                    _shortened(wanted, MAX_BYTES // 3),
                    str(heading.number).zfill(width),
                    heading.title,
                )
                wanted = safe_name("-".join(part for part in parts if part.strip()))
            names[index].append(_free(wanted, taken))
    return names


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while _folded(name) in taken:
        number += 1
        name = f"{wanted} ({number})"
    taken.add(_folded(name))
    return name


def _folded(name: str) -> str:
    """A name as a file system that ignores case compares it."""
    return unicodedata.normalize("NFC", name).casefold()


def _shortened(text: str, most: int) -> str:
    """As much of a text as so many bytes of UTF-8 hold."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
