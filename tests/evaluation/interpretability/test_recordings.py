"""Labels of known music, and units that are found on one part and confirmed on another."""

from dataclasses import replace

import numpy as np
import pytest
from made_checkpoints import random_checkpoint, random_lookahead

from bachbot.chorale import Chorale, Given, Voice
from bachbot.encoding import FillRequest
from bachbot.errors import UsageError
from bachbot.evaluation.interpretability import (
    CONCEPTS,
    PERFECT_AT_PHRASE_END,
    NetworkUnit,
    Recordings,
    ShiftSample,
    concept_labels,
    confirm,
    correlate,
    record,
    shuffle_weights,
    significant_by_fdr,
)
from bachbot.runtime import build_model, load_checkpoint
from bachbot.runtime.activations import activations

I, IV, V, V7, VI = (  # noqa: E741
    [72, 67, 64, 48], [72, 69, 65, 53], [71, 67, 62, 55], [71, 67, 65, 55], [72, 64, 60, 57],
)  # fmt: skip
V7_OF_V, G, G7_OVER_B = [72, 69, 66, 50], [71, 67, 62, 43], [74, 67, 65, 47]


def chorale(*chords, fermatas=()):
    """A quarter for each chord, with fermatas over some, by index."""
    frames = 4 * len(chords)
    fermata = np.zeros(frames, dtype=bool)
    for index in fermatas:
        fermata[4 * index : 4 * index + 4] = True
    tied = np.tile(np.arange(frames)[:, None] % 4 > 0, 4)
    return Chorale(np.repeat(chords, 4, axis=0), tied, fermata)


def chords_with(piece, concept):
    return np.flatnonzero(concept_labels(piece).labels[::4, CONCEPTS.index(concept)]).tolist()


def test_a_phrase_is_labeled_chord_by_chord():
    piece = chorale(I, IV, V7, I, I, IV, V7, VI, fermatas=[3, 7])
    assert chords_with(piece, "tonic") == [0, 3, 4]
    assert chords_with(piece, "dominant seventh") == [2, 6]
    assert chords_with(piece, "perfect cadence") == [3]
    assert chords_with(piece, "fermata") == [3, 7]
    concepts = concept_labels(piece)
    assert concepts.labels.shape == (32, 4)
    assert concepts.ends.tolist() == [15, 31]
    assert concepts.perfect.tolist() == [True, False]


def test_a_seventh_in_another_position_counts_and_an_applied_one_does_not():
    piece = chorale(I, G7_OVER_B, I, V7_OF_V, G, V7, I)
    assert chords_with(piece, "dominant seventh") == [1, 5]


def test_a_half_cadence_is_no_perfect_cadence():
    piece = chorale(I, IV, I, V, fermatas=[3])
    assert chords_with(piece, "perfect cadence") == []
    assert concept_labels(piece).perfect.tolist() == [False]


@pytest.mark.parametrize("checkpoint", [random_checkpoint(), random_lookahead()])
def test_units_are_recorded_beside_their_labels(checkpoint):
    pieces = [chorale(I, IV, V7, I, fermatas=[3]), chorale(I, V, VI, IV, V7, I)]
    model = build_model(checkpoint)
    found = record(model, pieces)
    assert found.frames.concepts == CONCEPTS
    assert found.phrase_ends.concepts == (PERFECT_AT_PHRASE_END,)
    assert found.frames.units == found.phrase_ends.units
    layers = list(dict.fromkeys(unit.layer for unit in found.frames.units))
    for piece, whole, ends in zip(
        pieces, found.frames.pieces, found.phrase_ends.pieces, strict=True
    ):
        concepts = concept_labels(piece)
        assert np.array_equal(whole.labels, concepts.labels)
        assert whole.bar == 16
        assert np.array_equal(ends.units, whole.units[concepts.ends])
        assert np.array_equal(ends.labels[:, 0], concepts.perfect)
        assert ends.bar == 1
    request = FillRequest(pieces[1], Given.voices(pieces[1].frames, [Voice.SOPRANO]))
    [alone] = activations(model, [request])
    assert list(alone) == layers
    for index, unit in enumerate(found.frames.units):
        np.testing.assert_allclose(
            found.frames.pieces[1].units[:, index], alone[unit.layer][:, unit.number], atol=1e-5
        )


