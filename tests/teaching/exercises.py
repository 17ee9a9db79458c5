"""Exercises as a student writes them, and with one fault each."""

from bachbot.scores import load_any_score

_HEAD = """X:1
T:Exercise
M:4/4
L:1/4
K:C
V:S name="Soprano"
V:A name="Alto"
V:T name="Tenor" clef=bass
V:B name="Bass" clef=bass
"""

GOOD = {
    "S": "c d e f | e d c2 |]",
    "A": "G G G A | G G E2 |]",
    "T": "E D C C | C B, C2 |]",
    "B": "C, B,, C, F,, | G,, G,, C,2 |]",
}
"""I V6 I IV I64 V I, without a fault."""


def exercise(**voices):
    """ABC text of the good exercise with some voices otherwise."""
    lines = GOOD | voices
    return _HEAD + "".join(f"[V:{voice}] {notes}\n" for voice, notes in lines.items())


def score_of(text):
    """The score of ABC text."""
    return load_any_score(text.encode(), format="abc")


# Rule, and the voices that break it.
PLANTED = {
    "parallel octaves": {"T": "C D C C | C B, C2 |]"},
    "out of range": {"T": "E D C C | C B, c2 |]"},
    "crossing": {"T": "E D C C | C B, C,,2 |]"},
    "leaps beyond an octave": {"B": "C, B,, C, F, | G,, G,, C,2 |]"},
    "leading note unresolved": {"T": "E D C C | C B, E2 |]"},
    "leading note doubled": {"A": "G G G A | G B c2 |]"},
    "missing third": {"T": "E D C C | C D C2 |]"},
    "wide alto-tenor": {"T": "E D C C, | C B, C2 |]"},
}
