"""Give the readers of scores damaged files, and count what becomes of them.

::

    python tests/scores/fuzz.py --files 10000 --seed 1

Each file is made from a good one by a few changes: bytes flipped, pieces cut out, repeated, moved
or taken from another file, numbers made absurd, words of the format put anywhere. A reader may read
it or refuse it with a `ScoreError` of one line. Any other exception, more than `SECONDS` of
processor time or more than `MEGABYTES` of memory is a fault; the file is then written to the folder
of ``--keep``.

The same seed gives the same files. `test_fuzz.py` runs this for a minute.
"""

import argparse
import io
import re
import resource
import signal
import sys
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "scores"))

from seeds import good_files  # noqa: E402

from bachbot.errors import ScoreError  # noqa: E402
from bachbot.scores import load_score  # noqa: E402

SECONDS = 2.0
"""Processor time that a file may take."""

MEGABYTES = 300
"""Memory that a file may take beyond what the process had."""

LARGEST = 2**20
"""Size at which files are cut: what the two limits are said for."""

_WORDS: dict[str, tuple[bytes, ...]] = {
    "musicxml": (
        b"<!DOCTYPE ", b"<!ENTITY a 'b'>", b"<backup><duration>9999999</duration></backup>",
        b"<divisions>9973</divisions>", b"<divisions>0</divisions>", b"<chord/>", b"<grace/>",
        b"<note><rest/><duration>1</duration></note>", b"<voice>77</voice>", b"<staff>9</staff>",
        b"<measure number='1'>", b"</measure>", b"<part id='P9'>", b"<transpose/>", b"<time/>",
        b"<tie type='start'/>", b"<alter>1e9</alter>", b"<octave>-3</octave>", b"&#0;", b"]]>",
    ),
    "abc": (
        b"X:2\n", b"V:2\n", b"[V:3]", b"K:C\n", b"M:0/4\n", b"M:99/32\n", b"L:1/999\n", b"Z999",
        b"z",
        b"{", b"[", b"(", b"(9", b"&", b"w: a-b-c_*|~\n", b"+:", b"U:T=!fermata!\n",
        b"%%begintext\n",
        b"!D.C.!", b":|", b"|:", b"[1", b"[2", b"-", b">>>", b"A999999", b"A////////", b"\n\n",
    ),
    "kern": (
        b"**kern", b"*^", b"*v", b"*+", b"*x", b"*-", b"!!!OTL: x", b"1%9999c", b"0000c",
        b"4..........c",
        b"q", b"[", b"]", b"_", b";", b"=", b"=:|!", b"*M0/4", b"*M4/0", b"*k[f#c#]", b"\t",
        b".", b"\n",
    ),
    "midi": (
        b"MThd", b"MTrk", b"\xff\x2f\x00", b"\xff\x51\x03\x00\x00\x00",
        b"\xff\x58\x04\x00\x00\x00\x00",
        b"\xff\xff\xff\x7f", b"\xf0\x7f", b"\x90\x40\x40", b"\x99\x40\x40", b"\x80\x40\x00",
        b"\x00" * 8,
    ),
    "mxl": (
        b"PK\x03\x04", b"PK\x01\x02", b"META-INF/container.xml", b"\x0e\x00", b"\x0c\x00",
    ),
}  # fmt: skip
_NUMBERS = (b"0", b"-1", b"1", b"7", b"255", b"65536", b"4294967296", b"1e308", b"nan", b"9" * 40)
_ELEMENTS = 100_000
_DIGITS = re.compile(rb"\d+")


