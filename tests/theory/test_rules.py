import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bachbot.chorale import REST, Key, Voice, note_name
from bachbot.errors import UsageError
from bachbot.theory.rules import PAIRS, RULES, SUMS, Moves, sum_fault_costs

C, A = Key("C"), Key("A", "minor")
LOCAL = [rule for rule in RULES.values() if not rule.needs_all_voices]


def step(before, now, key=C, released=False, transposed_by=0):
    rows = (np.array([row], dtype=np.int16) for row in (before, now))
    return Moves(*rows, key, np.array([released]), transposed_by)


def broken(name, *args, **kwargs):
    """Names of the places in which a rule is broken in one step."""
    rule = RULES[name]
    (row,) = rule.count(step(*args, **kwargs))
    return [place for place, fault in zip(rule.places, row, strict=True) if fault]


SILENT = [-1, -1, -1, -1]
V = [71, 67, 62, 55]
V7 = [71, 65, 62, 55]
I = [72, 67, 64, 48]  # noqa: E741

# Rule, frame before, frame now, key, places in which it is broken.
CASES = [
    # In the same direction, a fifth to a fifth; compound and inverted by crossing as well.
    ("parallel fifths", [67, 64, 60, 48], [69, 64, 62, 50], C, ["S-T", "S-B"]),
    ("parallel fifths", [67, 60, -1, -1], [69, 62, -1, -1], C, ["S-A"]),
    ("parallel fifths", [-1, 67, 60, -1], [-1, 60, 53, -1], C, ["A-T"]),
    ("parallel fifths", [79, -1, -1, 48], [69, -1, -1, 38], C, ["S-B"]),
    ("parallel fifths", [60, 67, -1, -1], [62, 69, -1, -1], C, ["S-A"]),
    ("parallel fifths", [67, 60, -1, -1], [67, 60, -1, -1], C, []),
    ("parallel fifths", [67, 60, -1, -1], [60, 65, -1, -1], C, []),
    ("parallel fifths", [67, 60, -1, -1], [62, 67, -1, -1], C, []),
    ("parallel fifths", [67, 60, -1, -1], [68, 62, -1, -1], C, []),
    ("parallel fifths", [65, 59, -1, -1], [67, 60, -1, -1], C, []),
    ("parallel fifths", [67, 60, -1, -1], [69, -1, -1, -1], C, []),
    ("parallel octaves", [72, -1, -1, 48], [74, -1, -1, 50], C, ["S-B"]),
    ("parallel octaves", [-1, 60, 60, -1], [-1, 62, 62, -1], C, ["A-T"]),
    ("parallel octaves", [-1, -1, 60, 48], [-1, -1, 55, 55], C, []),
    ("parallel octaves", [-1, -1, 60, 48], [-1, -1, 50, 38], C, ["T-B"]),
    ("parallel octaves", [72, -1, -1, 60], [74, -1, -1, 50], C, []),
    ("parallel octaves", [72, -1, -1, 48], [72, -1, -1, 60], C, []),
    # Outer voices, the same way, the soprano by a leap.
    ("hidden fifths", [69, -1, -1, 53], [74, -1, -1, 55], C, ["S-B"]),
    ("hidden fifths", [64, -1, -1, 48], [67, -1, -1, 48], C, []),
    ("hidden fifths", [72, -1, -1, 53], [74, -1, -1, 55], C, []),
    ("hidden fifths", [72, -1, -1, 53], [69, -1, -1, 62], C, []),
    ("hidden fifths", [67, -1, -1, 48], [74, -1, -1, 55], C, []),
    ("hidden fifths", [-1, 69, -1, 53], [-1, 74, -1, 55], C, []),
    ("hidden octaves", [69, -1, -1, 53], [72, -1, -1, 60], C, ["S-B"]),
    ("hidden octaves", [76, -1, -1, 64], [72, -1, -1, 60], C, []),
    ("hidden octaves", [77, -1, -1, 55], [72, -1, -1, 48], C, ["S-B"]),
    ("hidden octaves", [71, -1, -1, 55], [72, -1, -1, 60], C, []),
    ("crossing", SILENT, [64, 67, 60, 48], C, ["S-A"]),
    ("crossing", SILENT, [72, 55, 60, 57], C, ["A-T", "A-B"]),
    ("crossing", SILENT, [64, 64, 60, 48], C, []),
    ("crossing", SILENT, [-1, 67, -1, 48], C, []),
    # The alto goes above the soprano's last note; the soprano below the alto's.
    ("overlap", [67, 64, -1, -1], [72, 69, -1, -1], C, ["S-A"]),
    ("overlap", [67, 64, -1, -1], [62, 60, -1, -1], C, ["S-A"]),
    ("overlap", [-1, -1, 55, 53], [-1, -1, 60, 57], C, ["T-B"]),
    ("overlap", [67, 64, -1, -1], [72, 67, -1, -1], C, []),
    ("overlap", [67, -1, 60, -1], [72, -1, 69, -1], C, []),
    ("overlap", [64, 67, -1, -1], [64, 67, -1, -1], C, []),
    ("overlap", [67, 64, -1, -1], [-1, 69, -1, -1], C, []),
    ("wide soprano-alto", SILENT, [77, 64, 60, 48], C, ["S-A"]),
    ("wide soprano-alto", SILENT, [76, 64, 50, 36], C, []),
    ("wide soprano-alto", SILENT, [77, -1, 60, 48], C, []),
    ("wide alto-tenor", SILENT, [77, 69, 55, 48], C, ["A-T"]),
    ("wide alto-tenor", SILENT, [81, 67, 55, 36], C, []),
    ("out of range", SILENT, [82, 52, 70, 35], C, ["S", "A", "T", "B"]),
    ("out of range", SILENT, [81, 53, 69, 36], C, []),
    ("out of range", [82, 60, 55, 48], [82, 60, 55, 48], C, []),
    ("tritone leaps", [65, 60, 59, 48], [71, 60, 53, 54], C, ["S", "T", "B"]),
    ("tritone leaps", [65, 60, -1, 48], [72, 65, 53, -1], C, []),
    ("seventh leaps", [60, 72, 67, 36], [70, 61, 67, 48], C, ["S", "A"]),
    ("seventh leaps", [60, -1, -1, 36], [69, 61, -1, 48], C, []),
    ("leaps beyond an octave", [60, 72, -1, 60], [73, 60, 60, 45], C, ["S", "B"]),
    ("leaps beyond an octave", [60, -1, -1, 60], [72, 60, -1, 48], C, []),
    ("leading note unresolved", V, [67, 67, 64, 48], C, ["S"]),
    ("leading note unresolved", V7, [71 - 4, 64, 60, 48], C, ["S"]),
    ("leading note unresolved", [74, 67, 62, 59], [72, 67, 64, 55], C, ["B"]),
    ("leading note unresolved", [79, 71, 62, 55], [76, 76, 60, 48], C, ["A"]),
    ("leading note unresolved", [71, 68, 64, 52], [72, 64, 64, 57], A, []),
    ("leading note unresolved", [76, 71, 68, 52], [76, 72, 64, 57], A, []),
    ("leading note unresolved", [68, 64, 59, 52], [65, 60, 57, 53], A, ["S"]),
    ("leading note unresolved", V, I, C, []),
    ("leading note unresolved", [74, 71, 67, 55], [72, 67, 64, 48], C, []),
    ("leading note unresolved", V, [72, 64, 60, 57], C, []),
    # Held, in another chord, over another key, and the iii chord: nothing to resolve.
    ("leading note unresolved", V, [71, 67, 64, 48], C, []),
    ("leading note unresolved", V, [69, 65, 60, 53], C, []),
    ("leading note unresolved", V, [67, 67, 64, 48], Key("G"), []),
    ("leading note unresolved", [71, 67, 64, 52], [67, 67, 64, 48], C, []),
    ("leading note doubled", SILENT, [71, 67, 59, 55], C, ["S-T"]),
    ("leading note doubled", SILENT, [74, 71, 65, 59], C, ["A-B"]),
    ("leading note doubled", SILENT, [71, 67, 62, 55], C, []),
    ("leading note doubled", SILENT, [71, 67, 59, 52], C, []),
    ("leading note doubled", SILENT, [71, 67, 59, 55], A, []),
    ("seventh unresolved", [71, 65, 62, 55], [72, 67, 64, 48], C, ["A"]),
    ("seventh unresolved", [77, 71, 62, 55], [72, 72, 64, 48], C, ["S"]),
    ("seventh unresolved", [71, 65, 62, 55], [72, 64, 60, 48], C, []),
    ("seventh unresolved", [72, 69, 65, 50], [71, 67, 62, 55], C, []),
    ("seventh unresolved", [72, 69, 65, 50], [72, 65, 60, 57], C, []),
    ("seventh unresolved", [71, 65, 62, 55], [71, 67, 62, 55], C, []),
    ("seventh unresolved", [72, 67, 64, 48], [74, 67, 59, 55], C, []),
    ("leap outside the harmony", [67, 64, 60, 48], [74, 64, 60, 48], C, ["S"]),
    ("leap outside the harmony", [76, 64, 60, 48], [74, 64, 60, 48], C, []),
    ("leap outside the harmony", [72, 64, 60, 48], [67, 64, 60, 48], C, []),
    ("leap outside the harmony", [-1, 64, 60, 48], [74, 64, 60, 48], C, []),
    ("leap outside the harmony", [67, 64, 60, 48], [74, 65, 60, 48], C, []),
    ("no chord", SILENT, [72, 67, 65, 48], C, ["S-A-T-B"]),
    ("no chord", SILENT, [72, 67, 64, 48], C, []),
    ("no chord", I, SILENT, C, []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "now", "key", "places"), CASES)
