"""What is told of each rule: a word, a sentence, the reason and an example in letters."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bachbot.theory.rules.rule import Rule
from bachbot.theory.rules.spelled import TEACHING_RULES
from bachbot.theory.rules.table import RULES


@dataclass(frozen=True)
class Lesson:
    """What a teacher says of a rule.

    Parameters
    ----------
    rule : Rule
        The rule.
    label : str
        A few letters for the page.
    one, several : str
        What one fault is called, and several.
    sentence : str
        What the rule asks for.
    told : str
        What happened, with ``{upper}`` and ``{lower}`` for voices, ``{u0}``, ``{u1}``, ``{l0}``,
        ``{l1}`` for their notes before and now; of a single voice ``{voice}``, ``{n0}``, ``{n1}``;
        ``{apart}`` for the interval now, ``{chord}`` for all notes, ``{low}`` and ``{high}`` for
        the range.
    reason : str
        Why.
    wrong, right : str
        Two chords that break the rule and two that keep it: the notes of S, A, T and B, each
        ``S C5 D5``, in C major, or in A minor where there is a G sharp.
    beats : int
        A fault of a chord counts if it lasts so many beats; 0 for any length.
    """

    rule: Rule
    label: str
    one: str
    several: str
    sentence: str
    told: str
    reason: str
    wrong: str
    right: str
    beats: int = 0

    @property
    def name(self) -> str:
        """Name of the rule."""
        return self.rule.name

    @property
    def example(self) -> str:
        """Both examples on one line."""
        return f"not {self.wrong}; but {self.right}"


_PAIR = "{l0} to {l1} in the {lower} against {u0} to {u1} in the {upper}"
_LEAP = "{n0} to {n1} in the {voice}"
_GAP = "{u1} in the {upper} and {l1} in the {lower} are {apart} apart"
_ALL = {rule.name: rule for rule in (*RULES.values(), *TEACHING_RULES)}


def _lesson(name: str, label: str, one: str, several: str, *texts: str, beats: int = 0) -> Lesson:
    sentence, told, reason, wrong, right = texts
    rule = _ALL[name]
    return Lesson(rule, label, one, several, sentence, told, reason, wrong, right, beats)


LESSONS: Mapping[str, Lesson] = MappingProxyType({lesson.name: lesson for lesson in (
    _lesson(
        "parallel fifths", "5ths", "pair of parallel fifths", "pairs of parallel fifths",
        "Two voices do not move in the same direction from one perfect fifth to another.",
        _PAIR,
        "A perfect fifth is so smooth that two voices in parallel fifths are heard as one that is "
        "thickened: the texture loses a voice. Let one of them stay or go the other way.",
        "S G4 A4, A E4 F4, T C4 C4, B C3 D3", "S G4 F4, A E4 D4, T C4 A3, B C3 D3",
    ),
    _lesson(
        "parallel octaves", "8ves", "pair of parallel octaves", "pairs of parallel octaves",
        "Two voices do not move in the same direction from one octave or unison to another.",
        _PAIR,
        "Two voices an octave apart that move together sound as one voice doubled: of four parts "
        "three are left. Let one of them stay or go the other way.",
        "S C5 D5, A G4 F4, T E4 A3, B C3 D3", "S C5 A4, A G4 F4, T E4 D4, B C3 D3",
    ),
    _lesson(
        "contrary fifths", "5ths", "pair of fifths by contrary motion",
        "pairs of fifths by contrary motion",
        "Two voices do not move from one perfect fifth to another in contrary motion either.",
        _PAIR,
        "Fifths in a row stay fifths in a row when one of them is a twelfth: textbooks forbid "
        "them, Bach uses them now and then.",
        "S E5 D5, A G4 D4, T C4 B3, B C3 G3", "S E5 D5, A G4 G4, T C4 B3, B C3 G3",
    ),
    _lesson(
        "contrary octaves", "8ves", "pair of octaves by contrary motion",
        "pairs of octaves by contrary motion",
        "Two voices do not move from one octave or unison to another in contrary motion either.",
        _PAIR,
        "Octaves in a row stay octaves in a row when the second is a unison or two octaves wide.",
        "S C5 G4, A G4 G4, T E4 B3, B C3 G3", "S C5 B4, A G4 G4, T E4 D4, B C3 G3",
    ),
    _lesson(
        "hidden fifths", "hidden 5th", "hidden fifth", "hidden fifths",
        "Outer voices do not come to a perfect fifth in the same direction with a leap above.",
        _PAIR,
        "The ear fills the leap of the soprano with passing notes and hears parallel fifths on the "
        "way. A soprano that moves by step hides them.",
        "S E4 A4, A C4 A3, T G3 F3, B C3 D3", "S G4 A4, A E4 F4, T C4 A3, B E3 D3",
    ),
    _lesson(
        "hidden octaves", "hidden 8ve", "hidden octave", "hidden octaves",
        "Outer voices do not come to an octave in the same direction with a leap above.",
        _PAIR,
        "The ear fills the leap of the soprano with passing notes and hears parallel octaves on "
        "the way. A soprano that moves by step hides them.",
        "S E4 G4, A C4 D4, T G3 B3, B C3 G3", "S G4 A4, A E4 F4, T C4 C4, B C3 F3",
    ),
    _lesson(
        "crossing", "cross", "crossing", "crossings",
        "A voice does not lie below the next lower one.",
        "{l1} in the {lower} lies above {u1} in the {upper}",
        "Where voices cross the ear changes over from one to the other, and both lines get lost.",
        "S E4 E4, A G4 F4, T C4 C4, B C3 C3", "S G4 F4, A E4 D4, T C4 A3, B C3 D3",
    ),
    _lesson(
        "overlap", "overlap", "overlap", "overlaps",
        "A voice does not move beyond the note that its neighbor has just left.",
        _PAIR,
        "The ear takes the new note for the next one of the neighbor's line.",
        "S E4 G4, A C4 F4, T G3 B3, B C3 D3", "S G4 A4, A E4 F4, T C4 C4, B C3 F3",
    ),
    _lesson(
        "wide soprano-alto", "gap", "wide gap between soprano and alto",
        "wide gaps between soprano and alto",
        "Soprano and alto are at most an octave apart.",
        _GAP,
        "A hole in the upper voices splits the choir into a solo and an accompaniment. Only the "
        "bass may be far below.",
        "S G5 F5, A E4 D4, T C4 A3, B C3 D3", "S G4 F4, A E4 D4, T C4 A3, B C3 D3",
    ),
    _lesson(
        "wide alto-tenor", "gap", "wide gap between alto and tenor",
        "wide gaps between alto and tenor",
        "Alto and tenor are at most an octave apart.",
        _GAP,
        "A hole in the upper voices splits the choir into two halves. Only the bass may be far "
        "below.",
        "S C5 B4, A G4 G4, T E3 D3, B C3 G2", "S C5 B4, A G4 G4, T E4 D4, B C3 G2",
    ),
    _lesson(
        "out of range", "range", "note out of range", "notes out of range",
        "Each voice stays between the lowest and the highest note that it sings well.",
        "{n1} in the {voice}, whose range is {low} to {high}",
        "Singers of a choir cannot sing it, or only at the top or the bottom of their voice, and "
        "it will stick out.",
        "S F5 E5, A C5 C5, T C5 G4, B A3 C3", "S F5 E5, A C5 C5, T F4 G4, B A3 C3",
    ),
    _lesson(
        "tritone leaps", "tritone", "tritone leap", "tritone leaps",
        "A voice does not leap by a tritone.",
        _LEAP,
        "An augmented fourth or a diminished fifth is hard to hit. A diminished fifth that turns "
        "back by step is the mildest.",
        "S C5 D5, A A4 G4, T F4 D4, B F3 B3", "S C5 B4, A A4 G4, T F4 D4, B F3 G3",
    ),
    _lesson(
        "seventh leaps", "7th leap", "leap of a seventh", "leaps of a seventh",
        "A voice does not leap by a seventh.",
        _LEAP,
        "A seventh is hard to hit, and the ear hears two voices in place of one.",
        "S G4 A4, A E4 F4, T C4 C4, B G2 F3", "S G4 A4, A E4 F4, T C4 C4, B G3 F3",
    ),
    _lesson(
        "leaps beyond an octave", "leap", "leap beyond an octave", "leaps beyond an octave",
        "A voice does not leap by more than an octave.",
        _LEAP,
        "Nobody sings it surely, and the line breaks in two.",
        "S C5 C5, A G4 F4, T E4 F4, B C4 A2", "S C5 C5, A G4 F4, T E4 F4, B C4 A3",
    ),
    _lesson(
        "augmented second", "aug. 2nd", "augmented second", "augmented seconds",
        "A voice does not move by an augmented second.",
        _LEAP,
        "From the sixth degree of minor to the leading note the ear expects a step and hears a "
        "leap. Go the other way, or raise the sixth degree too.",
        "S D5 B4, A F4 G#4, T A3 E4, B D3 E3", "S D5 B4, A F4 E4, T A3 G#3, B D3 E3",
    ),
    _lesson(
        "leading note unresolved", "leading note", "unresolved leading note",
        "unresolved leading notes",
        "The leading note of a dominant rises to the tonic; in an inner voice it may fall a third.",
        "{n0} in the {voice} goes to {n1} and does not rise to the tonic",
        "The leading note is a semitone below the tonic and pulls to it. What it promises has to "
        "come, above all in the soprano.",
        "S B4 G4, A G4 E4, T D4 C4, B G3 C4", "S B4 C5, A G4 G4, T D4 E4, B G3 C3",
    ),
    _lesson(
        "leading note doubled", "leading note x2", "doubled leading note", "doubled leading notes",
        "The leading note of a dominant is in one voice only.",
        "{u1} in the {upper} and {l1} in the {lower}",
        "Both would have to rise to the tonic, which makes octaves; and it sticks out already.",
        "S B4 C5, A G4 G4, T B3 G3, B G3 E3", "S B4 C5, A G4 G4, T D4 E4, B G3 C3",
    ),
    _lesson(
        "seventh unresolved", "7th", "unresolved seventh", "unresolved sevenths",
        "The seventh of a chord falls by step, or stays.",
        "{n0} in the {voice} goes to {n1}",
        "The seventh is a dissonance against the root, and a dissonance resolves downward by step.",
        "S B4 C5, A F4 G4, T D4 E4, B G3 C3", "S B4 C5, A F4 E4, T D4 C4, B G3 C3",
    ),
    _lesson(
        "leap outside the harmony", "leap out", "leap outside the harmony",
        "leaps outside the harmony",
        "A voice leaps to notes of the chord only.",
        "{n0} to {n1} in the {voice}, which is no note of the chord of the others",
        "Notes outside the chord are understood as steps between its notes. A leap into one has "
        "nothing to explain it.",
        "S G4 D5, A E4 E4, T C4 C4, B C3 C3", "S G4 C5, A E4 E4, T C4 C4, B C3 C3",
    ),
    _lesson(
        "cross relation", "cross rel.", "cross relation", "cross relations",
        "A note and its chromatic form do not follow one another in two different voices.",
        "{cross}",
        "One voice has just said that the note is natural, and another contradicts it (a false "
        "relation). Let the same voice make the chromatic step.",
        "S C5 A4, A E4 E4, T G3 A3, B E3 C#3", "S E4 E4, A C4 A3, T G3 A3, B C3 C#3",
    ),
    _lesson(
        "missing third", "no 3rd", "chord without a third", "chords without a third",
        "A chord has its third.",
        "{chord}",
        "The third says whether a chord is major or minor. Without it the chord sounds hollow.",
        "S G4 G4, A E4 D4, T C4 D4, B C3 G3", "S G4 G4, A E4 D4, T C4 B3, B C3 G3",
        beats=1,
    ),
)})  # fmt: skip
"""All rules that explain and repair know, by name, in the order of reports."""


def counted(name: str, count: int) -> str:
    """How many faults of a rule there are, in words.

    Parameters
    ----------
    name : str
        The name of a rule; any other name stays as it is.
    count : int
        1 or more.
    """
    lesson = LESSONS.get(name)
    if lesson is None:
        return f"{count} {name}"
    return f"{count} {lesson.one if count == 1 else lesson.several}"
