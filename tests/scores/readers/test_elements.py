"""Each row of the tables in ``tests/scores/README.md`` for Humdrum kern and MIDI."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from mido import Message, MetaMessage
from test_midi_reader import midi, played, tracks

from bachbot.errors import ScoreError
from bachbot.scores.readers.kern.kern_reader import kern_tree
from bachbot.scores.readers.midi.midi_reader import midi_tree

README = Path(__file__).parents[1] / "README.md"
OUTCOMES = ("kept", "passed over", "said", "refused")


def rows_of(section):
    """Elements of a table, and what becomes of them."""
    text = README.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| ([a-z ]+) \|$", text, re.MULTILINE)
    return {element: becomes for element, becomes in rows if becomes != "becomes"}


@dataclass(frozen=True)
class Case:
    """Content with an element.

    Parameters
    ----------
    content : bytes
        The file.
    kept : callable, optional
        Whether a tree holds the element.
    without : bytes, optional
        The same file without the element.
    says : str, optional
        Part of the notice or the error.
    """

    content: bytes
    kept: Callable | None = None
    without: bytes | None = None
    says: str = ""


def hold(reader, becomes, case):
    """Check that a row is true."""
    assert becomes in OUTCOMES
    if becomes == "refused":
        with pytest.raises(ScoreError, match=case.says):
            reader(case.content)
        return
    root, notices = reader(case.content)
    assert case.kept or case.without or becomes == "said"
    if case.kept:
        assert case.kept(root)
    if case.without is not None:
        assert ElementTree.tostring(root) == ElementTree.tostring(reader(case.without)[0])
    if becomes == "said":
        assert case.says
        assert any(case.says in str(notice) for notice in notices)
    else:
        assert notices == ()


def notes_of(root, part=0):
    """Step, alteration, octave and quarters of each note of a part; None for a rest's pitch."""
    found = []
    element = root.findall("part")[part]
    divisions = int(element.findtext(".//divisions"))
    for note in element.iter("note"):
        pitch = note.find("pitch")
        name = pitch and (
            pitch.findtext("step") + {"1": "#", "-1": "b"}.get(pitch.findtext("alter"), ""),
            int(pitch.findtext("octave")),
        )
        if note.find("grace") is None:
            found.append((name, Fraction(int(note.findtext("duration")), divisions)))
    return found


def lengths_of(root, part=0):
    """Quarters of each bar."""
    element = root.findall("part")[part]
    divisions = int(element.findtext(".//divisions"))
    return [
        Fraction(sum(int(n.findtext("duration", "0")) for n in bar.findall("note")), divisions)
        for bar in element.findall("measure")
    ]


def has(path, *texts):
    """Whether a tree has elements with these texts, in order."""
    return lambda root: tuple(e.text for e in root.iterfind(f".//{path}")) == texts


def attributes(tag, name, *values):
    """Whether a tree has elements with these values of an attribute, in order."""
    return lambda root: tuple(e.get(name) for e in root.iter(tag)) == values


def kern(*lines, spines="**kern"):
    """A file of one spine, or of others."""
    end = "\t".join(["*-"] * len(lines[-1].split("\t")))
    return "\n".join([spines.replace(" ", "\t"), *lines, end, ""]).encode()


def one(*lines):
    """A file of one spine with a time signature and a first bar line."""
    return kern("*M4/4", "=1-", *lines, "==")


BAR = ("4c", "4d", "4e", "4f")
PLAIN = one(*BAR)


def two(*lines):
    """A file of two spines."""
    return kern(*(line.replace(" ", "\t") for line in lines), spines="**kern **kern")


