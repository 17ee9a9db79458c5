"""What a soundfont does with a key: which samples it plays, how high, how loud and how long.

Source: SoundFont Technical Specification 2.04, sections 8.1 (generators) and 9 (the synthesis
model). Heeded are ranges of keys and velocities, tuning, loops, the volume envelope, level, place
and the low-pass filter; vibrato and tremolo are not, and the modulation envelope moves the filter
at once to where it is sustained.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bachbot.scores.sound.chunks import Table, Tables, damaged

VELOCITY = 80
"""How hard every key is struck, 1 to 127."""

_MOST_ZONES = 20_000
_INSTRUMENT, _SAMPLE = 41, 53
_KEYS, _VELOCITIES = 43, 44
_ROOT, _SCALE, _MODES, _FILTER = 58, 56, 54, 8
_DELAY, _ATTACK, _HOLD, _DECAY, _RELEASE = 33, 34, 35, 36, 38
_ADDITIVE = frozenset(
    {5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 17, *range(21, 41), 48, 51, 52, _SCALE}
)  # fmt: skip
"""Generators that a preset may add to; the others belong to instruments alone."""
_DEFAULTS = {
    _FILTER: 13500, _ROOT: -1, _SCALE: 100,
    **dict.fromkeys((_DELAY, _ATTACK, _HOLD, _DECAY, _RELEASE), -12000),
}  # fmt: skip

Generators = dict[int, int]


@dataclass(frozen=True)
class Zone:
    """A sample as a preset plays it over a range of keys.

    Parameters
    ----------
    sample : int
        Number of the sample.
    generators : dict of int to int
        Amounts by number of the generator, those of the preset added in.
    low, high : int
        Lowest and highest key.
    """

    sample: int
    generators: Generators
    low: int
    high: int

    def amount(self, generator: int) -> int:
        """The amount of a generator, or the standard's default."""
        return self.generators.get(generator, _DEFAULTS.get(generator, 0))


@dataclass(frozen=True)
class Envelope:
    """How the level of a note goes.

    Parameters
    ----------
    delay, attack, hold : float
        Seconds of silence, of a straight rise and of full level.
    decay, release : float
        Seconds in which the level would fall by 100 dB.
    sustain : float
        Decibels below full at which the decay ends, 0 to 144.
    """

    delay: float
    attack: float
    hold: float
    decay: float
    release: float
    sustain: float


def presets(tables: Tables) -> dict[tuple[int, int], str]:
    """List the presets: (bank, program) to name, in order of the file."""
    heads = tables["phdr"][:-1]
    return {(int(h["bank"]), int(h["program"])): h["name"].decode("latin-1").strip() for h in heads}


def zones_of(tables: Tables, bank: int, program: int) -> list[Zone]:
    """List what a preset plays at the velocity `VELOCITY`.

    Parameters
    ----------
    tables : Tables
        A soundfont.
    bank, program : int
        A preset that it holds.

    Raises
    ------
    UsageError
        If the tables point at what is not there, or the preset is beyond measure.
    """
    heads = tables["phdr"]
    [index, *_] = np.flatnonzero((heads["bank"][:-1] == bank) & (heads["program"][:-1] == program))
    out: list[Zone] = []
    for outer in _zones(tables, heads, int(index), "pbag", "pgen", _INSTRUMENT):
        number = outer[_INSTRUMENT]
        if not 0 <= number < len(tables["inst"]) - 1:
            raise damaged(tables.path, f"its preset {program} names an instrument {number}")
        for inner in _zones(tables, tables["inst"], number, "ibag", "igen", _SAMPLE):
            low, high = _common(outer, inner, _KEYS)
            if low <= high and _sounds(outer, inner):
                out.append(_zone(outer, inner, low, high))
            if len(out) > _MOST_ZONES:
                raise damaged(tables.path, f"its preset {program} has too many parts")
    return out


def envelope(zone: Zone, key: int) -> Envelope:
    """The volume envelope of one key."""
    to_middle = 60 - key
    return Envelope(
        delay=_seconds(zone.amount(_DELAY), 5000),
        attack=_seconds(zone.amount(_ATTACK), 8000),
        hold=_seconds(zone.amount(_HOLD) + zone.amount(39) * to_middle, 5000),
        decay=_seconds(zone.amount(_DECAY) + zone.amount(40) * to_middle, 8000),
        release=_seconds(zone.amount(_RELEASE), 4000),
        sustain=float(np.clip(zone.amount(37), 0, 1440) / 10),
    )


def _seconds(cents: int, most: int) -> float:
    """Seconds, from a time in cents of an octave of one second."""
    return float(2 ** (np.clip(cents, -12000, most) / 1200))


def cutoff(zone: Zone) -> float:
    """Where the low-pass filter cuts, in Hz; 20 kHz and above is no filter."""
    moved = zone.amount(11) * (1 - np.clip(zone.amount(29), 0, 1000) / 1000)
    return float(8.176 * 2 ** (np.clip(zone.amount(_FILTER) + moved, 1500, 13500) / 1200))


def _zones(
    tables: Tables, heads: Table, index: int, bag: str, generator: str, last: int
) -> Iterator[Generators]:
    """Generators of each zone of a preset or instrument, those of its global zone merged in.

    A zone that names neither instrument nor sample is global if it is the first, else nothing.
    """
    bags, records = tables[bag]["generator"], tables[generator]
    first, stop = (int(heads["bag"][i]) for i in (index, index + 1))
    if not first <= stop < len(bags) or bags[stop] >= len(records) + 1:
        raise damaged(tables.path, f"its part '{bag}' is too short")
    common: Generators = {}
    for number in range(first, stop):
        low, high = int(bags[number]), int(bags[number + 1])
        if not low <= high <= len(records):
            raise damaged(tables.path, f"its part '{generator}' is too short")
        if high - low > 200:
            raise damaged(tables.path, f"a zone of '{bag}' has {high - low} generators")
        part = records[low:high]
        own = dict(zip(part["what"].tolist(), part["amount"].tolist(), strict=True))
        if last in own:
            yield {**common, **own}
        elif number == first:
            common = own


def _range(generators: Generators, which: int) -> tuple[int, int]:
    both = generators.get(which, 127 << 8) & 0xFFFF
    return both & 0xFF, both >> 8


def _common(outer: Generators, inner: Generators, which: int) -> tuple[int, int]:
    (a, b), (c, d) = _range(outer, which), _range(inner, which)
    return max(a, c), min(b, d)


def _sounds(outer: Generators, inner: Generators) -> bool:
    low, high = _common(outer, inner, _VELOCITIES)
    return low <= VELOCITY <= high


def _zone(outer: Generators, inner: Generators, low: int, high: int) -> Zone:
    merged = {
        number: inner.get(number, _DEFAULTS.get(number, 0)) + amount
        for number, amount in outer.items()
        if number in _ADDITIVE
    }
    return Zone(inner[_SAMPLE], {**inner, **merged}, low, high)
