"""Limits of how often one client may do something."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimit:
    """A rate limit by token bucket.

    Parameters
    ----------
    burst : float
        Requests at once: the capacity of the bucket.
    per_second : float
        Requests per second in the long run.
    """

    burst: float
    per_second: float


class TokenBuckets:
    """One token bucket for each client, in memory.

    Clients are stored only as hashes, with a salt that is lost when the process ends.

    Parameters
    ----------
    limit : RateLimit
        Of each bucket.
    max_buckets : int
        Largest number of buckets; the least recently used one is dropped first.
    clock : callable
        Monotonic time in seconds.
    """

    def __init__(
        self,
        limit: RateLimit,
        max_buckets: int = 50_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._max_buckets, self._clock = limit, max_buckets, clock
        self._salt = secrets.token_bytes(16)
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take a token.

        Returns
        -------
        float
            0 if there was one, else the number of seconds until there is one.
        """
        key = hashlib.blake2b(client.encode(), digest_size=16, key=self._salt).digest()
        now = self._clock()
        tokens, since = self._buckets.pop(key, (self._limit.burst, now))
        tokens = min(self._limit.burst, tokens + (now - since) * self._limit.per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._limit.per_second
        self._buckets[key] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._buckets)
