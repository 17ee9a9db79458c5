"""Pitches and their names: steps, semitones, accidentals, and the choice of C sharp or D flat.

A note name without its octave is an integer throughout the package: its position on the line of
fifths, ... Bb -2, F -1, C 0, G 1, D 2, ..., F# 6, ... (Temperley's "tonal pitch class"). A
position and a MIDI pitch together are a spelled pitch: step, alteration and octave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale, Voice, line_of_fifths, note_name

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones of each step above C."""

ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
"""MusicXML's names of the accidentals, by alteration in semitones."""

_RADIUS = 4
"""How far before and after a note its context reaches, in frames: a beat."""

_CENTER = 2.75
"""Default center of the names on the line of fifths, above the position of the key signature.

The seven notes of the scale are centered at +2; leading notes and secondary dominants are higher.
"""

_CONTEXT = 0.5
"""How far the context moves that center: half of its distance from the scale's center."""

_LEADING = 0.6
"""How far a semitone up or down to the next note moves it: C# leads to D, Db to C."""

_PASSES = 2


@dataclass(frozen=True)
class _Note:
    voice: int
    start: int
    stop: int
    pitch: int
    semitone: int  # 1 or -1 if the next note is a semitone up or down, else 0


def spell(
    chorale: Chorale,
    known: Mapping[Voice, NDArray[np.int16]] | None = None,
    cells: NDArray[np.bool_] | None = None,
) -> NDArray[np.int16]:
    """Spell the notes of a chorale so that the names fit key, harmony and voice leading.

    Each pitch gets the name that is nearest to a center on the line of fifths. The center depends
    on the key signature, on the names of the other pitch classes that sound within a beat of the
    note in any voice (after the idea of Meredith's ps13, "The ps13 pitch spelling algorithm",
    Journal of New Music Research 35, 2006, that the local tonic decides), and on a semitone step
    to the voice's next note. The weights were tuned on half of the corpus;
    `tests/scores/test_pitch.py` compares the other half with Bach's editors.

    Parameters
    ----------
    chorale : Chorale
        T frames, in its written key.
    known : mapping of Voice to ndarray of int, shape [T], optional
        Given names, for the voices that have them.
    cells : ndarray of bool, shape [T, 4], optional
        Where those names apply. Default: in all frames. A note that is partly there keeps its
        given name throughout.

    Returns
    -------
    ndarray of int16, shape [T, 4]
        Position of each name on the line of fifths (C 0, G 1, F -1); arbitrary at a rest.
    """
    known = known or {}
    pitch = chorale.pitch.astype(np.int64)
    fifths = written_fifths(chorale)
    names = _nearest(pitch * 7, fifths + _CENTER)
    kept = np.zeros(names.shape, dtype=np.bool_)
    for voice, given in known.items():
        kept[:, voice] = True if cells is None else cells[:, voice]
        names[kept[:, voice], voice] = given[kept[:, voice]]
    notes = []
    for note in _notes(chorale, [v for v in range(4) if not kept[:, v].all()]):
        span = slice(note.start, note.stop), note.voice
        if kept[span].any():
            names[span] = np.where(kept[span], names[span], names[span][kept[span]][0])
        else:
            notes.append(note)
    sounds = pitch != REST
    classes = np.where(sounds, pitch % 12, -1)
    counts = _sums(classes, sounds)
    for _ in range(_PASSES):
        sums = _sums(classes, np.where(sounds, names - fifths - 2, 0))
        names = names.copy()
        for note in notes:
            first, last = max(0, note.start - _RADIUS), min(len(names), note.stop + _RADIUS)
            own = note.pitch % 12
            count = counts[last][12] - counts[first][12] - counts[last][own] + counts[first][own]
            total = sums[last][12] - sums[first][12] - sums[last][own] + sums[first][own]
            mean = total / count if count else 0.0
            center = fifths + _CENTER + _CONTEXT * mean + _LEADING * note.semitone
            names[note.start : note.stop, note.voice] = nearest_name(note.pitch * 7, center)
    return names.astype(np.int16)


def _sums(classes: NDArray[np.int64], values: NDArray[np.generic]) -> list[list[int]]:
    """Sums of the values before each frame: of each pitch class, then of all."""
    by_class = [np.where(classes == own, values, 0).sum(axis=1) for own in range(12)]
    by_class.append(values.sum(axis=1))
    sums = np.zeros((len(classes) + 1, 13), dtype=np.int64)
    sums[1:] = np.cumsum(np.stack(by_class, axis=1), axis=0)
    out: list[list[int]] = sums.tolist()
    return out


