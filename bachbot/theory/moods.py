"""Moods: what makes a tune joyful, solemn, tender, grieving, restless or serene.

The cues and their directions are those of experiments in which listeners judged music that had been
changed in one cue at a time:

- **mode, tempo, register, loudness, articulation**, in this order of weight, and their effects add
  up: Eerola, Friberg and Bresin, *Emotional expression in music: contribution, linearity, and
  additivity of primary musical cues*, Frontiers in Psychology 4:487, 2013.
- major and minor, firm and flowing rhythm: Hevner, *Experimental studies of the elements of
  expression in music*, American Journal of Psychology 48, 1936. Pitch and tempo: Hevner, *The
  affective value of pitch and tempo in music*, the same journal 49, 1937. Her circle of adjectives
  has the words dignified and solemn, sad, tender, serene, merry and joyous, and agitated.
- rules that change a score and its performance until listeners hear another emotion: Livingstone,
  Muhlberger, Brown and Thompson, *Changing musical emotion: a computational rule system for
  modifying score and performance*, Computer Music Journal 34, 2010.
- the falling second as a sigh: Monelle, *The sense of music*, Princeton 2000, chapter 2.

The numbers of this table are ours, chosen so that the directions are plain and a choir can sing the
result.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal, get_args

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Key, Mode, Voice
from bachbot.errors import UsageError

MoodName = Literal["joyful", "solemn", "tender", "grieving", "restless", "serene"]
"""Names of the moods."""

Contour = Literal["sighs", "neighbors"]
"""Turns that a mood adds to a tune: sighs at the ends of phrases, lower neighbors on repeated
notes."""


@dataclass(frozen=True)
class Mood:
    """How a mood changes a tune and its performance.

    Parameters
    ----------
    name : str
        Name of the mood.
    mode : {"major", "minor"}, optional
        Mode of the tune. Default: the tune's own.
    tempo : float
        Quarter notes per minute, for a tune whose beat is the quarter.
    register : int
        Semitones by which the tune should move, as far as the soprano's range allows.
    legato : float
        Share of a note's written length that sounds, 0 to 1.
    loudness : float
        Loudness of the sound in decibels beside the usual one, 0 or less.
    density : {-1, 0, 1}
        Notes between the beats are left out (-1), left (0), or added where the tune leaps a third.
    contour : {"sighs", "neighbors"}, optional
        What else is added.
    """

    name: MoodName
    mode: Mode | None
    tempo: float
    register: int
    legato: float
    loudness: float
    density: Literal[-1, 0, 1] = 0
    contour: Contour | None = None


MOODS: dict[str, Mood] = {
    mood.name: mood
    for mood in (
        Mood("joyful", "major", 116, 2, 0.70, -1, density=1),
        Mood("solemn", None, 56, -3, 0.95, -2, density=-1),
        Mood("tender", "major", 66, 0, 1.0, -6),
        Mood("grieving", "minor", 50, -4, 1.0, -8, contour="sighs"),
        Mood("restless", "minor", 126, 0, 0.60, 0, density=1, contour="neighbors"),
        Mood("serene", "major", 58, 2, 1.0, -6, density=-1),
    )
}
"""The moods by name."""

_SCALES: dict[Mode, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
}
_LEADING_NOTE, _RAISED_SIXTH = 11, 9
_SEVENTH, _SIXTH = 10, 8

_COMFORTABLE = 60, 79
"""C4 to G5: a choir soprano sings higher and lower notes, but not gladly."""

_LOWEST_MEAN = 67.0
"""G4: under a lower soprano the other voices have no room."""

_WAYS = range(-7, 8)
"""Semitones by which a tune may move."""

_FEW_ACCIDENTALS = 3


def mood_of(name: str) -> Mood:
    """Get a mood by its name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in MOODS:
        raise UsageError(f"'{name[:40]}' is not a mood: give {', '.join(get_args(MoodName))}")
    return MOODS[name]


@dataclass(frozen=True)
class TuneNote:
    """A note of a tune: its frames, `stop` excluded, MIDI pitch, and whether it has a fermata."""

    start: int
    stop: int
    pitch: int
    fermata: bool = False

    @property
    def length(self) -> int:
        """Length in frames."""
        return self.stop - self.start


