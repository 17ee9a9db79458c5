"""The harmony of a piece: its chords as Roman numerals, in the keys that it goes through."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, VOICES, Chorale, Key, Pulse, Voice, note_name
from bachbot.theory.melody import Led, leading, phrase_ends, runs
from bachbot.theory.numerals import Numeral
from bachbot.theory.parse import ParseWeights, Slices, Stretch, best_parse, slices_of
from bachbot.theory.readings import MODES, chord_tones, readings

_LINGERING = 2
"""Chords of a new key that may still be heard in the old one."""


@dataclass(frozen=True)
class Ornament:
    """A note that is not of its chord.

    Parameters
    ----------
    frame : int
        Where it is first heard against the chord.
    voice : Voice
        Who sings it.
    kind : str
        What it is called, such as ``"passing note"`` or ``"suspension"``.
    """

    frame: int
    voice: Voice
    kind: str


@dataclass(frozen=True)
class Harmony:
    """A chord as it is heard.

    Parameters
    ----------
    start, stop : int
        Its frames.
    key : Key
        The key that it is heard in.
    numeral : Numeral
        What it is there.
    inversion : int
        Which of its tones the bass has, from the root up.
    ornaments : tuple of Ornament
        The notes over it that are not of it.
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


def analyze(chorale: Chorale, charges: ParseWeights | None = None) -> list[Harmony]:
    """Read the harmony of a piece.

    Keys, chords and where they change are found together, as the reading that is charged least
    (`listening.hear`). Chords change on eighths at the finest, in a tune in eighths (`Pulse`) on
    sixteenths; what moves between is told as passing notes, suspensions and the like.

    Parameters
    ----------
    chorale : Chorale
        In the key that its ``key`` says, which is where the piece is at home; its phrases end at
        the fermatas.
    charges : Charges, optional
        What a reading is charged for; the fitted ones unless given.

    Returns
    -------
    list of Harmony
        In order, without gaps but where all voices rest.

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
    heard = replace(pulse.apply(chorale), meter=pulse.apply_to_meter(chorale.meter))
    slices = slices_of(heard)
    path = best_parse(slices, heard.key, charges or ParseWeights())
    spans = _joined(_lingering(
        (span for stretch in path for span in _positions(slices, stretch)),
        phrase_ends(heard) + 1,
    ))  # fmt: skip
    notes = _foreign_notes(heard, spans)
    return [
        _written(_sounding(heard, span), notes[index], chorale.key, pulse)
        for index, span in enumerate(spans)
        if (heard.pitch[span.start : span.stop] != REST).any()
    ]


class _Span(NamedTuple):
    """Frames, a place in `readings`, and the inversion."""

    start: int
    stop: int
    reading: int
    inversion: int


def _positions(slices: Slices, stretch: Stretch) -> Iterator[_Span]:
    """Cut a stretch where its bass goes from one of the chord's tones to another."""
    role = chord_tones().role[readings().chord[stretch.reading]]
    bass = slices.bass[stretch.start : stretch.stop]
    roles = np.where(bass == REST, -1, role[bass])  # [n]
    first, inversion = stretch.start, -1
    for index, here in enumerate(roles.tolist(), start=stretch.start):
        if here < 0 or here == inversion:
            continue
        if inversion >= 0:
            yield _span(slices, first, index, stretch.reading, inversion)
            first = index
        inversion = here
    yield _span(slices, first, stretch.stop, stretch.reading, max(inversion, 0))


def _span(slices: Slices, first: int, last: int, reading: int, inversion: int) -> _Span:
    return _Span(int(slices.edges[first]), int(slices.edges[last]), reading, inversion)


def _lingering(spans: Iterable[_Span], begins: NDArray[np.int64]) -> Iterator[_Span]:
    """Leave the first chords of a new key in the old one where they are common chords of it.

    The search may put a change of key on either side of them; a listener learns of it later.

    Parameters
    ----------
    spans : iterable of _Span
        In order.
    begins : ndarray of int
        Frames in which phrases begin: there a key may change at once.
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
    """The same chord as a primary numeral of another key; -1 where it is none."""
    twins = readings().twins[reading]
    twins = twins[twins >= 0]
    found = twins[(readings().key[twins] == key) & (readings().family[twins] == 0)]
    return int(found[0]) if found.size else -1


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """Neighbors that are the same chord made one."""
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
    """The notes over each span that are not of its chord."""
    out: list[list[Ornament]] = [[] for _ in spans]
    foreign = chord_tones().foreign[readings().chord[[span.reading for span in spans]]]
    starts = [span.start for span in spans]
    led = leading(chorale)
    for voice in VOICES:
        for run in runs(chorale, voice):
            first = bisect_right(starts, run.start) - 1
            for index in range(first, bisect_left(starts, run.stop)):
                if foreign[index, run.pitch % 12]:
                    frame = max(run.start, starts[index])
                    kind = run.named(Led(led[frame, voice]), voice)
                    out[index].append(Ornament(frame, voice, kind))
    return [sorted(notes, key=lambda note: (note.frame, note.voice)) for notes in out]


def _written(span: _Span, notes: Sequence[Ornament], home: Key, pulse: Pulse) -> Harmony:
    """A span at its place and in its key as they are written."""

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
    """A key by its number, spelled so that its signature is near the home key's."""
    minor, tonic = divmod(number, 12)
    place = (tonic * 7 - 3 * minor - home.fifths + 5) % 12 - 5 + home.fifths
    return Key(note_name(place + 3 * minor), MODES[minor]).simplified