def written_fifths(chorale: Chorale) -> int:
    """Key signature of a written chorale, -7 to 7; a key with more accidentals is respelled."""
    fifths = chorale.key.fifths
    return fifths if abs(fifths) <= 7 else (fifths + 5) % 12 - 5


def _nearest(fifths: NDArray[np.int64], center: float) -> NDArray[np.int64]:
    """Names of pitch classes, given by any of their positions, nearest to a center."""
    lowest = ceil(center - 6)
    return (fifths - lowest) % 12 + lowest


def nearest_name(fifths: int, center: float) -> int:
    """Name of a pitch class that is nearest to a center on the line of fifths.

    Parameters
    ----------
    fifths : int
        Any position of the pitch class on the line of fifths, such as 7 times its MIDI pitch.
    center : float
        Position that the name should be near.
    """
    lowest = ceil(center - 6)
    return int((fifths - lowest) % 12 + lowest)


def _notes(chorale: Chorale, voices: list[int]) -> list[_Note]:
    notes = []
    for voice in voices:
        starts = np.flatnonzero(chorale.onset[:, voice]).tolist()
        for start in starts:
            stop = start + 1
            while stop < chorale.frames and chorale.tied[stop, voice]:
                stop += 1
            pitch = int(chorale.pitch[start, voice])
            following = int(chorale.pitch[stop, voice]) if stop < chorale.frames else REST
            step = following - pitch
            notes.append(
                _Note(voice, start, stop, pitch, step if abs(step) == 1 and following >= 0 else 0)
            )
    return notes


def spelled_pitch(midi: int, name: int) -> tuple[str, int, int]:
    """Step, alteration in semitones, and octave of a pitch.

    Parameters
    ----------
    midi : int
        MIDI pitch.
    name : int
        Position of its name on the line of fifths.

    Examples
    --------
    >>> spelled_pitch(60, 12), spelled_pitch(60, 0)  # B sharp 3, C 4
    (('B', 1, 3), ('C', 0, 4))
    """
    text = note_name(name)
    alter = text.count("#") - text.count("b")
    return text[0], alter, (midi - alter - SEMITONES[text[0]]) // 12 - 1


def midi_and_name(step: str, alter: int, octave: int) -> tuple[int, int]:
    """MIDI pitch, and position of the name on the line of fifths; inverts `spelled_pitch`.

    Parameters
    ----------
    step : str
        A key of `SEMITONES`.
    alter : int
        Sharps, or minus flats.
    octave : int
        4 is the octave from middle C.

    Examples
    --------
    >>> midi_and_name("B", 1, 3)
    (60, 12)
    """
    return 12 * (octave + 1) + SEMITONES[step] + alter, line_of_fifths(step) + 7 * alter


def fold(midi: int, voice: Voice) -> int:
    """A pitch in the octave in which it is within the range of a voice.

    Parameters
    ----------
    midi : int
        MIDI pitch.
    voice : Voice
        Its range is at least an octave.

    Examples
    --------
    >>> fold(83, Voice.SOPRANO), fold(55, Voice.SOPRANO), fold(60, Voice.SOPRANO)
    (71, 67, 60)
    """
    low, high = voice.range
    while midi > high:
        midi -= 12
    while midi < low:
        midi += 12
    return midi


def signature_alter(fifths: int, step: str) -> int:
    """Alteration that a key signature gives to a step.

    Parameters
    ----------
    fifths : int
        Sharps of the signature, or minus its flats.
    step : str
        A key of `SEMITONES`.

    Examples
    --------
    >>> signature_alter(2, "C"), signature_alter(2, "G"), signature_alter(-1, "B")
    (1, 0, -1)
    """
    return (fifths - line_of_fifths(step) + 5) // 7


def pitch_label(midi: int, fifths: int | None = None) -> str:
    """Label of a MIDI pitch for a message, such as ``C4``.

    Parameters
    ----------
    midi : int
        The pitch.
    fifths : int, optional
        Key signature that black keys are spelled for. Default: they are sharps.

    Examples
    --------
    >>> pitch_label(60), pitch_label(61), pitch_label(70), pitch_label(70, -2)
    ('C4', 'C#4', 'A#4', 'Bb4')
    """
    lowest = -1 if fifths is None else fifths - 3  # of twelve names on the line of fifths
    step, alter, octave = spelled_pitch(midi, (midi * 7 - lowest) % 12 + lowest)
    return f"{step}{'#' * alter}{'b' * -alter}{octave}"
