"""Reads chorales as arrays on a sixteenth grid: JSB-16th, and data sets in the same layout.

Such a file holds ``NAME_pitch`` [sum of frames, 4] in the order S A T B, MIDI numbers, -1 a rest,
and ``NAME_length``, the frames of each piece in turn: NAME is ``train``, ``valid`` and ``test`` in
JSB-16th (Boulanger-Lewandowski and others, ICML 2012; on sixteenths: Huang and others, ISMIR 2017)
and empty in a set without parts (``pitch``, ``length``).

None has fermatas, meter or key, and none tells a held note from a repeated one: a note is taken to
be held for as long as its pitch goes on. When such pieces are compared with scores, the scores are
first reduced to the same information (`InformationLevel`); otherwise a comparison would find how a
file was written, and not how it was composed.
"""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale
from bachbot.corpus.store import PARTS, SPLITS, Part, Piece, PreparedCorpus
from bachbot.errors import CorpusError
from bachbot.scores.keys import estimate_key

_NAMES: dict[Part, str] = {"train": "train", "validation": "valid", "test": "test"}
_MARK = "jsb-16th "
_LARGEST = 1 << 26
"""Largest accepted content in bytes; JSB-16th has half a million."""

_FAULTS = (
    OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, NotImplementedError,
    RuntimeError, OverflowError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def convert(path: Path) -> PreparedCorpus:
    """Convert JSB-16th to a prepared corpus.

    Every piece is normalized to C major or A minor from the key that is estimated from its notes
    (`bachbot.scores.keys.estimate_key`, all four voices). The canonical parts stand under both
    splits. There are no tune families: each piece has one of its own, though the canonical parts
    share tunes.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.

    Raises
    ------
    CorpusError
        If it is missing, damaged, or holds something else.
    EncodingError
        If a pitch leaves 0 to 127 on the way.
    """
    arrays = _read(path, {f"{name}_{what}" for name in _NAMES.values() for what in _FIELDS})
    return PreparedCorpus(
        tuple(
            _piece(chorale, part)
            for part in PARTS
            for chorale in _chorales(path, arrays, f"{_NAMES[part]}_", f"{_MARK}{part}")
        )
    )


def read_as_they_are(path: Path) -> list[Chorale]:
    """Read the pieces of a file without transposition: the test part of JSB-16th, otherwise all.

    Their ``key`` is estimated from their notes, and their ``meter`` is unknown.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.

    Raises
    ------
    CorpusError
        If it is missing, damaged, or holds something else.
    """
    parted = "test_" if "test_pitch" in _names(path) else ""
    arrays = _read(path, {parted + what for what in _FIELDS})
    return _chorales(path, arrays, parted, Path(path).stem)


def from_jsb(chorale: Chorale) -> bool:
    """Whether a piece of a prepared corpus comes from `convert`.

    Its key is not known but estimated from its notes: see
    `bachbot.evaluation.loss_totals.Losses.with_transposition_cost`.
    """
    return chorale.name.startswith(_MARK)


_FIELDS = ("pitch", "length")


def _piece(chorale: Chorale, part: Part) -> Piece:
    standard = chorale.normalized()
    return Piece(standard, chorale.key, chorale.name, dict.fromkeys(SPLITS, part))


def _chorales(path: Path, arrays: Mapping[str, NDArray], prefix: str, name: str) -> list[Chorale]:
    """The pieces of one part, each in the key estimated from its notes."""
    pitch, length = _checked(path, arrays[f"{prefix}pitch"], arrays[f"{prefix}length"])
    pieces = np.split(pitch, np.cumsum(length)[:-1])
    width = len(str(len(pieces)))
    return [_chorale(p, f"{name} {n:0{width}d}") for n, p in enumerate(pieces, 1)]


def _chorale(pitch: NDArray[np.int16], name: str) -> Chorale:
    tied = np.zeros(pitch.shape, dtype=np.bool_)
    tied[1:] = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
    fermata = np.zeros(len(pitch), dtype=np.bool_)
    return Chorale(pitch, tied, fermata, key=estimate_key(pitch), name=name)


def _checked(
    path: Path, pitch: NDArray, length: NDArray
) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    faults = []
    if pitch.ndim != 2 or pitch.shape[1] != 4 or pitch.dtype.kind not in "iu":
        faults.append(f"its pitches are {pitch.dtype} {list(pitch.shape)}: integers [T, 4] wanted")
    if length.ndim != 1 or not length.size or length.dtype.kind not in "iu":
        faults.append(f"its lengths are {length.dtype} {list(length.shape)}: integers [P] wanted")
    if not faults:
        if length.min() < 1:
            faults.append("a piece has less than one frame")
        elif sum(length.tolist()) != len(pitch):
            faults.append(
                f"its pieces have {sum(length.tolist())} frames in all, its pitches {len(pitch)}"
            )
        elif pitch.min() < REST or pitch.max() > 127:
            faults.append("a pitch is outside -1 (a rest) to 127")
    if faults:
        raise CorpusError(
            f"{path} has no chorales on a sixteenth grid ({'; '.join(faults)}): "
            "give JSB-16th as an .npz file"
        )
    return pitch.astype(np.int16), length.astype(np.int64)


def _names(path: Path) -> set[str]:
    """Names of the arrays in a file."""
    path = Path(path)
    if not path.is_file():
        raise CorpusError(f"there is no file {path}: give JSB-16th as an .npz file")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _FAULTS as error:
        raise _damaged(path) from error
    if sum(m.file_size for m in members) > _LARGEST:
        raise CorpusError(
            f"{path} has more than {_LARGEST >> 20} MiB: JSB-16th has less than one; give that"
        )
    return {m.filename.removesuffix(".npy") for m in members}


def _read(path: Path, wanted: set[str]) -> dict[str, NDArray]:
    """Read some arrays of a file; pickled objects are never loaded."""
    path = Path(path)
    missing = sorted(wanted - _names(path))
    if missing:
        raise CorpusError(
            f"{path} lacks {', '.join(missing)}: give JSB-16th as an .npz file with the arrays "
            f"{', '.join(sorted(wanted))}"
        )
    try:
        # Opened here, because np.load leaves its own handle open if the file is damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            return {name: np.asarray(data[name]) for name in wanted}
    except _FAULTS as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> CorpusError:
    return CorpusError(f"{path} is damaged or not an .npz file: download it again")


def tie_repeated_notes(chorale: Chorale) -> Chorale:
    """The same piece with every repeated note tied to the note before it."""
    pitch = chorale.pitch
    tied = np.zeros(pitch.shape, dtype=np.bool_)
    tied[1:] = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
    return replace(chorale, tied=tied)


def pitches_only(chorale: Chorale) -> Chorale:
    """The same piece with every repeated note tied and without fermatas; key and meter stay."""
    return replace(tie_repeated_notes(chorale), fermata=np.zeros(chorale.frames, dtype=np.bool_))


class InformationLevel(Enum):
    """How much of a piece a classifier sees."""

    SCORE = "score"
    """Everything in a chorale: repeated notes, fermatas, meter, key and the pitch it is sung at."""

    NOTES = "notes"
    """What a JSB-16th array holds: pitches, and a beat on every fourth frame from the first.

    Repeated notes are tied; there are no fermatas and no bars; the key is estimated from the
    notes, and the absolute pitch is not used.
    """

    def reduce(self, chorale: Chorale) -> Chorale:
        """The piece with the information of this level and no more."""
        if self is InformationLevel.SCORE:
            return chorale
        reduced = pitches_only(chorale)
        return Chorale(
            reduced.pitch,
            reduced.tied,
            reduced.fermata,
            key=estimate_key(reduced.pitch),
            name=chorale.name,
        )
