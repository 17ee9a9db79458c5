"""Tunes that do not fit a voice are moved to another octave or key, or stay with notes outside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.chorale import REST, VOICES, Key, Voice
from bachbot.errors import ScoreError, UsageError
from bachbot.scores import load_score
from bachbot.scores.interval import Interval, key_words, pitch_words
from bachbot.scores.readers.placement import Transposition

LOW, HIGH = Voice.SOPRANO.range
NAMES = {57: "A,", 81: "a"}


def abc(pitches, key="C", before=""):
    """A tune of quarter notes by MIDI pitch, every accidental written."""
    steps = ["C", "^C", "D", "^D", "E", "F", "^F", "G", "^G", "A", "^A", "B"]
    notes = []
    for pitch in pitches:
        octave = pitch // 12 - 5
        name = steps[pitch % 12]
        name = name if name.startswith("^") else f"={name}"
        notes.append(name + ("'" * octave if octave > 0 else "," * -octave))
    return f"X:1\n{before}M:4/4\nL:1/4\nK:{key}\n{' '.join(notes)}|]\n".encode()


def sung(score, voice=Voice.SOPRANO):
    return [note.pitch for note in score.lines[voice].notes]


def said(score):
    return {notice.kind: notice.message for notice in score.notices}


FIDDLE = b"X:1\nM:4/4\nL:1/4\nK:Bb\nG,B,DF|GBdf|gfed|B4|]"
"""From G3 to G5: two octaves, and no octave fits."""


def test_a_tune_that_fits_in_no_octave_is_moved_by_the_smallest_interval_that_fits():
    score = load_score(FIDDLE)
    assert score.chorale.key == Key("C")
    assert [n - o for n, o in zip(sung(score), sung(load_score(FIDDLE, transpose="no")),
                                  strict=True)] == [2] * 13  # fmt: skip
    assert said(score) == {
        "transposed": "the tune goes down to G3, and a choir soprano's lowest note is A3: it was "
        "moved up a major second, from B flat major to C major"
    }
    assert score.interval == Interval(2, 2)
    assert score.document.signatures[0].fifths == 0


def test_an_octave_is_tried_before_another_key():
    score = load_score(abc([45, 47, 48, 52]))
    assert said(score).keys() == {"octave"}
    assert score.interval is None


def test_of_several_keys_that_fit_one_with_a_simple_signature_is_taken():
    # F sharp 3 to F sharp 5 and D: three semitones up is F, four F sharp major, five G.
    tune = abc([54, 62, 66, 69, 74, 78, 74, 62], "D")
    assert load_score(tune).chorale.key == Key("F")
    # B major is five semitones up, C six: five sharps of its own are no reason to move further.
    low = abc([52, 56, 59, 64, 68, 71, 75, 76, 64], "E")
    assert load_score(low).chorale.key == Key("A")


def test_the_key_of_a_modal_tune_moves_with_its_signature():
    score = load_score(abc([55, 58, 62, 65, 67, 74, 79, 67], "Gdor"))
    assert score.chorale.key == Key("A", "minor")
    assert score.document.signatures[0].fifths == 1
    assert "from G minor to A minor" in said(score)["transposed"]


def test_a_tune_wider_than_the_range_stays_with_the_few_notes_outside():
    tune = abc([57, *[62, 66, 69, 74, 78] * 3, 83], "D")
    score = load_score(tune)
    assert (min(sung(score)), max(sung(score))) == (57, 83)
    assert score.interval is None
    assert said(score) == {
        "range": "a note is outside a choir soprano's range, A3 to A5 (B5 in bar 1, beat 17): it "
        "stays as it is in the tune, and the model reads it in another octave"
    }


def test_a_wide_tune_goes_where_the_fewest_notes_are_outside():
    # Seven notes are too high: it comes down, where one is too low.
    score = load_score(abc([57, 60, 62, 64, 65, 82, 83, 84, 83, 84, 83, 82], "C"))
    outside = [p for p in sung(score) if not LOW <= p <= HIGH]
    assert len(outside) == 1
    assert said(score).keys() == {"transposed", "range"}


def test_what_is_no_tune_for_the_voice_is_refused():
    with pytest.raises(ScoreError, match="from C2 to C8, and its range is A3 to A5: give the mel"):
        load_score(abc([36, 108]))
    assert sung(load_score(abc([36, 108]), transpose="no")) == [36, 108]


@pytest.mark.parametrize(
    ("wanted", "key", "shift"),
    [
        ("no", "Bb", 0),
        ("+2", "C", 2),
        (2, "C", 2),
        ("-3", "G", -3),
        ("G major", "G", -3),
        ("g", "G", -3),
        ("D", "D", 4),
        ("12", "Bb", 12),
        ("A#", "A#", 0),
    ],
)
def test_a_tune_goes_where_the_user_wants_it(wanted, key, shift):
    score = load_score(FIDDLE, transpose=wanted)
    before = load_score(FIDDLE, transpose="no")
    assert {a - b for a, b in zip(sung(score), sung(before), strict=True)} == {shift}
    assert score.chorale.key == Key(key).simplified
    assert ("transposed" in said(score)) == (wanted != "no")


def test_the_message_says_which_option_would_fit():
    assert said(load_score(FIDDLE, transpose="no"))["range"].endswith(
        "; --transpose +2 moves it into the range"
    )
    assert "range" not in said(load_score(FIDDLE, transpose="+2"))


@pytest.mark.parametrize("wanted", ["H", "", "+", "1.5", "99", -37, "auto major", "G minor"])
def test_what_is_no_goal_is_refused_in_one_line(wanted):
    with pytest.raises(UsageError) as error:
        load_score(FIDDLE, transpose=wanted)
    assert "\n" not in str(error.value)


def test_options_are_read():
    assert Transposition.parse(" +2 ") == Transposition("by", 2)
    assert Transposition.parse("f# minor") == Transposition("to", key="f# minor")
    assert Transposition.parse("auto") == Transposition()


def voices(*pitches):
    names = ("S", "A", "T", "B")
    lines = [f"V:{name}\n{body}" for name, body in zip(names, pitches, strict=True)]
    return ("X:1\nM:4/4\nL:1/4\nK:C\n" + "\n".join(lines) + "\n").encode()


def test_all_voices_move_by_one_interval():
    # The alto reaches E flat 5, a semitone above its range, and goes down to G sharp 3.
    four = voices("=E=Gc_e|", "^G,=E_e=c|", "E,=G,=C=C|", "E,,G,,E,C,|")
    before = load_score(four, voices=VOICES, transpose="no")
    after = load_score(four, voices=VOICES)
    assert "range" in said(before)
    assert "range" not in said(after)
    moved = after.chorale.pitch - before.chorale.pitch
    assert (moved == moved[0, 0]).all()
    assert moved[0, 0] == after.interval.semitones
    assert after.lines[Voice.ALTO].names[1] - before.lines[Voice.ALTO].names[1] == (
        after.interval.fifths
    )


@pytest.mark.slow
@given(
    st.lists(st.integers(40, 90), min_size=1, max_size=12),
    st.sampled_from(["C", "G", "Eb", "F#", "Cb", "Ddor", "Bm", "Abm"]),
    st.sampled_from(["auto", "no", "+1", "-6", "+5", "-11"]),
)
def test_every_note_moves_by_one_interval_and_keeps_its_place_in_the_key(pitches, key, wanted):
    try:
        score = load_score(abc(pitches, key), transpose=wanted)
    except ScoreError:
        # A quarter of the notes is outside wherever it goes.
        assert wanted == "auto"
        assert max(pitches) - min(pitches) > HIGH - LOW
        return
    shifts = {n - o for n, o in zip(sung(score), pitches, strict=True)}
    assert len(shifts) == 1
    [shift] = shifts
    expected = score.interval.semitones if score.interval else 0
    assert (shift - expected) % 12 == 0
    plain = load_score(abc(pitches, key), transpose="no")
    # The same distance from the tonic, up to the enharmonic change of a whole signature.
    for name, old in zip(score.lines[0].names, plain.lines[0].names, strict=True):
        sharper = score.document.signatures[0].fifths - plain.document.signatures[0].fifths
        assert (name - old - sharper) % 12 == 0
        assert abs(score.document.signatures[0].fifths) <= 7
    inside = [LOW <= p <= HIGH for p in sung(score)]
    if wanted == "auto" and max(pitches) - min(pitches) <= HIGH - LOW:
        assert all(inside)
    assert ("range" in said(score)) == (not all(inside))
    assert (score.chorale.pitch[:, 0] != REST).sum() == 4 * len(pitches)


def test_intervals_in_words():
    words = {
        Interval(1, -5): "a minor second",
        Interval(1, 7): "an augmented unison",
        Interval(-1, 5): "a minor second",
        Interval(6, 6): "an augmented fourth",
        Interval(6, -6): "a diminished fifth",
        Interval(-12, 0): "an octave",
        Interval(24, 0): "two octaves",
        Interval(-16, -4): "an octave and a major third",
        Interval(36, 0): "three octaves",
        Interval(7, 1): "a perfect fifth",
        Interval(4, 16): "4 semitones",
    }
    assert {interval: interval.words for interval in words} == words
    assert key_words(Key("F#", "minor")) == "F sharp minor"
    assert key_words(Key("Bbb")) == "B flat flat major"
    assert pitch_words(58, -5) == "B flat 3"


@given(st.integers(-30, 30), st.integers(-6, 6))
def test_an_interval_is_undone_on_keys(semitones, turn):
    interval = Interval(semitones, 7 * semitones % 12 + 12 * (turn // 6))
    for key in (Key("D"), Key("B", "minor"), Key("Gb")):
        back = interval.undo_key(interval.key(key))
        assert (back.pitch_class, back.mode) == (key.pitch_class, key.mode)


def test_the_parts_left_aside_move_with_the_tune():
    two = voices("G,=B,D=G|", "G,=B,D=G|", "G,,4|", "G,,4|")
    score = load_score(two, transpose="+2")
    first = [np.array([note.pitch for note in line.notes]) for line in score.document.lines]
    before = load_score(two, transpose="no")
    old = [np.array([note.pitch for note in line.notes]) for line in before.document.lines]
    assert all((a - b == 2).all() for a, b in zip(first[1:], old[1:], strict=True))


CHANGES_KEY = (
    b"X:1\nL:1/4\nM:4/4\nK:C\nGABc|defg|GEDC|C4|[K:F]fgaf|agfe|fgaf|f4|]",  # fits where it is
    b"X:1\nL:1/4\nM:4/4\nK:C\nGABc|GEDC|C4|[K:F]fgab|c'bag|fgab|f4|]",  # is too high later
    b"X:1\nL:1/4\nM:4/4\nK:C\nC,D,E,C,|GEDC|C4|[K:Eb]efgb|c'bag|d'bge|e4|]",  # fits nowhere
)


@pytest.mark.parametrize("content", CHANGES_KEY)
@pytest.mark.parametrize("wanted", ["auto", "no", "+2", "-5", "G major", "Eb major"])
def test_a_tune_that_changes_its_key_is_moved_as_a_whole(content, wanted):
    plain = load_score(content, format="abc", transpose="no")
    moved = load_score(content, format="abc", transpose=wanted)
    assert str(plain.chorale.key) == "C major"  # that of its first signature
    pairs = zip(plain.lines[0].notes, moved.lines[0].notes, strict=True)
    [interval] = {new.pitch - old.pitch for old, new in pairs}
    assert interval == (moved.interval.semitones if moved.interval else 0)
    first, second = (s.fifths for s in moved.document.signatures)
    old_first, old_second = (s.fifths for s in plain.document.signatures)
    assert first - old_first == second - old_second
    if wanted.endswith("major"):
        assert moved.chorale.key == Key.parse(wanted)
    low, high = Voice.SOPRANO.range
    outside = sum(not low <= note.pitch <= high for note in moved.lines[0].notes)
    said = [str(notice) for notice in moved.notices if notice.kind == "range"]
    assert len(said) == (outside > 0)
    assert not outside or said[0].startswith((f"{outside} notes are", "a note is"))


def test_where_a_tune_of_two_keys_fits_it_is_moved_there():
    score = load_score(CHANGES_KEY[1], format="abc")
    assert max(note.pitch for note in score.lines[0].notes) <= Voice.SOPRANO.range[1]
    assert "from C major to" in str(score.notices[0])
