"""Worker processes whose tasks have a time limit, and that may die without harm to the others.

`concurrent.futures` gives up all tasks when one process dies, and cannot end one that hangs. Here
a process that dies or takes too long fails its task alone, and another takes its place.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from bachbot.errors import BachbotError, WorkerError

Work = Callable[[Any], Any]
"""Does a task; what it takes and returns can be pickled."""

START_SECONDS = 300.0
"""Time for a process to start and set up; on a busy machine it takes many times the usual two."""

_MAX_STARTS = 3
"""So many processes that die one after the other before they have begun are the last."""

_MAX_REASON = 300  # characters


@dataclass(frozen=True)
class Failure:
    """Why a task has no result.

    Parameters
    ----------
    reason : str
        One line: what went wrong, and what to do about it.
    """

    reason: str


@dataclass(eq=False)
class _Worker:
    """A process, its end of a pipe, what it does and until when it may."""

    process: Any
    connection: Connection
    deadline: float
    ready: bool = False
    task: int | None = None


class WorkerPool:
    """Processes that do tasks side by side.

    They are spawned, not forked, so that threads of the calling process do them no harm; a script
    that uses them needs ``if __name__ == "__main__":``, as with all of `multiprocessing`. Ctrl-C
    ends the calling process, which ends them.

    Parameters
    ----------
    setup : callable
        Called once in each process; returns the `Work`. It can be pickled.
    jobs : int
        Number of processes, 1 or more.
    time_limit : float
        Seconds that a task may take.

    Examples
    --------
    ::

        with contextlib.closing(WorkerPool(setup, jobs=2, time_limit=60)) as pool:
            for index, result in pool.run(tasks):
                ...
    """

    def __init__(self, setup: Callable[[], Work], *, jobs: int, time_limit: float) -> None:
        self._setup, self._jobs, self._time_limit = setup, jobs, time_limit
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._failed_starts = 0

    def run(self, tasks: Iterable[Any]) -> Iterator[tuple[int, Any]]:
        """Do tasks, and give each result as soon as it is there.

        Parameters
        ----------
        tasks : iterable
            What each call of the work is given. A task is taken when a process is free for it, so
            that no more of them wait than there are processes. An iterator that has no more is
            asked again after each result.

        Yields
        ------
        index : int
            Which task.
        result
            What the work returned, or a `Failure`: it raised an exception, took longer than the
            time limit, or its process died.

        Raises
        ------
        WorkerError
            If processes die before they have begun.
        """
        left, todo = enumerate(tasks), deque[tuple[int, Any]]()
        while True:
            busy = sum(worker.task is not None for worker in self._workers)
            todo.extend(islice(left, max(0, self._jobs - busy - len(todo))))
            if not todo and not busy:
                return
            while len(self._workers) < min(self._jobs, busy + len(todo)):
                self._start()
            for worker in list(self._workers):
                if worker.ready and worker.task is None and todo:
                    self._give(worker, todo)
            yield from self._next_results()

    def close(self) -> None:
        """End all processes; what they have not finished is lost."""
        for worker in list(self._workers):
            self._end(worker)

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._setup), daemon=True)
        try:
            with _interrupts_held():
                process.start()
                self._workers.append(_Worker(process, ours, time.monotonic() + START_SECONDS))
        except OSError as error:
            ours.close()
            if not self._workers:
                raise WorkerError(
                    f"a process could not be started ({error.strerror or error}): close programs, "
                    "or give --jobs 1"
                ) from error
            self._jobs = len(self._workers)
        finally:
            theirs.close()

    def _give(self, worker: _Worker, todo: deque[tuple[int, Any]]) -> None:
        index, task = todo[0]
        try:
            worker.connection.send(task)
        except OSError:  # it has died since: that costs no task
            self._end(worker)
            return
        todo.popleft()
        worker.task, worker.deadline = index, time.monotonic() + self._time_limit

    def _next_results(self) -> list[tuple[int, Any]]:
        """Wait until a process says something, dies or has used up its time."""
        busy = [w for w in self._workers if w.task is not None or not w.ready]
        soonest = min((w.deadline for w in busy), default=time.monotonic() + 1)
        connections = [w.connection for w in self._workers]
        heard = wait(connections, max(0.0, soonest - time.monotonic()))
        found = []
        for worker in list(self._workers):
            if worker.connection in heard:
                found += self._hear(worker)
            elif worker in busy and time.monotonic() >= worker.deadline:
                found += self._failure(worker, self._too_slow())
        return found

    def _hear(self, worker: _Worker) -> list[tuple[int, Any]]:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join(5)
            return self._failure(worker, _death(worker.process.exitcode))
        if not worker.ready:
            if isinstance(message, Failure):
                self._end(worker)
                raise WorkerError(message.reason)
            worker.ready, self._failed_starts = True, 0
            return []
        index, worker.task = worker.task, None
        assert index is not None
        result, exhausted = message
        if exhausted:
            self._end(worker)
        return [(index, result)]

    def _failure(self, worker: _Worker, reason: str) -> list[tuple[int, Any]]:
        """End a process; its task has failed."""
        self._end(worker)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _MAX_STARTS:
                raise WorkerError(f"processes could not be started ({reason}): give --jobs 1")
        return [] if worker.task is None else [(worker.task, Failure(reason))]

    def _too_slow(self) -> str:
        return f"it took longer than {self._time_limit:g} s: give it more time with --timeout"

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join()
        worker.connection.close()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Start processes within the block so that Ctrl-C never reaches them, even as they begin.

    The calling process has its interrupt when the block ends: none is lost.
    """
    if not hasattr(signal, "pthread_sigmask"):  # on Windows processes ignore it once they run
        yield
        return
    # Its first start unblocks the signal again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _death(status: int | None) -> str:
    if status is None or status >= 0:
        return f"the process that worked on it ended with status {status}: try it alone"
    with suppress(ValueError):
        name = signal.Signals(-status).name
        return (
            f"the process that worked on it was ended by {name}"
            f"{' (out of memory?)' if name == 'SIGKILL' else ''}: try it alone"
        )
    return f"the process that worked on it was ended by signal {-status}: try it alone"


def _serve(connection: Connection, setup: Callable[[], Work]) -> None:
    """Do tasks until the other end of the pipe is closed; the main function of a process."""
    # The calling process ends its workers at Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work = setup()
    except Exception as error:
        connection.send(failure_of(error))
        return
    connection.send(None)
    with suppress(EOFError, OSError):
        while True:
            connection.send_bytes(_attempt(work, connection.recv()))


def _end_with_parent() -> None:
    """End this process when the calling one is killed; it would go on to the end of its task."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _attempt(work: Work, task: Any) -> bytes:
    """The pickled result of a task or its failure, and whether the process should be replaced."""
    try:
        return pickle.dumps((work(task), False))
    except BaseException as error:
        # What a process holds that ran out of memory, nobody knows.
        exhausted = not isinstance(error, Exception) or isinstance(error, MemoryError)
        return pickle.dumps((failure_of(error), exhausted))


def failure_of(error: BaseException) -> Failure:
    """A failure with what an exception says, in one line."""
    return Failure(_reason(error))


def _reason(error: BaseException) -> str:
    if isinstance(error, BachbotError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory: give a shorter piece, a narrower beam or fewer --jobs"
    line = " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_REASON]
    return f"a fault in bachbot ({line}): try it alone with BACHBOT_DEBUG=1 to see where"
