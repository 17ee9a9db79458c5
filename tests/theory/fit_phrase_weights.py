"""Fits the weights of `bachbot.theory.phrases` to the fermatas of Bach's chorales.

::

    python tests/theory/fit_phrase_weights.py [--rounds 3]

An averaged structured perceptron on the training part of the tune split: each tune is divided with
the present weights, and the features of Bach's own division that ours lacks gain, those that it
has too many of lose. Printed are the weights, and precision and recall of the ends within the tune
(its last note, an end for everyone, does not count) on the validation part. Takes minutes.
"""

import argparse
import sys

import numpy as np

from bachbot.chorale import Voice
from bachbot.corpus.store import PreparedCorpus, default_path
from bachbot.theory.phrases import END_FEATURES, PHRASE_FEATURES, TuneNotes, best_division


def true_ends(chorale):
    """The last note of each of Bach's phrases, by its fermatas and the end of the piece."""
    notes = TuneNotes(chorale)
    ends = np.flatnonzero(chorale.fermata[notes.starts])
    return notes, sorted({*ends.tolist(), len(notes.starts) - 1})


def features(notes, ends):
    total = np.zeros(len(END_FEATURES) + len(PHRASE_FEATURES))
    before, first = -1, 0
    for last in ends:
        total[: len(END_FEATURES)] += notes.end_features[last]
        total[len(END_FEATURES) :] += notes.phrase_features(first, last, before)
        before, first = first, last + 1
    return total


def divide(notes, weights):
    split = len(END_FEATURES)
    return best_division(notes, notes.end_features @ weights[:split], weights[split:])


def accuracy(pieces, weights):
    """Precision and recall of the ends within the tunes."""
    hits = found = wanted = 0
    for notes, ends in pieces:
        ours, bachs = set(divide(notes, weights)[:-1]), set(ends[:-1])
        hits += len(ours & bachs)
        found, wanted = found + len(ours), wanted + len(bachs)
    return hits / max(found, 1), hits / wanted


def tunes(corpus, part):
    """One setting of each tune, with fermatas."""
    seen = set()
    for piece in corpus.pieces:
        if piece.parts["tune"] != part or piece.family in seen or not piece.chorale.fermata.any():
            continue
        if (piece.chorale.pitch[:, Voice.SOPRANO] >= 0).any():
            seen.add(piece.family)
            yield true_ends(piece.chorale)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    corpus = PreparedCorpus.load(default_path())
    train, validation = list(tunes(corpus, "train")), list(tunes(corpus, "validation"))
    random = np.random.default_rng(0)
    weights = np.zeros(len(END_FEATURES) + len(PHRASE_FEATURES))
    total, steps = np.zeros_like(weights), 0
    for number in range(rounds):
        for at in random.permutation(len(train)):
            notes, ends = train[at]
            ours = divide(notes, weights)
            if ours != ends:
                weights = weights + features(notes, ends) - features(notes, ours)
            total, steps = total + weights, steps + 1
        average = total / steps
        precision, recall = accuracy(validation, average)
        sys.stdout.write(f"round {number + 1}: precision {precision:.3f}, recall {recall:.3f}\n")
    scale = np.abs(average[: len(END_FEATURES)]).max() / 4
    for name, weight in zip((*END_FEATURES, *PHRASE_FEATURES), average / scale, strict=True):
        sys.stdout.write(f'    "{name}": {weight:.2f},\n')


if __name__ == "__main__":
    main()
