"""The prepared data set: one file that needs only numpy to be read."""

import hashlib
import io
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from bachbot.chorale import Chorale, Key, Meter
from bachbot.errors import CorpusError, UsageError
from bachbot.files import write_atomically

FORMAT = "bachbot-corpus-2"
"""Format of the prepared file; files of other formats are refused."""

Part = Literal["train", "validation", "test"]
SplitName = Literal["tune", "file"]
PARTS: tuple[Part, ...] = get_args(Part)
SPLITS: tuple[SplitName, ...] = get_args(SplitName)

_ARRAYS = ("pitch", "tied", "fermata", "position")


def default_path() -> Path:
    """Path of the prepared corpus: in ``$BACHBOT_CACHE``, or in the user's cache folder."""
    folder = os.environ.get("BACHBOT_CACHE")
    if not folder:
        # Imported here: a training machine that has the file needs only numpy and torch.
        import platformdirs

        folder = platformdirs.user_cache_dir("bachbot")
    return Path(folder) / "chorales.npz"


@dataclass(frozen=True)
class Piece:
    """A prepared chorale, its tune family and its part in each split.

    Parameters
    ----------
    chorale : Chorale
        The music in C major or A minor; ``transposed_by`` is the interval from the source.
    source_key : Key
        Key of the source.
    family : str
        Tune family, shared by all settings of a tune.
    parts : dict
        Part of this piece in each split, ``"tune"`` and ``"file"``.
    """

    chorale: Chorale
    source_key: Key
    family: str
    parts: dict[str, str]


@dataclass(frozen=True)
class PreparedCorpus:
    """All chorales in use, normalized to C major or A minor.

    Parameters
    ----------
    pieces : tuple of Piece
        Sorted by name.
    """

    pieces: tuple[Piece, ...]

    def part(self, part: Part, split: SplitName = "tune") -> tuple[Chorale, ...]:
        """Get the chorales of one part of a split.

        Parameters
        ----------
        part : {"train", "validation", "test"}
            The part.
        split : {"tune", "file"}
            ``tune``: no tune is in two parts; ``file``: by file, which leaks tunes.

        Raises
        ------
        UsageError
            If the part or the split is unknown.
        """
        if part not in PARTS or split not in SPLITS:
            raise UsageError(
                f"there is no part '{part}' of a split '{split}': parts are "
                f"{', '.join(PARTS)}; splits are {', '.join(SPLITS)}"
            )
        return tuple(p.chorale for p in self.pieces if p.parts[split] == part)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that depend on every note, fermata, position and split."""
        digest = hashlib.sha256(FORMAT.encode())
        for piece in self.pieces:
            chorale = piece.chorale
            for name in _ARRAYS:
                digest.update(np.ascontiguousarray(getattr(chorale, name)).tobytes())
            digest.update(json.dumps(_row(piece), sort_keys=True).encode())
        return digest.hexdigest()[:16]

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all.

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
        """Read the file.

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
            # Opened here, because np.load leaves its own handle open if the file is damaged.
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
        except Exception as error:  # a damaged archive raises whatever its bytes happen to ask for
            raise CorpusError(
                f"{path} is not a prepared corpus, or is damaged: "
                "run 'bachbot corpus prepare --force' to replace it"
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


_SAME_HELD_OUT = {"6294b3ec8154aaa7": frozenset({"4e1a1df8585b860f"})}
"""By a prepared corpus' fingerprint those of earlier ones that trained on none of its held-out
pieces: the later one has a piece more in the training part and one less in the test part."""


def is_held_out(corpus: str, trained_on: str | None) -> bool:
    """Whether a network has seen no held-out piece of a prepared corpus in training.

    Parameters
    ----------
    corpus : str
        Fingerprint of the prepared corpus.
    trained_on : str or None
        Fingerprint of the one whose training part the network was trained on, by the same split;
        None if it is not known.
    """
    return trained_on == corpus or trained_on in _SAME_HELD_OUT.get(corpus, ())