def test_two_chords(name, before, now, key, places):
    assert broken(name, before, now, key) == places


def test_every_rule_has_both_kinds_of_case():
    assert {name for name, *_, places in CASES if places} == set(RULES)
    assert {name for name, *_, places in CASES if not places} == set(RULES)


def test_what_a_phrase_end_excuses():
    """Parallels are counted everywhere, what sounds at once too; voice leading in phrases only."""
    excused = {
        "hidden fifths", "hidden octaves", "overlap", "tritone leaps", "seventh leaps",
        "leaps beyond an octave", "leading note unresolved", "seventh unresolved",
        "leap outside the harmony",
    }  # fmt: skip
    for name, before, now, key, places in CASES:
        left = [] if name in excused else places
        assert broken(name, before, now, key, released=True) == left


def test_chances():
    """Known numbers of pairs, notes, moves, leaps, frames and tendency tones in three steps."""
    before = np.array([SILENT, V7, [72, 64, 60, 48]], dtype=np.int16)
    now = np.array([V7, [72, 64, 60, 48], [72, 67, 64, -1]], dtype=np.int16)
    moves = Moves(before, now, C, np.zeros(3, dtype=bool))
    sums = {
        rule.unit: int(rule.chances(moves).sum())
        for rule in RULES.values()
        if not rule.needs_all_voices
    }
    assert sums == {
        "both-move pair": 6 + 1, "note": 4 + 4 + 2, "pair-frame": 6 + 6 + 3, "frame": 3, "move": 6,
    }  # fmt: skip
    rows = RULES["leading note unresolved"].chances(moves).sum(axis=1)
    assert rows.tolist() == [0, 1, 0]
    assert RULES["seventh unresolved"].chances(moves).sum(axis=1).tolist() == [0, 1, 0]
    assert RULES["leading note doubled"].chances(moves).sum(axis=1).tolist() == [1, 0, 0]
    assert RULES["leap outside the harmony"].chances(moves).sum(axis=1).tolist() == [0, 1, 2]


