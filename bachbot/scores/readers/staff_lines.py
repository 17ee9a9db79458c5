"""The lines on a staff: voices that come and go, chords and unisons, read as one line or two."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from bachbot.scores.readers.part_reader import PartContent, Slot, VoiceContent, WrittenNote

_DIVIDED = Fraction(1, 4)
"""A staff has two lines if at least two notes sound in this share of its time."""

_MAX_STRANDS = 4
"""Most strands of a staff: notation programs have four voices."""


@dataclass
class Strand:
    """Voices of a staff that never sound together.

    Parameters
    ----------
    voices : set of str
        The voices; those that have only rests are included where they fit between the notes.
    slots, rests : list of Slot
        Its notes and chords in order, and the visible rests between them.
    plain : bool
        Whether it is in the tree as a line of single notes, and its voices hold nothing else.
    """

    voices: set[str] = field(default_factory=set)
    slots: list[Slot] = field(default_factory=list)
    rests: list[Slot] = field(default_factory=list)
    plain: bool = True


@dataclass(frozen=True, eq=False)
class StaffLine:
    """The line that a singer takes from a staff.

    Parameters
    ----------
    part : int
        Index of the part.
    staff : str
        The staff.
    voices : frozenset of str
        Voices that it is in.
    notes : tuple of (Slot, WrittenNote)
        Its notes in order, each with the chord that it is taken from.
    rests : tuple of Slot
        Its rests.
    lower : bool
        Whether it takes the bottom notes of chords, not the top notes.
    plain : bool
        Whether its voices hold just these notes already.
    """

    part: int
    staff: str
    voices: frozenset[str]
    notes: tuple[tuple[Slot, WrittenNote], ...]
    rests: tuple[Slot, ...]
    lower: bool
    plain: bool

    @property
    def chords(self) -> int:
        """Number of its notes that are taken from a chord."""
        return sum(len(slot.notes) > 1 for slot, _ in self.notes)


@dataclass(frozen=True, eq=False)
class Staff:
    """A staff of a part that has notes.

    Parameters
    ----------
    part : int
        Index of the part.
    name : str
        Its number in the part.
    strands : tuple of Strand
        The highest first, then in the order of their voices.
    swapped : bool
        Whether the first voice is not the highest.
    """

    part: int
    name: str
    strands: tuple[Strand, ...]
    swapped: bool = False

    def line(self, *, lower: bool = False, both: bool = False) -> StaffLine:
        """Take the upper or the lower line.

        A voice goes on in another where it has neither note nor rest itself: there the two sing
        in unison, or are the top and the bottom of a chord.

        Parameters
        ----------
        lower : bool
            Whether to take the lower line.
        both : bool
            Whether both lines are taken. Otherwise the lower line of a staff of one voice is that
            voice.
        """
        own = self.strands[-1 if lower and len(self.strands) == 2 else 0]
        if lower and len(self.strands) > 2:
            own = max(self.strands[1:], key=lambda strand: _sounding(strand.slots))
        others = [strand for strand in self.strands if strand is not own]
        slots = _filled(own, others)
        notes = tuple((slot, slot.notes[-1 if lower else 0]) for slot in slots)
        # Two lines of the same notes need a copy of their own each.
        shared = len(slots) > len(own.slots) or (both and len(self.strands) == 1)
        return StaffLine(
            part=self.part,
            staff=self.name,
            voices=frozenset(own.voices),
            notes=notes,
            rests=tuple(own.rests),
            lower=lower,
            plain=own.plain and not shared,
        )

    @property
    def divided(self) -> bool:
        """Whether it has two lines: two voices, or chords of two notes."""
        return self._share(2) >= _DIVIDED

    @property
    def thick(self) -> bool:
        """Whether more than two notes sound for much of the time, as in music for keyboard."""
        return self._share(3) >= _DIVIDED

    def _share(self, count: int) -> Fraction:
        """Share of the sounding time in which at least `count` notes sound."""
        events: list[tuple[int, int]] = []
        for strand in self.strands:
            for slot in strand.slots:
                events += (slot.begin, len(slot.notes)), (slot.end, -len(slot.notes))
        at = sounding = total = enough = 0
        for here, change in sorted(events):
            total += here - at if sounding else 0
            enough += here - at if sounding >= count else 0
            at, sounding = here, sounding + change
        return Fraction(enough, total) if total else Fraction(0)


def staves_of(content: PartContent) -> list[Staff]:
    """The staves of a part that have notes, from the top down; small staves come last."""
    by_staff: dict[str, list[tuple[str, VoiceContent]]] = {}
    for (staff, voice), found in sorted(content.voices.items(), key=lambda item: _order(item[0])):
        by_staff.setdefault(staff, []).append((voice, found))
    out = []
    for staff, voices in by_staff.items():
        strands = _strands(voices)
        if strands:
            top = _highest(strands)
            ordered = [top, *(strand for strand in strands if strand is not top)]
            out.append(Staff(content.index, staff, tuple(ordered), top is not strands[0]))
    return sorted(out, key=lambda staff: staff.name in content.small)


def _order(key: tuple[str, str]) -> tuple[tuple[int, str], ...]:
    """Sort staves and voices by their numbers."""
    return tuple((int(k) if k.isascii() and k.isdigit() and len(k) < 6 else 99, k) for k in key)


def _strands(voices: Sequence[tuple[str, VoiceContent]]) -> list[Strand]:
    """Join voices that never sound together; what does not fit into a few strands is left out."""
    strands: list[Strand] = []
    taken: list[_Intervals] = []
    for voice, content in voices:
        lanes = _lanes(content.slots)
        for number, slots in enumerate(lanes):
            place = next((i for i, t in enumerate(taken) if t.fit(slots)), len(strands))
            if place == _MAX_STRANDS:
                continue
            if place == len(strands):
                strands.append(Strand())
                taken.append(_Intervals(()))
            for slot in slots:
                taken[place].add(slot)
            strand = strands[place]
            strand.plain &= len(lanes) == 1 and not (content.hidden or content.passed)
            strand.plain &= all(len(slot.elements) == 1 for slot in slots)
            strand.voices.add(voice)
            strand.rests += () if number else content.rests
    for strand, notes in zip(strands, taken, strict=True):
        strand.slots = list(notes.slots)
        clear = [rest for rest in sorted(strand.rests, key=_begin) if notes.add(rest)]
        # A rest of one voice under the notes of the other is no rest of the line.
        strand.plain &= len(clear) == len(strand.rests)
        strand.rests = clear
    for voice, content in voices:
        # A voice of rests alone belongs to the notes that it stands between.
        if not content.slots and content.rests and not (content.hidden or content.passed):
            for strand, filled in zip(strands, taken, strict=True):
                if filled.fit(content.rests):
                    strand.voices.add(voice)
                    strand.rests = sorted([*strand.rests, *content.rests], key=_begin)
                    break
    return strands


def _begin(slot: Slot) -> int:
    return slot.begin


def _lanes(slots: Sequence[Slot]) -> list[list[Slot]]:
    """Split a voice whose own notes overlap into a few lanes, the highest first."""
    lanes: list[list[Slot]] = []
    for slot in sorted(slots, key=lambda slot: (slot.begin, -slot.notes[0].pitch)):
        for lane in lanes:
            if lane[-1].end <= slot.begin:
                lane.append(slot)
                break
        else:
            if len(lanes) < _MAX_STRANDS:
                lanes.append([slot])
    return lanes


class _Intervals:
    """Slots on a line of time, which others may be added to where they fit."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        self.slots = sorted(slots, key=_begin)
        self.begins = [slot.begin for slot in self.slots]

    def fit(self, slots: Iterable[Slot]) -> bool:
        """Whether each of the slots, which do not overlap one another, can be added."""
        return all(self._place(slot) is not None for slot in slots)

    def add(self, slot: Slot) -> bool:
        """Add a slot if it overlaps none."""
        place = self._place(slot)
        if place is None:
            return False
        self.slots.insert(place, slot)
        self.begins.insert(place, slot.begin)
        return True

    def _place(self, slot: Slot) -> int | None:
        place = bisect_right(self.begins, slot.begin)
        if place and self.slots[place - 1].end > slot.begin:
            return None
        if place < len(self.begins) and self.begins[place] < slot.end:
            return None
        return place


