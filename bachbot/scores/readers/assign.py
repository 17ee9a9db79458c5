"""Assign the lines of a score to voices."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from bachbot.chorale import VOICES, Voice
from bachbot.errors import ScoreError
from bachbot.scores.readers.document import Document, Line

_VOICE_NAMES = {
    Voice.SOPRANO: "soprano|sopran|soprane|sop|s|cantus|superius|discantus|diskant|descant|treble",
    Voice.ALTO: "alto|alt|altus|contralto|a",
    Voice.TENOR: "tenor|tenore|ténor|t",
    Voice.BASS: "bass|basso|bassus|basse|baß|b",
}
_VOICE = {
    voice: re.compile(rf"(choir |coro )?({names})s?\.?( ?(1|i))?\.?")
    for voice, names in _VOICE_NAMES.items()
}
_MELODY = re.compile(
    r"(lead )?(voice|vocals?|melody|tune|song|singer|chant|melodie|gesang|singstimme|stimme|voix"
    r"|voce|canto)s?\.?( ?(1|i))?"
)


def assign_voices(
    document: Document, wanted: Sequence[Voice]
) -> tuple[dict[Voice, Line], tuple[str, ...]]:
    """Find the line of each requested voice.

    The names of the parts decide. Otherwise four parts, or two staves of two lines, are S A T B
    in order; as many unnamed parts as requested voices are those voices in order. A soprano that
    is requested alone is the part named as the melody, or the first part.

    Parameters
    ----------
    document : Document
        The score.
    wanted : sequence of Voice
        In score order.

    Returns
    -------
    lines : dict
        A line for each requested voice.
    ignored : tuple of str
        Names of the other parts and lines.

    Raises
    ------
    ScoreError
        If no note sounds, a voice is missing, or one has a chord.
    """
    parts = sorted({line.part for line in document.lines if line.notes})
    if not parts:
        what = "percussion" if document.percussion else "rests"
        raise ScoreError(f"it has nothing but {what}: give a score with a melody")
    lines = (
        _by_name(document, parts, wanted)
        or _two_staves(document, parts, wanted)
        or _in_order(document, parts, wanted)
        or _melody(document, parts, wanted)
    )
    if lines is None:
        raise ScoreError(_missing(document, parts, wanted))
    for voice, line in lines.items():
        _check_no_chords(document, voice, line)
    return lines, tuple(_ignored(document, lines.values()))


def _parts_by_name(document: Document, parts: Iterable[int]) -> dict[Voice, int]:
    found: dict[Voice, int] = {}
    for part in parts:
        name = document.names[part].casefold()
        for voice, pattern in _VOICE.items():
            if pattern.fullmatch(name):
                found.setdefault(voice, part)
    return found or _doubled(document, parts)


def _doubled(document: Document, parts: Iterable[int]) -> dict[Voice, int]:
    """Parts of a choir doubled by instruments, such as "Soprano Oboe 1": one for each voice."""
    words = [(part, document.names[part].casefold().split(" ")[0]) for part in parts]
    candidates = {v: [part for part, word in words if _VOICE[v].fullmatch(word)] for v in VOICES}
    if any(len(found) != 1 for found in candidates.values()):
        return {}
    return {voice: found[0] for voice, found in candidates.items()}


def _by_name(
    document: Document, parts: Sequence[int], wanted: Sequence[Voice]
) -> dict[Voice, Line] | None:
    named = _parts_by_name(document, parts)
    if len(parts) == 4 and all(parts[voice] == part for voice, part in named.items()):
        named = dict(zip(VOICES, parts, strict=True))
    if not all(voice in named for voice in wanted):
        return None
    return {voice: document.lines_of(named[voice])[0] for voice in wanted}


def _two_staves(
    document: Document, parts: Sequence[int], wanted: Sequence[Voice]
) -> dict[Voice, Line] | None:
    """Two staves of two lines each, in one part or two."""
    staves: dict[tuple[int, str], list[Line]] = {}
    for line in document.lines:
        if line.part in parts:
            staves.setdefault((line.part, line.staff), []).append(line)
    if [len(lines) for lines in staves.values()] != [2, 2]:
        return None
    four = [line for lines in staves.values() for line in lines]
    return {voice: four[voice] for voice in wanted}


def _in_order(
    document: Document, parts: Sequence[int], wanted: Sequence[Voice]
) -> dict[Voice, Line] | None:
    alone = len(parts) == len(wanted) == 1
    if len(parts) != len(wanted) or (_parts_by_name(document, parts) and not alone):
        return None
    return {v: document.lines_of(p)[0] for v, p in zip(wanted, parts, strict=True)}


def _melody(
    document: Document, parts: Sequence[int], wanted: Sequence[Voice]
) -> dict[Voice, Line] | None:
    if list(wanted) != [Voice.SOPRANO] or _parts_by_name(document, parts):
        return None
    melodies = [p for p in parts if _MELODY.fullmatch(document.names[p].casefold())]
    return {Voice.SOPRANO: document.lines_of((melodies or parts)[0])[0]}


def _missing(document: Document, parts: Sequence[int], wanted: Sequence[Voice]) -> str:
    named = _parts_by_name(document, parts)
    missing = [v.label for v in wanted if v not in named]
    has = ", ".join(part_name(document, part) for part in parts)
    return (
        f"it has no part for {' and '.join(missing)} (it has {has}): name its parts Soprano, "
        "Alto, Tenor and Bass, or request the voices that it has"
    )


def part_name(document: Document, part: int) -> str:
    """Name of a part, or its number if it has no name."""
    return document.names[part][:40] or f"part {part + 1}"


def _check_no_chords(document: Document, voice: Voice, line: Line) -> None:
    chord = line.chord
    if chord is None:
        for before, note in pairwise(line.notes):
            if before.start + before.length > note.start:
                bar = max(i for i, b in enumerate(document.bars) if b.start <= note.start)
                chord = bar, note.start - document.bars[bar].start
                break
    if chord is not None:
        raise ScoreError(
            f"the {voice.label} has a chord in {document.where(*chord)}: keep one note of it"
        )


def _ignored(document: Document, taken: Iterable[Line]) -> Iterable[str]:
    taken = list(taken)
    parts = {line.part for line in taken}
    for part in range(len(document.names)):
        if part not in parts:
            yield part_name(document, part)
        elif any(line not in taken for line in document.lines_of(part)):
            yield f"the other voices of {part_name(document, part)}"
