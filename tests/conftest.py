"""Fixtures and settings of the whole suite."""

import os

# Before numpy is loaded: two BLAS threads beside another process run several times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

# Tests must not fail because a machine is slow.
settings.register_profile(
    "bachbot",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("bachbot")


def pytest_collection_modifyitems(items):
    """Mark tests of the real corpus as slow: reading it takes most of a minute."""
    for item in items:
        if "sources" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def sources():
    """Every chorale of the real corpus that can be used, and the files left out."""
    from bachbot.corpus.prepare import read_all

    return read_all()


@pytest.fixture(scope="session")
def prepared(sources, tmp_path_factory):
    """What preparing the real corpus gives, in a cache of this suite's own."""
    from bachbot.corpus import prepare as module

    with pytest.MonkeyPatch.context() as patch:
        # The corpus is read once for the whole suite.
        patch.setattr(module, "read_all", lambda **_: tuple(map(list, sources)))
        return module.prepare(tmp_path_factory.mktemp("cache") / "chorales.npz")


@pytest.fixture(scope="session")
def corpus(prepared):
    """The real corpus, prepared."""
    from bachbot.corpus.store import PreparedCorpus

    return PreparedCorpus.load(prepared.path)
