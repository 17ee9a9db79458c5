import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale
from bachbot.evaluation.bootstrap import bootstrap_mean, bootstrap_rate
from bachbot.evaluation.partwriting import measure
from bachbot.theory.explanation import tally
from bachbot.theory.rules import RULES, SUMS

# Benchmark data next to the repository, if there is any; never part of it.
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
KEYLESS = {name: rule for name, rule in RULES.items() if not rule.keyed}


def read(file, pitch, length):
    path = DATA / file
    if not path.is_file():
        pytest.skip(f"{file} is not here")
    with np.load(path) as data:
        pieces = np.split(data[pitch].astype(np.int16), np.cumsum(data[length])[:-1])
    return [Chorale(p, np.zeros(p.shape), np.zeros(len(p))) for p in pieces]


def piece(*chords):
    pitch = np.array(chords, dtype=np.int16)
    return Chorale(pitch, np.zeros(pitch.shape), np.zeros(len(pitch)))


FIFTHS = piece([67, -1, -1, 48], [69, -1, -1, 50], [71, -1, -1, 52])  # two of two pairs
OCTAVE = piece([72, -1, -1, 48], [74, -1, -1, 50], [71, -1, -1, 52])  # one of two
PLAIN = piece([72, -1, -1, 48], [71, -1, -1, 50], [72, -1, -1, 52])  # none of two


def test_planted_faults():
    found = measure([FIFTHS, OCTAVE, PLAIN])
    fifths, octaves = found.rules["parallel fifths"], found.rules["parallel octaves"]
    both = found.sums["parallels"]
    assert (fifths.count, fifths.chance, octaves.count) == (2, 6, 1)
    assert fifths.rate == pytest.approx(1000 * 2 / 6)
    assert (both.count, both.chance) == (3, 6)
    assert both.rate == pytest.approx(500)
    assert both.clean == pytest.approx(1 / 3)
    assert fifths.clean == pytest.approx(2 / 3)
    assert (found.pieces, found.frames) == (3, 9)
    # Of 3 ** 3 draws the poorest and the richest are each one of 27.
    assert (both.interval.low, both.interval.high) == (0, 1000)
    assert (both.clean_interval.low, both.clean_interval.high) == (0, 1)


def test_plain_data():
    found = json.loads(json.dumps(measure([FIFTHS, PLAIN]).to_json()))
    assert list(found["rules"]) == list(RULES)
    assert list(found["sums"]) == list(SUMS)
    assert found["sums"]["parallels"] == {
        "count": 2, "chances": 4, "unit": "both-move pair", "per": 1000,
        "rate": 500.0, "rate_interval": [0.0, 1000.0],
        "clean": 0.5, "clean_interval": [0.0, 1.0],
    }  # fmt: skip
    # There was no seventh to resolve.
    assert found["rules"]["seventh unresolved"]["rate"] is None
    assert found["rules"]["seventh unresolved"]["rate_interval"] == [None, None]


def test_no_piece():
    found = measure([]).to_json()
    assert found["pieces"] == 0
    assert found["sums"]["parallels"]["rate"] is None
    assert found["sums"]["parallels"]["clean_interval"] == [None, None]


def test_chosen_rules_only():
    found = measure([FIFTHS], {"parallel fifths": RULES["parallel fifths"]})
    assert set(found.rules) == {"parallel fifths"}
    assert not found.sums


@pytest.mark.slow
@given(st.lists(chorales(max_frames=12), max_size=3))
def test_every_piece_is_counted(pieces):
    found = measure(pieces)
    for name, rate in found.rules.items():
        counted = [tally(p)[name] for p in pieces]
        assert rate.counts.tolist() == [t.count for t in counted]
        assert rate.chances.tolist() == [t.chances for t in counted]
        if rate.chance:
            assert rate.interval.low <= rate.interval.high


def test_intervals():
    """Known on a sample of 400: 1.96 standard errors of a mean on each side, nearly."""
    values = np.random.default_rng(1).normal(5, 2, 400)
    error = 1.96 * values.std() / 20
    found = bootstrap_mean(values)
    assert found.low == pytest.approx(values.mean() - error, abs=0.04)
    assert found.high == pytest.approx(values.mean() + error, abs=0.04)
    assert bootstrap_mean(values, seed=1) != found == bootstrap_mean(values, seed=0)
    same = bootstrap_rate(2 * np.arange(1, 9), np.arange(1, 9))
    assert same.low == same.high == 2


def test_published_rates_of_bach():
    """The published figures of the usual split's test part."""
    found = measure(read("jsb-chorales-16th.npz", "test_pitch", "test_length"), KEYLESS)
    rate = {name: r.rate for name, r in found.rules.items()}
    assert (found.pieces, found.frames) == (77, 18900)
    assert found.sums["parallels"].rate == pytest.approx(1.27, abs=0.005)
    assert found.sums["parallels"].clean == pytest.approx(0.818, abs=0.0005)
    assert rate["hidden fifths"] == pytest.approx(1.7, abs=0.05)
    assert rate["hidden octaves"] == pytest.approx(0.34, abs=0.005)
    assert rate["crossing"] == pytest.approx(0.34, abs=0.005)
    assert rate["overlap"] == pytest.approx(23.9, abs=0.05)
    assert rate["wide soprano-alto"] == pytest.approx(0.53, abs=0.005)
    assert rate["wide alto-tenor"] == pytest.approx(1.06, abs=0.005)
    assert found.sums["tritone and seventh leaps"].rate == pytest.approx(4.9, abs=0.05)
    assert rate["out of range"] == 0


@pytest.mark.slow
def test_published_rates_of_a_peer():
    found = measure(read("js-fakes-16th.npz", "pitch", "length"), KEYLESS)
    rate = {name: r.rate for name, r in found.rules.items()}
    assert found.pieces == 500
    assert found.sums["parallels"].rate == pytest.approx(9.97, abs=0.005)
    assert found.sums["parallels"].clean == pytest.approx(0.236, abs=0.0005)
    assert rate["hidden fifths"] == pytest.approx(1.8, abs=0.05)
    assert rate["hidden octaves"] == pytest.approx(0.61, abs=0.005)
    assert rate["crossing"] == pytest.approx(0.19, abs=0.005)
    assert rate["overlap"] == pytest.approx(16.0, abs=0.05)
    assert rate["wide soprano-alto"] == pytest.approx(0.20, abs=0.005)
    assert rate["wide alto-tenor"] == pytest.approx(0.59, abs=0.005)
    assert found.sums["tritone and seventh leaps"].rate == pytest.approx(5.7, abs=0.05)
