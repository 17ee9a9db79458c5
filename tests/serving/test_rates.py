"""Rate limits by token buckets."""

import pytest

from bachbot.serving.rates import RateLimit, TokenBuckets


class Seconds:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Seconds()


def test_a_burst_and_then_the_long_run_rate(clock):
    buckets = TokenBuckets(RateLimit(3, 0.5), clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]
    clock.now = 1.5
    assert buckets.take("a") == pytest.approx(0.5)
    clock.now = 2
    assert buckets.take("a") == 0
    assert buckets.take("a") == 2


def test_each_client_has_a_bucket(clock):
    buckets = TokenBuckets(RateLimit(1, 1), clock=clock)
    assert [buckets.take(who) for who in "abab"] == [0, 0, 1, 1]


def test_a_bucket_fills_up_to_its_capacity(clock):
    buckets = TokenBuckets(RateLimit(2, 10), clock=clock)
    buckets.take("a")
    clock.now = 1000
    assert [buckets.take("a") for _ in range(3)][:2] == [0, 0]
    assert buckets.take("a") > 0


def test_the_number_of_buckets_is_limited(clock):
    buckets = TokenBuckets(RateLimit(1, 1), max_buckets=5, clock=clock)
    for number in range(100):
        buckets.take(str(number))
    assert len(buckets) == 5
    assert buckets.take("99") > 0


def test_addresses_are_stored_as_hashes(clock):
    buckets = TokenBuckets(RateLimit(1, 1), clock=clock)
    buckets.take("192.0.2.1")
    assert "192.0.2.1" not in repr(vars(buckets))
