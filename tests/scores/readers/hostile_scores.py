"""Small files of kern and MIDI that ask for much: ``CASES``, each of at most 1 MB.

Run as a script, it reads each and prints a line: name, CPU seconds, and peak memory so far in MB.
"""

import contextlib
import random
import re
import struct
from pathlib import Path

MEGABYTE = 10**6


def midi_file(*tracks, division=480):
    """A MIDI file of tracks of bytes."""
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks) & 0xFFFF, division)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(t)) + t for t in tracks)


def _spines(count, cell):
    return b"\t".join([cell] * count) + b"\n"


def _random(mask):
    generator = random.Random(7)
    return bytes(byte & mask for byte in generator.randbytes(MEGABYTE))


_NOTE = b"\0\x90\x3c\x40\x60\x90\x3c\0"
_LONG = b"\xff\xff\xff\x7f"
_MANY = _spines(60, b"**kern") + (_spines(60, b"=") + _spines(60, b"4c") * 2) * 108

CASES = {
    "midi: a note of 2^28 ticks": midi_file(b"\0\x90\x3c\x40" + _LONG + b"\x80\x3c\x40"),
    "midi: a note after 2^28 ticks": midi_file(_LONG + _NOTE[1:]),
    "midi: a note that is not ended and then 2^28 ticks": midi_file(
        b"\0\x90\x3c\x40" + _LONG + b"\xff\x2f\0"
    ),
    "midi: empty tracks": midi_file(*[b""] * (MEGABYTE // 8)),
    "midi: tracks of a note": midi_file(*[_NOTE] * (MEGABYTE // 16)),
    "midi: controllers": midi_file(b"\0\xb0\x07\x40" + b"\0\x07\x40" * (MEGABYTE // 3)),
    "midi: empty texts": midi_file(b"\0\xff\x01\0" * (MEGABYTE // 4)),
    "midi: lyrics": midi_file(b"\0\xff\x05\x01a" * (MEGABYTE // 5)),
    "midi: time signatures": midi_file(
        b"\1\xff\x58\x04\4\2\x18\x08" * (MEGABYTE // 8), division=32767
    ),
    "midi: time signatures of a 64th": midi_file(
        b"\0\xff\x58\x04\1\6\x18\x08\0\x90\x3c\x40" + b"\xbf\0\x3c\0\0\x3c\x40" * 4000,
        division=8000,
    ),
    "midi: notes": midi_file(b"\0\x90\x3c\x40" + b"\x60\x3c\0\0\x3c\x40" * (MEGABYTE // 6)),
    "midi: notes of no length": midi_file(
        b"\0\x90\x3c\x40" + b"\0\x3c\0\0\x3c\x40" * (MEGABYTE // 6)
    ),
    "midi: as many notes as are read": midi_file(
        b"\0\x90\x3c\x40" + b"\x81\0\x3c\0\0\x3c\x40" * 15_000
    ),
    "midi: system message beyond the end": midi_file(b"\0\xf0" + _LONG + b"a" * MEGABYTE),
    "midi: system messages": midi_file(b"\0\xf0\1\xf7" * (MEGABYTE // 4)),
    "midi: noise": midi_file(_random(0xFF)),
    "midi: data without status": midi_file(_random(0x7F)),
    "midi: notes and noise": midi_file(b"\0\x90\x3c\x40" + _random(0x7F)),
    "midi: tempo 0": midi_file(b"\0\xff\x51\x03\0\0\0" + _NOTE),
    "midi: meter 0": midi_file(b"\0\xff\x58\x04\0\xff\0\0" + _NOTE),
    "midi: a chunk of 4 GB": midi_file()[:14] + b"MTrk\xff\xff\xff\xff" + _NOTE,
    "midi: a header of 4 GB": b"MThd\xff\xff\xff\xff" + midi_file(_NOTE)[8:],
    "midi: only a header": midi_file(),
    "midi: half a header": b"MThd\0\0\0\6\0",
    "kern: a note of 9999 whole notes": b"**kern\n1%9999c\n*-",
    "kern: null cells": b"**kern\n4c\n" + b".\n" * (MEGABYTE // 2),
    "kern: null interpretations": b"**kern\n4c\n" + b"*\n" * (MEGABYTE // 2),
    "kern: bar lines": b"**kern\n4c\n" + b"=\n" * (MEGABYTE // 2),
    "kern: bars of a rest": b"**kern\n4c\n" + b"=\n4r\n" * (MEGABYTE // 5),
    "kern: no bar lines": b"**kern\n" + b"4c\n" * 4000 + b"*-",
    "kern: no bar lines in many spines": _spines(60, b"**kern") + _spines(60, b"000c") * 128,
    "kern: grace notes": b"**kern\n" + b"qc\n" * (MEGABYTE // 3),
    "kern: a chord": b"**kern\n" + b"4c " * (MEGABYTE // 3),
    "kern: digits": b"**kern\n" + b"4" * MEGABYTE + b"c",
    "kern: percent signs": b"**kern\n" + b"4%" * (MEGABYTE // 2) + b"c",
    "kern: letters": b"**kern\n4" + b"c" * MEGABYTE,
    "kern: sharps": b"**kern\n4c" + b"#" * MEGABYTE,
    "kern: slurs": b"**kern\n4c" + b"(" * MEGABYTE,
    "kern: marks": b"**kern\n4c" + b"'^~T" * (MEGABYTE // 4),
    "kern: spines": b"\t".join([b"**kern"] * (MEGABYTE // 7)),
    "kern: spines that split": b"**kern\n" + b"\n".join(
        b"\t".join([b"*^"] * 2**power) for power in range(17)
    ),
    "kern: splits and joins": b"**kern\n" + b"*^\n*v\t*v\n" * (MEGABYTE // 9) + b"4c",
    "kern: spines that change places": b"**kern\t**kern\n" + b"*x\t*x\n" * (MEGABYTE // 6),
    "kern: spines that are added": (
        b"**kern\n4c\n" + b"*+\n*\t**kern\n4c\t4c\n*\t*-\n" * (MEGABYTE // 24)
    ),
    "kern: meters": b"**kern\n" + b"*M4/4\n" * (MEGABYTE // 6) + b"4c",
    "kern: a meter": b"**kern\n*M" + b"1+" * (MEGABYTE // 2) + b"\n4c",
    "kern: bars of a 64th": b"**kern\n*M1/64\n" + b"0c\n" * 500,
    "kern: lengths without common divisor": b"**kern\n" + b"".join(
        b"%dc\n" % number for number in range(1, 9999)
    ),
    "kern: a syllable": b"**kern\t**text\n4c\t" + b"&amp;" * (MEGABYTE // 5),
    "kern: records": b"!!!OTL: a\n" * (MEGABYTE // 10) + b"**kern\n4c\n*-",
    "kern: pieces": b"**kern\n4c\n*-\n" * (MEGABYTE // 13),
    "kern: a bar line": b"**kern\n4c\n=" + b":|" * (MEGABYTE // 2) + b"\n4c",
    "kern: a note that sounds on": b"**kern\t**kern\n000c\t4c\n" + b"=\t=\n.\t4c\n" * 120,
    "kern: as many notes as are read": _MANY,
}  # fmt: skip


def peak():
    """Most megabytes so far; getrusage would count the process that this one was started from."""
    import resource

    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main():
    """Read each case."""
    import sys
    import time

    from bachbot.errors import ScoreError
    from bachbot.scores import load_score

    for name, content in CASES.items():
        start = time.process_time()
        with contextlib.suppress(ScoreError):
            load_score(content, format=name.partition(":")[0])
        took = time.process_time() - start
        sys.stdout.write(f"{name}\t{took:.3f}\t{peak()}\n")


if __name__ == "__main__":
    main()
