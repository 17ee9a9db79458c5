import pytest

from bachbot.chorale import Key, Meter
from bachbot.engine.composition_plan import PlanRequest
from bachbot.errors import UsageError
from bachbot.scores.verses import parse_verses

G, D, E_MINOR = Key("G"), Key("D"), Key("E", "minor")


def spans(plan):
    return [(p.start, p.stop, p.close) for p in plan.phrases]


def chords(plan):
    return [(c.frame, c.text, c.root) for c in plan.chords]


def test_a_form_has_two_bars_a_phrase():
    plan = PlanRequest(form="AABA").plan()
    assert spans(plan) == [(0, 32, 24), (32, 64, 56), (64, 96, 88), (96, 128, 120)]
    assert [p.letter for p in plan.phrases] == list("AABA")
    assert not any(p.varied for p in plan.phrases)
    # A closes the piece, so that it has a perfect cadence each time.
    texts = {c.frame: c.text for c in plan.chords}
    assert [texts[f] for f in (20, 24, 52, 56, 88, 116, 120)] == ["V", "I", "V", "I", "V", "V", "I"]
    assert plan.tops == ((24, (0,)), (56, (0,)), (120, (0,)))


def test_length_and_meter():
    plan = PlanRequest(form="AB", bars=8, meter=Meter(3, 4, 4)).plan()
    assert [(p.start, p.stop) for p in plan.phrases] == [(0, 48), (48, 96)]
    # With a pickup the last note is shorter by as much.
    assert [p.close for p in plan.phrases] == [40, 88]


def test_keys_are_those_of_cadences_and_scales():
    plan = PlanRequest(keys=(G, D, E_MINOR, G), key=G).plan()
    texts = chords(plan)
    assert (56, "I", 7) in texts  # D is the fifth of G
    assert (52, "V", 2) in texts
    assert (88, "i", 9) in texts
    assert plan.phrases[1].scale == tuple(sorted((7 + t) % 12 for t in (0, 2, 4, 5, 7, 9, 11)))
    assert dict(plan.tops)[56] == (7,)


def test_another_cadence_is_another_close():
    plan = PlanRequest(form="AABA", cadences="HC PAC HC PAC").plan()
    assert [p.varied for p in plan.phrases] == [False, True, False, True]
    plan = PlanRequest(form="AA'BA'").plan()
    assert [p.varied for p in plan.phrases] == [False, True, False, True]
    assert [c.text for c in plan.chords if c.frame in (24, 56)] == ["V", "I"]


def test_cadences_by_bars_are_ends_of_phrases():
    plan = PlanRequest(cadences="4:HC 8:PAC").plan()
    assert spans(plan) == [(0, 64, 56), (64, 128, 120)]
    plan = PlanRequest(cadences="4:HC", bars=8).plan()
    assert spans(plan) == [(0, 64, 56), (64, 128, 120)]
    assert PlanRequest(form="AB", cadences="2:DC").plan().chords[-1].text == "vi"


def test_words_set_rhythm_and_phrases():
    words = parse_verses("a b c d e f g h\na b c d e f")
    plan = PlanRequest(words=words, meter=Meter(4, 4, 4)).plan()
    assert plan.phrases[0].onsets == tuple(range(0, 32, 4))
    assert plan.phrases[1].onsets == tuple(range(32, 56, 4))
    assert spans(plan) == [(0, 32, 28), (32, 64, 52)]
    # In triple meter strong syllables are twice as long.
    plan = PlanRequest(words=words, meter=Meter(3, 4, 4)).plan()
    assert plan.phrases[0].onsets == (0, 4, 12, 16, 24, 28, 36, 40)
    plan = PlanRequest(words=words, meter=Meter(3, 4)).plan()
    assert plan.phrases[0].onsets == (0, 8, 12, 20, 24, 32, 36, 44)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (PlanRequest(form="A1"), "is not a form"),
        (PlanRequest(form=""), "is not a form"),
        (PlanRequest(form="A" * 41), "is not a form"),
        (PlanRequest(form="AB", keys=(G,), key=G), "the form 2, the keys 1"),
        (PlanRequest(form="AB", bars=5), "5 bars cannot be shared evenly by 2 phrases"),
        (PlanRequest(form="AA", keys=(D, G), key=G), "phrases 1 and 2 are both A but have diff"),
        (PlanRequest(form="AA", words=parse_verses("a b c d e\na b")), "differ in length"),
        (PlanRequest(form="AB", cadences="HC XYZ"), "'XYZ' is not a cadence"),
        (PlanRequest(form="AB", cadences="PAC HC"), "a piece closes on the tonic"),
        (PlanRequest(form="AB", cadences="PAC PAC/V"), "a piece closes on the tonic"),
        (PlanRequest(form="AB", cadences="3:PAC"), "no phrase ends in bar 3"),
        (PlanRequest(cadences="9:PAC", bars=8), "give bars from 1 on"),
        (PlanRequest(cadences=" "), "cadences are empty"),
        (PlanRequest(words=parse_verses("a b c"), bars=4), "the words take 1 bars, not 4"),
    ],
)
def test_contradictions(request_, said):
    with pytest.raises(UsageError, match=said):
        request_.plan()
