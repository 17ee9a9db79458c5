"""Assign the lines of a score to voices."""

import re
from collections.abc import Iterable, Mapping, Sequence

from bachbot.chorale import VOICES, Voice
from bachbot.errors import ScoreError
from bachbot.scores.readers.document import Document
from bachbot.scores.readers.staff_lines import Staff

_VOICE_NAMES = {
    Voice.SOPRANO: (
        "soprano|sopran|soprane|sop|s|canto|cantus|superius|discantus|diskant|descant|treble"
    ),
    Voice.ALTO: "alto|alt|altus|contralto|a",
    Voice.TENOR: "tenor|tenore|ténor|t",
    Voice.BASS: "bass|basso|bassus|basse|baß|b",
}
_VOICE = {
    voice: re.compile(rf"(choir |coro )?({names})s?\.?( ?(1|i))?\.?")
    for voice, names in _VOICE_NAMES.items()
}
_PAIRS = {
    (upper, lower): re.compile(
        rf"(choir |coro )?(({_VOICE_NAMES[upper]})s?\.?[ ,/&+-]*(and |und |et |e )?"
        rf"({_VOICE_NAMES[lower]})s?\.?|{both})"
    )
    for upper, lower, both in (
        (Voice.SOPRANO, Voice.ALTO, "women|frauen|femmes|donne|upper voices"),
        (Voice.TENOR, Voice.BASS, "men|männer|hommes|uomini|lower voices"),
    )
}
_MELODY = re.compile(
    r"(lead )?(voice|vocals?|melody|tune|song|singer|chant|melodie|gesang|singstimme|stimme|voix"
    r"|voce|canto)s?\.?( ?(1|i))?"
)

Choice = Mapping[Voice, tuple[Staff, bool]]
"""For each voice its staff, and whether it is the lower line there."""


def assign_voices(document: Document, wanted: Sequence[Voice]) -> Choice:
    """Find the staff of each requested voice, and its line there.

    The names of the parts decide, of single voices or of two on a staff. Otherwise four parts,
    four staves, or two staves of two lines are S A T B in order; as many unnamed parts as
    requested voices are those voices in order. A soprano that is requested alone is the part
    named as the melody, or the first part. The soprano is the upper line of its staff, the bass
    the lower.

    Parameters
    ----------
    document : Document
        The score.
    wanted : sequence of Voice
        In score order.

    Raises
    ------
    ScoreError
        If no note sounds, a voice is missing or has a fault, or two staves that should have four
        voices have more.
    """
    # A part with a fault is missing only if it is wanted.
    broken = {c.index for c in document.contents if c.error is not None}
    parts = sorted({staff.part for staff in document.staves} | broken)
    if not parts:
        unpitched = any(
            counter["unpitched"] for c in document.contents for counter in c.passed.values()
        )
        what = "percussion" if unpitched else "rests"
        raise ScoreError(f"it has nothing but {what}: give a score with a melody")
    return _Assigner(document, parts, wanted).assign()


