"""Features in words, as a person reads them."""

from collections.abc import Callable

from bachbot.chorale import Key, Voice, note_name
from bachbot.features.history import NO_INTERVAL
from bachbot.features.templates import parts_of
from bachbot.theory.harmony import Quality

_FIFTH, _TONES = 7, 12
_PLACES = ("the beat", "the second sixteenth", "the third sixteenth", "the fourth sixteenth")
_WAYS = ("down", "level", "up")
_STRENGTHS = ("the first beat", "the middle of the bar", "a weak beat")
_INVERSIONS = (
    "root position", "first inversion", "second inversion", "third inversion", "no position",
)  # fmt: skip
_PAIRS = (
    "soprano and alto", "soprano and tenor", "soprano and bass", "alto and tenor",
    "alto and bass", "tenor and bass",
)  # fmt: skip

_Word = Callable[[int, Key], str]


def _table(*words: str) -> _Word:
    return lambda part, key: words[part]


def _pitch_class(part: int, key: Key) -> str:
    """The name in the written key of a pitch class in C major or A minor; 12 is none."""
    if part >= _TONES:
        return "no root"
    lowest = key.fifths - 3  # of twelve names on the line of fifths, as pitches are labeled
    return note_name(((part - key.shift) * _FIFTH - lowest) % _TONES + lowest)


def _notes(part: int, key: Key) -> str:
    return "-".join(_pitch_class(tone, key) for tone in range(_TONES) if part >> tone & 1)


def _above(part: int, key: Key) -> str:
    return "-".join(str(tone) for tone in range(_TONES) if part >> tone & 1)


def _interval(part: int, key: Key) -> str:
    if part == NO_INTERVAL:
        return "from a rest"
    step = part - 12
    return f"{step:+d}" if step else "0"


def _quality(part: int, key: Key) -> str:
    return Quality(part).label if part in list(Quality) else "no chord"


def _pattern(part: int, key: Key) -> str:
    places = [str(place + 1) for place in range(4) if part >> place & 1]
    return f"sixteenth {' and '.join(places)}" if places else "none"


def _semitones(part: int, key: Key) -> str:
    return f"{part} semitone{'' if part == 1 else 's'}"


def _root_motion(part: int, key: Key) -> str:
    if part == _TONES:
        return "to no chord"
    return "to the same root" if part == 0 else f"to a root {part} semitones above"


def _number(part: int, key: Key) -> str:
    return str(part)


_VOICE = _table(*(voice.label for voice in Voice))
_PLACE, _WAY = _table(*_PLACES), _table(*_WAYS)
_STRENGTH, _INVERSION = _table(*_STRENGTHS), _table(*_INVERSIONS)
_PAIR = _table(*_PAIRS)
_BEGINS = _table("holds or rests", "begins a note")
_SIDE = _table("held", "beginning")
_BEAT = _table("off the beat", "on the beat")
_FERMATA = _table("", ", at a fermata")
_ROOT = _table("another root", "the same root")
_BASS = _table("another bass", "the same bass")
_MODE = _table("major", "minor")

_WORDS: dict[str, tuple[str, tuple[_Word, ...]]] = {
    "rhythm": (
        "{0} {4} on {3}; notes in the beat before: {1}, in this: {2}",
        (_VOICE, _pattern, _pattern, _PLACE, _BEGINS),
    ),
    "interval": ("{0} {1} on {2}", (_VOICE, _interval, _PLACE)),
    "two intervals": ("{0} {1}, {2} {3}", (_VOICE, _interval, _interval, _BEAT)),
    "three intervals": ("{0} {1}, {2}, {3}", (_VOICE, _interval, _interval, _interval)),
    "four intervals": ("{0} {1}, {2}, {3}, {4}", (_VOICE, *[_interval] * 4)),
    "two pitch classes": ("{0} {2}, {3}", (_VOICE, _MODE, _pitch_class, _pitch_class)),
    "three pitch classes": ("{0} {2}, {3}, {4}", (_VOICE, _MODE, *[_pitch_class] * 3)),
    "two voices move": (
        "{0}, {1} apart, go {3} and {4} to {2}",
        (_PAIR, _semitones, _semitones, _WAY, _WAY),
    ),
    "two voices sound": (
        "{0} {1} apart on {4}, {2} and {3}",
        (_PAIR, _semitones, _SIDE, _SIDE, _PLACE),
    ),
    "sonority": ("semitones {0} above the bass on {1}", (_above, _PLACE)),
    "chord": ("{1} over {2}", (_MODE, _notes, _pitch_class)),
    "chord in the bar": ("{2} on {1} on {3}", (_MODE, _pitch_class, _quality, _STRENGTH)),
    "two chords": ("{0} over {1}, {2} over {3}", (_notes, _pitch_class) * 2),
    "spacing": (
        "{0}, distance class {1}",
        (_table("soprano and alto", "alto and tenor", "tenor and bass"), _number),
    ),
    "outer motion": (
        "{0}: {1} and {2}", (_table("soprano and bass", "alto and tenor"), _WAY, _WAY),
    ),
    "motion of all": ("soprano {0}, alto {1}, tenor {2}, bass {3}", (_WAY,) * 4),
    "outer motion and interval": (
        "soprano {0}, bass {1}, then {2} apart", (_WAY, _WAY, _semitones),
    ),
    "quality": ("{0} in {1}{2}", (_quality, _INVERSION, _FERMATA)),
    "degree": ("{2} on {1}{3}", (_MODE, _pitch_class, _quality, _FERMATA)),
    "root motion": ("{0}, then {2}, {1}", (_quality, _root_motion, _quality)),
    "two roots": ("{1}, {2}", (_MODE, _pitch_class, _pitch_class)),
    "three roots": ("{1}, {2}, {3}", (_MODE, *[_pitch_class] * 3)),
    "root motion and inversion": (
        "{0} in {1}, then {3} in {4}, {2}",
        (_quality, _INVERSION, _root_motion, _quality, _INVERSION),
    ),
    "held over": ("{0}, {1}, on {2}", (_ROOT, _BASS, _STRENGTH)),
    "cadence": (
        "{2} on {1} in {3}, then {5} on {4} in {6}",
        (_MODE, *(_pitch_class, _quality, _INVERSION) * 2),
    ),
    "leading note": ("{0} {1}", (_VOICE, _interval)),
    "seventh leaves": (
        "{0} {1}, {2}", (_VOICE, _interval, _table("the root stays", "the root changes")),
    ),
    "cross relation": ("{0}", (_table("two voices"),)),
    "repeat": (
        "tune as before for {0} beats, other voices for {1}, {2}",
        (_number, _number, _table("now different", "now too")),
    ),
    "chord leaves": ("{1} in {2} goes {3}", (_MODE, _quality, _INVERSION, _root_motion)),
    "phrase end": ("{0}, {1}, on {2}", (_ROOT, _BASS, _STRENGTH)),
    "seventh goes": (
        "seventh chord on {1} goes {2}, {3}", (_MODE, _pitch_class, _root_motion, _BASS),
    ),
}  # fmt: skip


def describe_in_words(feature: int, key: Key) -> str:
    """What a feature is: ``"seventh leaves: tenor -1, the root changes"``.

    Parameters
    ----------
    feature : int
        Its key (`bachbot.features.templates`).
    key : Key
        Key in which the piece is written, for the names of notes.
    """
    template, parts = parts_of(feature)
    sentence, words = _WORDS[template]
    said = [word(part, key) for word, part in zip(words, parts, strict=True)]
    return f"{template}: {sentence.format(*said)}"
