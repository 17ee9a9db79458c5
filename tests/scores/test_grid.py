"""Lines quantized to the grid, by offset, whatever their bars are."""

from fractions import Fraction

import numpy as np

from bachbot.chorale import REST, Meter
from bachbot.scores.grid import Bar, LineNote, bar_offsets, frame_of, quantize


def notes(*rows):
    return [LineNote(Fraction(s), Fraction(n), p, *more) for s, n, p, *more in rows]


def bars(*lengths, beats=4):
    out, start = [], Fraction(0)
    for length in lengths:
        out.append(Bar(start, Fraction(length), beats, 4))
        start += Fraction(length)
    return out


def places(*lengths, beats=4):
    return [int(offset) for offset in bar_offsets(bars(*lengths, beats=beats))]


def test_offsets_of_pickups_and_split_bars():
    assert places(4, 4, 3) == [0, 0, 0]
    assert places(1, 4, 4, 3) == [3, 0, 0, 0]  # a pickup
    assert places(1, 4, 3, 1, 4, 3) == [3, 0, 0, 3, 0, 0]  # a bar split by a repeat
    assert places(1, 3, 1, 3, 1, 3) == [3, 0, 3, 0, 3, 0]  # every bar split so
    assert places(4, 4, 1, 4, 4) == [0, 0, 3, 0, 0]  # a second section begins with a pickup
    assert places(1, 4, 3, 4, 4) == [3, 0, 0, 0, 0]  # a short bar before a repeat
    assert places(2) == [0]
    assert places(1, 1, 2, 4) == [3, 0, 1, 0]  # a pickup, then a bar split in two


def test_a_bar_without_inner_bar_lines_is_several_measures():
    grid = quantize([notes((0, 10, 60))], bars(10))
    assert grid.position.tolist() == [*range(16), *range(16), *range(8)]


def test_ties_fermatas_and_rests():
    line = notes((0, 1, 60), (1, 1, 60, True, True), (2, 1, 60), (3.5, 0.5, 62, True))
    grid = quantize([line], bars(4))
    assert grid.pitch[:, 0].tolist() == [60] * 12 + [REST] * 2 + [62] * 2
    assert np.flatnonzero(~grid.tied[:, 0]).tolist() == [0, 8, 12, 13, 14]
    # The fermata is over all of the tied note, and over no other.
    assert np.flatnonzero(grid.fermata).tolist() == list(range(8))


def test_notes_finer_than_the_grid_are_quantized():
    assert [frame_of(Fraction(n, 8)) for n in range(4)] == [0, 1, 1, 2]
    third = Fraction(1, 3)
    grid = quantize(
        [notes((0, third, 60), (third, third, 62), (2 * third, third, 64))], bars(1, beats=1)
    )
    assert grid.pitch[:, 0].tolist() == [60, 62, 62, 64]
    # Of two thirty-seconds one has no room.
    grid = quantize([notes((0, 0.125, 60), (0.125, 0.125, 62), (0.25, 0.75, 64))], bars(1, beats=1))
    assert grid.pitch[:, 0].tolist() == [60, 64, 64, 64]


def test_the_upper_of_two_simultaneous_notes_is_kept():
    grid = quantize([notes((0, 4, 60), (1, 1, 65), (2, 1, 55))], bars(4))
    assert grid.pitch[:, 0].tolist() == [60] * 4 + [65] * 4 + [60] * 8
    before = np.concatenate([[REST], grid.pitch[:-1, 0]])
    assert (grid.pitch[:, 0][grid.tied[:, 0]] == before[grid.tied[:, 0]]).all()


def test_an_unsupported_meter_becomes_common_time():
    assert quantize([notes((0, 1, 60))], [Bar(Fraction(0), Fraction(1), 33, 8)]).meter == Meter()
