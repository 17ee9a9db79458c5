"""What no rule book asks for: missing voices, chords on staves, rests, scores without fermatas.

A person could judge each of them, and so must explain, compare, marks and repair.
"""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exercises import GOOD, exercise, score_of

from bachbot.chorale import VOICES
from bachbot.scores import load_any_score, render, soundings
from bachbot.scores.phrases import heard_phrase_ends
from bachbot.teaching import compare, explain_score, mark_faults, repair

BACH = Path(importlib.util.find_spec("music21").origin).parent / "corpus" / "bach"

_HEAD = "X:1\nT:Hard\nM:4/4\nL:1/4\nK:C\n"
_LOW = " clef=bass"


def _staves(*lines):
    """ABC of some staves; the lower half has bass clefs."""
    heads = (f"V:{i}{_LOW if 2 * i > len(lines) + 1 else ''}\n" for i in range(1, len(lines) + 1))
    body = (f"[V:{i}] {line}\n" for i, line in enumerate(lines, 1))
    return _HEAD + "".join((*heads, *body))


def _without(letter):
    """The good exercise without a voice."""
    lines = exercise().splitlines(keepends=True)
    return "".join(line for line in lines if f"V:{letter}" not in line)


def _resting(bar):
    """The good exercise with a bar of rests before its last one; one bar for each voice."""
    lines = zip(GOOD.items(), bar, strict=True)
    return {voice: notes.replace("|", f"| {rest} |", 1) for (voice, notes), rest in lines}


