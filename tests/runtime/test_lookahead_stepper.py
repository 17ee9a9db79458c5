"""The NumPy network says what the torch network says, one token at a time."""

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
from made_checkpoints import random_lookahead
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


def book():
    """Two pieces to look up, whose pitches the drawn ones have as well."""
    rng = np.random.default_rng(5)
    pitches = [rng.integers(60, 62, (frames, 4)) for frames in (5, 9)]
    return build_datastore([WIDE.ids_of(p, np.zeros_like(p)) for p in pitches])


CHECKPOINTS = {
    "told": random_lookahead(scale=0.3),
    "untold": random_lookahead(scale=0.3, seed=1, told=False),
    "one layer": random_lookahead(scale=0.3, seed=2, layers=1, encoder_layers=1, embedding=3),
    "deep": random_lookahead(scale=0.3, seed=3, layers=3, encoder_layers=3, hidden=4),
    "looks up": random_lookahead(scale=0.3, seed=4, library=book()),
}


@st.composite
def quotations(draw):
    """A chorale that begins as one of the book does, and may leave it."""
    library = Datastore(book())
    at = draw(st.sampled_from(library.places))
    ids = library.tokens[at][: draw(st.integers(1, 9))].copy()
    for frame in range(len(ids)):
        if draw(st.integers(0, 3)) == 0:
            ids[frame, draw(st.integers(0, 3))] = draw(st.sampled_from(library.tokens[1]))
    return Chorale(WIDE.pitch_of[ids], WIDE.tied_of[ids], np.zeros(len(ids), dtype=bool))


@st.composite
def works(draw, max_frames=8):
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

    from bachbot.training.kinds import build_network as build

    network = build("lookahead", dict(checkpoint.config["model"]), len(checkpoint.vocabulary))
    network.load_state_dict({n: torch.tensor(v) for n, v in checkpoint.weights.items()})
    return network.eval().to(torch.float64 if dtype == np.float64 else torch.float32)


def as_torch(works, vocabulary):
    """Whole pieces with what is given of them, for the torch network."""
    import torch

    from bachbot.models.lookahead import Batch

    told = encode_conditioning(works, vocabulary)
    shape = told.pause.shape
    tokens, given = np.zeros((*shape, 4), dtype=np.int64), np.zeros((*shape, 4), dtype=bool)
    fermata, known = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
    for row, work in enumerate(works):
        frames = work.chorale.frames
        tokens[row, :frames] = vocabulary.ids_of(work.chorale.pitch, work.chorale.tied)
        given[row, :frames] = work.given.cells
        fermata[row, :frames], known[row, :frames] = work.chorale.fermata, work.given.fermatas
    numbers = tokens, given, fermata, known, told.position, told.bar, told.mode, told.length
    found = [retrieve(Datastore(book()), piece, len(vocabulary)) for piece in tokens]
    library = [np.stack([getattr(f, part) for f in found]) for part in ("tokens", "tune", "past")]
    return Batch(*(torch.tensor(n) for n in numbers), tuple(torch.tensor(n) for n in library))


def wanted_nats(checkpoint, works, dtype=np.float64):
    """What each slot of each frame costs by the torch network, [P, T, 5]; what is given nothing."""
    import torch

    pieces = as_torch(works, checkpoint.vocabulary)
    with torch.no_grad():
        logits = trained(checkpoint, dtype)(pieces).double().numpy()
    odds = logits[:, :, 0, FERMATA]
    paused = pieces.fermata.numpy().astype(bool)
    scores = logits[:, :, 1:] - np.logaddexp.reduce(logits[:, :, 1:], axis=-1)[..., None]
    nats = np.empty((*odds.shape, 5))
    nats[..., 0] = np.logaddexp(0, np.where(paused, -odds, odds))
    nats[..., 1:] = -np.take_along_axis(scores, pieces.tokens.numpy()[..., None], -1)[..., 0]
    missing = pieces.missing.numpy()
    if not checkpoint.config["model"]["told"]:
        missing[..., 0] = False
    return np.where(missing, nats, 0)