class _Assigner:
    """Looks for the requested voices in the parts that have notes."""

    def __init__(self, document: Document, parts: Sequence[int], wanted: Sequence[Voice]) -> None:
        self.document = document
        self.parts = parts
        self.wanted = wanted
        self.named = self._parts_by_name()
        self.pairs = self._pairs_by_name()

    def assign(self) -> Choice:
        found = (
            self._by_name()
            or self._named_melody()
            or self._staves()
            or self._in_order()
            or self._first_part()
        )
        if found is None:
            raise ScoreError(self._missing())
        return found

    def _take(self, part: int, voice: Voice) -> tuple[Staff, bool]:
        """The line of a voice in a part: the bass is the lowest, the others are at the top."""
        lower = voice is Voice.BASS
        staves = self._staves_of(part)
        return (staves[-1] if lower else staves[0]), lower

    def _staves_of(self, part: int) -> list[Staff]:
        content = next(c for c in self.document.contents if c.index == part)
        if content.error is not None:
            raise content.error
        staves = [staff for staff in self.document.staves if staff.part == part]
        return [staff for staff in staves if staff.name not in content.small] or staves

    def _parts_by_name(self) -> dict[Voice, int]:
        found: dict[Voice, int] = {}
        for part in self.parts:
            name = self.document.names[part].casefold()
            for voice, pattern in _VOICE.items():
                if pattern.fullmatch(name):
                    found.setdefault(voice, part)
        return found or self._doubled()

    def _doubled(self) -> dict[Voice, int]:
        """Parts of a choir doubled by instruments, such as "Soprano Oboe 1"."""
        words = [(part, self.document.names[part].casefold().split(" ")[0]) for part in self.parts]
        candidates = {v: [p for p, word in words if _VOICE[v].fullmatch(word)] for v in VOICES}
        if any(len(found) != 1 for found in candidates.values()):
            return {}
        return {voice: found[0] for voice, found in candidates.items()}

    def _pairs_by_name(self) -> dict[Voice, tuple[int, bool]]:
        """Parts of two voices by their names: the part of each voice, and whether it is lower."""
        found: dict[Voice, tuple[int, bool]] = {}
        for part in self.parts:
            name = self.document.names[part].casefold()
            for (upper, lower), pattern in _PAIRS.items():
                if pattern.fullmatch(name) and upper not in found:
                    found |= {upper: (part, False), lower: (part, True)}
        return found

    def _by_name(self) -> Choice | None:
        named = self.named
        if len(self.parts) == 4 and all(self.parts[v] == part for v, part in named.items()):
            named = dict(zip(VOICES, self.parts, strict=True))
        if all(voice in named for voice in self.wanted):
            return {voice: self._take(named[voice], voice) for voice in self.wanted}
        if not all(voice in named or voice in self.pairs for voice in self.wanted):
            return None
        found: dict[Voice, tuple[Staff, bool]] = {}
        for voice in self.wanted:
            if voice in named:
                found[voice] = self._take(named[voice], voice)
            else:
                part, lower = self.pairs[voice]
                found[voice] = self._staves_of(part)[0], lower
        return self._checked(found)

    def _named_melody(self) -> Choice | None:
        if list(self.wanted) != [Voice.SOPRANO] or Voice.SOPRANO in self.named:
            return None
        for part in self.parts:
            if _MELODY.fullmatch(self.document.names[part].casefold()):
                return {Voice.SOPRANO: self._take(part, Voice.SOPRANO)}
        return None

    def _staves(self) -> Choice | None:
        """Two staves of two lines each or four staves, in one part or several."""
        if any(c.error is not None for c in self.document.contents if c.index in self.parts):
            return None
        staves = [staff for part in self.parts for staff in self._staves_of(part)]
        if len(staves) == 4 and len(self.parts) == 1:
            return {voice: (staves[voice], voice is Voice.BASS) for voice in self.wanted}
        if len(staves) != 2 or not all(staff.divided for staff in staves):
            return None
        found = {v: (staves[v // 2], v in (Voice.ALTO, Voice.BASS)) for v in self.wanted}
        return self._checked(found)

    def _in_order(self) -> Choice | None:
        alone = len(self.parts) == len(self.wanted) == 1
        if len(self.parts) != len(self.wanted) or (self.named and not alone):
            return None
        return {v: self._take(p, v) for v, p in zip(self.wanted, self.parts, strict=True)}

    def _first_part(self) -> Choice | None:
        if list(self.wanted) != [Voice.SOPRANO] or self.parts[0] in self.named.values():
            return None
        return {Voice.SOPRANO: self._take(self.parts[0], Voice.SOPRANO)}

    def _checked(self, found: Choice) -> Choice:
        """Check that two lines of a staff are all that it has."""
        staves = [staff for staff, _ in found.values()]
        for staff in staves:
            if staves.count(staff) > 1 and staff.thick:
                raise ScoreError(
                    f"{part_name(self.document, staff.part)} has more than two notes at a time, as "
                    "music for keyboard: four voices are read from two staves of two notes each, "
                    "so write the voices apart"
                )
        return found

    def _missing(self) -> str:
        has = ", ".join(part_name(self.document, part) for part in self.parts)
        missing = [v.label for v in self.wanted if v not in {**self.named, **self.pairs}]
        if len(self.parts) == 1 and len(self.wanted) == len(VOICES):
            return "it has one voice, and this needs four: harmonize it first"
        keep = ""
        if self.named:
            voices = ",".join(voice.label for voice in sorted(self.named))
            keep = f", or keep the voices that it has (--given {voices})"
        return (
            f"it has no part for {' and '.join(missing)} (it has {has}): name its parts Soprano, "
            f"Alto, Tenor and Bass{keep}"
        )


def voice_named(name: str) -> Voice | None:
    """The voice that the name of a part says, or None."""
    found = (voice for voice, pattern in _VOICE.items() if pattern.fullmatch(name.casefold()))
    return next(found, None)


def part_name(document: Document, part: int) -> str:
    """Name of a part, or its number if it has no name."""
    return document.names[part][:40] or f"part {part + 1}"


def ignored_lines(document: Document, choice: Choice) -> Iterable[str]:
    """Name the parts and the voices beside the chosen lines."""
    taken = [(staff.part, staff.name, lower) for staff, lower in choice.values()]
    parts = {part for part, _, _ in taken}
    for part in range(len(document.names)):
        if part not in parts:
            yield part_name(document, part)
            continue
        lines = [
            (part, staff.name, lower)
            for staff in document.staves
            if staff.part == part
            for lower in ((False, True) if len(staff.strands) > 1 else (False,))
        ]
        alone = [(part, staff.name) for staff in document.staves if len(staff.strands) == 1]
        if any(
            line not in taken and not (line[:2] in alone and (*line[:2], True) in taken)
            for line in lines
        ):
            yield f"the other voices of {part_name(document, part)}"
