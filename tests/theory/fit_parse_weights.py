"""Fits `ParseWeights` to the analyses that music21 carries, and prints what they reach.

::

    python tests/theory/fit_parse_weights.py            # fit on all nineteen: print the weights
    python tests/theory/fit_parse_weights.py --folds 4  # fit on three quarters, tried on the fourth

Each takes some minutes on one core. The prepared corpus is needed (`bachbot corpus prepare`).
"""

import argparse
from dataclasses import fields, replace

import numpy as np
from roman_text import FILES, labels, quality_of

from bachbot.chorale import REST
from bachbot.corpus.store import PreparedCorpus, default_path
from bachbot.theory import readings as names
from bachbot.theory.analysis import analyze
from bachbot.theory.melody import OFF_BEAT
from bachbot.theory.parse import ParseWeights, best_parse, slices_of
from bachbot.theory.readings import MODES, cadential, endings, steps

EPOCHS, RATE, LOSS, CLIP = 20, 0.05, 0.5, 6.0
"""Passes, length of a step, weight of the losses in the search, largest step of a weight."""

BY_HAND = ParseWeights(
    upper=(0.6, 1.2, 0.6, 1.5, 3.0, 0.5, 1.0, 2.5),
    bass_line=(0.8, 1.6, 1.5, 2.0, 4.0, 1.0, 1.5, 3.0),
    lacking=(0.8, 0.5, 0.15, 0.6),
    bass=(0.0, 0.1, 0.8, 0.1, 0.1, 0.2, 0.2, 1.2),
    loose=0.4,
    level=(0.3, 0.35, 0.4, 0.9),
    shape=(0.0, 0.0, 0.2, 0.8, 0.1, 0.4, 0.3, 0.3, 0.3, 1.5, 0.5),
    family=(0.0, 0.3, 0.9, 0.8, 0.4),
    step=(0.2, 0.1, 0.0, 0.4, 0.8, 0.0, 0.1, 0.5, 1.0, 0.4, 0.4),
    cadential=-0.8,
    ending=(0.0, 0.3, 1.0),
    change=(1.6, 0.6),
    direct=0.8,
    distance=(0.0, 0.1, 0.6, 1.0, 2.0, 0.0),
    abroad=(0.1, 0.1, 0.4, 0.8, 2.0, 0.0),
    begin=2.0,
    end=1.5,
)


class Example:
    """A chorale, its labels, and what each reading of each slice loses by them."""

    def __init__(self, number, chorale):
        self.chorale = chorale
        self.slices = slices_of(chorale)
        self.labels = labels(number, chorale)
        self.losses = np.zeros((self.slices.count, len(names.readings().key)))
        known = {}
        for index in range(self.slices.count):
            for here in self.labels[self.slices.edges[index] : self.slices.edges[index + 1]]:
                if here not in known:
                    known[here] = np.min([_losses(x) for x in here], axis=0) if here else 0.0
                self.losses[index] += known[here] / 4


def _losses(label):
    """What each reading loses against one label: 1 for the root, .6 for the key, .3 for quality."""
    all_ = names.readings()
    qualities = np.array([quality_of(all_.numeral_of(r)) for r in range(len(all_.key))])
    key = label.tonic + 12 * (label.mode == "minor")
    return (
        1.0 * (all_.chord % 12 != label.root)
        + 0.6 * (all_.key != key)
        + 0.3 * (qualities != label.quality)
    )


