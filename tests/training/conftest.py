import pytest
import torch
from training_corpus import random_corpus

from bachbot.corpus.store import PreparedCorpus


@pytest.fixture(scope="session")
def corpus() -> PreparedCorpus:
    return random_corpus()


@pytest.fixture(scope="session")
def corpus_file(corpus, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "chorales.npz"
    corpus.save(path)
    return path


@pytest.fixture(autouse=True)
def one_thread():
    """Weights are reproducible with a fixed number of threads; one is fastest for small models."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
