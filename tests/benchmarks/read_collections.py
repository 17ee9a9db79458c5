"""Read folders of real tunes, and compare what comes back with another reader.

::

    python tests/benchmarks/read_collections.py FOLDER... [--sample N] [--harmonize METHOD]

Every tune of every score in the folders is read as `bachbot harmonize` reads it. What comes back is
compared with music21's reading of the same tune: pitch and onset of each note of the melody (the
top notes of chords, no grace notes), up to one interval by which all of it may
have been moved. The table says how many tunes were read, how many of them agree, differ, or cannot
be compared because music21 refuses them, and how many were refused. ``--sample N --seed S`` draws N
tunes of each folder at random. With ``--harmonize beam`` (the default beam) or ``greedy`` each tune
is harmonized as well, and has to come back as it was read.

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element

from bachbot.chorale import Voice
from bachbot.errors import BachbotError
from bachbot.scores import load_score
from bachbot.scores.readers.document import Line
from bachbot.scores.readers.load import list_tunes
from bachbot.scores.readers.source import INPUT_FORMATS, decode_text, open_source
from bachbot.scores.score import Score, soundings

if TYPE_CHECKING:
    from bachbot.engine import DecodingResult

OUTCOMES = ("agrees", "differs", "not compared", "refused", "not harmonized")
"""What becomes of a tune; the last only where it is to be harmonized."""

Notes = list[tuple[Fraction, int]]
"""Onset in quarter notes, and MIDI pitch, of each note of a melody.

In MusicXML, whose bars may be shorter or longer than they should be, onsets are counted from the
beginning of the bar and tied notes are several: what one program reads otherwise in a bar is then
no difference in the bars after it.
"""

_MUSIC21_FORMATS = {"abc": "abc", "kern": "humdrum", "musicxml": "musicxml", "midi": "midi"}
_LONG = 1000  # quarter notes between the beginnings of two bars, more than any bar has
_TUNE = re.compile(r"^X:", re.MULTILINE)
_FIELD = re.compile(r"[A-Za-z+]:")
_NOTE_BEFORE_COLON = re.compile(r"[A-Ga-gz]:[|:]")
_REMARKS = re.compile(r'"[^"]*"|![^!\s]*!|!(?=[^!]*$)|\{[^}]*\}')
_SIGNS = re.compile(r"[H-Wh-w~.](?=[\^_=A-Ga-gxz\[({])|`|\((?![2-9])|\)")
_COLON = re.compile(r"(?<=[A-Ga-gz0-9]):")


Harmonize = Callable[[Score], "list[DecodingResult]"]


class Sample(NamedTuple):
    """How many tunes of each folder are drawn, all if None, and the seed of the draw."""

    size: int | None
    seed: int


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
        last = ["harmonized", "tune unchanged"] if harmonize else []
        yield f"| {' | '.join(['collection', 'tunes', 'read', *OUTCOMES, *last])} |"
        yield "|---" + "|---:" * (len(OUTCOMES) + 2 + len(last)) + "|"
        for name, tunes in self.found.items():
            count = Counter(outcome.kind for outcome in tunes.values())
            read = len(tunes) - count["refused"]
            row = [name, len(tunes), read, *(count[kind] for kind in OUTCOMES)]
            if harmonize:
                done = read - count["not harmonized"]
                row += [done, sum(outcome.harmonized for outcome in tunes.values())]
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


def their_notes(content: bytes, kind: str, place: int, line: Line, root: Element) -> Notes:
    """The melody as music21 reads it.

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
            name = next(n for n in archive.namelist() if not n.startswith("META-INF"))
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
    found: dict[Fraction, int] = {}
    if kind == "musicxml":
        part = parsed.toSoundingPitch().parts[_staff_number(root, line)]
        bars = enumerate(part.getElementsByClass("Measure"))
        notes = [(bar, note) for bar, measure in bars for note in measure.flatten().notes]
    else:
        notes = [(0, note) for note in parsed.parts[line.part].stripTies().flatten().notes]
    for bar, note in notes:
        if note.quarterLength and note.pitches and not hasattr(note, "figure"):
            pitch = max(p.midi for p in note.pitches)
            onset = _LONG * bar + Fraction(note.offset).limit_denominator(1000)
            found[onset] = max(found.get(onset, 0), pitch)
    return sorted(found.items())


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


