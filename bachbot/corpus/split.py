"""Training, validation and test parts, recorded by file name in ``corpus/split.json``."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bachbot.corpus.store import PARTS, SPLITS
from bachbot.errors import CorpusError
from bachbot.files import data_folder, write_atomically

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
SEED = 1750
"""Seed of the recorded split."""


@dataclass(frozen=True)
class Split:
    """The tune family and the part of each file.

    Parameters
    ----------
    families : dict
        Tune family by file name.
    parts : dict
        For each of the splits ``"tune"`` and ``"file"``, the part by file name.
    """

    families: dict[str, str]
    parts: dict[str, dict[str, str]]

    def parts_of(self, file: str) -> dict[str, str]:
        """The part of a file in each split."""
        return {name: self.parts[name][file] for name in SPLITS}

    def save(self, path: Path) -> None:
        """Write as JSON with one line per file."""
        rows = (
            f"  {json.dumps(file)}: "
            + json.dumps({"family": family, **{s: self.parts[s][file] for s in SPLITS}})
            for file, family in self.families.items()
        )
        write_atomically(path, ("{\n" + ",\n".join(rows) + "\n}\n").encode())

    @classmethod
    def load(cls, path: Path | None = None) -> "Split":
        """Read a recorded split. Default: the one that ships with bachbot.

        Raises
        ------
        CorpusError
            If it is missing, damaged, or puts a tune family into two parts.
        """
        path = path or data_folder("corpus") / "split.json"
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            families = {file: str(row["family"]) for file, row in rows.items()}
            parts: dict[str, dict[str, str]] = {
                name: {f: row[name] for f, row in rows.items()} for name in SPLITS
            }
            if any(part not in PARTS for table in parts.values() for part in table.values()):
                raise ValueError("a part is none of train, validation, test")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(
                f"the split at {path} is missing or damaged ({error}): reinstall bachbot, or make "
                "a new one with 'bachbot corpus split'"
            ) from error
        seen: dict[str, str] = {}
        for file, family in families.items():
            if seen.setdefault(family, parts["tune"][file]) != parts["tune"][file]:
                raise CorpusError(
                    f"the split at {path} puts the tune family {family} into two parts: make a new "
                    "one with 'bachbot corpus split'"
                )
        return cls(families, parts)


def make_split(files: list[str], families: list[str], seed: int = SEED) -> Split:
    """Make both splits at random, 80/10/10 by number of files.

    By tune, whole families are assigned in random order to the part that lacks most of its share;
    by file, each file is assigned by itself.

    Parameters
    ----------
    files, families : list of str
        File names and the tune family of each.
    seed : int
        Random seed.
    """
    rng = np.random.default_rng(seed)
    by_tune = _assign(families, rng)
    by_file = _assign(files, rng)
    return Split(
        families=dict(zip(files, families, strict=True)),
        parts={
            "tune": {f: by_tune[family] for f, family in zip(files, families, strict=True)},
            "file": {f: by_file[f] for f in files},
        },
    )


def _assign(labels: list[str], rng: np.random.Generator) -> dict[str, str]:
    """Assign the groups of equal labels to the parts."""
    groups = sorted(set(labels))
    wanted = {part: share * len(labels) for part, share in SHARES.items()}
    assigned: dict[str, str] = {}
    for index in rng.permutation(len(groups)):
        size = labels.count(groups[index])
        part = max(wanted, key=lambda p: wanted[p] / SHARES[p])
        # A family that would overfill a small part goes to the training part.
        if wanted[part] + 0.5 < size:
            part = "train"
        assigned[groups[index]] = part
        wanted[part] -= size
    return assigned
