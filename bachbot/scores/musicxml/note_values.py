"""Note values and beams: how durations are written in a measure."""

from collections.abc import Sequence
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
"""Note type of MusicXML and number of dots, by duration in frames."""

_LONGEST_FIRST = sorted(VALUES, reverse=True)


def notated_beat(meter: Meter) -> int:
    """Return the length in frames of the beat that note values and beams follow.

    At most a quarter, or the dotted beat of compound meters; half-note beats count as two quarters.
    """
    return meter.beat_frames if _compound(meter) else min(meter.beat_frames, 4)


def _compound(meter: Meter) -> bool:
    return meter.beat_frames > 16 // meter.unit


def split_duration(position: int, length: int, meter: Meter) -> list[int]:
    """Split a duration into note values to be tied.

    A value begins on a beat or ends within the beat in which it begins. The only syncopation that
    is not split is as long as a beat and begins in the middle of one.

    Parameters
    ----------
    position : int
        Position of the note in its measure, in frames.
    length : int
        Duration in frames, at least 1; it must not cross the bar line.
    meter : Meter
        Meter of the measure.

    Returns
    -------
    list of int
        Keys of `VALUES` that add up to `length`.

    Examples
    --------
    >>> split(0, 10, Meter(4, 4)), split(2, 4, Meter(4, 4)), split(3, 5, Meter(4, 4))
    ([8, 2], [4], [1, 4])
    """
    beat, compound = notated_beat(meter), _compound(meter)
    out = []
    while length:
        value = next(
            v
            for v in _LONGEST_FIRST
            if v <= length
            and (
                _fits(position, v, beat, compound=compound)
                or (v == length and not compound and _is_syncopation(position, v, beat))
            )
        )
        out.append(value)
        position, length = position + value, length - value
    return out


def _fits(position: int, value: int, beat: int, *, compound: bool) -> bool:
    into = position % beat
    # On a beat any value fits; in compound meters only whole dotted beats.
    whole = not into and (not compound or value % beat == 0)
    return into + value <= beat or whole


def _is_syncopation(position: int, value: int, beat: int) -> bool:
    return value == beat and 2 * (position % beat) == beat


def assign_beams(pieces: Sequence[tuple[int, int, bool]], meter: Meter) -> list[list[str]]:
    """Return the beams of the notes of one measure.

    Parameters
    ----------
    pieces : sequence of (int, int, bool)
        Position in the measure and duration of each note, in frames, and whether it is a rest.
    meter : Meter
        Meter of the measure.

    Returns
    -------
    list of list of str
        MusicXML's beam values for each note, the eighths' beam first.
    """
    # A measure of 3/8 has one beam.
    width = meter.bar_frames if (meter.beats, meter.unit) == (3, 8) else max(notated_beat(meter), 4)
    groups: list[list[int]] = []
    for index, (position, length, rest) in enumerate(pieces):
        if rest or length > 3:
            continue
        joined = (
            groups
            and groups[-1][-1] == index - 1
            and pieces[groups[-1][0]][0] // width == position // width
        )
        if joined:
            groups[-1].append(index)
        else:
            groups.append([index])
    flags = [2 if length == 1 else 1 for _, length, _ in pieces]
    return beam_values(groups, flags, [piece[0] for piece in pieces], FRAMES_PER_QUARTER)


def beam_values(
    groups: Sequence[Sequence[int]], flags: Sequence[int], positions: Sequence[int], quarter: int
) -> list[list[str]]:
    """Return the beam values of groups of notes.

    Parameters
    ----------
    groups : sequence of sequences of int
        Indices of the notes that share a beam; a group of one has none.
    flags : sequence of int
        Number of flags of each note without beams: 1 for an eighth, 2 for a sixteenth.
    positions : sequence of int
        Position of each note in its measure.
    quarter : int
        Length of a quarter note in the same unit.

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
                if len(run) > 1:
                    for index in run:
                        out[index].append("continue")
                    out[run[0]][-1], out[run[-1]][-1] = "begin", "end"
                else:
                    # A hook points to the note with which it forms the next longer value.
                    starts = positions[run[0]] * 2**level % (2 * quarter) == 0
                    out[run[0]].append(_hook(run[0], group, starts=starts))
    return out


def _runs(indices: Sequence[int]) -> list[list[int]]:
    """Split increasing numbers into runs of consecutive ones."""
    runs: list[list[int]] = [[indices[0]]]
    for before, index in pairwise(indices):
        if index == before + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _hook(note: int, group: Sequence[int], *, starts: bool) -> str:
    """The hook of a note in a group; `starts` if the next longer value could begin with it."""
    forward = note == group[0] or (note != group[-1] and starts)
    return "forward hook" if forward else "backward hook"
