"""Two hundred people at once, from consent to thanks, without pauses.

Run with ``pytest tests/benchmarks/test_listen_load.py --benchmark-only``. Each has a connection of
their own to one server process, fetches both clips of every pair, reports four times what was
played, and answers; the next request is sent as soon as the last one is answered. The clients run
on the same cores as the server. Seconds are from the request to the whole response.
"""

import asyncio
import ssl
import sys
from collections import defaultdict

import httpx
import numpy as np
import pytest
from postgres_made import new_postgresql
from server_made import serving
from site_made import HEARD, field_of, make_test

from bachbot.listening.store.answer_store import read_answers

PEOPLE, TRIALS = 200, 10
SECONDS, RATE = 0.3, 400_000
"""A clip of 240 kB, as half a minute of MP3 has, that nobody has to wait for."""


UNUSED = ssl.create_default_context()
"""Made once: each browser would spend more on its own than on all its requests."""


class Person:
    """One participant, in haste.

    Parameters
    ----------
    url : str
        Of the server.
    number : int
        Whose turn it is to choose which side.
    took : dict of str to list of float
        Seconds of every request, by what it was for.
    """

    def __init__(self, url, number, took):
        self.number, self.took = number, took
        limits = httpx.Limits(max_connections=1)
        self.browser = httpx.AsyncClient(base_url=url, timeout=120, limits=limits, verify=UNUSED)
        self.acknowledged = []
        self.waited = 0

    async def take(self):
        """The whole test."""
        async with self.browser:
            page = await self.ask("page", "GET", "/")
            self.csrf = field_of(page, "csrf")
            await self.post("form", "/consent", 303, agree="yes")
            await self.post("form", "/about", 303, age="26-45", experience="novice")
            for position in range(1, TRIALS + 1):
                await self.trial(position)
            page = await self.ask("page", "GET", "/thanks")
            assert f"of {TRIALS}" in page.text

    async def trial(self, position):
        """Play both clips and answer."""
        page = await self.ask("page", "GET", f"/trial/{position}")
        trial = field_of(page, "trial")
        clips = [part.split('"')[0] for part in page.text.split('<source src="')[1:]]
        assert len(clips) == 2
        for clip in clips:
            response = await self.ask("clip", "GET", clip)
            assert len(response.content) > 2 * SECONDS * RATE
        for part in (10, 20, 30, 40):
            heard = HEARD | {"trial": trial, "heard_left": "1" * part + "0" * (50 - part)}
            await self.post("heard", f"/trial/{position}/playback", 204, **heard)
        chosen = ("left", "right")[(self.number + position) % 2]
        answer = HEARD | {"trial": trial, "chosen": chosen}
        await self.post("answer", f"/trial/{position}", 303, **answer)
        name = self.browser.cookies["listener"].split(".")[0]
        self.acknowledged.append((name, trial, chosen))

    async def post(self, what, path, wanted, **fields):
        response = await self.ask(what, "POST", path, data={"csrf": self.csrf} | fields)
        assert response.status_code == wanted, response.text

    async def ask(self, what, method, path, **options):
        """Send a request, and again if the server says to wait."""
        while True:
            start = asyncio.get_running_loop().time()
            response = await self.browser.request(method, path, **options)
            self.took[what].append(asyncio.get_running_loop().time() - start)
            if response.status_code != 429:
                assert response.status_code < 400, response.text
                return response
            self.waited += 1
            await asyncio.sleep(int(response.headers["retry-after"]))


def report(name, seconds, took, waited):
    """The measurements as lines of text."""
    every = np.concatenate([np.array(v) for v in took.values()])
    lines = [
        "",
        f"{name}: {PEOPLE} people in {seconds:.0f} s, {len(every)} requests, "
        f"{len(every) / seconds:.0f} a second, {waited} told to wait",
    ]
    for what, values in [*took.items(), ("all", every)]:
        p50, p95, p99 = np.percentile(values, (50, 95, 99))
        lines.append(
            f"  {what:7}{len(values):7}  p50 {p50:.3f} s  p95 {p95:.3f} s  p99 {p99:.3f} s  "
            f"max {max(values):.3f} s"
        )
    return "\n".join([*lines, ""])


@pytest.mark.benchmark(group="200 people")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_two_hundred_at_once(benchmark, tmp_path, database, capsys):
    folder = tmp_path / "test"
    make_test(folder, trials=21, seconds=SECONDS, rate=RATE)
    url = new_postgresql() if database == "postgresql" else f"sqlite:///{tmp_path}/answers.db"
    took = defaultdict(list)

    async def everybody(people):
        await asyncio.gather(*(person.take() for person in people))

    with serving(folder, "--database", url) as (_, address):
        people = [Person(address, number, took) for number in range(PEOPLE)]
        benchmark.pedantic(lambda: asyncio.run(everybody(people)), rounds=1)
    acknowledged = {row for person in people for row in person.acknowledged}
    stored = [(row.participant, row.trial, row.chosen) for row in read_answers(url).rows()]
    assert len(acknowledged) == PEOPLE * TRIALS
    assert sorted(stored) == sorted(acknowledged)
    seconds = benchmark.stats["min"]
    waited = sum(person.waited for person in people)
    benchmark.extra_info["requests a second"] = sum(map(len, took.values())) / seconds
    benchmark.extra_info["p99 of answers"] = float(np.percentile(took["answer"], 99))
    with capsys.disabled():
        sys.stdout.write(report(database, seconds, took, waited))
