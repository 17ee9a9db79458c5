"""The NumPy network scores as the torch network does, one token at a time."""

import copy
import itertools
import sys
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_checkpoints import random_lookahead, torch_network
from strategies import chorales

from bachbot.chorale import Chorale, Given, Key, Voice
from bachbot.encoding import (
    END,
    FERMATA,
    FRAME_END,
    START,
    FillRequest,
    Vocabulary,
    encode,
    encode_conditioning,
)
from bachbot.encoding.datastore import Datastore, build_datastore, retrieve
from bachbot.errors import EncodingError, UsageError
from bachbot.runtime import build_model

WIDE = Vocabulary()


def pieces_to_find():
    """A datastore of two pieces, whose pitches the generated ones have as well."""
    rng = np.random.default_rng(5)
    pitches = [rng.integers(60, 62, (frames, 4)) for frames in (5, 9)]
    return build_datastore([WIDE.ids_of(p, np.zeros_like(p)) for p in pitches])


CHECKPOINTS = {
    "metadata": random_lookahead(scale=0.3),
    "no metadata": random_lookahead(scale=0.3, seed=1, use_metadata=False),
    "one layer": random_lookahead(scale=0.3, seed=2, layers=1, encoder_layers=1, embedding=3),
    "deep": random_lookahead(scale=0.3, seed=3, layers=3, encoder_layers=3, hidden=4),
    "datastore": random_lookahead(scale=0.3, seed=4, datastore=pieces_to_find()),
}


@st.composite
def quotations(draw):
    """A chorale that begins as a piece of the datastore does, and may leave it."""
    library = Datastore(pieces_to_find())
    at = draw(st.sampled_from(library.piece_slices))
    ids = library.tokens[at][: draw(st.integers(1, 9))].copy()
    for frame in range(len(ids)):
        if draw(st.integers(0, 3)) == 0:
            ids[frame, draw(st.integers(0, 3))] = draw(st.sampled_from(library.tokens[1]))
    return Chorale(WIDE.pitch_of[ids], WIDE.tied_of[ids], np.zeros(len(ids), dtype=bool))


@st.composite
def requests(draw, max_frames=8):
    """A chorale, and any of its cells and fermatas given."""
    piece = draw(st.one_of(chorales(min_frames=1, max_frames=max_frames), quotations()))
    if draw(st.booleans()):
        piece = piece.transposed(0, Key("A", "minor"))
    cells = draw(hnp.arrays(np.bool_, piece.pitch.shape))
    fermatas = draw(st.one_of(st.booleans(), hnp.arrays(np.bool_, piece.frames)))
    return FillRequest(piece, Given(cells, fermatas))


def trained(checkpoint, dtype):
    """The torch network of the same weights."""
    import torch

    return torch_network(checkpoint).to(torch.float64 if dtype == np.float64 else torch.float32)


def as_torch(requests, vocabulary):
    """Whole pieces with what is given of them, for the torch network."""
    import torch

    from bachbot.models.lookahead import Batch

    encoded = encode_conditioning(requests, vocabulary)
    shape = encoded.fermata.shape
    tokens, given = np.zeros((*shape, 4), dtype=np.int64), np.zeros((*shape, 4), dtype=bool)
    fermata, known = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
    for row, request in enumerate(requests):
        frames = request.chorale.frames
        tokens[row, :frames] = vocabulary.ids_of(request.chorale.pitch, request.chorale.tied)
        given[row, :frames] = request.given.cells
        fermata[row, :frames], known[row, :frames] = request.chorale.fermata, request.given.fermatas
    numbers = (
        tokens,
        given,
        fermata,
        known,
        encoded.position,
        encoded.bar,
        encoded.mode,
        encoded.length,
    )
    found = [retrieve(Datastore(pieces_to_find()), piece, len(vocabulary)) for piece in tokens]
    library = [
        np.stack([getattr(f, part) for f in found]) for part in ("tokens", "soprano", "past")
    ]
    return Batch(*(torch.tensor(n) for n in numbers), tuple(torch.tensor(n) for n in library))


def wanted_nats(checkpoint, requests, dtype=np.float64):
    """What each slot of each frame costs by the torch network, [P, T, 5]; what is given nothing."""
    import torch

    pieces = as_torch(requests, checkpoint.vocabulary)
    with torch.no_grad():
        logits = trained(checkpoint, dtype)(pieces).double().numpy()
    odds = logits[:, :, 0, FERMATA]
    paused = pieces.fermata.numpy().astype(bool)
    scores = logits[:, :, 1:] - np.logaddexp.reduce(logits[:, :, 1:], axis=-1)[..., None]
    nats = np.empty((*odds.shape, 5))
    nats[..., 0] = np.logaddexp(0, np.where(paused, -odds, odds))
    nats[..., 1:] = -np.take_along_axis(scores, pieces.tokens.numpy()[..., None], -1)[..., 0]
    missing = pieces.missing.numpy()
    if not checkpoint.config["model"]["use_metadata"]:
        missing[..., 0] = False
    return np.where(missing, nats, 0)


