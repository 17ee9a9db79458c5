"""Read folders of real tunes, and compare what comes back with another reader.

::

    python tests/benchmarks/read_collections.py FOLDER... [--sample N] [--harmonize METHOD]

Every tune of every score in the folders is read as `bachbot harmonize` reads it. What comes back is
compared with music21's reading of the same tune: pitch and onset of each note of the melody (the
top notes of chords, no grace notes), up to the one interval by which bachbot says that it moved all
of it, and octaves. Where a staff of MusicXML has several voices, the notes of the melody's own are
compared, and those with which it goes on while they are silent have to be in the others. The table
says how many tunes were read, how many of them agree, differ, or cannot be compared because music21
refuses them, and how many were refused. ``--sample N --seed S`` draws N tunes of each folder at
random.

With ``--harmonize greedy`` or ``beam`` (the default beam) the tunes are harmonized as well, a dozen
side by side, the shortest first. What comes back is written as MusicXML and read again, and its
melody has to be the one that was read. Tunes of more than ``--longest`` sixteenths are not tried.

``--record FILE`` keeps what became of each tune, a line of JSON for each, and a later run with the
same file goes on where this one stopped. A difference is not always ours: ``--show`` prints the
first ones.

The collections of music21 itself are in its folder `corpus`: airdsAirs, oneills1850, ryansMammoth,
nottingham-dataset (ABC), essenFolksong (ABC), and scores by many composers. Its folder
`musicxml/lilypondTestSuite` has a small file for each element of MusicXML.
"""

import argparse
import io
import json
import random
import re
import sys
import warnings
import zipfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree.ElementTree import Element

from bachbot.chorale import Voice
from bachbot.errors import BachbotError
from bachbot.scores import load_score, render
from bachbot.scores.readers.document import Line
from bachbot.scores.readers.load import list_tunes
from bachbot.scores.readers.source import INPUT_FORMATS, decode_text, open_source
from bachbot.scores.score import Score, soundings

if TYPE_CHECKING:
    from bachbot.engine import DecodingResult

OUTCOMES = ("agrees", "differs", "not compared", "refused", "not harmonized", "changed", "longer")
"""What becomes of a tune; the last three only where it is to be harmonized."""

SIDE_BY_SIDE = 12
"""Tunes that are harmonized in one search; their outcomes are recorded after it."""

Notes = list[tuple[Fraction, int]]
"""Onset in quarter notes, and MIDI pitch, of each note of a melody.

In MusicXML, whose bars may be shorter or longer than they should be, onsets are counted from the
beginning of the bar and tied notes are several: what one program reads otherwise in a bar is then
no difference in the bars after it.
"""

_MUSIC21_FORMATS = {"abc": "abc", "kern": "humdrum", "musicxml": "musicxml", "midi": "midi"}
_TICKS = 960  # of a quarter note; onsets that are rounded to the same one are the same
_ROOT_FILE = re.compile(r"full-path=[\"']([^\"']*)")
_LONG = 1000  # quarter notes between the beginnings of two bars, more than any bar has
_TUNE = re.compile(r"^X:", re.MULTILINE)
_FIELD = re.compile(r"[A-Za-z+]:")
_NOTE_BEFORE_COLON = re.compile(r"[A-Ga-gz]:[|:]")
_REMARKS = re.compile(r'"[^"]*"|![^!\s]*!|!(?=[^!]*$)|\{[^}]*\}')
_SIGNS = re.compile(r"[H-Wh-w~.](?=[\^_=A-Ga-gxz\[({])|`|\((?![2-9])|\)")
_COLON = re.compile(r"(?<=[A-Ga-gz0-9]):")


Harmonize = Callable[[Sequence[Score]], "list[list[DecodingResult] | BachbotError]"]


class Sample(NamedTuple):
    """Tunes of each folder that are drawn, all if None; the seed; the most sixteenths of a tune."""

    size: int | None
    seed: int
    longest: int | None = None


class Wanted(NamedTuple):
    """A tune to read: file, place there from 1, number, and what the record calls it."""

    path: Path
    place: int
    number: int
    name: str


