"""Reader of MIDI files.

MIDI has ticks, not note values: `midi_lines` quantizes the notes. It has no bar lines and no names
of notes either: bars follow from the time signatures, and names from the key. Times are in twelfths
of a quarter note, in whole numbers, because sums of fractions are slow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import pairwise
from xml.etree.ElementTree import Element

import numpy as np

from bachbot.chorale import REST, Chorale, Key, Meter, note_name
from bachbot.errors import ScoreError
from bachbot.scores.grid import LineNote, quantize, supported_meter
from bachbot.scores.keys import estimate_key
from bachbot.scores.musicxml.note_values import split_duration
from bachbot.scores.musicxml.parts import key_element, time_element
from bachbot.scores.pitch import nearest_name, spell
from bachbot.scores.readers.budget import Budget
from bachbot.scores.readers.midi.midi_events import TickNote, parse_midi
from bachbot.scores.readers.midi.midi_lines import TWELFTHS, MidiNote, Timing, read_lines
from bachbot.scores.readers.midi.midi_words import clean, find_words, title_of_karaoke
from bachbot.scores.readers.source import decode_text
from bachbot.scores.readers.tune import TuneBar, TuneNote, tune_tree
from bachbot.scores.score import Notice

_MAX_NOTES = 16_000
"""So that a file is read in two seconds."""

_SIXTEENTH = TWELFTHS // 4


@dataclass
class SongPart:
    """The notes of one track and channel: a name, and one or two lines from the top down."""

    name: str
    lines: list[list[MidiNote]]


@dataclass
class MidiSong:
    """The content of a MIDI file, in twelfths of a quarter note from the beginning.

    Parameters
    ----------
    parts : list of SongPart
        With pitched notes.
    title : str
        Name of the first track, if it has no notes.
    percussion, damaged : bool
        Whether there were notes on the percussion channel, and whether a track is damaged.
    meters : dict of int to (int, int)
        Time signatures.
    keys : dict of int to Key
        Key signatures.
    tempos : dict of int to float
        Quarter notes per minute.
    timing : Timing
        How far the notes are from the grid.
    """

    parts: list[SongPart] = field(default_factory=list)
    title: str = ""
    percussion: bool = False
    damaged: bool = False
    meters: dict[int, tuple[int, int]] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    tempos: dict[int, float] = field(default_factory=dict)
    timing: Timing = field(default_factory=Timing)

    @property
    def lines(self) -> list[list[MidiNote]]:
        """The lines of all parts."""
        return [line for part in self.parts for line in part.lines]


def read_midi(content: bytes, budget: Budget | None = None) -> MidiSong:
    """Read the notes, words and signatures of a MIDI file.

    Raises
    ------
    ScoreError
        If it is not a MIDI file, counts time in seconds, or is too long.
    """
    budget = budget or Budget(most_notes=_MAX_NOTES)
    file = parse_midi(content, budget)
    song = MidiSong(percussion=file.percussion, damaged=file.damaged)
    for tick, microseconds in sorted(file.tempos.items()):
        song.tempos[_on_grid(tick, file.ticks)] = 60_000_000 / microseconds
    for tick, meter in file.meters.items():
        song.meters[_on_grid(tick, file.ticks)] = meter
    for tick, (fifths, minor) in file.keys.items():
        key = Key(note_name(fifths + 3 * minor), "minor" if minor else "major")
        song.keys[_on_grid(tick, file.ticks)] = key
    words = find_words(file)
    for track, texts in zip(file.tracks, words, strict=True):
        name = clean(decode_text(track.name))
        if not track.notes:
            song.title = song.title or title_of_karaoke(track) or ("" if song.parts else name)
        channels: dict[int, list[TickNote]] = {}
        for note in track.notes:
            channels.setdefault(note.channel, []).append(note)
        for notes in channels.values():
            budget.part()
            lines = read_lines(notes, file.ticks, texts, song.timing)
            song.parts.append(SongPart(name, [line for line in lines if line]))
    return song


def _on_grid(tick: int, ticks: int) -> int:
    return _SIXTEENTH * round(4 * tick / ticks)


def midi_tree(content: bytes) -> tuple[Element, tuple[Notice, ...]]:
    """Convert a MIDI file to MusicXML, spelled for its key.

    Returns
    -------
    tree : Element
        ``score-partwise``.
    notices : tuple of Notice
        What was left out.

    Raises
    ------
    ScoreError
        If it is not a MIDI file, is too long, or has no pitched notes.
    """
    budget = Budget(most_notes=_MAX_NOTES)
    song = read_midi(content, budget)
    if not song.parts:
        what = "only percussion" if song.percussion else "no notes"
        raise ScoreError(f"its MIDI has {what}: give a file with a melody")
    first = min(song.keys) if song.keys else None
    key, names = _spell(song, song.keys[first] if first is not None else None)
    bars = []
    for bar in _find_bars(song):
        budget.bar()
        bars.append(bar)
    budget.note(number=len(bars) * len(names))  # each line has a note or a rest in each bar
    parts = []
    spelling = iter(names)
    for part in song.parts:
        lines = [_split_into_bars(line, next(spelling), bars, song, key) for line in part.lines]
        for upper, lower in zip(lines[0], lines[-1], strict=True):
            if lower is not upper:
                upper.lower.append(lower.notes)
        parts.append((part.name, lines[0]))
    _write_tempos(parts[0][1], bars, song)
    return tune_tree(parts, song.title), tuple(_notices(song))


def _write_tempos(
    written: Sequence[TuneBar], bars: Sequence[tuple[int, int, Meter]], song: MidiSong
) -> None:
    """Print the first tempo; later ones, which may be many, are heard and not printed."""
    tempos = sorted(song.tempos.items())
    place = 0
    for bar, (position, _, _) in zip(written, bars, strict=True):
        for note in bar.notes:
            now = None
            while place < len(tempos) and tempos[place][0] <= position:
                now = f"{tempos[place][1]:.4g}"
                place += 1
            if now is not None and bar is written[0] and note is bar.notes[0]:
                bar.tempo = ("", now)
            elif now is not None:
                note.directions.append(Element("sound", {"tempo": now}))
            position += int(note.length * TWELFTHS)
        if place == len(tempos):
            break


def _notices(song: MidiSong) -> Iterator[Notice]:
    if song.percussion:
        yield Notice("percussion", "its percussion is ignored")
    if song.damaged:
        yield Notice("not read", "a track is damaged: it is read up to there")
    timing = song.timing
    if timing.off:
        yield Notice(
            "timing",
            f"{timing.off} of {timing.notes} notes begin off the beat, by up to "
            f"{timing.furthest:.2f} of a quarter note: they are read at the nearest sixteenths or "
            "triplets",
        )


def _spell(song: MidiSong, written: Key | None) -> tuple[Key, list[list[list[int]]]]:
    """Key of a song, and the names of the pitches of each note of each line."""
    grid = quantize([_line_notes(line) for line in song.lines], [])
    # The written mode is ignored: most programs write major whatever the tune.
    key = estimate_key(grid.pitch, written.fifths if written else None)
    names = np.zeros(grid.pitch.shape, dtype=np.int16)
    for left in range(0, len(song.lines), 4):
        columns = grid.pitch[:, left : left + 4]
        pitch = np.full((len(columns), 4), REST, dtype=np.int16)
        tied = np.zeros(pitch.shape, dtype=np.bool_)
        pitch[:, : columns.shape[1]] = columns
        tied[:, : columns.shape[1]] = grid.tied[:, left : left + 4]
        chorale = Chorale(pitch, tied, np.zeros(len(pitch), dtype=np.bool_), key=key)
        names[:, left : left + 4] = spell(chorale)[:, : columns.shape[1]]
    out = []
    for column, line in enumerate(song.lines):
        # A note begins in the nearest frame, as in `frame_of`.
        frames = [(2 * note.start + _SIXTEENTH) // (2 * _SIXTEENTH) for note in line]
        rows = [int(names[min(frame, len(names) - 1), column]) for frame in frames]
        # The other pitches of a chord are spelled near the top one.
        out.append(
            [
                [nearest_name(p * 7, row) for p in note.pitches]
                for note, row in zip(line, rows, strict=True)
            ]
        )
    return key, out


def _line_notes(line: Sequence[MidiNote]) -> list[LineNote]:
    return [
        LineNote(Fraction(n.start, TWELFTHS), Fraction(n.stop - n.start, TWELFTHS), max(n.pitches))
        for n in line
    ]


def _find_bars(song: MidiSong) -> Iterator[tuple[int, int, Meter]]:
    """Start, stop and meter of each bar; silence before the first note makes a pickup."""
    first = min(line[0].start for line in song.lines)
    end = max(note.stop for line in song.lines for note in line)
    changes = sorted(song.meters.items())
    meter = Meter()
    if len(changes) > 1 and changes[0][0] == 0:
        # Some programs write a pickup as a short bar with its own meter.
        short, full = supported_meter(*changes[0][1]), supported_meter(*changes[1][1])
        if short.bar_frames < full.bar_frames and changes[1][0] == _length(short):
            meter = full
            changes.pop(0)
    start = pickup = 0
    while start < end:
        while changes and changes[0][0] <= start:
            meter = supported_meter(*changes.pop(0)[1])
        length = _length(meter)
        stop = start + length
        if changes and changes[0][0] < stop:
            stop = max(changes[0][0], start + _SIXTEENTH)
        if stop > first:
            if start <= first:
                # A pickup follows at least half a bar of silence.
                late = first - start if 2 * (first - start) >= length else 0
                start += late
                pickup = stop - start if stop - start < length else 0
            # The last bar is shorter by the pickup.
            if pickup and end <= stop - pickup:
                stop -= pickup
            yield start, stop, meter
        start = stop


def _length(meter: Meter) -> int:
    return _SIXTEENTH * meter.bar_frames


def _split_into_bars(
    line: Sequence[MidiNote],
    names: Sequence[Sequence[int]],
    bars: Sequence[tuple[int, int, Meter]],
    song: MidiSong,
    key: Key,
) -> list[TuneBar]:
    out: list[TuneBar] = []
    notes = list(zip(line, names, strict=True))
    keys = sorted(song.keys.items()) or [(0, key)]
    before: Meter | None = None
    fifths = 0
    number = 0
    for index, (start, stop, meter) in enumerate(bars):
        bar = TuneBar([], meter.beats, meter.unit, fifths)
        while keys and keys[0][0] <= start:
            bar.fifths = fifths = keys[0][1].fifths
            bar.new = [key_element(fifths, keys.pop(0)[1].mode)]
        if meter != before:
            bar.new.append(time_element(meter))
        before = meter
        lead = _length(meter) - (stop - start) if index == 0 else 0
        position = start
        while number < len(notes) and notes[number][0].start < stop:
            note, note_names = notes[number]
            begin = max(note.start, start)
            if begin > position:
                bar.notes += _note_values(position, begin, start - lead, meter, [], set())
            until = min(note.stop, stop)
            edges = {"tie stop"} if note.start < start else set()
            if note.stop > stop:
                edges.add("tie start")
            pitches = sorted(zip(note.pitches, note_names, strict=True))
            pieces = _note_values(begin, until, start - lead, meter, pitches, edges)
            if note.syllable and note.start >= start and pieces:
                pieces[0].lyrics[1] = note.syllable
            bar.notes += pieces
            position = max(position, until)
            if note.stop > stop:
                break
            number += 1
        if position < stop:
            bar.notes += _note_values(position, stop, start - lead, meter, [], set())
        out.append(bar)
    if out:  # MIDI has no bar lines: add the final one
        end = Element("bar-style")
        end.text = "light-heavy"
        out[-1].right.append(end)
    return out


def _note_values(
    begin: int,
    end: int,
    bar: int,
    meter: Meter,
    pitches: list[tuple[int, int]],
    edges: set[str],
) -> list[TuneNote]:
    """Tied note values from one position to another; triplets stay within their beat."""
    out: list[TuneNote] = []
    while begin < end:
        into = begin % TWELFTHS
        beat = begin - into + TWELFTHS
        if into % _SIXTEENTH == 0 and (end - begin) % _SIXTEENTH == 0:
            position = (begin - bar) // _SIXTEENTH
            for value in split_duration(position, (end - begin) // _SIXTEENTH, meter):
                written = _quarters(value, 4)
                out.append(TuneNote(written, list(pitches), joined=bool(position % 4)))
                position += value
            break
        stop = min(beat, end)
        if into == 0 and end >= beat:  # whole beats before the triplet
            stop = end - end % TWELFTHS
            out += _note_values(begin, stop, bar, meter, pitches, set())
        else:
            written = _quarters(3 * (stop - begin), 2 * TWELFTHS)
            out.append(TuneNote(written, list(pitches), tuplet=(3, 2), joined=bool(into)))
            if into == 0:
                out[-1].edges.add("tuplet start")
            if stop == beat:
                out[-1].edges.add("tuplet stop")
        begin = stop
    if pitches:
        for first, second in pairwise(out):
            first.edges.add("tie start")
            second.edges.add("tie stop")
        out[0].edges |= edges & {"tie stop"}
        out[-1].edges |= edges & {"tie start"}
    return out


@cache
def _quarters(count: int, parts: int) -> Fraction:
    return Fraction(count, parts)
