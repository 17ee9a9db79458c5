"""Reader of MIDI files.

MIDI has ticks, not note values. Notes are quantized to sixteenths or, in beats where they fit
better, to triplets; a note that ends a little before or after the start of the next one ends
there.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from bachbot.chorale import REST, Chorale, Key, Meter
from bachbot.errors import ScoreError
from bachbot.scores.grid import LineNote, frame_of, quantize, supported_meter
from bachbot.scores.keys import estimate_key
from bachbot.scores.musicxml.note_values import split_duration
from bachbot.scores.musicxml.parts import key_element, time_element
from bachbot.scores.pitch import nearest_name, spell
from bachbot.scores.readers.tune import Syllable, TuneBar, TuneNote, tune_tree
from bachbot.scores.score import Notice

_PERCUSSION = 9
_MAX_NOTES = 100_000
_MAX_QUARTERS = 4096
_SIXTEENTH = Fraction(1, 4)
_TRIPLET = Fraction(1, 3)


@dataclass
class MidiNote:
    """A note or chord, in quarter notes from the beginning, with its lyric."""

    start: Fraction
    stop: Fraction
    pitches: list[int]
    text: str = ""


@dataclass
class MidiLine:
    """The notes of one track and channel."""

    name: str = ""
    notes: list[MidiNote] = field(default_factory=list)


@dataclass
class MidiSong:
    """The content of a MIDI file, in quarter notes from the beginning.

    Parameters
    ----------
    lines : list of MidiLine
        Pitched lines with notes.
    title : str
        Name of the first track, if it has no notes.
    percussion : bool
        Whether there were notes on the percussion channel.
    meters : dict of Fraction to (int, int)
        Time signatures.
    keys : dict of Fraction to Key
        Key signatures.
    tempo : float or None
        Quarter notes per minute at the beginning, if it is given.
    """

    lines: list[MidiLine] = field(default_factory=list)
    title: str = ""
    percussion: bool = False
    meters: dict[Fraction, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Fraction, Key] = field(default_factory=dict)
    tempo: float | None = None


def read_midi(content: bytes) -> MidiSong:
    """Read the notes and signatures of a MIDI file.

    Raises
    ------
    ScoreError
        If it is not a MIDI file, counts time in seconds, or is too long.
    """
    import mido

    try:
        file = mido.MidiFile(file=io.BytesIO(content), clip=True)
    except Exception as error:  # mido's parser raises errors of any type
        reason = str(error)[:100] or type(error).__name__
        raise ScoreError(f"it cannot be read as MIDI ({reason}): export it again") from error
    if file.ticks_per_beat <= 0 or file.ticks_per_beat >= 0x8000:
        raise ScoreError("its MIDI counts time in seconds: export it with time in beats")
    song = MidiSong()
    for track in file.tracks:
        _read_track(track, file.ticks_per_beat, song)
    for line in song.lines:
        line.notes = _quantize_notes(line.notes)
    song.lines = [line for line in song.lines if line.notes]
    return song


def _read_track(track: Any, ticks: int, song: MidiSong) -> None:
    lines: dict[int, MidiLine] = {}
    sounding: dict[tuple[int, int], MidiNote] = {}
    words: dict[Fraction, str] = {}
    name, now = "", 0
    for message in track:
        now += message.time
        at = Fraction(now, ticks)
        kind = message.type
        if kind in ("note_on", "note_off"):
            key = (message.channel, message.note)
            if key in sounding:
                sounding.pop(key).stop = at
            if kind == "note_on" and message.velocity:
                if message.channel == _PERCUSSION:
                    song.percussion = True
                    continue
                note = sounding[key] = MidiNote(at, at, [message.note])
                lines.setdefault(message.channel, MidiLine()).notes.append(note)
                if at > _MAX_QUARTERS or len(lines[message.channel].notes) > _MAX_NOTES:
                    raise ScoreError("it is too long: give a part of it")
        elif kind == "track_name" and not name:
            name = " ".join(message.name.split())[:80]
        elif kind == "lyrics":
            words[at] = words.get(at, "") + message.text[:80]
        elif kind == "time_signature":
            song.meters[at] = (message.numerator, message.denominator)
        elif kind == "key_signature":
            song.keys[at] = Key.parse(message.key)
        elif kind == "set_tempo" and song.tempo is None and message.tempo:
            song.tempo = 60_000_000 / message.tempo
    if name and not lines and not song.lines and not song.title:
        song.title = name
    for line in lines.values():
        line.name = name
        for note in line.notes:
            note.text = words.get(note.start, "")
        song.lines.append(line)


def _quantize_notes(notes: Sequence[MidiNote]) -> list[MidiNote]:
    """Quantize notes, join chords, and end notes where the next one starts."""
    triplets = _triplet_beats(notes)
    grid: dict[Fraction, MidiNote] = {}
    for note in sorted(notes, key=lambda n: (n.start, n.pitches)):
        start, stop = _snap(note.start, triplets), _snap(note.stop, triplets)
        stop = max(stop, start + (_TRIPLET if int(start) in triplets else _SIXTEENTH))
        if start in grid:
            grid[start].pitches += note.pitches
            grid[start].stop = max(stop, grid[start].stop)
        else:
            grid[start] = MidiNote(start, stop, list(note.pitches), note.text)
    out = [grid[start] for start in sorted(grid)]
    for note, following in pairwise(out):
        gap = following.start - note.stop
        length = following.start - note.start
        # A small gap is articulation and a small overlap legato; a long overlap is a chord.
        if gap < 0 and -gap > max(_SIXTEENTH, length / 4):
            following.pitches += [p for p in note.pitches if p not in following.pitches]
        if gap < 0 or gap <= min(_SIXTEENTH, length / 2):
            note.stop = following.start
    return out


def _triplet_beats(notes: Sequence[MidiNote]) -> set[int]:
    """Beats whose onsets are nearer to triplets than to sixteenths."""
    errors: dict[int, list[Fraction]] = {}
    for note in notes:
        into = note.start % 1
        both = errors.setdefault(int(note.start), [Fraction(0), Fraction(0)])
        both[0] += abs(into - round(into * 4) * _SIXTEENTH)
        both[1] += abs(into - round(into * 3) * _TRIPLET)
    # Nearer by more than the inaccuracy of a performer.
    return {beat for beat, (plain, third) in errors.items() if third + Fraction(1, 24) < plain}


def _snap(at: Fraction, triplets: set[int]) -> Fraction:
    beat = int(at)
    steps = 3 if beat in triplets else 4
    return beat + Fraction(round((at - beat) * steps), steps)


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
        If it is not a MIDI file, or has no pitched notes.
    """
    song = read_midi(content)
    if not song.lines:
        what = "only percussion" if song.percussion else "no notes"
        raise ScoreError(f"its MIDI has {what}: give a file with a melody")
    first = min(song.keys) if song.keys else None
    key, names = _spell(song, song.keys[first] if first is not None else None)
    bars = list(_find_bars(song))
    parts = [
        (line.name, _split_into_bars(line, spelling, bars, song, key))
        for line, spelling in zip(song.lines, names, strict=True)
    ]
    notices = (Notice("percussion", "its percussion is ignored"),) if song.percussion else ()
    return tune_tree(parts, song.title), notices


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
        rows = [int(names[min(frame_of(n.start), len(names) - 1), column]) for n in line.notes]
        # The other pitches of a chord are spelled near the top one.
        out.append(
            [
                [nearest_name(p * 7, row) for p in note.pitches]
                for note, row in zip(line.notes, rows, strict=True)
            ]
        )
    return key, out


