"""A finished piece in the words of music: its key, its length, how it closes, its faults."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from bachbot.chorale import Key, Voice, note_name
from bachbot.scores import Score
from bachbot.scores.phrases import heard_phrase_ends
from bachbot.theory.cadence import PhraseCadence, PhraseCadenceKind
from bachbot.theory.explanation import Explanation, explain

_CADENCES: dict[PhraseCadenceKind, str] = {
    "perfect": "a perfect cadence",
    "imperfect": "an imperfect cadence",
    "plagal": "a plagal cadence",
    "half": "a half cadence",
    "phrygian": "a Phrygian half cadence",
    "deceptive": "a deceptive cadence",
}


@dataclass(frozen=True, eq=False)
class Summary:
    """A four-part piece in a few words; ``str()`` gives them as one line.

    Parameters
    ----------
    score : Score
        Four voices.
    """

    score: Score

    @cached_property
    def explanation(self) -> Explanation:
        """Its chords, cadences and faults, as ``bachbot explain`` finds them."""
        return explain(self.score.chorale, heard_phrase_ends(self.score))

    @property
    def key(self) -> Key:
        """Its key."""
        return self.score.chorale.key

    @property
    def bars(self) -> int:
        """Number of bars, without a pickup."""
        return self.explanation.bars

    @property
    def closing(self) -> str:
        """How it closes, such as ``"closes with a perfect cadence in G major"``.

        Of voices without a bass it is said on which note the highest ends.
        """
        score = self.score
        if Voice.BASS not in score.present:
            return f"ends on {note_name(score.lines[score.present[0]].names[-1])}"
        cadences = self.explanation.phrase_cadences
        return f"closes {cadence_words(cadences[-1])}" if cadences else "closes without a cadence"

    @property
    def faults(self) -> dict[str, int]:
        """Number of faults by name of the rule, most frequent first."""
        return dict(Counter(fault.rule for fault in self.explanation.faults).most_common())

    def __str__(self) -> str:
        bars = f"{self.bars} bar{'' if self.bars == 1 else 's'}"
        return f"{self.key}, {bars}; {self.closing}; {fault_words(self.faults)}"

    def to_json(self) -> dict[str, object]:
        """Convert to plain data.

        Returns
        -------
        dict
            ``key``, ``meter``, ``bars``, ``cadences`` and ``faults`` as `Explanation.to_json` has
            them, ``closing``, and ``fault_counts``: the number of faults by name.
        """
        plain = self.explanation.to_json()
        names = ("key", "meter", "bars", "cadences", "faults")
        return {name: plain[name] for name in names} | {
            "closing": self.closing,
            "fault_counts": self.faults,
        }


def cadence_words(cadence: PhraseCadence) -> str:
    """How a phrase ends: ``"with a perfect cadence in G major"`` or ``"without a cadence"``."""
    if cadence.kind == "none":
        return "without a cadence"
    return f"with {_CADENCES[cadence.kind]} in {cadence.key}"


def fault_words(faults: dict[str, int]) -> str:
    """Faults by name, such as ``"3 faults: crossing (2), hidden fifths"``; or ``"no faults"``.

    Parameters
    ----------
    faults : dict of str to int
        How often each rule is broken.
    """
    count = sum(faults.values())
    if not count:
        return "no faults"
    each = ", ".join(f"{name} ({n})" if n > 1 else name for name, n in faults.items())
    return f"{count} fault{'' if count == 1 else 's'}: {each}"