def test_compass_of_a_piece_that_was_moved():
    lowest = [voice.range[0] for voice in Voice]
    assert broken("out of range", SILENT, [p - 3 for p in lowest], transposed_by=-3) == []
    assert broken("out of range", SILENT, [p - 4 for p in lowest], transposed_by=-3) == [
        "S", "A", "T", "B",
    ]  # fmt: skip
    assert broken("out of range", SILENT, [p + 12 for p in lowest], transposed_by=12) == []
    assert broken("out of range", SILENT, [p + 11 for p in lowest], transposed_by=12) == [
        "S", "A", "T", "B",
    ]  # fmt: skip


def test_sums_are_of_rules_that_share_their_chances():
    for parts in SUMS.values():
        assert len({(RULES[part].unit, RULES[part].per) for part in parts}) == 1
    assert SUMS["parallels"] == ("parallel fifths", "parallel octaves")


def test_shapes_that_disagree():
    with pytest.raises(UsageError, match=r"wanted \[N, 4\], \[N, 4\], \[N\]"):
        Moves(np.zeros((2, 4), np.int16), np.zeros((3, 4), np.int16), C, np.zeros(2, bool))


# Beside music21's own checker.


def quartets(number):
    """Pairs of steps in C major, where spelling leaves no doubt."""
    random = np.random.default_rng(21)
    scale = np.array([p for p in range(48, 80) if p % 12 in (0, 2, 4, 5, 7, 9, 11)])
    near = random.integers(0, len(scale), (number, 2))
    far = np.clip(near + random.integers(-4, 5, (number, 2)), 0, len(scale) - 1)
    return scale[near], scale[far]


