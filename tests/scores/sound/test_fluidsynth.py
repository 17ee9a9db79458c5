"""fluidsynth, where it is installed, sounds like our own player."""

from pathlib import Path

import numpy as np
import pytest
from cents import cents_off
from made_font import sine_font

from bachbot.errors import UsageError
from bachbot.scores.sound import fluidsynth
from bachbot.scores.sound.instruments import SoundPreset
from bachbot.scores.sound.mixing import mix
from bachbot.scores.sound.sampler import Instrument
from bachbot.scores.sound.soundfont import preset_zones, read_soundfont
from bachbot.scores.sound.timing import PlayedNote

pytestmark = pytest.mark.skipif(not fluidsynth.is_installed(), reason="fluidsynth is not installed")
RATE = 44100


@pytest.mark.parametrize("name", ["organ", "strings"])
def test_both_players_sound_alike(name: str) -> None:
    """Pitch within 3 cents and level within 1.5 dB, from key to key."""
    sound = SoundPreset.parse(name)
    keys = (40, 48, 55, 60, 67, 72, 79)
    notes = [PlayedNote(0, key, 3 * i, 3 * i + 2) for i, key in enumerate(keys)]
    theirs = fluidsynth.render(notes, sound, rate=RATE, seconds=3 * len(keys)).T
    read = read_soundfont(sound.path)
    ours = mix(notes, Instrument(read, preset_zones(read, 0, sound.program), RATE), RATE)
    levels = []
    for i, key in enumerate(keys):
        part = slice(int((3 * i + 0.2) * RATE), int((3 * i + 1.9) * RATE))
        a, b = (s[part].sum(axis=1).astype(float) for s in (ours, theirs))
        assert abs(cents_off(a, key, RATE) - cents_off(b, key, RATE)) < 3
        levels.append(10 * np.log10((a**2).sum() / (b**2).sum()))
    assert np.ptp(levels) < 3


def test_voices_and_times() -> None:
    """Two voices sound left and right, at their times."""
    notes = [PlayedNote(0, 76, 0.5, 1.5), PlayedNote(3, 52, 2.5, 3.5)]
    left, right = fluidsynth.render(notes, SoundPreset.parse("strings"), rate=RATE, seconds=6)
    assert len(left) == 6 * RATE + 1
    level = [
        [np.sqrt((side[int(a * RATE) : int(b * RATE)] ** 2).mean()) for side in (left, right)]
        for a, b in ((0, 0.45), (0.7, 1.4), (2.7, 3.4))
    ]
    assert max(level[0]) == 0
    assert level[1][0] > 1.3 * level[1][1] > 0
    assert level[2][1] > 1.3 * level[2][0] > 0


def test_damaged_soundfont(tmp_path: Path) -> None:
    sound = SoundPreset.parse(str(sine_font(tmp_path / "a.sf2")))
    sound.path.write_bytes(b"RIFF")
    with pytest.raises(UsageError, match="fluidsynth cannot play"):
        fluidsynth.render([PlayedNote(0, 69, 0, 1)], sound, rate=RATE, seconds=2)
