"""Wall time of whole commands, each a fresh process, beside a bare interpreter.

Run with ``pytest tests/benchmarks --benchmark-only --benchmark-columns=min,median``.
"""

import subprocess
import sys
from pathlib import Path

import pytest

TWINKLE = Path(__file__).parents[2] / "corpus" / "examples" / "twinkle.musicxml"


def timed(benchmark, arguments, rounds=5, **options):
    def run():
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, **options)

    benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)


@pytest.mark.parametrize("code", ["pass", "import numpy", "import music21", "import torch"])
def test_reference(benchmark, code):
    timed(benchmark, ["-c", code])


def test_help(benchmark):
    timed(benchmark, ["-m", "bachbot", "--help"])


@pytest.mark.parametrize(
    "way", ["--beam=10", "--greedy", "--beam=5", "--beam=20", "--sample", "--number=5"]
)
def test_harmonize(benchmark, tmp_path, way):
    timed(benchmark, ["-m", "bachbot", "harmonize", TWINKLE, way, "-o", tmp_path / "t.musicxml"])


def test_compose_eight_bars(benchmark, tmp_path):
    timed(benchmark, ["-m", "bachbot", "compose", "--bars=8", "-o", tmp_path / "c.musicxml"])


def test_corpus_prepare(benchmark, tmp_path):
    out = tmp_path / "chorales.npz"
    timed(
        benchmark,
        ["-m", "bachbot", "corpus", "prepare", "--force", "--corpus", out],
        rounds=3,
    )