class Outcome(NamedTuple):
    """What became of a tune.

    Parameters
    ----------
    kind : str
        One of ``OUTCOMES``.
    detail : str
        The error or the difference.
    harmonized : bool
        Whether it was harmonized and its tune came back as it was read.
    """

    kind: str
    detail: str = ""
    harmonized: bool = False


@dataclass
class Table:
    """What became of each tune, by collection and name."""

    record: Path | None = None
    found: dict[str, dict[str, Outcome]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.record is not None and self.record.exists():
            for line in self.record.read_text("utf-8").splitlines():
                collection, tune, *outcome = json.loads(line)
                self.found.setdefault(collection, {})[tune] = Outcome(*outcome)

    def add(self, collection: str, tune: str, outcome: Outcome) -> None:
        """Keep an outcome, also in the record."""
        self.found.setdefault(collection, {})[tune] = outcome
        if self.record is not None:
            with self.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps([collection, tune, *outcome], ensure_ascii=False) + "\n")

    def lines(self, *, harmonize: bool) -> Iterator[str]:
        """The table in Markdown."""
        kinds = OUTCOMES if harmonize else OUTCOMES[:4]
        last = ["harmonized, melody unchanged"] if harmonize else []
        yield f"| {' | '.join(['collection', 'tunes', 'read', *kinds, *last])} |"
        yield "|---" + "|---:" * (len(kinds) + 2 + len(last)) + "|"
        for name, tunes in self.found.items():
            count = Counter(outcome.kind for outcome in tunes.values())
            read = len(tunes) - count["refused"]
            row = [name, len(tunes), read, *(count[kind] for kind in kinds)]
            if harmonize:
                row.append(sum(outcome.harmonized for outcome in tunes.values()))
            yield f"| {' | '.join(map(str, row))} |"

    def examples(self) -> Iterator[str]:
        """The tunes of which there is something to say."""
        for name, tunes in self.found.items():
            for tune, outcome in tunes.items():
                if outcome.detail:
                    yield f"{name}/{tune}: {outcome.kind}: {outcome.detail}"


def our_notes(score: Score) -> Notes:
    """The melody as bachbot read it, tied notes as one."""
    return [(s.start, s.pitch) for s in soundings(score) if s.voice == Voice.SOPRANO]


def our_notes_in_bars(score: Score) -> Notes:
    """The melody as bachbot read it, by the places of its notes in their bars."""
    bars = score.document.bars
    found = []
    for note in score.lines[Voice.SOPRANO].notes:
        bar = bisect_right(bars, note.start, key=lambda bar: bar.start) - 1
        onset = (note.start - bars[bar].start).limit_denominator(1000)
        found.append((_LONG * bar + onset, note.pitch))
    return found


@dataclass(frozen=True)
class Reading:
    """What music21 reads.

    Parameters
    ----------
    melody : dict of Fraction to int
        Pitch by onset.
    staff : dict of Fraction to set of int
        Pitches by onset of all voices of its staff.
    """

    melody: dict[Fraction, int]
    staff: dict[Fraction, set[int]]


def their_reading(content: bytes, kind: str, place: int, line: Line, root: Element) -> Reading:
    """A melody as music21 reads it.

    Parameters
    ----------
    content : bytes
        The file.
    kind : str
        Its format.
    place : int
        Which of the tunes in the file, from 1.
    line : Line
        Where bachbot found the melody.
    root : Element
        The MusicXML in which it did.
    """
    from music21 import converter, stream

    if kind == "mxl":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            container = archive.read("META-INF/container.xml").decode()
            [name] = _ROOT_FILE.findall(container)[:1]
            content, kind = archive.read(name), "musicxml"
    text = decode_text(content)
    if kind == "abc":
        head, *tunes = _TUNE.split(text)
        # It carries an accidental through the bar only in files of this version.
        lines = f"%abc-2.1\n{head}X:{tunes[place - 1]}".splitlines()
        text = "\n".join(map(_without_misread_signs, lines))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = converter.parseData(text, format=_MUSIC21_FORMATS[kind])
    if isinstance(parsed, stream.Opus):
        parsed = parsed.scores[place - 1 if kind == "kern" else 0]
    reading = Reading({}, {})
    if kind == "musicxml":
        part = parsed.toSoundingPitch().parts[_staff_number(root, line)]
        for bar, measure in enumerate(part.getElementsByClass("Measure")):
            for voice in measure.voices or [measure]:
                own = voice is measure or voice.id in line.voices
                for note in voice.flatten().notes:
                    _add(reading, Fraction(_LONG * bar), note, own=own)
    else:
        for note in parsed.parts[line.part].stripTies().flatten().notes:
            _add(reading, Fraction(0), note, own=True)
    return reading


