import numpy as np
import pytest
from made_checkpoints import random_checkpoint, random_lookahead

from bachbot.encoding import FIRST_PITCH
from bachbot.errors import EncodingError, UsageError
from bachbot.evaluation.interpretability.embeddings import (
    pitch_vectors,
    project_to_plane,
    similarity_by_interval,
)
from bachbot.runtime import load_checkpoint, shipped_checkpoints


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("tied", [False, True])
def test_each_pitch_has_the_row_of_its_token(side, tied):
    checkpoint = random_checkpoint()
    found = pitch_vectors(checkpoint, 60, 62, side=side, tied=tied)
    first = FIRST_PITCH + 2 * (60 - checkpoint.vocabulary.low) + tied
    table = checkpoint.weights[{"input": "embedding.weight", "output": "output.weight"}[side]]
    assert np.array_equal(found, table[[first, first + 2, first + 4]])


@pytest.mark.parametrize("tied", [False, True])
def test_an_input_embedding_of_a_look_ahead_network_is_a_sum_of_parts(tied):
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
    output = pitch_vectors(checkpoint, 60, 62, side="output", tied=tied)
    assert np.array_equal(output, checkpoint.weights["output.weight"][first : first + 6 : 2])


def test_no_pitches_outside_the_vocabulary():
    with pytest.raises(EncodingError, match="outside the vocabulary"):
        pitch_vectors(random_checkpoint(), 20, 60)
    with pytest.raises(UsageError, match="from 60 to 59"):
        pitch_vectors(random_checkpoint(), 60, 59)


def test_a_rotated_plane_is_recovered():
    rng = np.random.default_rng(0)
    plane = rng.standard_normal((30, 2)) * [5.0, 1.0]
    directions, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    found = project_to_plane(plane @ directions[:2] + 7.0)
    centered = plane - plane.mean(axis=0)
    between = np.linalg.norm(centered[:, None] - centered, axis=-1)
    flat = np.linalg.norm(found.points[:, None] - found.points, axis=-1)
    np.testing.assert_allclose(flat, between, atol=1e-9)
    assert found.share.sum() == pytest.approx(1)
    assert found.share[0] > found.share[1]
    # The farthest point is on the positive side.
    assert (found.points.max(axis=0) >= -found.points.min(axis=0)).all()


def test_negated_vectors_have_the_same_plane():
    vectors = np.random.default_rng(1).standard_normal((9, 4))
    np.testing.assert_allclose(
        np.abs(project_to_plane(vectors).points),
        np.abs(project_to_plane(-vectors).points),
        atol=1e-12,
    )


def test_equal_points_have_no_variance():
    found = project_to_plane(np.ones((3, 3)))
    assert not found.points.any()
    assert not found.share.any()


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (4,)])
def test_too_few_span_no_plane(shape):
    with pytest.raises(UsageError, match="span no plane"):
        project_to_plane(np.zeros(shape))


def test_vectors_on_a_circle_of_twelve_are_similar_by_the_octave():
    angle = 2 * np.pi * np.arange(36) / 12
    found = similarity_by_interval(np.stack([np.cos(angle), np.sin(angle)], axis=1), 24)
    np.testing.assert_allclose(found, np.cos(2 * np.pi * np.arange(1, 25) / 12), atol=1e-9)


@pytest.mark.parametrize("widest", [0, 4])
def test_no_interval_wider_than_the_pitches(widest):
    with pytest.raises(UsageError, match="give 1 to 3"):
        similarity_by_interval(np.eye(4), widest)


@pytest.mark.parametrize("name", shipped_checkpoints())
def test_octaves_are_more_similar_than_their_neighbors_in_the_shipped_networks(name):
    output = pitch_vectors(load_checkpoint(name), 43, 74, side="output")
    alike = similarity_by_interval(output)
    octave = alike[11]
    # A semitone or a tone: in `lookahead` the features of intervals account for nearness.
    assert max(alike[:2]) > 0.2
    assert octave > max(alike[10], alike[12]) + 0.1
