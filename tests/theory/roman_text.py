"""Analyses in RomanText that music21 carries, on the frames of the chorales they are of.

The twenty are by Andrew Jones and Dmitri Tymoczko, of the first chorales of Riemenschneider's
collection; the format is that of Tymoczko, Gotham, Cuthbert and Ariza, "The RomanText Format"
(ISMIR 2019).
"""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bachbot.theory.numerals import SHAPES

FOLDER = Path(importlib.util.find_spec("music21").origin).parent / "corpus/bach/choraleAnalyses"

# Number in Riemenschneider and file; of 277 the one without written-out repeats. 11 is left out:
# the analysis of BWV 41.6 does not fit the bars of the score.
FILES = {
    1: "bwv269.mxl", 2: "bwv347.mxl", 3: "bwv153.1.mxl", 4: "bwv86.6.mxl", 5: "bwv267.mxl",
    6: "bwv281.mxl", 7: "bwv17.7.mxl", 8: "bwv40.8.mxl", 9: "bwv248.12-2.mxl", 10: "bwv38.6.mxl",
    12: "bwv65.2.mxl", 13: "bwv33.6.mxl", 14: "bwv184.5.mxl", 15: "bwv277.krn", 16: "bwv311.mxl",
    17: "bwv145.5.mxl", 18: "bwv318.mxl", 19: "bwv351.mxl", 20: "bwv302.mxl",
}  # fmt: skip

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
_DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")
_NUMERAL = re.compile(r"([b#]*)(It|[iv]+|[IV]+)(o|ø|\+)?(\d*)(\[\w+\])?")
_INVERSIONS = {"": 0, "6": 1, "64": 2, "7": 0, "65": 1, "43": 2, "42": 3, "2": 3}


_QUALITIES = {
    "major": "maj", "minor": "min", "diminished": "dim", "augmented": "aug",
    "dominant seventh": "maj7", "major seventh": "maj7", "minor seventh": "min7",
    "half-diminished seventh": "half7", "diminished seventh": "dim7", "French sixth": "Fr",
    "Italian sixth": "It",
}  # fmt: skip


def quality_of(numeral):
    """The quality of a numeral of ours as `Label` has it."""
    return _QUALITIES[SHAPES[numeral.shape].name]


@dataclass(frozen=True)
class Label:
    """A chord as an analyst names it: pitch classes, and how the key's mode is called."""

    tonic: int
    mode: str
    root: int
    quality: str
    inversion: int

    def moved(self, semitones):
        tonic, root = (self.tonic + semitones) % 12, (self.root + semitones) % 12
        return Label(tonic, self.mode, root, self.quality, self.inversion)


def labels(number, chorale):
    """The labels of each frame, two where a chord has two names, in the key of the chorale."""
    bars = chorale.bar_starts - chorale.position[chorale.bar_starts]
    first = 0 if chorale.position[0] else 1
    out = [()] * chorale.frames
    before = None
    for bar, beat, label in _rows(number):
        frame = max(0, round(int(bars[bar - first]) + 4 * (beat - 1)))
        here = (*out[frame], label) if (bar, beat) == before else (label,)
        out[frame:] = [here] * (chorale.frames - frame)
        before = bar, beat
    shift = _shift(out, chorale)
    return [tuple(label.moved(shift) for label in here) for here in out]


def _shift(found, chorale):
    """Semitones from the analysis to the chorale: those by which most roots are heard."""
    classes = np.where(chorale.pitch < 0, -1, chorale.pitch % 12)
    heard = [
        sum((here[-1].root + shift) % 12 in row for here, row in zip(found, classes, strict=True))
        for shift in range(12)
    ]
    return int(np.argmax(heard))


def _rows(number):
    """Bar, beat and label; readings beside the first one (``m3var1``) are left out."""
    key = None
    text = (FOLDER / f"riemenschneider{number:03d}.rntxt").read_text(encoding="utf-8")
    for bar, words in re.findall(r"^m(\d+) (.*)$", text, re.MULTILINE):
        beat = 1.0
        for word in words.split():
            if re.match(r"b\d", word):
                beat = float(word[1:])
            elif word.endswith(":"):
                key = _key(word[:-1])
            elif "|" not in word:
                yield int(bar), beat, _label(word, *key)


def _key(name):
    tonic = _STEPS[name[0].upper()] + name.count("#") - name[1:].count("b")
    return tonic % 12, "minor" if name[0].islower() else "major"


def _label(text, tonic, mode):
    # Half diminished is /o, and figures stand one above the other by a stroke too.
    text = re.sub(r"(\d)/(\d)", r"\1\2", text.replace("/o", "ø"))
    head, *goals = text.split("/")
    home, local = tonic, mode
    for goal in reversed(goals):
        home = (home + _SCALES[local][_DEGREES.index(goal.upper())]) % 12
        local = "minor" if goal.islower() else "major"
    flats, name, mark, figures, _ = _NUMERAL.fullmatch(head).groups()
    if name == "It":
        return Label(tonic, mode, (home + 8) % 12, "It", 0)
    degree = _DEGREES.index(name.upper())
    root = home + _SCALES[local][degree] + flats.count("#") - flats.count("b")
    root += local == "minor" and not flats and degree in (5, 6) and mark in ("o", "ø")
    quality = {"o": "dim", "ø": "half", "+": "aug"}.get(mark, "maj" if name.isupper() else "min")
    seventh = "7" if figures in ("7", "65", "43", "42", "2") else ""
    return Label(tonic, mode, root % 12, quality + seventh, _INVERSIONS[figures])
