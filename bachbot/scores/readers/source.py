"""Where a score is read from: a path, bytes or a binary file object, and which format it has."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from bachbot.errors import ScoreError, UsageError

InputFormat = Literal["musicxml", "mxl", "midi", "abc", "kern"]
"""Formats that can be read; ``"mxl"`` is compressed MusicXML."""

INPUT_FORMATS: Mapping[str, InputFormat] = {
    ".musicxml": "musicxml",
    ".xml": "musicxml",
    ".mxl": "mxl",
    ".mid": "midi",
    ".midi": "midi",
    ".abc": "abc",
    ".krn": "kern",
    ".kern": "kern",
}
"""Suffixes that can be read, and their formats."""

MAX_BYTES = 32 * 2**20
"""Largest file, and largest score in a compressed file, in bytes."""

_BOMS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_BARE = (
    (re.compile(rb"[^\0]\0\0\0", re.DOTALL), "utf-32-le"),
    (re.compile(rb"\0\0\0[^\0]", re.DOTALL), "utf-32-be"),
    (re.compile(rb"[^\0]\0[^\0]\0", re.DOTALL), "utf-16-le"),
    (re.compile(rb"\0[^\0]\0[^\0]", re.DOTALL), "utf-16-be"),
)
"""How a text begins that is in UTF-16 or UTF-32 without a mark: with characters of ASCII."""
_KERN = re.compile(rb"^(?:\*\*[^\t\r\n]*\t)*\*\*kern\b", re.MULTILINE)
_ABC_START = re.compile(rb"^X:[ \t]*\d", re.MULTILINE)
_ABC_KEY = re.compile(rb"^K:", re.MULTILINE)
_CHARSET = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?\d{1,2}|(windows|cp)-?125\d|koi8-?[ru]"
    r"|mac-?roman"
)
"""Encodings that a file may say it has."""


@dataclass(frozen=True)
class Source:
    """The content of a score file.

    Parameters
    ----------
    content : bytes
        Not empty, and not longer than `MAX_BYTES`.
    format : InputFormat
        Its format.
    label : str
        What an error message calls it.
    name : str
        File name without folder and suffix; empty if there is none.
    """

    content: bytes
    format: InputFormat
    label: str
    name: str


def open_source(source: str | Path | bytes | BinaryIO, format: str | None = None) -> Source:  # noqa: A002
    """Read the content of a score file and find its format.

    Parameters
    ----------
    source : str, Path, bytes or binary file object
        A path, or the content itself.
    format : InputFormat, optional
        Default: by the suffix of the file name; without a name, by the content.

    Raises
    ------
    ScoreError
        If the file cannot be read, is empty or too large, or its format is not known.
    UsageError
        If the source or the format is none of these.
    """
    if format is not None and format not in get_args(InputFormat):
        raise UsageError(
            f"'{format}' is not a format that can be read: use {', '.join(get_args(InputFormat))}"
        )
    if isinstance(source, str | Path):
        path = Path(source)
        found = format or INPUT_FORMATS.get(path.suffix.lower())
        label = _printable(str(path))
        with suppress(OSError, ValueError):
            if path.is_dir():
                raise ScoreError(f"{label} is a folder: give one of the scores in it")
        if found is None:
            raise ScoreError(
                f"{label}: '{_printable(path.suffix.lower())}' is not the suffix of a score that "
                f"can be read: use {', '.join(INPUT_FORMATS)}"
            )
        return Source(read_bytes(path), found, label, _printable(path.stem))  # type: ignore[arg-type]
    unnamed = "the score"
    if isinstance(source, bytes | bytearray | memoryview):
        content, path = bytes(source), Path()
    elif hasattr(source, "read"):
        content = source.read(MAX_BYTES + 1)
        if not isinstance(content, bytes):
            raise UsageError("the file is open as text: open it in binary mode ('rb')")
        name = getattr(source, "name", None)  # a number where the file has no name
        path = Path(name) if isinstance(name, str) and not name.startswith("<") else Path()
        if name == "<stdin>":
            unnamed = "standard input"
    else:
        raise UsageError(
            f"a score cannot be read from {type(source).__name__}: give a path, bytes or a binary "
            "file object"
        )
    label = _printable(path.name) or unnamed
    _check_size(content, label)
    found = format or INPUT_FORMATS.get(path.suffix.lower()) or detect_format(content)
    if found is None:
        raise ScoreError(
            f"{label}: its format cannot be detected: name it ({', '.join(get_args(InputFormat))})"
        )
    return Source(content, found, label, _printable(path.stem))  # type: ignore[arg-type]


def _printable(name: str) -> str:
    """A name as text in one line, though a file's may be any bytes."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def detect_format(content: bytes) -> InputFormat | None:
    r"""Detect the format of a score by its content; None if that is not certain.

    MIDI and compressed files begin with their signatures, XML with ``<``; a kern file has a line
    with a ``**kern`` spine, an ABC tune a line ``X:`` and after it a line ``K:``.

    Examples
    --------
    >>> detect_format(b"X:1\nT:Scale\nK:C\nCDEF|")
    'abc'
    >>> detect_format(b"dear diary") is None
    True
    """
    if content.startswith(b"MThd"):
        return "midi"
    if content.startswith(b"PK\x03\x04"):
        return "mxl"
    wide = _wide(content)
    if wide:
        content = content.decode(wide, errors="replace").encode(errors="replace")
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return "musicxml"
    if _KERN.search(text):
        return "kern"
    start = _ABC_START.search(text)
    return "abc" if start and _ABC_KEY.search(text, start.end()) else None


