"""How well ``bachbot explain`` does where a score has no fermatas.

Nineteen chorales with analyses by hand in music21 are explained three times: with their fermatas,
as one long phrase, and with phrase ends predicted from the tune. The faults (errors and warnings)
with fermatas are taken for the true ones. Run it as::

    python tests/benchmarks/explain_without_fermatas.py

The prepared corpus is needed (`bachbot corpus prepare`).
"""

# ruff: noqa: T201

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "theory"))

from fit_parse_weights import agreement
from roman_text import FILES, labels

from bachbot.corpus.store import PreparedCorpus, default_path
from bachbot.theory.explanation import explain
from bachbot.theory.parse import ParseWeights
from bachbot.theory.phrases import predict_phrase_ends, with_phrase_ends

WAYS = ("fermatas", "one long phrase", "predicted ends")


def three_ways(chorale):
    """A piece with its fermatas, without any, and with fermatas where ends are predicted."""
    bare = replace(chorale, fermata=np.zeros_like(chorale.fermata))
    return chorale, bare, with_phrase_ends(bare, predict_phrase_ends(bare))


def serious(chorale):
    """Where the errors and warnings of a piece are."""
    return {(f.rule, f.frame, f.voices) for f in explain(chorale).faults if f.severity != "remark"}


def main():
    """Print a row for each way."""
    pieces = {p.chorale.name: p.chorale for p in PreparedCorpus.load(default_path()).pieces}
    agreed = np.zeros((3, 4))
    counts = np.zeros((3, 3), dtype=int)  # faults; those that are not true; true ones missed
    for number, file in FILES.items():
        chorale = pieces[file]
        known = labels(number, chorale)
        true = serious(chorale)
        for row, one in enumerate(three_ways(chorale)):
            agreed[row] += agreement([SimpleNamespace(chorale=one, labels=known)], ParseWeights())
            found = serious(one)
            counts[row] += len(found), len(found - true), len(true - found)
        print(f"{file} is done", file=sys.stderr, flush=True)
    print("| phrases end at | root | key | all | faults | not true | missed |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for way, shares, found in zip(WAYS, agreed[:, 1:] / agreed[:, :1], counts, strict=True):
        print(f"| {way} |", " | ".join([*(f"{s:.1%}" for s in shares), *map(str, found)]), "|")


if __name__ == "__main__":
    main()
