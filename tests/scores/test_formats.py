"""ABC, MIDI and kern bring all that they hold."""

import io
from fractions import Fraction
from pathlib import Path

import mido
import numpy as np
import pytest
from pieces import BACH, followed, quietly

from bachbot.chorale import VOICES, Key, Meter, Voice
from bachbot.errors import BachbotWarning, ScoreError
from bachbot.scores import complete, load_score, save_score
from bachbot.scores.readers.kern import kern_tree
from bachbot.scores.save import musicxml

EXAMPLES = Path(__file__).parents[2] / "corpus" / "examples"

ABC = """X:1
T:\\'Etude
T:second title
C:Trad.
M:3/4
L:1/8
Q:"Andante" 1/4=60
K:Ddor
A2 | d>e (3efg "Am"a2 | {g}A4- A2 |1 [M:2/4] !fermata!d4 :|2 ^c4 | [K:G] (f2 e2) |]
w: one two three-_ four | five~x *  six | se-ven
w: eins
%%text ignored
"""


def notes_of(score):
    """Each note of the first part: name, octave, quarters, tie ends, lyrics."""
    rows = []
    for note in score.document.part(0).iter("note"):
        if note.find("grace") is None and note.find("rest") is None:
            divisions = int(score.document.part(0).findtext(".//divisions"))
            rows.append(
                (
                    note.findtext("pitch/step"),
                    int(note.findtext("pitch/alter") or 0),
                    int(note.findtext("pitch/octave")),
                    Fraction(int(note.findtext("duration")), divisions),
                    [t.get("type") for t in note.findall("tie")],
                    [
                        (y.get("number"), y.findtext("syllabic"), y.findtext("text"))
                        for y in note.findall("lyric")
                    ],
                )
            )
    return rows


def test_abc_note_for_note(put):
    with (
        pytest.warns(BachbotWarning, match="triplets"),
        pytest.warns(BachbotWarning, match="key signature changes at bar 5"),
    ):
        score = load_score(put("etude.abc", ABC))
    third = Fraction(1, 3)
    assert score.title == "Étude"
    assert score.chorale.key == Key("D", "minor")
    assert score.chorale.meter == Meter(3, 4, pickup=4)
    rows = notes_of(score)
    assert [row[:4] for row in rows] == [
        ("A", 0, 4, 1),
        ("D", 0, 5, Fraction(3, 4)), ("E", 0, 5, Fraction(1, 4)),
        ("E", 0, 5, third), ("F", 0, 5, third), ("G", 0, 5, third), ("A", 0, 5, 1),
        ("A", 0, 4, 2), ("A", 0, 4, 1),
        ("D", 0, 5, 2),
        ("C", 1, 5, 2),
        ("F", 1, 5, 1), ("E", 0, 5, 1),
    ]  # fmt: skip
    assert [row[4] for row in rows[7:9]] == [["start"], ["stop"]]
    first = [[text for number, _, text in row[5] if number == "1"] for row in rows]
    assert first == [["one"], ["two"], ["three"], [], ["four"], [], [], ["five x"], [], ["six"],
                     ["se"], ["ven"], []]  # fmt: skip
    assert rows[10][5] == [("1", "begin", "se")]
    assert rows[11][5] == [("1", "end", "ven")]
    assert rows[0][5][1] == ("2", "single", "eins")


def test_abc_bars_marks_and_signatures(put):
    score = quietly(put("etude.abc", ABC))
    part = score.document.part(0)
    bars = part.findall("measure")
    assert [bar.get("number") for bar in bars] == ["0", "1", "2", "3", "4", "5"]
    assert bars[0].get("implicit") == "yes"
    endings = [(e.get("number"), e.get("type")) for e in part.iter("ending")]
    assert endings == [("1", "start"), ("1", "stop"), ("2", "start"), ("2", "stop")]
    assert [r.get("direction") for r in part.iter("repeat")] == ["backward"]
    assert [k.findtext("fifths") for k in part.iter("key")] == ["0", "1"]
    assert part.findtext(".//key/mode") == "dorian"
    assert [t.findtext("beats") for t in part.iter("time")] == ["3", "2"]
    assert part.find(".//sound").get("tempo") == "60"
    assert part.findtext(".//words") == "Andante"
    assert len(list(part.iter("fermata"))) == 1
    assert len(list(part.iter("grace"))) == 1
    assert [s.get("type") for s in part.iter("slur")] == ["start", "stop"]
    assert [t.get("type") for t in part.iter("tuplet")] == ["start", "stop"]
    assert score.chorale.fermata.sum() == 8
    # F sharp by the new signature, C sharp by its own sign.
    shown = [(n.findtext("pitch/step"), n.findtext("accidental")) for n in part.iter("note")]
    assert [row for row in shown if row[1]] == [("C", "sharp")]


