import pytest
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