def test_labels_can_be_reused():
    pieces = [chorale(I, IV, V7, I)]
    model = build_model(random_checkpoint())
    nowhere = replace(concept_labels(pieces[0]), labels=np.zeros((16, 4), dtype=bool))
    assert not record(model, pieces, labeled=[nowhere]).frames.pieces[0].labels.any()
    with pytest.raises(UsageError, match="1 pieces came with labels for 2"):
        record(model, pieces, labeled=[nowhere, nowhere])
    with pytest.raises(UsageError, match="there is no piece to record"):
        record(model, [])


def synthetic(rng, *, planted, pieces=15):
    """Units of noise; unit 1 contains the first label, unit 2 the second one negated."""
    found = []
    for _ in range(pieces):
        labels = np.repeat(rng.random((32, 2)) < 0.3, 4, axis=0)
        units = rng.standard_normal((128, 6))
        units[:, 1] += planted * labels[:, 0]
        units[:, 2] -= planted * labels[:, 1]
        found.append(ShiftSample(units, labels, 16))
    return Recordings(
        tuple(NetworkUnit("layer", n) for n in range(6)), ("one", "other"), tuple(found)
    )


def test_planted_units_are_found_and_confirmed():
    rng = np.random.default_rng(0)
    found, held = (correlate(synthetic(rng, planted=1.0), shifts=500, seed=s) for s in (0, 1))
    one, other = confirm(found, held)
    assert (one.concept, one.best, one.significant_family_wise, one.confirmed) == (
        "one",
        NetworkUnit("layer", 1),
        1,
        1,
    )
    assert (other.concept, other.best, other.confirmed) == ("other", NetworkUnit("layer", 2), 1)
    assert one.r_discovery > 0.3
    assert one.r_heldout > 0.3
    assert other.r_heldout < -0.3
    assert one.p_heldout == pytest.approx(1 / 501)
    assert str(one.best) == "layer, unit 1"
    assert found.strongest("one", [0, 2, 3]) != 1
    assert found.of_layer("layer").tolist() == list(range(6))


def test_what_is_missing_in_the_held_out_part_is_not_confirmed():
    rng = np.random.default_rng(1)
    found = correlate(synthetic(rng, planted=1.0), shifts=500)
    held = correlate(synthetic(rng, planted=0.0), shifts=500)
    turned = correlate(synthetic(rng, planted=-1.0), shifts=500)
    for other in (held, turned):
        assert [f.significant_family_wise for f in confirm(found, other)] == [1, 1]
        assert [f.confirmed for f in confirm(found, other)] == [0, 0]


def test_parts_of_other_models_are_not_compared():
    rng = np.random.default_rng(2)
    found = correlate(synthetic(rng, planted=0.0), shifts=10)
    with pytest.raises(UsageError, match="record the same model"):
        confirm(found, replace(found, concepts=("one", "another")))


def test_shuffled_weights_have_the_same_values_in_another_order():
    checkpoint = random_lookahead()
    found = shuffle_weights(checkpoint, seed=3)
    backwards = replace(checkpoint, weights=dict(reversed(checkpoint.weights.items())))
    other_order = shuffle_weights(backwards, seed=3)
    found.check()
    assert found.config == checkpoint.config
    for name, weights in checkpoint.weights.items():
        assert np.array_equal(np.sort(found.weights[name], axis=None), np.sort(weights, axis=None))
        if weights.size > 1:
            assert not np.array_equal(found.weights[name], weights)
        assert np.array_equal(other_order.weights[name], found.weights[name])


@pytest.mark.slow
def test_the_shipped_network_detects_fermatas_better_than_a_shuffled_one(corpus):
    pieces = corpus.part("validation")[:12]
    labeled = [concept_labels(piece) for piece in pieces]
    checkpoint = load_checkpoint("paper")
    strongest = {}
    for name, one in (("trained", checkpoint), ("shuffled", shuffle_weights(checkpoint))):
        frames = record(build_model(one), pieces, labeled=labeled).frames
        found = correlate(frames, shifts=200)
        index = found.strongest("fermata", range(len(found.units)))
        row = CONCEPTS.index("fermata")
        assert significant_by_fdr(found.shift_test.p)[row, index]
        strongest[name] = abs(found.r[row, index])
    assert strongest["trained"] > 0.9
    assert strongest["shuffled"] < 0.7