def difference(ours: Notes, theirs: Notes) -> str:
    """How two readings of a melody differ; empty if they do not."""
    if not theirs:
        return "music21 finds no notes"
    if not ours:
        return "we find no notes"
    start, interval = ours[0][0] - theirs[0][0], ours[0][1] - theirs[0][1]
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=False)):
        at, pitch = mine[0] - start, mine[1] - interval
        if abs(at - other[0]) > Fraction(1, 100) or pitch != other[1]:
            here, there = f"{pitch} at {float(at):g}", f"{other[1]} at {float(other[0]):g}"
            return f"note {number + 1} is {here}, not {there}"
    if len(ours) != len(theirs):
        return f"{len(ours)} notes, not {len(theirs)}"
    return ""


def read_folder(folder: Path, table: Table, sample: Sample, harmonize: Harmonize | None) -> None:
    """Read the tunes of a folder, or as many of them as are drawn."""
    tunes = []
    done = table.found.get(folder.name, {})
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in INPUT_FORMATS and path.is_file():
            name = path.relative_to(folder).as_posix()
            try:
                headings = list_tunes(path)
            except BachbotError as error:
                if name not in done:
                    table.add(folder.name, name, Outcome("refused", str(error)))
                continue
            tunes += [
                Wanted(path, place, heading.number, f"{name} {heading.number}")
                for place, heading in enumerate(headings, start=1)
            ]
    if sample.size is not None and sample.size < len(tunes):
        tunes = sorted(random.Random(sample.seed).sample(tunes, sample.size))
    for tune in tunes:
        if tune.name not in table.found.get(folder.name, {}):
            table.add(folder.name, tune.name, read_tune(tune, harmonize))


def read_tune(tune: Wanted, harmonize: Harmonize | None) -> Outcome:
    """Read a tune, harmonize it if that is wanted, and compare it with music21's reading."""
    try:
        score = load_score(tune.path, tune=tune.number)
    except BachbotError as error:
        return Outcome("refused", str(error))
    if harmonize is not None:
        try:
            [found] = harmonize(score)
        except BachbotError as error:
            return Outcome("not harmonized", str(error))
        if our_notes(found.score) != our_notes(score):
            return Outcome("not harmonized", "the tune is another")
    source = open_source(tune.path)
    line = score.lines[Voice.SOPRANO]
    try:
        theirs = their_notes(source.content, source.format, tune.place, line, score.document.root)
    except Exception as error:  # its parsers raise errors of any type
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:100]
        return Outcome("not compared", f"music21 fails ({reason})", harmonize is not None)
    in_bars = source.format in ("musicxml", "mxl")
    wrong = difference(our_notes_in_bars(score) if in_bars else our_notes(score), theirs)
    return Outcome("differs" if wrong else "agrees", wrong, harmonize is not None)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, metavar="N", help="tunes of each folder")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    parser.add_argument("--harmonize", choices=("beam", "greedy"))
    parser.add_argument("--record", type=Path, metavar="FILE", help="of outcomes, to go on with")
    options = parser.parse_args()
    table = Table(options.record)
    harmonize = None
    if options.harmonize is not None:
        from bachbot.decoding import DecodingOptions
        from bachbot.engine import Engine

        decoding = DecodingOptions(method=options.harmonize)
        harmonize = partial(Engine.load().harmonize, options=decoding)
    for folder in options.folders:
        read_folder(folder, table, Sample(options.sample, options.seed), harmonize)
    lines = table.lines(harmonize=harmonize is not None)
    for line in (*lines, "", *islice(table.examples(), options.show)):
        print(line)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
