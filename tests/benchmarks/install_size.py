"""Measures what an installation takes: seconds, megabytes, and its largest packages.

::

    python tests/benchmarks/install_size.py [TARGET] [--ref COMMIT] [--no-cache]

TARGET is what ``pip install`` is given, from the root of the repository: ``.`` (the default),
``".[dev]"`` or the like. It goes into a fresh virtual environment in a temporary folder. With
``--ref`` the same target of another commit, which is checked out as a git worktree, is measured
in the same run beside it, in an environment of its own.

Seconds are the wall time of ``pip install`` alone, downloads and the building of bachbot
included, so they depend on the network and on pip's cache: the first of two installations fills
it for the second. ``--no-cache`` makes both download everything. Megabytes (10^6 bytes) are the
sizes of the files under site-packages, less what was there before (pip, and perhaps setuptools).
A package is a distribution with the files that it lists as its own. What pip compiles when it
installs (``.pyc``) is counted.

Needs git for ``--ref``; nothing else beside the standard library.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from compare_commits import ROOT, worktree

LARGEST = 10
"""How many packages are listed."""

BROUGHT = ("pip", "setuptools")
"""What a fresh environment may hold already."""

_SIZES = """
import json
from importlib.metadata import distributions
from pathlib import Path
sizes = {}
for found in distributions():
    paths = {Path(found.locate_file(file)) for file in found.files or ()}
    size = sum(path.stat().st_size for path in paths if path.is_file())
    sizes[found.metadata["Name"]] = size
print(json.dumps(sizes))
"""


@dataclass(frozen=True)
class Installation:
    """What was measured.

    Parameters
    ----------
    seconds : float
        Wall time of ``pip install``.
    size : int
        Bytes of all files under site-packages, less what was there before.
    packages : dict of str to int
        Bytes of each distribution.
    """

    seconds: float
    size: int
    packages: dict[str, int]


def install(target: str, tree: Path, folder: Path, *, cache: bool = True) -> Installation:
    """Install a target in a fresh environment.

    Parameters
    ----------
    target : str
        What ``pip install`` is given.
    tree : Path
        Where it is run.
    folder : Path
        Where the environment is made.
    cache : bool
        Whether pip may use its cache.

    Raises
    ------
    SystemExit
        If it cannot be installed.
    """
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    [site] = folder.rglob("site-packages")
    before = _size(site)
    start = time.perf_counter()
    done = subprocess.run(
        [*pip, *([] if cache else ["--no-cache-dir"]), target],
        cwd=tree, check=False, capture_output=True, text=True,
    )  # fmt: skip
    elapsed = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"pip install {target} failed in {tree}: {done.stderr.strip()}")
    said = subprocess.run(
        [str(python), "-I", "-c", _SIZES], cwd=folder, check=True, capture_output=True, text=True
    )
    sizes = json.loads(said.stdout)
    packages = {name: size for name, size in sizes.items() if name.lower() not in BROUGHT}
    return Installation(elapsed, _size(site) - before, packages)


def _size(folder: Path) -> int:
    """Bytes of all files under a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink())


def report(title: str, found: Installation) -> str:
    """A measured installation in lines."""
    largest = sorted(found.packages.items(), key=lambda item: -item[1])[:LARGEST]
    lines = [
        f"{title}: {found.seconds:.0f} s, {found.size / 1e6:.0f} MB in site-packages, "
        f"{len(found.packages)} packages",
        *(f"  {name:<24} {size / 1e6:8.1f} MB" for name, size in largest),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure one or two commits and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", nargs="?", default=".", metavar="TARGET", help="'.' or '.[dev]'")
    parser.add_argument("--ref", metavar="COMMIT", help="another commit to measure beside this")
    parser.add_argument("--no-cache", action="store_true", help="download everything anew")
    wanted = parser.parse_args()
    cache = not wanted.no_cache
    with tempfile.TemporaryDirectory(prefix="install-size-") as name:
        other = worktree(wanted.ref, Path(name, "tree")) if wanted.ref else nullcontext(None)
        with other as tree:
            if tree is not None:
                before = install(wanted.target, tree, Path(name, "before"), cache=cache)
                title = f"pip install '{wanted.target}' of {wanted.ref}"
                sys.stdout.write(report(title, before))
                sys.stdout.flush()
            now = install(wanted.target, ROOT, Path(name, "now"), cache=cache)
        sys.stdout.write(report(f"pip install '{wanted.target}' of this tree", now))
        if tree is not None:
            sys.stdout.write(
                f"this tree / {wanted.ref}: time {now.seconds / before.seconds:.2f}, "
                f"size {now.size / before.size:.2f}\n"
            )


if __name__ == "__main__":
    main()
