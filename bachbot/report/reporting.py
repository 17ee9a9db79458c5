"""Makes a report: measures every section of every checkpoint."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bachbot.errors import BachbotError
from bachbot.hardware import describe_machine
from bachbot.report.context import Context, Request, Subject, finite
from bachbot.report.section import Bench, Section

FORMAT = "bachbot-report-2"
"""Format of ``report.json``."""


@dataclass(frozen=True)
class Chapter:
    """A section with its results.

    Parameters
    ----------
    section : Section
        What was measured.
    results : mapping of str to plain data
        By checkpoint; one that could not be measured is missing.
    errors : mapping of str to str
        Why it could not be measured, in one line.
    """

    section: Section
    results: Mapping[str, Any]
    errors: Mapping[str, str]


@dataclass(frozen=True)
class Report:
    """Everything that was measured.

    Parameters
    ----------
    request : Request
        Which pieces.
    about : mapping
        Corpus, checkpoints and machine, as plain data.
    chapters : sequence of Chapter
        In order.
    times : mapping
        Where the time went, as plain data: ``seconds`` of this run, when it ``finished``, and
        ``rows`` of ``what``, ``of`` (a checkpoint or None), ``seconds``, ``processor`` (seconds
        of processor time) and ``cached``.
    """

    request: Request
    about: Mapping[str, Any]
    chapters: Sequence[Chapter]
    times: Mapping[str, Any]

    @property
    def whole(self) -> bool:
        """Whether every section of every checkpoint could be measured."""
        return not any(chapter.errors for chapter in self.chapters)

    def to_json(self) -> dict[str, Any]:
        """``report.json``: the same for the same inputs, except for ``times``."""
        return {
            "format": FORMAT,
            **self.about,
            "request": self.request.to_json(),
            "sections": {
                c.section.name: {
                    "title": c.section.title,
                    "results": {n: c.section.public(result) for n, result in c.results.items()},
                    "errors": dict(c.errors),
                }
                for c in self.chapters
            },
            "times": self.times,
        }


def make(context: Context, subjects: Sequence[Subject], sections: Sequence[Section]) -> Report:
    """Measure everything that is not in the cache.

    Parameters
    ----------
    context : Context
        The pieces and the cache.
    subjects : sequence of Subject
        The checkpoints.
    sections : sequence of Section
        What to measure. The error of one that cannot be measured is kept in its chapter.

    Raises
    ------
    EncodingError
        If a piece has a pitch that is not in a checkpoint's vocabulary.
    UsageError
        If there is no piece.
    OutputError
        If the cache cannot be written to.
    """
    start = time.perf_counter()
    benches = [Bench(context, subject) for subject in subjects]
    for bench in benches:
        bench.check()
    chapters = [_chapter(section, benches) for section in sections]
    times = {
        "seconds": round(time.perf_counter() - start, 1),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": context.times,
    }
    return Report(context.request, _about(context, subjects), chapters, times)


def _chapter(section: Section, benches: Sequence[Bench]) -> Chapter:
    results: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for bench in benches:
        try:
            results[bench.subject.name] = _result(section, bench)
        except BachbotError as error:
            errors[bench.subject.name] = str(error)
    return Chapter(section, results, errors)


def _result(section: Section, bench: Bench) -> Any:
    context = bench.context
    if not section.cached:
        return json.loads(json.dumps(finite(section.compute(bench, lambda *_: None))))
    key = {"version": section.version, "peers": context.digests if section.peers else {}}
    return context.cached_data(
        section.name,
        lambda advance: section.compute(bench, advance),
        subject=bench.subject,
        key=key,
    )


def _about(context: Context, subjects: Sequence[Subject]) -> dict[str, Any]:
    return {
        "machine": describe_machine(),
        "corpus": {
            "fingerprint": context.corpus.fingerprint,
            "pieces": len(context.pieces),
            "frames": sum(piece.frames for piece in context.pieces),
            "train": len(context.train),
            "peers": {name: len(pieces) for name, pieces in context.others.items()},
        },
        "checkpoints": [subject.to_json() for subject in subjects],
    }
