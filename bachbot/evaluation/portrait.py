"""A set of chorales in all the figures that a decoder is judged by.

Part-writing (`bachbot.evaluation.partwriting`), how much happens (`bachbot.evaluation.variety`)
and, beside Bach's own version of the same pieces, likeness (`bachbot.evaluation.harmonisation`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bachbot.chorale import Chorale, Voice
from bachbot.evaluation import harmonisation, partwriting, variety
from bachbot.evaluation.harmonisation import HarmonisationError
from bachbot.evaluation.partwriting import PartWriting
from bachbot.evaluation.variety import Variety
from bachbot.theory.rules import RULES, Rule

KEYLESS: Mapping[str, Rule] = MappingProxyType(
    {name: rule for name, rule in RULES.items() if not rule.keyed}
)
"""The rules that ask for no key."""


@dataclass(frozen=True)
class Portrait:
    """Figures of a set of pieces.

    Parameters
    ----------
    writing : PartWriting
        How often the rules are broken.
    variety : Variety
        Onsets and chords a beat.
    likeness : HarmonisationError or None
        How far they are from Bach's; None where there is nothing to compare them with.
    """

    writing: PartWriting
    variety: Variety
    likeness: HarmonisationError | None = None

    def to_json(self) -> dict[str, object]:
        """Every figure as plain data."""
        return {
            "partwriting": self.writing.to_json(),
            "variety": self.variety.to_json(),
            "likeness": None if self.likeness is None else self.likeness.to_json(),
        }


def portray(
    chorales: Sequence[Chorale],
    *,
    rules: Mapping[str, Rule] = RULES,
    bach: Sequence[Chorale] = (),
    masked: Iterable[Voice] = (),
    seed: int = 0,
) -> Portrait:
    """Measure a set of pieces.

    Parameters
    ----------
    chorales : sequence of Chorale
        P pieces.
    rules : mapping of str to Rule
        What they are held against; `KEYLESS` for pieces whose key says nothing.
    bach : sequence of Chorale
        His versions of the same pieces, where there are any.
    masked : iterable of Voice
        The voices that are not his.
    seed : int
        Of the intervals' draws.

    Raises
    ------
    UsageError
        If his pieces are not as many or as long.
    """
    return Portrait(
        partwriting.measure(chorales, rules, seed=seed),
        variety.measure(chorales, seed=seed),
        harmonisation.measure(bach, chorales, masked, seed=seed) if bach else None,
    )
