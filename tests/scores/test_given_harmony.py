import pytest
from tunes import note, tune

from bachbot.chorale import Voice
from bachbot.errors import UsageError
from bachbot.scores import beats_of, load_score
from bachbot.scores.given_harmony import bass_notes, figures_of, score_harmony


def harmony(root="", kind="major", bass="", more="", alter=0):
    """A chord symbol in MusicXML."""
    low = f"<bass><bass-step>{bass}</bass-step></bass>" if bass else ""
    return (
        f"<harmony><root><root-step>{root}</root-step><root-alter>{alter}</root-alter></root>"
        f"<kind>{kind}</kind>{low}{more}</harmony>"
    )


def numeral(text, shown=""):
    return f'<harmony><function>{text}</function><kind text="{shown}">none</kind></harmony>'


def figured(*figures, duration=4):
    """Figured bass in MusicXML."""
    inner = "".join(
        f"<figure>{f'<prefix>{sign}</prefix>' if sign else ''}"
        f"<figure-number>{number}</figure-number></figure>"
        for sign, _, number in (f.rpartition(" ") for f in figures)
    )
    return f"<figured-bass>{inner}<duration>{duration}</duration></figured-bass>"


def lyric(text):
    return f'<lyric number="1"><syllabic>single</syllabic><text>{text}</text></lyric>'


def load(*bars, voice=Voice.SOPRANO, name="Soprano"):
    return load_score(tune(*bars, name=name).encode(), voices=[voice])


def read(score):
    return [(c.frame, c.text, c.root, c.inversions) for c in score_harmony(score).chords]


def test_chord_symbols_last_until_the_next():
    half = note("C5", 8, "half")
    score = load(
        harmony("C") + half + harmony("G", "dominant", bass="B") + half,
        harmony("F", "minor-seventh", alter=1) + note("C5", 16, "whole"),
    )
    assert read(score) == [
        (0, "C", 0, ()), (4, "C", 0, (0, 1)), (8, "G7/B", 7, (1,)), (12, "G7/B", 7, ()),
        (16, "F#m7", 6, ()), (20, "F#m7", 6, ()), (24, "F#m7", 6, ()), (28, "F#m7", 6, ()),
    ]  # fmt: skip


def test_offsets_inversions_and_no_chord():
    score = load(
        harmony("C", more="<inversion>1</inversion>")
        + harmony("D", "half-diminished", more="<offset>8</offset>")
        + '<harmony><root><root-step text="">C</root-step></root><kind text="N.C.">none</kind>'
        "<offset>12</offset></harmony>" + note("C5", 16, "whole")
    )
    assert read(score) == [(0, "C/E", 0, (1,)), (4, "C/E", 0, (0, 1)), (8, "Dm7b5", 2, ())]


def test_kinds_outside_the_style_are_said():
    found = score_harmony(load(harmony("G", "dominant-13th") + note("B4", 16, "whole")))
    assert found.chords[0].intervals == (0, 4, 7, 10)
    assert found.notices == ("bar 1, beat 1: 'G13' is outside the style and is read as G7",)


def test_functions_and_their_keys():
    whole = note("C5", 16, "whole")
    score = load(
        numeral("I", "C: I") + whole, numeral("V65", "G: V65") + whole, numeral("I") + whole
    )
    assert [c[1:] for c in read(score)[::4]] == [
        ("I", 0, (0,)), ("V65", 2, (1,)), ("I", 7, (0,)),
    ]  # fmt: skip


def test_lyrics_that_are_all_numerals():
    bar = "".join(
        note(pitch, 4, "quarter", lyric(text))
        for pitch, text in (("C5", "I"), ("D5", "V6/5"), ("E5", "I"), ("F5", "IV6"))
    )
    assert [c[1] for c in read(load(bar))] == ["I", "V6/5", "I", "IV6"]


def test_words_are_no_numerals():
    bar = "".join(note("C5", 4, "quarter", lyric(text)) for text in ("I", "am", "here", "now"))
    with pytest.raises(UsageError, match="the score has no chord symbols, Roman numerals or fig"):
        score_harmony(load(bar))


def test_figures_belong_to_the_notes_after_them():
    quarters = [note("C3"), figured("6") + note("E3"), figured("6", "5") + note("B2"), note("C3")]
    score = load("".join(quarters), figured("natural 4", duration=8) + figured("3", duration=8)
                 + note("G2", 16, "whole"), voice=Voice.BASS, name="Bass")  # fmt: skip
    found = figures_of(score)
    assert [(c.frame, c.root, c.intervals) for c in found.chords] == [
        (0, 0, (0, 4, 7)), (4, 0, (0, 4, 7)), (8, 7, (0, 4, 7, 10)), (12, 0, (0, 4, 7)),
        (16, 7, (0, 5, 7)), (20, 7, (0, 5, 7)), (24, 7, (0, 4, 7)), (28, 7, (0, 4, 7)),
    ]  # fmt: skip
    assert score_harmony(score) == found


def test_a_bass_without_figures_has_none():
    assert figures_of(load(note("C3", 16, "whole"), voice=Voice.BASS, name="Bass")) is None
    assert figures_of(load(note("C5", 16, "whole"))) is None


def test_notes_of_the_bass():
    tied = note("C3", 8, "half", '<tie type="start"/>') + note("D3", 8, "half")
    score = load(tied, voice=Voice.BASS, name="Bass")
    assert [(n.start, n.stop, n.name) for n in bass_notes(score)] == [(0, 8, 0), (8, 16, 2)]


def test_bars_have_their_printed_numbers_and_beats():
    found = beats_of(load(note("C5", 16, "whole"), note("D5", 16, "whole")))
    assert [(bar.number, bar.frames, bar.beats) for bar in found] == [
        (1, range(16), (0, 4, 8, 12)), (2, range(16, 32), (16, 20, 24, 28)),
    ]  # fmt: skip


def test_a_symbol_that_cannot_be_read_is_named_with_its_place():
    bar = numeral("I") + note("C5", 8, "half") + numeral("Q7") + note("C5", 8, "half")
    with pytest.raises(UsageError, match=r"bar 1, beat 3: 'Q7' is not a chord"):
        score_harmony(load(bar))
