"""Names and sides of clips, and the attack on those that were made from the seed."""

import inspect

import numpy as np
from seed_attack import compute_answers, names_of_a_seed

from bachbot.listening.export import names
from bachbot.listening.export.names import NameGenerator, bach_first


def test_the_attack_finds_the_answers_of_names_from_a_seed():
    made = names_of_a_seed(1685, 24)
    assert compute_answers([set(pair) for pair in made], range(1680, 1690)) == [b for b, _ in made]


def test_the_attack_fails():
    generator = NameGenerator()
    public = [{generator.name(), generator.name()} for _ in range(24)]
    assert compute_answers(public, range(2000)) is None


def test_no_name_is_drawn_twice(monkeypatch):
    drawn = iter(["0" * 12, "0" * 12, "1" * 12])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(drawn))
    generator = NameGenerator()
    assert [generator.name(), generator.name()] == ["0" * 12, "1" * 12]


def test_nothing_takes_a_seed_or_an_ordinary_generator():
    assert not inspect.signature(bach_first).parameters
    assert not inspect.signature(NameGenerator).parameters
    modules = {name for name, value in vars(names).items() if inspect.ismodule(value)}
    assert modules == {"secrets"}


def test_neither_order_nor_names_reveal_the_side():
    generator = NameGenerator()
    first = np.array([bach_first() for _ in range(4000)])
    smaller = np.array([generator.name() < generator.name() for _ in range(4000)])
    # Of 4000 fair throws; six standard deviations, because no seed repeats them.
    for throws in (first, smaller, first == smaller):
        assert abs(throws.mean() - 0.5) < 6 * 0.5 / np.sqrt(4000)
