"""A made-up corpus, untrained checkpoints, and reports made of them."""

from contextlib import contextmanager

import numpy as np
import pytest
from made_checkpoints import random_checkpoint, random_lookahead

from bachbot.chorale import Chorale, Key
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.report.cache import Cache
from bachbot.report.context import Context, Request, Subject
from bachbot.report.reporting import make
from bachbot.report.sections import SECTIONS, sections

CHORDS = np.array(
    [[67, 64, 60, 48], [69, 65, 60, 50], [71, 62, 55, 43], [72, 64, 55, 48], [74, 65, 57, 50]]
)


def piece(number, part):
    """A quarter a chord, two bars and a little, no two pieces alike."""
    order = np.random.default_rng(number).integers(len(CHORDS), size=8 + number % 3)
    pitch = np.repeat(CHORDS[order], 4, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % 4 > 0)[:, None], 4, axis=1)
    fermata = np.arange(len(pitch)) >= len(pitch) - 4
    chorale = Chorale(pitch, tied, fermata, name=f"made up {number}")
    return Piece(chorale, Key(), f"family {number}", {"tune": part, "file": part})


@pytest.fixture(scope="session")
def made_corpus():
    parts = ["train"] * 4 + ["validation"] * 2 + ["test"] * 3
    return PreparedCorpus(tuple(piece(n, part) for n, part in enumerate(parts)))


@pytest.fixture(scope="session")
def subject():
    history = tuple(
        {"epoch": n, "train": 3 / n, "validation": 2 / n + 0.01 * n} for n in range(1, 9)
    )
    return Subject("small", "small", random_checkpoint(scale=0.3), history)


@pytest.fixture(scope="session")
def foreseeing():
    return Subject("ahead", "ahead", random_lookahead(scale=0.3))


class Watched:
    """Records what is done, and interrupts the run before something."""

    def __init__(self, ends_at=None):
        self.done, self.ends_at = [], ends_at

    @contextmanager
    def __call__(self, label):
        if self.ends_at is not None and self.ends_at in label:
            raise KeyboardInterrupt
        self.done.append(label)
        yield lambda done, total: None


@pytest.fixture
def laid_out(made_corpus, tmp_path):
    """Makes a context; its cache folder is the same each time."""

    def make(watch=None, corpus=made_corpus, fresh=False, peers=None, **request):
        cache = Cache(tmp_path / "cache", fresh)
        return Context(corpus, Request(**request), cache, watch or Watched(), peers or {})

    return make


@pytest.fixture(scope="session")
def whole_report(made_corpus, subject, foreseeing, tmp_path_factory):
    """Every section except detection, which needs more pieces than these."""
    names = [section.name for section in SECTIONS if section.name != "detection"]
    cache = Cache(tmp_path_factory.mktemp("cache"))
    context = Context(made_corpus, Request(), cache, Watched(), {})
    return make(context, [subject, foreseeing], sections(names))


@pytest.fixture(scope="session")
def watched():
    return Watched
