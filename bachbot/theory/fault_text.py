"""Faults in words: the notes of each by name, such as ``F4 to G4 in the tenor``."""

from collections.abc import Sequence
from dataclasses import dataclass

from bachbot.chorale import REST, Voice, line_of_fifths, note_name
from bachbot.theory.rules.lessons import LESSONS

_LETTERS = "CDEFGAB"
_OCTAVE = 12
_INTERVALS = (
    "unison", "second", "third", "fourth", "fifth", "sixth", "seventh", "octave", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "double octave",
)  # fmt: skip


def note_label(pitch: int, name: int | None = None) -> str:
    """A note by its name and octave: ``F#4``; ``rest`` for -1.

    Parameters
    ----------
    pitch : int
        MIDI pitch, 60 for C4.
    name : int, optional
        Its name as a position on the line of fifths. Default: C, C#, D, Eb, E, F, F#, G, G#, A,
        Bb or B.
    """
    if pitch == REST:
        return "rest"
    if name is None:
        name = (pitch * 7 + 3) % _OCTAVE - 3
    text = note_name(name)
    return f"{text}{_octave(pitch, text)}"


def _octave(pitch: int, text: str) -> int:
    alter = text.count("#") - text.count("b")
    return (pitch - alter - line_of_fifths(text[0]) * 7 % _OCTAVE) // _OCTAVE - 1


def _steps(pitch: int, name: int | None) -> int:
    """Steps above C of octave -1."""
    label = note_label(pitch, name)
    octave = int(label.lstrip("ABCDEFG#b"))
    return 7 * (octave + 1) + _LETTERS.index(label[0])


@dataclass(frozen=True)
class NotePair:
    """A note of a voice and the one before.

    Parameters
    ----------
    voice : Voice
        The voice.
    before, now : str
        The notes by name, ``"rest"`` for none.
    steps : int
        Position of the note on the staff, in steps; -1 for a rest.
    """

    voice: Voice
    before: str
    now: str
    steps: int

    @classmethod
    def of(
        cls, voice: Voice, before: int, name_before: int | None, now: int, name_now: int | None
    ) -> "NotePair":
        """The pair of two MIDI pitches and their names."""
        steps = -1 if now == REST else _steps(now, name_now)
        return cls(voice, note_label(before, name_before), note_label(now, name_now), steps)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data; None for a rest."""
        before, now = (None if n == "rest" else n for n in (self.before, self.now))
        return {"voice": self.voice.label, "before": before, "now": now}


def tell(rule: str, notes: Sequence[NotePair]) -> str:
    """Say what happened in a fault.

    Parameters
    ----------
    rule : str
        Name of the rule.
    notes : sequence of NotePair
        Its voices from the top down, with their notes.
    """
    lesson = LESSONS.get(rule)
    who = ", ".join(f"{n.now} in the {n.voice.label}" for n in notes)
    if lesson is None:
        return who
    upper, lower = notes[0], notes[-1]
    low, high = upper.voice.range
    apart = abs(upper.steps - lower.steps)
    interval = _INTERVALS[apart] if apart < len(_INTERVALS) else f"{apart + 1}th"
    return lesson.told.format(
        upper=upper.voice.label,
        lower=lower.voice.label,
        voice=upper.voice.label,
        u0=upper.before,
        u1=upper.now,
        l0=lower.before,
        l1=lower.now,
        n0=upper.before,
        n1=upper.now,
        apart=f"{'an' if interval[0] in 'oe' else 'a'} {interval}",
        low=note_label(low),
        high=note_label(high),
        chord=" ".join(n.now for n in notes if n.now != "rest") + " have no third",
        cross=_cross(upper, lower),
    )


def _cross(upper: NotePair, lower: NotePair) -> str:
    """The two forms of a note: sounding together, or one after the other."""
    if _forms(upper.now, lower.now):
        return f"{upper.now} in the {upper.voice.label} with {lower.now} in the {lower.voice.label}"
    first, then = (upper, lower) if _forms(upper.before, lower.now) else (lower, upper)
    return f"{first.before} in the {first.voice.label}, then {then.now} in the {then.voice.label}"


def _forms(a: str, b: str) -> bool:
    one, other = (label.rstrip("-0123456789") for label in (a, b))
    return one[0] == other[0] and one != other
