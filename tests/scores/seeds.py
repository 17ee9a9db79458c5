"""Good files of every format, from which damaged ones are made (`fuzz.py`)."""

from pathlib import Path

from bachbot.scores import load_score, render
from bachbot.scores.readers.source import INPUT_FORMATS

EXAMPLES = Path(__file__).parents[2] / "corpus" / "examples"

ABC = r"""%abc-2.1
% a file header
U:T=!trill!

X:1
T:Every element
C:Nobody
M:6/8
L:1/8
Q:"Slow" 3/8=60
V:1 name="Soprano" clef=treble
V:2 name="Bass" clef=bass transpose=-12
K:Dmix exp ^g
[V:1] |: "D"A2 (3Bcd {ef}g>a | [Ace]2 z Hd3 :|1 !D.C.!A6 :|2 B6 & c6 ||
w: la la-la _ * | lo~lo lo- - lo
+: la la
[V:2] |: D,6 | A,6 :|1 D,6 :|2 B,6 ||
%%begintext
Words that are no music
%%endtext
[K:G][M:3/4] G2 A2 B2- | B4 x2 | Z2 |]

X:2
T:Another
M:C|
K:Am
A>B c<d | (ef) .g ~a |]
"""

KERN = """!!!COM: Nobody
!!!OTL: Every element
**kern\t**kern\t**text\t**dynam
*Ibass\t*Isoprn\t*\t*
*I"Bass\t*I"Soprano\t*\t*
*clefF4\t*clefG2\t*\t*
*k[f#]\t*k[f#]\t*\t*
*G:\t*G:\t*\t*
*M3/4\t*M3/4\t*\t*
=0-\t=0-\t=0-\t=0-
4G\t4g\tla\tp
=1\t=1\t=1\t=1
*\t*^\t*\t*
4G\t8.g\t4d\tlo-\t.
.\t16a\t.\t-la\t.
4A\t[4b\t4d\tla\tf
4B;\t4b]\t4d\t.\t.
*\t*v\t*v\t*\t*
=2:|!\t=2:|!\t=2:|!\t=2:|!
4C 4E\t(6cc\tlo\t.
.\t6dd\t.\t.
4r\t6ee)\t.\t.
2D\tqff\t.\t.
.\t2f#;\tlo\t.
==\t==\t==\t==
*-\t*-\t*-\t*-
"""


def good_files() -> dict[str, list[bytes]]:
    """Files by format: the examples, what is written of one, and tunes with every element."""
    score = load_score(EXAMPLES / "silent-night.musicxml")
    good = {
        "musicxml": [render(score, "musicxml")],
        "mxl": [render(score, "mxl")],
        "midi": [render(score, "midi")],
        "abc": [ABC.encode(), ABC.replace("\n", "\r\n").encode("utf-16")],
        "kern": [KERN.encode()],
    }
    for path in sorted(EXAMPLES.iterdir()):
        if path.suffix in INPUT_FORMATS:
            good[INPUT_FORMATS[path.suffix]].append(path.read_bytes())
    return good