def _add(reading: Reading, start: Fraction, note: Any, *, own: bool) -> None:
    """Add a note or chord of music21's, unless it is a grace note or a chord symbol."""
    if not note.quarterLength or not note.pitches or hasattr(note, "figure"):
        return
    onset = start + Fraction(note.offset).limit_denominator(1000)
    pitches = {p.midi for p in note.pitches}
    reading.staff.setdefault(onset, set()).update(pitches)
    if own:
        reading.melody[onset] = max(pitches | {reading.melody.get(onset, 0)})


def _staff_number(root: Element, line: Line) -> int:
    """Which of music21's parts a line is in: it makes a part of each staff."""
    before = 0
    parts = root.findall("part")
    for part in parts[: line.part]:
        before += _staves(part)
    return before + (int(line.staff) - 1 if _staves(parts[line.part]) > 1 else 0)


def _staves(part: Element) -> int:
    return max([int(staves.text or 1) for staves in part.iter("staves")] or [1])


def _without_misread_signs(line: str) -> str:
    """A line of ABC without what music21 misreads, none of which changes a pitch or an onset.

    It drops a note after ``H`` and other signs, loses broken rhythm with a sign in between, such as
    ``>(``, and takes a note before ``::`` for a field.
    """
    if line.startswith("%") or (_FIELD.match(line) and not _NOTE_BEFORE_COLON.match(line)):
        return line
    line = _REMARKS.sub("", line)
    line = _SIGNS.sub("", line)
    return _COLON.sub(" :", line)


def difference(ours: Notes, theirs: Reading, moved: int, *, in_bars: bool) -> str:
    """How two readings of a melody differ; empty if they do not.

    Parameters
    ----------
    ours : list of (Fraction, int)
        What bachbot reads.
    theirs : Reading
        What music21 reads.
    moved : int
        Semitones by which bachbot says that it moved the melody, besides octaves.
    in_bars : bool
        Whether onsets are those of bars. Otherwise what music21 reads may begin at another time,
        for bachbot begins a tune with the first bar that has notes.
    """
    if not theirs.staff:
        return "music21 finds no notes"
    if not ours:
        return "we find no notes"
    start = Fraction(0) if in_bars else ours[0][0] - min(theirs.staff)
    at = {_ticks(onset + start): pitches for onset, pitches in theirs.staff.items()}
    first = at.get(_ticks(ours[0][0]))
    if first is None:
        return f"music21 has no note at {float(ours[0][0]):g}, our first"
    intervals = [ours[0][1] - pitch for pitch in sorted(first, reverse=True)]
    possible = [i for i in intervals if (i - moved) % 12 == 0]
    if not possible:
        return f"it is moved by {intervals[0]} semitones, not by {moved}"
    mine = {_ticks(onset): pitch for onset, pitch in ours}
    found = ""
    for interval in possible:
        extra = [t for t, pitch in mine.items() if pitch - interval not in at.get(t, ())]
        lost = [
            onset + start
            for onset, pitch in theirs.melody.items()
            if mine.get(_ticks(onset + start)) != pitch + interval
        ]
        if not extra and not lost:
            return ""
        if extra:
            time = min(extra)
            theirs_there = sorted(at.get(time, ())) or "nothing"
            found = f"{mine[time] - interval} at {time / _TICKS:g}, not {theirs_there}"
        else:
            found = f"{theirs.melody[min(lost) - start]} at {float(min(lost)):g} is missing"
        found += f" ({len(extra)} notes that music21 has not, {len(lost)} that we have not)"
    return found


def _ticks(onset: Fraction) -> int:
    return round(onset * _TICKS)


