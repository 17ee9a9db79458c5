"""Which tunes are done side by side, and which again alone."""

import os
from contextlib import closing
from pathlib import Path

import pytest
from made_checkpoints import random_checkpoint
from pool_works import set_up, set_up_deadly

from bachbot import Engine
from bachbot.decoding import DecodingOptions
from bachbot.engine.folders.folder_batches import MOST_TUNES, Batches
from bachbot.engine.folders.folder_work import (
    FolderSettings,
    TuneBatch,
    TuneTask,
    Written,
    harmonize_batch,
)
from bachbot.engine.folders.worker_pool import Failure, WorkerPool
from bachbot.scores import load_score


def tunes(number):
    return [(TuneTask(Path(f"{i}.abc"), None, Path(f"{i}.mid")), i) for i in range(number)]


def names(batch):
    return [int(task.source.stem) for task in batch.tasks]


def test_tunes_are_shared_out_among_the_processes():
    assert [names(b) for b in Batches(tunes(4), jobs=4, time_limit=1)] == [[0], [1], [2], [3]]
    sizes = [len(b.tasks) for b in Batches(tunes(200), jobs=2, time_limit=1)]
    assert sum(sizes) == 200
    assert max(sizes) == MOST_TUNES
    assert sizes[:14] == [MOST_TUNES] * 14


def test_the_tunes_of_a_batch_that_fails_are_done_alone():
    batches = Batches(tunes(5), jobs=2, time_limit=1)
    assert names(next(batches)) == [0, 1, 2]
    assert list(batches.results(0, Failure("it took too long"))) == []
    assert [names(b) for b in (next(batches), next(batches), next(batches))] == [[0], [1], [2]]
    assert list(batches.results(1, Failure("it took too long"))) == [
        (0, Failure("it took too long"))
    ]
    assert list(batches.results(2, ["written"])) == [(1, "written")]


def test_tunes_that_are_too_long_are_done_alone_at_the_end():
    batches = Batches(tunes(4), jobs=1, time_limit=1)
    assert names(next(batches)) == [0, 1, 2, 3]
    with pytest.raises(StopIteration):
        next(batches)
    assert list(batches.results(0, ["a", None, Failure("bad"), None])) == [
        (0, "a"), (2, Failure("bad")),
    ]  # fmt: skip
    assert [names(next(batches)), names(next(batches))] == [[1], [3]]
    assert list(batches.results(2, ["d"])) == [(3, "d")]
    assert list(batches.results(1, ["b"])) == [(1, "b")]
    with pytest.raises(StopIteration):
        next(batches)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_tune_that_kills_its_process_and_one_that_hangs_cost_no_other():
    batches = Batches(tunes(20), jobs=2, time_limit=1)
    found = {}
    with closing(WorkerPool(set_up_deadly, jobs=2, time_limit=3)) as pool:
        for index, result in pool.run(batches):
            found |= dict(batches.results(index, result))
    assert sorted(found) == list(range(20))
    assert "ended by SIGKILL" in found.pop(3).reason
    assert "longer than 3 s" in found.pop(5).reason
    assert all(result == str(number) for number, result in found.items())


@pytest.mark.slow
def test_no_more_batches_wait_than_there_are_processes():
    """Memory does not grow with the number of tunes: they are taken as they are done."""
    taken, given = 0, 0

    def tasks():
        nonlocal taken
        for number in range(200):
            taken += 1
            yield number

    pool = WorkerPool(set_up, jobs=2, time_limit=60)
    try:
        for index, result in pool.run(tasks()):
            given += 1
            assert result == 2 * index
            assert taken - given <= 3  # two that are worked on, or one that is told of with this
    finally:
        pool.close()
    assert (taken, given) == (200, 200)


TUNES = {
    "good": "X:1\nT:G\nM:3/4\nL:1/4\nK:G\nGAB|c3|",
    "long": "X:1\nT:L\nM:3/4\nL:1/4\nK:G\nGAB|cBA|GAB|cBA|G3|",
    "rests": "X:1\nT:R\nM:3/4\nL:1/4\nK:G\nz3|z3|",
}


@pytest.fixture
def batch(tmp_path):
    for name, text in TUNES.items():
        (tmp_path / f"{name}.abc").write_text(text, encoding="utf-8")
    return tuple(
        TuneTask(tmp_path / f"{name}.abc", None, tmp_path / f"{name}.musicxml") for name in TUNES
    )


@pytest.mark.slow
def test_a_batch_writes_what_fits_and_says_what_fails(batch):
    engine = Engine(random_checkpoint(layers=1))
    settings = FolderSettings(options=DecodingOptions("greedy", beam=1))
    order = (batch[1], batch[0], batch[2])
    long, good, rests = harmonize_batch(engine, settings, TuneBatch(order, room=30))
    assert isinstance(good, Written)
    assert list(good.outputs) == ["good.musicxml"]
    assert long is None
    assert isinstance(rests, Failure)
    first, *_ = harmonize_batch(engine, settings, TuneBatch(batch[1:2], room=30))
    assert isinstance(first, Written)
    assert load_score(batch[1].target).chorale.frames == 60


@pytest.mark.slow
def test_a_tune_that_cannot_be_written_costs_no_other(batch):
    batch[0].target.mkdir()
    engine = Engine(random_checkpoint(layers=1))
    settings = FolderSettings(options=DecodingOptions("greedy"))
    good, long, _ = harmonize_batch(engine, settings, TuneBatch(batch, room=10_000))
    assert isinstance(good, Failure)
    assert "is a folder" in good.reason
    assert isinstance(long, Written)
