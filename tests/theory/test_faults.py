import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from strategies import chorales

from bachbot.chorale import Chorale, Meter, Voice
from bachbot.chorale.place import beat_text
from bachbot.theory.explanation import Fault, Tally, find_faults, tally
from bachbot.theory.rules import RULES, Moves, released

S, A, T, B = Voice
ALL_QUIET = [-1, -1, -1, -1]


def piece(*chords, each=4, meter=None, fermatas=()):
    """A piece of so many chords, each so many frames long, some under fermatas."""
    pitch = np.repeat(np.array(chords, dtype=np.int16).reshape(-1, 4), each, axis=0)
    held = np.arange(len(pitch)) % each > 0
    fermata = np.isin(np.arange(len(pitch)) // each, fermatas)
    return Chorale(pitch, held[:, None] & (pitch >= 0), fermata, meter=meter or Meter())


def rules_of(chorale):
    return [fault.rule for fault in find_faults(chorale)]


def test_a_planted_parallel():
    """Fifths between soprano and bass into the third beat of the second bar."""
    chords = [[72, 67, 64, 48]] * 5 + [[67, 64, 60, 48], [69, 65, 60, 50], [67, 65, 59, 43]]
    assert find_faults(piece(*chords)) == [
        Fault("parallel fifths", 24, 2, Fraction(3), (S, B), (67, 48), (69, 50)),
    ]


def test_a_fault_that_lasts_is_told_once():
    crossed, plain = [64, 67, 60, 48], [67, 64, 60, 48]
    chorale = piece(plain, crossed, crossed, plain, crossed)
    crossings = [f for f in find_faults(chorale) if f.rule == "crossing"]
    assert [(f.frame, f.voices, f.before, f.now) for f in crossings] == [
        (4, (S, A), (), (64, 67)), (16, (S, A), (), (64, 67)),
    ]  # fmt: skip
    assert tally(chorale)["crossing"] == Tally(12, 6 * 20)


def test_a_fault_in_the_first_frame():
    (fault,) = find_faults(piece([79, 64, 60, 48]))
    assert (fault.rule, fault.frame, fault.bar, fault.beat) == ("wide soprano-alto", 0, 1, 1)


def test_passing_dissonance_is_counted_but_not_told():
    chorale = piece([72, 67, 64, 48], [72, 67, 65, 48], [72, 67, 64, 48])
    assert rules_of(chorale) == []
    assert tally(chorale)["no chord"] == Tally(4, 12)


def test_phrase_ends():
    """A tritone is excused after a fermata; parallel fifths are not."""
    chords = [[65, -1, -1, -1], [71, -1, -1, -1]]
    assert rules_of(piece(*chords)) == ["tritone leaps"]
    assert rules_of(piece(*chords, fermatas=[0])) == []
    assert rules_of(piece(*chords, fermatas=[1])) == ["tritone leaps"]
    assert rules_of(piece(*chords, fermatas=[0, 1])) == []
    fifths = [[67, -1, -1, 48], [69, -1, -1, 50]]
    assert rules_of(piece(*fifths, fermatas=[0])) == ["parallel fifths"]


def test_what_releases():
    chorale = piece(
        [60, 55, 52, 48], ALL_QUIET, [60, 55, 52, 48], [62, 55, 52, 48], [64, 55, 52, 48],
        each=2, fermatas=[2, 3],
    )  # fmt: skip
    assert np.flatnonzero(released(chorale)).tolist() == [3, 4, 6, 8]


def test_a_voice_that_moves_under_a_fermata_is_still_in_the_phrase():
    pitch = np.array([[74, -1, -1, 53], [74, -1, -1, 59], [71, -1, -1, 59]], dtype=np.int16)
    tied = np.zeros((3, 4), bool)
    tied[1, 0] = tied[2, 3] = True
    chorale = Chorale(pitch, tied, [True, True, False])
    assert released(chorale).tolist() == [False, False, True]
    assert [(f.rule, f.frame) for f in find_faults(chorale)] == [("tritone leaps", 1)]


@pytest.mark.parametrize(
    ("meter", "frame", "bar", "beat", "text"),
    [
        (Meter(4, 4), 0, 1, Fraction(1), "1"),
        (Meter(4, 4), 18, 2, Fraction(3, 2), "1.5"),
        (Meter(4, 4), 23, 2, Fraction(11, 4), "2.75"),
        (Meter(4, 4, 4), 3, 0, Fraction(19, 4), "4.75"),
        (Meter(4, 4, 4), 4, 1, Fraction(1), "1"),
        (Meter(3, 4, 8), 8, 1, Fraction(1), "1"),
        (Meter(6, 8), 14, 2, Fraction(4, 3), "1.33"),
        (Meter(3, 2), 16, 1, Fraction(3), "3"),
    ],
)
def test_where_a_fault_stands(meter, frame, bar, beat, text):
    pitch = np.full((24, 4), -1, dtype=np.int16)
    pitch[frame] = [60, 62, -1, -1]
    chorale = Chorale(pitch, np.zeros((24, 4)), np.zeros(24), meter=meter)
    (fault,) = find_faults(chorale)
    assert (fault.rule, fault.frame, fault.bar, fault.beat) == ("crossing", frame, bar, beat)
    assert beat_text(fault.beat) == text
    assert str(fault) == f"bar {bar}, beat {text}: crossing (soprano, alto)"


def test_plain_data():
    (fault,) = find_faults(piece([67, -1, -1, 48], [69, -1, -1, 50]))
    assert json.loads(json.dumps(fault.to_json())) == {
        "rule": "parallel fifths",
        "frame": 4,
        "bar": 1,
        "beat": 2.0,
        "voices": ["soprano", "bass"],
        "before": [67, 48],
        "now": [69, 50],
        "severity": "error",
        "sentence": "C3 to D3 in the bass against G4 to A4 in the soprano",
        "notes": [
            {"voice": "soprano", "before": "G4", "now": "A4"},
            {"voice": "bass", "before": "C3", "now": "D3"},
        ],
    }


def test_chosen_rules_only():
    chorale = piece([64, 67, 60, 48], [66, 69, 60, 48])
    chosen = {"crossing": RULES["crossing"]}
    assert {f.rule for f in find_faults(chorale, chosen)} == {"crossing"}
    assert set(tally(chorale, chosen)) == {"crossing"}


def test_nothing():
    assert find_faults(piece()) == []
    assert set(tally(piece()).values()) == {Tally()}
    assert rules_of(piece(ALL_QUIET)) == []
    assert Tally(1, 2) + Tally(3, 4) == Tally(4, 6)


@pytest.mark.slow
@given(chorales())
def test_faults_are_what_is_tallied(chorale):
    """Each fault of a step once; of what lasts no more than are counted, and at least one."""
    found = find_faults(chorale)
    counts = tally(chorale)
    assert [f.frame for f in found] == sorted(f.frame for f in found)
    for name, rule in RULES.items():
        told = sum(f.rule == name for f in found)
        count = counts[name].count
        if not rule.reported:
            assert told == 0
        elif rule.state:
            assert (told > 0) == (count > 0)
            assert told <= count
        else:
            assert told == count


@pytest.mark.slow
@given(chorales(min_frames=1))
def test_a_fault_names_what_sounds(chorale):
    before = Moves.of(chorale).before
    for fault in find_faults(chorale):
        voices = list(fault.voices)
        assert fault.now == tuple(chorale.pitch[fault.frame, voices])
        if fault.before:
            assert fault.before == tuple(before[fault.frame, voices])


def test_bach_keeps_to_the_compass(corpus):
    """The compass was read off these pieces, in the keys in which they were written."""
    for found in corpus.pieces:
        for chorale in (found.chorale, found.chorale.transposed(
            -found.chorale.transposed_by, found.source_key
        )):  # fmt: skip
            assert tally(chorale, {"c": RULES["out of range"]})["c"].count == 0


def test_bach_breaks_rules_now_and_then(corpus):
    """Rates over the training part, in their units; each is some faults, and far from all."""
    total = {name: Tally() for name in RULES}
    for chorale in corpus.part("train"):
        for name, counted in tally(chorale).items():
            total[name] += counted
    rate = {name: RULES[name].per * t.count / t.chances for name, t in total.items()}
    assert 0.6 < rate["parallel fifths"] + rate["parallel octaves"] < 1.2  # per 1000 pairs
    assert 5 < rate["leading note unresolved"] < 7  # per cent
    assert 2.5 < rate["leading note doubled"] < 3.5
    assert 6 < rate["seventh unresolved"] < 8
    assert 2 < rate["leap outside the harmony"] < 3
    assert 11 < rate["no chord"] < 13