def _filled(own: Strand, others: Sequence[Strand]) -> list[Slot]:
    """The notes of a strand, and those of others where it has neither notes nor rests."""
    taken = _Intervals([*own.slots, *own.rests])
    found = list(own.slots)
    for strand in others:
        found += [slot for slot in strand.slots if taken.add(slot)]
    return sorted(found, key=_begin)


def _sounding(slots: Iterable[Slot]) -> int:
    return sum(slot.end - slot.begin for slot in slots)


def _highest(strands: Sequence[Strand]) -> Strand:
    """The strand that is above the others where they sound together: else the first."""
    best = strands[0]
    for strand in strands[1:]:
        together, above = _compare(strand.slots, best.slots)
        # A few notes above a tune are an ornament of it.
        if 2 * together >= _sounding(best.slots) and 2 * above > together:
            best = strand
    return best


def _compare(slots: Sequence[Slot], others: Sequence[Slot]) -> tuple[int, int]:
    """How long two strands sound together, and how long the first is above the second."""
    together = above = i = j = 0
    while i < len(slots) and j < len(others):
        a, b = slots[i], others[j]
        overlap = max(0, min(a.end, b.end) - max(a.begin, b.begin))
        together += overlap
        above += overlap if a.notes[0].pitch > b.notes[0].pitch else 0
        if a.end <= b.end:
            i += 1
        else:
            j += 1
    return together, above
