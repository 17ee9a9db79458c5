"""Repair: planted faults end with few notes, and what was not asked for stays."""

import json

import numpy as np
import pytest
from exercises import GOOD, PLANTED, exercise, score_of

from bachbot.chorale import Voice
from bachbot.errors import ScoreError, UsageError
from bachbot.scores import load_any_score, render
from bachbot.teaching import RepairOptions, explain_score, repair

PARALLELS = exercise(T="C D C C | C B, C2 |]")


def serious(explanation):
    return {(f.rule, f.frame, f.voices) for f in explanation.faults if f.severity != "remark"}


def test_the_exercise_is_good_and_stays():
    score = score_of(exercise())
    result = repair(score)
    assert not result.before.faults
    assert not result.mends
    assert not result.left
    assert result.score is score


@pytest.mark.parametrize("rule", PLANTED)
def test_planted_faults(rule):
    score = score_of(exercise(**PLANTED[rule]))
    result = repair(score)
    assert serious(result.before)
    assert not serious(result.after)
    assert not result.left
    assert 1 <= len(result.changed) <= 2
    old, new = score.chorale, result.score.chorale
    assert np.array_equal(old.pitch[:, 0], new.pitch[:, 0])
    assert np.array_equal(old.tied, new.tied)
    differ = {(c.voice, c.frame) for c in result.changed}
    cells = {(Voice(int(v)), int(f)) for f, v in np.argwhere(old.onset & (old.pitch != new.pitch))}
    assert cells == differ
    # Every planted note was of a voice below, and the cadence is what it was.
    assert [h.text for h in result.after.harmonies][-2:] == ["V", "I"]


def test_what_is_told():
    result = repair(score_of(PARALLELS))
    [mend] = result.mends
    assert mend.fault.sentence == "C4 to D4 in the tenor against C5 to D5 in the soprano"
    assert [str(change) for change in mend.changes] == ["1.1: C4 in the tenor becomes E4"]
    assert [(c.bar, c.beat) for c in mend.changes] == [(1, 1)]
    assert [fault.rule for fault in mend.also] == ["missing third"]
    data = json.loads(json.dumps(result.to_json()))
    assert data["changed"] == [mend.changes[0].to_json()]
    assert data["mends"][0]["fault"]["rule"] == "parallel octaves"
    assert data["left"] == []


def test_only_what_was_asked_for():
    score = score_of(exercise(T="C D C C, | C B, C2 |]"))
    rules = {fault.rule for fault in explain_score(score).faults}
    assert {"parallel octaves", "wide alto-tenor"} <= rules
    result = repair(score, RepairOptions(only=("gaps",)))
    assert [mend.fault.rule for mend in result.mends] == ["wide alto-tenor"]
    left = {fault.rule for fault in result.after.faults}
    assert "parallel octaves" in left
    assert "wide alto-tenor" not in left


def test_kept_voices_stay_and_what_they_forbid_is_told():
    score = score_of(PARALLELS)
    result = repair(score, RepairOptions(keep=(Voice.SOPRANO, Voice.TENOR)))
    for voice in (Voice.SOPRANO, Voice.TENOR):
        assert np.array_equal(score.chorale.pitch[:, voice], result.score.chorale.pitch[:, voice])
    [left] = [one for one in result.left if one.fault.rule == "parallel octaves"]
    assert left.reason == "all its notes are in what is kept (soprano, tenor)"
    other = repair(score, RepairOptions(keep=(Voice.TENOR,)))
    assert "parallel octaves" not in {fault.rule for fault in other.after.faults}
    assert {change.voice for change in other.changed} <= {Voice.SOPRANO, Voice.ALTO, Voice.BASS}


def test_a_voice_in_the_wrong_octave_moves_as_a_whole():
    low = GOOD["T"].replace("E", "E,").replace("D", "D,").replace("C", "C,").replace("B,", "B,,")
    score = score_of(exercise(T=low))
    result = repair(score)
    assert not serious(result.after)
    assert np.array_equal(result.score.chorale.pitch, score_of(exercise()).chorale.pitch)


def test_the_page_stays_but_for_the_changed_notes():
    score = score_of(PARALLELS)
    result = repair(score)
    old, new = (render(s, "musicxml").decode().splitlines() for s in (score, result.score))
    differ = [(a.strip(), b.strip()) for a, b in zip(old, new, strict=True) if a != b]
    assert differ == [("<step>C</step>", "<step>E</step>")] or all(
        "step" in a or "octave" in a for a, _ in differ
    )
    read = load_any_score(render(result.score, "musicxml"), format="musicxml")
    assert read.chorale.same_music(result.score.chorale)


def test_what_is_refused():
    with pytest.raises(UsageError, match="all four voices are kept"):
        RepairOptions(keep=tuple(Voice))
    with pytest.raises(UsageError, match="no rule 'fun'"):
        RepairOptions(only=("fun",))
    chords = "X:1\nM:4/4\nL:1/1\nK:C\n[C,EGc]|[G,DGB]|[C,EGc]|]\n"
    with pytest.raises(ScoreError, match="write each voice apart"):
        repair(score_of(chords))


def test_strict_rules_and_rules_of_the_user():
    score = score_of(PARALLELS)
    assert not serious(repair(score, RepairOptions(rules="strict")).after)
    lax = RepairOptions(rules="strict", only=("third",))
    assert {m.fault.rule for m in repair(score, lax).mends} == {"missing third"}
