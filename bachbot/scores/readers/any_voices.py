"""Up to four voices out of any score: voices that are missing, keyboard chords, five parts.

What a teacher gets is not always S A T B. The voices are found by the names of the parts, else by
their height; chords on staves are shared out among the voices from note to note.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from bachbot.chorale import VOICES, Voice
from bachbot.errors import ScoreError
from bachbot.scores.grid import LineNote
from bachbot.scores.readers.assign import part_name, voice_named
from bachbot.scores.readers.document import Document, Line
from bachbot.scores.readers.staff_lines import Staff, Strand

_CENTER = {voice: sum(voice.range) / 2 for voice in VOICES}

_CHORDS = Fraction(1, 10)
"""Share of chords among the notes of a score from which it is read chord by chord."""

_OUT = 24.0
"""Cost of an outer voice that rests while another sounds, in semitones."""


@dataclass(frozen=True, eq=False)
class FoundVoices:
    """The voices of a score.

    Parameters
    ----------
    lines : mapping of Voice to Line
        One to four voices.
    findings : tuple of str
        What is to be said of them, a line each.
    chords : bool
        Whether a line takes single notes out of chords.
    """

    lines: dict[Voice, Line]
    findings: tuple[str, ...]
    chords: bool


@dataclass(frozen=True)
class _Note:
    """A note of a staff: where it is written, and how it sounds."""

    start: Fraction
    stop: Fraction
    pitch: int
    name: int
    tied: bool
    fermata: bool
    place: tuple[int, str, str]  # part, staff, voice

    def written(self) -> LineNote:
        return LineNote(self.start, self.stop - self.start, self.pitch, self.tied, self.fermata)


@dataclass(frozen=True, eq=False)
class _Lane:
    """What one voice of a staff has: chords or single notes, in order."""

    staff: Staff
    chords: list[list[_Note]]  # each from the top down

    @property
    def height(self) -> float:
        return sum(c[0].pitch for c in self.chords) / len(self.chords)

    @property
    def length(self) -> Fraction:
        return sum((c[0].stop - c[0].start for c in self.chords), Fraction(0))


def find_voices(document: Document) -> FoundVoices:
    """Find up to four voices in a score.

    Parameters
    ----------
    document : Document
        A score with notes.

    Raises
    ------
    ScoreError
        If it has none.
    """
    lanes = [
        _Lane(staff, chords)
        for staff in document.staves
        for strand in staff.strands
        if (chords := list(_chords(document, staff, strand)))
    ]
    if not lanes:
        raise ScoreError("it has nothing but rests: give a score with notes")
    count = sum(len(lane.chords) for lane in lanes)
    thick = sum(len(chord) > 1 for lane in lanes for chord in lane.chords)
    if thick > _CHORDS * count:
        return _shared_out(lanes)
    return _by_lane(document, lanes)


def _chords(document: Document, staff: Staff, strand: Strand) -> Iterable[list[_Note]]:
    ticks = next(c.ticks for c in document.contents if c.index == staff.part)
    for slot in strand.slots:
        start = document.bars[slot.bar].start + Fraction(slot.offset, ticks)
        stop = start + Fraction(slot.end - slot.begin, ticks)
        voice = (slot.elements[0].findtext("voice") or "1").strip()
        place = (staff.part, staff.name, voice)
        yield [
            _Note(start, stop, note.pitch, note.name, note.tied, slot.fermata, place)
            for note in slot.notes
        ]


def _line(notes: Sequence[_Note]) -> Line:
    """The line of some notes; it is in the staff where most of them are."""
    places = Counter(note.place[:2] for note in notes)
    part, staff = places.most_common(1)[0][0]
    voices = frozenset(n.place[2] for n in notes if n.place[:2] == (part, staff))
    return Line(
        part, staff, voices, tuple(n.written() for n in notes), tuple(n.name for n in notes)
    )


def _by_lane(document: Document, lanes: list[_Lane]) -> FoundVoices:
    """Each voice of a staff is one of the four: by the names of the parts, else by height."""
    findings = []
    lanes = sorted(lanes, key=lambda lane: -lane.height)
    if len(lanes) > len(VOICES):
        # The outer voices and the fullest of the others.
        inner = sorted(lanes[1:-1], key=lambda lane: -lane.length)[:2]
        left = [lane for lane in lanes[1:-1] if lane not in inner]
        names = ", ".join(dict.fromkeys(part_name(document, lane.staff.part) for lane in left))
        findings.append(
            f"it has {len(lanes)} voices: four are judged, "
            f"{'one is' if len(left) == 1 else f'{len(left)} are'} not ({names})"
        )
        lanes = [lane for lane in lanes if lane not in left]
    named = [voice_named(document.names[lane.staff.part]) for lane in lanes]
    alone = {v for v in named if v is not None and named.count(v) == 1}
    own: tuple[Voice, ...]
    if len(alone) == len(lanes):
        own = tuple(v for v in named if v is not None)
    else:
        own = min(
            combinations(VOICES, len(lanes)),
            key=lambda found: sum(
                abs(lane.height - _CENTER[voice]) for lane, voice in zip(lanes, found, strict=True)
            ),
        )
    lines = {}
    for voice, lane in zip(own, lanes, strict=True):
        which = -1 if voice is Voice.BASS else 0
        stray = sum(len(chord) > 1 for chord in lane.chords)
        if stray:
            findings.append(
                f"the {voice.label} has {stray} chord{'s' * (stray > 1)}: the "
                f"{'bottom' if which else 'top'} note is judged"
            )
        lines[voice] = _line([chord[which] for chord in lane.chords])
    return FoundVoices(
        dict(sorted(lines.items())),
        (*_missing(lines), *findings),
        any(len(chord) > 1 for lane in lanes for chord in lane.chords),
    )


def _missing(lines: Iterable[Voice]) -> list[str]:
    has = set(lines)
    lacking = [voice.label for voice in VOICES if voice not in has]
    if not lacking:
        return []
    words = lacking[0] if len(lacking) == 1 else f"{', '.join(lacking[:-1])} and {lacking[-1]}"
    return [f"it has no {words}: what needs {'it' if len(lacking) == 1 else 'them'} is not judged"]


def _shared_out(lanes: Iterable[_Lane]) -> FoundVoices:
    """Share the notes of chords out among the voices, in order of time."""
    notes = sorted(
        (note for lane in lanes for chord in lane.chords for note in chord),
        key=lambda note: (note.start, -note.pitch),
    )
    by_start: dict[Fraction, list[_Note]] = {}
    for note in notes:
        by_start.setdefault(note.start, []).append(note)
    ends = dict.fromkeys(VOICES, Fraction(-1))
    taken: dict[Voice, list[_Note]] = {voice: [] for voice in VOICES}
    dropped = 0
    for start, new in by_start.items():
        free = [voice for voice in VOICES if ends[voice] <= start]
        dropped += max(0, len(new) - len(free))
        if not free:
            continue
        # Of too many the outer ones stay.
        keep = new if len(new) <= len(free) else [*new[: len(free) - 1], new[-1]]
        for voice, note in zip(_best(keep, free, taken), keep, strict=True):
            taken[voice].append(note)
            ends[voice] = note.stop
    lines = {voice: _line(found) for voice, found in taken.items() if found}
    findings = [
        "its chords on staves are read as voices: from the top note down, each voice going on to "
        "the nearest note"
    ]
    if dropped:
        findings.append(
            f"{dropped} note{'s are' if dropped > 1 else ' is'} more than four voices can sing "
            f"and {'are' if dropped > 1 else 'is'} not judged"
        )
    return FoundVoices(lines, (*_missing(lines), *findings), chords=True)


def _best(
    new: Sequence[_Note],
    free: Sequence[Voice],
    taken: dict[Voice, list[_Note]],
) -> tuple[Voice, ...]:
    """The voices that take some notes, given from the top down: the nearest, without crossing."""

    def cost(voices: Sequence[Voice]) -> float:
        total = 0.0
        for voice, note in zip(voices, new, strict=True):
            last = taken[voice][-1].pitch if taken[voice] else _CENTER[voice]
            total += abs(note.pitch - last)
        # The bass and the soprano sing before an inner voice does.
        return total + _OUT * sum(v in free and v not in voices for v in (VOICES[0], VOICES[-1]))

    return min(combinations(free, len(new)), key=cost)