def read_folder(folder: Path, table: Table, sample: Sample, harmonize: Harmonize | None) -> None:
    """Read the tunes of a folder, or as many of them as are drawn, and harmonize them."""
    tunes = list_folder(folder, table)
    if sample.size is not None and sample.size < len(tunes):
        tunes = sorted(random.Random(sample.seed).sample(tunes, sample.size))
    done = table.found.get(folder.name, {})
    read = _read([tune for tune in tunes if tune.name not in done], folder.name, table)
    if harmonize is not None:
        # Tunes of about the same length cost the least side by side.
        by_length = sorted(read, key=lambda item: item[1].chorale.frames)
        read = iter([item for item in by_length if _is_tried(*item, sample, folder.name, table)])
    for batch in iter(lambda: list(islice(read, SIDE_BY_SIDE)), []):
        made = harmonize([score for _, score in batch]) if harmonize else [None] * len(batch)
        for (tune, score), found in zip(batch, made, strict=True):
            table.add(folder.name, tune.name, outcome_of(tune, score, found))


def list_folder(folder: Path, table: Table) -> list[Wanted]:
    """The tunes of the files in a folder and its subfolders; files without one are refused."""
    tunes = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in INPUT_FORMATS and path.is_file():
            name = path.relative_to(folder).as_posix()
            try:
                headings = list_tunes(path)
            except BachbotError as error:
                if name not in table.found.get(folder.name, {}):
                    table.add(folder.name, name, Outcome("refused", str(error)))
                continue
            tunes += [
                Wanted(path, place, heading.number, f"{name} {heading.number}")
                for place, heading in enumerate(headings, start=1)
            ]
    return tunes


def _read(tunes: Sequence[Wanted], folder: str, table: Table) -> Iterator[tuple[Wanted, Score]]:
    """Each tune that is read; the others are refused."""
    for tune in tunes:
        try:
            yield tune, load_score(tune.path, tune=tune.number)
        except BachbotError as error:
            table.add(folder, tune.name, Outcome("refused", str(error)))


def _is_tried(tune: Wanted, score: Score, sample: Sample, folder: str, table: Table) -> bool:
    if sample.longest is None or score.chorale.frames <= sample.longest:
        return True
    table.add(folder, tune.name, Outcome("longer", f"{score.chorale.frames} sixteenths"))
    return False


def outcome_of(
    tune: Wanted, score: Score, found: "list[DecodingResult] | BachbotError | None"
) -> Outcome:
    """Compare a tune with what was made of it, None if nothing, and with music21's reading."""
    if isinstance(found, BachbotError):
        return Outcome("not harmonized", str(found))
    if found is not None:
        try:
            back = load_score(render(found[0].score, "musicxml"), format="musicxml")
        except BachbotError as error:
            return Outcome("changed", f"what was written is refused: {error}")
        if our_notes(back) != our_notes(score):
            return Outcome("changed", "the melody that was written is another")
    source = open_source(tune.path)
    line = score.lines[Voice.SOPRANO]
    try:
        theirs = their_reading(source.content, source.format, tune.place, line, score.document.root)
    except Exception as error:  # its parsers raise errors of any type
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:100]
        return Outcome("not compared", f"music21 fails ({reason})", found is not None)
    in_bars = source.format in ("musicxml", "mxl")
    ours = our_notes_in_bars(score) if in_bars else our_notes(score)
    moved = score.interval.semitones if score.interval else 0
    wrong = difference(ours, theirs, moved, in_bars=in_bars)
    return Outcome("differs" if wrong else "agrees", wrong, found is not None)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, metavar="N", help="tunes of each folder")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    parser.add_argument("--harmonize", choices=("beam", "greedy"))
    parser.add_argument("--longest", type=int, metavar="N", help="sixteenths of a tune")
    parser.add_argument("--record", type=Path, metavar="FILE", help="of outcomes, to go on with")
    options = parser.parse_args()
    table = Table(options.record)
    harmonize = None
    if options.harmonize is not None:
        from bachbot.decoding import DecodingOptions
        from bachbot.engine import Engine

        decoding = DecodingOptions(method=options.harmonize)
        harmonize = partial(Engine.load().harmonize_all, options=decoding)
    for folder in options.folders:
        read_folder(folder, table, Sample(options.sample, options.seed, options.longest), harmonize)
    lines = table.lines(harmonize=harmonize is not None)
    for line in (*lines, "", *islice(table.examples(), options.show)):
        print(line)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
