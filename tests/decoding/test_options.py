import pytest

from bachbot.decoding import DecodingOptions
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
        ({"beam": 5, "number": 6}, "a beam of 5 has no 6 candidates"),
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
