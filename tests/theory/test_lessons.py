"""Lessons: every example breaks its rule, and its correction does not."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.chorale import Chorale, Key, line_of_fifths
from bachbot.theory.explanation import explain
from bachbot.theory.fault_text import note_label
from bachbot.theory.rules import LESSONS, RULES, RuleSet, counted
from bachbot.theory.rules.spelled import usual_names

STRICT = RuleSet.named("strict")
NOTE = re.compile(r"([A-G])(#*|b*)(\d)")


def bar(text):
    """Two half notes in four voices from ``S G4 A4, A E4 F4, ...``, and the names of the notes."""
    rows, names = [], []
    for line, voice in zip(text.split(", "), "SATB", strict=True):
        own, *notes = line.split()
        assert own == voice
        found = [NOTE.fullmatch(note).groups() for note in notes]
        fifths = [line_of_fifths(step) + 7 * (len(sign) if "#" in sign else -len(sign))
                  for step, sign, _ in found]  # fmt: skip
        names.append(fifths)
        rows.append([
            12 * (int(octave) + 1) + line_of_fifths(step) * 7 % 12
            + (len(sign) if "#" in sign else -len(sign))
            for step, sign, octave in found
        ])  # fmt: skip
    pitch = np.repeat(np.array(rows, dtype=np.int16).T, 8, axis=0)
    tied = np.tile((np.arange(len(pitch)) % 8 > 0)[:, None], (1, 4))
    key = Key("A", "minor") if "G#" in text else Key("C")
    chorale = Chorale(pitch, tied, np.zeros(len(pitch), bool), key=key)
    return chorale, np.repeat(np.array(names, dtype=np.int16).T, 8, axis=0)


def broken(text):
    chorale, names = bar(text)
    return {f.rule: f for f in explain(chorale, rules=STRICT, names=names).faults}


@pytest.mark.parametrize("name", LESSONS)
def test_examples(name):
    lesson = LESSONS[name]
    wrong = broken(lesson.wrong)
    assert set(wrong) == {name}
    assert not broken(lesson.right)
    sentence = wrong[name].sentence
    assert sentence
    assert "{" not in sentence
    assert NOTE.search(sentence)


def test_every_rule_that_is_reported_has_a_lesson():
    assert {name for name, rule in RULES.items() if rule.reported} <= set(LESSONS)
    assert set(STRICT.severities) == set(LESSONS) == set(RuleSet.named("bach").severities)
    assert len({lesson.sentence for lesson in LESSONS.values()}) == len(LESSONS)


def test_sentences():
    found = broken("S G4 A4, A E4 F4, T C4 C4, B C3 D3")
    assert found["parallel fifths"].sentence == (
        "C3 to D3 in the bass against G4 to A4 in the soprano"
    )
    [gap] = [f for n, f in broken(LESSONS["wide soprano-alto"].wrong).items() if "wide" in n]
    assert gap.sentence == "G5 in the soprano and E4 in the alto are a tenth apart"
    cross = broken(LESSONS["cross relation"].wrong)["cross relation"]
    assert cross.sentence == "C5 in the soprano, then C#3 in the bass"
    third = broken(LESSONS["missing third"].wrong)["missing third"]
    assert third.sentence == "G4 D4 D4 G3 have no third"


def test_a_chromatic_step_in_one_voice_is_no_cross_relation():
    assert "cross relation" not in broken("S C5 C#5, A G4 E4, T E4 A3, B C3 A2")
    assert "cross relation" in broken("S C5 E5, A G4 A4, T E4 C#4, B C3 A2")
    # The same keys under other names: D flat is no form of C.
    assert "cross relation" not in broken("S C5 F5, A G4 Ab4, T E4 Db4, B C3 F3")


def test_a_crossing_is_not_also_an_overlap():
    chorale, names = bar("S G4 E4, A E4 F4, T C4 A3, B C3 F3")
    rules = [f.rule for f in explain(chorale, rules=STRICT, names=names).faults]
    assert "crossing" in rules
    assert "overlap" not in rules


def test_a_short_bare_fifth_is_no_missing_third():
    chorale, names = bar(LESSONS["missing third"].wrong)
    tied = chorale.tied.copy()
    tied[8] = False
    short = Chorale(chorale.pitch[:11], tied[:11], chorale.fermata[:11])
    assert not [f for f in explain(short, rules=STRICT).faults if f.rule == "missing third"]
    assert [f for f in explain(chorale, rules=STRICT).faults if f.rule == "missing third"]
    assert len(names) == chorale.frames


def test_counted():
    assert counted("overlap", 4) == "4 overlaps"
    assert counted("wide alto-tenor", 2) == "2 wide gaps between alto and tenor"
    assert counted("perfect", 3) == "3 perfect"
    for name in LESSONS:
        assert counted(name, 1) != counted(name, 2).replace("2", "1", 1)


@given(st.integers(0, 127), st.sampled_from(["C", "D", "A", "Eb", "F#"]))
def test_labels_read_back(pitch, tonic):
    name = int(usual_names(np.array([pitch]), Key(tonic))[0])
    label = note_label(pitch, name)
    step, sign, octave = re.fullmatch(r"([A-G])(#*|b*)(-?\d+)", label).groups()
    alter = len(sign) if "#" in sign else -len(sign)
    assert 12 * (int(octave) + 1) + line_of_fifths(step) * 7 % 12 + alter == pitch


def test_a_label_without_a_name():
    assert [note_label(p) for p in (60, 61, 70, 71, -1)] == ["C4", "C#4", "Bb4", "B4", "rest"]
    assert note_label(60, 12) == "B#3"
    assert note_label(59, -7) == "Cb4"
