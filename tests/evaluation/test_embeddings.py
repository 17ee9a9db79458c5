import numpy as np
import pytest
from made_checkpoints import random_checkpoint, random_lookahead

from bachbot.encoding import FIRST_PITCH
from bachbot.errors import EncodingError, UsageError
from bachbot.evaluation.interpretability.embeddings import (
    flattened,
    likeness_by_interval,
    pitch_vectors,
)
from bachbot.runtime import load_checkpoint, shipped_checkpoints


@pytest.mark.parametrize("side", ["read", "written"])
@pytest.mark.parametrize("tied", [False, True])
def test_each_pitch_has_the_row_of_its_token(side, tied):
    checkpoint = random_checkpoint()
    found = pitch_vectors(checkpoint, 60, 62, side=side, tied=tied)
    first = FIRST_PITCH + 2 * (60 - checkpoint.vocabulary.low) + tied
    table = checkpoint.weights[{"read": "embedding.weight", "written": "output.weight"}[side]]
    assert np.array_equal(found, table[[first, first + 2, first + 4]])


@pytest.mark.parametrize("tied", [False, True])
def test_a_note_that_looks_ahead_is_read_as_the_sum_of_what_it_is(tied):
    checkpoint = random_lookahead()
    low = checkpoint.vocabulary.low
    parts = {
        n: checkpoint.weights[f"embedding.{n}.weight"] for n in ("token", "pitch", "chroma", "tie")
    }
    wanted = [
        parts["token"][FIRST_PITCH + 2 * (pitch - low) + tied]
        + parts["pitch"][pitch - low]
        + parts["chroma"][(pitch - low) % 12]
        + parts["tie"][int(tied)]
        for pitch in (60, 61, 62)
    ]
    np.testing.assert_allclose(
        pitch_vectors(checkpoint, 60, 62, tied=tied), wanted, rtol=1e-6, atol=1e-6
    )
    first = FIRST_PITCH + 2 * (60 - low) + tied
    written = pitch_vectors(checkpoint, 60, 62, side="written", tied=tied)
    assert np.array_equal(written, checkpoint.weights["output.weight"][first : first + 6 : 2])


def test_no_pitches_outside_the_vocabulary():
    with pytest.raises(EncodingError, match="outside the vocabulary"):
        pitch_vectors(random_checkpoint(), 20, 60)
    with pytest.raises(UsageError, match="from 60 to 59"):
        pitch_vectors(random_checkpoint(), 60, 59)


def test_a_turned_plane_is_found_again():
    rng = np.random.default_rng(0)
    plane = rng.standard_normal((30, 2)) * [5.0, 1.0]
    directions, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    found = flattened(plane @ directions[:2] + 7.0)
    centerd = plane - plane.mean(axis=0)
    between = np.linalg.norm(centerd[:, None] - centerd, axis=-1)
    flat = np.linalg.norm(found.points[:, None] - found.points, axis=-1)
    np.testing.assert_allclose(flat, between, atol=1e-9)
    assert found.share.sum() == pytest.approx(1)
    assert found.share[0] > found.share[1]
    # The farthest point lies on the positive side.
    assert (found.points.max(axis=0) >= -found.points.min(axis=0)).all()


def test_the_plane_is_the_same_whichever_way_the_vectors_point():
    vectors = np.random.default_rng(1).standard_normal((9, 4))
    np.testing.assert_allclose(
        np.abs(flattened(vectors).points), np.abs(flattened(-vectors).points), atol=1e-12
    )


def test_points_that_are_all_one_have_no_spread():
    found = flattened(np.ones((3, 3)))
    assert not found.points.any()
    assert not found.share.any()


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (4,)])
def test_too_few_span_no_plane(shape):
    with pytest.raises(UsageError, match="span no plane"):
        flattened(np.zeros(shape))


def test_vectors_on_a_circle_of_twelve_are_alike_by_the_octave():
    angle = 2 * np.pi * np.arange(36) / 12
    found = likeness_by_interval(np.stack([np.cos(angle), np.sin(angle)], axis=1), 24)
    np.testing.assert_allclose(found, np.cos(2 * np.pi * np.arange(1, 25) / 12), atol=1e-9)


@pytest.mark.parametrize("widest", [0, 4])
def test_no_interval_wider_than_the_pitches(widest):
    with pytest.raises(UsageError, match="give 1 to 3"):
        likeness_by_interval(np.eye(4), widest)


@pytest.mark.parametrize("name", shipped_checkpoints())
def test_the_shipped_networks_score_octaves_more_alike_than_their_neighbors(name):
    written = pitch_vectors(load_checkpoint(name), 43, 74, side="written")
    alike = likeness_by_interval(written)
    octave = alike[11]
    # A semitone or a tone, whichever: intervals leave the scale to the pitches of `lookahead`.
    assert max(alike[:2]) > 0.2
    assert octave > max(alike[10], alike[12]) + 0.1