def notes_of(tune: Chorale) -> list[TuneNote]:
    """The notes of a soprano, in order."""
    pitch, tied = tune.pitch[:, Voice.SOPRANO], tune.tied[:, Voice.SOPRANO]
    notes = []
    for start in np.flatnonzero(tune.onset[:, Voice.SOPRANO]).tolist():
        stop = start + 1
        while stop < tune.frames and tied[stop]:
            stop += 1
        notes.append(TuneNote(start, stop, int(pitch[start]), bool(tune.fermata[start])))
    return notes


def change_tune(
    tune: Chorale,
    mood: Mood,
    *,
    syllables: Collection[int] = (),
    phrase_ends: Collection[int] = (),
) -> Chorale:
    """Change the mode, the density and the contour of a tune; its place in time stays.

    Parameters
    ----------
    tune : Chorale
        A soprano in its key; the other voices are ignored.
    mood : Mood
        The mood.
    syllables : collection of int
        Frames at which a syllable of the words begins: these notes stay, whatever the density.
    phrase_ends : collection of int
        A frame of the last note of each phrase: nothing is added between phrases, and sighs are
        added on these notes. Notes under a fermata count as well.

    Returns
    -------
    Chorale
        The tune in the mood's mode on the same tonic; the other voices rest. Every note that it
        keeps begins where it began, and nothing sounds where nothing sounded.
    """
    mode = mood.mode or tune.key.mode
    key = Key(tune.key.tonic, mode).simplified
    ends = frozenset(phrase_ends)
    notes = notes_of(tune)
    if mood.density < 0:
        notes = _without_ornaments(notes, tune, frozenset(syllables))
    notes = _in_mode(notes, tune.key, mode, ends)
    if mood.density > 0:
        notes = _with_passing_notes(notes, key, ends)
    if mood.contour == "neighbors":
        notes = _with_neighbors(notes, key, ends)
    elif mood.contour == "sighs":
        notes = _with_sighs(notes, key, tune, ends)
    return _chorale(notes, replace(tune, key=key))


def place_tune(tune: Chorale, register: int) -> tuple[Chorale, int]:
    """Move a tune so that its register changes and its key signature stays simple.

    Parameters
    ----------
    tune : Chorale
        A soprano in its key.
    register : int
        Semitones by which it should move.

    Returns
    -------
    tune : Chorale
        The tune up to a fifth higher or lower: by about so many semitones, within C4 to G5 if it
        fits there, within the soprano's range if that is possible at all, on average not below
        G4, and with few accidentals in the signature. It counts as a piece of its own there:
        `Chorale.transposed_by` stays.
    semitones : int
        How far it moved up.
    """
    pitch = tune.pitch[:, Voice.SOPRANO]
    sounding = pitch[pitch != REST].astype(np.int64)
    if not sounding.size:
        return tune, 0
    lowest, highest = int(sounding.min()), int(sounding.max())
    mean = float(sounding.mean())

    def outside(bounds: tuple[int, int], semitones: int) -> int:
        return max(0, bounds[0] - lowest - semitones) + max(0, highest + semitones - bounds[1])

    def cost(semitones: int) -> tuple[int, float, int]:
        accidentals = abs(_moved_key(tune.key, semitones).fifths)
        wrong_way = 2.0 * (register * semitones <= 0) if register else 0.0
        return (
            outside(Voice.SOPRANO.range, semitones),
            abs(semitones - register)
            + wrong_way
            + 0.6 * max(0, accidentals - _FEW_ACCIDENTALS)
            + 2.0 * outside(_COMFORTABLE, semitones)
            + max(0.0, min(_LOWEST_MEAN, mean) - mean - semitones),
            -semitones if register > 0 else semitones,
        )

    best = min(_WAYS, key=cost)
    moved = tune.transposed(best, _moved_key(tune.key, best))
    return replace(moved, transposed_by=tune.transposed_by), best


