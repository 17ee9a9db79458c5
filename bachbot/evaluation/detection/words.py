"""A piece as words: what the small model reads, the notes themselves and no figure of them.

Words are drawn from each voice (its intervals and note values, two to four in a row), from each
pair of voices (their interval and how both go on), from the beats (the chord above its bass, and
two or three in a row with the bass's moves) and from the texture (which voices strike at which
sixteenth of a beat). All are intervals: a piece in another key gives the same words. After
Doraisamy and Rüger, "Robust Polyphonic Music Retrieval with N-grams" (Journal of Intelligent
Information Systems 21, 2003), whose words are pitch intervals and ratios of onset times.
"""

from collections.abc import Iterator

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale
from bachbot.evaluation.detection.sight import Sight
from bachbot.theory.rules import PAIRS

_MOST_IN_A_ROW = 4
_CHORDS_IN_A_ROW = 3


def words_of(chorale: Chorale) -> list[str]:
    """Every word of a piece, in no order; at least one frame.

    Parameters
    ----------
    chorale : Chorale
        As `Telling.told` gives it.
    """
    sight = Sight(chorale)
    return [*_lines(sight), *_pairs(sight), *_chords(sight), *_texture(sight)]


def _lines(sight: Sight) -> Iterator[str]:
    for voice, notes in sight.notes.items():
        steps = np.diff(notes.pitch, prepend=notes.pitch[:1])
        letters = [f"{step}/{length}" for step, length in zip(steps, notes.length, strict=True)]
        steps_only = [str(step) for step in steps]
        for many in range(2, _MOST_IN_A_ROW + 1):
            yield from _rows(f"l{voice}{many}", letters, many)
            yield from _rows(f"i{voice}{many}", steps_only, many)


def _pairs(sight: Sight) -> Iterator[str]:
    pitch = sight.chorale.pitch.astype(np.int64)
    struck = np.flatnonzero(sight.chorale.onset.any(axis=1))
    for upper, lower in PAIRS:
        two = pitch[struck][:, [upper, lower]]
        changed = np.ones(len(two), dtype=np.bool_)
        changed[1:] = (two[1:] != two[:-1]).any(axis=1)
        two = two[changed & (two != REST).all(axis=1)]
        apart = two[:, 0] - two[:, 1]
        moves = np.diff(two, axis=0)
        for before, (up, low) in zip(apart[:-1], moves, strict=True):
            after = before + up - low
            yield f"p{upper}{lower}:{before}:{up}:{low}"
            yield f"q{upper}{lower}:{before % 12}:{np.sign(up)}:{np.sign(low)}:{after % 12}"


def _chords(sight: Sight) -> Iterator[str]:
    pitch = sight.chorale.pitch[sight.beats].astype(np.int64)
    lowest = np.where(pitch == REST, 128, pitch).min(axis=1)
    above = (pitch - lowest[:, None]) % 12
    sets = [
        ".".join(map(str, sorted(set(row[heard].tolist()))))
        for row, heard in zip(above, pitch != REST, strict=True)
    ]
    voiced = [
        "|".join(str(note - low) if note != REST else "r" for note in row)
        for row, low in zip(pitch.tolist(), lowest.tolist(), strict=True)
    ]
    degree = (lowest - sight.chorale.key.pitch_class) % 12
    in_key = [f"{d}:{s}" for d, s in zip(degree, sets, strict=True)]
    bass = np.diff(lowest, prepend=lowest[:1]) % 12
    yield from _rows("v1", voiced, 1)
    for many in range(1, _CHORDS_IN_A_ROW + 1):
        yield from _rows(f"k{many}", in_key, many)
        yield from _rows(f"c{many}", [f"{b}>{s}" for b, s in zip(bass, sets, strict=True)], many)


def _texture(sight: Sight) -> Iterator[str]:
    onset = sight.chorale.onset
    whole = [
        onset[beat : beat + FRAMES_PER_QUARTER].astype(int)
        for beat in sight.beats
        if beat + FRAMES_PER_QUARTER <= len(onset)
    ]
    beats = ["".join(map(str, cell.ravel().tolist())) for cell in whole]
    for many in (1, 2, 3):
        yield from _rows(f"t{many}", beats, many)
    for upper, lower in PAIRS:
        two = ["".join(map(str, cell[:, [upper, lower]].ravel().tolist())) for cell in whole]
        for many in (1, 2):
            yield from _rows(f"t{upper}{lower}{many}", two, many)


def _rows(kind: str, letters: list[str], many: int) -> Iterator[str]:
    """So many letters in a row as a word."""
    for start in range(len(letters) - many + 1):
        yield f"{kind}:{' '.join(letters[start : start + many])}"
