"""The nine features of "Bach or Mock".

Definitions are those of Fang, Liu, Seetharaman and Pardo, "Bach or Mock? A Grading Function for
Chorales in the Style of J. S. Bach" (2020, arXiv:2006.13329) and of the authors' published grader
(github.com/asdfang/constraint-transformer-bach), from which the details come that the paper has no
room for. What had to differ, since a chorale here is a grid of MIDI pitches:

- Names of notes follow from key and context (`bachbot.scores.spelling`), where the authors read
  them from MusicXML; a piece that came from MIDI so fares no worse for its spelling.
- The key is the piece's own, where theirs is guessed from its notes; raised notes of minor count as
  altered, as with them.
- A note that is tied over a bar line is one note of its whole length, and one interval.
- Chords are read by `bachbot.theory.harmony`, where theirs are named by music21: a chord that
  lacks its fifth keeps its name; suspensions, ninths and what else they name are added.
- Parallels are those of `bachbot.theory.rules`, across the end of a phrase too: the authors took
  fermatas out beforehand.
- A sequence that several voices repeat counts in each of them.
- Repeats are not expanded, as with them: a section stands as often as the score writes it.
"""

from collections import Counter
from functools import partial

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Mode, Voice
from bachbot.evaluation.style.feature import Feature, Label, Reading
from bachbot.evaluation.style.qualities import slice_qualities
from bachbot.evaluation.style.repeats import repeated_sequences
from bachbot.scores.spelling import written_fifths
from bachbot.theory.faults import tally
from bachbot.theory.rules import RULES

_LOWEST_OF_SCALE: dict[Mode, int] = {"major": -1, "minor": -4}
"""Lowest place on the line of fifths, above the tonic, of the seven notes of the scale."""
_MINOR_TONIC = 3  # fifths above the signature's place

_PARALLELS = {name: RULES[name] for name in ("parallel fifths", "parallel octaves")}


def notes(reading: Reading) -> Counter[Label]:
    """Sixteenths of each degree of the scale with its accidental, and of rests."""
    chorale = reading.chorale
    minor = chorale.key.mode == "minor"
    above = reading.names.astype(int) - written_fifths(chorale) - _MINOR_TONIC * minor
    sounds = chorale.pitch != REST
    found = Counter(above[sounds].tolist())
    out: Counter[Label] = Counter()
    for place, times in found.items():
        out[degree_name(place, chorale.key.mode)] += times
    rests = int((~sounds).sum())
    return out + Counter({"rest": rests})


def degree_name(above: int, mode: Mode) -> str:
    """Degree and accidental of a note so many fifths above the tonic: ``5``, ``#7``, ``b3``."""
    lowest = _LOWEST_OF_SCALE[mode]
    alter = (above - lowest) // 7
    return ("#" * alter if alter > 0 else "b" * -alter) + str(above * 4 % 7 + 1)


def rhythm(reading: Reading) -> Counter[Label]:
    """Notes and rests by their length in quarters."""
    chorale = reading.chorale
    found: Counter[Label] = Counter()
    for voice in VOICES:
        rests = chorale.pitch[:, voice] == REST
        begins = chorale.onset[:, voice] | rests
        begins[1:] &= ~(rests[1:] & rests[:-1])
        edges = np.append(np.flatnonzero(begins), chorale.frames)
        found.update((np.diff(edges) / FRAMES_PER_QUARTER).tolist())
    return found


def parallels(reading: Reading) -> Counter[Label]:
    """Parallel fifths and parallel octaves (or unisons), in any pair of voices."""
    return Counter({name: t.count for name, t in tally(reading.chorale, _PARALLELS).items()})


def intervals(reading: Reading, voice: Voice) -> Counter[Label]:
    """Named intervals, up or down, from each note of a voice to the next; none over a rest."""
    chorale = reading.chorale
    pitch, names = chorale.pitch[:, voice].astype(int), reading.names[:, voice].astype(int)
    at = np.flatnonzero(chorale.onset[1:, voice] & (pitch[:-1] != REST)) + 1
    rows = zip((pitch[at] - pitch[at - 1]).tolist(), (names[at] - names[at - 1]).tolist(),
               strict=True)  # fmt: skip
    found = Counter(rows)
    out: Counter[Label] = Counter()
    for (semitones, fifths), times in found.items():
        out[interval_name(semitones, fifths)] += times
    return out


def interval_name(semitones: int, fifths: int) -> str:
    """Name of a melodic interval: ``P1``, ``M2 up``, ``m6 down``.

    Parameters
    ----------
    semitones : int
        Upward.
    fifths : int
        From name to name on the line of fifths.
    """
    steps = fifths * 4 + 7 * ((semitones - 7 * fifths) // 12)
    if (steps, semitones) < (0, 0):
        steps, semitones, fifths = -steps, -semitones, -fifths
        way = " down"
    else:
        way = " up" if semitones or steps else ""
    size = steps + 1
    if -1 <= fifths <= 1:
        return f"P{size}{way}"
    if abs(fifths) <= 5:
        return f"{'M' if fifths > 0 else 'm'}{size}{way}"
    times = (abs(fifths) + 1) // 7
    return f"{('A' if fifths > 0 else 'd') * times}{size}{way}"


GRADED: tuple[Feature, ...] = (
    Feature("notes", "ranks", "ranked", notes),
    Feature("rhythm", "ranks", "ranked", rhythm, by_mode=False),
    Feature("parallels", "times Bach's rate", "faults", parallels, by_mode=False),
    Feature("chord quality", "ranks", "ranked", slice_qualities),
    *(
        Feature(f"{v.label} intervals", "ranks", "ranked", partial(intervals, voice=v))
        for v in VOICES
    ),
    Feature("repetition", "sixteenths", "ordered", repeated_sequences, by_mode=False),
)
"""The features of the grade, in the paper's order."""