def stepped_nats(model, request):
    """What each slot costs by the stepper, [T, 5], and what else costs anything, in all."""
    sequence = encode(request.chorale, model.vocabulary)
    bound = model.bind([request])
    state = bound.initial_state(1)
    nats, other = np.zeros((request.chorale.frames, 5)), 0.0
    for here, after, frame, slot in zip(
        sequence.ids, sequence.ids[1:], sequence.frame[1:], sequence.voice[1:], strict=False
    ):
        logits, state = bound.step(np.array([here]), state)
        scores = logits[0].astype(np.float64)
        cost = np.logaddexp.reduce(scores) - scores[after]
        if after == FERMATA:
            nats[frame, 0] = cost
        elif slot < 4:
            nats[frame, slot + 1] = cost
        else:
            assert after in (FRAME_END, END)
            other += abs(cost)
    return nats, other


def joined(nats):
    """A soprano without a fermata costs what the lack of one costs as well."""
    return np.concatenate([nats[..., :2].sum(axis=-1, keepdims=True), nats[..., 2:]], axis=-1)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKPOINTS)
@pytest.mark.parametrize(("dtype", "near"), [(np.float32, 1e-4), (np.float64, 1e-10)])
@settings(max_examples=25)
@for_all(request=requests())
def test_agrees_with_torch_cell_by_cell(name, dtype, near, request):
    checkpoint = CHECKPOINTS[name]
    if name == "no metadata":
        # Its fermatas are not for it to say.
        request = FillRequest(request.chorale, Given(request.given.cells))
    found, other = stepped_nats(build_model(checkpoint, dtype=dtype), request)
    [wanted] = wanted_nats(checkpoint, [request], dtype)
    np.testing.assert_allclose(joined(found), joined(wanted), rtol=near, atol=near)
    # Frame ends and END cost nothing, and neither does what is given.
    assert other == 0
    assert not found[:, 1:][request.given.cells & request.given.fermatas[:, None]].any()
    assert not found[:, 2:][request.given.cells[:, 1:]].any()
    under = request.given.fermatas & request.chorale.fermata
    assert not found[under, 0].any()


@pytest.mark.slow
@settings(max_examples=15)
@for_all(st.lists(requests(), min_size=2, max_size=4))
def test_torch_reads_padded_pieces_as_the_stepper_reads_each_alone(pieces):
    checkpoint = CHECKPOINTS["metadata"]
    model = build_model(checkpoint, dtype=np.float64)
    wanted = wanted_nats(checkpoint, pieces)
    for row, request in enumerate(pieces):
        found, _ = stepped_nats(model, request)
        frames = request.chorale.frames
        np.testing.assert_allclose(joined(found), joined(wanted[row, :frames]), atol=1e-10)


@pytest.mark.slow
@settings(max_examples=15)
@for_all(request=requests())
def test_every_distribution_agrees_with_torch(request):
    """Not only what stands there: of every missing voice, what it might have been as well."""
    import torch

    checkpoint = CHECKPOINTS["metadata"]
    request = FillRequest(request.chorale, Given(request.given.cells))
    pieces = as_torch([request], WIDE)
    with torch.no_grad():
        wanted = torch.log_softmax(trained(checkpoint, np.float64)(pieces)[0], -1).numpy()
    bound = build_model(checkpoint, dtype=np.float64).bind([request])
    state, sequence = bound.initial_state(1), encode(request.chorale, WIDE)
    for at, here in enumerate(sequence.ids[:-1]):
        logits, state = bound.step(np.array([here]), state)
        frame, voice = sequence.frame[at + 1], sequence.voice[at + 1]
        if voice < 4 and not request.given.cells[frame, voice]:
            found = logits[0] - np.logaddexp.reduce(logits[0])
            np.testing.assert_allclose(found, wanted[frame, voice + 1], atol=1e-10)


@settings(max_examples=25)
@for_all(request=requests())
def test_probabilities_add_up_to_one_where_a_fermata_is_free(request):
    request = FillRequest(request.chorale, Given(request.given.cells, fermatas=False))
    bound = build_model(CHECKPOINTS["metadata"], dtype=np.float64).bind([request])
    logits, _ = bound.step(np.array([START]), bound.initial_state(1))
    assert np.logaddexp.reduce(logits[0]) == pytest.approx(0, abs=1e-12)
    if request.given.cells[0, 0]:
        soprano = WIDE.ids_of(request.chorale.pitch[0, 0], request.chorale.tied[0, 0])
        assert np.flatnonzero(np.isfinite(logits[0])).tolist() == [FERMATA, soprano]


