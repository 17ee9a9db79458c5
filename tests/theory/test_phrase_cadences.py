"""Cadences by their key, and a piece explained."""

import json
from dataclasses import replace

import numpy as np
import pytest
from progressions_made import A, C, piece

from bachbot.chorale import Chorale, Key, Voice
from bachbot.theory.analysis import analyze
from bachbot.theory.cadence import final_cadence, phrase_cadences
from bachbot.theory.explanation import explain, find_faults


def close(*voices, key=C):
    chorale = piece(*voices, key=key)
    [found] = phrase_cadences(chorale, analyze(chorale))
    return found


@pytest.mark.parametrize(
    ("voices", "key", "kind"),
    [
        (("E5 D5 D5 C5", "G4 A4 G4 G4", "C4 C4 B3 E4", "C4 F3 G3 C3"), C, "perfect"),
        (("E5 F5 D5 E5", "G4 A4 G4 G4", "C4 C4 B3 C4", "C3 F3 G3 C3"), C, "imperfect"),
        (("E5 D5 C5", "C5 B4 G4", "G4 F4 E4", "C3 D3 C3"), C, "imperfect"),
        (("E5 F5 E5", "C5 C5 C5", "G4 A4 G4", "C3 F3 C3"), C, "plagal"),
        (("E5 F5 D5", "G4 A4 G4", "C4 C4 B3", "C3 F3 G3"), C, "half"),
        (("C5 A4 B4", "E4 D4 E4", "A3 A3 G#3", "A3 F3 E3"), A, "phrygian"),
        (("C5 D5 B4", "A4 A4 G#4", "E4 F4 E4", "A3 D3 E3"), A, "half"),
        (("E5 F5 D5 C5", "G4 A4 G4 A4", "C4 C4 B3 E4", "C3 F3 G3 A3"), C, "deceptive"),
        (("C5 D5 B4 C5", "A4 A4 G#4 A4", "E4 F4 E4 C4", "A3 D3 E3 F3"), A, "deceptive"),
        (("C5 D5 B4 A4", "A4 A4 G#4 E4", "E4 F4 E4 C#4", "A3 D3 E3 A2"), A, "perfect"),
        (("C5 C5", "G4 G4", "E4 E4", "C3 C3"), C, "none"),
    ],
)
def test_known_cadences(voices, key, kind):
    assert close(*voices, key=key).kind == kind


def test_a_piece_closes_at_home_though_its_last_phrase_has_gone_elsewhere():
    chorale = piece(
        "F#5 E5 C#5 D5 F#5 F#5 E5 D5 C#5",
        "A4 B4 A4 F#4 A#4 C#5 B4 B4 A#4",
        "D4 E4 E4 D4 F#4 F#4 F#4 F#4 F#4",
        "D3 G3 A3 D3 F#3 A#2 B2 B2 F#2",
        key=Key("F#", "minor"),
        fermatas=((12, 16),),
    )
    first, last = phrase_cadences(chorale, analyze(chorale))
    assert (str(first.key), first.kind) == ("D major", "perfect")
    assert (str(last.key), last.kind) == ("F# minor", "plagal")
    assert last.chords[-1].key == Key("B", "minor")  # its chords are named as they are heard
    elsewhere = replace(chorale, key=Key("D", "major"))
    assert phrase_cadences(elsewhere, analyze(elsewhere))[-1].kind == "half"


def test_a_suspension_under_the_fermata_does_not_hide_the_cadence():
    found = close("E5 D5 C5:2", "C5 B4 G4:2", "G4 F4:2 E4", "C3 G3 C3:2")
    assert found.kind == "perfect"
    assert found.frame == 8


def test_a_bass_that_walks_on_does_not_hide_the_cadence():
    found = close("E5 D5 C5:2", "C5 B4 G4:2", "G4 F4 E4:2", "C3 G3 C3 E3")
    assert (found.kind, [h.text for h in found.chords]) == ("perfect", ["V7", "I"])


def test_each_phrase_closes_in_its_own_key():
    chorale = piece(
        "E5 F5 E5 D5 D5 B4 C5 A4 G4:2 G4 A4 B4 C5:2",
        "G4 A4 G4 G4 A4 G4 G4 F#4 D4:2 E4 F4 G4 G4:2",
        "C4 C4 C4 B3 D4 D4 E4 D4:.5 C4:.5 B3:2 C4 C4 D4 E4:2",
        "C4 F3 C3 G3 F#3 G3 C3 D3 G2:2 C3 F3 G3 C3:2",
        fermatas=((32, 40),),
    )
    found = phrase_cadences(chorale, analyze(chorale))
    assert [(str(c.key), c.kind, c.end) for c in found] == [
        ("G major", "perfect", 39),
        ("C major", "perfect", 59),
    ]


