"""Seconds that looking for shared passages takes: an index, and all compared with all.

Run with ``pytest tests/benchmarks/test_novelty.py --benchmark-only``. The second is asked for one
piece and one group of voices in few training pieces only.
"""

import pytest
from novelty_made import naive_longest

from bachbot.chorale import VOICES, Voice
from bachbot.evaluation.novelty import TrainingIndex, measure
from bachbot.evaluation.novelty.passages import measure_overlap

LOWER = VOICES[1:]
FEW = 30


@pytest.mark.benchmark(group="whole")
def test_index_and_forty_pieces(benchmark, corpus):
    train, held_out = corpus.part("train"), corpus.part("validation")

    def run():
        return measure(held_out, TrainingIndex(train), written=LOWER)

    found = benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    assert len(found.pieces) == len(held_out)


@pytest.mark.benchmark(group="one piece")
@pytest.mark.parametrize("voices", [(Voice.BASS,), VOICES], ids=["bass", "four voices"])
def test_one_piece_in_the_index(benchmark, corpus, voices):
    index, piece = TrainingIndex(corpus.part("train")[:FEW]), corpus.part("validation")[0]
    measure_overlap(piece, voices, index)  # builds what is asked for
    benchmark.pedantic(lambda: measure_overlap(piece, voices, index), rounds=10)


@pytest.mark.benchmark(group="one piece")
@pytest.mark.parametrize("voices", [(Voice.BASS,), VOICES], ids=["bass", "four voices"])
def test_one_piece_compared_with_all(benchmark, corpus, voices):
    train, piece = corpus.part("train")[:FEW], corpus.part("validation")[0]
    run = lambda: naive_longest(piece, voices, train)  # noqa: E731
    notes = benchmark.pedantic(run, rounds=1)
    assert notes == measure_overlap(piece, voices, TrainingIndex(train)).longest.notes
