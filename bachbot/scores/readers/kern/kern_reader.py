"""Reader of Humdrum kern.

Libraries lose more of it than this reader, and one ends the program when a file is damaged
(`checkpoints/EXPERIMENTS.md`, "Libraries that read kern").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.readers.budget import Budget
from bachbot.scores.readers.kern.humdrum import Column, HumdrumPiece, Row, read_rows, split_pieces
from bachbot.scores.readers.kern.kern_notes import TICKS, KernNote, read_note
from bachbot.scores.readers.kern.kern_part import KernPart, Strand, cut_long_bars, tune_bars
from bachbot.scores.readers.kern.kern_signs import begin_repeat, read_bar_line, read_interpretation
from bachbot.scores.readers.kern.kern_words import Words, is_words
from bachbot.scores.readers.source import decode_text
from bachbot.scores.readers.tune import TuneHeading, TuneNote, tune_tree
from bachbot.scores.score import Notice

_MAX_NOTES = 20_000
"""So that a file is read in two seconds."""

_SHOWN, _NAMED = 40, 4  # letters of words, and verses, that a notice names
_CREATORS = {"COM": "composer", "COA": "composer", "LYR": "lyricist", "LIB": "lyricist",
             "LAR": "arranger"}  # fmt: skip


def kern_tunes(content: bytes) -> tuple[TuneHeading, ...]:
    """List the pieces of a Humdrum file, numbered from 1, in linear time.

    Parameters
    ----------
    content : bytes
        The file, in UTF-8, UTF-16, Windows-1252 or Latin-1.
    """
    return tuple(
        TuneHeading(number, _title(piece)) for number, piece in enumerate(_pieces(content), start=1)
    )


def kern_tree(content: bytes, tune: int | None = None) -> tuple[Element, tuple[Notice, ...]]:
    """Convert Humdrum kern to MusicXML.

    What becomes of each element is a table in ``tests/scores/README.md``.

    Parameters
    ----------
    content : bytes
        The file, in UTF-8, UTF-16, Windows-1252 or Latin-1.
    tune : int, optional
        Which piece of the file, by its place: 1 is the first. Default: the first, with a notice if
        there are several.

    Returns
    -------
    tree : Element
        ``score-partwise``: a part for each kern spine, the highest first.
    notices : tuple of Notice
        What was left out or changed.

    Raises
    ------
    ScoreError
        If it is not kern, is too long, or has no such piece.
    """
    pieces = _pieces(content)
    if not pieces:
        raise ScoreError("it has no **kern spine: give Humdrum kern")
    if tune is not None and not 1 <= tune <= len(pieces):
        raise ScoreError(f"it has no tune {tune}: give a number from 1 to {len(pieces)}")
    piece = pieces[(tune or 1) - 1]
    reader = _Reader()
    for row in read_rows(piece):
        reader.read(row)
    notices = reader.finish()
    if tune is None and len(pieces) > 1:
        message = f"it has {len(pieces)} tunes: the first is read; say --tune N for another"
        notices.insert(0, Notice("tunes", message))
    parts = [(part.name or part.code, tune_bars(part.bars)) for part in reader.parts]
    return tune_tree(parts, _title(piece), _creators(piece)), tuple(notices)


def _pieces(content: bytes) -> list[HumdrumPiece]:
    """The pieces that have a kern spine."""
    return [
        piece
        for piece in split_pieces(decode_text(content))
        if any("**kern" in line for _, line in piece.lines)
    ]


def _title(piece: HumdrumPiece) -> str:
    """Title of a piece, or else of the work that it is from."""
    for key in ("OTL", "OTP", "OTA", "OPR"):
        for name, values in piece.records.items():
            if name.partition("@")[0] == key:
                return " ".join(values[0].split())[:200]
    return ""


def _creators(piece: HumdrumPiece) -> Iterable[Element]:
    for key, values in piece.records.items():
        for value in values[:8]:
            if key in _CREATORS:
                creator = Element("creator", {"type": _CREATORS[key]})
                creator.text = _in_order(value)
                yield creator
    for value in piece.records.get("YEC", [])[:1]:
        rights = Element("rights")
        rights.text = value
        yield rights


def _in_order(name: str) -> str:
    """A name such as "Beethoven, Ludwig van", the family name last."""
    family, comma, given = name.partition(", ")
    return f"{given} {family}" if comma and "," not in given else name


@dataclass
class _Reader:
    """Reads the lines of a piece."""

    budget: Budget = field(default_factory=lambda: Budget(most_notes=_MAX_NOTES))
    parts: list[KernPart] = field(default_factory=list)
    words: dict[int, Words] = field(default_factory=dict)
    strands: dict[Column, Strand] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    layout: list[tuple[int, KernPart, Strand, int]] = field(default_factory=list)
    texts: list[tuple[int, Words]] = field(default_factory=list)
    by_spine: dict[int, KernPart] = field(default_factory=dict)
    cells: dict[str, KernNote] = field(default_factory=dict)
    now: int = 0
    unmeasured: int = 0
    unpitched: int = 0

    def read(self, row: Row) -> None:
        first = row.cells[0]
        if row.columns is not self.columns:
            self._lay_out(row.columns)
        if first.startswith("*"):
            if any(cell.startswith("**") for cell in row.cells):
                self.columns = ()  # spines that are added have names from now on
                return
            for index, part, _, voice in self.layout:
                if not voice and len(row.cells[index]) > 2:
                    read_interpretation(part, row.cells[index])
        elif first.startswith("="):
            self._bar_line(row.cells)
        elif not any(cell.startswith("=") for cell in row.cells):
            self._notes(row)

    def _lay_out(self, columns: tuple[Column, ...]) -> None:
        """Find the part, the strand and the voice of each kern column, and the words below."""
        self.columns = columns
        self.layout, self.texts = [], []
        voices: dict[int, int] = {}
        above: KernPart | None = None
        for index, column in enumerate(columns):
            if column.kind == "**kern":
                above = self._part_of(column)
                voice = voices.get(column.spine, 0)
                voices[column.spine] = voice + 1
                self.layout.append((index, above, self._strand_of(column), voice))
            elif is_words(column.kind):
                if above is not None and column.spine not in self.words:
                    verse = 1 + sum(w.part is above for w in self.words.values())
                    self.words[column.spine] = Words(above, verse)
                if column.spine in self.words:
                    self.texts.append((index, self.words[column.spine]))
        present = {strand for _, _, strand, _ in self.layout}
        self.strands = {c: strand for c, strand in self.strands.items() if strand in present}

    def _part_of(self, column: Column) -> KernPart:
        part = self.by_spine.get(column.spine)
        if part is None:
            self.budget.part()
            part = self.by_spine[column.spine] = KernPart(column.spine)
            self._begin_late(part)
            self.parts.append(part)
        return part

    def _begin_late(self, part: KernPart) -> None:
        """Give a spine that is added within the piece the bars of the others, as rests."""
        bars = self.parts[0].bars if self.parts else []
        for bar in bars[:-1]:
            part.begin_bar()
            self._rest(part, bar.length)
            part.reached += bar.length
        if bars:
            part.begin_bar()

    def _rest(self, part: KernPart, length: int) -> None:
        self.budget.note()
        part.bar.voices[0] = [(0, length, TuneNote(Fraction(length, TICKS)))]

    def _strand_of(self, column: Column) -> Strand:
        if column not in self.strands:
            self.strands[column] = Strand()
        return self.strands[column]

    def _bar_line(self, cells: Sequence[str]) -> None:
        self.budget.bar()
        filled = any(part.bars and part.bar.voices for part in self.parts)
        if filled:
            self._fill_empty()
            self.budget.note(number=len(self.parts))  # a bar of a part costs as much as a note
        lines = {part: cells[index] for index, part, _, _ in self.layout}
        for part in self.parts:  # also those whose spine has ended
            cell = lines.get(part, "")
            forward = read_bar_line(part, cell if cell.startswith("=") else cells[0])
            if filled:
                part.reached += self.now
                part.begin_bar()
            if forward:
                begin_repeat(part)
        if filled:
            for _, part, strand, _ in self.layout:
                self._hold(part, strand)
        self.now = 0 if filled else self.now

    def _fill_empty(self) -> None:
        """Give each part that has nothing in the bar a rest, if no note of it sounds on."""
        for part in self.parts:
            if not part.bar.voices and self.now:
                self._rest(part, self.now)

    def _hold(self, part: KernPart, strand: Strand) -> None:
        """Remember the last note of a strand if it is longer than the bar."""
        bar = part.bars[-2]
        strand.held = None
        if strand.end is not None:
            for voice, notes in bar.voices.items():
                start, end, note = notes[-1]
                over = end - self.now
                if note is strand.last and 0 < over < end - start:
                    strand.held = (bar, voice, len(notes) - 1, over)
        strand.end = 0

    def _notes(self, row: Row) -> None:
        cells = row.cells
        ends = {} if len(self.parts) == len(self.layout) else self._ends()
        for index, part, strand, voice in self.layout:
            cell = cells[index]
            null = cell in (".", "")
            if strand.held is not None:
                if null:
                    part.hold(strand, voice, self.budget)
                strand.held = None
            if not null:
                start = self._start(strand, ends.get(part, []), cells[index - 1])
                part.add(self._note(cell, row.number), strand, voice, start, self.budget)
        later = [s.end for _, _, s, _ in self.layout if s.end is not None and s.end > self.now]
        self.now = min(later, default=self.now)
        for index, words in self.texts:
            if cells[index] != ".":
                words.add(cells[index], self._note_at(words.part, cells))

    def _ends(self) -> dict[KernPart, list[int]]:
        """Where the last notes of the strands of each part end."""
        ends: dict[KernPart, list[int]] = {}
        for _, part, strand, _ in self.layout:
            if strand.end is not None:
                ends.setdefault(part, []).append(strand.end)
        return ends

    def _start(self, strand: Strand, ends: Sequence[int], left: str) -> int:
        """Where a note begins: where the last one of its strand ended.

        A strand that was silent goes on where another strand of its part ends, at the time of the
        line, which the other parts tell. A new one begins with the strand to its left, or at that
        time if a note sounds on there.
        """
        if strand.end is None:
            both = bool(ends) and left not in (".", "") and self.now not in ends
            return max(ends) if both else self.now
        return max(strand.end, self.now) if self.now in ends else strand.end

    def _note(self, cell: str, line: int) -> KernNote:
        found = self.cells.get(cell)
        if found is None:
            found = self.cells[cell] = read_note(cell, line)
            self.budget.divide(found.note.length)
        self.unmeasured += found.unmeasured
        self.unpitched += found.unpitched
        return found

    def _note_at(self, part: KernPart, cells: Sequence[str]) -> TuneNote | None:
        """The note that words belong to: the one on this line, or else the one that sounds."""
        strands = [(cells[i], strand) for i, p, strand, _ in self.layout if p is part]
        for cell, strand in strands:
            if cell != "." and strand.last is not None and strand.last.pitches:
                return strand.last
        return next((strand.last for _, strand in strands if strand.last is not None), None)

    def finish(self) -> list[Notice]:
        """End the parts, put them in order, and cut music without bar lines into bars."""
        notices = []
        if any(part.bars and part.bar.voices for part in self.parts):
            self.budget.bar()
            self._fill_empty()
        filled = max(
            (i for part in self.parts for i, bar in enumerate(part.bars, 1) if bar.voices),
            default=0,
        )
        drums = [part for part in self.parts if part.percussion]
        self.parts = [part for part in self.parts if not part.percussion]
        if drums:
            notices.append(Notice("percussion", "its percussion is ignored"))
        if not self.parts or not filled:
            what = "nothing but percussion" if drums else "no music"
            raise ScoreError(f"it has {what}: give a score with a melody")
        for part in self.parts:
            del part.bars[filled:]
            part.close()
        self._order()
        if cut_long_bars(self.parts, self.budget):
            notices.append(Notice("bar lines", "it has music without bar lines: bars were made"))
        if self.unmeasured:
            message = f"{self.unmeasured} notes have no length: they are read as quarter notes"
            notices.append(Notice("not read", message))
        if self.unpitched:
            message = f"{self.unpitched} notes have no pitch: they are read as rests"
            notices.append(Notice("not read", message))
        left = [
            f"verse {words.verse} ('{' '.join(words.left)[:_SHOWN]}')"
            for words in self.words.values()
            if words.left and words.part in self.parts
        ]
        if left:
            places = "; ".join(left[:_NAMED])
            notices.append(Notice("words", f"words without a note are left out: {places}"))
        return notices

    def _order(self) -> None:
        """Put the highest part first: by the numbers of the staves, or else the last spine."""
        staves = [part.staff for part in self.parts if part.staff is not None]
        if len(set(staves)) == len(self.parts):
            self.parts.sort(key=lambda part: part.staff or 0)
        else:
            self.parts.reverse()
        for part in self.parts[1:]:
            for bar in part.bars:
                bar.marks.tempo = None