@pytest.mark.slow
def test_agreement_with_music21():
    from music21.note import Note
    from music21.voiceLeading import VoiceLeadingQuartet

    before, now = quartets(1500)
    ours = {}
    rows = [np.full((len(before), 4), REST, dtype=np.int16) for _ in range(2)]
    for row, pair in zip(rows, (before, now), strict=True):
        row[:, [0, 3]] = pair
    outer = Moves(*rows, C, np.zeros(len(before), bool))
    column = PAIRS.index((Voice.SOPRANO, Voice.BASS))
    for name in ("parallel fifths", "parallel octaves", "crossing"):
        ours[name] = RULES[name].count(outer)[:, column]
    for name in ("hidden fifths", "hidden octaves"):
        ours[name] = RULES[name].count(outer)[:, 0]
    upper = [np.hstack([pair, np.full_like(pair, REST)]).astype(np.int16) for pair in (before, now)]
    ours["overlap"] = RULES["overlap"].count(Moves(*upper, C, outer.released))[:, 0]

    found = dict.fromkeys(ours, 0)
    for i, ((s1, b1), (s2, b2)) in enumerate(zip(before.tolist(), now.tolist(), strict=True)):
        theirs = VoiceLeadingQuartet(*map(Note, (s1, s2, b1, b2)))
        same = {
            "parallel fifths": theirs.parallelMotion("P5", allowOctaveDisplacement=True),
            "crossing": s2 < b2 if s1 < b1 else theirs.voiceCrossing(),
        }
        if (s1 == b1) == (s2 == b2):  # theirs tells a unison from an octave
            same["parallel octaves"] = theirs.parallelMotion(
                "P8", allowOctaveDisplacement=True
            ) or theirs.parallelMotion("P1")
        if (s1, b1) != (s2, b2):  # ours asks that one of them moves
            same["overlap"] = theirs.voiceOverlap()
        if abs(s1 - b1) % 12 != 6:  # theirs takes a diminished fifth for a parallel
            leaps = abs(s2 - s1) >= 3
            same["hidden fifths"] = theirs.hiddenFifth() and leaps
            same["hidden octaves"] = theirs.hiddenOctave() and leaps
        for name, fault in same.items():
            assert ours[name][i] == fault, (name, s1, s2, b1, b2)
            found[name] += fault
    assert min(found.values()) >= 5, found


# Properties.

WIDE = st.integers(34, 83)
NARROW = st.sampled_from([48, 50, 52, 53, 55, 57, 59, 60, 62, 64, 65])


@st.composite
def steps(draw, silence=True, low=1):
    """Any steps: over the compass, or in a narrow scale, where faults are many."""
    number = draw(st.integers(low, 5))
    element = draw(st.sampled_from([WIDE, NARROW]))
    if silence:
        element = st.one_of(st.just(REST), element)
    before, now = (draw(hnp.arrays(np.int16, (number, 4), elements=element)) for _ in range(2))
    key = draw(st.sampled_from([C, A, Key("F"), Key("E", "minor")]))
    return Moves(before, now, key, draw(hnp.arrays(np.bool_, number)))


@pytest.mark.slow
@given(steps(low=0))
def test_shapes(moves):
    for rule in RULES.values():
        found = rule.count(moves)
        assert found.shape == (len(moves), len(rule.voices))
        assert found.dtype == np.bool_
        assert rule.chances(moves).dtype == np.bool_
        assert len(rule.chances(moves)) == len(moves)


