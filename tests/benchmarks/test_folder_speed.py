"""Seconds that harmonizing a folder of 20 short tunes takes, with one process and with two.

The tunes are the first four to eight bars of those in ``corpus/examples``. Beside the command,
which decodes each tune alone, stands ``Engine.harmonize_all``, which decodes several in one search.

Run with ``pytest tests/benchmarks/test_folder_speed.py --benchmark-only``; the figures of one run
belong together. On a machine that others use, the processor seconds in ``--benchmark-json`` say
more.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bachbot import Engine
from bachbot.scores import load_score

EXAMPLES = Path(__file__).parents[2] / "corpus" / "examples"
TUNES, ROUNDS = 20, 3


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
    used = after.children_user - before.children_user
    benchmark.extra_info["processor seconds a run"] = used / ROUNDS


@pytest.mark.benchmark(group=f"{TUNES} short tunes")
def test_together(benchmark, folder):
    engine = Engine.load()
    scores = [load_score(path) for path in sorted(folder.iterdir())]
    benchmark.pedantic(lambda: engine.harmonize_all(scores), rounds=ROUNDS)
    benchmark.extra_info["seconds a tune"] = benchmark.stats["min"] / TUNES
