"""The lines of ``bachbot repair``: each says one fault, where it is, and what became of it.

Changed notes elsewhere are told from there ("C4, a beat earlier"), so that a line has one place.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from bachbot.chorale.place import beat_text, place_text

if TYPE_CHECKING:
    from bachbot.teaching.repair import Mend, NoteChange, RepairResult
    from bachbot.theory.explanation import Fault

_RUN = 2
"""Most changes of one fault that are told one by one; more are a run of notes and an octave."""

_PARTS = {
    Fraction(1, 4): "a quarter of a beat",
    Fraction(1, 3): "a third of a beat",
    Fraction(1, 2): "half a beat",
    Fraction(2, 3): "two thirds of a beat",
    Fraction(1): "a beat",
}


def show_repair(result: "RepairResult", name: str, say: Callable[[str], None]) -> None:
    """Print a line for each fault, and one that sums them up.

    Parameters
    ----------
    result : RepairResult
        What was mended and what was not.
    name : str
        What messages call the file that was written.
    say : callable
        Prints a line.
    """
    beat = result.before.chorale.meter.beat_frames
    for mend in _by_time(result.mends):
        say(f"{_fault(mend.fault)}: {_changes(mend, beat)}")
        for other in mend.also:
            notes = "note" if len(mend.changes) == 1 else "notes"
            say(f"{_fault(other)}: mended by the same {notes}")
    for left in result.left:
        say(f"{_fault(left.fault)} stays: {left.reason}")
    if not result.mends and not result.left:
        say(f"{name}: there was nothing to mend, and no note changed")
        return
    ended = sum(1 + len(mend.also) for mend in result.mends)
    count = len(result.changed)
    remarks = sum(fault.severity == "remark" for fault in result.after.faults)
    stay = f"; {remarks} remark{'s' * (remarks != 1)} stay" if remarks else ""
    say(
        f"{name}: {count or 'no'} note{'s' * (count != 1)} changed, "
        f"{ended or 'no'} fault{'s' * (ended != 1)} ended, {len(result.left) or 'none'} left{stay}"
    )


def _by_time(mends: "tuple[Mend, ...]") -> "list[Mend]":
    """Mends by the place of their fault; as they were done if a note changed more than once."""
    notes = [(change.voice, change.frame) for mend in mends for change in mend.changes]
    if len(set(notes)) < len(notes):
        return list(mends)
    return sorted(mends, key=lambda mend: mend.fault.frame)


def _fault(fault: "Fault") -> str:
    return f"{place_text(fault.bar, fault.beat)}: {fault.rule} ({fault.sentence})"


def _changes(mend: "Mend", beat: int) -> str:
    """What changed, such as ``in the tenor C4, a beat earlier, becomes E4``."""
    changes, frame = mend.changes, mend.fault.frame
    if len(changes) <= _RUN:
        words, voice = [], None
        for change in changes:
            who = "" if change.voice is voice else f"in the {change.voice.label} "
            voice = change.voice
            where = _distance(change, frame, beat)
            words.append(f"{who}{change.before}{where} becomes {change.after}")
        return " and ".join(words)
    first, last = changes[0], changes[-1]
    way = "up" if _octave(first.after) > _octave(first.before) else "down"
    where = _distance(first, frame, beat)
    return (
        f"in the {first.voice.label} {len(changes)} notes from {first.before}{where} "
        f"to {last.before} go {way} an octave"
    )


def _distance(change: "NoteChange", frame: int, beat: int) -> str:
    """How far from a fault a note begins: ``, a beat earlier,``; nothing if it is there."""
    beats = Fraction(change.frame - frame, beat)
    if not beats:
        return ""
    apart = _PARTS.get(abs(beats), f"{beat_text(abs(beats))} beats")
    return f", {apart} {'earlier' if beats < 0 else 'later'},"


def _octave(note: str) -> int:
    return int(note.lstrip("ABCDEFG#b"))
