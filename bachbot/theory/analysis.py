"""Harmonic analysis of a piece: Roman numerals in the keys that it passes through."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, VOICES, Chorale, Key, Pulse, Voice, note_name
from bachbot.theory.melody import NoteFunction, note_functions, phrase_ends, runs
from bachbot.theory.numerals import Numeral
from bachbot.theory.parse import ParseWeights, Segment, Slices, best_parse, slices_of
from bachbot.theory.readings import MODES, chord_tones, readings

_LINGERING = 2
"""Number of chords of a new key that may still be named in the old one."""


@dataclass(frozen=True)
class Ornament:
    """A non-chord tone.

    Parameters
    ----------
    frame : int
        First frame in which it sounds with the chord.
    voice : Voice
        Its voice.
    kind : str
        Its name, such as ``"passing note"`` or ``"suspension"``.
    """

    frame: int
    voice: Voice
    kind: str


@dataclass(frozen=True)
class Harmony:
    """An analyzed chord.

    Parameters
    ----------
    start, stop : int
        First frame, and the first frame after it.
    key : Key
        Key in which it is named.
    numeral : Numeral
        Its numeral in that key.
    inversion : int
        Index of the bass among its tones, from the root up.
    ornaments : tuple of Ornament
        Its non-chord tones.
    """

    start: int
    stop: int
    key: Key
    numeral: Numeral
    inversion: int
    ornaments: tuple[Ornament, ...] = ()

    @property
    def text(self) -> str:
        """Numeral and figures, such as ``V65/ii``."""
        return self.numeral.figured(self.inversion)

    @property
    def chord(self) -> str:
        """Chord symbol, such as ``G7/B``."""
        return self.numeral.chord(self.key, self.inversion)


def analyze(chorale: Chorale, weights: ParseWeights | None = None) -> list[Harmony]:
    """Analyze the harmony of a piece.

    Keys, chords and their boundaries are found together, as the parse with the lowest cost
    (`bachbot.theory.parse.best_parse`). Chords change on eighths at the finest, in a tune in
    eighths (`Pulse`) on sixteenths; shorter motion is named as passing notes, suspensions and so
    on.

    Parameters
    ----------
    chorale : Chorale
        A piece; its ``key`` is the home key, and its phrases end at the fermatas.
    weights : ParseWeights, optional
        Weights of the parse. Default: the fitted ones.

    Returns
    -------
    list of Harmony
        In order, without gaps except where all voices rest.

    Examples
    --------
    >>> pitch = np.repeat([[72, 67, 64, 48], [71, 67, 62, 55], [72, 67, 64, 48]], 4, axis=0)
    >>> cadence = Chorale(pitch, np.zeros((12, 4), bool), np.zeros(12, bool))
    >>> [harmony.text for harmony in analyze(cadence)]
    ['I', 'V', 'I']
    """
    if (chorale.pitch == REST).all():
        return []
    pulse = Pulse.of(chorale, Voice.SOPRANO)
    scaled = replace(pulse.apply(chorale), meter=pulse.apply_to_meter(chorale.meter))
    slices = slices_of(scaled)
    path = best_parse(slices, scaled.key, weights or ParseWeights())
    spans = _joined(_lingering(
        (span for segment in path for span in _positions(slices, segment)),
        phrase_ends(scaled) + 1,
    ))  # fmt: skip
    notes = _foreign_notes(scaled, spans)
    return [
        _written(_sounding(scaled, span), notes[index], chorale.key, pulse)
        for index, span in enumerate(spans)
        if (scaled.pitch[span.start : span.stop] != REST).any()
    ]


class _Span(NamedTuple):
    """Frames, an index in `readings`, and the inversion."""

    start: int
    stop: int
    reading: int
    inversion: int


def _positions(slices: Slices, segment: Segment) -> Iterator[_Span]:
    """Cut a segment where its bass moves from one chord tone to another."""
    role = chord_tones().role[readings().chord[segment.reading]]
    bass = slices.bass[segment.start : segment.stop]
    roles = np.where(bass == REST, -1, role[bass])  # [n]
    first, inversion = segment.start, -1
    for index, here in enumerate(roles.tolist(), start=segment.start):
        if here < 0 or here == inversion:
            continue
        if inversion >= 0:
            yield _span(slices, first, index, segment.reading, inversion)
            first = index
        inversion = here
    yield _span(slices, first, segment.stop, segment.reading, max(inversion, 0))


def _span(slices: Slices, first: int, last: int, reading: int, inversion: int) -> _Span:
    return _Span(int(slices.edges[first]), int(slices.edges[last]), reading, inversion)


def _lingering(spans: Iterable[_Span], begins: NDArray[np.int64]) -> Iterator[_Span]:
    """Name the first chords of a new key in the old one if they are common chords of it.

    The search may place a change of key before or after them; a listener notices it later.

    Parameters
    ----------
    spans : iterable of _Span
        In order.
    begins : ndarray of int
        Frames in which phrases begin; there a key may change at once.
    """
    key, left = -1, _LINGERING
    for span in spans:
        new = int(readings().key[span.reading])
        twin = _common_twin(span.reading, key) if left and span.start not in begins else -1
        if key not in (-1, new) and twin >= 0:
            left -= 1
            yield span._replace(reading=twin)
        else:
            key, left = new, _LINGERING
            yield span


def _common_twin(reading: int, key: int) -> int:
    """The same chord as a primary numeral of another key, or -1."""
    twins = readings().twins[reading]
    twins = twins[twins >= 0]
    found = twins[(readings().key[twins] == key) & (readings().family[twins] == 0)]
    return int(found[0]) if found.size else -1


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """Merge adjacent spans of the same chord."""
    out: list[_Span] = []
    for span in spans:
        if out and out[-1][2:] == span[2:]:
            out[-1] = out[-1]._replace(stop=span.stop)
        else:
            out.append(span)
    return out


def _sounding(chorale: Chorale, span: _Span) -> _Span:
    """A span without the silence before and after it."""
    sounds = np.flatnonzero((chorale.pitch[span.start : span.stop] != REST).any(axis=1))
    return span._replace(start=span.start + int(sounds[0]), stop=span.start + int(sounds[-1]) + 1)


def _foreign_notes(chorale: Chorale, spans: Sequence[_Span]) -> list[list[Ornament]]:
    """The non-chord tones of each span."""
    out: list[list[Ornament]] = [[] for _ in spans]
    foreign = chord_tones().foreign[readings().chord[[span.reading for span in spans]]]
    starts = [span.start for span in spans]
    led = note_functions(chorale)
    for voice in VOICES:
        for run in runs(chorale, voice):
            first = bisect_right(starts, run.start) - 1
            for index in range(first, bisect_left(starts, run.stop)):
                if foreign[index, run.pitch % 12]:
                    frame = max(run.start, starts[index])
                    kind = run.named(NoteFunction(led[frame, voice]), voice)
                    out[index].append(Ornament(frame, voice, kind))
    return [sorted(notes, key=lambda note: (note.frame, note.voice)) for notes in out]


def _written(span: _Span, notes: Sequence[Ornament], home: Key, pulse: Pulse) -> Harmony:
    """A span in written durations, with its key spelled."""

    def at(frame: int) -> int:
        return frame * pulse.diminution // pulse.augmentation

    return Harmony(
        start=at(span.start),
        stop=at(span.stop),
        key=_spelled(int(readings().key[span.reading]), home),
        numeral=readings().numeral_of(span.reading),
        inversion=span.inversion,
        ornaments=tuple(replace(note, frame=at(note.frame)) for note in notes),
    )


def _spelled(number: int, home: Key) -> Key:
    """A key by its index, spelled so that its signature is close to the home key's."""
    minor, tonic = divmod(number, 12)
    fifths = (tonic * 7 - 3 * minor - home.fifths + 5) % 12 - 5 + home.fifths
    return Key(note_name(fifths + 3 * minor), MODES[minor]).simplified
