"""The charge for a rule is what the rule checker counts."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reckoning import chosen_faults, reckoned
from strategies import chorales
from toys import Prompter

from bachbot.chorale import REST, Chorale, Given, Key, Voice
from bachbot.decoding import ComposeRequest, Penalties
from bachbot.decoding.compose import composition_constraints
from bachbot.decoding.constraints import ANY
from bachbot.decoding.harmonize import constraints_of
from bachbot.decoding.hypotheses import SearchContext, SeenChords
from bachbot.decoding.penalties import DEFAULT_PENALTIES
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
"""Of every rule one of its own, so that a total shows which was counted wrongly."""


def led_through(pieces, givens, charges, proposal=None, **options):
    """A walk through the very notes of some pieces, side by side, whatever their compass."""
    plans = [anything_goes(constraints_of(p, g, WIDE)) for p, g in zip(pieces, givens, strict=True)]
    walk = Search(Prompter(pieces, WIDE), plans, proposal or Beam(1), charges=charges, **options)
    for frame in range(max(p.frames for p in pieces)):
        walk.frame(frame)
    return walk


def anything_goes(plan):
    palette = (np.arange(len(WIDE)) >= REST_TOKEN) & ~WIDE.tied_of
    return dataclasses.replace(
        plan,
        palette=palette[None],
        which=np.zeros_like(plan.which),
        tie=np.ones_like(plan.tie),
        sound=np.full_like(plan.sound, ANY),
    )


def charged(pieces, givens, charges):
    """What each piece is charged on the way through it."""
    walk = led_through(pieces, givens, charges)
    walk.end()
    found = [walk.best(1, place)[0] for place in range(len(pieces))]
    for ended, piece in zip(found, pieces, strict=True):
        assert walk.music(ended).same_music(piece)
    return [ended.charged for ended in found]


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
    given = Given(cells, fermatas, close=draw(st.sampled_from([range(0), range(piece.frames)])))
    # Where soprano and fermatas are given, the latter may stand anywhere.
    if not (cells[:, 0].all() and given.fermatas.all()):
        piece = whole_fermatas(piece)
    return piece, given


@settings(max_examples=150)
@for_all(tasks(), st.sampled_from(list(RULES)))
def test_a_rule_alone(task, name):
    piece, given = task
    [cost] = charged([piece], [given], Penalties({name: 1.0}))
    assert cost == pytest.approx(chosen_faults(piece, given, name), abs=1e-9)


@settings(max_examples=40)
@for_all(st.lists(tasks(), min_size=2, max_size=4))
def test_all_charges_of_several_pieces_at_once(tasks):
    pieces, givens = zip(*tasks, strict=True)
    charges = Penalties(
        WEIGHTS,
        strikes={0: 0.1, 2: 0.25, 3: -0.05},
        still=0.3,
        leaps=0.35,
        fresh=0.7,
        astray=1.5,
        unsettled=0.45,
    )
    wanted = [reckoned(p, g, charges) for p, g in tasks]
    assert charged(pieces, givens, charges) == pytest.approx(wanted, abs=1e-9)


CHORDS = np.array(
    [[0, 4, 7, 0], [7, 11, 2, 5], [9, 0, 4, 9], [2, 5, 9, 0], [11, 2, 5, 11], [0, 4, 7, 2]]
)
"""Above C: tonic and dominant, other chords, a doubled leading note, and what is no chord."""


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_charged_somewhere(name):
    """Pieces of chance in which the rule is broken by notes that were not given."""
    rng = np.random.default_rng(1)
    given, pieces = Given.voices(8, [Voice.SOPRANO]), []
    for _ in range(50):
        chords = rng.permuted(CHORDS[rng.integers(0, 6, 8)], axis=1)
        pitch = chords + 12 * rng.integers([5, 5, 4, 3], [7, 6, 6, 6], (8, 4))
        pieces.append(Chorale(pitch, np.zeros((8, 4)), rng.random(8) < 0.1))
    wanted = [chosen_faults(piece, given, name) for piece in pieces]
    assert sum(wanted) > 0
    assert charged(pieces, [given] * 50, Penalties({name: 1.0})) == pytest.approx(wanted)


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
        of_given = {name: rule for name, rule in RULES.items() if not rule.whole}
        count = {name: found.count for name, found in tally(piece).items()}
        count |= {name: count[name] - found.count for name, found in tally(alone, of_given).items()}
        wanted.append(sum(WEIGHTS[name] * count[name] for name in RULES))
    assert min(wanted) > 1
    assert charged(pieces, givens, Penalties(WEIGHTS)) == pytest.approx(wanted)


def test_a_hole_is_charged_at_its_far_edge_too(corpus):
    pieces = [p.sliced(0, 48) for p in corpus.part("validation")[4:8]]
    cells = np.ones((48, 4), dtype=bool)
    cells[16:30, 1:] = False
    cells[40] = False
    givens = [Given(np.roll(cells, at, axis=0)) for at in range(4)]
    charges = Penalties(WEIGHTS)
    wanted = [reckoned(p, g, charges) for p, g in zip(pieces, givens, strict=True)]
    assert charged(pieces, givens, charges) == pytest.approx(wanted)


def fermatas_on(*notes, frames=4):
    """Quarters of pitches (S, A, T, B), each but the last under a fermata of its own."""
    pitch = np.repeat(np.array(notes), frames, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % frames > 0)[:, None], 4, axis=1)
    return Chorale(pitch, tied, np.arange(len(pitch)) < frames * (len(notes) - 1))


@pytest.mark.parametrize("voices", [[], [0], [3]])
def test_no_leap_is_charged_from_one_fermata_to_the_next(voices):
    """C to F sharp, three times: twice from under a fermata into another note under its own."""
    piece = fermatas_on((72, 60, 60, 48), (78, 66, 66, 54), (72, 60, 60, 48), (78, 66, 66, 54))
    given = Given.voices(16, voices)
    charges = Penalties({"tritone leaps": 1.0})
    assert charged([piece], [given], charges) == [0]
    plain = dataclasses.replace(piece, fermata=np.zeros(16))
    assert charged([plain], [given], charges) == [3 * (4 - len(voices))]


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
    plan = constraints_of(Chorale(pitch, np.zeros((2, 4)), [0, 0]), Given(cells), WIDE)
    choice = SearchContext(
        [plan], np.zeros(1, dtype=int), 1, voice,
        np.concatenate([pitch, np.zeros((2, 1))], axis=1)[None].astype(np.int16),
        np.ones(1, dtype=bool), SeenChords.nothing(1),
    )  # fmt: skip
    scores, legal = np.zeros((1, len(WIDE))), np.ones((1, len(WIDE)), dtype=bool)
    charges = Penalties({"parallel fifths": 1.5, "parallel octaves": 1.5})
    same, cost = charges.of(choice, scores, legal)
    assert same.all()
    assert set(WIDE.pitch_of[cost[0] > 0].tolist()) == costly
    assert set(cost[0].tolist()) <= {0, 1.5}


def test_the_hopeless_are_not_looked_at():
    plan = constraints_of(Chorale([[72, 60, 60, 60]], np.zeros((1, 4)), [0]), SOPRANO, WIDE)
    choice = SearchContext(
        [plan], np.zeros(1, dtype=int), 0, 1, np.full((1, 2, 5), -1, dtype=np.int16),
        np.ones(1, dtype=bool), SeenChords.nothing(1),
    )  # fmt: skip
    scores = np.full((1, len(WIDE)), -20.0)
    scores[0, [20, 21, 22, 23]] = [-0.5, -10.4, -10.6, 0.0]
    legal = np.ones(scores.shape, dtype=bool)
    legal[0, 23] = False  # what is forbidden is no measure
    left, _ = Penalties({"crossing": 1.0}).of(choice, scores, legal)
    assert np.flatnonzero(left[0]).tolist() == [20, 21]


SOPRANO = Given.voices(1, [Voice.SOPRANO])


def test_the_compass_is_where_the_piece_is_sung():
    """The alto sings F5 where all is three semitones higher; the bass Eb2 not where it is four."""
    shifts = [0, 3, 4, 12, -3]
    pieces = [
        Chorale([[72, 77, 60, 39]], np.zeros((1, 4)), [0], transposed_by=shift) for shift in shifts
    ]
    cost = charged(pieces, [SOPRANO] * 5, Penalties({"out of compass": 1.0}))
    assert cost == [1, 0, 1, 1, 1]


def test_plans_know_where_a_piece_is_sung():
    piece = Chorale([[72, 60, 60, 48]], np.zeros((1, 4)), [0], transposed_by=-4)
    assert constraints_of(piece, SOPRANO, WIDE).transposed_by == -4
    assert composition_constraints(ComposeRequest(bars=1, transposed_by=5), WIDE).transposed_by == 5


def test_a_rest_can_complete_a_chord():
    """Whole chords are judged when the last voice is silent too: C, D and E are no chord."""
    piece = Chorale([[64, 62, 60, -1]], np.zeros((1, 4)), [0])
    assert charged([piece], [SOPRANO], Penalties({"no chord": 1.0})) == [1]


def test_silence_is_no_new_chord():
    piece = Chorale([[-1] * 4], np.zeros((1, 4)), [0])
    assert charged([piece], [SOPRANO], Penalties(fresh=1.0)) == [0]


def test_new_chords_on_beats_earn_once():
    chords = [(72, 67, 64, 48), (74, 67, 62, 55), (79, 72, 60, 52), (74, 67, 62, 55)]
    piece = dataclasses.replace(fermatas_on(*chords), fermata=np.zeros(16))
    assert charged([piece], [Given.voices(16, [0])], Penalties(fresh=0.5)) == [-1.0]
    # A bar that was given has been heard as well, but earns nothing.
    assert charged([piece], [Given.opening(16, 4)], Penalties(fresh=0.5)) == [-0.5]
    # Half a beat later nothing is on a beat.
    late = dataclasses.replace(piece, position=np.arange(2, 18))
    changed = dataclasses.replace(late, tied=np.zeros((16, 4)))
    assert charged([changed], [Given.voices(16, [0])], Penalties(fresh=0.5)) == [-1.0]


def test_struck_notes_earn_by_their_place():
    pitch = np.tile([72, 64, 60, 48], (4, 1))
    piece = Chorale(pitch, [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1]], np.zeros(4))
    given = Given.voices(4, [Voice.SOPRANO])
    [cost] = charged([piece], [given], Penalties(strikes={1: 1.0, 2: 10.0, 3: 100.0}))
    assert cost == -(1 + 10)


def test_notes_struck_again_are_charged():
    pitch = np.array([[72, 64, 60, 48], [72, 64, 60, 48], [72, 64, -1, 43], [72, 64, 60, 43]])
    tied = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1]], dtype=bool)
    piece = Chorale(pitch, tied, np.zeros(4))
    given = Given.voices(4, [Voice.SOPRANO])
    # Tenor and bass in the second frame, the alto in the third; the tenor after its rest begins.
    assert charged([piece], [given], Penalties(still=1.0)) == [3.0]
    # The given soprano strikes its note four times free of charge.
    assert charged([piece], [Given.voices(4, [1, 2, 3])], Penalties(still=1.0)) == [3.0]


def test_leaps_earn():
    pitch = np.array([[72, 64, 60, 48], [65, 65, 57, 48], [67, 67, -1, 55], [67, 60, 60, 50]])
    piece = Chorale(pitch, np.zeros((4, 4)), np.zeros(4))
    # Alto 67-60; tenor 60-57, and none out of its rest; bass 48-55 and 55-50.
    assert charged([piece], [Given.voices(4, [0])], Penalties(leaps=1.0)) == [-4.0]
    assert charged([piece], [Given.voices(4, [0, 1, 3])], Penalties(leaps=1.0)) == [-1.0]


def test_a_phrase_that_ends_on_an_inversion():
    chord = {"root": [72, 67, 64, 48], "sixth": [72, 67, 60, 52], "none": [72, 67, 65, 48]}
    for name, cost in (("root", 0), ("sixth", 1.0), ("none", 0)):
        pitch = np.repeat([[71, 67, 62, 55], chord[name]], 4, axis=0)
        tied = np.repeat((np.arange(8) % 4 > 0)[:, None], 4, axis=1)
        piece = Chorale(pitch, tied, np.arange(8) >= 4)
        asked = [Given.voices(8, voices) for voices in ([0], [3], [0, 1, 2], [0, 1, 2, 3])]
        wanted = [cost, cost, cost, 0]
        assert charged([piece] * 4, asked, Penalties(unsettled=1.0)) == wanted
    plain = Chorale(pitch, tied, np.zeros(8))
    assert charged([plain], [Given.voices(8, [0])], Penalties(unsettled=1.0)) == [0]


A_MINOR = Key("A", "minor")


@pytest.mark.parametrize(
    ("chord", "key", "cost"),
    [
        ([64, 60, 55, 48], Key(), 0),  # C major over C
        ([64, 60, 55, 43], Key(), 2.0),  # over its fifth
        ([64, 60, 57, 48], Key(), 2.0),  # A minor over C
        ([64, 60, 57, 45], A_MINOR, 0),
        ([64, 61, 57, 45], A_MINOR, 0),  # the major third that closes a piece in minor
        ([64, 60, 57, 48], A_MINOR, 2.0),
        ([66, 62, 59, 50], A_MINOR, 6.0),  # the soprano is given
        ([64, 62, 57, 45], A_MINOR, 2.0),  # a fourth for the third
        ([64, -1, 57, 45], A_MINOR, 0),
    ],
)
def test_a_last_chord_astray(chord, key, cost):
    pitch = np.tile(chord, (6, 1))
    pitch[:2, 3] = 50
    piece = Chorale(pitch, np.zeros((6, 4)), np.zeros(6), key=key)
    given = dataclasses.replace(Given.voices(6, [Voice.SOPRANO]), close=range(2, 6))
    assert charged([piece], [given], Penalties(astray=2.0)) == [cost]
    assert charged([piece], [Given.voices(6, [Voice.SOPRANO])], Penalties(astray=2.0)) == [0]
    everything = Given(np.ones((6, 4), dtype=bool), close=range(2, 6))
    assert charged([piece], [everything], Penalties(astray=2.0)) == [0]


def test_a_draw_that_leads_into_a_fault_weighs_less():
    """The alto that was drawn makes an octave with the soprano given after it."""
    piece = Chorale([[72, 60, 55, 48], [74, 62, 55, 48]], np.zeros((2, 4)), [0, 0])
    cells = np.ones((2, 4), dtype=bool)
    cells[0, 1] = False
    weights = []
    for charges in (Penalties(), Penalties({"parallel octaves": 1.25})):
        draw = Sampler([np.random.default_rng(0)], 1.0, 1.0)
        walk = led_through([piece], [Given(cells)], charges, draw, weighed=True)
        weights.append(float(walk.weight[0]))
    assert weights[0] - weights[1] == pytest.approx(1.25)


def test_heard_keeps_every_set_apart():
    """All 4096 sets of pitch classes that four notes and more could make, one after the other."""
    heard = SeenChords(np.zeros((2, 512), dtype=np.uint8))
    sets = [np.flatnonzero([s >> bit & 1 for bit in range(12)]) for s in range(4096)]
    by_four = [s for s in sets if len(s) <= 4]
    assert len(by_four) == 1 + 12 + 66 + 220 + 495
    for notes in by_four:
        pitch = np.full((1, 4), REST, dtype=np.int16)
        pitch[0, : len(notes)] = 60 + notes
        rows = np.zeros(1, dtype=int)
        assert not heard.has(rows, pitch)[0]
        heard.note(rows, pitch)
        assert heard.has(rows, pitch)[0]
        assert not heard.has(rows + 1, pitch)[0]
    # Every bit that four voices can set is set, and no other.
    bits = np.unpackbits(heard.bits, axis=1, bitorder="little")
    assert np.flatnonzero(bits[0]).tolist() == [
        s for s, notes in enumerate(sets) if len(notes) <= 4
    ]
    assert not bits[1].any()


def test_what_is_heard_goes_with_its_stream():
    heard = SeenChords.nothing(3)
    chord = np.array([[72, 67, 64, 48]], dtype=np.int16)
    heard.note(np.array([1]), chord)
    moved = heard.rows(np.array([1, 0, 1]))
    octaves = np.tile(chord - 12, (3, 1))
    assert moved.has(np.arange(3), octaves).tolist() == [True, False, True]
    moved.note(np.array([1]), chord)
    assert not heard.has(np.array([0]), chord)[0]


def test_nothing_is_charged_unless_asked():
    assert not Penalties().any
    assert not Penalties({"crossing": 0.0}, strikes={2: 0.0}).any
    for some in (
        Penalties({"crossing": 0.1}),
        Penalties(strikes={0: -1}),
        Penalties(still=1),
        Penalties(leaps=1),
        Penalties(unsettled=1),
        Penalties(fresh=0.1),
    ):
        assert some.any
    assert DEFAULT_PENALTIES.any
    assert set(DEFAULT_PENALTIES.rules) <= set(RULES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rules": {"parallel thirds": 1.0}}, "no rule 'parallel thirds': rules are parallel fif"),
        ({"strikes": {4: 1.0}}, "a beat has no place 4: give 0 to 3"),
    ],
)
def test_what_cannot_be_charged(arguments, message):
    with pytest.raises(UsageError, match=message):
        Penalties(**arguments)