def decode_text(content: bytes, declared: str = "") -> str:
    r"""Decode the text of a file that need not say its encoding.

    Parameters
    ----------
    content : bytes
        A byte order mark decides, or a beginning as only UTF-16 and UTF-32 have it, then UTF-8 if
        it is valid.
    declared : str, optional
        The encoding that the file says it has, which is tried next; at last it is Windows-1252, or
        Latin-1 if it has bytes that Windows-1252 lacks.

    Examples
    --------
    >>> decode_text("Étude".encode()), decode_text(b"\xc9tude"), decode_text(b"\xe8", "cp1250")
    ('Étude', 'Étude', 'č')
    """
    wide = _wide(content)
    if wide:
        return content.decode(wide, errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    declared = declared.strip().lower()
    names = [re.sub("^windows-?", "cp", declared)] if _CHARSET.fullmatch(declared) else []
    for name in [*names, "cp1252"]:
        try:
            return content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("latin-1")


def _wide(content: bytes) -> str:
    """The encoding of a text of two or four bytes a character; empty for all others."""
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    return next((name for pattern, name in _BARE if pattern.match(content)), "")


def read_bytes(path: Path) -> bytes:
    """Read the content of a score file.

    Raises
    ------
    ScoreError
        If there is no such file, or it is a folder, empty, unreadable or larger than
        `MAX_BYTES`.
    """
    label = _printable(str(path))
    try:
        if not path.exists():
            if path.is_symlink():
                raise ScoreError(f"{label} is a link that leads nowhere: mend or remove it")
            raise ScoreError(f"there is no file {label}: give the name of a score")
        if not path.is_file():
            raise ScoreError(f"{label} is not a file: give the name of a score")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScoreError(f"{label} cannot be read ({reason}): give another file") from error
    _check_size(content, label)
    return content


def _check_size(content: bytes, label: str) -> None:
    if len(content) > MAX_BYTES:
        raise ScoreError(
            f"{label} is larger than {MAX_BYTES // 2**20} MiB: give a score of one tune"
        )
    if not content.strip():
        raise ScoreError(f"{label} is empty: give a score")


def scores_in(folder: Path) -> list[Path]:
    """The score files in a folder, sorted by name; hidden files are none.

    Links that lead nowhere are among them: whoever reads one is told.

    Raises
    ------
    UsageError
        If there is none, or the folder cannot be read.
    """
    try:
        files = sorted(
            p
            for p in folder.iterdir()
            if p.suffix.lower() in INPUT_FORMATS and not p.name.startswith(".") and _may_be_read(p)
        )
    except OSError as error:
        raise UsageError(
            f"the folder {folder} cannot be read ({error.strerror or error}): give another one"
        ) from error
    if not files:
        raise UsageError(
            f"the folder {folder} holds no score: give one with files in {' '.join(INPUT_FORMATS)}"
        )
    return files


def _may_be_read(path: Path) -> bool:
    return path.is_file() or (path.is_symlink() and not path.exists())


def passed_over(folder: Path) -> tuple[list[str], list[str]]:
    """What `scores_in` leaves out: names of subfolders, and of files of other kinds, sorted.

    Hidden ones are neither.
    """
    seen = sorted(
        (p for p in folder.iterdir() if not p.name.startswith(".")), key=lambda path: path.name
    )
    folders = [_printable(p.name) for p in seen if p.is_dir()]
    others = [
        _printable(p.name)
        for p in seen
        if not p.is_dir() and not (p.suffix.lower() in INPUT_FORMATS and _may_be_read(p))
    ]
    return folders, others