@pytest.mark.slow
def test_bach_closes_as_his_last_chords_say(corpus):
    """`final_cadence`, which looks at two chords alone, finds the same where it finds one."""
    same = told = 0
    for found in corpus.pieces[::12]:
        chorale = found.chorale
        last = phrase_cadences(chorale, analyze(chorale))[-1]
        kind = final_cadence(chorale).kind
        if kind != "none" and last.key == chorale.key:
            told += 1
            same += (last.kind if last.kind != "phrygian" else "half") == kind
    assert told > 25
    assert same >= 0.9 * told


@pytest.mark.slow
def test_most_of_bachs_phrases_close_on_a_cadence(corpus):
    kinds = [
        c.kind for p in corpus.pieces[5::16] for c in phrase_cadences(p.chorale, analyze(p.chorale))
    ]
    assert len(kinds) > 100
    assert kinds.count("none") < 0.05 * len(kinds)
    assert kinds.count("perfect") > 0.4 * len(kinds)


def test_an_explanation_is_plain_data(corpus):
    found = explain(corpus.pieces[0].chorale)
    data = json.loads(json.dumps(found.to_json()))
    assert data == found.to_json()
    assert data["key"] == str(found.chorale.key)
    assert len(data["chords"]) == len(found.harmonies) > 20
    assert len(data["cadences"]) == len(found.phrase_cadences)
    assert len(data["faults"]) == len(found.faults)
    starts = found.chorale.bar_starts
    for chord in data["chords"]:
        start = starts[chord["bar"] - (found.chorale.position[0] == 0)]
        begin = start - found.chorale.position[start]
        assert chord["frame"] == begin + (chord["beat"] - 1) * found.chorale.meter.beat_frames


def test_bars_count_from_the_first_full_one():
    chorale = piece("E5 D5 C5:2 C5", "C5 B4 G4:2 G4", "G4 F4 E4:2 E4", "C3 G3 C3:2 C3")
    assert [explain(chorale).position(f) for f in (0, 4, 16)] == [(1, 1), (1, 2), (2, 1)]
    upbeat = replace(chorale, meter=replace(chorale.meter, pickup=4), position=None)
    assert [explain(upbeat).position(f) for f in (0, 4, 16)] == [(0, 4), (1, 1), (1, 4)]
    assert explain(upbeat).bars == 1


def test_planted_faults_are_told():
    chorale = piece("E5 F5 E5", "C5 C5 C5", "G4 A4 G4", "C3 D3 C3")
    faults = [f for f in explain(chorale).faults if f.rule == "parallel fifths"]
    assert [(f.bar, f.beat, f.voices) for f in faults] == [
        (1, 2, (Voice.TENOR, Voice.BASS)),
        (1, 3, (Voice.TENOR, Voice.BASS)),
    ]


def test_the_leading_note_is_that_of_the_moment():
    """In a phrase in G the F sharp is to rise; in C, where the piece is at home, it leads nowhere.

    The soprano of bar 3 falls from it to D.
    """
    chorale = piece(
        "E5 D5 C5:2 D5 E5 F#5 D5:2 E5 D5 C5:2",
        "C5 B4 G4:2 B4 C5 C5 B4:2 C5 B4 G4:2",
        "G4 G4 E4:2 G4 A4 A4 G4:2 G4 F4 E4:2",
        "C4 G3 C3:2 G3 A3 D3 G3:2 C4 G3 C3:2",
        fermatas=((8, 16), (28, 36)),
    )
    found = explain(chorale)
    assert [str(c.key) for c in found.phrase_cadences] == ["C major", "G major", "C major"]
    rule = "leading note unresolved"
    assert [(f.frame, f.voices) for f in found.faults if f.rule == rule] == [(28, (Voice.SOPRANO,))]
    assert rule not in {fault.rule for fault in find_faults(chorale)}


def test_silence_has_nothing_to_tell():
    found = explain(Chorale(np.full((8, 4), -1), np.zeros((8, 4)), np.zeros(8)))
    assert (found.harmonies, found.phrase_cadences) == ((), ())
    assert explain(Chorale(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0))).bars == 0