def _moved_key(key: Key, semitones: int) -> Key:
    """The key so many semitones above, with as few accidentals as its tonic can have."""
    names = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    sharp = {1: "C#", 3: "D#", 8: "G#"}
    if not semitones and abs(key.fifths) <= 6:
        return key
    tonic = (key.pitch_class + semitones) % 12
    found = Key(names[tonic], key.mode)
    other = Key(sharp.get(tonic, names[tonic]), key.mode)
    return min(found, other, key=lambda one: abs(one.fifths))


def _chorale(notes: list[TuneNote], like: Chorale) -> Chorale:
    pitch = np.full((like.frames, 4), REST, dtype=np.int16)
    tied = np.zeros((like.frames, 4), dtype=np.bool_)
    fermata = np.zeros(like.frames, dtype=np.bool_)
    for note in notes:
        pitch[note.start : note.stop, Voice.SOPRANO] = note.pitch
        tied[note.start + 1 : note.stop, Voice.SOPRANO] = True
        fermata[note.start : note.stop] = note.fermata
    return replace(like, pitch=pitch, tied=tied, fermata=fermata)


def _without_ornaments(
    notes: list[TuneNote], tune: Chorale, syllables: frozenset[int]
) -> list[TuneNote]:
    """Leave out short notes off the beat that have no syllable."""
    # In 6/8 the eighths are the tune itself.
    beat = 16 // tune.meter.unit
    kept: list[TuneNote] = []
    for note in notes:
        off = bool(tune.position[note.start] % beat)
        joined = bool(kept) and kept[-1].stop == note.start and not note.fermata
        if off and note.length < beat and joined and note.start not in syllables:
            kept[-1] = replace(kept[-1], stop=note.stop)
        else:
            kept.append(note)
    return kept


def _ends_phrase(note: TuneNote, ends: frozenset[int]) -> bool:
    return note.fermata or any(frame in ends for frame in range(note.start, note.stop))


def _in_mode(notes: list[TuneNote], key: Key, mode: Mode, ends: frozenset[int]) -> list[TuneNote]:
    """Move notes of the scale to the same step of the other mode; leave chromatic ones.

    In minor the seventh step is raised where it goes up or ends a phrase, and the sixth where it
    goes on to the raised seventh, as singers do (the melodic minor).
    """
    if key.mode == mode:
        return notes
    source, target = _SCALES[key.mode], _SCALES[mode]
    moved: list[TuneNote] = []
    # What comes next, a note repeated at once counted as one: its new step above the tonic, and
    # whether the tune goes up to it.
    following: tuple[int, bool] | None = None
    for index in range(len(notes) - 1, -1, -1):
        note = notes[index]
        degree = (note.pitch - key.pitch_class) % 12
        later = notes[index + 1] if index + 1 < len(notes) else None
        if later is not None and later.pitch == note.pitch and not _ends_phrase(note, ends):
            moved.append(replace(note, pitch=moved[-1].pitch))
            continue
        if later is not None:
            following = (moved[-1].pitch - key.pitch_class) % 12, later.pitch > note.pitch
        new = target[source.index(degree)] if degree in source else degree
        if mode == "minor" and degree in source:
            new = _melodic(new, following, ends=later is None or _ends_phrase(note, ends))
        moved.append(replace(note, pitch=note.pitch - degree + new))
    return moved[::-1]


def _melodic(degree: int, following: tuple[int, bool] | None, *, ends: bool) -> int:
    """The sixth and the seventh step in minor, raised where the tune needs it."""
    step, up = following or (0, False)
    if degree == _SEVENTH and (ends or up or step == _RAISED_SIXTH):
        return _LEADING_NOTE
    if degree == _SIXTH and not ends and up and step == _LEADING_NOTE:
        return _RAISED_SIXTH
    return degree


def _step_away(pitch: int, key: Key, steps: int) -> int:
    """Pitch of the scale so many steps away; a chromatic note counts as the step below it."""
    scale = _SCALES[key.mode]
    octave, degree = divmod(pitch - key.pitch_class, 12)
    index = max(i for i, semitones in enumerate(scale) if semitones <= degree)
    octaves, step = divmod(index + steps, 7)
    return key.pitch_class + 12 * (octave + octaves) + scale[step]