class Counts:
    """How often each weight adds to the cost of a path: `ParseWeights` whose numbers are counts."""

    def __init__(self, example, weights):
        self.example, self.weights = example, weights
        self.counts = {
            f.name: np.zeros(np.shape(getattr(weights, f.name))) for f in fields(weights)
        }

    def of(self, path):
        home = names.key_number(self.example.chorale.key)
        for before, stretch in zip((None, *path), path, strict=False):
            self._stretch(stretch)
            if before is not None:
                self._move(before, stretch, home)
            elif names.readings().key[stretch.reading] != home:
                self._add("begin")
                self._abroad(home, names.readings().key[stretch.reading])
        if names.readings().key[path[-1].reading] != home:
            self._add("end")
        return self.counts

    def _add(self, name, position=(), amount=1.0):
        self.counts[name][position] += amount

    def _abroad(self, home, key):
        self._add("abroad", names.distances()[home, key])

    def _stretch(self, stretch):
        slices, all_, tones = self.example.slices, names.readings(), names.chord_tones()
        chord = all_.chord[stretch.reading]
        heard = slices.sounding[stretch.start : stretch.stop].sum(axis=0)  # [2, 8, 12]
        foreign = heard[:, :, tones.foreign[chord]].sum(axis=-1)
        quarters = (slices.edges[stretch.stop] - slices.edges[stretch.start]) / 4
        self._add("upper", ..., foreign[0])
        self._add("bass_line", ..., foreign[1])
        absent = np.maximum(0, 1 - heard.sum(axis=(0, 1)) / (quarters / 2))[tones.tones[chord]]
        absent[3] *= tones.seventh[chord]
        self._add("lacking", ..., absent * (1 + min(quarters, 2)))
        level, bass = slices.level[stretch.start], slices.bass[stretch.start]
        if bass != REST:
            role = tones.role[chord, bass]
            kind = 7 if role < 0 else role + 3 * tones.seventh[chord]
            self._add("bass", kind)
            self._add("loose", (), kind == 2 and level == OFF_BEAT)
        self._add("shape", chord // 12)
        self._add("level", level)
        self._add("family", all_.family[stretch.reading])
        if slices.phrase_end[stretch.stop - 1]:
            mode = MODES[all_.key[stretch.reading] // 12]
            self._add("ending", endings(mode)[all_.numeral[stretch.reading]])

    def _move(self, before, stretch, home):
        slices, all_ = self.example.slices, names.readings()
        old, new = all_.key[before.reading], all_.key[stretch.reading]
        held = slices.bass[stretch.start] == slices.bass[stretch.start - 1] != REST
        if old == new:
            self._step(before.reading, stretch.reading, held)
            return
        self._add("change", int(slices.phrase_end[stretch.start - 1]))
        self._add("distance", names.distances()[old, new])
        self._abroad(home, new)
        # A pivot, or none: whichever costs less.
        twins = all_.twins[before.reading]
        twins = [t for t in twins[twins >= 0] if all_.key[t] == new]
        costs = [self._step_cost(t, stretch.reading, held) for t in twins]
        if not costs or min(costs) > self.weights.direct:
            self._add("direct")
        else:
            self._step(twins[int(np.argmin(costs))], stretch.reading, held)

    def _step(self, a, b, held):
        mode, a, b = self._numerals(a, b)
        self._add("step", steps(mode)[a, b])
        self._add("cadential", (), held and cadential(mode)[a, b])

    def _step_cost(self, a, b, held):
        mode, a, b = self._numerals(a, b)
        cost = self.weights.step[steps(mode)[a, b]]
        return cost + self.weights.cadential * (held and cadential(mode)[a, b])

    def _numerals(self, a, b):
        all_ = names.readings()
        return MODES[all_.key[a] // 12], all_.numeral[a], all_.numeral[b]


def fit(examples, start=BY_HAND, seed=0):
    """An averaged perceptron, from the weights set by hand."""
    rng = np.random.default_rng(seed)
    weights, total, count = start, None, 0
    for _ in range(EPOCHS):
        for index in rng.permutation(len(examples)):
            example = examples[index]
            key, slices, losses = example.chorale.key, example.slices, LOSS * example.losses
            hope = Counts(example, weights).of(best_parse(slices, key, weights, losses))
            fear = Counts(example, weights).of(best_parse(slices, key, weights, -losses))
            scale = np.sqrt(slices.count)
            moved = {
                name: np.array(getattr(weights, name))
                + RATE * np.clip((fear[name] - hope[name]) / scale, -CLIP, CLIP)
                for name in hope
            }
            weights = replace(weights, **{n: _plain(value) for n, value in moved.items()})
            total = moved if total is None else {n: total[n] + moved[n] for n in total}
            count += 1
    rounded = {name: np.round(value / count, 2) + 0.0 for name, value in total.items()}
    return ParseWeights(**{name: _plain(value) for name, value in rounded.items()})


def _plain(value):
    return float(value) if value.ndim == 0 else tuple(value.tolist())


def agreement(examples, weights):
    """Frames in which root, key, and all of root, key, quality and figures are as labeled."""
    agreed = np.zeros(4)
    for example in examples:
        for harmony in analyze(example.chorale, weights):
            key = (harmony.key.pitch_class, harmony.key.mode)
            root = (key[0] + harmony.numeral.semitones) % 12
            whole = (key, root, quality_of(harmony.numeral), harmony.inversion)
            for here in filter(None, example.labels[harmony.start : harmony.stop]):
                agreed += (
                    1,
                    any(x.root == root for x in here),
                    any((x.tonic, x.mode) == key for x in here),
                    any(((x.tonic, x.mode), x.root, x.quality, x.inversion) == whole for x in here),
                )
    return agreed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folds", type=int, default=1)
    folds = parser.parse_args().folds
    by_file = {p.chorale.name: p.chorale for p in PreparedCorpus.load(default_path()).pieces}
    examples = [Example(number, by_file[file]) for number, file in FILES.items()]
    agreed = np.zeros(4)
    for fold in range(folds):
        held_out = [e for i, e in enumerate(examples) if i % folds == fold]
        weights = fit([e for e in examples if folds == 1 or e not in held_out])
        agreed += agreement(held_out, weights)
    if folds == 1:
        print(weights)  # noqa: T201
    shares = agreed[1:] / agreed[0]
    print("root {:.1%}, key {:.1%}, all {:.1%}".format(*shares))  # noqa: T201


if __name__ == "__main__":
    main()
