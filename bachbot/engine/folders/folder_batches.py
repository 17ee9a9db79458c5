"""Which tunes a worker process decodes side by side, and which of them alone.

Several tunes in one search take half the processor time of one after the other, and each comes out
the same, to the last bit of its score (`bachbot.decoding.fill_all`). What fails, takes too long or
ends its process takes the others of its batch along: each of them is then done alone, so that only
the one that is at fault is lost.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from bachbot.engine.folders.folder_work import TuneBatch, TuneTask
from bachbot.engine.folders.worker_pool import Failure

MOST_TUNES = 12
"""Tunes of a batch: more save little time, and results come in larger lumps."""

_FRAMES_PER_SECOND = 150.0
"""Frames that a slow machine decodes in a second, times hypotheses; a batch keeps within its time.

One core of a busy machine decodes some 500.
"""

_LONGEST = 120.0  # seconds that a batch is made for, however long each tune may take

Tune = TypeVar("Tune")


class Batches(Generic[Tune], Iterator[TuneBatch]):
    """The batches of some tunes, made when a process is free for one.

    It ends when no tune is left, and goes on if tunes are returned to it after that.

    Parameters
    ----------
    tunes : iterable of (TuneTask, Tune)
        The tasks, and what the caller knows them by.
    jobs : int
        Number of processes, among which the tunes are shared out.
    time_limit : float
        Seconds that a batch may take.
    """

    def __init__(
        self, tunes: Iterable[tuple[TuneTask, Tune]], *, jobs: int, time_limit: float
    ) -> None:
        self._waiting = deque(tunes)
        self._alone: deque[tuple[TuneTask, Tune]] = deque()
        self._long: deque[tuple[TuneTask, Tune]] = deque()
        self._given: dict[int, list[tuple[TuneTask, Tune]]] = {}
        self._jobs, self._number = jobs, 0
        self._room = round(min(time_limit, _LONGEST) * _FRAMES_PER_SECOND)

    def __next__(self) -> TuneBatch:
        if self._alone:
            tunes = [self._alone.popleft()]
        else:
            share = -(-len(self._waiting) // self._jobs)
            tunes = [self._waiting.popleft() for _ in range(min(share, MOST_TUNES))]
        if not tunes and self._long:
            tunes = [self._long.popleft()]
        if not tunes:
            raise StopIteration
        self._given[self._number] = tunes
        self._number += 1
        return TuneBatch(tuple(task for task, _ in tunes), self._room)

    def results(self, index: int, found: Any) -> Iterator[tuple[Tune, Any]]:
        """The results of a batch, tune by tune; those that have none are returned to be done.

        Parameters
        ----------
        index : int
            Number of the batch, from 0.
        found : list or Failure
            What the worker made of it: a result or a `Failure` for each tune, None for one that
            was too long, which is done alone when no others are left; or the failure of all.

        Yields
        ------
        tune : Tune
            What the caller knows it by.
        result
            Its result or its `Failure`.
        """
        tunes = self._given.pop(index)
        if isinstance(found, Failure) and len(tunes) > 1:
            self._alone.extend(tunes)
            return
        results = [found] if isinstance(found, Failure) else found
        self._long.extend(t for t, result in zip(tunes, results, strict=True) if result is None)
        for (_, tune), result in zip(tunes, results, strict=True):
            if result is not None:
                yield tune, result
