"""Scores to test on: Bach's own, and a made-up tune that has one of everything."""

import importlib.util
from fractions import Fraction
from pathlib import Path

import numpy as np

from bachbot.chorale import REST, VOICES, Chorale
from bachbot.scores import load_score

BACH = Path(importlib.util.find_spec("music21").origin).parent / "corpus" / "bach"
EXAMPLES = Path(__file__).parents[2] / "corpus" / "examples"

# Pickups, split bars, 3/4, 3/2, changing meter, rests, ties over bar lines, minor, sharps, flats.
CHORALES = (
    "bwv66.6", "bwv4.8", "bwv10.7", "bwv121.6", "bwv153.1", "bwv171.6", "bwv227.1", "bwv245.37",
    "bwv253", "bwv276", "bwv304", "bwv324", "bwv371", "bwv374", "bwv48.3", "bwv60.5",
)  # fmt: skip

EVERYTHING = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN"
 "http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="3.1">
 <work><work-title>One of Everything</work-title></work>
 <identification><creator type="composer">A. Nonymous</creator>
  <creator type="lyricist">N. O. Body</creator><rights>free</rights></identification>
 <part-list><score-part id="V"><part-name>Voice</part-name></score-part></part-list>
 <part id="V">
  <measure number="0" implicit="yes" width="120">
   <print new-page="yes"/>
   <attributes><divisions>12</divisions><key><fifths>-1</fifths><mode>major</mode></key>
    <time><beats>3</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef>
   </attributes>
   <direction placement="above"><direction-type><words>Andante</words></direction-type>
    <sound tempo="84"/></direction>
   <note default-x="30"><pitch><step>C</step><octave>5</octave></pitch><duration>12</duration>
    <voice>1</voice><type>quarter</type><stem>down</stem>
    <lyric number="1"><syllabic>single</syllabic><text>Oh</text></lyric>
    <lyric number="2"><syllabic>single</syllabic><text>Ah</text></lyric></note>
  </measure>
  <measure number="1">
   <barline location="left"><bar-style>heavy-light</bar-style>
    <repeat direction="forward"/></barline>
   <harmony><root><root-step>F</root-step></root><kind>major</kind></harmony>
   <note><grace slash="yes"/><pitch><step>G</step><octave>4</octave></pitch><voice>1</voice>
    <type>eighth</type></note>
   <note><pitch><step>A</step><octave>4</octave></pitch><duration>4</duration><voice>1</voice>
    <type>eighth</type><time-modification><actual-notes>3</actual-notes>
    <normal-notes>2</normal-notes></time-modification><beam number="1">begin</beam>
    <notations><slur type="start" number="1"/><tuplet type="start"/></notations>
    <lyric number="1"><syllabic>begin</syllabic><text>sing</text></lyric></note>
   <note><pitch><step>B</step><alter>-1</alter><octave>4</octave></pitch><duration>4</duration>
    <voice>1</voice><type>eighth</type><time-modification><actual-notes>3</actual-notes>
    <normal-notes>2</normal-notes></time-modification><beam number="1">continue</beam></note>
   <note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration><voice>1</voice>
    <type>eighth</type><time-modification><actual-notes>3</actual-notes>
    <normal-notes>2</normal-notes></time-modification><beam number="1">end</beam>
    <notations><slur type="stop" number="1"/><tuplet type="stop"/></notations></note>
   <note><pitch><step>D</step><octave>5</octave></pitch><duration>24</duration>
    <tie type="start"/><voice>1</voice><type>half</type><notations><tied type="start"/>
    <articulations><accent/></articulations></notations>
    <lyric number="1"><syllabic>end</syllabic><text>ing</text><extend/></lyric></note>
  </measure>
  <measure number="2">
   <barline location="left"><ending number="1" type="start"/></barline>
   <note><pitch><step>D</step><octave>5</octave></pitch><duration>12</duration>
    <tie type="stop"/><voice>1</voice><type>quarter</type>
    <notations><tied type="stop"/></notations></note>
   <note><rest/><duration>12</duration><voice>1</voice><type>quarter</type></note>
   <barline location="right"><bar-style>light-heavy</bar-style><ending number="1" type="stop"/>
    <repeat direction="backward"/></barline>
  </measure>
  <measure number="3">
   <barline location="left"><ending number="2" type="start"/></barline>
   <note><pitch><step>D</step><octave>5</octave></pitch><duration>12</duration>
    <tie type="stop"/><voice>1</voice><type>quarter</type>
    <notations><tied type="stop"/></notations></note>
   <note><pitch><step>C</step><alter>1</alter><octave>5</octave></pitch><duration>3</duration>
    <voice>1</voice><type>16th</type><accidental>sharp</accidental></note>
   <note><pitch><step>D</step><octave>5</octave></pitch><duration>9</duration><voice>1</voice>
    <type>eighth</type><dot/></note>
   <note><pitch><step>C</step><octave>5</octave></pitch><duration>12</duration><voice>1</voice>
    <type>quarter</type><accidental>natural</accidental></note>
   <barline location="right"><ending number="2" type="discontinue"/></barline>
  </measure>
  <measure number="4">
   <attributes><key><fifths>1</fifths></key>
    <time><beats>2</beats><beat-type>4</beat-type></time></attributes>
   <note><pitch><step>B</step><octave>4</octave></pitch><duration>24</duration><voice>1</voice>
    <type>half</type></note>
  </measure>
  <measure number="5">
   <note><pitch><step>A</step><octave>4</octave></pitch><duration>18</duration><voice>1</voice>
    <type>quarter</type><dot/></note>
   <note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch><duration>6</duration>
    <voice>1</voice><type>eighth</type></note>
  </measure>
  <measure number="6">
   <note><pitch><step>G</step><octave>4</octave></pitch><duration>24</duration><voice>1</voice>
    <type>half</type><notations><fermata type="upright"/></notations></note>
   <barline location="right"><bar-style>light-heavy</bar-style></barline>
  </measure>
 </part>
</score-partwise>
"""


def quietly(path, **options):
    """Load a score, whatever its notices."""
    return load_score(path, **options)


def load_clean(path, **options):
    """Load a score about which there is nothing to notice."""
    score = load_score(path, **options)
    assert score.notices == ()
    return score


def notices_of(path, **options):
    """The messages of a score's notices, by kind."""
    return {notice.kind: notice.message for notice in load_score(path, **options).notices}


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


def bach(name, voices=VOICES):
    """A chorale of the corpus."""
    return quietly(BACH / f"{name}.mxl", voices=voices)


def followed(chorale):
    """The chorale with alto, tenor and bass in parallel below its soprano."""
    pitch, tied = chorale.pitch.copy(), chorale.tied.copy()
    for voice, below in ((1, 5), (2, 9), (3, 17)):
        pitch[:, voice] = np.where(pitch[:, 0] == REST, REST, pitch[:, 0] - below)
        tied[:, voice] = tied[:, 0]
    return Chorale(
        pitch, tied, chorale.fermata, chorale.meter, chorale.key, position=chorale.position
    )