def _line_notes(line: MidiLine) -> list[LineNote]:
    return [LineNote(n.start, n.stop - n.start, max(n.pitches)) for n in line.notes]


def _find_bars(song: MidiSong) -> Iterator[tuple[Fraction, Fraction, Meter]]:
    """Start, stop and meter of each bar; silence before the first note makes a pickup."""
    first = min(line.notes[0].start for line in song.lines)
    end = max(note.stop for line in song.lines for note in line.notes)
    changes = sorted(song.meters.items())
    meter = Meter()
    if len(changes) > 1 and changes[0][0] == 0:
        # Some programs write a pickup as a short bar with its own meter.
        short, full = supported_meter(*changes[0][1]), supported_meter(*changes[1][1])
        if short.bar_frames < full.bar_frames and changes[1][0] == Fraction(short.bar_frames, 4):
            meter = full
            changes.pop(0)
    start = pickup = Fraction(0)
    while start < end:
        while changes and changes[0][0] <= start:
            meter = supported_meter(*changes.pop(0)[1])
        length = Fraction(meter.bar_frames, 4)
        stop = start + length
        if changes and changes[0][0] < stop:
            stop = max(changes[0][0], start + _SIXTEENTH)
        if stop > first:
            if start <= first:
                # A pickup follows at least half a bar of silence.
                late = first - start if first - start >= length / 2 else Fraction(0)
                start += late
                pickup = stop - start if stop - start < length else Fraction(0)
            # The last bar is shorter by the pickup.
            if pickup and end <= stop - pickup:
                stop -= pickup
            yield start, stop, meter
        start = stop


