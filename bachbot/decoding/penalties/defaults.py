"""The penalties that are used unless others are given."""

from bachbot.decoding.penalties.endings import (
    FermataChordPenalty,
    FinalCadencePenalty,
    FinalChordPenalty,
    HeldFermataPenalty,
)
from bachbot.decoding.penalties.part_writing import RulePenalty
from bachbot.decoding.penalties.penalty_list import Penalties
from bachbot.decoding.penalties.style import (
    AboveSopranoPenalty,
    ChordWithinBeatPenalty,
    ClashPenalty,
    LeapBonus,
    LowBassPenalty,
    NewChordBonus,
    OnsetBonus,
    OpeningChordPenalty,
    RepeatedNotePenalty,
    SeventhAstrayPenalty,
    ToAndFroPenalty,
)

_RULES = (
    RulePenalty(2.5, "parallel fifths"),
    RulePenalty(2.5, "parallel octaves"),
    RulePenalty(0.9, "hidden fifths"),
    RulePenalty(0.9, "hidden octaves"),
    RulePenalty(0.25, "seventh unresolved"),
)

_STYLE = (
    AboveSopranoPenalty(1.0),
    ChordWithinBeatPenalty(3.0),
    OpeningChordPenalty(4.0),
    FermataChordPenalty(1.5),
    FinalChordPenalty(5.0),
    FinalCadencePenalty(10.0),
)

DEFAULT_PENALTIES = Penalties(
    (
        *_RULES,
        OnsetBonus(0.65, position=2),
        RepeatedNotePenalty(0.25),
        LeapBonus(0.2),
        NewChordBonus(0.7),
        *_STYLE,
    )
)
"""The penalties of beam and greedy search.

The weights were chosen on the validation part of the tune split: of those with which onsets and
different chords come within a tenth of Bach's rates, repeated notes within an eighth, and fewer
parallels than his, these come closest to him. ``checkpoints/EXPERIMENTS.md`` tells how they were
found; ``evaluate fit`` continues from them.
"""

GUIDED_PENALTIES = Penalties(
    (
        *_RULES,
        *_STYLE,
        HeldFermataPenalty(2.5),
        ToAndFroPenalty(0.25),
        SeventhAstrayPenalty(1.5),
        LowBassPenalty(2.0),
        ClashPenalty(4.0),
    )
).with_weights({"parallel fifths": 3.0, "parallel octaves": 3.0})
"""The penalties of beam and greedy search beside learned features.

The bonuses are gone: features learn Bach's onsets, leaps and chords (`bachbot.training.moments`).
Those for held fermatas, swings and stray sevenths (1 nat) were in the search while the features
were learned; they, the clashes and the parallels were then weighted on the validation part.
"""

SAMPLING_PENALTIES = Penalties(_RULES)
"""The penalties of sampling: rules of part-writing only, since samples need no help to move."""
