"""Names of chords, readings of textbook progressions, and Bach against human analyses."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from fit_parse_weights import Counts, Example
from hypothesis import given, settings
from hypothesis import strategies as st
from progressions_made import A, C, piece
from roman_text import FILES, labels, quality_of
from strategies import chorales

from bachbot.chorale import Chorale, Key, Meter, note_name
from bachbot.theory.analysis import analyze
from bachbot.theory.numerals import NUMERALS
from bachbot.theory.parse import ParseWeights, best_parse
from bachbot.theory.readings import readings


def named(mode, name):
    [found] = [n for n in NUMERALS[mode] if n.figured(0) == name]
    return found


def texts(chorale):
    """Numerals in order, with the key before those that are not in the piece's own."""
    return " ".join(
        ("" if h.key == chorale.key else f"{h.key.tonic}{h.key.mode[0]}:") + h.text
        for h in analyze(chorale)
    )


# Names ------------------------------------------------------------------------------------------


def test_every_numeral_has_its_own_name():
    for mode in ("major", "minor"):
        names = [numeral.figured(0) for numeral in NUMERALS[mode]]
        assert len(set(names)) == len(names) > 40


@pytest.mark.parametrize(
    ("mode", "name", "inversion", "text", "key", "chord"),
    [
        ("major", "I", 0, "I", "C", "C"),
        ("major", "I", 2, "I64", "Eb", "Eb/Bb"),
        ("major", "V7", 1, "V65", "C", "G7/B"),
        ("major", "V7", 3, "V42", "G", "D7/C"),
        ("major", "ii7", 1, "ii65", "Bb", "Cm7/Eb"),
        ("major", "viio", 1, "viio6", "A", "G#dim/B"),
        ("major", "V7/ii", 2, "V43/ii", "C", "A7/E"),
        ("major", "iv", 0, "iv", "C", "Fm"),
        ("major", "bVI", 0, "bVI", "E", "C"),
        ("minor", "viio7", 0, "viio7", "F#m", "E#dim7"),
        ("minor", "iiø7", 1, "iiø65", "g", "Am7b5/C"),
        ("minor", "VI", 0, "VI", "c", "Ab"),
        ("minor", "vio", 0, "vio", "c", "Adim"),
        ("minor", "III+", 0, "III+", "a", "Caug"),
        ("minor", "bII", 1, "bII6", "a", "Bb/D"),
        ("minor", "Ger65", 0, "Ger65", "a", "F7"),
        ("minor", "V7/iv", 1, "V65/iv", "d", "D7/F#"),
    ],
)
def test_names_and_figures(mode, name, inversion, text, key, chord):
    numeral = named(mode, name)
    assert numeral.figured(inversion) == text
    assert numeral.chord(Key.parse(key), inversion) == chord


def test_the_tones_of_a_numeral():
    assert named("major", "V7").tones == (7, 11, 2, 5)
    assert named("minor", "viio7/V").tones == (6, 9, 0, 3)
    assert named("minor", "VII").tones == (10, 2, 5)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_music21_hears_the_same_notes_in_every_numeral(mode):
    from music21 import key, roman

    home = key.Key("C", mode)
    for numeral in NUMERALS[mode]:
        for inversion, bass in enumerate(numeral.tones):
            chord = roman.RomanNumeral(numeral.figured(inversion), home)
            assert {p.pitchClass for p in chord.pitches} == set(numeral.tones), chord.figure
            assert chord.bass().pitchClass == bass, chord.figure


# Textbook progressions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voices", "key", "wanted"),
    [
        (("E5 F5 D5 E5", "G4 A4 F4 G4", "C4 C4 B3 C4", "C3 F3 G3 C3"), C, "I IV V7 I"),
        (("E5 D5 D5 C5", "G4 A4 G4 G4", "C4 C4 B3 E4", "C4 F3 G3 C3"), C, "I ii65 V I"),
        (("C5 D5 B4 C5", "A4 A4 G#4 A4", "E4 F4 E4 E4", "A3 D3 E3 A2"), A, "i iv V i"),
        (("C5 D5 B4 A4", "A4 A4 G#4 E4", "E4 F4 E4 C#4", "A3 D3 E3 A2"), A, "i iv V I"),
        (("E5 D5 D5 E5", "C5 A4 B4 C5", "G4 F#4 G4 G4", "C4 D4 G3 C3"), C, "I V/V V I"),
        (
            ("E5 D5 D5 D5 C5", "G4 A4 G4 F4 E4", "C4 F#4 G4 B3 C4", "C4 C4 B3 G3 C3"), C,
            "I V42/V V6 V7 I",
        ),
        (("E5 F5 D5 C5", "G4 A4 G4 A4", "C4 C4 B3 E4", "C3 F3 G3 A3"), C, "I IV V vi"),
        (("C5 A4 B4", "E4 D4 E4", "A3 A3 G#3", "A3 F3 E3"), A, "i iv6 V"),
        (("C5 D5 B4 A4", "A4 Bb4 G#4 E4", "E4 F4 E4 C4", "A3 D3 E3 A2"), A, "i bII6 V i"),
        (
            ("C5 C5 B4 A4", "A4 A4 G#4 A4", "E4 D#4 E4 E4", "A3 F3 E3 A2"), A,
            "i Ger65 V i",
        ),
        (("E5 F5 E5", "C5 C5 C5", "G4 A4 G4", "C3 F3 C3"), C, "I IV I"),
        (("E5 G5 D5 C5", "G4 C5 B4 G4", "C4 G4 G4 E4", "C4 E3 G3 C3"), C, "I I6 V I"),
        (("C5 B4 C5", "A4 F4 A4", "E4 D4 E4", "A3 G#3 A3"), A, "i viio7 i"),
    ],
)  # fmt: skip
def test_textbook_progressions(voices, key, wanted):
    assert texts(piece(*voices, key=key)) == wanted


