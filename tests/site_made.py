"""A made-up listening test with short tones for clips, and somebody who takes it."""

import io
import re
import wave
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bachbot.listening.answer_key import Solution, Solutions, write_solutions
from bachbot.listening.answers import EVERYTHING, KINDS
from bachbot.listening.trials import Clip, Trial, Trials, digest, path_of

NOON = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
TOKEN = "a token of many characters"


def tone(hertz, seconds, rate=8000):
    """A WAV file of one tone."""
    time = np.arange(round(seconds * rate)) / rate
    sound = (8000 * np.sin(2 * np.pi * hertz * time)).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.tobytes())
    return out.getvalue()


def make_test(folder, trials=14, seconds=2.0, rate=8000):
    """Write a test's folder and the key beside it.

    Returns
    -------
    Path
        Of the key.
    """
    folder = Path(folder)
    (folder / "clips").mkdir(parents=True)
    pairs, behind = [], {}
    for number in range(trials):
        ids = [
            f"{number:04x}{'c1' if side else 'c0'}{number * 7919 % 65536:06x}" for side in (0, 1)
        ]
        for side, name in enumerate(ids):
            (folder / path_of(name, "wav")).write_bytes(
                tone(220 + 11 * number + side, seconds, rate)
            )
        clips = tuple(Clip(name, seconds, {"wav": path_of(name, "wav")}) for name in ids)
        trial = Trial(f"{number:04x}aaaaaaaa", KINDS[number % len(KINDS)], clips)
        pairs.append(trial)
        bach = number % 2
        behind[trial.id] = Solution(
            trial.kind, ids[bach], ids[1 - bach], "made up", "1 to 4", 0.5, "none", "none", 1
        )
    text = Trials("Tones", tuple(pairs)).spelled().encode()
    (folder / "trials.json").write_bytes(text)
    key = folder.with_name(f"{folder.name}-key.json")
    write_solutions(Solutions(digest(text), 1, behind), key)
    return key


@dataclass
class Clock:
    """A clock that goes on when it is told to."""

    now: datetime = NOON

    def __call__(self):
        return self.now

    def forward(self, seconds):
        """Let so many pass."""
        self.now += timedelta(seconds=seconds)


HEARD = {
    "plays_left": "1",
    "plays_right": "2",
    "heard_left": EVERYTHING,
    "heard_right": EVERYTHING,
}


def field_of(page, name):
    """The value of a field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


@dataclass
class Listener:
    """Somebody with a browser.

    Parameters
    ----------
    browser : httpx.Client
        That does not follow redirects by itself.
    clock : Clock, optional
        The site's.
    """

    browser: object
    clock: Clock | None = None
    csrf: str = field(default="", init=False)

    @property
    def name(self):
        """The participant's, out of the cookie."""
        return self.browser.cookies["listener"].split(".")[0]

    def get(self, path):
        return self.browser.get(path)

    def post(self, path, **fields):
        return self.browser.post(path, data={"csrf": self.csrf} | fields)

    def arrive(self):
        """Open the first page."""
        page = self.get("/")
        assert page.status_code == 200
        self.csrf = field_of(page, "csrf")
        return page

    def agree(self):
        self.arrive()
        return self.post("/consent", agree="yes")

    def begin(self, age="26-45", experience="novice"):
        """Come as far as the first trial's page, not yet shown."""
        assert self.agree().headers["location"] == "/about"
        return self.post("/about", age=age, experience=experience)

    def look(self, number):
        """Look at a trial's page, and hear both clips as far as the clock goes."""
        page = self.get(f"/trial/{number}")
        assert page.status_code == 200, page.text
        if self.clock:
            self.clock.forward(30)
        return page

    def answer(self, number, chosen="left", **fields):
        """Look at a trial and answer it."""
        trial = field_of(self.look(number), "trial")
        return self.send(number, trial, chosen, **fields)

    def send(self, number, trial, chosen="left", **fields):
        return self.post(f"/trial/{number}", **HEARD | {"trial": trial, "chosen": chosen} | fields)
