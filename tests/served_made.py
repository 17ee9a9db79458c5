"""A site in this process, and browsers that use it."""

import asyncio
from dataclasses import dataclass, field

import httpx
from site_made import Clock, Listener

from bachbot.listening.store.answer_store import AnswerStore

SECRET = b"s" * 32


class Browser:
    """Sends requests to an application without following redirects."""

    def __init__(self, app, runner, address="192.0.2.1", base="http://listen.test"):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 4711))
        self._client = httpx.AsyncClient(transport=transport, base_url=base)
        self._runner = runner
        self.cookies = self._client.cookies

    def request(self, method, path, **options):
        return self._runner.run(self._client.request(method, path, **options))

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)


@dataclass
class Served:
    """A site, its store and its clock, and new browsers and listeners for it."""

    store: AnswerStore
    stimuli: object
    app: object
    runner: asyncio.Runner
    clock: Clock = field(default_factory=Clock)

    def browser(self, **options):
        return Browser(self.app, self.runner, **options)

    def listener(self, **options):
        return Listener(self.browser(**options), self.clock)

    def participant(self, listener):
        """What is stored about a listener."""
        return self.store.participant(listener.name)

    def nothing_stored(self):
        """Whether nobody has agreed or answered."""
        counts = self.store.counts()
        return counts.agreed == 0 and counts.answers == 0
