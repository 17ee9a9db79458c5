"""A made-up listening test with short tones as clips, and a participant."""

import io
import re
import wave
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bachbot.listening.answer_key import AnswerKey, KeyEntry, write_answer_key
from bachbot.listening.answers import ALL_SEGMENTS, CONDITIONS
from bachbot.listening.trials import Clip, Trial, TrialList, clip_path, trials_digest

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
    """Write the folder of a test and its answer key.

    Returns
    -------
    Path
        The key.
    """
    folder = Path(folder)
    (folder / "clips").mkdir(parents=True)
    listed, entries = [], {}
    for number in range(trials):
        ids = [
            f"{number:04x}{'c1' if side else 'c0'}{number * 7919 % 65536:06x}" for side in (0, 1)
        ]
        for side, name in enumerate(ids):
            (folder / clip_path(name, "wav")).write_bytes(
                tone(220 + 11 * number + side, seconds, rate)
            )
        clips = tuple(Clip(name, seconds, {"wav": clip_path(name, "wav")}) for name in ids)
        trial = Trial(f"{number:04x}aaaaaaaa", CONDITIONS[number % len(CONDITIONS)], clips)
        listed.append(trial)
        bach = number % 2
        entries[trial.id] = KeyEntry(
            trial.condition, ids[bach], ids[1 - bach], "made up", "1 to 4", 0.5, "none", "none", 1
        )
    text = TrialList("Tones", tuple(listed)).to_text().encode()
    (folder / "trials.json").write_bytes(text)
    key = folder.with_name(f"{folder.name}-key.json")
    write_answer_key(AnswerKey(trials_digest(text), 1, entries), key)
    return key


@dataclass
class Clock:
    """A clock that is set forward by hand."""

    now: datetime = NOON

    def __call__(self):
        return self.now

    def forward(self, seconds):
        """Set the clock forward."""
        self.now += timedelta(seconds=seconds)


HEARD = {
    "plays_left": "1",
    "plays_right": "2",
    "heard_left": ALL_SEGMENTS,
    "heard_right": ALL_SEGMENTS,
}


def field_of(page, name):
    """The value of a field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


@dataclass
class Listener:
    """A participant with a browser.

    Parameters
    ----------
    browser : httpx.Client
        Does not follow redirects.
    clock : Clock, optional
        Of the site.
    """

    browser: object
    clock: Clock | None = None
    csrf: str = field(default="", init=False)

    @property
    def name(self):
        """The id of the participant, from the cookie."""
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
        """Get to the first trial, without opening its page."""
        assert self.agree().headers["location"] == "/about"
        return self.post("/about", age=age, experience=experience)

    def look(self, number):
        """Open the page of a trial, and let enough time pass for both clips."""
        page = self.get(f"/trial/{number}")
        assert page.status_code == 200, page.text
        if self.clock:
            self.clock.forward(30)
        return page

    def answer(self, number, chosen="left", **fields):
        """Open a trial and answer it."""
        trial = field_of(self.look(number), "trial")
        return self.send(number, trial, chosen, **fields)

    def send(self, number, trial, chosen="left", **fields):
        return self.post(f"/trial/{number}", **HEARD | {"trial": trial, "chosen": chosen} | fields)
