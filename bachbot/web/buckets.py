"""How much somebody may ask for at once, and how much in the long run (token buckets)."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """How much is let through.

    Parameters
    ----------
    burst : float
        At once.
    each_second : float
        In the long run.
    """

    burst: float
    each_second: float


class Buckets:
    """One bucket for everybody who comes by, in memory alone.

    Who somebody is is kept only as a hash with a salt that dies with the process.

    Parameters
    ----------
    rate : Rate
        What each bucket lets through.
    most : int
        Buckets that are kept; the one unused for longest goes first.
    clock : callable
        Seconds that only go forward.
    """

    def __init__(
        self, rate: Rate, most: int = 50_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._most, self._clock = rate, most, clock
        self._salt = secrets.token_bytes(16)
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> float:
        """Take one.

        Returns
        -------
        float
            0 where there was one, else seconds until there is.
        """
        key = hashlib.blake2b(who.encode(), digest_size=16, key=self._salt).digest()
        now = self._clock()
        left, since = self._left.pop(key, (self._rate.burst, now))
        left = min(self._rate.burst, left + (now - since) * self._rate.each_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate.each_second
        self._left[key] = (left if wait else left - 1, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._left)
