import multiprocessing
import os
from contextlib import closing

import pool_works
import pytest

from bachbot.engine.folders.worker_pool import Failure, WorkerPool
from bachbot.errors import WorkerError

pytestmark = pytest.mark.slow  # each process takes a second to start

PATIENCE = 120  # seconds; a busy machine is slow


def run(tasks, jobs=1, time_limit=PATIENCE, setup=pool_works.set_up):
    """The result of each task, in order; every process has ended afterwards."""
    with closing(WorkerPool(setup, jobs=jobs, time_limit=time_limit)) as pool:
        found = dict(pool.run(tasks))
    assert multiprocessing.active_children() == []
    assert sorted(found) == list(range(len(tasks)))
    return [found[index] for index in range(len(tasks))]


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_has_its_result(jobs):
    assert run(list(range(20)), jobs) == [2 * n for n in range(20)]


def test_no_tasks_need_no_process():
    assert run([]) == []


FAILURES = {
    "score error": "it has no notes: give a tune",
    "fault": "a fault in bachbot (ZeroDivisionError: division by zero): try it alone with "
    "BACHBOT_DEBUG=1 to see where",
    "memory": "out of memory: give a shorter piece, a narrower beam or fewer --jobs",
    "recursion": "a fault in bachbot (RecursionError: ",
    "exit": "a fault in bachbot (SystemExit: 3)",
    "die": "the process that worked on it ended with status 3",
    "unpicklable": "a fault in bachbot (TypeError: ",
}


@pytest.mark.parametrize("jobs", [1, 2])
def test_tasks_that_fail_leave_the_others_alone(jobs):
    tasks = [task for failure in FAILURES for task in (failure, 21)]
    found = run(tasks, jobs)
    assert found[1::2] == [42] * len(FAILURES)
    for failure, start in zip(found[::2], FAILURES.values(), strict=True):
        assert isinstance(failure, Failure)
        assert failure.reason.startswith(start)
        assert "\n" not in failure.reason


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_that_is_killed_fails_its_task_alone():
    first, killed, last = run([1, "killed", 2])
    assert (first, last) == (2, 4)
    assert killed.reason.startswith("the process that worked on it was ended by SIGKILL (out of")


def test_a_task_that_hangs_is_ended():
    first, hung, last = run([1, "hang", 2], time_limit=10)
    assert (first, last) == (2, 4)
    assert hung.reason == "it took longer than 10 s: give it more time with --timeout"


def test_a_process_that_dies_between_tasks_costs_none():
    with closing(WorkerPool(pool_works.set_up, jobs=1, time_limit=PATIENCE)) as pool:
        results = pool.run(["pid", "pid", 3])
        _, pid = next(results)
        [child] = multiprocessing.active_children()
        assert child.pid == pid
        child.kill()
        child.join()
        (_, other), last = results
        assert other not in (pid, os.getpid())
        assert last == (2, 6)


def test_a_process_is_kept_for_the_next_tasks():
    with closing(WorkerPool(pool_works.set_up, jobs=1, time_limit=PATIENCE)) as pool:
        pids = {pid for _ in range(2) for _, pid in pool.run(["pid", "pid"])}
    assert len(pids) == 1


def test_a_process_that_ran_out_of_memory_is_replaced():
    first, _, second = run(["pid", "memory", "pid"])
    assert first != second


def test_work_that_is_given_up_leaves_no_process():
    with closing(WorkerPool(pool_works.set_up, jobs=2, time_limit=PATIENCE)) as pool:
        assert next(pool.run(["hang", 1])) == (1, 2)
        assert len(multiprocessing.active_children()) == 2
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        (pool_works.set_up_badly, "the model is not there: get it"),
        (pool_works.die_at_once, "processes could not be started .*status 7"),
    ],
)
def test_processes_that_cannot_begin_are_an_error(setup, said):
    with pytest.raises(WorkerError, match=said):
        run([1, 2], setup=setup)
    assert multiprocessing.active_children() == []
