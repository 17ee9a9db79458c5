"""What the sections of a report share: checkpoints, pieces, cache, and a record of the time."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from bachbot.chorale import Chorale
from bachbot.corpus.jsb import from_jsb, read_as_they_are
from bachbot.corpus.store import PreparedCorpus
from bachbot.errors import CheckpointError, UsageError
from bachbot.evaluation.novelty import TrainingIndex
from bachbot.files import data_folder
from bachbot.report import cache as fingerprints
from bachbot.report.cache import Cache, Entry
from bachbot.runtime import Checkpoint, load_checkpoint

_METRICS = "metrics.jsonl"


@dataclass(frozen=True, eq=False)
class Subject:
    """A checkpoint, its name and its learning curve.

    Parameters
    ----------
    name : str
        What the report calls it.
    where : str
        What the user gave: a directory, or the name of a shipped checkpoint.
    checkpoint : Checkpoint
        Its content.
    history : tuple of dict
        Lines of its ``metrics.jsonl``; empty where there is no such file.
    """

    name: str
    where: str
    checkpoint: Checkpoint
    history: tuple[dict[str, Any], ...] = ()

    @property
    def fingerprint(self) -> str:
        """Fingerprint of its weights and config."""
        return self.checkpoint.fingerprint

    def to_json(self) -> dict[str, object]:
        """What it is, as plain data."""
        config = self.checkpoint.config
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "kind": config["kind"],
            "weights": sum(weight.size for weight in self.checkpoint.weights.values()),
            "split": config.get("training", {}).get("config", {}).get("split"),
            "corpus_fingerprint": config.get("corpus_fingerprint"),
        }


def load_subjects(wanted: Sequence[str]) -> tuple[Subject, ...]:
    """Read some checkpoints.

    Parameters
    ----------
    wanted : sequence of str
        Directories, or names of shipped checkpoints.

    Raises
    ------
    CheckpointError
        If one is missing, damaged, of another format or kind, or its vocabulary does not match.
    UsageError
        If there is none, or two have the same name.
    """
    if not wanted:
        raise UsageError("there is no checkpoint to report on: give one with --checkpoint")
    names = [Path(where).name or where for where in wanted]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two checkpoints have the name '{twice}': give each once, with names of their own"
        )
    return tuple(
        Subject(name, where, load_checkpoint(where), _history(where))
        for name, where in zip(names, wanted, strict=True)
    )


def _history(where: str) -> tuple[dict[str, Any], ...]:
    folders = (Path(where), data_folder("checkpoints") / where)
    path = next((f / _METRICS for f in folders if (f / _METRICS).is_file()), None)
    if path is None:
        return ()
    try:
        rows = [
            json.loads(line)
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip()
        ]
        for row in rows:
            float(row["epoch"]), float(row["train"]), float(row["validation"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} is damaged, it holds no learning curve: restore it or remove it"
        ) from error
    return tuple(rows)


Advance = Callable[[int, int], None]
"""Called with how much is done, and with the total."""

Watch = Callable[[str], AbstractContextManager[Advance]]
"""Makes a context manager that shows the progress of what its argument names."""


@dataclass(frozen=True)
class Request:
    """The pieces that a report is made for, whatever the checkpoint.

    Parameters
    ----------
    split : {"tune", "file"}
        Which split.
    part : {"train", "validation", "test"}
        Which part of it.
    limit : int or None
        Use only the first pieces of the part, up to this number.
    """

    split: str = "tune"
    part: str = "test"
    limit: int | None = None

    @property
    def arguments(self) -> str:
        """Its options on the command line, each after a space; defaults are left out."""
        found = f" --split {self.split}" if self.split != "tune" else ""
        found += f" --part {self.part}" if self.part != "test" else ""
        return found + (f" --limit {self.limit}" if self.limit is not None else "")

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {"split": self.split, "part": self.part, "limit": self.limit}


@dataclass(frozen=True, eq=False)
class Context:
    """What a report is made from, whatever the checkpoint.

    Parameters
    ----------
    corpus : PreparedCorpus
        The prepared chorales.
    request : Request
        Which of them.
    cache : Cache
        Where results are stored.
    watch : callable
        Shows the progress of the work.
    peers : mapping of str to Path
        ``.npz`` files of chorales by others to compare with, by name.
    """

    corpus: PreparedCorpus
    request: Request
    cache: Cache
    watch: Watch
    peers: Mapping[str, Path] = field(default_factory=dict)
    times: list[dict[str, Any]] = field(default_factory=list, init=False)
    _open: list[list[dict[str, Any]]] = field(default_factory=list, init=False)

    @cached_property
    def pieces(self) -> tuple[Chorale, ...]:
        """The pieces of the report, one or more."""
        return self.part(self.request.part)

    @cached_property
    def train(self) -> tuple[Chorale, ...]:
        """All training pieces of the split."""
        return self.corpus.part("train", self.request.split)  # type: ignore[arg-type]

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The tune of each of the pieces."""
        split, part = self.request.split, self.request.part
        found = tuple(p.family for p in self.corpus.pieces if p.parts[split] == part)
        return found[: self.request.limit]

    @cached_property
    def index(self) -> TrainingIndex:
        """An index of the passages of the training pieces."""
        return TrainingIndex(self.train)

    @cached_property
    def from_jsb(self) -> bool:
        """Whether the pieces are JSB-16th's."""
        return all(map(from_jsb, self.pieces))

    def part(self, name: str) -> tuple[Chorale, ...]:
        """The pieces of a part, up to the limit.

        Raises
        ------
        UsageError
            If there is no such part or split, or no piece in it.
        """
        found = self.corpus.part(name, self.request.split)  # type: ignore[arg-type]
        if not found:
            raise UsageError(
                f"the {name} part of the split by {self.request.split} has no piece: "
                "name another part"
            )
        return found[: self.request.limit]

    @cached_property
    def digests(self) -> dict[str, str]:
        """A fingerprint of each peer's file, by name."""
        return {name: fingerprints.of_file(path) for name, path in self.peers.items()}

    @cached_property
    def others(self) -> dict[str, list[Chorale]]:
        """The pieces of the peers by name, each in its own key, up to the limit.

        Raises
        ------
        CorpusError
            If a file is missing, damaged, or holds something else.
        """
        found = {name: read_as_they_are(path) for name, path in self.peers.items()}
        return {name: pieces[: self.request.limit] for name, pieces in found.items()}

    def cached(
        self,
        what: str,
        make: Callable[[Advance], bytes],
        *,
        subject: Subject | None = None,
        key: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Content from the cache, or made now if the cache lacks it.

        Parameters
        ----------
        what : str
            Its name; it becomes part of a file name.
        make : callable
            Makes the content.
        subject : Subject, optional
            The checkpoint that it depends on.
        key : mapping, optional
            What else it depends on, as plain data, besides corpus, request and code.
        """
        whole = {
            "what": what.replace(" ", "-"),
            "code": fingerprints.of_code(),
            "corpus": self.corpus.fingerprint,
            "request": self.request.to_json(),
            "checkpoint": None if subject is None else subject.fingerprint,
            **(key or {}),
        }

        def watched() -> bytes:
            label = what if subject is None else f"{subject.name}: {what}"
            with self.watch(label) as advance:
                return make(advance)

        found = self.cache.get(whole, watched)
        name = None if subject is None else subject.name
        times = {"seconds": found.seconds, "processor": found.processor}
        self._note([{"what": what, "of": name, **times}], cached=found.cached)
        return found

    def cached_data(
        self,
        what: str,
        make: Callable[[Advance], Any],
        *,
        subject: Subject | None = None,
        key: Mapping[str, Any] | None = None,
    ) -> Any:
        """As `cached`, for plain data: the value is the same whether it was stored or made now."""

        def written(advance: Advance) -> bytes:
            self._open.append([])
            try:
                value = finite(make(advance))
            finally:
                needed = self._open.pop()
            return json.dumps({"value": value, "needed": needed}, allow_nan=False).encode()

        found = json.loads(self.cached(what, written, subject=subject, key=key).content)
        # What the stored value needed when it was made has its time in the report too.
        self._note(found["needed"], cached=True)
        return found["value"]

    def _note(self, rows: Sequence[Mapping[str, Any]], *, cached: bool) -> None:
        """Record where time went, each thing once, for the report and for what needed it."""
        for row in rows:
            if self._open:
                self._open[-1].append(dict(row))
            known = ((t["what"], t["of"]) for t in self.times)
            if (row["what"], row["of"]) not in known:
                self.times.append({**row, "cached": cached})


def finite(value: Any) -> Any:
    """Plain data with None for every NaN and infinity."""
    if isinstance(value, Mapping):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def share(advance: Advance, index: int, of: int) -> Advance:
    """Reports the progress of one of several equal tasks as a share of all of them."""
    parts = 1000
    return lambda done, total: advance(index * parts + parts * done // max(total, 1), of * parts)