def _split_into_bars(
    line: MidiLine,
    names: Sequence[Sequence[int]],
    bars: Sequence[tuple[Fraction, Fraction, Meter]],
    song: MidiSong,
    key: Key,
) -> list[TuneBar]:
    out: list[TuneBar] = []
    notes = list(zip(line.notes, names, strict=True))
    keys = sorted(song.keys.items()) or [(Fraction(0), key)]
    before: Meter | None = None
    fifths = 0
    number = 0
    inside = False
    for index, (start, stop, meter) in enumerate(bars):
        bar = TuneBar([], meter.beats, meter.unit, fifths)
        while keys and keys[0][0] <= start:
            bar.fifths = fifths = keys[0][1].fifths
            bar.new = [key_element(fifths, keys.pop(0)[1].mode)]
        if meter != before:
            bar.new.append(time_element(meter))
        before = meter
        if index == 0 and song.tempo:
            bar.tempo = ("", f"{song.tempo:.4g}")
        lead = Fraction(meter.bar_frames, 4) - (stop - start) if index == 0 else Fraction(0)
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
            if note.text and note.start >= start and pieces:
                inside = _add_lyric(pieces[0], note.text, inside=inside)
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
    begin: Fraction,
    end: Fraction,
    bar: Fraction,
    meter: Meter,
    pitches: list[tuple[int, int]],
    edges: set[str],
) -> list[TuneNote]:
    """Tied note values from one position to another; triplets stay within their beat."""
    out: list[TuneNote] = []
    while begin < end:
        beat = begin.__floor__() + 1
        into = begin - (beat - 1)
        if into.denominator in (1, 2, 4) and (end - begin).denominator in (1, 2, 4):
            position = int((begin - bar) * 4)
            for value in split_duration(position, int((end - begin) * 4), meter):
                out.append(TuneNote(Fraction(value, 4), list(pitches), joined=bool(position % 4)))
                position += value
            break
        stop = min(Fraction(beat), end)
        if into == 0 and end >= beat:  # whole beats before the triplet
            stop = Fraction(end.__floor__())
            out += _note_values(begin, stop, bar, meter, pitches, set())
        else:
            written = (stop - begin) * Fraction(3, 2)
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


def _add_lyric(note: TuneNote, text: str, *, inside: bool) -> bool:
    """Set a syllable under a note; return whether its word continues."""
    continues = text.rstrip().endswith("-") and text.strip() != "-"
    words = text.strip().rstrip("-").strip()
    if words:
        position = {(False, False): "single", (False, True): "begin",
                    (True, False): "end", (True, True): "middle"}[inside, continues]  # fmt: skip
        note.lyrics[1] = Syllable(position, words)
    return continues
