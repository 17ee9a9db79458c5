"""fluidsynth beside our own player, where it is installed."""

from pathlib import Path

import numpy as np
import pytest
from cents import cents_off
from made_font import sine_font

from bachbot.errors import UsageError
from bachbot.scores.sound import fluid
from bachbot.scores.sound.choice import Sound
from bachbot.scores.sound.effects import mixed
from bachbot.scores.sound.soundfont import read_tables, zones_of
from bachbot.scores.sound.timing import Played
from bachbot.scores.sound.tone import Instrument

pytestmark = pytest.mark.skipif(not fluid.found(), reason="fluidsynth is not installed")
RATE = 44100


@pytest.mark.parametrize("name", ["organ", "strings"])
def test_it_plays_our_font_as_we_do(name: str) -> None:
    """Pitch within 3 cents and level within 1.5 dB, from key to key."""
    sound = Sound.parse(name)
    keys = (40, 48, 55, 60, 67, 72, 79)
    notes = [Played(0, key, 3 * i, 3 * i + 2) for i, key in enumerate(keys)]
    theirs = fluid.rendered(notes, sound, rate=RATE, seconds=3 * len(keys)).T
    read = read_tables(sound.font)
    ours = mixed(notes, Instrument(read, zones_of(read, 0, sound.program), RATE), RATE)
    levels = []
    for i, key in enumerate(keys):
        part = slice(int((3 * i + 0.2) * RATE), int((3 * i + 1.9) * RATE))
        a, b = (s[part].sum(axis=1).astype(float) for s in (ours, theirs))
        assert abs(cents_off(a, key, RATE) - cents_off(b, key, RATE)) < 3
        levels.append(10 * np.log10((a**2).sum() / (b**2).sum()))
    assert np.ptp(levels) < 3


def test_voices_and_times() -> None:
    """Two voices far apart in pitch stand left and right, when they should."""
    notes = [Played(0, 76, 0.5, 1.5), Played(3, 52, 2.5, 3.5)]
    left, right = fluid.rendered(notes, Sound.parse("strings"), rate=RATE, seconds=6)
    assert len(left) == 6 * RATE + 1
    level = [
        [np.sqrt((side[int(a * RATE) : int(b * RATE)] ** 2).mean()) for side in (left, right)]
        for a, b in ((0, 0.45), (0.7, 1.4), (2.7, 3.4))
    ]
    assert max(level[0]) == 0
    assert level[1][0] > 1.3 * level[1][1] > 0
    assert level[2][1] > 1.3 * level[2][0] > 0


def test_what_it_cannot_play(tmp_path: Path) -> None:
    sound = Sound.parse(str(sine_font(tmp_path / "a.sf2")))
    sound.font.write_bytes(b"RIFF")
    with pytest.raises(UsageError, match="fluidsynth cannot play"):
        fluid.rendered([Played(0, 69, 0, 1)], sound, rate=RATE, seconds=2)