def _neighbor(pitch: int, key: Key, steps: int) -> int:
    """The step above (1) or below (-1); in minor without an augmented second."""
    degree = (pitch - key.pitch_class) % 12
    found = _step_away(pitch, key, steps)
    if key.mode == "minor":
        reached = (found - key.pitch_class) % 12
        # Below the tonic is the leading note; beside a raised sixth or seventh the other is raised.
        to_leading = reached == _SEVENTH and (steps < 0 or degree == _RAISED_SIXTH)
        if to_leading or (reached == _SIXTH and degree == _LEADING_NOTE):
            found += 1
    return found


def _split(note: TuneNote, first: int, second: int) -> tuple[TuneNote, TuneNote]:
    """Two notes for one: halves, or two thirds and a third of a dotted note."""
    part = note.length // 2 if note.length % 3 else note.length * 2 // 3
    middle = note.start + part
    return TuneNote(note.start, middle, first), replace(note, start=middle, pitch=second)


def _pairs(
    notes: list[TuneNote], ends: frozenset[int]
) -> Iterator[tuple[TuneNote, TuneNote | None]]:
    """Each note, with the next one if it follows at once in the phrase and the note can be two."""
    for note, following in zip_longest(notes, notes[1:]):
        joined = following is not None and following.start == note.stop
        splits = note.length in (FRAMES_PER_QUARTER, 2 * FRAMES_PER_QUARTER)
        yield note, following if joined and splits and not _ends_phrase(note, ends) else None


def _with_passing_notes(notes: list[TuneNote], key: Key, ends: frozenset[int]) -> list[TuneNote]:
    """Fill leaps of a third with the step between."""
    out: list[TuneNote] = []
    for note, following in _pairs(notes, ends):
        leap = following.pitch - note.pitch if following is not None else 0
        if abs(leap) in (3, 4):
            between = _between(note.pitch, note.pitch + leap, key)
            if between is not None:
                out += _split(note, note.pitch, between)
                continue
        out.append(note)
    return out


def _between(first: int, second: int, key: Key) -> int | None:
    """The step of the scale between two that are a third apart; None if they are not."""
    lower, upper = min(first, second), max(first, second)
    step = _step_away(lower, key, 1)
    if key.mode == "minor":
        below, above = ((p - key.pitch_class) % 12 for p in (lower, upper))
        degree = (step - key.pitch_class) % 12
        to_leading = degree == _SEVENTH and (below == _RAISED_SIXTH or first < second)
        if to_leading or (degree == _SIXTH and above == _LEADING_NOTE):
            step += 1
    # Both seconds are of one or two semitones: no augmented second, and no step that is repeated.
    return step if 1 <= step - lower <= 2 and 1 <= upper - step <= 2 else None


def _with_neighbors(notes: list[TuneNote], key: Key, ends: frozenset[int]) -> list[TuneNote]:
    """Turn to the step below between two notes of one pitch."""
    out: list[TuneNote] = []
    for note, following in _pairs(notes, ends):
        below = _neighbor(note.pitch, key, -1)
        if following is not None and following.pitch == note.pitch and note.pitch - below <= 2:
            out += _split(note, note.pitch, below)
        else:
            out.append(note)
    return out


def _with_sighs(
    notes: list[TuneNote], key: Key, tune: Chorale, ends: frozenset[int]
) -> list[TuneNote]:
    """Hold the note before the last one of a phrase into it, if it is the step above.

    The last note of the tune stays as it is.
    """
    beat = 16 // tune.meter.unit
    out: list[TuneNote] = []
    for index, note in enumerate(notes):
        before = notes[index - 1] if index else None
        reached = before.pitch if before is not None and before.stop == note.start else None
        sighs = (
            _ends_phrase(note, ends)
            and index + 1 < len(notes)
            and reached is not None
            and 1 <= reached - note.pitch <= 2
            and note.length >= max(beat, FRAMES_PER_QUARTER)
            and not tune.position[note.start] % beat
        )
        if sighs and reached is not None:
            out += _split(note, reached, note.pitch)
        else:
            out.append(note)
    return out
