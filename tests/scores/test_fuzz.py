"""Damaged files of every format, for a minute of processor time: `fuzz.py` makes and reads them."""

from random import Random

import pytest
from fuzz import LARGEST, damaged, fuzz
from seeds import good_files

from bachbot.scores import load_score


@pytest.mark.parametrize("kind", ["musicxml", "mxl", "midi", "abc", "kern"])
def test_the_files_that_are_damaged_can_be_read(kind):
    for content in good_files()[kind]:
        assert load_score(content, format=kind).chorale.frames


def test_a_seed_gives_the_same_files_again():
    good = good_files()
    made = [damaged(Random(number), good) for number in range(40)]
    assert made == [damaged(Random(number), good) for number in range(40)]
    assert len({content for _, content in made}) > 30
    assert all(len(content) <= LARGEST + 1000 for _, content in made)


def test_a_fault_is_counted(monkeypatch):
    def broken(*_, **__):
        raise IndexError("planted")

    monkeypatch.setattr("fuzz.load_score", broken)
    counts = fuzz(0, files=5)
    assert counts.files == len(counts.faults) == 5
    assert "IndexError: planted" in counts.faults[0][1]


@pytest.mark.slow
def test_damaged_files_are_read_or_refused():
    counts = fuzz(0, seconds=60)
    assert [(kind, fault) for kind, fault, _ in counts.faults] == []
    assert counts.files > 300
    outcomes = {outcome for _, outcome in counts.outcomes}
    assert outcomes == {"read", "refused"}