@dataclass
class Counts:
    """What became of the files of each format, and the faults.

    Parameters
    ----------
    outcomes : Counter of (str, str)
        Format and outcome: ``"read"``, ``"refused"`` or ``"fault"``.
    faults : list of (str, str, bytes)
        Format, what happened, and the file.
    slowest, largest : float
        Most processor seconds and megabytes that a file took.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[tuple[str, str, bytes]] = field(default_factory=list)
    slowest: float = 0.0
    largest: float = 0.0

    @property
    def files(self) -> int:
        """How many files there were."""
        return self.outcomes.total()

    def lines(self) -> Iterator[str]:
        """The counts as a Markdown table."""
        yield "| format | files | read | refused | faults |"
        yield "|---|---|---|---|---|"
        for kind in sorted({kind for kind, _ in self.outcomes}):
            found = [self.outcomes[kind, outcome] for outcome in ("read", "refused", "fault")]
            yield f"| {kind} | {sum(found)} | {' | '.join(map(str, found))} |"
        yield f"\nat most {self.slowest:.2f} s of processor time and {self.largest:.0f} MB a file"


def damaged(random: Random, good: dict[str, list[bytes]]) -> tuple[str, bytes]:
    """Make a damaged file: its format and content."""
    kind = random.choice(sorted(good))
    content = bytearray(random.choice(good[kind]))
    if kind == "mxl" and random.random() < 0.5:
        return kind, _repacked(random, good["musicxml"])
    if kind == "musicxml" and random.random() < 0.6:
        return kind, _other_tree(random, bytes(content))
    for _ in range(random.choice((1, 1, 2, 3, 5, 10, 40))):
        _change(random, kind, content, good)
    return kind, bytes(content[:LARGEST])


def _repacked(random: Random, trees: list[bytes]) -> bytes:
    """A well-formed archive of a damaged score."""
    content = bytearray(_other_tree(random, random.choice(trees)))
    if random.random() < 0.2:
        _change(random, "musicxml", content, {"musicxml": trees})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", random.choice((0, 8, 12, 14))) as archive:
        archive.writestr("score.xml", bytes(content))
    out = bytearray(packed.getvalue())
    if random.random() < 0.5:
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def _other_tree(random: Random, content: bytes) -> bytes:
    """Well-formed XML with elements cut out, repeated, moved, renamed or with other texts."""
    root = ElementTree.fromstring(content)
    for _ in range(random.choice((1, 2, 5, 20))):
        holders = [element for element in islice(root.iter(), _ELEMENTS) if len(element)]
        holder = random.choice(holders or [root])
        if not len(holder):
            break
        child = random.choice(list(holder))
        way = random.randrange(6)
        if way == 0:
            holder.remove(child)
        elif way == 1:
            for _ in range(random.choice((1, 2, 30))):
                holder.append(child)
        elif way == 2:
            into = random.choice(holders)
            if all(into is not element for element in islice(child.iter(), _ELEMENTS)):
                into.insert(random.randrange(5), child)
        elif way == 3:
            child.text = random.choice((*_NUMBERS, b"", b"C", b"start", b" 1 ")).decode()
        elif way == 4:
            child.tag = random.choice(holders).tag
        elif child.attrib:
            child.set(random.choice(list(child.attrib)), random.choice(_NUMBERS).decode())
    # What was repeated within what was repeated can be too large to write.
    elements = sum(1 for _ in islice(root.iter(), _ELEMENTS))
    return content if elements == _ELEMENTS else ElementTree.tostring(root)


def _change(random: Random, kind: str, content: bytearray, good: dict[str, list[bytes]]) -> None:
    """Change a file in one place."""
    size = len(content)
    start = random.randrange(size + 1)
    stop = min(size, start + random.choice((1, 2, 8, 40, 200, 2000)))
    way = random.randrange(9)
    if way == 0 and size:
        content[min(start, size - 1)] ^= 1 << random.randrange(8)
    elif way == 1:
        del content[start:stop]
    elif way == 2:
        content[start:start] = content[start:stop] * random.choice((1, 2, 50, 1000))
    elif way == 3:
        other = random.choice(good[kind])
        begin = random.randrange(len(other))
        content[start:stop] = other[begin : begin + random.choice((10, 100, 1000))]
    elif way == 4:
        content[start:start] = random.choice(_WORDS[kind]) * random.choice((1, 1, 1, 2, 300, 5000))
    elif way == 5:
        content[start:stop] = random.randbytes(stop - start)
    elif way == 6:
        numbers = list(_DIGITS.finditer(content, start, min(size, start + 4000)))
        if numbers:
            number = random.choice(numbers)
            content[number.start() : number.end()] = random.choice(_NUMBERS)
    elif way == 7:
        del content[start:]
    else:
        lines = bytes(content).split(b"\n")
        random.shuffle(part := lines[: len(lines) // 2])
        content[:] = b"\n".join(part + lines[len(lines) // 2 :])
    del content[LARGEST:]


class _TooSlow(BaseException):
    """A reader took more than `SECONDS`. No reader catches it."""


@contextmanager
def _limited() -> Iterator[None]:
    def stop(_: int, __: object) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def read(kind: str, content: bytes, counts: Counts) -> None:
    """Read a file, and count what becomes of it."""
    start, memory = time.process_time(), _reset_peak()
    fault = ""
    try:
        with _limited():
            load_score(content, format=kind)  # type: ignore[arg-type]
        outcome = "read"
    except ScoreError as error:
        outcome = "refused"
        if len(str(error).splitlines()) != 1:
            fault = f"a message of several lines: {str(error)[:200]!r}"
    except _TooSlow:
        fault = f"more than {SECONDS} s"
    except Exception as error:
        fault = f"{type(error).__name__}: {str(error)[:200]}"
    used = (_peak() - memory) / 2**20 if memory else 0.0
    counts.slowest = max(counts.slowest, time.process_time() - start)
    counts.largest = max(counts.largest, used)
    if used > MEGABYTES:
        fault = fault or f"{used:.0f} MB"
    if fault:
        outcome = "fault"
        counts.faults.append((kind, fault, content))
    counts.outcomes[kind, outcome] += 1


def _reset_peak() -> int:
    """Bytes that the process has now, from which its peak is counted; 0 where that is not known."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0
    return _peak()


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def fuzz(seed: int, *, files: int | None = None, seconds: float | None = None) -> Counts:
    """Read so many damaged files, or for so many seconds of processor time.

    Parameters
    ----------
    seed : int
        Which files.
    files : int, optional
        How many.
    seconds : float, optional
        For how long.
    """
    good, counts = good_files(), Counts()
    start, number = time.process_time(), 0
    while (files is None or number < files) and (
        seconds is None or time.process_time() - start < seconds
    ):
        random = Random(zlib.crc32(f"{seed} {number}".encode()))
        read(*damaged(random, good), counts)
        number += 1
    return counts


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files with a fault")
    options = parser.parse_args()
    counts = fuzz(options.seed, files=options.files)
    for line in counts.lines():
        print(line)  # noqa: T201
    for number, (kind, fault, content) in enumerate(counts.faults):
        print(f"{number} {kind}: {fault}")  # noqa: T201
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{number}.{kind}").write_bytes(content)
    return 1 if counts.faults else 0


if __name__ == "__main__":
    sys.exit(main())
