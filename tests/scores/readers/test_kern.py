"""Humdrum kern files."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import BACH, load_clean

from bachbot.chorale import VOICES
from bachbot.errors import ScoreError
from bachbot.scores import load_score
from bachbot.scores.readers.document import read_document
from bachbot.scores.readers.kern.kern_reader import kern_tree, kern_tunes
from bachbot.scores.readers.tune import TuneHeading


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bwv277", "bwv281", "bwv366"])
def test_kern_of_the_corpus(name):
    score = load_clean(BACH / f"{name}.krn", voices=VOICES)
    assert (score.chorale.pitch[16] >= 0).all()
    assert score.chorale.fermata.any()


def test_fermatas_final_bar_line_and_composer_of_kern():
    kern = "!!!COM: Beethoven, Ludwig van\n**kern\n*M4/4\n=1-\n2c;\n2d\n==\n*-\n"
    root, _ = kern_tree(kern.encode())
    assert [f.get("type") for f in root.iter("fermata")] == ["upright"]
    assert [b.text for b in root.iter("bar-style")][-1] == "light-heavy"
    assert [c.text for c in root.iter("creator")] == ["Ludwig van Beethoven"]


def kern(*lines):
    return ("\n".join(line.replace(" ", "\t") for line in lines) + "\n").encode()


def test_short_bars_stay_as_long_as_they_are_written():
    lines = ["**kern", "*M4/4", "*k[f#]", "4d", "=1", "4g", "4a", "4b", "4cc", "=2", "4b", "4a",
             "4g;", "=:|!|:", "4g", "=3", "4a", "4b", "4a", "4f#", "=4", "2.g;", "==",
             "*-"]  # fmt: skip
    score = load_clean(kern(*lines))
    assert [bar.length for bar in score.document.bars] == [1, 4, 3, 1, 4, 3]
    assert score.chorale.frames == 4 * 16


def test_four_spines_are_bass_to_soprano_whatever_stands_beside_them():
    lines = ["**kern **kern **dynam **kern **text **kern **text **fing",
             "*M4/4 *M4/4 * *M4/4 * *M4/4 * *",
             "=1 =1 =1 =1 =1 =1 =1 =1",
             "1C 1G p 1e lo 1cc high 5",
             "== == == == == == == ==",
             "*- *- *- *- *- *- *- *-"]  # fmt: skip
    score = load_clean(kern(*lines), voices=VOICES)
    assert score.chorale.pitch[0].tolist() == [72, 64, 55, 48]
    words = [part.findtext(".//lyric/text") for part in score.document.root.findall("part")]
    assert words == ["high", "lo", None, None]


def test_a_staff_that_splits_for_a_moment_is_read_by_its_upper_voice():
    lines = ["**kern", "*M4/4", "4c", "*^", "4d 4B", "*v *v", "4e", "4f", "==", "*-"]
    score = load_score(kern(*lines))
    assert score.chorale.pitch[::4, 0].tolist() == [60, 62, 64, 65]
    assert [notice.kind for notice in score.notices] == ["parts"]


def test_two_voices_of_a_staff_keep_time_while_another_part_moves_faster():
    lines = ["**kern **kern", "*M3/4 *M3/4", "*^ *", "2A 4E 12cc", ". . 12dd", ". . 12ee",
             ". 4D 4cc", "4r 4GG 8b", ". . 8g", "= = =", "2A 4E 8cc", ". . 8dd", ". . 4ee",
             "4B 4GG 4b", "*v *v *", "== ==", "*- *-"]  # fmt: skip
    document = read_document(kern_tree(kern(*lines))[0])
    upper, lower = document.lines_of(1)
    assert [(n.start, n.pitch) for n in upper.notes] == [(0, 57), (3, 57), (5, 59)]
    assert [(n.start, n.pitch) for n in lower.notes] == [
        (0, 52), (1, 50), (2, 43), (3, 52), (5, 43),
    ]  # fmt: skip


def test_chant_without_meter_is_cut_where_its_phrases_end():
    lines = ["**kern", *["4d", "4e", "4f,", "4g", "4a", "4g", "4f", "2d;"] * 3, "*-"]
    score = load_score(kern(*lines))
    assert [bar.length for bar in score.document.bars] == [3, 4, 2] * 3
    assert [n.length for n in score.lines[0].notes] == [1, 1, 1, 1, 1, 1, 1, 2] * 3


def test_music_with_a_meter_but_without_bar_lines_gets_bars_and_ties():
    score = load_score(kern("**kern", "*M3/4", *["2c", "2d"] * 12, "*-"))
    assert {bar.length for bar in score.document.bars} == {3}
    assert score.chorale.onset[:, 0].sum() == 24
    assert [notice.kind for notice in score.notices] == ["bar lines"]


def test_words_have_umlauts_entities_and_two_syllables_on_a_note():
    lines = ["**kern\t**text", "4c\tf\\u3r", "4d\t&uuml;-", "4e\t-ber", "[2f\tund", "2f]\t.",
             "4g\tso~ist", "=\t=", "*-\t*-"]  # fmt: skip
    root, _ = kern_tree("\n".join(lines).encode())
    words = [(y.findtext("syllabic"), y.findtext("text")) for y in root.iter("lyric")]
    assert words == [
        ("single", "für"), ("begin", "ü"), ("end", "ber"), ("single", "und"), ("single", "so ist"),
    ]  # fmt: skip


TWO = (
    b"!!!OTL: First\n**kern\n*M4/4\n=1\n1c\n==\n*-\n!!!OTL@DE: Zweites\n!!!COM: X\n**kern\n"
    b"*M4/4\n=1\n1d\n==\n*-\n!!!ENC: me\n"
)


def test_the_pieces_of_a_file_have_numbers_and_titles():
    assert kern_tunes(TWO) == (TuneHeading(1, "First"), TuneHeading(2, "Zweites"))
    root, notices = kern_tree(TWO, 2)
    assert notices == ()
    assert [notice.kind for notice in kern_tree(TWO)[1]] == ["tunes"]
    assert root.findtext(".//work-title") == "Zweites"
    assert root.findtext(".//creator") == "X"
    assert [n.findtext("step") for n in root.iter("pitch")] == ["D"]
    for tune in (0, 3, -1):
        with pytest.raises(ScoreError, match="give a number from 1 to 2"):
            kern_tree(TWO, tune)
    assert kern_tunes(b"**text\na\n*-\n") == ()


LETTERS = "CDEFGAB"


@st.composite
def tunes(draw):
    """Bars of notes: cell of kern, and what it means."""
    bars = []
    for _ in range(draw(st.integers(1, 5))):
        bar = []
        for _ in range(draw(st.integers(1, 6))):
            below = draw(st.sampled_from([1, 2, 4, 8, 16, 3, 6, 12, 24, 20]))
            dots = draw(st.integers(0, 2)) if below in (2, 4) else 0
            step, octave = draw(st.sampled_from(LETTERS)), draw(st.integers(2, 6))
            alter = draw(st.integers(-2, 2))
            rest = draw(st.booleans()) and draw(st.booleans())
            letters = step.lower() * (octave - 3) if octave > 3 else step * (4 - octave)
            accidental = "#" * alter + "-" * -alter
            cell = f"{below}{'.' * dots}" + ("r" if rest else letters + accidental)
            length = Fraction(4, below) * (2 - Fraction(1, 2**dots))
            if length + sum(length for _, _, length in bar) <= 16:  # a longer bar is cut
                bar.append((cell, None if rest else (step, alter, octave), length))
        bars.append(bar)
    return bars


@pytest.mark.slow
@settings(max_examples=60)
@given(tunes())
def test_what_is_written_comes_back(bars):
    lines = ["**kern"]
    for bar in bars:
        lines += ["=", *(cell for cell, _, _ in bar)]
    root, _ = kern_tree("\n".join([*lines, "==", "*-"]).encode())
    divisions = int(root.findtext(".//divisions"))
    found = []
    for measure in root.iter("measure"):
        found.append([])
        for note in measure.iter("note"):
            pitch = note.find("pitch")
            name = pitch and (
                pitch.findtext("step"),
                int(pitch.findtext("alter", "0")),
                int(pitch.findtext("octave")),
            )
            length = Fraction(int(note.findtext("duration")), divisions)
            if any(tie.get("type") == "stop" for tie in note.findall("tie")):
                length += found[-1].pop()[1]
            found[-1].append((name, length))
    assert found == [[(name, length) for _, name, length in bar] for bar in bars]
