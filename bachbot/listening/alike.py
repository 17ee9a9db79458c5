"""Both clips of a pair made alike, so that nothing but the notes tells them apart.

Pages
    Written by the same code, with the same title, key, bars, clefs and fermatas, and no names. Of
    a harmonisation both sides are made from Bach's page: the voices that are common to both are
    copied, and the others, Bach's too, written from the grid.
Sound
    The same instrument, strict tempo and holds, a breath after each, and a short gap before a
    pitch that its voice strikes again, which is heard as a new note on both sides where it is
    written as one. Of a composition nothing is held but the last chord. Then as many samples, and
    the level of the quieter (ITU-R BS.1770-4).
"""

from copy import deepcopy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice
from bachbot.listening.pace import clock, played
from bachbot.listening.pair import Pair
from bachbot.scores import Score, complete, from_chorale, soundings
from bachbot.scores.audio import RATE
from bachbot.scores.sound import fluid
from bachbot.scores.sound.choice import Sound
from bachbot.scores.sound.chunks import read_tables
from bachbot.scores.sound.loudness import levelled, loudness
from bachbot.scores.sound.mix import mixed
from bachbot.scores.sound.room import SECONDS, in_room
from bachbot.scores.sound.timing import Played
from bachbot.scores.sound.tone import Instrument
from bachbot.scores.sound.zones import zones_of

Samples = NDArray[np.float32]
"""Shape [samples, 2] at `RATE`."""


def pages(pair: Pair, title: str) -> tuple[Score, Score]:
    """Bach's page and ours.

    Parameters
    ----------
    pair : Pair
        Two sides.
    title : str
        Of both.
    """
    common = tuple(v for v in Voice if v not in pair.anew)
    page = from_chorale(pair.bach, title)
    if common:
        bach, ours = (complete(page, side, common) for side in (pair.bach, pair.ours))
    else:
        bach, ours = page, from_chorale(pair.ours, title)
    return _nameless(bach), _nameless(ours)


class Stage:
    """Plays pairs on one instrument in one tempo.

    Parameters
    ----------
    sound : str
        What plays: see `Sound.parse`.
    tempo : float
        Quarter notes a minute.

    Raises
    ------
    UsageError
        If there is no such sound.
    """

    def __init__(self, sound: str, tempo: float) -> None:
        self._sound = Sound.parse(sound)
        self._tempo = tempo
        self._instrument: Instrument | None = None
        # bachbot's own instruments are the same with and without fluidsynth.
        if self._sound.shipped or not fluid.found():
            tables = read_tables(self._sound.font)
            zones = zones_of(tables, self._sound.bank, self._sound.program)
            self._instrument = Instrument(tables, zones, RATE)

    def heard(self, pair: Pair, sides: tuple[Score, Score]) -> tuple[Samples, Samples]:
        """Both sides as they sound, equally long and loud.

        Parameters
        ----------
        pair : Pair
            Two sides.
        sides : tuple of two Score
            Their pages.

        Raises
        ------
        UsageError
            If the sound cannot be played.
        """
        time = clock(pair.bach.frames, pair.held, self._tempo)
        count = int((time.starts[-1] + SECONDS) * RATE) + 1
        one, other = (self._side(played(soundings(s), time), count) for s in sides)
        levels = loudness(one, RATE), loudness(other, RATE)
        target = min(levels)
        one, other = (
            samples * np.float32(10 ** ((target - level) / 20))
            for samples, level in zip((one, other), levels, strict=True)
        )
        return one, other

    def _side(self, notes: list[Played], count: int) -> Samples:
        if self._instrument is not None:
            samples = mixed(notes, self._instrument, RATE)
        else:
            wet = fluid.rendered(notes, self._sound, rate=RATE, seconds=count / RATE)
            in_room(wet, RATE)
            samples = wet.T
        whole = np.zeros((count, 2), dtype=np.float32)
        whole[: len(samples)] = samples[:count]
        return levelled(whole, RATE)


def _nameless(score: Score) -> Score:
    """A page without its maker's name."""
    root = deepcopy(score.document.root)
    for element in root.findall("identification"):
        root.remove(element)
    return replace(score, document=replace(score.document, root=root))
