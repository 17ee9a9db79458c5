"""A piece explained: its chords, its cadences and its faults."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.theory.analysis import Harmony, analyse
from bachbot.theory.closes import Close, closes
from bachbot.theory.faults import Fault, find_faults
from bachbot.theory.places import bars, beat
from bachbot.theory.rules import RULES


@dataclass(frozen=True, eq=False)
class Explanation:
    """A piece explained.

    Parameters
    ----------
    chorale : Chorale
        The piece.
    harmonies : tuple of Harmony
        Its chords.
    closes : tuple of Close
        How its phrases close.
    faults : tuple of Fault
        Where it breaks the part-writing rules.
    """

    chorale: Chorale
    harmonies: tuple[Harmony, ...]
    closes: tuple[Close, ...]
    faults: tuple[Fault, ...]

    @property
    def bars(self) -> int:
        """Bars of the piece, a pickup not counted."""
        return int(self._bars[-1]) if self.chorale.frames else 0

    @cached_property
    def _bars(self) -> NDArray[np.int64]:
        return bars(self.chorale)

    def place(self, frame: int) -> tuple[int, Fraction]:
        """Bar and felt beat of a frame: bars count from 1, a pickup is bar 0; beats from 1."""
        return int(self._bars[frame]), beat(self.chorale, frame)

    def to_json(self) -> dict[str, object]:
        """As plain data.

        Frames are sixteenths from the beginning; bars count from 1, a pickup is bar 0; beats count
        from 1 and may lie between two (2.5).

        Returns
        -------
        dict
            ``key``, ``metre``: text, such as ``"F# minor"`` and ``"3/4"``. ``bars``: their number.

            ``chords``: one object each with ``bar``, ``beat``, ``frame``, ``frames`` (its length),
            ``key``, ``numeral`` (``"V65/ii"``), ``chord`` (``"A7/C#"``) and ``ornaments``, the
            notes that are not of it, each with ``bar``, ``beat``, ``frame``, ``voice`` and
            ``kind``.

            ``cadences``: one object a phrase with ``bar``, ``beat``, ``frame`` (of the last
            chord), ``key``, ``kind`` (see `Close`) and ``chords``, the last two numerals.

            ``faults``: one object each, as `Fault.to_json` gives it.
        """
        return {
            "key": str(self.chorale.key),
            "metre": str(self.chorale.metre),
            "bars": self.bars,
            "chords": [self._chord(harmony) for harmony in self.harmonies],
            "cadences": [
                self._place(close.frame)
                | {
                    "key": str(close.key),
                    "kind": close.kind,
                    "chords": [harmony.text for harmony in close.chords],
                }
                for close in self.closes
            ],
            "faults": [fault.to_json() for fault in self.faults],
        }

    def _chord(self, harmony: Harmony) -> dict[str, object]:
        return self._place(harmony.start) | {
            "frames": harmony.stop - harmony.start,
            "key": str(harmony.key),
            "numeral": harmony.text,
            "chord": harmony.chord,
            "ornaments": [
                self._place(note.frame) | {"voice": note.voice.label, "kind": note.kind}
                for note in harmony.ornaments
            ],
        }

    def _place(self, frame: int) -> dict[str, object]:
        bar, at = self.place(frame)
        return {"bar": bar, "beat": float(at), "frame": frame}


def explain(chorale: Chorale) -> Explanation:
    """Explain a piece.

    Rules that ask for a key, such as that of the leading note, are judged in the key that the
    piece is in at the time.

    Parameters
    ----------
    chorale : Chorale
        In the key that its ``key`` says.
    """
    harmonies = analyse(chorale)
    return Explanation(
        chorale,
        tuple(harmonies),
        tuple(closes(chorale, harmonies)),
        tuple(_faults(chorale, harmonies)),
    )


def _faults(chorale: Chorale, harmonies: Sequence[Harmony]) -> list[Fault]:
    keyed = {name: rule for name, rule in RULES.items() if rule.keyed}
    found = find_faults(chorale, {n: r for n, r in RULES.items() if n not in keyed})
    for key in {harmony.key for harmony in harmonies}:
        here = np.zeros(chorale.frames, dtype=np.bool_)
        for harmony in harmonies:
            here[harmony.start : harmony.stop] |= harmony.key == key
        # A step is judged by where it comes from.
        found += [
            fault
            for fault in find_faults(replace(chorale, key=key), keyed)
            if here[fault.frame - bool(fault.before)]
        ]
    order = list(RULES)
    return sorted(found, key=lambda fault: (fault.frame, order.index(fault.rule), fault.voices))