def test_the_six_four_before_a_cadence():
    chorale = piece(
        "E5 F5 E5 D5 C5:2", "C5 C5 C5 B4 G4:2", "G4 A4 G4 G4 E4:2", "C3 F3 G3 G3 C3:2",
        meter=Meter(4, 4, 8),
    )  # fmt: skip
    assert texts(chorale) == "I IV I64 V I"


def test_a_suspension_belongs_to_the_chord_that_it_resolves_into():
    chorale = piece("E5 D5:2 C5", "C5 C5 B4 G4", "G4 G4:2 E4", "C4 G3:2 C3")
    first, dominant, last = analyze(chorale)
    assert (first.text, dominant.text, last.text) == ("I", "V", "I")
    [note] = dominant.ornaments
    assert (note.kind, note.voice.label, note.frame) == ("suspension", "alto", 4)


def test_passing_notes_make_no_chords():
    bass = piece("E5 E5 F5 E5", "C5 C5 C5 C5", "G4 G4 A4 G4", "C3 E3:.5 D3:.5 F3 C3")
    assert texts(bass) == "I I6 IV I"
    assert [note.kind for h in analyze(bass) for note in h.ornaments] == ["escape note"]
    run = piece("C5 B4:.5 A4:.5 G4 C5", "G4:2 D4 E4", "E4:2 B3 C4", "C4:2 G3 C3")
    assert texts(run) == "I V I"
    kinds = [note.kind for harmony in analyze(run) for note in harmony.ornaments]
    assert kinds == ["accented passing note", "passing note"]


def test_an_anticipation_comes_before_its_chord():
    chorale = piece("D5:1.5 C5:.5 C5", "G4:2 G4", "B3:2 C4", "G3:2 C3")
    dominant, tonic = analyze(chorale)
    assert (dominant.text, tonic.text) == ("V", "I")
    assert [note.kind for note in dominant.ornaments] == ["anticipation"]


def test_a_phrase_in_the_dominant():
    chorale = piece(
        "E5 F5 E5 D5 D5 B4 C5 A4 G4:2 G4 A4 B4 C5:2",
        "G4 A4 G4 G4 A4 G4 G4 F#4 D4:2 E4 F4 G4 G4:2",
        "C4 C4 C4 B3 D4 D4 E4 D4:.5 C4:.5 B3:2 C4 C4 D4 E4:2",
        "C4 F3 C3 G3 F#3 G3 C3 D3 G2:2 C3 F3 G3 C3:2",
        fermatas=((32, 40),),
    )
    found = analyze(chorale)
    keys = {h.start: str(h.key) for h in found}
    at_fermata = next(h for h in found if h.start <= 32 < h.stop)
    assert (str(at_fermata.key), at_fermata.text) == ("G major", "I")
    assert keys[0] == "C major"
    assert (str(found[-1].key), found[-1].text) == ("C major", "I")


# Laws -------------------------------------------------------------------------------------------


def moved(chorale, semitones):
    tonic = note_name(((chorale.key.pitch_class + semitones) * 7 + 5) % 12 - 5)
    return chorale.transposed(semitones, Key(tonic, chorale.key.mode))


@given(st.integers(0, 399), st.integers(-7, 7))
@settings(max_examples=8)
def test_transposing_leaves_the_numerals(corpus, index, semitones):
    chorale = corpus.pieces[index].chorale.sliced(0, 96)
    here, there = analyze(chorale), analyze(moved(chorale, semitones))
    assert [(h.start, h.stop, h.text) for h in here] == [(h.start, h.stop, h.text) for h in there]
    assert {(b.key.pitch_class - a.key.pitch_class - semitones) % 12
            for a, b in zip(here, there, strict=True)} == {0}  # fmt: skip


def path_cost(example, weights, path):
    """The cost of a path, by the counts that the weights are fitted with."""
    counts = Counts(example, weights).of(path)
    return sum(float(np.sum(np.multiply(getattr(weights, n), c))) for n, c in counts.items())