def stepped_nats(model, work):
    """What each slot costs by the stepper, [T, 5], and what else costs anything, in all."""
    stream = encode(work.chorale, model.vocabulary)
    bound = model.bind([work])
    state = bound.initial_state(1)
    nats, other = np.zeros((work.chorale.frames, 5)), 0.0
    for here, after, frame, slot in zip(
        stream.ids, stream.ids[1:], stream.frame[1:], stream.voice[1:], strict=False
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


@pytest.mark.parametrize("name", CHECKPOINTS)
@pytest.mark.parametrize(("dtype", "near"), [(np.float32, 1e-4), (np.float64, 1e-10)])
@settings(max_examples=25)
@for_all(work=works())
def test_agrees_with_torch_cell_by_cell(name, dtype, near, work):
    checkpoint = CHECKPOINTS[name]
    if name == "untold":
        # Its fermatas are not for it to say.
        work = FillRequest(work.chorale, Given(work.given.cells))
    found, other = stepped_nats(build_model(checkpoint, dtype=dtype), work)
    [wanted] = wanted_nats(checkpoint, [work], dtype)
    np.testing.assert_allclose(joined(found), joined(wanted), rtol=near, atol=near)
    # Frame ends and END cost nothing, and neither does what is given.
    assert other == 0
    assert not found[:, 1:][work.given.cells & work.given.fermatas[:, None]].any()
    assert not found[:, 2:][work.given.cells[:, 1:]].any()
    under = work.given.fermatas & work.chorale.fermata
    assert not found[under, 0].any()


@settings(max_examples=15)
@for_all(st.lists(works(), min_size=2, max_size=4))
def test_torch_reads_padded_pieces_as_the_stepper_reads_each_alone(pieces):
    checkpoint = CHECKPOINTS["told"]
    model = build_model(checkpoint, dtype=np.float64)
    wanted = wanted_nats(checkpoint, pieces)
    for row, work in enumerate(pieces):
        found, _ = stepped_nats(model, work)
        frames = work.chorale.frames
        np.testing.assert_allclose(joined(found), joined(wanted[row, :frames]), atol=1e-10)


@settings(max_examples=15)
@for_all(work=works())
def test_every_distribution_agrees_with_torch(work):
    """Not only what stands there: of every missing voice, what it might have been as well."""
    import torch

    checkpoint = CHECKPOINTS["told"]
    work = FillRequest(work.chorale, Given(work.given.cells))
    pieces = as_torch([work], WIDE)
    with torch.no_grad():
        wanted = torch.log_softmax(trained(checkpoint, np.float64)(pieces)[0], -1).numpy()
    bound = build_model(checkpoint, dtype=np.float64).bind([work])
    state, stream = bound.initial_state(1), encode(work.chorale, WIDE)
    for at, here in enumerate(stream.ids[:-1]):
        logits, state = bound.step(np.array([here]), state)
        frame, voice = stream.frame[at + 1], stream.voice[at + 1]
        if voice < 4 and not work.given.cells[frame, voice]:
            found = logits[0] - np.logaddexp.reduce(logits[0])
            np.testing.assert_allclose(found, wanted[frame, voice + 1], atol=1e-10)


@settings(max_examples=25)
@for_all(work=works())
def test_probabilities_add_up_to_one_where_a_fermata_is_free(work):
    work = FillRequest(work.chorale, Given(work.given.cells, fermatas=False))
    bound = build_model(CHECKPOINTS["told"], dtype=np.float64).bind([work])
    logits, _ = bound.step(np.array([START]), bound.initial_state(1))
    assert np.logaddexp.reduce(logits[0]) == pytest.approx(0, abs=1e-12)
    if work.given.cells[0, 0]:
        soprano = WIDE.ids_of(work.chorale.pitch[0, 0], work.chorale.tied[0, 0])
        assert np.flatnonzero(np.isfinite(logits[0])).tolist() == [FERMATA, soprano]


def test_what_is_given_cannot_be_otherwise():
    piece = Chorale([[67, 64, 60, 48]] * 2, [[0] * 4, [1] * 4], [0, 1])
    bound = build_model(CHECKPOINTS["told"]).bind(
        [FillRequest(piece, Given(np.ones((2, 4), bool)))]
    )
    state = bound.initial_state(1)
    ids = encode(piece, WIDE).ids
    for here, after in itertools.pairwise(ids):
        logits, state = bound.step(np.array([here]), state)
        assert logits.shape == (1, len(WIDE))
        assert np.flatnonzero(np.isfinite(logits[0])).tolist() == [after]


def test_it_foresees():
    assert build_model(CHECKPOINTS["told"]).foresees


def make_works():
    """Three pieces of other lengths; under free fermatas, given ones, and none."""
    rng = np.random.default_rng(0)
    made = []
    for frames, fermatas in [(6, False), (4, True), (6, np.arange(6) < 3)]:
        piece = Chorale(
            rng.integers(50, 70, (frames, 4)), np.zeros((frames, 4)), rng.random(frames) < 0.4
        )
        made.append(FillRequest(piece, Given(rng.random((frames, 4)) < 0.3, fermatas)))
    return made


def streams_of(works):
    return [encode(w.chorale, WIDE).ids for w in works]


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_side_by_side_as_each_alone(name):
    """Streams in other slots and frames, one over before the others."""
    model = build_model(CHECKPOINTS[name], dtype=np.float64)
    pieces = make_works()
    streams = streams_of(pieces)
    together, state = model.bind(pieces), None
    alone = [model.bind([work]) for work in pieces]
    states = [a.initial_state(1) for a in alone]
    state, going, mixed = together.initial_state(3), [0, 1, 2], False
    for at in range(max(map(len, streams)) - 1):
        left = [row for row, piece in enumerate(going) if at < len(streams[piece]) - 1]
        going = [going[row] for row in left]
        state = together.select(state, np.array(left))
        ids = np.array([streams[piece][at] for piece in going])
        mixed |= (ids == FERMATA).any() and not (ids == FERMATA).all()
        logits, state = together.step(ids, state)
        for row, piece in enumerate(going):
            single, states[piece] = alone[piece].step(ids[row : row + 1], states[piece])
            np.testing.assert_allclose(logits[row], single[0], rtol=0, atol=1e-12)
    assert mixed


def test_a_stream_that_pauses_among_others():
    """One of three streams of a piece sets a fermata; the others take their soprano meanwhile."""
    work = FillRequest(make_works()[0].chorale, Given(np.zeros((6, 4), dtype=bool), fermatas=False))
    bound = build_model(CHECKPOINTS["told"], dtype=np.float64).bind([work])
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
    pieces = make_works()
    bound = build_model(CHECKPOINTS["told"]).bind(pieces)
    streams = streams_of(pieces)
    state = bound.initial_state(3)
    for at in range(12):
        ids = np.array([ids[at] for ids in streams])
        kept = copy.deepcopy(state)
        logits, after = bound.step(ids, state)
        again, _ = bound.step(ids, state)
        assert_same(state, kept)
        assert np.array_equal(logits, again)
        logits += 1  # the caller's own
        assert np.array_equal(bound.step(ids, state)[0], again)
        state = after


def assert_same(state, other):
    for field in fields(state):
        assert np.array_equal(getattr(state, field.name), getattr(other, field.name)), field.name


def test_select_and_join():
    pieces = make_works()
    bound = build_model(CHECKPOINTS["told"], dtype=np.float64).bind(pieces)
    state = bound.initial_state(3)
    for at in range(9):
        state = bound.step(np.array([ids[at] for ids in streams_of(pieces)]), state)[1]
    rows = np.array([2, 0, 2, 1])
    picked = bound.select(state, rows)
    wanted, _ = bound.step(np.array([20, 21, 22]), state)
    found, _ = bound.step(np.array([22, 20, 22, 21]), picked)
    np.testing.assert_allclose(found, wanted[rows], rtol=0, atol=1e-12)
    parts = [bound.select(state, np.array([0])), bound.select(state, np.array([1, 2]))]
    assert_same(bound.join(parts), state)
    none = bound.select(state, np.array([], dtype=int))
    assert_same(bound.join([none, state]), state)


def test_pieces_and_streams_go_together():
    model = build_model(CHECKPOINTS["told"])
    with pytest.raises(UsageError, match="bound to no piece: give one or more"):
        model.bind([])
    pieces = make_works()
    with pytest.raises(UsageError, match="2 streams cannot set out in 3 pieces: give 3"):
        model.bind(pieces).initial_state(2)
    assert model.bind(pieces[:1]).initial_state(5).piece.tolist() == [0] * 5


def test_what_is_not_given_is_of_no_account():
    """The notes that the chorale happens to hold where nothing is given are not seen."""
    [work, *_] = make_works()
    given = work.given
    rng = np.random.default_rng(1)
    other = Chorale(
        np.where(given.cells, work.chorale.pitch, rng.integers(40, 80, (6, 4))),
        np.zeros((6, 4)), ~work.chorale.fermata,
    )  # fmt: skip
    model = build_model(CHECKPOINTS["told"], dtype=np.float64)
    ids = encode(work.chorale, WIDE).ids[:20]
    states = [model.bind([FillRequest(c, given)]) for c in (work.chorale, other)]
    found = []
    for bound in states:
        state, logits = bound.initial_state(1), []
        for token in ids:
            scored, state = bound.step(np.array([token]), state)
            logits.append(scored)
        found.append(np.array(logits))
    assert np.array_equal(*found)


def test_what_is_given_later_is_heard_now():
    [work, *_] = make_works()
    cells = np.zeros((6, 4), dtype=bool)
    cells[5, Voice.BASS] = True
    model = build_model(CHECKPOINTS["told"], dtype=np.float64)
    first = []
    for given in (Given(cells), Given(np.zeros_like(cells))):
        bound = model.bind([FillRequest(work.chorale, given)])
        first.append(bound.step(np.array([START]), bound.initial_state(1))[0])
    assert not np.allclose(*first)


def test_one_that_is_not_told_hears_no_meter_mode_or_fermata():
    """A given fermata costs it nothing and changes nothing; one that is not given is not set."""
    pitch, tied = np.full((4, 4), 60), np.zeros((4, 4))
    given = Given.voices(4, [Voice.SOPRANO])
    plain = FillRequest(Chorale(pitch, tied, np.zeros(4)), given)
    marked = FillRequest(
        Chorale(pitch, tied, [0, 1, 1, 0], key=Key("A", "minor"), position=[5, 6, 7, 8]), given
    )
    free = FillRequest(plain.chorale, Given(given.cells, fermatas=False))
    model = build_model(CHECKPOINTS["untold"], dtype=np.float64)
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
        build_model(CHECKPOINTS["told"]).bind([FillRequest(piece, Given(np.ones((1, 4), bool)))])


def test_no_other_dtype():
    with pytest.raises(UsageError, match="int16: take float32 or float64"):
        build_model(CHECKPOINTS["told"], dtype=np.int16)


def test_loads_no_torch(tmp_path):
    import subprocess

    from bachbot.runtime import save_checkpoint

    save_checkpoint(tmp_path / "tiny", CHECKPOINTS["told"])
    code = (
        "import sys, numpy as np; from bachbot.runtime import load_model; "
        "from bachbot.chorale import Chorale, Given; from bachbot.encoding import Work; "
        "c = Chorale(np.full((2, 4), 60), np.zeros((2, 4)), [0, 0]); "
        f"m = load_model({str(tmp_path / 'tiny')!r}).bind([Work(c, Given.voices(2, [0]))]); "
        "m.step(np.array([0]), m.initial_state(1)); "
        "print(*(n for n in ('torch', 'music21', 'matplotlib') if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