KERN = {
    "notes, rests, dots": Case(
        one("4.c", "8r", "4..d", "16e"),
        lambda r: notes_of(r) == [(("C", 4), 1.5), (None, 0.5), (("D", 4), 1.75), (("E", 4), 0.25)],
    ),
    "accidentals and spelling": Case(
        one("4c#", "4dd-", "4BB##", "4Fn"),
        lambda r: (
            [(e.findtext("step"), e.findtext("alter")) for e in r.iter("pitch")]
            == [("C", "1"), ("D", "-1"), ("B", "2"), ("F", None)]
            and [e.text for e in r.iter("octave")] == ["4", "5", "2", "3"]
            and [e.text for e in r.iter("accidental")][-1] == "natural"
        ),
    ),
    "breves and longs (`0`, `00`)": Case(
        kern("*M8/1", "=", "0c", "=", "00d", "=="),
        lambda r: lengths_of(r) == [8, 16],
    ),
    "tuplets (`12`, `20`, `3%2`)": Case(
        kern("*M3/1", "12c", "12d", "12e", "20f", "20g", "20a", "20b", "20cc", "3%2c", "3%2d",
             "3%2e", "=="),
        lambda r: (
            [length for _, length in notes_of(r)]
            == [Fraction(1, 3)] * 3 + [Fraction(1, 5)] * 5 + [Fraction(8, 3)] * 3
            and [t.get("type") for t in r.iter("tuplet")] == ["start", "stop"] * 3
            and [e.text for e in r.iter("type")] == ["eighth"] * 3 + ["16th"] * 5 + ["whole"] * 3
        ),
    ),
    "chords": Case(
        one("2e 2c 2g", "2f"),
        lambda r: [n and n[0] for n, _ in notes_of(r)] == ["C", "E", "G", "F"]
        and len(list(r.iter("chord"))) == 2,
    ),
    "ties, also of one note of a chord": Case(
        one("[4c", "4c_", "4c] [4g", "4e 4g]"),
        lambda r: [
            (n.findtext("pitch/step"), [t.get("type") for t in n.findall("tie")])
            for n in r.iter("note")
        ]
        == [("C", ["start"]), ("C", ["stop", "start"]), ("C", ["stop"]), ("G", ["start"]),
            ("E", []), ("G", ["stop"])],
    ),
    "slurs": Case(
        one("(4c", "(4d", "4e)", "4f)"),
        lambda r: [(s.get("type"), s.get("number")) for s in r.iter("slur")]
        == [("start", "1"), ("start", "2"), ("stop", "2"), ("stop", "1")],
    ),
    "slurs that are not closed": Case(one("(4c", *BAR[1:]), without=PLAIN),
    "grace notes (`q`, `qq`)": Case(
        one("8qb", "4c", "16qqd", "16qqe", "2f", "4g"),
        lambda r: [
            (n.findtext("pitch/step"), n.find("grace") is not None) for n in r.iter("note")
        ]
        == [("B", True), ("C", False), ("D", True), ("E", True), ("F", False), ("G", False)]
        and lengths_of(r) == [4],
    ),
    "fermatas on notes": Case(one("2c;", "2d"), attributes("fermata", "type", "upright")),
    "fermatas on bar lines": Case(PLAIN.replace(b"==", b"==;"), without=PLAIN),
    "articulations, ornaments, bows": Case(
        one("8c'", "8d~", "8e^", "8f^^", "8gT", "8aM", "8bW", "8ccv"),
        lambda r: {e.tag for n in r.iter("notations") for g in n for e in g}
        == {"staccato", "tenuto", "accent", "strong-accent", "trill-mark", "mordent",
            "inverted-mordent", "up-bow"},
    ),
    "beams (`L`, `J`)": Case(
        one("8cL", "8d", "8eJ", "8f", "2g"), has("beam", "begin", "continue", "end")
    ),
    "stems, partial beams, phrases, editorial signs": Case(
        one("{4c/", "4d\\", "4ek", "4fx}"), without=PLAIN
    ),
    "hidden rests (`yy`)": Case(
        one("2c", "2ryy"), lambda r: r.find(".//rest") is None and r.find(".//forward") is not None
    ),
    "notes without a length": Case(one("c", *BAR[1:]), without=PLAIN, says="no length"),
    "notes without a pitch (`R`)": Case(
        one("4R", *BAR[1:]), without=one("4r", *BAR[1:]), says="no pitch"
    ),
    "syllables where no note sounds": Case(
        b"**kern\t**text\n*M4/4\t*\n4r\tOh\n2.c\tah\n*-\t*-\n",
        without=b"**kern\t**text\n*M4/4\t*\n4r\t.\n2.c\tah\n*-\t*-\n",
        says="'Oh'",
    ),
    "bars as long as they are written": Case(
        kern("*M4/4", "4d", "=1", *BAR, "=2", "4b", "4a", "4g;", "=:|!|:", "4g", "=3", *BAR, "=4",
             "2.g", "=="),
        lambda r: lengths_of(r) == [1, 4, 3, 1, 4, 3],
    ),
    "repeats": Case(
        kern("*M4/4", "=1!|:", *BAR, "=:|!|:", *BAR, "=:|!"),
        attributes("repeat", "direction", "forward", "backward", "forward", "backward"),
    ),
    "double, final, hidden bar lines": Case(
        kern("*M4/4", "=1-", "1c", "=2||", "1d", "=3-", "1e", "=="),
        has("bar-style", "light-light", "none", "light-heavy"),
    ),
    "bar numbers": Case(PLAIN.replace(b"=1-", b"=47-"), without=PLAIN),
    "endings (`*>A1`, `*>1`)": Case(
        kern("*>A", "*M4/4", "=1", "1c", "=2", "*>A1", "1d", "=:|!", "*>A2", "1e", "=="),
        lambda r: [(e.get("number"), e.get("type")) for e in r.iter("ending")]
        == [("1", "start"), ("1", "stop"), ("2", "start"), ("2", "stop")],
    ),
    "lists of sections (`*>[A,A,B]`)": Case(
        kern("*>[A,A,B]", "*>norep[A,B]", "*>A", *BAR, "=="), without=kern(*BAR, "==")
    ),
    "key signature": Case(
        kern("*k[f#c#]", *BAR, "=", "*k[b-]", *BAR, "=="), has("fifths", "2", "-1")
    ),
    "key record (`*d:`, `*G:mix`)": Case(
        kern("*k[]", "*G:mix", *BAR, "=="), has("mode", "mixolydian")
    ),
    "time signature (`*M`, `*met`)": Case(
        kern("*M3/4", "2.c", "=", "*M2+3/8", "8c", "8d", "4.e", "=", "*M2/2", "*met(c|)", "1c",
             "=="),
        lambda r: has("beats", "3", "5", "2")(r)
        and has("beat-type", "4", "8", "2")(r)
        and [t.get("symbol") for t in r.iter("time")] == [None, None, "cut"],
    ),
    "clefs": Case(
        kern("*clefGv2", *BAR, "=", "*clefF4", *BAR, "=="),
        lambda r: has("clef/sign", "G", "F")(r) and has("clef/clef-octave-change", "-1")(r),
    ),
    "percussion (`*clefX`)": Case(
        two("*clefX *clefG2", "4c 4g", "== =="),
        lambda r: [n for n, _ in notes_of(r)] == [("G", 4)] and len(r.findall("part")) == 1,
        says="percussion",
    ),
    "names (`*I\"`, `*I:`, `*Isoprn`)": Case(
        b"**kern\t**kern\t**kern\n*Ibass\t*I:[ALTO]\t*I\"Soprano 1\n*\t*\t*Isoprn\n4c\t4e\t4g\n"
        b"*-\t*-\t*-\n",
        has("part-name", "Soprano 1", "ALTO", "Bass"),
    ),
    "abbreviations and classes (`*I'`, `*ICvox`)": Case(
        kern("*ICvox", "*I'S.", "*IGripn", *BAR, "=="), without=kern(*BAR, "==")
    ),
    "transposing instruments (`*ITr`, `*Tr`)": Case(
        kern("*ITrd1c2", "*Trd-4c-7", *BAR, "=="), without=kern(*BAR, "==")
    ),
    "tempo (`*MM`)": Case(
        kern("*MM96", *BAR, "=="), lambda r: r.find(".//sound").get("tempo") == "96"
    ),
    "order of the staves": Case(
        two("*staff1 *staff2", '*I"Up *I"Down', "4c 4g", "== =="), has("part-name", "Up", "Down")
    ),
    "verses (`**text`, `**silbe`)": Case(
        kern("4c\tA-\tLo-", "4d\t-men\t-be", "4e\t.\tden", "=\t=\t=", "4f\t_\tHerrn", "4g\tsing\t.",
             spines="**kern **text **silbe"),
        lambda r: [
            (y.get("number"), y.findtext("syllabic"), y.findtext("text"))
            for y in r.iter("lyric")
        ]
        == [("1", "begin", "A"), ("2", "begin", "Lo"), ("1", "end", "men"), ("2", "end", "be"),
            ("2", "single", "den"), ("2", "single", "Herrn"), ("1", "single", "sing")]
        and len(list(r.iter("extend"))) == 1,
    ),
    "other spines (`**harm`, `**dynam`, `**fb`)": Case(
        kern(*(f"{cell}\tr\tp\t4 3" for cell in BAR), "==\t==\t==\t==",
             spines="**kern **harm **dynam **fb"),
        without=kern(*BAR, "=="),
    ),
    "spines that split, join, change places, end or are added": Case(
        two("*M4/4 *M4/4", "=1 =1", "4C 4c", "* *^", "4D 4d 4B", "4E 4e 4c", "* *v *v", "4F 4f",
            "= =", "*x *x", "1c 1C", "= =", "* *-", "*+", "* **kern", "1d 1a", "== =="),
        lambda r: [n for n, _ in notes_of(r, 1)]
        == [*[(s, 4) for s in "CDEF"], ("B", 3), ("C", 4), ("C", 4), ("D", 4)]
        and notes_of(r, 0) == [(None, 4), (None, 4), (("A", 4), 4)]
        and [n for n, _ in notes_of(r, 2)] == [*[(s, 3) for s in "CDEF"], ("C", 3), None]
        and [b.findtext("duration") for b in r.iter("backup")] == ["16"]
        and {n.findtext("voice") for n in r.iter("note")} == {"1", "2"},
    ),
    "notes that sound on over a bar line": Case(
        two("*M2/4 *M2/4", "4C 4c", "4D 2d", "= =", "4E .", "4F 4f", "== =="),
        lambda r: lengths_of(r, 0) == lengths_of(r, 1) == [2, 2]
        and [t.get("type") for t in r.iter("tie")] == ["start", "stop"],
    ),
    "music without bar lines": Case(
        kern(*BAR * 8),
        lambda r: lengths_of(r) == [4] * 8 and {s.text for s in r.iter("bar-style")} == {"none"},
        says="without bar lines",
    ),
    "title, composer, poet, rights (`!!!OTL`, `!!!COM`, `!!!LYR`, `!!!YEC`)": Case(
        b"!!!COM: Bach, Johann Sebastian\n!!!OPR: Chorales\n!!!OTL: Ach Gott\n!!!LYR: Luther\n"
        b"!!!YEC: free\n" + PLAIN,
        lambda r: has("work-title", "Ach Gott")(r)
        and has("creator", "Johann Sebastian Bach", "Luther")(r)
        and has("rights", "free")(r),
    ),
    "other records and comments": Case(
        b"!!!ONB: a note\n!! aside\n" + PLAIN.replace(b"4d\n", b"!LO:N:t=x\n4d\n! here\n"),
        without=PLAIN,
    ),
    "several pieces in one file": Case(
        b"!!!OTL: One\n" + PLAIN + b"!!!OTL: Two\n" + one("1g"),
        without=b"!!!OTL: One\n" + PLAIN,
        says="2 tunes",
    ),
    "UTF-16, Windows-1252, any line ends": Case(
        ("!!!OTL: Übung\n" + PLAIN.decode()).replace("\n", "\r\n").encode("utf-16"),
        has("work-title", "Übung"),
        without="!!!OTL: Übung\n".encode("cp1252") + PLAIN.replace(b"\n", b"\r"),
    ),
    "a line with too few columns": Case(two("4c 4d", "4e"), says="line 3 has 1 columns"),
    "a cell that is not a note": Case(one("4z"), says="line 4: '4z' is not a note"),
    "a file without kern": Case(b"**text\na\n*-\n", says="no .*kern spine"),
}  # fmt: skip


