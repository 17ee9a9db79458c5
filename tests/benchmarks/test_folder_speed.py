"""Seconds that 24 short tunes take: each alone, side by side, and as a folder.

The tunes are the first four to eight bars of those in ``corpus/examples``. Those of a folder are
decoded side by side, in one process or in two.

Run with ``pytest tests/benchmarks/test_folder_speed.py --benchmark-only -s``; the figures of one
run belong together. On a machine that others use, the processor seconds, which are printed, say
more than the time.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bachbot import Engine
from bachbot.engine.folders.folder_batches import MOST_TUNES
from bachbot.scores import load_score

EXAMPLES = Path(__file__).parents[2] / "corpus" / "examples"
TUNES, ROUNDS = 24, 1


@pytest.fixture
def folder(tmp_path):
    """The tunes as MusicXML."""
    target = tmp_path / "tunes"
    target.mkdir()
    examples = sorted(p for p in EXAMPLES.iterdir() if p.is_file() and p.suffix != ".md")
    for number in range(TUNES):
        root = load_score(examples[number % len(examples)]).document.root
        for part in root.findall("part"):
            for measure in part.findall("measure")[4 + number % 5 :]:
                part.remove(measure)
        (target / f"{number:02d}.musicxml").write_bytes(ElementTree.tostring(root))
    return target


@pytest.mark.benchmark(group=f"{TUNES} short tunes")
@pytest.mark.parametrize("jobs", [1, 2])
def test_jobs(benchmark, folder, tmp_path, jobs):
    out = tmp_path / "out"
    command = ["-m", "bachbot", "harmonize", folder, "-o", out, "--jobs", str(jobs)]

    def run():
        shutil.rmtree(out, ignore_errors=True)
        subprocess.run([sys.executable, *command], check=True, capture_output=True)

    before = os.times()
    benchmark.pedantic(run, rounds=ROUNDS)
    after = os.times()
    assert len(list(out.glob("*.musicxml"))) == TUNES
    benchmark.extra_info["seconds a tune"] = benchmark.stats["min"] / TUNES
    used = (after.children_user - before.children_user) / ROUNDS
    benchmark.extra_info["processor seconds a run"] = used
    print(f"folder, {jobs} jobs: {used:.1f} s of processor time")  # noqa: T201


@pytest.mark.benchmark(group=f"{TUNES} short tunes")
@pytest.mark.parametrize("side_by_side", [1, MOST_TUNES])
def test_one_process(benchmark, folder, side_by_side):
    engine = Engine.load()
    scores = [load_score(path) for path in sorted(folder.iterdir())]
    engine.harmonize(scores[0])  # loads the model

    def run():
        for first in range(0, TUNES, side_by_side):
            engine.harmonize_all(scores[first : first + side_by_side])

    before = time.process_time()
    benchmark.pedantic(run, rounds=ROUNDS)
    used = (time.process_time() - before) / ROUNDS
    benchmark.extra_info["processor seconds a run"] = used
    print(f"{side_by_side} side by side: {used:.1f} s of processor time")  # noqa: T201
