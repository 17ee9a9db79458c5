"""Note values: how long notes are written in a bar, and which share a beam."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from bachbot.chorale import FRAMES_PER_QUARTER, Meter

VALUES: dict[int, tuple[str, int]] = {
    1: ("16th", 0),
    2: ("eighth", 0),
    3: ("eighth", 1),
    4: ("quarter", 0),
    6: ("quarter", 1),
    8: ("half", 0),
    12: ("half", 1),
    16: ("whole", 0),
    24: ("whole", 1),
    32: ("breve", 0),
    48: ("breve", 1),
}
"""Lengths in frames that one note can have: MusicXML's name and the number of dots."""

_LONGEST_FIRST = sorted(VALUES, reverse=True)


def notated_beat(meter: Meter) -> int:
    """Length in frames of the beat that note values and beams follow: at most a quarter.

    In compound meters it is the dotted beat; half-note beats are written as two quarters.
    """
    return meter.beat_frames if _compound(meter) else min(meter.beat_frames, 4)


def _compound(meter: Meter) -> bool:
    return meter.beat_frames > 16 // meter.unit


def split_duration(place: int, length: int, meter: Meter) -> list[int]:
    """Write a length as note values to be tied.

    A value begins on a beat, or ends within the beat that it begins in; of syncopations only
    the plain one, a beat's length from the middle of one to the middle of the next, is left
    whole.

    Parameters
    ----------
    position : int
        Place of the note in its bar, in frames.
    length : int
        In frames, at least 1; it must not cross the bar line.
    meter : Meter
        Meter of the bar.

    Returns
    -------
    list of int
        Keys of `VALUES` that add up to `length`.

    Examples
    --------
    >>> split(0, 10, Meter(4, 4)), split(2, 4, Meter(4, 4)), split(3, 5, Meter(4, 4))
    ([8, 2], [4], [1, 4])
    """
    beat = notated_beat(meter)
    out = []
    while length:
        value = next(
            v
            for v in _LONGEST_FIRST
            if v <= length
            and (
                _fits(place, v, beat, meter) or (v == length and _syncopated(place, v, beat, meter))
            )
        )
        out.append(value)
        place, length = place + value, length - value
    return out


def _fits(place: int, value: int, beat: int, meter: Meter) -> bool:
    into = place % beat
    # From a beat on: in compound meters whole dotted beats, else any value.
    whole = not into and (not _compound(meter) or value % beat == 0)
    return into + value <= beat or whole


def _syncopated(place: int, value: int, beat: int, meter: Meter) -> bool:
    return not _compound(meter) and value == beat and 2 * (place % beat) == beat


def assign_beams(pieces: Sequence[tuple[int, int, bool]], meter: Meter) -> list[list[str]]:
    """Beams of the notes of one bar.

    Parameters
    ----------
    pieces : sequence of (int, int, bool)
        Place in the bar and length of each piece, in frames, and whether it is a rest.
    meter : Meter
        Meter of the bar.

    Returns
    -------
    list of list of str
        MusicXML's beam values for each piece, the eighths' beam first.
    """
    # Three eighths fill a bar of 3/8 and share one beam.
    width = meter.bar_frames if (meter.beats, meter.unit) == (3, 8) else max(notated_beat(meter), 4)
    groups: list[list[int]] = []
    for index, (place, length, rest) in enumerate(pieces):
        if rest or length > 3:
            continue
        joined = (
            groups
            and groups[-1][-1] == index - 1
            and pieces[groups[-1][0]][0] // width == place // width
        )
        if joined:
            groups[-1].append(index)
        else:
            groups.append([index])
    flags = [2 if length == 1 else 1 for _, length, _ in pieces]
    places = [Fraction(place, FRAMES_PER_QUARTER) for place, _, _ in pieces]
    return beam_values(groups, flags, places)


def beam_values(
    groups: Sequence[Sequence[int]], flags: Sequence[int], places: Sequence[Fraction]
) -> list[list[str]]:
    """Name the beams of groups of notes.

    Parameters
    ----------
    groups : sequence of sequences of int
        Indices of the notes that share a beam; a group of one has none.
    flags : sequence of int
        How many flags each note would have alone: 1 for an eighth, 2 for a sixteenth.
    places : sequence of Fraction
        Place of each note in its bar, in quarter notes.

    Returns
    -------
    list of list of str
        MusicXML's beam values for each note, the eighths' beam first.
    """
    out: list[list[str]] = [[] for _ in flags]
    for group in groups:
        if len(group) < 2:
            continue
        for level in range(1, max(flags[index] for index in group) + 1):
            for run in _runs([index for index in group if flags[index] >= level]):
                _beam(run, group, level, places, out)
    return out


def _runs(indices: Sequence[int]) -> list[list[int]]:
    """Split rising numbers where one is left out."""
    runs: list[list[int]] = [[indices[0]]]
    for before, index in pairwise(indices):
        if index == before + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _beam(
    run: Sequence[int],
    group: Sequence[int],
    level: int,
    places: Sequence[Fraction],
    out: list[list[str]],
) -> None:
    if len(run) > 1:
        for index in run:
            out[index].append("continue")
        out[run[0]][-1], out[run[-1]][-1] = "begin", "end"
        return
    # A hook points to the note that it shares the beat of the next longer value with.
    longer = Fraction(2, 2**level)
    single = run[0]
    forward = single == group[0] or (single != group[-1] and places[single] % longer == 0)
    out[single].append("forward hook" if forward else "backward hook")