@pytest.mark.slow
@given(steps(), st.data())
def test_a_voice_more_takes_no_fault_away(moves, data):
    """Whether it is not chosen yet, or does not sound in either frame."""
    hidden = data.draw(hnp.arrays(np.bool_, moves.now.shape))
    silent = data.draw(hnp.arrays(np.bool_, 4))
    fewer = dataclasses.replace(moves, now=np.where(hidden, np.int16(REST), moves.now))
    tacet = dataclasses.replace(
        moves,
        before=np.where(silent, np.int16(REST), moves.before),
        now=np.where(silent, np.int16(REST), moves.now),
    )
    for rule in LOCAL:
        assert not (rule.count(fewer) & ~rule.count(moves)).any(), rule.name
        assert not (rule.count(tacet) & ~rule.count(moves)).any(), rule.name


@pytest.mark.slow
@given(steps(), st.sampled_from(Voice))
def test_a_silent_voice_makes_no_fault(moves, voice):
    now = moves.now.copy()
    now[:, voice] = REST
    moves = dataclasses.replace(moves, now=now)
    for rule in RULES.values():
        if rule.name != "no chord":
            own = [voice in group for group in rule.voices]
            assert not rule.count(moves)[:, own].any(), rule.name


@pytest.mark.slow
@given(steps(), st.integers(-12, 12))
def test_transposition_changes_nothing(moves, by):
    place = (moves.key.pitch_class + by) * 7 % 12
    key = Key(note_name((place + 5) % 12 - 5), moves.key.mode)
    up = lambda pitch: np.where(pitch == REST, REST, pitch + by).astype(np.int16)  # noqa: E731
    moved = Moves(up(moves.before), up(moves.now), key, moves.released, by)
    for rule in RULES.values():
        if rule.name == "out of range" and not -5 <= by <= 6:
            continue  # by an octave a voice leaves its compass
        assert np.array_equal(rule.count(moved), rule.count(moves)), rule.name
        assert np.array_equal(rule.chances(moved), rule.chances(moves)), rule.name


@pytest.mark.slow
@given(steps())
def test_no_step_sees_another(moves):
    for rule in RULES.values():
        alone = [
            rule.count(Moves(moves.before[i:i + 1], moves.now[i:i + 1], moves.key,
                             moves.released[i:i + 1]))
            for i in range(len(moves))
        ]  # fmt: skip
        assert np.array_equal(np.concatenate(alone), rule.count(moves))


# The cost.

WEIGHTS = st.dictionaries(st.sampled_from(sorted(RULES)), st.sampled_from([0.0, 0.5, 2.0, 5.0]))


@pytest.mark.slow
@given(steps(), WEIGHTS, st.booleans())
def test_the_cost_is_what_the_rules_count(moves, weights, whole):
    wanted = np.zeros(len(moves))
    for name, weight in weights.items():
        if whole or not RULES[name].needs_all_voices:
            wanted += weight * RULES[name].count(moves).sum(axis=1)
    assert np.array_equal(sum_fault_costs(moves, weights, all_voices=whole), wanted)


@pytest.mark.slow
@given(steps(silence=False), WEIGHTS, st.permutations(range(4)))
def test_the_cost_grows_with_each_voice(moves, weights, order):
    """So that what each voice adds is never negative, and comes to the whole, in any order."""
    now, last = np.full_like(moves.now, REST), np.zeros(len(moves))
    for voice in order:
        now = now.copy()
        now[:, voice] = moves.now[:, voice]
        grown = sum_fault_costs(dataclasses.replace(moves, now=now), weights, all_voices=False)
        assert (grown >= last).all()
        last = grown
    assert np.array_equal(last, sum_fault_costs(moves, weights, all_voices=False))


def test_the_cost_of_no_rule():
    with pytest.raises(UsageError, match="no rule 'parallel thirds': rules are parallel fifths"):
        sum_fault_costs(step(V, I), {"parallel thirds": 1.0})


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(moves=steps())
def test_so_many_voices_have_to_move(rule, moves):
    both = (moves.before >= 0) & (moves.now >= 0)
    moving = ((moves.before != moves.now) & both).sum(axis=1)
    assert not rule.count(moves)[moving < rule.movers].any()
