"""The penalties in a search are what the rule checker counts in the finished piece."""

import dataclasses

import numpy as np
import pytest
from expected_penalties import chosen_faults, expected_penalty
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import chorales
from toy_models import PromptedModel

from bachbot.chorale import REST, Chorale, Given, Key, Voice
from bachbot.decoding import ComposeRequest, Penalties
from bachbot.decoding.compose import composition_constraints
from bachbot.decoding.constraints import ANY, fill_constraints
from bachbot.decoding.context import SearchContext
from bachbot.decoding.hypotheses import FrameState, SeenChords
from bachbot.decoding.penalties import (
    DEFAULT_PENALTIES,
    PARALLELS,
    PENALTY_NAMES,
    LeapBonus,
    OnsetBonus,
    RulePenalty,
)
from bachbot.decoding.search import Search
from bachbot.decoding.strategies import Beam, Sampler
from bachbot.encoding import REST_TOKEN, Vocabulary
from bachbot.errors import UsageError
from bachbot.theory.explanation import tally
from bachbot.theory.rules import RULES

WIDE = Vocabulary()
SCALE = np.array([-1, 43, 47, 48, 53, 55, 59, 60, 62, 64, 65, 67, 68, 71, 72, 74])
"""Pitches among which fifths, leading notes, sevenths and chords are common; first the rest."""

WEIGHTS = {name: 0.1 + 0.017 * at for at, name in enumerate(RULES)}
"""A different weight for each rule, so that a total shows which was counted wrongly."""


def search_through(pieces, givens, penalties, selector=None, **options):
    """A search that can only find these pieces, whatever their range."""
    constraints = [
        without_ranges(fill_constraints(p, g, WIDE)) for p, g in zip(pieces, givens, strict=True)
    ]
    search = Search(
        PromptedModel(pieces, WIDE),
        constraints,
        selector or Beam(1),
        penalties=penalties,
        **options,
    )
    for frame in range(max(p.frames for p in pieces)):
        search.decode_frame(frame)
    return search


def without_ranges(constraints):
    notes = (np.arange(len(WIDE)) >= REST_TOKEN) & ~WIDE.tied_of
    return dataclasses.replace(
        constraints,
        allowed_sets=notes[None],
        set_index=np.zeros_like(constraints.set_index),
        may_tie=np.ones_like(constraints.may_tie),
        required_pitch=np.full_like(constraints.required_pitch, ANY),
    )


def penalties_of(pieces, givens, penalties):
    """The penalty of each piece in a search."""
    search = search_through(pieces, givens, penalties)
    search.finish()
    found = [search.best(1, place)[0] for place in range(len(pieces))]
    for ended, piece in zip(found, pieces, strict=True):
        assert search.music(ended).same_music(piece)
    return [ended.penalty for ended in found]


def on_scale(piece, **changes):
    """The same contour on `SCALE`."""
    at = np.where(piece.pitch == REST, 0, piece.pitch - 59)
    return dataclasses.replace(piece, pitch=SCALE[at], **changes)


def whole_fermatas(piece):
    """The same with fermatas on whole notes of the soprano, as decoders write them."""
    fermata = piece.fermata & (piece.pitch[:, 0] != REST)
    for frame in np.flatnonzero(piece.tied[:, 0]):
        fermata[frame] = fermata[frame - 1]
    return dataclasses.replace(piece, fermata=fermata)


@st.composite
def tasks(draw):
    """A piece and what is given of it: whole voices, or any cells."""
    piece = draw(chorales(min_frames=1, max_frames=7, low=60, high=74))
    key = draw(st.sampled_from([Key(), Key("A", "minor")]))
    piece = on_scale(piece, key=key, transposed_by=draw(st.integers(-7, 7)))
    voices = st.sets(st.sampled_from(list(Voice))).map(
        lambda v: Given.voices(piece.frames, v).cells
    )
    cells = draw(st.one_of(voices, hnp.arrays(np.bool_, piece.pitch.shape)))
    fermatas = draw(st.one_of(st.booleans(), hnp.arrays(np.bool_, piece.frames)))
    given = Given(
        cells, fermatas, final_chord=draw(st.sampled_from([range(0), range(piece.frames)]))
    )
    # Where soprano and fermatas are given, the latter may stand anywhere.
    if not (cells[:, 0].all() and given.fermatas.all()):
        piece = whole_fermatas(piece)
    return piece, given


