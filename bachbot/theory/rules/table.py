"""Every rule by name, and the sums that are told beside them."""

from collections.abc import Mapping
from types import MappingProxyType

from bachbot.theory.rules import between, lines, tendency
from bachbot.theory.rules.rule import Rule

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            between.PARALLEL_FIFTHS,
            between.PARALLEL_OCTAVES,
            between.HIDDEN_FIFTHS,
            between.HIDDEN_OCTAVES,
            between.CROSSING,
            between.OVERLAP,
            between.WIDE_SOPRANO_ALTO,
            between.WIDE_ALTO_TENOR,
            lines.OUT_OF_COMPASS,
            lines.TRITONE_LEAPS,
            lines.SEVENTH_LEAPS,
            lines.LEAPS_BEYOND_AN_OCTAVE,
            tendency.LEADING_NOTE_UNRESOLVED,
            tendency.LEADING_NOTE_DOUBLED,
            tendency.SEVENTH_UNRESOLVED,
            tendency.LEAP_OUTSIDE_HARMONY,
            tendency.NO_CHORD,
        )
    }
)
"""Every rule by its name, in the order in which they are told."""

SUMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "parallels": ("parallel fifths", "parallel octaves"),
        "tritone and seventh leaps": ("tritone leaps", "seventh leaps"),
    }
)
"""Rules that are told together too: their faults are added up, over the chances that they share."""
