"""Fixtures and settings of the whole suite."""

import os
import sys

# Before numpy is loaded: two BLAS threads beside another process run several times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pickle
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent

# Tests must not fail because a machine is slow. Every run has the same examples, so that more than
# these would not find more from run to run.
settings.register_profile(
    "bachbot",
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("bachbot")


LONGEST = (
    "jobs/test_jobs.py",
    "scores/test_fuzz.py",
    "test_engine.py",
    "test_notebooks.py",
    "training/test_training_distributed.py",
    "training/test_training_run.py",
    "evaluation/detection/test_two_sample_test.py",
    "cli/test_missing_extras.py",
    "cli/test_evaluate_detection.py",
)
"""Files that take 15 seconds or more: one of them at the end would keep one process busy alone."""


def pytest_collection_modifyitems(config, items):
    """Mark tests of the real corpus as slow, which takes half a minute to read; and put the files
    that take longest first where several processes share the work."""
    for item in items:
        if {"sources", "prepared"} & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    if hasattr(config, "workerinput"):
        places = {HERE / name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_xdist_auto_num_workers(config):
    """One process for each core, and one in all for benchmarks, and where only files are named."""
    from bachbot.hardware import usable_cores

    if config.option.benchmark_only or all(".py" in argument for argument in config.args):
        return 0
    # Each takes up to 1.5 GB.
    return min(usable_cores(), 8)


@pytest.fixture(autouse=True)
def one_torch_thread():
    """Give torch one thread, where it is loaded: weights depend on their number, small networks are
    fastest with one, and a command that takes all cores must not slow down the tests after it."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture
def no_processes(monkeypatch):
    """The tunes of a folder are harmonized in this process: others take a second each to start, and
    what is written, said and recorded does not depend on them."""
    from pool_of_none import PoolOfNone

    monkeypatch.setattr("bachbot.engine.folders.folder.WorkerPool", PoolOfNone)


@pytest.fixture(scope="session")
def once(tmp_path_factory, request):
    """Makes an object in whichever process of the run wants it first; the others read it."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent

    def get(name, make):
        path = folder / f"{name}.pickle"
        with FileLock(folder / f"{name}.lock"):
            if not path.exists():
                path.write_bytes(pickle.dumps(make(folder)))
            return pickle.loads(path.read_bytes())

    return get


@pytest.fixture(scope="session")
def sources(once):
    """Every chorale of the real corpus that can be used, and the files left out."""
    from bachbot.corpus.prepare import read_all

    return once("sources", lambda _: read_all())


@pytest.fixture(scope="session")
def prepared(once, request):
    """What preparing the real corpus gives, in a cache of this suite's own."""
    from bachbot.corpus import prepare as module

    def make(folder):
        sources = request.getfixturevalue("sources")
        with pytest.MonkeyPatch.context() as patch:
            # The corpus is read once for the whole suite.
            patch.setattr(module, "read_all", lambda **_: tuple(map(list, sources)))
            return module.prepare(folder / "corpus" / "chorales.npz")

    return once("prepared", make)


@pytest.fixture(scope="session")
def corpus(prepared):
    """The real corpus, prepared."""
    from bachbot.corpus.store import PreparedCorpus

    return PreparedCorpus.load(prepared.path)
