"""Intervals between spelled pitches, and pitches and keys in words."""

from dataclasses import dataclass

from bachbot.chorale import Key, line_of_fifths, note_name
from bachbot.scores.pitch import spelled_pitch

_NUMBERS = ("unison", "second", "third", "fourth", "fifth", "sixth", "seventh")
_SIZES = (0, 2, 4, 5, 7, 9, 11)
"""Semitones of the perfect and major intervals."""

_PERFECT = {-1: "diminished", 0: "perfect", 1: "augmented"}
_IMPERFECT = {-2: "diminished", -1: "minor", 0: "major", 1: "augmented"}
_OCTAVES = ("", "an octave", "two octaves", "three octaves", "four octaves")
_MOST_ACCIDENTALS = 7
_SIGNS = str.maketrans({"#": " sharp", "b": " flat"})


@dataclass(frozen=True)
class Interval:
    """An interval by which music is moved.

    Parameters
    ----------
    semitones : int
        Upwards; below 0 downwards.
    fifths : int
        What it adds to a name on the line of fifths: a major second up is 2, a minor third
        down 3.

    Examples
    --------
    >>> Interval(-3, 3).words, Interval(14, 2).words
    ('a minor third', 'an octave and a major second')
    """

    semitones: int
    fifths: int

    @property
    def steps(self) -> int:
        """Steps of the staff upwards."""
        return (7 * self.semitones - self.fifths) // 12

    @property
    def words(self) -> str:
        """Its name, without a direction."""
        up = self.semitones >= 0
        octaves, number = divmod(self.steps if up else -self.steps, 7)
        excess = abs(self.semitones) - 12 * octaves - _SIZES[number]
        quality = (_PERFECT if number in (0, 3, 4) else _IMPERFECT).get(excess)
        if quality is None or not 0 <= octaves < len(_OCTAVES):
            semitones = abs(self.semitones)
            return f"{semitones} semitone{'' if semitones == 1 else 's'}"
        if number == 0 and excess == 0:
            return _OCTAVES[octaves] or "a unison"
        article = "an" if quality == "augmented" else "a"
        simple = f"{article} {quality} {_NUMBERS[number]}"
        return f"{_OCTAVES[octaves]} and {simple}" if octaves else simple

    @property
    def direction(self) -> str:
        """``"up"`` or ``"down"``."""
        return "up" if self.semitones >= 0 else "down"

    def key(self, key: Key) -> Key:
        """A key moved by this interval, spelled with at most seven accidentals."""
        fifths = key.fifths + self.fifths
        if abs(fifths) > _MOST_ACCIDENTALS:
            fifths = (fifths + 6) % 12 - 6
        return Key(note_name(fifths + line_of_fifths(key.tonic) - key.fifths), key.mode)

    def undo_key(self, key: Key) -> Key:
        """The key that this interval moves to `key`."""
        return Interval(-self.semitones, -self.fifths).key(key)


def key_words(key: Key) -> str:
    """A key in words, such as ``B flat major``."""
    return f"{key.tonic.translate(_SIGNS).replace('  ', ' ')} {key.mode}"


def pitch_words(midi: int, fifths: int = 0) -> str:
    """A MIDI pitch in words, such as ``B flat 4``.

    Parameters
    ----------
    midi : int
        The pitch.
    fifths : int
        Key signature that it is spelled for.

    Examples
    --------
    >>> pitch_words(70, -2), pitch_words(70, 4), pitch_words(81)
    ('B flat 4', 'A sharp 4', 'A5')
    """
    lowest = fifths - 3  # of twelve names on the line of fifths
    step, alter, octave = spelled_pitch(midi, (midi * 7 - lowest) % 12 + lowest)
    accidental = " sharp" * alter + " flat" * -alter
    return f"{step}{accidental} {octave}" if accidental else f"{step}{octave}"
