import pytest

from bachbot.training.config import changed
from bachbot.training.kinds import preset
from bachbot.training.trainer import learning_rate


def test_one_cycle_rises_once_and_falls_once():
    config = changed(
        preset("paper"),
        {"epochs": 10, "learning_rate": 1.0, "warmup": 0.25, "schedule": "one-cycle"},
    )
    rates = [learning_rate(config, step, 10) for step in range(100)]
    top = rates.index(max(rates))
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[-1] == pytest.approx(1e-4)
    assert max(rates) == pytest.approx(1.0, rel=1e-3)
    assert top == pytest.approx(25, abs=1)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_without_warmup_it_starts_at_the_peak():
    config = changed(preset("paper"), {"learning_rate": 0.5, "warmup": 0.0})
    assert learning_rate(config, 0, 7) == 0.5


def test_a_run_of_one_step_has_a_rate():
    assert learning_rate(changed(preset("paper"), {"epochs": 1}), 0, 1) > 0


def test_the_original_halves_every_five_epochs():
    rates = [learning_rate(preset("original"), epoch * 56, 56) for epoch in range(15)]
    assert rates == [2e-3] * 5 + [1e-3] * 5 + [5e-4] * 5
    assert learning_rate(preset("original"), 5 * 56 - 1, 56) == 2e-3
