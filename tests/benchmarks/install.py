"""Prints the time that installing bachbot takes, and the room, in environments made for it.

::

    python tests/benchmarks/install.py                      # pip install .
    python tests/benchmarks/install.py --extras "" train    # pip install .  and  ".[train]"
    python tests/benchmarks/install.py --source . ../before # and another checkout

Everything is downloaded anew (``--no-cache-dir``): seconds that pass depend on the network, seconds
of the processor do not. Megabytes are 2**20 bytes of site-packages as the disk counts them,
compiled files included, and pip's own, which every environment holds.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", nargs="+", default=[str(Path(__file__).parents[2])])
    parser.add_argument("--extras", nargs="+", default=[""], help="such as train or train,evaluate")
    parser.add_argument("--heaviest", type=int, default=10, help="packages to list")
    asked = parser.parse_args()
    for extras in asked.extras:
        for source in asked.source:
            target = str(Path(source).resolve()) + (f"[{extras}]" if extras else "")
            with tempfile.TemporaryDirectory() as folder:
                seconds, busy, sizes = install(target, Path(folder))
            whole = f"{seconds:.0f} s, {busy:.0f} s of processor, {sum(sizes.values()):.0f} MB"
            print(f"pip install {target!r}: {whole}", flush=True)  # noqa: T201
            for name, size in sizes.most_common(asked.heaviest):
                print(f"  {size:6.0f} MB  {name}")  # noqa: T201


def install(target, folder):
    """Seconds that passed and of the processor, and megabytes by what lies in site-packages."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir", target],
        check=True,
    )
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    (packages,) = folder.rglob("site-packages")
    sizes = Counter()
    for path in packages.rglob("*"):
        if not path.is_symlink():
            # Blocks of 512 bytes, as du counts them.
            sizes[path.relative_to(packages).parts[0]] += path.stat().st_blocks * 512 / 2**20
    return seconds, busy, sizes


if __name__ == "__main__":
    main()
