import pytest

from bachbot.decoding import DecodingOptions, Penalties
from bachbot.decoding.penalties import DEFAULT_PENALTIES, SAMPLING_PENALTIES
from bachbot.errors import UsageError
from bachbot.theory.rules import RULES


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "guess"}, "'guess': give one of beam, greedy, sample"),
        ({"beam": 0}, "beam is 0: give 1 to 1000"),
        ({"beam": 1001}, "beam is 1001"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"top_p": 0.0}, "top-p is 0.0"),
        ({"top_p": 1.1}, "top-p is 1.1"),
        ({"seed": -1}, "seed is -1"),
        ({"number": 0}, "number is 0"),
        ({"beam": 5, "number": 6, "diversity": 0}, "a beam of 5 has no 6 candidates"),
        ({"diversity": -0.1}, "diversity is -0.1: give 0 to 10"),
        ({"diversity": 11}, "diversity is 11"),
        ({"diversity": float("nan")}, "diversity is nan"),
        ({"method": "greedy", "number": 2}, "greedy search has one candidate, not 2"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UsageError, match=message):
        DecodingOptions(**options)


def test_every_fault_is_named():
    with pytest.raises(UsageError) as caught:
        DecodingOptions("guess", beam=0, temperature=-1, top_p=2, seed=-1, number=0)
    for word in ("guess", "beam is 0", "temperature", "top-p", "seed", "number is 0"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("method", "default"),
    [("beam", DEFAULT_PENALTIES), ("greedy", DEFAULT_PENALTIES), ("sample", SAMPLING_PENALTIES)],
)
def test_default_penalties_unless_others_are_given(method, default):
    assert DecodingOptions(method).penalties_with() == default
    for own in (Penalties(), Penalties.of({"new-chord bonus": 1.0})):
        assert DecodingOptions(method, penalties=own).penalties_with() == own


def test_sampling_has_the_rules_of_part_writing_alone():
    rules = {n: w for n, w in DEFAULT_PENALTIES.weights.items() if n in RULES}
    assert SAMPLING_PENALTIES.weights == rules
    assert set(rules) < set(DEFAULT_PENALTIES.weights)


def test_several_candidates_of_a_beam_search_have_groups():
    assert DecodingOptions(number=5).use_groups
    assert DecodingOptions(beam=2, number=5).use_groups
    for other in (
        DecodingOptions(),
        DecodingOptions(number=5, diversity=0),
        DecodingOptions("sample", number=5),
    ):
        assert not other.use_groups
