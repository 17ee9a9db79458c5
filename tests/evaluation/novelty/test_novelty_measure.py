import json

import numpy as np
import pytest
from novelty_made import moved, piece, quarters

from bachbot.chorale import VOICES, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.novelty import (
    STATISTICS,
    PieceDistribution,
    TrainingIndex,
    measure,
    voices_label,
)

LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)
TUNE = quarters(60, 62, 64, 65, 67, 65, 62, 60)
NEW = quarters(60, 71, 60, 71, 60, 71, 60, 71)
INDEX = TrainingIndex([piece(TUNE, name="source")])


def test_statistics_over_a_set():
    pieces = [piece(TUNE), piece(TUNE[:5] + NEW[:3]), piece(NEW), piece()]
    found = measure(pieces, INDEX, written=[Voice.SOPRANO]).figures[(Voice.SOPRANO,)]
    assert found["longest_notes"].values.tolist() == [8, 5, 0, 0]
    assert found["longest_beats"].values.tolist() == [7, 4, 0, 0]
    assert found["rhythm_free_notes"].values.tolist() == [8, 5, 0, 0]
    # 8, 7, 6 ... 2 notes; 5, 4, 3, 2 and three leaps; the fourth piece has no two notes.
    assert found["mean_notes"].values.tolist() == pytest.approx([5, 2, 0])
    assert found["copied_bars"].values.tolist() == [1, 1 / 2, 0]
    assert found["longest_notes"].mean == 13 / 4


def test_a_distribution_over_pieces():
    distribution = PieceDistribution(np.arange(11.0))
    assert distribution.mean == 5
    assert distribution.quantiles == (5, 9, 10)
    assert 3 < distribution.interval.low < 5 < distribution.interval.high < 7
    assert set(distribution.to_json()) == {
        "mean", "median", "percentile_90", "maximum", "interval", "pieces"
    }  # fmt: skip
    assert PieceDistribution(np.zeros(0)).to_json() == {
        "mean": None, "median": None, "percentile_90": None, "maximum": None,
        "interval": [None, None], "pieces": 0,
    }  # fmt: skip


def test_written_voices_and_their_groups():
    pieces = [piece(TUNE, NEW, NEW, NEW)]
    groups = lambda *written: measure(pieces, INDEX, written=written).groups  # noqa: E731
    assert groups(*VOICES) == (*((v,) for v in VOICES), VOICES)
    assert groups(Voice.BASS, *LOWER) == (*((v,) for v in LOWER), LOWER, VOICES)
    assert groups(Voice.BASS) == ((Voice.BASS,), VOICES)
    with pytest.raises(UsageError, match="there is no written voice"):
        groups()
    assert voices_label(LOWER) == "alto, tenor, bass"
    assert voices_label(VOICES) == "four voices"


def test_plain_data_and_progress():
    done = []
    found = measure(
        [moved(piece(TUNE, name="copy"), 3), piece(NEW, name="new")],
        INDEX,
        progress=lambda *counts: done.append(counts),
    )
    assert done == [(1, 2), (2, 2)]
    plain = json.loads(json.dumps(found.to_json()))
    assert set(plain["figures"]) == {"soprano", "alto", "tenor", "bass", "four voices"}
    assert set(plain["figures"]["soprano"]) == set(STATISTICS)
    copy, new = plain["pieces"]
    assert (copy["name"], new["name"]) == ("copy", "new")
    assert copy["groups"]["soprano"]["longest"] == {
        "notes": 8, "beats": 7.0, "bar": 1, "beat": 1.0, "pieces": 1,
        "source": {"piece": "source", "voices": ["soprano"], "bar": 1, "beat": 1.0, "higher": 0},
    }  # fmt: skip
    assert [bar["bar"] for bar in copy["groups"]["soprano"]["copied"]] == [1, 2]
    assert new["groups"]["soprano"]["longest"] is None
    number, passage = found.longest((Voice.SOPRANO,))
    assert (number, passage.notes) == (0, 8)
    assert found.longest((Voice.BASS,)) is None


@pytest.fixture(scope="module")
def index(corpus):
    return TrainingIndex(corpus.part("train"))


@pytest.mark.slow
def test_bach_against_his_training_pieces(corpus, index):
    """Held-out tunes share a bar or two of one voice, and little of all four."""
    found = measure(corpus.part("validation"), index, written=LOWER)
    for voice in LOWER:
        assert 7 < found.figures[(voice,)]["longest_notes"].mean < 10
    together = found.figures[VOICES]
    assert 1.5 < together["longest_beats"].mean < 4
    assert together["copied_bars"].mean < 0.1


@pytest.mark.slow
def test_a_training_piece_is_found_in_any_key(corpus, index):
    piece = corpus.part("train")[100]
    alone = measure([moved(piece, 4)], index)
    for voices, overlap in alone.pieces[0].groups.items():
        onsets = piece.onset[:, [int(v) for v in voices]].any(axis=1).sum()
        assert overlap.longest.notes == onsets
        assert overlap.copied_share == 1
        assert overlap.longest.source.higher == 0
    assert alone.pieces[0].groups[VOICES].longest.source.piece == piece.name


@pytest.mark.slow
def test_noise_overlaps_less_than_bach(corpus, index):
    rng = np.random.default_rng(0)
    [bach] = corpus.part("validation")[:1]
    lines = [quarters(*rng.integers(45, 75, 60).tolist()) for _ in VOICES]
    noise = measure([piece(*lines)], index).figures
    his = measure([bach], index).figures
    for voices, statistics in his.items():
        assert noise[voices]["mean_notes"].mean < statistics["mean_notes"].mean / 2
        assert noise[voices]["copied_bars"].mean == 0
