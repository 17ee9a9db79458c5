"""The one builder of requests to harmonize: what is given of a chorale, and how it should end."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Given, GivenChord, Pulse, Voice
from bachbot.encoding import FillRequest


def fill_request(
    chorale: Chorale,
    given: Iterable[Voice] | NDArray[np.bool_],
    *,
    pulse: Pulse | None = None,
    section_starts: Iterable[int] = (),
    chords: Iterable[GivenChord] = (),
    phrase_ends: Iterable[int] = (),
    all_phrase_ends: bool = False,
) -> FillRequest:
    """Ask for the voices, or the cells, that are not given of a chorale.

    A written fermata is given. In a piece without any the model sets its own, except in frames
    where all voices are given. If the whole soprano is given, the piece should end as
    `with_final_cadence` has it.

    Parameters
    ----------
    chorale : Chorale
        T frames in C major or A minor, in its own pulse.
    given : iterable of Voice, or ndarray of bool, shape [T, 4]
        Voices, or cells, that come back unchanged.
    pulse : Pulse, optional
        How to bring its note values to those of the chorales. Default: no change, which is right
        for pieces of the corpus, since the model was trained on them as they are.
    section_starts : iterable of int
        Frames, before the pulse is applied, where a section or a repeat begins: there no voice
        may hold the note before.
    chords : iterable of GivenChord
        Chords that the other voices have to make, in frames before the pulse is applied.
    phrase_ends : iterable of int
        Frames, before the pulse is applied, in which a phrase ends. The notes of the leading voice
        that sound there, the soprano or else the first given, stand under a fermata for the model.
    all_phrase_ends : bool
        Whether these are all, so that the model sets no other fermata. Default: it may.

    Returns
    -------
    FillRequest
        In the new pulse: `Pulse.undo` brings what is decoded back.
    """
    pulse = pulse or Pulse()
    cells = given if isinstance(given, np.ndarray) else Given.voices(chorale.frames, given).cells
    triple = pulse.reads_as_triple(chorale.meter)
    cells = np.repeat(cells, pulse.augmentation, axis=0)[:: pulse.diminution]
    chorale = pulse.apply(chorale)
    fermatas = np.full(len(cells), bool(chorale.fermata.any()))
    fermatas[cells.all(axis=1)] = True
    onsets = np.zeros(cells.shape, dtype=np.bool_)
    onsets[[_scaled(f, pulse) for f in section_starts]] = True
    harmony = {_scaled(c.frame, pulse): c for c in chords}
    wanted = Given(
        cells,
        fermatas,
        grid=_grid(chorale, pulse, triple=triple),
        beat=_BAR_OF_THREE if triple else FRAMES_PER_QUARTER,
        quarter=_scaled(FRAMES_PER_QUARTER, pulse),
        required_onsets=onsets,
        chords=tuple(replace(c, frame=frame) for frame, c in sorted(harmony.items())),
    )
    soprano = chorale.pitch[:, Voice.SOPRANO]
    if cells[:, Voice.SOPRANO].all() and (soprano != REST).any():
        chorale, wanted = with_final_cadence(chorale, wanted)
    for end in phrase_ends:
        chorale, wanted = _with_phrase_end(chorale, wanted, _scaled(end, pulse))
    if all_phrase_ends:
        wanted = replace(wanted, fermatas=True)
    return FillRequest(chorale, wanted)


_BAR_OF_THREE = 12


def _grid(chorale: Chorale, pulse: Pulse, *, triple: bool) -> int:
    """On which frames other voices may move, in the new pulse; parameters as in `fill_request`.

    In a compound meter these are the tune's eighths, unless its bars begin between two of them.
    """
    starts = np.flatnonzero(chorale.position % FRAMES_PER_QUARTER == 0)
    aligned = not (starts % FRAMES_PER_QUARTER).any()
    return FRAMES_PER_QUARTER if triple and aligned else pulse.augmentation


def _scaled(frame: int, pulse: Pulse) -> int:
    """A frame in another pulse."""
    return frame * pulse.augmentation // pulse.diminution


def _with_phrase_end(chorale: Chorale, given: Given, frame: int) -> tuple[Chorale, Given]:
    """Put the note that sounds in a frame under a fermata; as `with_final_cadence`, for a phrase.

    It is the soprano's, or that of the first voice that is given there.
    """
    voices = np.flatnonzero(given.cells[frame])
    voice = int(voices[0]) if voices.size else Voice.SOPRANO
    begins = np.append(np.flatnonzero(~chorale.tied[:, voice]), chorale.frames)
    after = int(np.searchsorted(begins, frame, side="right"))
    note = slice(begins[after - 1], begins[after])
    fermata, known = chorale.fermata.copy(), np.array(given.fermatas)
    fermata[note] = known[note] = True
    return replace(chorale, fermata=fermata), replace(given, fermatas=known)


_TESSITURA = (65.0, 77.5)
"""Mean pitch of nine in ten of Bach's sopranos in C major or A minor."""

_HIGHEST, _LOWEST = 86, 31
"""Highest and lowest pitch of Bach's chorales in C major or A minor."""


def octaves_to_tessitura(chorale: Chorale) -> int:
    """Octaves that bring a tune in C major or A minor to where Bach's sopranos lie there.

    A model has seen few sopranos below G4 on average, and writes the other voices where it knows
    them, above such a tune. An octave higher they have room.

    Parameters
    ----------
    chorale : Chorale
        A piece in its own key.

    Returns
    -------
    int
        0 for most; 1 for a low tune, -1 for a high one. 0 if a voice would leave the range of all
        of Bach's chorales.
    """
    sounding = chorale.pitch[chorale.pitch != REST] + chorale.key.shift
    soprano = chorale.pitch[:, Voice.SOPRANO]
    soprano = soprano[soprano != REST] + chorale.key.shift
    if not len(soprano):
        return 0
    low, high = _TESSITURA
    octaves = int(soprano.mean() < low) - int(soprano.mean() > high)
    moved = sounding + 12 * octaves
    return octaves if moved.min() >= _LOWEST and moved.max() <= _HIGHEST else 0


def with_final_cadence(chorale: Chorale, given: Given) -> tuple[Chorale, Given]:
    """Ask for an ending.

    - A tune without any fermata gets one on its last note, which the model reads but nobody else:
      all but six chorales of the corpus end under one. The model sets the other fermatas.
    - A tune that ends on a note of the tonic triad is expected to end over the tonic, as nine in
      ten of Bach's do, and any other on a triad in root position; a cadence leads there
      (`bachbot.decoding.penalties.endings`).

    Parameters
    ----------
    chorale : Chorale
        T frames with the whole soprano given, which must have a note.
    given : Given
        What is given of it.

    Returns
    -------
    chorale : Chorale
        With the fermata on its last note.
    given : Given
        With `final_chord`, the frames of the final chord, and `fermatas`.
    """
    onset = chorale.onset[:, Voice.SOPRANO]
    soprano = chorale.pitch[:, Voice.SOPRANO]
    last = int(np.flatnonzero(soprano != REST)[-1])
    first = int(np.flatnonzero(onset[: last + 1])[-1])
    given = replace(given, final_chord=range(first, last + 1))
    if chorale.fermata.any():
        return chorale, given
    fermata = np.zeros(chorale.frames, dtype=np.bool_)
    fermata[first : last + 1] = True
    return replace(chorale, fermata=fermata), replace(given, fermatas=fermata)
