"""Read sheet music of any number of parts, as it is written."""

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from bachbot.scores.grid import LineNote
from bachbot.scores.readers.assign import part_name
from bachbot.scores.readers.document import Document, read_document
from bachbot.scores.readers.load import one_line, read_tree, title_of
from bachbot.scores.readers.source import InputFormat, open_source
from bachbot.scores.score import Notice
from bachbot.scores.sheet import Sheet, SheetVoice


def load_sheet(
    source: str | Path | bytes | BinaryIO,
    *,
    format: InputFormat | None = None,  # noqa: A002
    tune: int | None = None,
) -> Sheet:
    r"""Read sheet music of any parts: one voice, a choir, two staves of chords.

    Nothing is left out, moved or transposed: the page is that of the file, or one that is made
    for ABC, kern and MIDI.

    Parameters
    ----------
    source, format, tune
        As `load_score` takes them.

    Returns
    -------
    Sheet
        The page, and its voices. ``notices`` says which parts cannot be played.

    Raises
    ------
    ScoreError
        If the file is not a score, or is empty, damaged or too large.
    UsageError
        If the source or format is none of those that can be read, or there is no such tune.

    Examples
    --------
    >>> sheet = load_sheet(b"X:1\nT:Chords\nL:1/4\nK:C\n[CEG]4|[CFA]4|")
    >>> sheet.title, len(sheet.voices), len(sheet.voices[0].notes)
    ('Chords', 1, 6)
    """
    opened = open_source(source, format)
    with one_line(opened):
        root, notices = read_tree(opened, tune)
        document = read_document(root)
        broken = tuple(
            Notice(
                "not read", f"{part_name(document, content.index)} is not played: {content.error}"
            )
            for content in document.contents
            if content.error is not None
        )
        title = title_of(root) or opened.name
        return Sheet(title, document, _voices(document), (*notices, *broken))


def _voices(document: Document) -> tuple[SheetVoice, ...]:
    ticks = {content.index: content.ticks for content in document.contents}
    count = Counter(staff.part for staff in document.staves for _ in staff.strands)
    number: Counter[int] = Counter()
    found = []
    for staff in document.staves:
        for strand in staff.strands:
            number[staff.part] += 1
            name = part_name(document, staff.part)
            if count[staff.part] > 1:
                name = f"{name} {number[staff.part]}"
            notes = tuple(
                LineNote(
                    document.bars[slot.bar].start + Fraction(slot.offset, ticks[staff.part]),
                    Fraction(slot.end - slot.begin, ticks[staff.part]),
                    note.pitch,
                    note.tied,
                    slot.fermata,
                )
                for slot in strand.slots
                for note in slot.notes
            )
            found.append(SheetVoice(name, staff.part, staff.name, notes))
    return tuple(found)