def test_what_is_given_is_certain():
    piece = Chorale([[67, 64, 60, 48]] * 2, [[0] * 4, [1] * 4], [0, 1])
    bound = build_model(CHECKPOINTS["metadata"]).bind(
        [FillRequest(piece, Given(np.ones((2, 4), bool)))]
    )
    state = bound.initial_state(1)
    ids = encode(piece, WIDE).ids
    for here, after in itertools.pairwise(ids):
        logits, state = bound.step(np.array([here]), state)
        assert logits.shape == (1, len(WIDE))
        assert np.flatnonzero(np.isfinite(logits[0])).tolist() == [after]


def test_it_needs_the_length():
    assert build_model(CHECKPOINTS["metadata"]).needs_length


def make_requests():
    """Three pieces of other lengths; under free fermatas, given ones, and none."""
    rng = np.random.default_rng(0)
    made = []
    for frames, fermatas in [(6, False), (4, True), (6, np.arange(6) < 3)]:
        piece = Chorale(
            rng.integers(50, 70, (frames, 4)), np.zeros((frames, 4)), rng.random(frames) < 0.4
        )
        made.append(FillRequest(piece, Given(rng.random((frames, 4)) < 0.3, fermatas)))
    return made


def sequences_of(requests):
    return [encode(w.chorale, WIDE).ids for w in requests]


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_pieces_side_by_side_score_as_each_alone(name):
    """Sequences in different slots and frames, of which one ends before the others."""
    model = build_model(CHECKPOINTS[name], dtype=np.float64)
    pieces = make_requests()
    sequences = sequences_of(pieces)
    together, state = model.bind(pieces), None
    alone = [model.bind([request]) for request in pieces]
    states = [a.initial_state(1) for a in alone]
    state, going, mixed = together.initial_state(3), [0, 1, 2], False
    for at in range(max(map(len, sequences)) - 1):
        left = [row for row, piece in enumerate(going) if at < len(sequences[piece]) - 1]
        going = [going[row] for row in left]
        state = together.select(state, np.array(left))
        ids = np.array([sequences[piece][at] for piece in going])
        mixed |= (ids == FERMATA).any() and not (ids == FERMATA).all()
        logits, state = together.step(ids, state)
        for row, piece in enumerate(going):
            single, states[piece] = alone[piece].step(ids[row : row + 1], states[piece])
            np.testing.assert_allclose(logits[row], single[0], rtol=0, atol=1e-12)
    assert mixed


def test_a_sequence_with_a_fermata_among_others():
    """One of three sequences of a piece sets a fermata; the others write their soprano."""
    request = FillRequest(
        make_requests()[0].chorale, Given(np.zeros((6, 4), dtype=bool), fermatas=False)
    )
    bound = build_model(CHECKPOINTS["metadata"], dtype=np.float64).bind([request])
    _, state = bound.step(np.full(3, START), bound.initial_state(3))
    ids = np.array([40, FERMATA, 50])
    logits, after = bound.step(ids, state)
    assert after.slot.tolist() == [2, 1, 2]
    for row in range(3):
        single, own = bound.step(ids[row : row + 1], bound.select(state, np.array([row])))
        np.testing.assert_allclose(logits[row], single[0], atol=1e-12)
        for name in [f.name for f in fields(own)][1:]:
            np.testing.assert_allclose(getattr(after, name)[row], getattr(own, name)[0], atol=1e-12)


def test_a_step_leaves_its_state_alone():
    pieces = make_requests()
    bound = build_model(CHECKPOINTS["metadata"]).bind(pieces)
    sequences = sequences_of(pieces)
    state = bound.initial_state(3)
    for at in range(12):
        ids = np.array([ids[at] for ids in sequences])
        kept = copy.deepcopy(state)
        logits, after = bound.step(ids, state)
        again, _ = bound.step(ids, state)
        assert_same(state, kept)
        assert np.array_equal(logits, again)
        logits += 1  # the caller may change it
        assert np.array_equal(bound.step(ids, state)[0], again)
        state = after


def assert_same(state, other):
    for field in fields(state):
        assert np.array_equal(getattr(state, field.name), getattr(other, field.name)), field.name


def test_select_and_join():
    pieces = make_requests()
    bound = build_model(CHECKPOINTS["metadata"], dtype=np.float64).bind(pieces)
    state = bound.initial_state(3)
    for at in range(9):
        state = bound.step(np.array([ids[at] for ids in sequences_of(pieces)]), state)[1]
    rows = np.array([2, 0, 2, 1])
    picked = bound.select(state, rows)
    wanted, _ = bound.step(np.array([20, 21, 22]), state)
    found, _ = bound.step(np.array([22, 20, 22, 21]), picked)
    np.testing.assert_allclose(found, wanted[rows], rtol=0, atol=1e-12)
    parts = [bound.select(state, np.array([0])), bound.select(state, np.array([1, 2]))]
    assert_same(bound.join(parts), state)
    none = bound.select(state, np.array([], dtype=int))
    assert_same(bound.join([none, state]), state)


