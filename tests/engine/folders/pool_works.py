"""What worker processes do in the tests of the pool; a process imports it by its name."""

import os
import signal
import threading

from bachbot.errors import ScoreError


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
