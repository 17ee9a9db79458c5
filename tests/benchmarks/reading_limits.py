"""Measure how long hostile files take to read, and how much memory, one process a file.

::

    python tests/benchmarks/reading_limits.py [--package FOLDER] [--seconds 20] [--record FILE]

The files are those of `hostile_scores.py`, `test_abc_limits.py` and `test_xml_parser.py`: small,
but made to take long. ``--package`` reads them with the bachbot in another folder, such as a
clone of an earlier commit. The table says, of each kind of file, how many were read or refused in
one line, how many failed otherwise or were stopped after so many seconds of processor time or at
so much memory, and the most seconds and memory of a file that was not stopped. The start of
Python and the imports are not counted as time. ``--record`` keeps each file's result; a later run
goes on from there. ``--file "kind: name"``, as often as wanted, takes single files and prints a row
for each.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parents[1]
SUFFIXES = {"abc": ".abc", "kern": ".krn", "midi": ".mid", "musicxml": ".musicxml"}
SMALL = {
    "abc": b"X:1\nK:C\nCDEF|\n",
    "kern": b"**kern\n4c\n4d\n==\n*-\n",
    "midi": bytes.fromhex("4d546864000000060000000101e0")
    + bytes.fromhex("4d54726b0000000d00903c408360803c4000ff2f00"),
    "musicxml": b"<score-partwise><part-list><score-part id='a'><part-name/></score-part>"
    b"</part-list><part id='a'><measure><note><pitch><step>C</step><octave>5</octave></pitch>"
    b"<duration>1</duration></note></measure></part></score-partwise>",
}
"""A score of each kind, read first, so that no file pays for what a reader imports."""


def cases() -> Iterator[tuple[str, str, bytes]]:
    """Kind, name and content of each file."""
    sys.path[:0] = [str(TESTS / "scores" / "readers"), str(TESTS / "scores"), str(TESTS)]
    sys.path.insert(0, str(TESTS.parent))
    import hostile_scores
    import test_abc_limits
    import test_xml_parser

    for name, content in hostile_scores.CASES.items():
        kind, _, what = name.partition(": ")
        yield kind, what, content
    for name, content in test_abc_limits.MANY.items():
        yield "abc", name, test_abc_limits.HEAD + content
    for name, make in test_xml_parser.COSTLY.items():
        yield "musicxml", name, make()


class Limits(NamedTuple):
    """Processor seconds and megabytes of address space after which a file is stopped."""

    seconds: int
    megabytes: int


def measure_all(
    files: Sequence[Path], package: Path, limits: Limits
) -> Iterator[tuple[str, float, int]]:
    """What becomes of each file, processor seconds, and peak memory in MB."""
    words = ["--seconds", str(limits.seconds), "--megabytes", str(limits.megabytes)]
    with subprocess.Popen(
        [sys.executable, __file__, *words, "--read", *files], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(package)}, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            said, took, peak = line.split()
            yield said, float(took), int(peak)


def read_all(files: Sequence[Path], limits: Limits) -> None:
    """Read each file in a process of its own, a copy of this one, and print what became of it."""
    from bachbot.errors import BachbotError
    from bachbot.scores import load_score

    with tempfile.TemporaryDirectory() as folder:
        for kind, content in SMALL.items():
            path = Path(folder, f"score{SUFFIXES[kind]}")
            path.write_bytes(content)
            load_score(path)
    for path in files:
        child = os.fork()
        if child == 0:
            said = "failed"
            start = time.process_time()
            _set_limits(limits)
            try:
                load_score(path)
                said = "read"
            except BachbotError as error:
                said = "failed" if "\n" in str(error) else "refused"
            except MemoryError:
                said = "stopped"
            finally:
                status = Path("/proc/self/status").read_text("ascii")
                [peak] = re.findall(r"VmHWM:\s*(\d+)", status)
                took = time.process_time() - start
                os.write(1, f"{said} {took} {int(peak) // 1024}\n".encode())
                os._exit(0)
        _, status_of = os.waitpid(child, 0)
        if status_of:
            print("stopped", limits.seconds, 0, flush=True)  # noqa: T201


def _set_limits(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.megabytes * 2**20,) * 2)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--package", type=Path, default=TESTS.parent)
    parser.add_argument("--seconds", type=int, default=20, help="of processor time")
    parser.add_argument("--megabytes", type=int, default=1000, help="of address space")
    parser.add_argument("--record", type=Path, help="of results, to go on with")
    parser.add_argument("--read", nargs="*", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--file", action="append", metavar="NAME", help="a file to read")
    options = parser.parse_args()
    limits = Limits(options.seconds, options.megabytes)
    if options.read is not None:
        read_all(options.read, limits)
        return 0
    found: dict[str, tuple[str, float, int]] = {}
    if options.record is not None and options.record.exists():
        found = dict(json.loads(line) for line in options.record.read_text("utf-8").splitlines())
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, Path] = {}
        for kind, what, content in cases():
            name = f"{kind}: {what}"
            if name not in found and name in (options.file or [name]):
                files[name] = Path(folder, f"{len(files)}{SUFFIXES[kind]}")
                files[name].write_bytes(content)
        results = measure_all(list(files.values()), options.package, limits)
        for name, result in zip(files, results, strict=True):
            found[name] = result
            if options.record is not None:
                with options.record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, result]) + "\n")
    lines = table(found) if not options.file else rows({n: found[n] for n in options.file})
    for line in lines:
        print(line)  # noqa: T201
    return 0


def rows(found: dict[str, tuple[str, float, int]]) -> Iterator[str]:
    """The results in Markdown, a row a file."""
    yield "| file | | seconds | memory, MB |"
    yield "|---|---|---:|---:|"
    for name, (said, took, peak) in found.items():
        yield f"| {name} | {said} | {took:.2f} | {peak or ''} |"


def table(found: dict[str, tuple[str, float, int]]) -> Iterator[str]:
    """The results in Markdown, a row a kind."""
    yield "| kind | files | read or refused | failed | stopped | most seconds | most memory, MB |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for kind in SUFFIXES:
        rows = [result for name, result in found.items() if name.startswith(f"{kind}: ")]
        ended = [row for row in rows if row[0] in ("read", "refused")]
        counts = [sum(row[0] == what for row in rows) for what in ("failed", "stopped")]
        seconds = f"{max((row[1] for row in ended), default=0):.2f}"
        memory = max((row[2] for row in ended), default=0)
        yield f"| {' | '.join(map(str, (kind, len(rows), len(ended), *counts, seconds, memory)))} |"


if __name__ == "__main__":
    sys.exit(main())
