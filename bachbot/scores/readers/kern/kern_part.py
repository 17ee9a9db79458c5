"""The part of a kern spine while it is read: its bars, voices, slurs, words and signatures."""

from collections import deque
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from bachbot.scores.readers.budget import Budget
from bachbot.scores.readers.kern.kern_notes import TICKS, KernNote
from bachbot.scores.readers.tune import TuneBar, TuneNote, drop_slurs

_ORDER = ("key", "time", "clef")
_MAX_SLURS = 6


@dataclass
class KernBar:
    """A bar while it is read.

    Parameters
    ----------
    marks : TuneBar
        Its signatures and bar lines, without notes.
    voices : dict of int to list of (int, int, TuneNote)
        By voice from the top down, 0 first: the start of each note from the beginning of the bar,
        its end, and the note. All times are in units of `TICKS`.
    phrase_ends : set of int
        Where phrases end.
    """

    marks: TuneBar
    voices: dict[int, list[tuple[int, int, TuneNote]]] = field(default_factory=dict)
    phrase_ends: set[int] = field(default_factory=set)

    @property
    def length(self) -> int:
        """End of its last note."""
        return max((notes[-1][1] for notes in self.voices.values() if notes), default=0)


@dataclass(eq=False)
class Strand:
    """One column of a part: a voice between a split and a join.

    Parameters
    ----------
    end : int or None
        Where its last note ends, from the beginning of the bar; None before the first note.
    beams : int
        Beams that are open.
    graces : list of (int, int)
        Grace notes before the next note.
    last : TuneNote or None
        Its last note, for words that come later.
    held : tuple or None
        At the beginning of a bar: bar, voice and index of a note of the bar before that may sound
        on, and by how much.
    """

    end: int | None = None
    beams: int = 0
    graces: list[tuple[int, int]] = field(default_factory=list)
    last: TuneNote | None = None
    held: tuple[KernBar, int, int, int] | None = None


