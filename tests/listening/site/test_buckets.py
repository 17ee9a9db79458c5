"""How much is let through."""

import pytest

from bachbot.errors import UsageError
from bachbot.listening.site.security import Buckets, Rate
from bachbot.listening.site.site import SiteSettings


class Seconds:
    """A clock that goes on when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Seconds()


def test_a_burst_and_then_by_and_by(clock):
    buckets = Buckets(Rate(3, 0.5), clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]
    clock.now = 1.5
    assert buckets.take("a") == pytest.approx(0.5)
    clock.now = 2
    assert buckets.take("a") == 0
    assert buckets.take("a") == 2


def test_each_has_their_own(clock):
    buckets = Buckets(Rate(1, 1), clock=clock)
    assert [buckets.take(who) for who in "abab"] == [0, 0, 1, 1]


def test_it_fills_no_further_than_full(clock):
    buckets = Buckets(Rate(2, 10), clock=clock)
    buckets.take("a")
    clock.now = 1000
    assert [buckets.take("a") for _ in range(3)][:2] == [0, 0]
    assert buckets.take("a") > 0


def test_memory_has_an_end(clock):
    buckets = Buckets(Rate(1, 1), most=5, clock=clock)
    for number in range(100):
        buckets.take(str(number))
    assert len(buckets) == 5
    assert buckets.take("99") > 0


def test_nobody_is_kept_by_name(clock):
    buckets = Buckets(Rate(1, 1), clock=clock)
    buckets.take("192.0.2.1")
    assert "192.0.2.1" not in repr(vars(buckets))


def test_settings():
    assert SiteSettings(public_url="https://a.example:8443/").host == "a.example:8443"
    assert SiteSettings(public_url="https://a.example").https
    assert not SiteSettings(public_url="http://a.example").https
    for wrong in ({"each": 4}, {"each": 11}, {"heard": 0}, {"admin_token": "x" * 15}):
        with pytest.raises(UsageError):
            SiteSettings(**wrong)
