"""The weights in use: what a search is charged, and what a draw is."""

from bachbot.decoding.charges import Charges

HOUSE = Charges(
    rules={
        "parallel fifths": 2.5,
        "parallel octaves": 2.5,
        "hidden fifths": 0.9,
        "hidden octaves": 0.9,
        "seventh unresolved": 0.25,
    },
    strikes={2: 0.65},
    still=0.25,
    leaps=0.2,
    fresh=0.7,
    astray=5.0,
    unsettled=1.2,
)
"""What a search is charged unless another is given.

Of the weights under which what is harmonised on the validation part of the tune split has onsets
and different chords within a tenth of Bach's rates, repeated notes within an eighth, and fewer
parallels, those that are likest to him. How they were found is in
``checkpoints/EXPERIMENTS.md``; ``evaluate fit`` goes on from them.
"""

HOUSE_RULES = Charges(rules=HOUSE.rules)
"""The same for draws, which need no help to move."""
