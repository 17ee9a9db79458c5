"""Read folders of real tunes, and compare what comes back with another reader.

::

    python tests/benchmarks/read_collections.py FOLDER... [--limit N] [--show N] [--harmonize]

Every tune of every score in the folders is read as `bachbot harmonize` reads it. What comes back is
compared with music21's reading of the same tune: pitch and onset of each note of the melody (the
top notes of chords, tied notes as one, no grace notes), up to one interval by which all of it may
have been moved. The table says how many tunes were read, how many of them agree, differ, or cannot
be compared because music21 refuses them, and how many were refused. With ``--harmonize`` each tune
is harmonized as well (greedily), and its tune has to come back as it was read.

A difference is not always ours: ``--show`` prints the first ones.

The collections of music21 itself are in its folder `corpus`: airdsAirs, oneills1850, ryansMammoth,
nottingham-dataset (ABC), essenFolksong (ABC), and scores by many composers.
"""

import argparse
import io
import random
import re
import sys
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from bachbot.chorale import Voice
from bachbot.errors import BachbotError
from bachbot.scores import load_score
from bachbot.scores.readers.load import list_tunes
from bachbot.scores.readers.source import INPUT_FORMATS, open_source
from bachbot.scores.score import Score, soundings

Notes = list[tuple[Fraction, int]]
"""Onset in quarter notes, and MIDI pitch, of each note of a melody."""

_MUSIC21_FORMATS = {"abc": "abc", "kern": "humdrum", "musicxml": "musicxml", "midi": "midi"}
_TUNE = re.compile(r"^X:", re.MULTILINE)
_FIELD = re.compile(r"[A-Za-z+]:")
_NOTE_BEFORE_COLON = re.compile(r"[A-Ga-gz]:[|:]")
_REMARKS = re.compile(r'"[^"]*"|![^!\s]*!|!(?=[^!]*$)|\{[^}]*\}')
_SIGNS = re.compile(r"[H-Wh-w~.](?=[\^_=A-Ga-gxz\[({])|`|\((?![2-9])|\)")
_COLON = re.compile(r"(?<=[A-Ga-gz0-9]):")


@dataclass
class Table:
    """Counts by collection, and examples of what went wrong."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def add(self, collection: str, outcome: str, tune: str, detail: str = "") -> None:
        """Count a tune."""
        self.counts.setdefault(collection, Counter())[outcome] += 1
        if detail:
            self.examples.append(f"{tune}: {outcome}: {detail}")

    def lines(self) -> Iterator[str]:
        """The table in Markdown."""
        outcomes = ("agrees", "differs", "not compared", "refused", "not harmonized")
        yield f"| collection | tunes | {' | '.join(outcomes)} | read |"
        yield "|---" * (len(outcomes) + 3) + "|"
        for name, count in self.counts.items():
            tunes = count.total()
            read = sum(count[o] for o in outcomes[:3]) / tunes
            cells = " | ".join(str(count[outcome]) for outcome in outcomes)
            yield f"| {name} | {tunes} | {cells} | {100 * read:.1f}% |"


def our_notes(score: Score) -> Notes:
    """The melody as bachbot read it."""
    return [(s.start, s.pitch) for s in soundings(score) if s.voice == Voice.SOPRANO]


def their_notes(content: bytes, kind: str, place: int, part: int) -> Notes:
    """The melody as music21 reads it: a part of a tune by its place in the file, from 1."""
    from music21 import converter, stream

    if kind == "mxl":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = next(n for n in archive.namelist() if not n.startswith("META-INF"))
            content, kind = archive.read(name), "musicxml"
    text = _text(content)
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
    line = parsed.parts[part].stripTies().flatten()
    found: dict[Fraction, int] = {}
    for note in line.notes:
        if note.quarterLength and not hasattr(note, "figure"):
            pitch = max(p.midi for p in note.pitches)
            onset = Fraction(note.offset).limit_denominator(1000)
            found[onset] = max(found.get(onset, 0), pitch)
    return sorted(found.items())


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


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


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


def read_folder(folder: Path, table: Table, limit: int | None, *, harmonize: bool) -> None:
    """Read the tunes of a folder, or as many of them, drawn at random."""
    tunes = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in INPUT_FORMATS and path.is_file():
            try:
                headings = list_tunes(path)
                tunes += [(path, place, h.number) for place, h in enumerate(headings, start=1)]
            except BachbotError as error:
                table.add(folder.name, "refused", path.name, str(error))
    if limit is not None and limit < len(tunes):
        tunes = sorted(random.Random(0).sample(tunes, limit))
    engine = None
    if harmonize:
        from bachbot.engine import Engine

        engine = Engine.load()
    for path, place, number in tunes:
        name = f"{path.name} {number}"
        try:
            score = load_score(path, tune=number)
        except BachbotError as error:
            table.add(folder.name, "refused", name, str(error))
            continue
        if engine is not None:
            try:
                [found] = engine.harmonize(score)
                kept = our_notes(found.score) == our_notes(score)
            except BachbotError as error:
                table.add(folder.name, "not harmonized", name, str(error))
                continue
            if not kept:
                table.add(folder.name, "not harmonized", name, "the tune is another")
                continue
        source = open_source(path)
        part = score.lines[Voice.SOPRANO].part
        try:
            theirs = their_notes(source.content, source.format, place, part)
        except Exception as error:  # its parsers raise errors of any type
            table.add(folder.name, "not compared", name, "")
            _ = error
            continue
        found_difference = difference(our_notes(score), theirs)
        table.add(folder.name, "differs" if found_difference else "agrees", name, found_difference)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, help="tunes of each folder, drawn at random")
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    parser.add_argument("--harmonize", action="store_true")
    options = parser.parse_args()
    table = Table()
    for folder in options.folders:
        read_folder(folder, table, options.limit, harmonize=options.harmonize)
    for line in (*table.lines(), "", *table.examples[: options.show]):
        print(line)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
