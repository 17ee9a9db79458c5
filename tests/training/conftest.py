import pytest
import torch
from made_up import made_up_corpus

from bachbot.corpus.store import PreparedCorpus


@pytest.fixture(scope="session")
def corpus() -> PreparedCorpus:
    return made_up_corpus()


@pytest.fixture(scope="session")
def corpus_file(corpus, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "chorales.npz"
    corpus.save(path)
    return path


@pytest.fixture(autouse=True)
def one_thread():
    """Bit for bit holds for one number of threads, and one is fastest for small models."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