@pytest.mark.parametrize(("element", "becomes"), rows_of("Humdrum kern").items())
def test_a_row_of_the_table_of_kern(element, becomes):
    hold(kern_tree, becomes, KERN[element])


SCALE = played((60, 0, 480), (62, 480, 960), (64, 960, 1440), (65, 1440, 1920))


def chords_of(root):
    return [
        (n.findtext("pitch/step"), n.find("chord") is not None, n.findtext("voice"))
        for n in root.iter("note")
        if n.find("pitch") is not None
    ]


def words_of(root):
    return [(y.findtext("syllabic"), y.findtext("text")) for y in root.iter("lyric")]


def sung(*texts, kind="lyrics"):
    """A track of a scale whose notes have words, and a track of the words alone."""
    words = [MetaMessage(kind, text=text, time=480 if i else 0) for i, text in enumerate(texts)]
    return tracks(words, SCALE)


def spans(*rows):
    return midi(*played(*rows))


MIDI = {
    "notes at the nearest sixteenths or triplets": Case(
        spans((60, 0, 160), (62, 160, 320), (64, 320, 480), (65, 480, 600), (67, 600, 720),
              (69, 720, 960)),
        lambda r: [length for name, length in notes_of(r) if name]
        == [Fraction(1, 3)] * 3 + [Fraction(1, 4)] * 2 + [Fraction(1, 2)],
    ),
    "small gaps and overlaps": Case(
        spans((60, 0, 460), (62, 480, 990), (64, 960, 1430), (65, 1440, 1890)),
        without=midi(*SCALE),
    ),
    "notes off the beat": Case(
        spans((60, 0, 460), (62, 450, 990), (64, 985, 1430), (65, 1440, 1890)),
        without=midi(*SCALE), says="2 of 4 notes begin off the beat, by up to 0.06",
    ),
    "chords": Case(
        spans((60, 0, 960), (64, 0, 960), (62, 960, 1920), (65, 960, 1920)),
        lambda r: chords_of(r)
        == [("C", False, "1"), ("E", True, "1"), ("D", False, "1"), ("F", True, "1")],
    ),
    "two voices in one track": Case(
        spans((72, 0, 960), (64, 0, 480), (65, 480, 960), (71, 960, 1440), (72, 1440, 1920),
              (67, 960, 1920)),
        lambda r: chords_of(r)
        == [("C", False, "1"), ("B", False, "1"), ("C", False, "1"), ("E", False, "2"),
            ("F", False, "2"), ("G", False, "2")],
    ),
    "several channels in one track": Case(
        midi(
            Message("note_on", note=72, channel=0), Message("note_on", note=48, channel=1),
            Message("note_off", note=72, channel=0, time=1920),
            Message("note_off", note=48, channel=1),
        ),
        lambda r: [notes_of(r, part) for part in (0, 1)] == [[(("C", 5), 4)], [(("C", 3), 4)]],
    ),
    "notes that are never ended": Case(
        midi(*SCALE[:-1]), lambda r: [length for _, length in notes_of(r)] == [1, 1, 1, 1]
    ),
    "time signatures": Case(
        midi(
            MetaMessage("time_signature", numerator=3, denominator=4), *played((60, 0, 1440)),
            MetaMessage("time_signature", numerator=2, denominator=4), *played((62, 0, 960)),
        ),
        lambda r: lengths_of(r) == [3, 2] and has("beats", "3", "2")(r),
    ),
    "a pickup": Case(
        midi(
            MetaMessage("time_signature", numerator=1, denominator=4), *played((60, 0, 480)),
            MetaMessage("time_signature", numerator=4, denominator=4), *played((65, 0, 1920)),
        ),
        lambda r: [m.get("number") for m in r.iter("measure")] == ["0", "1"],
    ),
    "key signature": Case(
        midi(MetaMessage("key_signature", key="Eb"), *played((63, 0, 1920))),
        lambda r: has("fifths", "-3")(r) and notes_of(r)[0][0] == ("Eb", 4),
    ),
    "tempo": Case(
        midi(MetaMessage("set_tempo", tempo=500_000), *SCALE),
        lambda r: r.find(".//sound").get("tempo") == "120",
    ),
    "names of tracks and title": Case(
        tracks([MetaMessage("track_name", name="A Hymn")],
               [MetaMessage("track_name", name="Tune"), *SCALE]),
        lambda r: has("work-title", "A Hymn")(r) and has("part-name", "Tune")(r),
    ),
    "lyrics": Case(
        midi(MetaMessage("lyrics", text="A-"), *SCALE[:2], MetaMessage("lyrics", text="men "),
             *SCALE[2:4], MetaMessage("lyrics", text="so\r"), *SCALE[4:]),
        lambda r: words_of(r) == [("begin", "A"), ("end", "men"), ("single", "so")],
    ),
    "words of karaoke files": Case(
        sung("\\A", "ma", "zing ", "/grace", kind="text"),
        lambda r: words_of(r)
        == [("begin", "A"), ("middle", "ma"), ("end", "zing"), ("single", "grace")],
    ),
    "percussion (channel 10)": Case(
        tracks(played((36, 0, 480), channel=9), SCALE), without=midi(*SCALE), says="percussion"
    ),
    "controllers, programs, pressure, pitch bend, system messages, markers": Case(
        midi(
            Message("program_change", program=52), Message("control_change", control=7, value=90),
            Message("pitchwheel", pitch=100), Message("aftertouch", value=3),
            Message("polytouch", note=60, value=3), Message("sysex", data=(1, 2, 3)),
            MetaMessage("marker", text="A"), MetaMessage("copyright", text="free"), *SCALE,
        ),
        without=midi(*SCALE),
    ),
    "a damaged track": Case(
        midi(*SCALE)[:-6] + b"\x00\xf0\xff\xff\xff\x7f", without=midi(*SCALE), says="damaged"
    ),
    "time in seconds": Case(midi(*SCALE, ticks=-7400), says="in seconds"),
    "no ticks in a beat": Case(midi(*SCALE)[:12] + b"\0\0" + midi(*SCALE)[14:], says="no ticks"),
}  # fmt: skip


@pytest.mark.parametrize(("element", "becomes"), rows_of("MIDI").items())
def test_a_row_of_the_table_of_midi(element, becomes):
    hold(midi_tree, becomes, MIDI[element])


def test_every_case_is_in_the_tables():
    assert KERN.keys() == rows_of("Humdrum kern").keys()
    assert MIDI.keys() == rows_of("MIDI").keys()