@pytest.mark.slow
@given(st.sampled_from(sorted(FILES)), st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_no_other_reading_costs_less(corpus, number, seed):
    """One chord named otherwise, or beginning a slice later, never comes cheaper."""
    rng = np.random.default_rng(seed)
    [chorale] = [p.chorale for p in corpus.pieces if p.chorale.name == FILES[number]]
    example, weights = Example(number, chorale), ParseWeights()
    path = best_parse(example.slices, chorale.key, weights)
    least = path_cost(example, weights, path)
    for index in rng.integers(1, len(path), 10):
        other = list(path)
        other[index] = replace(path[index], reading=int(rng.integers(len(readings().key))))
        assert path_cost(example, weights, other) >= least - 1e-9
        before, here = path[index - 1 : index + 1]
        later = here.start + 1
        # A stretch goes over no phrase's end and over eight slices at most.
        alone = later == here.stop or later - before.start > 8
        if not alone and not example.slices.phrase_end[here.start - 1]:
            other[index - 1 : index + 1] = (
                replace(before, stop=later), replace(here, start=later),
            )  # fmt: skip
            assert path_cost(example, weights, other) >= least - 1e-9


@pytest.mark.slow
@given(chorales(min_frames=1))
@settings(max_examples=25)
def test_any_music_is_read_from_beginning_to_end(chorale):
    found = analyze(chorale)
    covered = np.zeros(chorale.frames, dtype=bool)
    for harmony in found:
        assert 0 <= harmony.start < harmony.stop <= chorale.frames
        assert not covered[harmony.start : harmony.stop].any()
        covered[harmony.start : harmony.stop] = True
        assert harmony.text
        assert harmony.chord
        for note in harmony.ornaments:
            assert harmony.start <= note.frame < harmony.stop
            above = chorale.pitch[note.frame, note.voice] - harmony.key.pitch_class
            assert above % 12 not in harmony.numeral.tones
    assert covered[(chorale.pitch >= 0).any(axis=1)].all()
    starts = [harmony.start for harmony in found]
    assert starts == sorted(starts)


def test_the_bass_gives_the_inversion(corpus):
    """Where the lowest note of a chord's first frame is of the chord, the figures are its."""
    for piece_ in corpus.pieces[::80]:
        pitch = piece_.chorale.pitch
        for harmony in analyze(piece_.chorale):
            low = pitch[harmony.start][pitch[harmony.start] >= 0]
            tones = harmony.numeral.tones
            bass = (low.min(initial=127) - harmony.key.pitch_class) % 12
            if low.size and bass in tones:
                assert tones.index(bass) == harmony.inversion


def test_silence_is_no_chord():
    empty = Chorale(np.full((8, 4), -1), np.zeros((8, 4)), np.zeros(8))
    assert analyze(empty) == []
    assert analyze(Chorale(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0))) == []


def test_a_tune_in_eighths_is_read_at_its_own_pulse():
    chorale = piece("E5 F5 D5 E5", "G4 A4 F4 G4", "C4 C4 B3 C4", "C3 F3 G3 C3")
    quick = replace(chorale.diminished(2), meter=Meter(4, 8), position=None)
    assert texts(quick) == texts(chorale)
    assert [h.start for h in analyze(quick)] == [h.start // 2 for h in analyze(chorale)]


# Bach -------------------------------------------------------------------------------------------


def test_bach_against_human_analyses(corpus, capsys):
    """Nineteen chorales, by the time for which both agree.

    The weights were fitted to these analyses; `ParseWeights` says what they reach on held-out ones.
    """
    by_file = {p.chorale.name: p.chorale for p in corpus.pieces}
    agreed = Counter()
    for number, file in FILES.items():
        chorale = by_file[file]
        wanted = labels(number, chorale)
        for harmony in analyze(chorale):
            key = (harmony.key.pitch_class, harmony.key.mode)
            root = (key[0] + harmony.numeral.semitones) % 12
            quality = quality_of(harmony.numeral)
            for here in filter(None, wanted[harmony.start : harmony.stop]):
                agreed["frames"] += 1
                agreed["root"] += any(x.root == root for x in here)
                agreed["key"] += any((x.tonic, x.mode) == key for x in here)
                agreed["all"] += any(
                    ((x.tonic, x.mode), x.root, x.quality, x.inversion)
                    == (key, root, quality, harmony.inversion)
                    for x in here
                )
    shares = {name: agreed[name] / agreed["frames"] for name in ("root", "key", "all")}
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{agreed['frames']} sixteenths of Bach against human analyses: root "
            f"{shares['root']:.1%}, key {shares['key']:.1%}, key, root, quality and figures "
            f"{shares['all']:.1%}"
        )
    assert agreed["frames"] > 4000
    assert shares["root"] > 0.94
    assert shares["key"] > 0.86
    assert shares["all"] > 0.76
