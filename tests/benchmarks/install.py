"""Prints the time that installing bachbot takes, and the room, in environments made for it.

::

    python tests/benchmarks/install.py                      # pip install .
    python tests/benchmarks/install.py --extras "" train    # pip install .  and  ".[train]"
    python tests/benchmarks/install.py --source ../before   # another checkout, to compare with

Everything is downloaded anew (``--no-cache-dir``), so seconds hang on the network too: compare
within one run of this script. Megabytes are 2**20 bytes of site-packages as the disk counts them,
compiled files included, and those of pip itself, which every environment holds.
"""

import argparse
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
    parser.add_argument("--keep", type=Path, help="folder to leave the environments in")
    asked = parser.parse_args()
    for extras in asked.extras:
        for source in asked.source:
            target = f"{Path(source).resolve()}[{extras}]" if extras else str(Path(source).resolve())
            with tempfile.TemporaryDirectory(dir=asked.keep, delete=asked.keep is None) as folder:
                seconds, sizes = install(target, Path(folder))
            where = f" in {folder}" if asked.keep else ""
            print(f"pip install {target!r}{where}: {seconds:.0f} s, {sum(sizes.values()):.0f} MB")
            for name, size in sizes.most_common(asked.heaviest):
                print(f"  {size:6.0f} MB  {name}")


def install(target, folder):
    """Seconds that it took, and megabytes by what lies in site-packages."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    bin_ = folder / ("Scripts" if sys.platform == "win32" else "bin")
    begun = time.perf_counter()
    subprocess.run(
        [bin_ / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir", target], check=True
    )
    seconds = time.perf_counter() - begun
    (packages,) = folder.rglob("site-packages")
    sizes = Counter()
    for path in packages.rglob("*"):
        if not path.is_symlink():
            # Blocks of 512 bytes, as du counts them.
            sizes[path.relative_to(packages).parts[0]] += path.stat().st_blocks * 512 / 2**20
    return seconds, sizes


if __name__ == "__main__":
    main()
