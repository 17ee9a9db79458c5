"""Tune families, and the parts of the corpus: no tune is in two parts of the split by tune.

Chorales that set the same tune make a family. Families and parts are recorded by file name in
``corpus/split.json``.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.corpus.sources import SourceChorale
from bachbot.corpus.store import PARTS, SPLITS
from bachbot.errors import CorpusError
from bachbot.files import data_folder, write_atomically

SHIFTS = np.arange(12)
"""Transpositions at which two tunes are compared, in semitones modulo 12.

The key analysis does not treat all settings of a modal tune alike, and normalization moves F major
down and B flat major up.
"""

THRESHOLDS = {16: 0.80, 24: 0.72, 40: 0.70}
"""Similarity from which two tunes count as the same, by the number of first onsets compared.

Chosen on the corpus, where unrelated tunes have a similarity below 0.6 and pairs in between were
inspected one by one. A threshold that is too low costs only some freedom in the split; one that is
too high would put a tune on both sides of it.
"""

KNOWN_SAME = (("bwv57.8.mxl", "bwv137.5.mxl"),)
"""Settings of one tune whose beginnings are too ornamented to be found similar.

Both are 'Lobe den Herren, den mächtigen König der Ehren'.
"""

SAME_INTERVALS = 10
"""Number of opening intervals, passing notes included, whose equality makes two tunes the same."""

SAME_RUN = 24
"""Number of successive notes, anywhere in the two, whose equal intervals make two tunes the same.

Of a long chant some pieces set single sections, so that their beginnings differ: bwv328 is the
German Te Deum, bwv119.9 and bwv120.6 are from the middle of it. Other tunes share 20 notes at most.
"""

SAME_TEXT = 12
"""Number of first letters of the text whose equality makes two tunes the same."""


def skeleton(chorale: Chorale, length: int) -> NDArray[np.int16]:
    """Reduce the soprano to its first onsets that are on a beat or last a beat.

    Parameters
    ----------
    chorale : Chorale
        A piece.
    length : int
        Maximum number of notes.

    Returns
    -------
    ndarray of int16, shape [at most length]
    """
    pitch = chorale.pitch[:, Voice.SOPRANO]
    onset = np.flatnonzero(chorale.onset[:, Voice.SOPRANO])
    if not onset.size:
        return pitch[:0]
    ends = np.append(onset[1:], chorale.frames)
    on_beat = chorale.position[onset] % 4 == 0
    return pitch[onset[on_beat | (ends - onset >= 4)]][:length]


def intervals_of(chorale: Chorale) -> NDArray[np.int16]:
    """The soprano's intervals from onset to onset in semitones, shape [notes - 1]."""
    soprano = chorale.pitch[chorale.onset[:, Voice.SOPRANO], Voice.SOPRANO]
    return np.diff(soprano)


def sharing_a_run(tunes: list[NDArray[np.int16]], notes: int = SAME_RUN) -> NDArray[np.bool_]:
    """Which pairs of tunes have a number of successive notes in common, in any key.

    Parameters
    ----------
    tunes : list of ndarray of int
        Intervals of n tunes.
    notes : int
        Length of the run.

    Returns
    -------
    ndarray of bool, shape [n, n]
        Symmetric; a tune that is shorter shares nothing, not even with itself.
    """
    where: defaultdict[bytes, set[int]] = defaultdict(set)
    for index, tune in enumerate(tunes):
        for start in range(len(tune) - notes + 2):
            where[tune[start : start + notes - 1].tobytes()].add(index)
    shared = np.zeros((len(tunes), len(tunes)), dtype=np.bool_)
    for found in where.values():
        shared[np.ix_(sorted(found), sorted(found))] = True
    return shared


def similarity(tunes: list[NDArray[np.int16]]) -> NDArray[np.float64]:
    """Compute the similarity of each pair of tunes at the best transposition.

    One minus the edit distance of their pitch classes divided by the longer length. A column of
    the dynamic-programming table is two words of bits, one for each step up or down (Myers, "A fast
    bit-vector algorithm for approximate string matching based on dynamic programming", Journal of
    the ACM 46, 1999), and all pairs and transpositions are computed together.

    Parameters
    ----------
    tunes : list of ndarray of int, shape [at most 64]
        Pitches.

    Returns
    -------
    ndarray of float64, shape [n, n]
        1 for the same tune in any key, symmetric.
    """
    count, longest = len(tunes), max(len(t) for t in tunes)
    lengths = np.array([len(t) for t in tunes])
    moved = np.full((count, longest, len(SHIFTS)), 12)  # 12: past the end
    for row, tune in zip(moved, tunes, strict=True):
        row[: len(tune)] = (tune[:, None] + SHIFTS) % 12
    out = np.eye(count)
    for i, tune in enumerate(tunes):
        distance = _edit_distances(tune % 12, moved[i:], lengths[i:]).min(axis=1)
        out[i, i:] = out[i:, i] = 1 - distance / np.maximum(np.maximum(lengths[i], lengths[i:]), 1)
    return out


