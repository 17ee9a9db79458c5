"""Penalties and bonuses that a search adds to the model's log-probabilities.

- `base`: what a penalty is.
- `part_writing`: a penalty for each rule of part-writing.
- `style`: penalties and bonuses for rhythm, motion and chords.
- `endings`: penalties for the ends of phrases and of pieces.
- `penalty_list`: a list of them, as the search applies it.
- `defaults`: the lists that are used unless others are given.
"""

from bachbot.decoding.penalties.base import Penalty
from bachbot.decoding.penalties.defaults import (
    DEFAULT_PENALTIES,
    GUIDED_PENALTIES,
    SAMPLING_PENALTIES,
)
from bachbot.decoding.penalties.endings import (
    FermataChordPenalty,
    FinalCadencePenalty,
    FinalChordPenalty,
    HeldFermataPenalty,
)
from bachbot.decoding.penalties.learned import LearnedPenalty
from bachbot.decoding.penalties.part_writing import PARALLELS, RulePenalty
from bachbot.decoding.penalties.penalty_list import PENALTY_NAMES, Penalties
from bachbot.decoding.penalties.style import (
    AboveSopranoPenalty,
    ChordWithinBeatPenalty,
    ClashPenalty,
    LeapBonus,
    LowBassPenalty,
    NewChordBonus,
    OnsetBonus,
    OpeningChordPenalty,
    PlannedKeyPenalty,
    RepeatedNotePenalty,
    RepeatPenalty,
    SeventhAstrayPenalty,
    ToAndFroPenalty,
)

__all__ = [
    "DEFAULT_PENALTIES",
    "GUIDED_PENALTIES",
    "PARALLELS",
    "PENALTY_NAMES",
    "SAMPLING_PENALTIES",
    "AboveSopranoPenalty",
    "ChordWithinBeatPenalty",
    "ClashPenalty",
    "FermataChordPenalty",
    "FinalCadencePenalty",
    "FinalChordPenalty",
    "HeldFermataPenalty",
    "LeapBonus",
    "LearnedPenalty",
    "LowBassPenalty",
    "NewChordBonus",
    "OnsetBonus",
    "OpeningChordPenalty",
    "Penalties",
    "Penalty",
    "PlannedKeyPenalty",
    "RepeatPenalty",
    "RepeatedNotePenalty",
    "RulePenalty",
    "SeventhAstrayPenalty",
    "ToAndFroPenalty",
]
