import numpy as np
import pytest

from bachbot.chorale import Chorale, Key, line_of_fifths
from bachbot.errors import UsageError
from bachbot.theory.given.figured_bass import BassNote, parse_figures, read_figures
from bachbot.theory.given.given_chords import bars_with_beats

C, A, G_MINOR = Key("C"), Key("A", "minor"), Key("G", "minor")
NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def bass_line(*names, frames=4):
    return tuple(
        BassNote(frames * i, frames * (i + 1), line_of_fifths(n)) for i, n in enumerate(names)
    )


def bars(number):
    silent = np.zeros((16 * number, 4), dtype=bool)
    return bars_with_beats(Chorale(silent - 1, silent, silent[:, 0]))


@pytest.mark.parametrize(
    ("figures", "bass", "key", "tones"),
    [
        ("", "C", C, "C E G"), ("5", "D", C, "D F A"), ("6", "E", C, "C E G"),
        ("6/4", "G", C, "C E G"), ("64", "G", C, "C E G"), ("7", "G", C, "G B D F"),
        ("6/5", "B", C, "G B D F"), ("4/3", "D", C, "G B D F"), ("4/2", "F", C, "G B D F"),
        ("2", "F", C, "G B D F"), ("#", "E", A, "E G# B"), ("7/#", "E", A, "E G# B D"),
        ("#6", "B", A, "G# B D"), ("6#", "B", A, "G# B D"), ("6", "G#", A, "E G# B"),
        ("4", "G", C, "G C D"), ("9", "C", C, "C E G D"), ("4+/2", "C", C, "D F# A C"),
        ("#", "D", G_MINOR, "D F# A"), ("n6", "C", G_MINOR, "A C D#"),
        ("b5", "B", C, "B D F"), ("7", "F#", G_MINOR, "F# A C D#"),
    ],
)  # fmt: skip
def test_figures_over_a_bass(figures, bass, key, tones):
    found = read_figures(figures, line_of_fifths(bass), key)
    classes = [(key.pitch_class + found.root + i) % 12 for i in found.intervals]
    assert {NAMES[p] for p in classes} == set(tones.split())
    assert NAMES[classes[found.inversion]] == bass


@pytest.mark.parametrize("figures", ["x", "0", "1", "6/7/8", "5-3"])
def test_what_are_no_figures_is_refused(figures):
    with pytest.raises(UsageError, match="are not figures of a bass"):
        read_figures(figures, 0, C)


def test_a_figure_for_each_note_or_shared_evenly():
    each = parse_figures("5 6 6 5", bars(1), bass_line("C", "D", "E", "F"), C)
    assert [(c.frame, c.root) for c in each.chords] == [(0, 0), (4, 11), (8, 0), (12, 5)]
    held = parse_figures("5 7", bars(1), (BassNote(0, 16, 1),), C)
    assert [(c.frame, c.root, len(c.intervals)) for c in held.chords] == [
        (0, 7, 3), (4, 7, 3), (8, 7, 4), (12, 7, 4),
    ]  # fmt: skip


def test_open_places_and_passing_notes_have_no_chord():
    bass = bass_line("C", "D", "E", "F")
    found = parse_figures("5 ? 6 .", bars(1), bass, C)
    assert [c.frame for c in found.chords] == [0, 8]  # F is no tone of the chord over E


def test_errors_name_the_place():
    bass = bass_line("C", "D", "E")
    with pytest.raises(UsageError, match=r"bar 1, beat 4: the figures '6' stand where the bass"):
        parse_figures("5 6 6 6", bars(1), bass, C)
    with pytest.raises(UsageError, match=r"bar 1, beat 2: 'x' are not figures"):
        parse_figures("5 x 6", bars(1), bass, C)
    with pytest.raises(UsageError, match="the figures are empty"):
        parse_figures(" ", bars(1), bass, C)
