"""Times three commands of two commits against each other, paired.

::

    python tests/benchmarks/compare_commits.py REF [REF2] [--rounds 10] [--only NAME ...]
        [--old NAME='ARGUMENTS'] [--new NAME='ARGUMENTS']

REF is the commit before, REF2 the one after (HEAD unless given); each is checked out as a git
worktree in a temporary folder. The commands are ``help``, ``harmonize`` and ``compose``; each run
is a fresh process of this interpreter with PYTHONPATH at the worktree, in an empty folder, so the
interpreter must have the dependencies of both commits. They go in the order old, new, new, old,
so that a machine that slows down or speeds up does so for both; two runs of each side make a
round. One run of each side before them is not counted.

Where a flag or a command was renamed, ``--old`` or ``--new`` replaces the arguments of one side.
``{tree}`` in them is the folder of the worktree and ``{out}`` a file to write, for example::

    --old compose='compose --bars 8 --seed 1 -o {out}'

Printed for each command: minimum and median of the wall times of each side in seconds, the ratio
of the medians (new / old, below 1 is faster), and its 95% bootstrap interval: rounds are drawn
with replacement 10,000 times, and the 2.5% and 97.5% quantiles of the ratio are taken (Efron and
Tibshirani, *An introduction to the bootstrap*, 1993). Needs git and NumPy.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

COMMANDS = {
    "help": "--help",
    "harmonize": "harmonize {tree}/corpus/examples/god-rest-ye-merry.abc -o {out}",
    "compose": "compose --bars 8 --seed 1 -o {out}",
}
"""Arguments of ``python -m bachbot``, by name."""

ORDER = ("old", "new", "new", "old")
DRAWS = 10_000


@contextmanager
def worktree(ref: str, folder: Path) -> Iterator[Path]:
    """A commit, checked out in a folder until the block ends."""
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run(
        [*git, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if found.returncode:
        raise SystemExit(f"'{ref}' is no commit here: give a branch, a tag or a hash")
    commit = found.stdout.strip()
    subprocess.run([*git, "worktree", "add", "--quiet", "--detach", folder, commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "worktree", "remove", "--force", folder], check=True)


def seconds(tree: Path, arguments: str, folder: Path) -> float:
    """Wall time of one command of a commit, in seconds.

    Raises
    ------
    SystemExit
        If the command fails.
    """
    words = [word.format(tree=tree, out=folder / "x.musicxml") for word in shlex.split(arguments)]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bachbot", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(tree)},
        check=False,
        capture_output=True,
    )
    elapsed = time.perf_counter() - start
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()
        raise SystemExit(f"bachbot {' '.join(words)} failed in {tree.name}: {why}")
    return elapsed


def measure(
    trees: dict[str, Path], arguments: dict[str, str], rounds: int, folder: Path
) -> dict[str, np.ndarray]:
    """Wall times of each side in seconds, shape [rounds, 2]."""
    for side in ("old", "new"):
        seconds(trees[side], arguments[side], folder)
    times: dict[str, list[list[float]]] = {"old": [], "new": []}
    for _ in range(rounds):
        for side in times:
            times[side].append([])
        for side in ORDER:
            times[side][-1].append(seconds(trees[side], arguments[side], folder))
    return {side: np.array(found) for side, found in times.items()}


def ratio(old: np.ndarray, new: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float]:
    """Ratio of the medians, new / old, and its 95% interval.

    Parameters
    ----------
    old, new : ndarray of float, shape [rounds, 2]
        Wall times of the same rounds.
    rng : Generator
        Draws the rounds.
    """
    rows = rng.integers(len(old), size=(DRAWS, len(old)))  # [draws, rounds]
    drawn = [np.median(side[rows].reshape(DRAWS, -1), axis=1) for side in (old, new)]
    low, high = np.quantile(drawn[1] / drawn[0], [0.025, 0.975])
    return float(np.median(new) / np.median(old)), float(low), float(high)


def _override(text: str) -> tuple[str, str]:
    name, equals, arguments = text.partition("=")
    if not equals or name not in COMMANDS:
        raise argparse.ArgumentTypeError(
            f"'{text}' replaces no command: give one of {', '.join(COMMANDS)}, '=' and arguments"
        )
    return name, arguments


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of rounds: give 1 or more")
    return int(text)


def parsed(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments of the script."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old_ref", metavar="REF", help="the commit before")
    parser.add_argument("new_ref", metavar="REF2", nargs="?", default="HEAD", help="the one after")
    parser.add_argument("--rounds", type=_count, default=10, help="of two runs a side (10)")
    parser.add_argument("--only", nargs="+", choices=list(COMMANDS), help="some of the commands")
    for side in ("old", "new"):
        parser.add_argument(
            f"--{side}", action="append", default=[], type=_override, metavar="NAME=ARGUMENTS",
            help=f"other arguments on the {side} side",
        )  # fmt: skip
    return parser.parse_args(argv)


def main() -> None:
    """Measure both commits and print the table."""
    wanted = parsed()
    sides = {side: COMMANDS | dict(getattr(wanted, side)) for side in ("old", "new")}
    rng = np.random.default_rng(0)
    say = sys.stdout.write
    with (
        tempfile.TemporaryDirectory(prefix="compare-commits-") as name,
        worktree(wanted.old_ref, Path(name, "old")) as old,
        worktree(wanted.new_ref, Path(name, "new")) as new,
    ):
        folder = Path(name, "files")
        folder.mkdir()
        trees = {"old": old, "new": new}
        say(f"old {wanted.old_ref}, new {wanted.new_ref}; {2 * wanted.rounds} runs a side; s\n")
        say(f"{'':10} {'old min':>8} {'median':>8} {'new min':>8} {'median':>8}   ratio (95%)\n")
        for command in wanted.only or COMMANDS:
            arguments = {side: sides[side][command] for side in sides}
            times = measure(trees, arguments, wanted.rounds, folder)
            figures = "".join(
                f" {times[side].min():8.3f} {np.median(times[side]):8.3f}" for side in trees
            )
            middle, low, high = ratio(times["old"], times["new"], rng)
            say(f"{command:10}{figures}   {middle:.3f} ({low:.3f} to {high:.3f})\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
