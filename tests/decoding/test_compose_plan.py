import numpy as np
import pytest
from toy_models import random_lookahead_model, random_model

from bachbot.chorale import GivenChord, Meter, Voice
from bachbot.decoding import ComposeRequest, DecodingOptions
from bachbot.decoding.compose_plan import compose_planned
from bachbot.decoding.plan import CompositionPlan, PlannedPhrase
from bachbot.encoding import Vocabulary
from bachbot.errors import UsageError
from bachbot.theory.harmony import chords_of

MODEL = random_model(Vocabulary(), scale=0.5)
SAMPLE = DecodingOptions("sample", temperature=0.9)


def phrases(letters, **more):
    return tuple(
        PlannedPhrase(16 * i, 16 * i + 16, 16 * i + 8, letter, varied=bool(mark), **more)
        for i, (letter, mark) in enumerate(letters)
    )


def composed(plan, model=MODEL, meter=Meter(), options=SAMPLE, **more):
    request = ComposeRequest(bars=plan.frames // meter.bar_frames, meter=meter)
    [found] = compose_planned(model, request, plan, options, **more)
    return found.chorale


def section(music, index, frames=16):
    here = slice(16 * index, 16 * index + frames)
    return music.pitch[here], music.tied[here], music.fermata[here]


def same(music, i, k, frames=16):
    pairs = zip(section(music, i, frames), section(music, k, frames), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.slow
def test_sections_of_one_letter_are_the_same():
    music = composed(CompositionPlan(phrases([("A", ""), ("A", ""), ("B", ""), ("A", "")])))
    assert same(music, 0, 1)
    assert same(music, 0, 3)
    assert not same(music, 0, 2)


@pytest.mark.slow
def test_a_varied_close_is_new_from_its_second_half():
    music = composed(CompositionPlan(phrases([("A", ""), ("B", ""), ("A", "'")])))
    assert same(music, 0, 2, frames=4)
    assert not same(music, 0, 2)


def test_phrases_close_under_fermatas_and_begin_anew():
    music = composed(CompositionPlan(phrases([("", ""), ("", "")])))
    assert np.flatnonzero(music.fermata).tolist() == [*range(8, 16), *range(24, 32)]
    assert music.onset[[0, 16]].all()
    assert not music.onset[9:16, [Voice.SOPRANO, Voice.BASS]].any()


def test_the_soprano_has_the_planned_rhythm():
    onsets = (0, 4, 6, 8)
    plan = CompositionPlan((PlannedPhrase(0, 16, 8, onsets=onsets),))
    music = composed(plan)
    assert tuple(np.flatnonzero(music.onset[:, Voice.SOPRANO])) == onsets


@pytest.mark.slow
@pytest.mark.parametrize("harmonized", [False, True])
def test_chords_and_tops_are_kept(harmonized):
    dominant = GivenChord(4, 2, (0, 4, 7), (0,), text="V/V")
    goal = GivenChord(8, 7, (0, 4, 7), (0,), text="V")
    plan = CompositionPlan(phrases([("", ""), ("", "")]), (dominant, goal), ((8, (7,)),))
    more = (
        {"harmonizer": (random_lookahead_model(Vocabulary(), scale=0.3), 2)} if harmonized else {}
    )
    music = composed(plan, **more)
    chords = chords_of(music.pitch[[4, 8]])
    assert chords.root.tolist() == [2, 7]
    assert chords.inversion.tolist() == [0, 0]
    assert music.pitch[8, Voice.SOPRANO] % 12 == 7


@pytest.mark.slow
def test_a_scale_is_preferred():
    inside = (0, 2, 4, 6, 7, 9, 11)  # of the dominant

    def strange(plan):
        pitch = composed(plan).pitch[:16]
        return int((~np.isin(pitch % 12, inside)).sum())

    free = CompositionPlan(phrases([("", ""), ("", "")]))
    asked = CompositionPlan((*phrases([("", "")], scale=inside), free.phrases[1]))
    assert strange(asked) < strange(free) / 2


@pytest.mark.slow
def test_the_first_piece_does_not_depend_on_their_number():
    plan = CompositionPlan(phrases([("A", ""), ("A", "")]))
    request = ComposeRequest(bars=2)
    two = compose_planned(MODEL, request, plan, DecodingOptions("sample", number=2))
    [one] = compose_planned(MODEL, request, plan, DecodingOptions("sample"))
    assert one.chorale.same_music(two[0].chorale)
    assert not one.chorale.same_music(two[1].chorale)
    assert one.ending == "2 phrases in the form AA, as planned"


def test_bad_plans():
    plan = CompositionPlan(phrases([("A", "")]))
    with pytest.raises(UsageError, match="the plan has 16 frames and the piece 32"):
        compose_planned(MODEL, ComposeRequest(bars=2), plan, SAMPLE)
    with pytest.raises(UsageError, match="use sample"):
        compose_planned(MODEL, ComposeRequest(bars=1), plan, DecodingOptions())
    with pytest.raises(UsageError, match="leave gaps"):
        CompositionPlan((PlannedPhrase(4, 16, 8),))
    with pytest.raises(UsageError, match="two notes or more"):
        PlannedPhrase(0, 16, 0)
