"""Measure how long hostile files take to read, and how much memory, one process a file.

::

    python tests/benchmarks/reading_limits.py [--package FOLDER] [--seconds 60] [--record FILE]

The files are those of `hostile_scores.py`, `test_abc_limits.py` and `test_xml_parser.py`: small,
but made to take long. ``--package`` reads them with the bachbot in another folder, such as a
clone of an earlier commit. The table says, of each kind of file, how many were read or refused in
one line, how many failed otherwise or were stopped after so many seconds of processor time or at
so much memory, and the most seconds and memory of a file that was not stopped. The start of
Python and the imports are not counted as time. ``--record`` keeps each file's result; a later run
goes on from there.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
SUFFIXES = {"abc": ".abc", "kern": ".krn", "midi": ".mid", "musicxml": ".musicxml"}
CHILD = """
import re, sys, time
from bachbot.scores import load_score
from bachbot.errors import BachbotError
start = time.process_time()
said = "read"
try:
    load_score(sys.argv[1])
except BachbotError as error:
    said = "failed" if chr(10) in str(error) else "refused"
took = time.process_time() - start
peak = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())
print(said, took, int(peak[1]) // 1024)
"""


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


def measure(path: Path, package: Path, seconds: int, megabytes: int) -> tuple[str, float, int]:
    """What becomes of a file, processor seconds, and peak memory in MB."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))

    done = subprocess.run(
        [sys.executable, "-c", CHILD, path], env=os.environ | {"PYTHONPATH": str(package)},
        capture_output=True, text=True, preexec_fn=limit, check=False,
    )  # fmt: skip
    if done.returncode < 0 or "MemoryError" in done.stderr:
        return "stopped", seconds, megabytes
    if done.returncode:
        return "failed", 0.0, 0
    said, took, peak = done.stdout.split()
    return said, float(took), int(peak)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--package", type=Path, default=TESTS.parent)
    parser.add_argument("--seconds", type=int, default=60, help="of processor time, with imports")
    parser.add_argument("--megabytes", type=int, default=4000, help="of address space")
    parser.add_argument("--record", type=Path, help="of results, to go on with")
    options = parser.parse_args()
    found: dict[str, tuple[str, float, int]] = {}
    if options.record is not None and options.record.exists():
        found = dict(json.loads(line) for line in options.record.read_text("utf-8").splitlines())
    with tempfile.TemporaryDirectory() as folder:
        for kind, what, content in cases():
            name = f"{kind}: {what}"
            if name in found:
                continue
            path = Path(folder, f"score{SUFFIXES[kind]}")
            path.write_bytes(content)
            found[name] = measure(path, options.package, options.seconds, options.megabytes)
            if options.record is not None:
                with options.record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, found[name]]) + "\n")
    for line in table(found):
        print(line)  # noqa: T201
    return 0


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
