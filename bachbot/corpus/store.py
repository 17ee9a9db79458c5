"""The prepared data set: one file, read with numpy alone."""

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from bachbot.chorale import Chorale, Key, Meter
from bachbot.errors import BachbotError, CorpusError, UsageError
from bachbot.files import write_atomically

FORMAT = "bachbot-corpus-2"
"""Format of the prepared file; another one is refused."""

Part = Literal["train", "validation", "test"]
SplitName = Literal["tune", "file"]
PARTS: tuple[Part, ...] = get_args(Part)
SPLITS: tuple[SplitName, ...] = get_args(SplitName)

_ARRAYS = ("pitch", "tied", "fermata", "position")


def default_path() -> Path:
    """Where the prepared corpus lies: ``$BACHBOT_CACHE``, or the user's cache folder."""
    folder = os.environ.get("BACHBOT_CACHE")
    if not folder:
        # Imported here: a training machine that is given the file needs numpy and torch alone.
        import platformdirs

        folder = platformdirs.user_cache_dir("bachbot")
    return Path(folder) / "chorales.npz"


@dataclass(frozen=True)
class Piece:
    """A prepared chorale and where it belongs.

    Parameters
    ----------
    chorale : Chorale
        In C major or A minor; its ``transposed_by`` says from how far.
    source_key : Key
        The key it was written in.
    family : str
        Tune family: pieces on one tune share it.
    parts : dict
        For each split, ``"tune"`` and ``"file"``, the part that this piece is in.
    """

    chorale: Chorale
    source_key: Key
    family: str
    parts: dict[str, str]


@dataclass(frozen=True)
class PreparedCorpus:
    """Every chorale in use, standardized.

    Parameters
    ----------
    pieces : tuple of Piece
        In order of name.
    """

    pieces: tuple[Piece, ...]

    def part(self, part: Part, split: SplitName = "tune") -> tuple[Chorale, ...]:
        """The chorales of one part of a split.

        Parameters
        ----------
        part : {"train", "validation", "test"}
            Which part.
        split : {"tune", "file"}
            By tune family (the honest one) or by file.

        Raises
        ------
        UsageError
            If part or split is none of those.
        """
        if part not in PARTS or split not in SPLITS:
            raise UsageError(
                f"there is no part '{part}' of a split '{split}': parts are "
                f"{', '.join(PARTS)}; splits are {', '.join(SPLITS)}"
            )
        return tuple(p.chorale for p in self.pieces if p.parts[split] == part)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with any note, fermata, place or split."""
        digest = hashlib.sha256(FORMAT.encode())
        for piece in self.pieces:
            chorale = piece.chorale
            for name in _ARRAYS:
                digest.update(np.ascontiguousarray(getattr(chorale, name)).tobytes())
            digest.update(json.dumps(_row(piece), sort_keys=True).encode())
        return digest.hexdigest()[:16]

    def save(self, path: Path) -> None:
        """Write the one file, whole or not at all.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        arrays = {
            name: np.concatenate([getattr(p.chorale, name) for p in self.pieces])
            for name in _ARRAYS
        }
        arrays["length"] = np.array([p.chorale.frames for p in self.pieces], dtype=np.int32)
        table = json.dumps({"format": FORMAT, "pieces": [_row(p) for p in self.pieces]})
        arrays["table"] = np.frombuffer(table.encode(), dtype=np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> "PreparedCorpus":
        """Read the one file.

        Raises
        ------
        CorpusError
            If it is missing, damaged or of another format.
        """
        path = Path(path)
        if not path.is_file():
            raise CorpusError(
                f"there is no prepared corpus at {path}: run 'bachbot corpus prepare' first"
            )
        try:
            # Opened here: on a damaged file np.load would leave its own handle open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                arrays = {name: data[name] for name in (*_ARRAYS, "length")}
                table = json.loads(data["table"].tobytes())
            if table["format"] != FORMAT:
                raise CorpusError(
                    f"{path} is of format {table['format']!r}, this version reads {FORMAT!r}: "
                    "run 'bachbot corpus prepare --force'"
                )
            ends = np.cumsum(arrays["length"])
            if len(table["pieces"]) != len(ends) or any(
                len(arrays[n]) != ends[-1] for n in _ARRAYS
            ):
                raise ValueError
            pieces = tuple(
                _piece(row, {n: arrays[n][stop - length : stop] for n in _ARRAYS})
                for row, stop, length in zip(table["pieces"], ends, arrays["length"], strict=True)
            )
        except CorpusError:
            raise
        except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, BachbotError,
                zipfile.BadZipFile) as error:  # fmt: skip
            raise CorpusError(
                f"{path} is no prepared corpus or is damaged: "
                "run 'bachbot corpus prepare --force' to make it anew"
            ) from error
        return cls(pieces)


def _row(piece: Piece) -> dict[str, object]:
    chorale = piece.chorale
    return {
        "name": chorale.name,
        "key": str(chorale.key),
        "source_key": str(piece.source_key),
        "transposed_by": chorale.transposed_by,
        "meter": str(chorale.meter),
        "pickup": chorale.meter.pickup,
        "family": piece.family,
        "parts": piece.parts,
    }


def _piece(row: dict, arrays: dict) -> Piece:
    meter = Meter.parse(row["meter"])
    chorale = Chorale(
        **arrays,
        meter=Meter(meter.beats, meter.unit, row["pickup"]),
        key=Key.parse(row["key"]),
        transposed_by=row["transposed_by"],
        name=row["name"],
    )
    return Piece(chorale, Key.parse(row["source_key"]), row["family"], dict(row["parts"]))