@pytest.mark.slow
@settings(max_examples=80)
@for_all(tasks(), st.sampled_from(list(RULES)))
def test_a_rule_alone(task, name):
    piece, given = task
    [cost] = penalties_of([piece], [given], Penalties.of({name: 1.0}))
    assert cost == pytest.approx(chosen_faults(piece, given, name), abs=1e-9)


@pytest.mark.slow
@settings(max_examples=40)
@for_all(st.lists(tasks(), min_size=2, max_size=4))
def test_all_penalties_of_several_pieces_at_once(tasks):
    pieces, givens = zip(*tasks, strict=True)
    penalties = Penalties.of(
        {
            **WEIGHTS,
            "onset bonus 0": 0.1,
            "onset bonus 2": 0.25,
            "onset bonus 3": -0.05,
            "repeated note": 0.3,
            "leap bonus": 0.35,
            "new-chord bonus": 0.7,
            "final chord": 1.5,
            "final cadence": 0.65,
            "above the soprano": 0.55,
            "opening chord": 0.9,
            "chord at fermata": 0.45,
        }
    )
    wanted = [expected_penalty(p, g, penalties) for p, g in tasks]
    assert penalties_of(pieces, givens, penalties) == pytest.approx(wanted, abs=1e-9)


def state_of(before, now):
    """The state of one hypothesis by the pitches of two frames."""
    before, now = (np.array([pitch], dtype=np.int16) for pitch in (before, now))
    return FrameState(before, now, np.zeros(1, bool), np.zeros(1, bool), np.ones((1, 4), bool))


CHORDS = np.array(
    [[0, 4, 7, 0], [7, 11, 2, 5], [9, 0, 4, 9], [2, 5, 9, 0], [11, 2, 5, 11], [0, 4, 7, 2]]
)
"""Above C: tonic and dominant, other chords, a doubled leading note, and what is no chord."""


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_a_penalty_somewhere(name):
    """Pieces of chance in which the rule is broken by notes that were not given."""
    rng = np.random.default_rng(1)
    given, pieces = Given.voices(8, [Voice.SOPRANO]), []
    for _ in range(50):
        chords = rng.permuted(CHORDS[rng.integers(0, 6, 8)], axis=1)
        pitch = chords + 12 * rng.integers([5, 5, 4, 3], [7, 6, 6, 6], (8, 4))
        pieces.append(Chorale(pitch, np.zeros((8, 4)), rng.random(8) < 0.1))
    wanted = [chosen_faults(piece, given, name) for piece in pieces]
    assert sum(wanted) > 0
    assert penalties_of(pieces, [given] * 50, Penalties.of({name: 1.0})) == pytest.approx(wanted)


@pytest.mark.slow
@pytest.mark.parametrize("voices", [[], [0], [3], [1, 2], [0, 3]])
def test_what_the_checker_counts_in_bachs_pieces(corpus, voices):
    """Whole voices given: all faults but those that the given voices make among themselves."""
    pieces = [p.sliced(0, 64 + 16 * at) for at, p in enumerate(corpus.part("validation")[:6])]
    givens = [Given.voices(piece.frames, voices) for piece in pieces]
    wanted = []
    for piece, given in zip(pieces, givens, strict=True):
        alone = dataclasses.replace(
            piece, pitch=np.where(given.cells, piece.pitch, REST), tied=piece.tied & given.cells
        )
        of_given = {name: rule for name, rule in RULES.items() if not rule.needs_all_voices}
        count = {name: found.count for name, found in tally(piece).items()}
        count |= {name: count[name] - found.count for name, found in tally(alone, of_given).items()}
        wanted.append(sum(WEIGHTS[name] * count[name] for name in RULES))
    assert min(wanted) > 1
    assert penalties_of(pieces, givens, Penalties.of(WEIGHTS)) == pytest.approx(wanted)


@pytest.mark.slow
def test_given_notes_after_a_gap_have_penalties_too(corpus):
    pieces = [p.sliced(0, 48) for p in corpus.part("validation")[4:8]]
    cells = np.ones((48, 4), dtype=bool)
    cells[16:30, 1:] = False
    cells[40] = False
    givens = [Given(np.roll(cells, at, axis=0)) for at in range(4)]
    penalties = Penalties.of(WEIGHTS)
    wanted = [expected_penalty(p, g, penalties) for p, g in zip(pieces, givens, strict=True)]
    assert penalties_of(pieces, givens, penalties) == pytest.approx(wanted)


