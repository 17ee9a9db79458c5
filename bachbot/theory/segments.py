"""Segments: stretches of a chorale, and how well each chord explains what sounds in them.

After Temperley, *The Cognition of Basic Musical Structures* (2001, chapter 6), and Pardo and
Birmingham, "Algorithms for Chordal Analysis" (Computer Music Journal 26(2), 2002): a chord is
charged for each note that it does not hold, less where the note is led as a non-chord tone is
(passing, suspended, anticipated), and for each of its own tones that is lacking.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice
from bachbot.theory.charges import Charges
from bachbot.theory.melody import OFF_BEAT, Led, leading, levels, phrase_ends
from bachbot.theory.readings import chord_tones

_SLICE = FRAMES_PER_QUARTER // 2
_FRAME = 1 / FRAMES_PER_QUARTER


@dataclass(frozen=True, eq=False)
class Slices:
    """A chorale cut at each eighth in which a note begins.

    Parameters
    ----------
    edges : ndarray of int, shape [S + 1]
        First frame of each slice, and the end.
    level : ndarray of int, shape [S]
        Metrical place of its beginning: 0 first of the bar, 1 middle, 2 another beat, 3 off.
    sounding : ndarray of float, shape [S, 2, 8, 12]
        Quarter notes of each pitch class in upper voices and bass, by how they are led.
    bass : ndarray of int, shape [S]
        Pitch class of the lowest note that begins or sounds on in the slice first; -1 in silence.
    closes : ndarray of bool, shape [S]
        Whether a phrase ends with the slice.
    """

    edges: NDArray[np.int64]
    level: NDArray[np.int64]
    sounding: NDArray[np.float64]
    bass: NDArray[np.int64]
    closes: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many slices, S."""
        return len(self.level)


def slices_of(chorale: Chorale) -> Slices:
    """Cut a chorale into slices.

    Parameters
    ----------
    chorale : Chorale
        At least one frame.
    """
    frames = chorale.frames
    begins = np.zeros(frames, dtype=np.bool_)
    begins[0] = True
    begins |= (chorale.place % _SLICE == 0) & chorale.onset.any(axis=1)
    ends = phrase_ends(chorale)
    begins[ends[:-1] + 1] = True
    starts = np.flatnonzero(begins)
    edges = np.append(starts, frames)
    led = leading(chorale)
    sounding = np.zeros((len(starts), 2, len(Led), 12))
    slice_of = np.searchsorted(starts, np.arange(frames), side="right") - 1
    for voice in VOICES:
        heard = np.flatnonzero(chorale.pitch[:, voice] != REST)
        pitch_class = chorale.pitch[heard, voice] % 12
        of_voice = sounding[:, int(voice == Voice.BASS)]  # [S, 8, 12]
        np.add.at(of_voice, (slice_of[heard], led[heard, voice], pitch_class), _FRAME)
    return Slices(
        edges=edges,
        level=levels(chorale)[starts],
        sounding=sounding,
        bass=_basses(chorale, edges),
        closes=np.isin(edges[1:] - 1, ends),
    )


def _basses(chorale: Chorale, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    lowest = np.where(chorale.pitch == REST, 128, chorale.pitch).min(axis=1).astype(np.int64)
    out = np.full(len(edges) - 1, REST, dtype=np.int64)
    for index, (start, stop) in enumerate(pairwise(edges.tolist())):
        heard = lowest[start:stop][lowest[start:stop] < 128]
        if heard.size:
            out[index] = heard[0] % 12
    return out


def chord_charges(
    slices: Slices, start: int, stop: NDArray[np.int64], charges: Charges
) -> NDArray[np.float64]:
    """What each chord costs over stretches that begin with one slice.

    Parameters
    ----------
    slices : Slices
        S slices.
    start : int
        Where the stretches begin.
    stop : ndarray of int, shape [n]
        Where each ends: the first slice that is no longer of it.
    charges : Charges
        What is charged.

    Returns
    -------
    ndarray of float, shape [n, CHORDS]
    """
    chords = chord_tones()
    heard = np.cumsum(slices.sounding[start : stop[-1]], axis=0)[stop - start - 1]
    quarters = (slices.edges[stop] - slices.edges[start]) / FRAMES_PER_QUARTER  # [n]
    rates = np.array([charges.upper, charges.bass_line])  # [2, 8]
    out: NDArray[np.float64] = np.tensordot(heard, rates, ((1, 2), (0, 1))) @ chords.foreign.T
    # A tone that sounds in one voice for half the time is there.
    absent = np.maximum(0.0, 1 - heard.sum(axis=(1, 2)) / (quarters[:, None] / 2))  # [n, 12]
    lacking = absent[:, chords.tones]  # [n, CHORDS, 4]
    lacking[:, ~chords.seventh, 3] = 0.0
    out += lacking @ np.array(charges.lacking) * (1 + np.minimum(quarters, 2))[:, None]
    bass, level = slices.bass[start], slices.level[start]
    if bass != REST:
        role = chords.role[:, bass]
        kind = np.where(role < 0, 7, role + 3 * chords.seventh)
        out += np.array(charges.bass)[kind]
        out += charges.loose * ((kind == 2) & (level == OFF_BEAT))
    out += np.repeat(charges.shape, 12) + charges.level[level]
    return out