@pytest.mark.parametrize(
    ("music", "pitches"),
    [
        ("^F F | F", [66, 66, 65]),  # an accidental lasts for its bar
        ("^F f", [66, 78]),  # in every octave
        ("^F=F _F", [66, 65, 64]),
        ("^F-|F F", [66, 66, 65]),  # a tie takes it over the bar line
        ("C, C c c'", [48, 60, 72, 84]),
    ],
)
def test_abc_accidentals_and_octaves(put, music, pitches):
    from bachbot.scores.readers.abc import abc_tree
    from bachbot.scores.readers.document import read_document

    tree, _ = abc_tree(f"X:1\nL:1/4\nK:C\n{music}|]\n".encode())
    assert [note.pitch for note in read_document(tree).lines[0].notes] == pitches


@pytest.mark.parametrize(
    ("key", "fifths"),
    [("C", 0), ("Bb", -2), ("F#m", 3), ("Ador", 1), ("A mix", 2), ("E phrygian", 0), ("F lyd", 0),
     ("G minor clef=bass", -2), ("none", 0), ("HP", 2), ("Cb", -7), ("B loc", 0), ("Am", 0)],
)  # fmt: skip
def test_abc_key_signatures(put, key, fifths):
    score = quietly(put("key.abc", f"X:1\nL:1/4\nK:{key}\nc c c c|]\n"))
    assert score.document.signatures[0].fifths == fifths


@pytest.mark.parametrize(
    ("meter", "frames"), [("4/4", 2), ("2/4", 1), ("6/8", 2), ("C|", 2), ("C", 2), ("none", 2)]
)
def test_abc_unit_by_the_standards_rule(put, meter, frames):
    score = quietly(put("unit.abc", f"X:1\nM:{meter}\nK:C\nc c c c|]\n"))
    assert score.chorale.frames == 4 * frames


def test_abc_of_several_tunes_and_voices(put):
    with pytest.warns(BachbotWarning, match="several tunes"):
        assert (
            load_score(put("two.abc", "X:1\nT:A\nK:C\nc4|]\n\nX:2\nT:B\nK:C\nd4|]\n")).title == "A"
        )
    text = "X:1\nM:4/4\nL:1/4\nK:C\nV:1 name=Soprano\nV:2 name=Bass\n[V:1] cdef|\n[V:2] C,D,E,F,|\n"
    both = load_score(put("voices.abc", text), voices=[Voice.SOPRANO, Voice.BASS])
    assert both.chorale.pitch[0].tolist() == [72, -1, -1, 48]
    text = "X:1\nM:4/4\nL:1/4\nK:C\nV:S\ncdef|\nV:B\nC,D,E,F,|\n"
    both = load_score(put("voices.abc", text), voices=[Voice.SOPRANO, Voice.BASS])
    assert both.chorale.pitch[0].tolist() == [72, -1, -1, 48]


# MIDI


def midi(*messages, ticks=480):
    file = mido.MidiFile(ticks_per_beat=ticks)
    file.tracks.append(mido.MidiTrack(messages))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def played(*rows, channel=0):
    """Messages of notes, each (pitch, start, stop) in ticks."""
    events = []
    for pitch, start, stop in rows:
        events += [(start, 1, pitch), (stop, 0, pitch)]
    out, now = [], 0
    for at, on, pitch in sorted(events, key=lambda e: (e[0], e[1])):
        kind = "note_on" if on else "note_off"
        out.append(mido.Message(kind, note=pitch, channel=channel, velocity=64, time=at - now))
        now = at
    return out


def lengths(score):
    return [row[3] for row in notes_of(score)]


def test_a_performance_is_put_on_the_grid(put):
    # Early, late, detached and overlapping by a little.
    content = midi(*played((60, 0, 470), (62, 484, 950), (64, 955, 1450), (65, 1438, 1915)))
    score = load_score(put("played.mid", content))
    assert lengths(score) == [1, 1, 1, 1]
    assert score.chorale.pitch[::4, 0].tolist() == [60, 62, 64, 65]


def test_triplets_are_written_as_triplets(put):
    content = midi(*played((60, 0, 160), (62, 160, 320), (64, 320, 480), (65, 480, 1920)))
    with pytest.warns(BachbotWarning, match="triplets"):
        score = load_score(put("triplets.mid", content))
    assert lengths(score) == [Fraction(1, 3)] * 3 + [3]
    assert len(list(score.document.part(0).iter("time-modification"))) == 3


def test_a_note_over_the_bar_line_is_tied(put):
    content = midi(*played((60, 0, 1440), (62, 1440, 2400), (64, 2400, 3840)))
    score = load_score(put("tied.mid", content))
    assert lengths(score) == [3, 1, 1, 3]
    assert [row[4] for row in notes_of(score)] == [[], ["start"], ["stop"], []]