def fermatas_on(*notes, frames=4):
    """Quarters of pitches (S, A, T, B), each but the last under a fermata of its own."""
    pitch = np.repeat(np.array(notes), frames, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % frames > 0)[:, None], 4, axis=1)
    return Chorale(pitch, tied, np.arange(len(pitch)) < frames * (len(notes) - 1))


@pytest.mark.parametrize("voices", [[], [0], [3]])
def test_no_leap_counts_from_one_fermata_to_the_next(voices):
    """C to F sharp, three times: twice from under a fermata into another note under its own."""
    piece = fermatas_on((72, 60, 60, 48), (78, 66, 66, 54), (72, 60, 60, 48), (78, 66, 66, 54))
    given = Given.voices(16, voices)
    penalties = Penalties.of({"tritone leaps": 1.0})
    assert penalties_of([piece], [given], penalties) == [0]
    plain = dataclasses.replace(piece, fermata=np.zeros(16))
    assert penalties_of([plain], [given], penalties) == [3 * (4 - len(voices))]


@pytest.mark.parametrize(
    ("before", "now", "voice", "costly"),
    [
        # Soprano from C to D: the alto a fifth below may not follow, nor cross to a fifth above.
        ((72, 65, -1, -1), (74, -1, -1, -1), 1, {67, 81}),
        # An octave below, and a unison.
        ((72, 60, -1, -1), (74, -1, -1, -1), 1, {62, 74, 86}),
        ((67, 67, -1, -1), (65, -1, -1, -1), 1, {65, 53, 41}),
        # A twelfth between soprano and bass, falling.
        ((74, -1, -1, 55), (72, -1, -1, -1), 3, {53, 41}),
        # A third may go where it likes; so may a fourth, which is no fifth.
        ((72, 69, -1, -1), (74, -1, -1, -1), 1, set()),
        ((72, 67, -1, -1), (74, -1, -1, -1), 1, set()),
        # Nothing moves, or comes out of a rest, or goes into one.
        ((72, 65, -1, -1), (72, -1, -1, -1), 1, set()),
        ((-1, 65, -1, -1), (74, -1, -1, -1), 1, set()),
        ((72, -1, -1, -1), (74, -1, -1, -1), 1, set()),
        # A given bass is known before the tenor above it is chosen.
        ((-1, -1, 55, 48), (-1, -1, -1, 50), 2, {57, 69, 81}),
    ],
)
def test_where_parallels_cost(before, now, voice, costly):
    pitch = np.array([before, now])
    cells = np.zeros((2, 4), dtype=bool)
    cells[1, voice + 1 :] = pitch[1, voice + 1 :] != REST
    constraints = fill_constraints(Chorale(pitch, np.zeros((2, 4)), [0, 0]), Given(cells), WIDE)
    context = SearchContext(
        [constraints], np.zeros(1, dtype=int), 1, voice,
        state_of(*pitch), SeenChords.empty(1),
    )  # fmt: skip
    scores, legal = np.zeros((1, len(WIDE))), np.ones((1, len(WIDE)), dtype=bool)
    penalties = Penalties.of({"parallel fifths": 1.5, "parallel octaves": 1.5})
    same, cost = penalties.token_costs(context, scores, legal)
    assert same.all()
    assert set(WIDE.pitch_of[cost[0] > 0].tolist()) == costly
    assert set(cost[0].tolist()) <= {0, 1.5}


def test_hopeless_tokens_are_dropped():
    constraints = fill_constraints(
        Chorale([[72, 60, 60, 60]], np.zeros((1, 4)), [0]), SOPRANO, WIDE
    )
    context = SearchContext(
        [constraints], np.zeros(1, dtype=int), 0, 1, FrameState.start(1), SeenChords.empty(1)
    )
    scores = np.full((1, len(WIDE)), -20.0)
    scores[0, [20, 21, 22, 23]] = [-0.5, -10.4, -10.6, 0.0]
    legal = np.ones(scores.shape, dtype=bool)
    legal[0, 23] = False  # what is forbidden is no measure
    left, _ = Penalties.of({"crossing": 1.0}).token_costs(context, scores, legal)
    assert np.flatnonzero(left[0]).tolist() == [20, 21]


SOPRANO = Given.voices(1, [Voice.SOPRANO])


def test_the_range_is_in_the_key_in_which_the_piece_is_sung():
    """The alto sings F5 where all is three semitones higher; the bass Eb2 not where it is four."""
    shifts = [0, 3, 4, 12, -3]
    pieces = [
        Chorale([[72, 77, 60, 39]], np.zeros((1, 4)), [0], transposed_by=shift) for shift in shifts
    ]
    cost = penalties_of(pieces, [SOPRANO] * 5, Penalties.of({"out of range": 1.0}))
    assert cost == [1, 0, 1, 1, 1]