@dataclass(eq=False)
class KernPart:
    """A kern spine.

    Parameters
    ----------
    spine : int
        Number of the spine in the file.
    reached : int
        Length of the bars before.
    """

    spine: int
    name: str = ""
    code: str = ""
    staff: int | None = None
    percussion: bool = False
    beats: int = 4
    unit: int = 4
    metered: bool = False
    fifths: int | None = None
    record: str = ""
    reached: int = 0
    bars: list[KernBar] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    ending: str = ""
    slurs: list[int] = field(default_factory=list)

    @property
    def bar(self) -> KernBar:
        """The current bar."""
        if not self.bars:
            self.begin_bar()
        return self.bars[-1]

    def begin_bar(self) -> None:
        """Begin a bar, with the signatures in force."""
        self.bars.append(KernBar(TuneBar([], self.beats, self.unit, self.fifths or 0)))

    def sign(self, element: Element) -> None:
        """Add a key, time signature or clef to the current bar."""
        marks = self.bar.marks
        marks.new = [e for e in marks.new if e.tag != element.tag] + [element]
        marks.new.sort(key=lambda e: _ORDER.index(e.tag))
        if not self.bar.voices:
            marks.beats, marks.unit, marks.fifths = self.beats, self.unit, self.fifths or 0

    def add(self, found: KernNote, strand: Strand, voice: int, start: int, budget: Budget) -> None:
        """Add a note to a voice.

        Raises
        ------
        ScoreError
            If the part becomes too long.
        """
        note = found.new_note()
        budget.note(number=max(1, len(note.pitches)))
        if found.grace:
            strand.graces += note.pitches
            return
        strand.end = end = start + found.ticks
        budget.reach(-(-(self.reached + end) // TICKS))
        note.joined = strand.beams > 0
        strand.beams = max(0, strand.beams + found.beams)
        if strand.graces and note.pitches:
            note.graces, strand.graces = strand.graces, []
        if found.closed or found.opened:
            self._slur(found, note)
        bar = self.bars[-1] if self.bars else self.bar
        bar.voices.setdefault(voice, []).append((start, end, note))
        if found.phrase_end:
            bar.phrase_ends.add(end)
        strand.last = note

    def _slur(self, found: KernNote, note: TuneNote) -> None:
        for _ in range(min(found.closed, len(self.slurs))):
            number = self.slurs.pop()
            note.slurs.append(("stop", number))
        for _ in range(found.opened):
            number = len(self.slurs) + 1
            if number > _MAX_SLURS:
                break
            self.slurs.append(number)
            note.slurs.append(("start", number))

    def hold(self, strand: Strand, voice: int, budget: Budget) -> None:
        """Let the last note of the bar before sound on in this bar, tied."""
        assert strand.held is not None
        bar, before, index, rest = strand.held
        start, end, note = bar.voices[before][index]
        budget.note()
        first, second = divide(note, Fraction(end - rest - start, end - start))
        bar.voices[before][index] = (start, end - rest, first)
        self.bar.voices.setdefault(voice, []).append((0, rest, second))
        strand.end, strand.last = rest, second
        budget.reach(-(-(self.reached + rest) // TICKS))

    def close(self) -> None:
        """End the part: its ending, and the slurs that are open, which are left out."""
        if self.bars:
            self.end_ending(self.bars[-1], "discontinue")
        notes = [n for bar in self.bars for voice in bar.voices.values() for _, _, n in voice]
        drop_slurs(notes, self.slurs)

    def end_ending(self, bar: KernBar, kind: str) -> None:
        """End the first or second ending that is open, if there is one."""
        if self.ending:
            bar.marks.right.append(Element("ending", {"number": self.ending, "type": kind}))
            self.ending = ""


def divide(note: TuneNote, share: Fraction) -> tuple[TuneNote, TuneNote]:
    """Divide a note into two tied ones, the first with a share of its length."""
    edges = {"tie start"} if note.pitches else set()
    first = replace(
        note,
        value=note.value * share,
        edges=(note.edges - {"tie start", "tuplet stop"}) | edges,
        untied={entry for entry in note.untied if entry[0] == "stop"},
        slurs=[slur for slur in note.slurs if slur[0] == "start"],
        marks=[mark for mark in note.marks if mark not in ("fermata", "breath-mark")],
    )
    second = replace(
        note,
        value=note.value * (1 - share),
        edges=(note.edges - {"tie stop", "tuplet start"}) | ({"tie stop"} if edges else set()),
        untied={entry for entry in note.untied if entry[0] == "start"},
        slurs=[slur for slur in note.slurs if slur[0] == "stop"],
        marks=[mark for mark in note.marks if mark in ("fermata", "breath-mark")],
        explicit=set(),
        lyrics={},
        graces=[],
        joined=False,
    )
    return first, second


def tune_bars(bars: list[KernBar]) -> list[TuneBar]:
    """The bars with their voices filled up, and their tuplets marked."""
    out = []
    for bar in bars:
        marks = bar.marks
        last = max(bar.voices, default=0)
        voices = [_fill(bar.voices.get(voice, [])) for voice in range(last + 1)]
        if not voices[0]:
            voices[0].append(TuneNote(Fraction(bar.length, TICKS), hidden=True))
        marks.notes, marks.lower = voices[0], [voice for voice in voices[1:] if voice]
        for voice in voices:
            _mark_tuplets(voice)
        out.append(marks)
    return out


def _fill(notes: list[tuple[int, int, TuneNote]]) -> list[TuneNote]:
    """The notes of a voice, with the time between them."""
    out: list[TuneNote] = []
    position = 0
    for start, end, note in notes:
        if start > position:
            out.append(TuneNote(Fraction(start - position, TICKS), hidden=True))
        out.append(note)
        position = max(end, position)
    return out


def _mark_tuplets(notes: list[TuneNote]) -> None:
    """Mark where tuplets begin and end: as soon as a whole number of plain notes is full."""
    group: list[TuneNote] = []
    length = Fraction(0)

    def end() -> None:
        if group:
            group[0].edges.add("tuplet start")
            group[-1].edges.add("tuplet stop")
        group.clear()

    for note in notes:
        if note.tuplet is None or (group and note.tuplet != group[0].tuplet):
            end()
        if note.tuplet is None:
            continue
        length = length + note.length if group else note.length
        group.append(note)
        if not length.denominator & (length.denominator - 1):
            end()
    end()


def cut_long_bars(parts: list[KernPart], budget: Budget) -> bool:
    """Make bars of music that has no bar lines, in place; return whether there was any.

    Bars longer than four bars of the meter are cut: with a meter, or in several parts, into bars
    of that length with tied notes; a single part without one after each phrase, or after the note
    that ends a quarter or more of four quarter notes.

    Raises
    ------
    ScoreError
        If there are too many bars then.
    """
    plan: list[list[int]] = []
    for index, bar in enumerate(parts[0].bars):
        length = max(part.bars[index].length for part in parts)
        nominal = TICKS * 4 * bar.marks.beats // bar.marks.unit
        if length <= 4 * max(nominal, 4 * TICKS):
            plan.append([])
        elif parts[0].metered or len(parts) > 1 or len(bar.voices) > 1:
            count = -(-length // nominal) - 1
            budget.bar(count)
            budget.note(number=count * len(parts))
            plan.append([nominal * number for number in range(1, count + 1)])
        else:
            plan.append(_phrase_cuts(bar))
            budget.bar(len(plan[-1]))
    if not any(plan):
        return False
    for part in parts:
        part.bars = [
            piece
            for bar, cuts in zip(part.bars, plan, strict=True)
            for piece in _cut(bar, cuts, plain=part.metered)
        ]
    return True


def _phrase_cuts(bar: KernBar) -> list[int]:
    """Ends of notes at which a bar without meter is cut."""
    cuts: list[int] = []
    last = 0
    for _, at, _ in next(iter(bar.voices.values())):
        if at - last >= (2 if at in bar.phrase_ends else 4) * TICKS and at < bar.length:
            cuts.append(at)
            last = at
    return cuts


def _cut(bar: KernBar, cuts: list[int], *, plain: bool) -> list[KernBar]:
    """Cut a bar at positions; the new bar lines are invisible where there is no meter."""
    if not cuts:
        return [bar]
    marks = bar.marks
    out = [
        KernBar(TuneBar([], marks.beats, marks.unit, marks.fifths)) for _ in range(len(cuts) + 1)
    ]
    first, last = out[0].marks, out[-1].marks
    first.new, first.tempo, first.left, last.right = marks.new, marks.tempo, marks.left, marks.right
    if not plain:
        for piece in out[:-1]:
            style = Element("bar-style")
            style.text = "none"
            piece.marks.right.append(style)
    starts = [0, *cuts]
    for voice, notes in bar.voices.items():
        index = 0
        queue = deque(notes)
        while queue:
            start, end, note = queue.popleft()
            while index < len(cuts) and start >= cuts[index]:
                index += 1
            if index < len(cuts) and end > cuts[index]:
                note, rest = divide(note, Fraction(cuts[index] - start, end - start))
                queue.appendleft((cuts[index], end, rest))
                end = cuts[index]
            out[index].voices.setdefault(voice, []).append(
                (start - starts[index], end - starts[index], note)
            )
    return out
