"""What a score is charged is the penalty that the search gave it."""

from pathlib import Path

import pytest

from bachbot import Engine, load_score
from bachbot.errors import UsageError

TUNES = Path(__file__).parents[2] / "corpus" / "examples"
TUNE = b"X:1\nM:4/4\nL:1/4\nK:G\nG A B c|d2 B2|A G F2|G4|]\n"


@pytest.mark.slow
def test_a_result_is_charged_the_penalty_of_its_search():
    engine = Engine.load()
    [best] = engine.harmonize(load_score(TUNE))
    found = engine.charges(best.score, largest=3)
    assert found.nats == pytest.approx(best.penalty, abs=1e-3)
    assert sum(bar.nats for bar in found.bars) == pytest.approx(found.nats)
    assert [bar.bar for bar in found.bars] == [1, 2, 3, 4]
    assert all(0 < len(bar.largest) <= 3 for bar in found.bars)
    for bar in found.bars:
        sizes = [abs(line.nats) for line in bar.largest]
        assert sizes == sorted(sizes, reverse=True)
    learned = [line for line in found.penalties if line.learned]
    assert [line.name for line in learned] == ["learned features"]
    templates = sum(line.nats for line in found.templates)
    assert templates == pytest.approx(learned[0].nats)


def test_a_score_that_lacks_a_voice_is_refused():
    with pytest.raises(UsageError, match="the score lacks the alto: give one of four voices"):
        Engine.load("paper").charges(load_score(TUNES / "twinkle.musicxml"))
