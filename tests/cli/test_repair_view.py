"""The lines of a repair: each has one fault, one place, and what became of it."""

import re
from fractions import Fraction

import pytest

from bachbot.chorale import Voice
from bachbot.cli.repair_view import show_repair
from bachbot.scores import load_any_score
from bachbot.teaching import RepairOptions, repair
from bachbot.teaching.repair import Mend, NoteChange, RepairResult

FAULTY = b"""X:1
T:Faulty
M:6/8
L:1/8
K:C
V:S
c3 d3 | e3 f3 | e3 d3 | c6 |]
V:A
G3 G3 | g3 A3 | G3 G3 | E6 |]
V:T clef=bass
C3 D3 | C3 C3 | C3 B,3 | C6 |]
V:B clef=bass
C,3 B,,3 | C,3 F,,3 | G,,3 G,,3 | C,6 |]
"""
LINE = re.compile(
    r"(\d+\.[\d.]+): [a-z -]+ \(.+?\)(: in the .+ becomes .+|: mended by .+| stays: .+)"
)
PLACE = re.compile(r"\b\d+\.\d")


def lines_of(result):
    said = []
    show_repair(result, "out", said.append)
    return said


@pytest.mark.parametrize("keep", [(Voice.SOPRANO,), (Voice.SOPRANO, Voice.ALTO)])
def test_each_line_has_one_fault_and_one_place(keep):
    result = repair(load_any_score(FAULTY), RepairOptions(keep=keep))
    *faults, last = lines_of(result)
    assert len(faults) == sum(1 + len(m.also) for m in result.mends) + len(result.left)
    assert {"mended", "stays"} & set(" ".join(faults).split())
    for line in faults:
        assert LINE.fullmatch(line), line
        assert len(PLACE.findall(line)) == 1, line
    assert last.startswith(f"out: {len(result.changed)} note")


def change(voice, frame, before, after):
    return NoteChange(voice, frame, 1, Fraction(1), before, after)


S, A, T, B = Voice


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([(T, 6, "C4", "E4")], "in the tenor C4 becomes E4"),
        # In 6/8 a beat is three eighths.
        ([(T, 0, "C4", "E4")], "in the tenor C4, a beat earlier, becomes E4"),
        ([(A, 8, "C4", "E4")], "in the alto C4, a third of a beat later, becomes E4"),
        ([(B, 24, "C4", "E4")], "in the bass C4, 3 beats later, becomes E4"),
        (
            [(T, 0, "C4", "E4"), (B, 6, "C3", "A2")],
            "in the tenor C4, a beat earlier, becomes E4 and in the bass C3 becomes A2",
        ),
        (
            [(T, 6, "C5", "C4"), (T, 12, "D5", "D4")],
            "in the tenor C5 becomes C4 and D5, a beat later, becomes D4",
        ),
        (
            [(B, 0, "C4", "C3"), (B, 6, "D4", "D3"), (B, 12, "E4", "E3")],
            "in the bass 3 notes from C4, a beat earlier, to E4 go down an octave",
        ),
        (
            [(B, 6, "B1", "B2"), (B, 12, "D2", "D3"), (B, 18, "E2", "E3")],
            "in the bass 3 notes from B1 to E2 go up an octave",
        ),
    ],
)
def test_changed_notes_are_told_from_the_place_of_the_fault(changes, said):
    found = repair(load_any_score(FAULTY))
    fault = next(mend.fault for mend in found.mends if mend.fault.frame == 6)
    mend = Mend(fault, tuple(change(*one) for one in changes), ())
    made = RepairResult(found.score, (mend,), (), found.before, found.after)
    line, _ = lines_of(made)
    assert line.startswith("1.2: ")
    assert line.endswith(f"): {said}")


def test_faults_are_told_in_order_of_time_unless_a_note_changed_twice():
    found = repair(load_any_score(FAULTY))
    early = next(mend.fault for mend in found.mends if mend.fault.frame == 6)
    late = next(mend.fault for mend in found.mends if mend.fault.frame == 12)
    mends = (
        Mend(late, (change(T, 12, "C4", "E4"),), ()),
        Mend(early, (change(T, 0, "C4", "E4"),), ()),
    )
    lines = lines_of(RepairResult(found.score, mends, (), found.before, found.after))
    assert [line.split(":")[0] for line in lines[:2]] == ["1.2", "2.1"]
    twice = mends[0], Mend(early, (change(T, 12, "E4", "G4"),), ())
    lines = lines_of(RepairResult(found.score, twice, (), found.before, found.after))
    assert [line.split(":")[0] for line in lines[:2]] == ["2.1", "1.2"]