def test_constraints_know_the_transposition():
    piece = Chorale([[72, 60, 60, 48]], np.zeros((1, 4)), [0], transposed_by=-4)
    assert fill_constraints(piece, SOPRANO, WIDE).transposed_by == -4
    assert composition_constraints(ComposeRequest(bars=1, transposed_by=5), WIDE).transposed_by == 5


def test_a_rest_can_complete_a_chord():
    """Whole chords are judged when the last voice is silent too: C, D and E are no chord."""
    piece = Chorale([[64, 62, 60, -1]], np.zeros((1, 4)), [0])
    assert penalties_of([piece], [SOPRANO], Penalties.of({"no chord": 1.0})) == [1]


def test_a_sample_that_leads_into_a_fault_has_less_weight():
    """The sampled alto makes an octave with the soprano given after it."""
    piece = Chorale([[72, 60, 55, 48], [74, 62, 55, 48]], np.zeros((2, 4)), [0, 0])
    cells = np.ones((2, 4), dtype=bool)
    cells[0, 1] = False
    weights = []
    for penalties in (Penalties(), Penalties.of({"parallel octaves": 1.25})):
        draw = Sampler([np.random.default_rng(0)], 1.0, 1.0)
        search = search_through([piece], [Given(cells)], penalties, draw, track_weights=True)
        weights.append(float(search.weight[0]))
    assert weights[0] - weights[1] == pytest.approx(1.25)


def test_no_penalty_is_active_unless_it_has_a_weight():
    assert not Penalties().active
    assert not Penalties.of({"crossing": 0.0, "onset bonus 2": 0.0}).active
    for name in PENALTY_NAMES:
        [active] = Penalties.of({name: 0.1}).active
        assert (active.name, active.weight) == (name, 0.1)
        assert active.source
    assert len(DEFAULT_PENALTIES.active) == len(DEFAULT_PENALTIES.items)


def test_each_penalty_alone_adds_up_to_the_list():
    """Rules are computed together in a list; alone they cost the same."""
    constraints = fill_constraints(
        Chorale([[72, 65, 60, 48], [74, 67, 62, 50]], np.zeros((2, 4)), [0, 0]),
        Given.voices(2, [Voice.SOPRANO]),
        WIDE,
    )
    context = SearchContext(
        [constraints], np.zeros(1, dtype=int), 1, 1,
        state_of((72, 65, 60, 48), (74, -1, -1, -1)), SeenChords.empty(1),
    )  # fmt: skip
    tokens = np.arange(REST_TOKEN, len(WIDE))
    rows = np.zeros(len(tokens), dtype=int)
    legal = np.zeros((1, len(WIDE)), dtype=bool)
    legal[0, tokens] = True
    _, cost = DEFAULT_PENALTIES.token_costs(context, np.zeros((1, len(WIDE))), legal)
    alone = sum(penalty.cost(context, rows, tokens) for penalty in DEFAULT_PENALTIES.items)
    assert np.ptp(alone) > 2.5
    assert cost[0, tokens] == pytest.approx(alone)


def test_weights_are_read_changed_and_dropped_by_name():
    changed = DEFAULT_PENALTIES.with_weights({"leap bonus": 0.4, "overlap": 0.3})
    assert changed.weights == DEFAULT_PENALTIES.weights | {"leap bonus": 0.4, "overlap": 0.3}
    assert Penalties.of(changed.weights) == changed
    left = DEFAULT_PENALTIES.without(PARALLELS)
    assert set(DEFAULT_PENALTIES.weights) - set(left.weights) == set(PARALLELS)
    assert left.to_json()[0] == {
        "name": "seventh unresolved",
        "weight": 0.25,
        "source": RulePenalty.source,
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RulePenalty(1.0, "parallel thirds"), "no rule 'parallel thirds': rules are par"),
        (lambda: OnsetBonus(1.0, 4), "a beat has no position 4: give 0 to 3"),
        (lambda: Penalties.of({"onset bonus 4": 1.0}), "no penalty 'onset bonus 4': penalties are"),
        (lambda: Penalties((LeapBonus(1.0), LeapBonus(2.0))), "listed twice: leap bonus"),
    ],
)
def test_bad_penalties(make, message):
    with pytest.raises(UsageError, match=message):
        make()