_S, _A, _T, _B = GOOD.values()
HARD = {
    # What it is: its text, what is said of it, and the faults that a teacher would find.
    "three voices": (
        _staves("c d e f | e d c2 |]", "G G G A | G F E2 |]", _B),
        "it has no tenor",
        ["missing third"],
    ),
    "five voices": (
        _staves(_S, _A, "E F G F | E F G2 |]", _T, _B),
        "it has 5 voices: four are judged, one is not (part 4)",
        ["seventh unresolved", "parallel octaves", "crossing"],
    ),
    "two staves of chords": (
        _staves("[cG] [dG] [eG] [fA] | [eG] [dG] [cE]2 |]",
                "[EC,] [DB,,] [CC,] [CF,,] | [CG,,] [B,G,,] [CC,]2 |]"),
        None,
        [],
    ),
    "a note out of range": (
        exercise(T="E D C C | C B, c2 |]"),
        None,
        ["crossing", "out of range", "leaps beyond an octave", "leading note unresolved"],
    ),
    "no tenor": (_without("T"), "it has no tenor", ["missing third", "missing third"]),
    "no soprano": (_without("S"), "it has no soprano", ["missing third", "missing third"]),
    "an empty part": (exercise(T="z4 | z4 |]"), "it has no tenor", ["missing third"] * 2),
    "a bar of rests": (exercise(**_resting(["z4"] * 4)), None, []),
    "a bar of rest in the soprano": (
        exercise(**_resting(["z4", "G4", "C4", "E,4"])), None, ["seventh leaps"],
    ),
    "one chord": (_staves("c |]", "G |]", "E |]", "C, |]"), None, []),
    "a voice that ends early": (exercise(T="E D C C |]"), None, ["missing third"]),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_a_hard_score_is_explained_compared_marked_and_mended(name):
    text, said, faults = HARD[name]
    score = score_of(text)
    found = explain_score(score)
    if said is not None:
        assert any(said in finding for finding in found.findings)
    serious = [fault for fault in found.faults if fault.severity != "remark"]
    assert [fault.rule for fault in serious] == faults
    assert all(set(fault.sounding) <= set(score.present) for fault in serious)
    assert all(fault.sounding for fault in serious)
    # Chords and a cadence, up to the end.
    assert found.harmonies[-1].text == "I"
    assert found.phrase_cadences[-1].kind in ("perfect", "imperfect", "none")
    # Against itself nothing differs, against the good exercise something does.
    assert not compare(found, found).differing
    good = explain_score(score_of(exercise()))
    if name != "two staves of chords":
        assert compare(found, good).differing
    # The marked page has the same notes.
    marked = mark_faults(score, found.faults)
    assert soundings(marked) == soundings(score)
    assert render(marked, "musicxml").count(b"color=") >= len(serious)
    result = repair(score)
    old = {(f.rule, f.frame, f.voices) for f in serious}
    new = {(f.rule, f.frame, f.voices) for f in result.after.faults if f.severity != "remark"}
    assert not new - old
    assert len(result.mends) + len(result.left) >= bool(old)


def test_a_bar_that_one_version_lacks_is_in_the_other_only():
    long = explain_score(score_of(exercise(**_resting(["z4"] * 4))))
    good = explain_score(score_of(exercise()))
    assert [bar.only for bar in compare(long, good).bars] == [
        (False, False), (False, False), (True, False),
    ]  # fmt: skip


def test_at_a_cadence_the_bass_keeps_the_root():
    """Without its tenor the dominant has no third; B in the bass would end the fault."""
    result = repair(score_of(_without("T")))
    [left] = result.left
    assert (left.fault.rule, left.fault.bar) == ("missing third", 2)
    assert [h.text for h in result.after.harmonies][-2:] == ["V", "I"]
    assert result.after.phrase_cadences[-1].kind == "perfect"


TWO_PHRASES = {
    "S": "c d e f | e2 d2 | e d c B | c4 |]",
    "A": "G G G A | G2 G2 | G F E D | E4 |]",
    "T": "E D C C | C2 B,2 | E A, G, G, | G,4 |]",
    "B": "C, B,, C, F,, | C,2 G,,2 | C, F,, G,, G,, | C,4 |]",
}
"""A half cadence whose leading note, in the tenor, leaps to the third in the next phrase."""


def _serious(explanation):
    return [fault.rule for fault in explanation.faults if fault.severity != "remark"]


def test_between_phrases_no_note_has_to_resolve_with_fermatas_or_without():
    plain = score_of(exercise(**TWO_PHRASES))
    held = score_of(exercise(**TWO_PHRASES | {"S": "c d e f | e2 Hd2 | e d c B | Hc4 |]"}))
    assert not plain.chorale.fermata.any()
    assert heard_phrase_ends(held) is None
    assert heard_phrase_ends(plain) == (31, 63)
    for score in (plain, held):
        found = explain_score(score)
        assert [c.kind for c in found.phrase_cadences] == ["half", "perfect"]
        assert not _serious(found)
    # In one long phrase it would have to.
    slurred = exercise(**TWO_PHRASES | {"S": "c d e f | e2 d2 | He d c B | Hc4 |]"})
    assert "leading note unresolved" in _serious(explain_score(score_of(slurred)))


def test_a_fermata_at_the_end_alone_tells_nothing_of_the_phrases_before():
    score = score_of(exercise(**TWO_PHRASES | {"S": "c d e f | e2 d2 | e d c B | Hc4 |]"}))
    assert heard_phrase_ends(score) == (31, 63)


def test_without_a_soprano_the_highest_voice_has_the_tune():
    text = exercise(**TWO_PHRASES).splitlines(keepends=True)
    score = score_of("".join(line for line in text if "V:S" not in line))
    assert score.present == VOICES[1:]
    ends = heard_phrase_ends(score)
    assert ends is not None
    assert ends[-1] == 63


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bwv269", "bwv347", "bwv153.1"])
def test_bach_without_his_fermatas_is_accused_of_nothing_more(name):
    score = load_any_score(BACH / f"{name}.mxl")
    bare = replace(
        score, chorale=replace(score.chorale, fermata=np.zeros_like(score.chorale.fermata))
    )
    assert score.chorale.fermata.any()
    places = [
        {(f.rule, f.frame, f.voices) for f in explain_score(one).faults if f.severity != "remark"}
        for one in (score, bare)
    ]
    assert places[0] == places[1]
