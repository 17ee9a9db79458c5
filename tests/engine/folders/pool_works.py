"""What worker processes do in the tests of the pool; a process imports it by its name.

And a pool without processes, for tests of what becomes of the results.
"""

import os
import signal
import threading
import warnings

from bachbot.engine.folders.worker_pool import failure_of
from bachbot.errors import ScoreError


class PoolOfNone:
    """Does in this process what `WorkerPool` does in others, which take a second each to start."""

    def __init__(self, setup, *, jobs, time_limit):
        self._setup = setup

    def run(self, tasks):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            work = self._setup()
        for index, task in enumerate(tasks):
            yield index, self._attempt(work, task)

    def _attempt(self, work, task):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return work(task)
            except Exception as error:
                return failure_of(error)

    def close(self):
        """Nothing to end."""


def set_up():
    return work


def set_up_badly():
    raise ScoreError("the model is not there: get it")


def set_up_deadly():
    return work_on_batch


def work_on_batch(batch):
    """Give the tunes' names; one named 3 kills the process, and one named 5 hangs."""
    names = [task.source.stem for task in batch.tasks]
    if "3" in names:
        os.kill(os.getpid(), signal.SIGKILL)
    if "5" in names:
        threading.Event().wait()
    return names


def die_at_once():
    os._exit(7)


def work(task):
    """Do what the task is named after; a number is doubled."""
    match task:
        case "pid":
            return os.getpid()
        case "score error":
            raise ScoreError("it has no notes: give a tune")
        case "fault":
            raise ZeroDivisionError("division\nby zero")
        case "memory":
            raise MemoryError
        case "recursion":
            return work_forever(task)
        case "exit":
            raise SystemExit(3)
        case "die":
            os._exit(3)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            threading.Event().wait()
        case "unpicklable":
            return threading.Lock()
    return 2 * task


def work_forever(task):
    return work_forever(task)