def test_notes_are_spelled_for_the_key(put):
    leading = midi(
        mido.MetaMessage("key_signature", key="Am"),
        *played((69, 0, 480), (68, 480, 960), (69, 960, 1920)),
    )
    assert [row[:2] for row in notes_of(load_score(put("am.mid", leading)))][1] == ("G", 1)
    flat = midi(*played((65, 0, 480), (70, 480, 960), (69, 960, 1440), (65, 1440, 1920)))
    score = load_score(put("f.mid", flat))
    assert notes_of(score)[1][:2] == ("B", -1)
    # Without a written signature the estimated one is written.
    assert score.document.signatures[0].fifths == score.chorale.key.fifths == -1


def test_silence_before_the_first_note_is_a_pickups(put):
    late = played((60, 1440, 1920), (65, 1920, 3840), (64, 3840, 5280))
    score = load_score(put("late.mid", midi(*late)))
    assert score.chorale.meter == Meter(4, 4, pickup=4)
    assert score.chorale.position[:5].tolist() == [12, 13, 14, 15, 0]
    assert score.chorale.frames == 4 + 16 + 12
    # As other programs write it: a short bar of its own meter.
    short = [
        mido.MetaMessage("time_signature", numerator=1, denominator=4),
        *played((60, 0, 480))[:2],
        mido.MetaMessage("time_signature", numerator=4, denominator=4),
        *played((65, 0, 1920)),
    ]
    score = load_score(put("short.mid", midi(*short)))
    assert score.chorale.meter == Meter(4, 4, pickup=4)


def test_chords_percussion_and_seconds(put):
    chord = midi(*played((60, 0, 480), (64, 480, 960), (67, 480, 960)))
    with pytest.raises(ScoreError, match="chord in bar 1, beat 2"):
        load_score(put("chord.mid", chord))
    held = midi(*played((60, 0, 1920), (64, 480, 960)))
    with pytest.raises(ScoreError, match="chord in bar 1, beat 2"):
        load_score(put("held.mid", held))
    drums = midi(*played((36, 0, 480), channel=9))
    with pytest.raises(ScoreError, match="percussion"):
        load_score(put("drums.mid", drums))
    with pytest.warns(BachbotWarning, match="percussion"):
        load_score(put("band.mid", midi(*played((36, 0, 480), channel=9), *played((60, 0, 480)))))
    with pytest.raises(ScoreError, match="in seconds"):
        load_score(put("smpte.mid", midi(*played((60, 0, 480)), ticks=-7400)))


# Kern and the example tunes


@pytest.mark.parametrize("name", ["bwv277", "bwv281", "bwv366"])
def test_kern_of_the_corpus(name):
    score = load_score(BACH / f"{name}.krn", voices=VOICES)
    assert (score.chorale.pitch[16] >= 0).all()
    assert score.chorale.fermata.any()


TUNES = {
    "amazing-grace.musicxml": ("Ab major", "3/4", 4),
    "auld-lang-syne.mid": ("F major", "4/4", 4),
    "away-in-a-manger.abc": ("Bb major", "3/4", 4),
    "god-rest-ye-merry.abc": ("E minor", "4/4", 4),
    "good-king-wenceslas.mid": ("G major", "4/4", 0),
    "greensleeves.mxl": ("G minor", "6/8", 2),
    "ode-to-joy.krn": ("A major", "4/4", 0),
    "silent-night.musicxml": ("C major", "6/8", 0),
    "twinkle.musicxml": ("G major", "4/4", 0),
}


@pytest.mark.parametrize("name", TUNES)
def test_the_example_tunes_are_read_written_and_read_again(name, tmp_path):
    score = load_score(EXAMPLES / name)  # without a warning
    key, meter, pickup = TUNES[name]
    assert (str(score.chorale.key), str(score.chorale.meter)) == (key, meter)
    assert score.chorale.meter.pickup == pickup
    full = complete(score, followed(score.chorale), [Voice.SOPRANO])
    out = tmp_path / "out.musicxml"
    save_score(full, out)
    again = load_score(out, voices=VOICES)
    assert np.array_equal(again.chorale.pitch, full.chorale.pitch)
    assert np.array_equal(again.chorale.tied, full.chorale.tied)
    assert again.title == score.title
    syllables = [list(e.document.part(0).iter("lyric")) for e in (score, again)]
    assert len(syllables[0]) == len(syllables[1])
    assert musicxml(again).count("<lyric") == len(syllables[0])


def test_kern_ends_and_pauses_as_engravers_write_it():
    kern = "!!!COM: Beethoven, Ludwig van\n**kern\n*M4/4\n=1-\n2c;\n2d\n==\n*-\n"
    root = kern_tree(kern.encode())
    assert [f.get("type") for f in root.iter("fermata")] == ["upright"]
    assert [b.text for b in root.iter("bar-style")][-1] == "light-heavy"
    assert [c.text for c in root.iter("creator")] == ["Ludwig van Beethoven"]


def test_midi_ends_with_a_final_bar_line():
    score = load_score(Path(__file__).parents[2] / "corpus/examples/auld-lang-syne.mid")
    styles = [b.text for b in score.document.root.iter("bar-style")]
    assert styles == ["light-heavy"]