def _edit_distances(
    tune: NDArray[np.int16], others: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Edit distances of a tune to n others in each transposition.

    Parameters
    ----------
    tune : ndarray of int, shape [at most 64]
        Pitch classes.
    others : ndarray of int, shape [n, L, transpositions]
        Pitch classes, and 12 after the end.
    lengths : ndarray of int, shape [n]
        Lengths of the others.

    Returns
    -------
    ndarray of int, shape [n, transpositions]
    """
    size = len(tune)
    if not size:
        return np.broadcast_to(lengths[:, None], (len(others), others.shape[2]))
    at = np.zeros(13, dtype=np.uint64)  # bit k of the word of a pitch class: note k is one
    for k, pitch in enumerate(tune):
        at[pitch] |= np.uint64(1 << k)
    one, last = np.uint64(1), np.uint64(1 << (size - 1))
    up = np.full((len(others), others.shape[2]), 2**64 - 1, dtype=np.uint64)
    down = np.zeros_like(up)
    distance = np.full(up.shape, size)
    found = distance.copy()
    for k in range(others.shape[1]):
        equal = at[others[:, k]]
        across = (((equal & up) + up) ^ up) | equal
        higher, lower = down | ~(across | up), up & across
        distance += ((higher & last) != 0).astype(np.int64) - ((lower & last) != 0)
        higher, lower = (higher << one) | one, lower << one
        equal |= down
        up, down = lower | ~(equal | higher), higher & equal
        here = lengths == k + 1
        found[here] = distance[here]
    return found


def group(sources: list[SourceChorale]) -> tuple[list[str], list[str]]:
    """Find the tune family of each source, named after its first member.

    Two pieces belong together if their tunes are similar by any of `THRESHOLDS`, if they begin
    with the same intervals or the same text, or if they share a run of `SAME_RUN` notes; families
    are the connected components.

    Parameters
    ----------
    sources : list of Source
        In order of name.

    Returns
    -------
    families : list of str
        The family of each.
    beginnings : list of str
        The same if pieces are compared by how they begin alone, and not by shared runs.
    """
    same = np.zeros((len(sources), len(sources)), dtype=np.bool_)
    for length, threshold in THRESHOLDS.items():
        same |= similarity([skeleton(s.chorale, length) for s in sources]) >= threshold
    tunes = [intervals_of(s.chorale) for s in sources]
    intervals = [tuple(tune[:SAME_INTERVALS]) for tune in tunes]
    texts = [s.text[:SAME_TEXT] for s in sources]
    for labels, full in ((intervals, SAME_INTERVALS), (texts, SAME_TEXT)):
        for i, label in enumerate(labels):
            if len(label) == full:
                same[i] |= [other == label for other in labels]
    files = [s.file for s in sources]
    for one, other in KNOWN_SAME:
        if one in files and other in files:
            same[files.index(one), files.index(other)] = True
    return _families(same | sharing_a_run(tunes), files), _families(same, files)


def _families(same: NDArray[np.bool_], files: list[str]) -> list[str]:
    """The connected components of a relation, each named after its first file."""
    parent = list(range(len(files)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i, j in np.argwhere(np.triu(same | same.T, 1)):
        low, high = sorted((root(i), root(j)))
        parent[high] = low
    return [files[root(i)].rsplit(".", 1)[0] for i in range(len(files))]


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


def make_split(
    files: list[str], families: list[str], seed: int = SEED, *, drawn: list[str] | None = None
) -> Split:
    """Make both splits at random, 80/10/10 by number of files.

    By tune, whole families are assigned in random order to the part that lacks most of its share;
    by file, each file is assigned by itself.

    Parameters
    ----------
    files, families : list of str
        File names and the tune family of each.
    seed : int
        Random seed.
    drawn : list of str, optional
        Groups of files, each within a family, that are assigned instead of the families. A family
        whose groups come into several parts goes to the training part, so that networks trained
        before its groups were found to be one tune have not seen what is held out. Default: the
        families.
    """
    rng = np.random.default_rng(seed)
    drawn = families if drawn is None else drawn
    of_group = _assign(drawn, rng)
    by_file = _assign(files, rng)
    by_tune: dict[str, str] = {}
    for family, label in zip(families, drawn, strict=True):
        part = by_tune.setdefault(family, of_group[label])
        by_tune[family] = part if part == of_group[label] else "train"
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
