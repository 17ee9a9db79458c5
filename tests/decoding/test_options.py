import pytest

from bachbot.decoding import DecodingOptions, Penalties
from bachbot.decoding.penalties import DEFAULT_PENALTIES, SAMPLING_PENALTIES
from bachbot.errors import UsageError


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
        ({"beam": 5, "number": 6, "variety": 0}, "a beam of 5 has no 6 candidates"),
        ({"variety": -0.1}, "variety is -0.1: give 0 to 10"),
        ({"variety": 11}, "variety is 11"),
        ({"variety": float("nan")}, "variety is nan"),
        ({"method": "greedy", "number": 2}, "greedy method has one candidate, not 2"),
    ],
)
def test_what_cannot_be(options, message):
    with pytest.raises(UsageError, match=message):
        DecodingOptions(**options)


def test_every_fault_is_named():
    with pytest.raises(UsageError) as caught:
        DecodingOptions("guess", beam=0, temperature=-1, top_p=2, seed=-1, number=0)
    for word in ("guess", "beam is 0", "temperature", "top-p", "seed", "number is 0"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("method", "house"),
    [("beam", DEFAULT_PENALTIES), ("greedy", DEFAULT_PENALTIES), ("sample", SAMPLING_PENALTIES)],
)
def test_the_houses_charges_unless_others_are_given(method, house):
    assert DecodingOptions(method).charged is house
    for own in (Penalties(), Penalties(fresh=1.0)):
        assert DecodingOptions(method, charges=own).charged is own


def test_draws_need_no_help_to_move():
    assert SAMPLING_PENALTIES.rules == DEFAULT_PENALTIES.rules
    assert not SAMPLING_PENALTIES.strikes
    assert not SAMPLING_PENALTIES.fresh


def test_families_are_led_where_several_are_searched_for():
    assert DecodingOptions(number=5).led
    assert DecodingOptions(beam=2, number=5).led
    for other in (
        DecodingOptions(),
        DecodingOptions(number=5, variety=0),
        DecodingOptions("sample", number=5),
    ):
        assert not other.led
