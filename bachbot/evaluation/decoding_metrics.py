"""Decoding metrics: everything by which the output of a decoder is judged.

Part-writing (`bachbot.evaluation.partwriting`), variety (`bachbot.evaluation.variety`) and, where
Bach's own versions of the same pieces are given, the harmonization error
(`bachbot.evaluation.harmonization`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bachbot.chorale import Chorale, Voice
from bachbot.evaluation import harmonization, partwriting, variety
from bachbot.evaluation.harmonization import HarmonizationError
from bachbot.evaluation.partwriting import PartWriting
from bachbot.evaluation.variety import Variety
from bachbot.theory.rules import RULES, Rule

KEYLESS_RULES: Mapping[str, Rule] = MappingProxyType(
    {name: rule for name, rule in RULES.items() if not rule.keyed}
)
"""The part-writing rules that do not depend on the key."""


@dataclass(frozen=True)
class DecodingMetrics:
    """Metrics of a set of pieces.

    Parameters
    ----------
    partwriting : PartWriting
        How often the rules of part-writing are broken.
    variety : Variety
        Onsets and chords per beat.
    harmonization_error : HarmonizationError or None
        How far the pieces are from Bach's; None if there is nothing to compare them with.
    """

    partwriting: PartWriting
    variety: Variety
    harmonization_error: HarmonizationError | None = None

    def to_json(self) -> dict[str, object]:
        """Every metric as plain data."""
        error = self.harmonization_error
        return {
            "partwriting": self.partwriting.to_json(),
            "variety": self.variety.to_json(),
            "harmonization_error": None if error is None else error.to_json(),
        }


def measure(
    chorales: Sequence[Chorale],
    *,
    rules: Mapping[str, Rule] = RULES,
    bach: Sequence[Chorale] = (),
    masked: Iterable[Voice] = (),
    seed: int = 0,
) -> DecodingMetrics:
    """Measure a set of pieces.

    Parameters
    ----------
    chorales : sequence of Chorale
        P pieces.
    rules : mapping of str to Rule
        Part-writing rules to check; `KEYLESS_RULES` for pieces whose key is not known.
    bach : sequence of Chorale
        Bach's versions of the same pieces, if there are any.
    masked : iterable of Voice
        The voices that the decoder wrote.
    seed : int
        Random seed of the bootstrap intervals.

    Returns
    -------
    DecodingMetrics

    Raises
    ------
    UsageError
        If Bach's versions differ in number or length, or are given without a masked voice.
    """
    return DecodingMetrics(
        partwriting.measure(chorales, rules, seed=seed),
        variety.measure(chorales, seed=seed),
        harmonization.measure(bach, chorales, masked, seed=seed) if bach else None,
    )
