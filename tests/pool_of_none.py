"""A pool without processes, for tests of what becomes of the results."""

import warnings

from bachbot.engine.folders.worker_pool import failure_of


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
