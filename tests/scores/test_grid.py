"""Lines on the grid: by offset, whatever the bars are."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from pieces import BACH, CHORALES

from bachbot.chorale import REST, Meter
from bachbot.errors import ScoreError
from bachbot.scores.grid import Bar, LineNote, bar_offsets, frame_of, grid_of, lay
from bachbot.scores.readers.document import read_document
from bachbot.scores.readers.source import musicxml_tree, read_bytes


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


def test_bars_begin_where_their_measure_has_come_to():
    assert places(4, 4, 3) == [0, 0, 0]
    assert places(1, 4, 4, 3) == [3, 0, 0, 0]  # a pickup
    assert places(1, 4, 3, 1, 4, 3) == [3, 0, 0, 3, 0, 0]  # a bar split by a repeat
    assert places(1, 3, 1, 3, 1, 3) == [3, 0, 3, 0, 3, 0]  # every bar split so
    assert places(4, 4, 1, 4, 4) == [0, 0, 3, 0, 0]  # a second section begins with a pickup
    assert places(1, 4, 3, 4, 4) == [3, 0, 0, 0, 0]  # a short bar before a repeat
    assert places(2) == [0]
    assert places(1, 1, 2, 4) == [3, 0, 1, 0]  # a pickup, then a bar split in two


def test_a_bar_without_its_bar_lines_counts_on():
    grid = lay([notes((0, 10, 60))], bars(10))
    assert grid.position.tolist() == [*range(16), *range(16), *range(8)]


def test_ties_fermatas_and_rests():
    line = notes((0, 1, 60), (1, 1, 60, True, True), (2, 1, 60), (3.5, 0.5, 62, True))
    grid = lay([line], bars(4))
    assert grid.pitch[:, 0].tolist() == [60] * 12 + [REST] * 2 + [62] * 2
    assert np.flatnonzero(~grid.tied[:, 0]).tolist() == [0, 8, 12, 13, 14]
    # The fermata is over all of the tied note, and over no other.
    assert np.flatnonzero(grid.fermata).tolist() == list(range(8))


def test_notes_finer_than_the_grid_snap_to_it():
    assert [frame_of(Fraction(n, 8)) for n in range(4)] == [0, 1, 1, 2]
    third = Fraction(1, 3)
    grid = lay(
        [notes((0, third, 60), (third, third, 62), (2 * third, third, 64))], bars(1, beats=1)
    )
    assert grid.pitch[:, 0].tolist() == [60, 62, 62, 64]
    # Of two thirty-seconds one has no room.
    grid = lay([notes((0, 0.125, 60), (0.125, 0.125, 62), (0.25, 0.75, 64))], bars(1, beats=1))
    assert grid.pitch[:, 0].tolist() == [60, 64, 64, 64]


def test_the_upper_of_two_notes_at_once_is_taken():
    grid = lay([notes((0, 4, 60), (1, 1, 65), (2, 1, 55))], bars(4))
    assert grid.pitch[:, 0].tolist() == [60] * 4 + [65] * 4 + [60] * 8
    before = np.concatenate([[REST], grid.pitch[:-1, 0]])
    assert (grid.pitch[:, 0][grid.tied[:, 0]] == before[grid.tied[:, 0]]).all()


def test_a_meter_that_has_no_name_here_is_a_plain_one():
    assert lay([notes((0, 1, 60))], [Bar(Fraction(0), Fraction(1), 33, 8)]).meter == Meter()


@pytest.mark.filterwarnings("ignore")  # music21's own
def test_music21_and_our_own_reader_agree_on_bachs_chorales():
    from music21 import converter

    for name in CHORALES:
        path = BACH / f"{name}.mxl"
        score = converter.parse(path, forceSource=True)
        document = read_document(musicxml_tree(read_bytes(path)))
        theirs = grid_of(list(score.parts))
        if len(document.names) != 4:
            continue
        columns = [document.lines_of(part)[0].notes for part in range(4)]
        ours = lay(columns, document.bars)
        for field in ("pitch", "tied", "fermata", "position"):
            assert np.array_equal(getattr(theirs, field), getattr(ours, field)), (name, field)
        assert theirs.meter == ours.meter


@pytest.mark.filterwarnings("ignore")
def test_a_part_without_bars_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from music21.stream import Part
    with pytest.raises(ScoreError, match="no bars"):
        grid_of([Part()])