def test_pieces_and_sequences_must_agree():
    model = build_model(CHECKPOINTS["metadata"])
    with pytest.raises(UsageError, match="bound to no piece: give one or more"):
        model.bind([])
    pieces = make_requests()
    with pytest.raises(UsageError, match="2 sequences cannot write 3 pieces: give 3"):
        model.bind(pieces).initial_state(2)
    assert model.bind(pieces[:1]).initial_state(5).piece.tolist() == [0] * 5


def test_what_is_not_given_is_ignored():
    """The notes that the chorale happens to hold where nothing is given are not seen."""
    [request, *_] = make_requests()
    given = request.given
    rng = np.random.default_rng(1)
    other = Chorale(
        np.where(given.cells, request.chorale.pitch, rng.integers(40, 80, (6, 4))),
        np.zeros((6, 4)), ~request.chorale.fermata,
    )  # fmt: skip
    model = build_model(CHECKPOINTS["metadata"], dtype=np.float64)
    ids = encode(request.chorale, WIDE).ids[:20]
    states = [model.bind([FillRequest(c, given)]) for c in (request.chorale, other)]
    found = []
    for bound in states:
        state, logits = bound.initial_state(1), []
        for token in ids:
            scored, state = bound.step(np.array([token]), state)
            logits.append(scored)
        found.append(np.array(logits))
    assert np.array_equal(*found)


def test_what_is_given_later_is_read_now():
    [request, *_] = make_requests()
    cells = np.zeros((6, 4), dtype=bool)
    cells[5, Voice.BASS] = True
    model = build_model(CHECKPOINTS["metadata"], dtype=np.float64)
    first = []
    for given in (Given(cells), Given(np.zeros_like(cells))):
        bound = model.bind([FillRequest(request.chorale, given)])
        first.append(bound.step(np.array([START]), bound.initial_state(1))[0])
    assert not np.allclose(*first)


def test_without_metadata_meter_mode_and_fermatas_are_ignored():
    """A given fermata costs it nothing and changes nothing; one that is not given is not set."""
    pitch, tied = np.full((4, 4), 60), np.zeros((4, 4))
    given = Given.voices(4, [Voice.SOPRANO])
    plain = FillRequest(Chorale(pitch, tied, np.zeros(4)), given)
    marked = FillRequest(
        Chorale(pitch, tied, [0, 1, 1, 0], key=Key("A", "minor"), position=[5, 6, 7, 8]), given
    )
    free = FillRequest(plain.chorale, Given(given.cells, fermatas=False))
    model = build_model(CHECKPOINTS["no metadata"], dtype=np.float64)
    wanted, _ = stepped_nats(model, plain)
    np.testing.assert_allclose(stepped_nats(model, marked)[0], wanted, atol=1e-12)
    np.testing.assert_allclose(stepped_nats(model, free)[0], wanted, atol=1e-12)
    assert wanted[:, 2:].min() > 0
    bound = model.bind([free])
    logits, _ = bound.step(np.array([START]), bound.initial_state(1))
    assert logits[0, FERMATA] == pytest.approx(-30, abs=1e-6)


def test_a_pitch_outside_the_vocabulary():
    piece = Chorale(np.full((1, 4), 100), np.zeros((1, 4)), [0])
    with pytest.raises(EncodingError, match="MIDI pitch 100 is outside"):
        build_model(CHECKPOINTS["metadata"]).bind(
            [FillRequest(piece, Given(np.ones((1, 4), bool)))]
        )


def test_no_other_dtype():
    with pytest.raises(UsageError, match="int16: take float32 or float64"):
        build_model(CHECKPOINTS["metadata"], dtype=np.int16)


def test_loads_no_torch(tmp_path):
    import subprocess

    from bachbot.runtime import save_checkpoint

    save_checkpoint(tmp_path / "tiny", CHECKPOINTS["metadata"])
    code = (
        "import sys, numpy as np; from bachbot.runtime import load_model; "
        "from bachbot.chorale import Chorale, Given; from bachbot.encoding import FillRequest; "
        "c = Chorale(np.full((2, 4), 60), np.zeros((2, 4)), [0, 0]); "
        f"m = load_model({str(tmp_path / 'tiny')!r}).bind([FillRequest(c, Given.voices(2, [0]))]); "
        "m.step(np.array([0]), m.initial_state(1)); "
        "print(*(n for n in ('torch', 'music21', 'matplotlib') if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
