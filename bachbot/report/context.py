"""What the sections of a report share: the pieces, and what is kept."""

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
from bachbot.errors import UsageError
from bachbot.evaluation.novelty import TrainingIndex
from bachbot.report import cache as fingerprints
from bachbot.report.cache import Cache, Kept
from bachbot.report.subject import Subject

Advance = Callable[[int, int], None]
"""Told how much is done, and of how much."""

Watch = Callable[[str], AbstractContextManager[Advance]]
"""Told what is being done, as long as it is being done."""


@dataclass(frozen=True)
class Asked:
    """What a report is of, whatever the checkpoint.

    Parameters
    ----------
    split : {"tune", "file"}
        Which split.
    part : {"train", "validation", "test"}
        Which part of it.
    limit : int or None
        Only the first so many pieces of the part.
    """

    split: str = "tune"
    part: str = "test"
    limit: int | None = None

    @property
    def words(self) -> str:
        """Its options on the command line, led by a blank; nothing for what goes without saying."""
        found = f" --split {self.split}" if self.split != "tune" else ""
        found += f" --part {self.part}" if self.part != "test" else ""
        return found + (f" --limit {self.limit}" if self.limit is not None else "")

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {"split": self.split, "part": self.part, "limit": self.limit}


@dataclass(frozen=True, eq=False)
class Context:
    """What a report is made from.

    Parameters
    ----------
    corpus : PreparedCorpus
        The prepared chorales.
    asked : Asked
        Which of them.
    cache : Cache
        Where what was measured is kept.
    watch : callable
        Watches the work.
    peers : mapping of str to Path
        ``.npz`` files of other chorales to stand beside, by name.
    """

    corpus: PreparedCorpus
    asked: Asked
    cache: Cache
    watch: Watch
    peers: Mapping[str, Path] = field(default_factory=dict)
    times: list[dict[str, Any]] = field(default_factory=list, init=False)
    _open: list[list[dict[str, Any]]] = field(default_factory=list, init=False)

    @cached_property
    def pieces(self) -> tuple[Chorale, ...]:
        """The pieces that are reported on, one or more."""
        return self.part(self.asked.part)

    @cached_property
    def train(self) -> tuple[Chorale, ...]:
        """All pieces that the split leaves to training."""
        return self.corpus.part("train", self.asked.split)  # type: ignore[arg-type]

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The tune of each of the pieces."""
        split, part = self.asked.split, self.asked.part
        found = tuple(p.family for p in self.corpus.pieces if p.parts[split] == part)
        return found[: self.asked.limit]

    @cached_property
    def index(self) -> TrainingIndex:
        """The training pieces, made ready to look for passages in them."""
        return TrainingIndex(self.train)

    @cached_property
    def from_jsb(self) -> bool:
        """Whether the pieces are JSB-16th's."""
        return all(map(from_jsb, self.pieces))

    def part(self, name: str) -> tuple[Chorale, ...]:
        """The first pieces of a part, as many as are asked for.

        Raises
        ------
        UsageError
            If there is no such part or split, or no piece in it.
        """
        found = self.corpus.part(name, self.asked.split)  # type: ignore[arg-type]
        if not found:
            raise UsageError(
                f"the {name} part of the split by {self.asked.split} has no piece: "
                "name another part"
            )
        return found[: self.asked.limit]

    @cached_property
    def digests(self) -> dict[str, str]:
        """What changes with any byte of a peer's file, by name."""
        return {name: fingerprints.of_file(path) for name, path in self.peers.items()}

    @cached_property
    def others(self) -> dict[str, list[Chorale]]:
        """The pieces of the peers by name, each in its own key; as many at most as are asked for.

        Raises
        ------
        CorpusError
            If a file is missing, damaged, or holds something else.
        """
        found = {name: read_as_they_are(path) for name, path in self.peers.items()}
        return {name: pieces[: self.asked.limit] for name, pieces in found.items()}

    def kept(
        self,
        what: str,
        make: Callable[[Advance], bytes],
        *,
        subject: Subject | None = None,
        key: Mapping[str, Any] | None = None,
    ) -> Kept:
        """What was made before of the same things by the same code, or else made now.

        Parameters
        ----------
        what : str
            Its name, as a file's.
        make : callable
            Makes it.
        subject : Subject, optional
            The checkpoint that it hangs on.
        key : mapping, optional
            What else it hangs on, as plain data, beside corpus, split, part, limit and code.
        """
        whole = {
            "what": what.replace(" ", "-"),
            "code": fingerprints.of_code(),
            "corpus": self.corpus.fingerprint,
            "asked": self.asked.to_json(),
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

    def plain(
        self,
        what: str,
        make: Callable[[Advance], Any],
        *,
        subject: Subject | None = None,
        key: Mapping[str, Any] | None = None,
    ) -> Any:
        """The same of plain data: what comes is the same whether it was kept or made now."""

        def written(advance: Advance) -> bytes:
            self._open.append([])
            try:
                value = finite(make(advance))
            finally:
                asked = self._open.pop()
            return json.dumps({"value": value, "asked": asked}, allow_nan=False).encode()

        found = json.loads(self.kept(what, written, subject=subject, key=key).content)
        # What was kept whole asked for sets when it was made: their time is told too.
        self._note(found["asked"], cached=True)
        return found["value"]

    def _note(self, rows: Sequence[Mapping[str, Any]], *, cached: bool) -> None:
        """Keep where time went, of each thing once, for the report and for what asked for it."""
        for row in rows:
            if self._open:
                self._open[-1].append(dict(row))
            known = ((t["what"], t["of"]) for t in self.times)
            if (row["what"], row["of"]) not in known:
                self.times.append({**row, "cached": cached})


def finite(value: Any) -> Any:
    """Plain data with None for every number that is none, or is infinite."""
    if isinstance(value, Mapping):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def share(advance: Advance, index: int, of: int) -> Advance:
    """Tells of one of several like pieces of work as of a share of them all."""
    parts = 1000
    return lambda done, total: advance(index * parts + parts * done // max(total, 1), of * parts)
