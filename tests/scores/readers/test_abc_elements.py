"""What becomes of each element of ABC 2.1, as the table in ``tests/scores/README.md`` says."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import pytest

from bachbot.errors import ScoreError
from bachbot.scores.readers.abc.abc_reader import abc_tree, abc_tunes
from bachbot.scores.readers.document import read_document

README = Path(__file__).parents[1] / "README.md"
KEPT, SILENT, SAID, REFUSED = (
    "kept", "passed over in silence", "passed over and said", "refused",
)  # fmt: skip

HEAD = "X:1\nT:Tune\nM:4/4\nL:1/4\n"
PLAIN = "C D E F | G4 |]\n"
KEY = HEAD + "K:C\n"


@dataclass(frozen=True)
class Kept:
    """A tune, what is looked at in it, and what is found."""

    text: str
    look: Callable[[Element], object]
    found: object


def notes(root: Element) -> list[tuple[float, float, int]]:
    """Start, length and MIDI pitch of each note of the first line."""
    line = read_document(root).lines[0]
    return [(float(n.start), float(n.length), n.pitch) for n in line.notes]


def pitches(root: Element) -> list[int]:
    return [pitch for _, _, pitch in notes(root)]


def lengths(root: Element) -> list[float]:
    return [length for _, length, _ in notes(root)]


def texts(path: str) -> Callable[[Element], object]:
    return lambda root: [element.text for element in root.iterfind(path)]


def tags(path: str) -> Callable[[Element], object]:
    return lambda root: [element.tag for element in root.iterfind(path)]


def given(path: str, name: str) -> Callable[[Element], object]:
    return lambda root: [element.get(name) for element in root.iterfind(path)]


def starts(path: str) -> Callable[[Element], object]:
    """Whether each note of the part has such an element."""
    return lambda root: [note.find(path) is not None for note in root.iter("note")]


def bar_lengths(root: Element) -> list[float]:
    return [float(bar.length) for bar in read_document(root).bars]


def tied(root: Element) -> list[tuple[str | None, list[str | None]]]:
    return [
        (note.findtext("pitch/step"), [t.get("type") for t in note.findall("tie")])
        for note in root.iter("note")
    ]


def music(text: str, head: str = KEY) -> str:
    return f"{head}{text}\n"


CASES: dict[str, Kept | tuple[str, str] | str] = {
    # Files and lines
    "`X:` reference number": Kept(KEY + PLAIN, lambda _: abc_tunes(KEY.encode())[0].number, 1),
    "several tunes": KEY + PLAIN + "\nX:2\nK:G\nGABc|\n",
    "file header: `M:`, `L:`, `U:`, `C:` before the first `X:`": Kept(
        "M:3/4\nL:1/2\nC:Anon.\n\nX:1\nK:C\nCDE|\n",
        lambda r: (texts(".//beats")(r), lengths(r), texts(".//creator")(r)),
        (["3"], [2.0, 2.0, 2.0], ["Anon."]),
    ),
    "free text between tunes": (KEY + PLAIN, "A Dance Book\n\n" + KEY + PLAIN + "\nGood Cheer!\n"),
    "`%%begintext`, `%%beginps`, `%%beginsvg` to `%%end...`": (
        KEY + PLAIN,
        KEY + "%%begintext\nA Bad Egg\n\nFed a Cab\n%%endtext\n" + PLAIN + "%%beginps\nC D\n",
    ),
    "`%` comments": (KEY + PLAIN, KEY + "% A comment\n" + PLAIN.replace("|]", "|] % DEAD")),
    "empty line, which ends a tune": (KEY + PLAIN, KEY + PLAIN + "\nC C C C |]\n"),
    "`\\` at the end of a line": (KEY + PLAIN, KEY + "C D E F |\\\nG4 |]\n"),
    "`$`, `!` as line breaks": (KEY + PLAIN, KEY + "C D E F |$\nG4 |]!\n"),
    "backquotes, `y` as space": (KEY + PLAIN, KEY + "C`` D y E y3 F | G4 |]\n"),
    "`%%abc-charset`, byte order marks": Kept(
        "%%abc-charset iso-8859-2\n" + KEY.replace("Tune", "Pěkná") + PLAIN,
        texts("work/work-title"),
        ["Pěkná"],
    ),
    "escapes such as `\\'e`, `&eacute;`, `\\u00e9`": Kept(
        KEY.replace("Tune", "\\'e&eacute;\\u00e9\\ss") + PLAIN, texts("work/work-title"), ["éééß"]
    ),
    # Fields
    "`T:` title, the first": Kept(KEY + PLAIN, texts("work/work-title"), ["Tune"]),
    "`C:` composer": Kept("X:1\nC:Anon.\nK:C\nC\n", texts(".//creator"), ["Anon."]),
    "`A:`, `B:`, `D:`, `F:`, `G:`, `H:`, `N:`, `O:`, `R:`, `S:`, `Z:`, `r:`": (
        KEY + PLAIN,
        HEAD + "".join(f"{letter}:a note\n" for letter in "ABDFGHNORSZr") + "K:C\n" + PLAIN,
    ),
    "`M:` meter": Kept(
        music("C3 | [M:2/4] C2 |", "X:1\nM:3/4\nL:1/4\nK:C\n"),
        lambda r: (texts(".//beats")(r), texts(".//beat-type")(r)),
        (["3", "2"], ["4", "4"]),
    ),
    "`M:C`, `M:C|`": Kept(
        music("C4 | [M:C|] C4 |", "X:1\nM:C\nL:1/4\nK:C\n"),
        given(".//time", "symbol"),
        ["common", "cut"],
    ),
    "`M:` sums such as `2+3/8`": Kept(
        music("C5", "X:1\nM:2+3/8\nL:1/8\nK:C\n"), texts(".//beats"), ["5"]
    ),
    "`M:none`": Kept(music("C7 | C |", "X:1\nM:none\nL:1/4\nK:C\n"), bar_lengths, [7.0, 1.0]),
    "`L:` unit note length": Kept(music("C [L:1/8] C"), lengths, [1.0, 0.5]),
    "`Q:` tempo": Kept(
        music(PLAIN, HEAD + 'Q:"Andante" 3/8=40\nK:C\n'),
        lambda r: (texts(".//words")(r), given(".//sound", "tempo")(r)),
        (["Andante"], ["60"]),
    ),
    "`K:` key and mode": Kept(
        music("F c f", HEAD + "K:D dorian\n"),
        lambda r: (texts(".//fifths")(r), texts(".//mode")(r)),
        (["0"], ["dorian"]),
    ),
    "`K:` with accidentals, `exp`": Kept(
        music("F B C", HEAD + "K:D exp ^f _b\n"), pitches, [66, 70, 60]
    ),
    "`K:HP`, `K:Hp`": Kept(music("F C G", HEAD + "K:HP\n"), pitches, [66, 61, 67]),
    "`K:none`, `K:` empty": Kept(music("F", HEAD + "K:none\n"), texts(".//fifths"), ["0"]),
    "`K:` that changes the key": Kept(
        music("F | [K:G] F | [K:clef=bass] F"), pitches, [65, 66, 66]
    ),
    "`V:` voices, with their names": Kept(
        KEY + 'V:1 name="Lead"\nV:2 nm=Low\n[V:1] c4 |\n[V:2] C4 |\n',
        lambda r: (texts(".//part-name")(r), pitches(r)),
        (["Lead", "Low"], [72]),
    ),
    "`V:S`, `V:A`, `V:T`, `V:B` without names": Kept(
        KEY + "".join(f"V:{i}\nC4|\n" for i in "BTAS"), texts(".//part-name"), ["B", "T", "A", "S"]
    ),
    "`clef=`": Kept(
        music("C,4", HEAD + "K:C clef=bass\n"),
        lambda r: (texts(".//clef/sign")(r), pitches(r)),
        (["F"], [48]),
    ),
    "`clef=treble-8`, `+8`: an octave lower or higher": Kept(
        music("C4", HEAD + "K:C clef=treble-8\n"),
        lambda r: (texts(".//clef-octave-change")(r), pitches(r)),
        (["-1"], [48]),
    ),
    "`octave=`": Kept(music("C4", HEAD + "K:C octave=-1\n"), pitches, [48]),
    "`transpose=`, at concert pitch and said": Kept(
        music("D F ^G d", HEAD + "K:D transpose=-2\n"),
        lambda r: (pitches(r), texts(".//fifths")(r)),
        ([60, 64, 66, 72], ["0"]),
    ),
    "`clef=perc`": KEY + "V:1\nC4|\nV:2 clef=perc\nF4|\n",
    "`middle=`, `stafflines=`, `stem=`, `subname=`": (
        KEY + "V:1\n" + PLAIN,
        KEY + "V:1 middle=d stafflines=5 stem=up subname=S.\n" + PLAIN,
    ),
    "`%%score`, `%%staves`: order of the voices": Kept(
        HEAD + "%%score (1 2) (3)\nK:C\nV:3\nE4|\nV:2\nD4|\nV:1\nC4|\n",
        texts(".//pitch/step"),
        ["C", "D", "E"],
    ),
    "voices that `%%score` leaves out": HEAD + "%%score 1\nK:C\nV:1\nC4|\nV:2\nD4|\n",
    "`P:` before `K:`, an order of the parts": HEAD + "P:AAB\nK:C\n" + PLAIN,
    "`P:` in the music": (KEY + PLAIN, KEY + "P:A\n" + PLAIN),
    "`w:` words, any number of verses": Kept(
        KEY + "C D E F | G4 |]\nw: Al-le-lu-ia *\nw: one~two * * * _\n",
        lambda r: (texts(".//lyric[@number='1']/text")(r), texts(".//lyric[@number='2']/text")(r)),
        (["Al", "le", "lu", "ia"], ["one two"]),
    ),
    "`w:` under several lines of music": Kept(
        KEY + "C D\nE F |]\nw: one two three four\n",
        texts(".//lyric/text"),
        ["one", "two", "three", "four"],
    ),
    "`+:` continues a field": Kept(
        KEY + "C D E F |]\nw: one two\n+: three four\n",
        texts(".//lyric/text"),
        ["one", "two", "three", "four"],
    ),
    "`W:` words below the tune": (KEY + PLAIN, KEY + PLAIN + "W: A second verse\n"),
    "`s:` symbol lines": Kept(
        KEY + "C D E F |]\ns: * !fermata! *\n", starts(".//fermata"), [False, True, False, False]
    ),
    "`U:` redefined symbols": Kept(
        music("C WD", HEAD + "U:W=!fermata!\nK:C\n"), starts(".//fermata"), [False, True]
    ),
    "`m:` macros": HEAD + "m:~G3=G{A}G{F}G\nK:C\n" + PLAIN,
    "`I:propagate-accidentals`": Kept(
        music("^F F f", HEAD + "I:propagate-accidentals octave\nK:C\n"), pitches, [66, 66, 77]
    ),
    "`I:linebreak !`": (
        KEY + "C D f E F | G4 |]\n",
        HEAD + "I:linebreak !\nK:C\nC D !f! E F | G4 |]!\n",
    ),
    "other `I:` and `%%` directives": (
        KEY + PLAIN, HEAD + "%%scale 0.7\nI:papersize A4\nK:C\n%%MIDI program 1\n" + PLAIN,
    ),
    "inline fields such as `[K:G]`": Kept(
        music("F [K:G] F [r:A Fed Cab] F"), pitches, [65, 66, 66]
    ),
    # Music
    "notes, octave marks": Kept(music("C, C c c'"), pitches, [48, 60, 72, 84]),
    "accidentals, to the end of the bar in all octaves": Kept(
        music("^F f =F __E | F"), pitches, [66, 78, 65, 62, 65]
    ),
    "lengths": Kept(music("C2 C/ C// C3/2"), lengths, [2.0, 0.5, 0.25, 1.5]),
    "lengths such as `C/3`, as tuplets": Kept(
        music("C/3D/3E/3"), texts(".//actual-notes"), ["3", "3", "3"]
    ),
    "broken rhythm": Kept(
        music("C>D E<<F"), lengths, [1.5, 0.5, 0.25, 1.75]
    ),
    "rests `z`, `x`": Kept(music("C z D x2"), notes, [(0.0, 1.0, 60), (2.0, 1.0, 62)]),
    "rests of whole bars `Z`, `X`": Kept(music("C4|Z2|C4|"), bar_lengths, [4.0] * 4),
    "`Z` beside notes in a bar, as the rest that is missing there, said": Kept(
        music("C2 Z D|C2 Z|E4|"),
        lambda r: (notes(r), bar_lengths(r)),
        ([(0.0, 2.0, 60), (3.0, 1.0, 62), (4.0, 2.0, 60), (8.0, 4.0, 64)], [4.0] * 3),
    ),
    "chords": Kept(music("[CEG]4"), texts(".//pitch/step"), ["C", "E", "G"]),
    "chords of unequal lengths: as long as the first note": Kept(
        music("[C2E4]3"), lengths, [6.0]
    ),
    "ties": Kept(music("C4-|C4"), tied, [("C", ["start"]), ("C", ["stop"])]),
    "ties of some notes of a chord": Kept(
        music("[C-E]4|[CF]4"), tied, [("C", ["start"]), ("E", []), ("C", ["stop"]), ("F", [])]
    ),
    "slurs": Kept(music("(C D) E"), given(".//slur", "type"), ["start", "stop"]),
    "dotted slurs and ties, as plain ones": Kept(
        music(".(C D) E.-E"), lambda r: (given(".//slur", "type")(r), given(".//tie", "type")(r)),
        (["start", "stop"], ["start", "stop"]),
    ),
    "grace notes, without a slash": Kept(
        music("{/gf}C4"), lambda r: (starts("grace")(r), notes(r)),
        ([True, True, False], [(0.0, 4.0, 60)]),
    ),
    "tuplets `(3`, `(3:2:4`": Kept(
        music("(3CDE (3:2:2F2G (2CD"), lengths, [2 / 3, 2 / 3, 2 / 3, 4 / 3, 2 / 3, 1.5, 1.5]
    ),
    "bar lines `||`, `|]`, `[|`": Kept(
        music("C4 || C4 |]"), texts(".//bar-style"), ["light-light", "light-heavy"]
    ),
    "invisible and dotted bar lines `[|]`, `.|`, as plain ones": Kept(
        music("C4 [|] D4 .| E4 |"), bar_lengths, [4.0, 4.0, 4.0]
    ),
    "repeats `|:`, `:|`, `::`": Kept(
        music("|: C4 :: D4 :|"), given(".//repeat", "direction"),
        ["forward", "backward", "forward", "backward"],
    ),
    "endings `[1`, `|2`, `[1,3`": Kept(
        music("C4 |1,3 D4 :|2 E4 |]"), given(".//ending[@type='start']", "number"), ["1,3", "2"]
    ),
    "a line of music that ends with a full bar, which ends the bar": Kept(
        music("C D E F\nG4 |]"), bar_lengths, [4.0, 4.0]
    ),
    "chord symbols": Kept(
        music('"F#m7/C#"C4'),
        lambda r: (texts(".//root-step")(r), texts(".//kind")(r), texts(".//bass-step")(r)),
        (["F"], ["minor-seventh"], ["C"]),
    ),
    'annotations such as `"^text"`': Kept(
        music('"^A Fed Cab"C4 | "_Chor"D4 | "@-1.5,3 E"E4 | "^"F4 |'),
        lambda r: (
            texts(".//words")(r), [d.get("placement") for d in r.iter("direction")], pitches(r),
        ),
        (["A Fed Cab", "Chor", "E"], ["above", "below", "above"], [60, 62, 64, 65]),
    ),
    "`!fermata!`, `H`, `!invertedfermata!`": Kept(
        music("HC !invertedfermata!D"), given(".//fermata", "type"), ["upright", "inverted"]
    ),
    "a fermata over a bar line": Kept(music("C4 !fermata!|"), tags(".//barline/*"), ["fermata"]),
    "`.`, `!tenuto!`, `!accent!`, `!marcato!`, `!wedge!`, `!breath!`": Kept(
        music(".C !tenuto!C LC !^!C !wedge!C !breath!C"),
        tags(".//articulations/*"),
        ["staccato", "tenuto", "accent", "strong-accent", "staccatissimo", "breath-mark"],
    ),
    "`T`, `M`, `P`, `!turn!`, `!invertedturn!`": Kept(
        music("TC MC PC !turn!C !invertedturn!C"),
        tags(".//ornaments/*"),
        ["trill-mark", "mordent", "inverted-mordent", "turn", "inverted-turn"],
    ),
    "`u`, `v`: bows": Kept(music("uC vC"), tags(".//technical/*"), ["up-bow", "down-bow"]),
    "`!segno!`, `!coda!`, `!fine!`, `!D.C.!`, `!D.S.!`, `!dacoda!` and their kin": Kept(
        music("!segno!C4 | D4 !fine!| !coda!E4 !D.C.alfine!|]"),
        lambda r: [sorted(s.attrib) for s in r.iter("sound")],
        [["segno"], ["fine"], ["coda"], ["dacapo"]],
    ),
    "`!p!` to `!ffff!`, `!sfz!`": Kept(music("!mf!C4 !p!D"), tags(".//dynamics/*"), ["mf", "p"]),
    "`!crescendo(!`, `!diminuendo(!`": Kept(
        music("!<(!C !<)!D !>(!E !>)!F"), given(".//wedge", "type"),
        ["crescendo", "stop", "diminuendo", "stop"],
    ),
    "decorations in the old form `+trill+`": Kept(
        music("+trill+C"), tags(".//ornaments/*"), ["trill-mark"]
    ),
    "`~`, `!slide!`, `!arpeggio!`, `!plus!`, `!open!`, `!thumb!`, fingers, phrase marks": (
        KEY + PLAIN,
        KEY + "~C !slide!D !3!E !shortphrase!F | !arpeggio!G4 |]\n",
    ),
    "`&` overlays": KEY + "C D E F & G G G G | G4 |]\n",
    "no `K:`: read without sharps and flats": HEAD + PLAIN,
    "an `M:` that is no meter": HEAD.replace("4/4", "4/x") + "K:C\n" + PLAIN,
    "an `L:` that is no length": HEAD + "L:a quarter\nK:C\n" + PLAIN,
    "a `K:` that is no key": HEAD + "K:H\n" + PLAIN,
    "words in `w:` beyond the notes, or fewer than they are": KEY + PLAIN + "w: a b c d e f\n",
    "a line of words within the music": KEY + PLAIN + "as sung by a choir of boys\n",
    # What cannot be read
    "words in place of music": KEY + "Dear choir, please sing this on Sunday.\n",
    "no notes": KEY + "|]\n",
    "a key of more than seven accidentals": HEAD + "K:G# lydian\n" + PLAIN,
    "a note of no length": music("C0"),
    "a length of more than four figures": music("C99999"),
    "a note outside MIDI": music("C,,,,,,,"),
    "more than 32 verses": KEY + PLAIN + "w: la\n" * 33,
}  # fmt: skip


def table() -> dict[str, str]:
    """Element and what becomes of it, in the README's section of ABC."""
    section = README.read_text(encoding="utf-8").split("\n## ABC 2.1\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (kept|passed [a-z ]+|refused) \|$", section, re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def test_each_row_has_a_case_and_each_case_a_row():
    assert list(table()) == [name.replace("|", "\\|") for name in CASES]


@pytest.mark.parametrize("name", CASES)
def test_element(name):
    fate, case = table()[name.replace("|", "\\|")], CASES[name]
    if isinstance(case, Kept):
        content = case.text.encode("iso-8859-2" if "iso-8859-2" in case.text else "utf-8")
        root, notices = abc_tree(content)
        assert fate == KEPT
        assert case.look(root) == case.found
        assert len(notices) == ("said" in name)
    elif isinstance(case, tuple):
        (plain, none), (root, notices) = (abc_tree(text.encode()) for text in case)
        assert fate == SILENT
        assert none == notices == ()
        assert tostring(root) == tostring(plain)
    elif fate == SAID:
        root, notices = abc_tree(case.encode())
        assert len(notices) == 1
        assert len(pitches(root)) in (1, 5)
    else:
        assert fate == REFUSED
        with pytest.raises(ScoreError, match=r"^[^\n]+: [^\n]+$"):
            abc_tree(case.encode())
