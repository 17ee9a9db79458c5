"""Makes bachbot's soundfont: presets of FluidR3Mono_GM, every sample of them brought into tune.

::

    python tests/scores/make_instruments.py FluidR3Mono_GM.sf3 bachbot/scores/sound/instruments.sf3

The samples are copied as they are; what is measured and changed is the correction of pitch that
stands beside each. It takes a minute on one core. The source is in Debian's package
fluidr3mono-gm-soundfont.
"""

import argparse
from pathlib import Path

import numpy as np
from cents import cents_off
from made_font import INSTRUMENT, KEYS, SAMPLE, Preset, head, soundfont, tables

from bachbot.scores.sound.instruments import PROGRAMS
from bachbot.scores.sound.sampler import Instrument
from bachbot.scores.sound.soundfont import SoundFont, Zone, preset_zones, read_soundfont

RATE = 44100
LOWEST, HIGHEST = 33, 90
"""Keys for which samples are kept."""
_LEFT_OUT = (15, 16, INSTRUMENT, KEYS, 44, SAMPLE)
"""Chorus, reverberation, velocities, and what is written at its place."""


def main(source: Path, target: Path) -> None:
    """Write the soundfont, measure it and write it again in tune, twice."""
    read = read_soundfont(source)
    cents: dict[int, int] = {}
    for _ in range(3):
        target.write_bytes(made(read, cents))
        cents = tuned(read_soundfont(target))
    print(cents)  # noqa: T201


def tuned(font: SoundFont) -> dict[int, int]:
    """The correction of each sample that brings the keys it plays into tune, in cents."""
    out = {}
    for program in PROGRAMS.values():
        for zone in preset_zones(font, 0, program):
            off = deviation(Instrument(font, [zone], RATE), zone)
            out[zone.sample] = round(float(font["shdr"]["cents"][zone.sample]) - off)
    return out


def deviation(instrument: Instrument, zone: Zone) -> float:
    """How far the keys of a zone are off on the whole, in cents: the first two seconds of each."""
    keys = range(max(zone.low, LOWEST), min(zone.high, HIGHEST) + 1)
    tones = [instrument.layers(key, 2)[0].tone[RATE // 10 : 2 * RATE] for key in keys]
    return float(np.mean([cents_off(t, k, RATE) for t, k in zip(tones, keys, strict=True)]))


def made(read: SoundFont, cents: dict[int, int]) -> bytes:
    """A soundfont of the presets of PROGRAMS alone, one layer of velocity of each."""
    pool, heads = b"", []
    presets: list[Preset] = []
    names = {(int(h["bank"]), int(h["program"])): h["name"] for h in read["phdr"][:-1]}
    for program in PROGRAMS.values():
        zones = []
        for zone in sorted(preset_zones(read, 0, program), key=lambda z: z.low):
            if zone.high < LOWEST or zone.low > HIGHEST:
                continue
            one = read["shdr"][zone.sample]
            stream = read.pool[int(one["start"]) : int(one["end"])].tobytes()
            zones.append(
                {KEYS: zone.low | zone.high << 8}
                | {k: v for k, v in sorted(zone.generators.items()) if k not in _LEFT_OUT}
                | {SAMPLE: len(heads)}
            )
            heads.append(
                head(
                    one["name"], (len(pool), len(pool) + len(stream)),
                    (one["loop_start"], one["loop_end"]), one["rate"], one["pitch"],
                    cents.get(len(heads), int(one["cents"])), kind=0x11,
                )
            )  # fmt: skip
            pool += stream
        # The outermost samples reach to the ends of the keyboard.
        zones[0][KEYS] = zones[0][KEYS] >> 8 << 8
        zones[-1][KEYS] = zones[-1][KEYS] & 0xFF | 127 << 8
        presets.append((names[0, program], program, zones))
    return soundfont(tables(presets, heads), pool, b"Organ, choir, strings, piano", version=3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    main(**vars(parser.parse_args()))
