"""What is read out of the NumPy models is what the torch networks' layers put out."""

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from made_checkpoints import random_checkpoint, random_lookahead, torch_network
from strategies import chorales

from bachbot.chorale import Given, Voice
from bachbot.encoding import FRAME_END, FillRequest, Vocabulary, encode, encode_conditioning
from bachbot.errors import UsageError
from bachbot.runtime import build_model
from bachbot.runtime.activations import activations

LSTM = random_checkpoint(scale=0.3, batch_norm=True)
LOOKAHEAD = random_lookahead(scale=0.3)


def request_of(piece):
    return FillRequest(piece, Given.voices(piece.frames, [Voice.SOPRANO, Voice.TENOR]))


def torch_layers(checkpoint, names, *inputs):
    """What the named layers of the torch network put out over one piece, [T, U] each."""
    import torch

    network = torch_network(checkpoint)
    out = {}
    for name, module in network.named_modules():
        if name in names:
            module.register_forward_hook(
                lambda _, __, result, name=name: out.update({name: result[0][0].numpy()})
            )
    with torch.no_grad():
        network(*inputs)
    return out


@pytest.mark.slow
@settings(max_examples=25)
@for_all(piece=chorales(min_frames=1, max_frames=12))
def test_an_lstm_is_read_at_the_end_of_each_frame(piece):
    import torch

    ids = encode(piece, LSTM.vocabulary).ids
    start = torch.zeros(3, 2, 1, 8)
    wanted = torch_layers(LSTM, ["lstm.0", "lstm.1", "lstm.2"], torch.tensor(ids)[None], start)
    [found] = activations(build_model(LSTM), [request_of(piece)])
    assert list(found) == ["LSTM 1", "LSTM 2", "LSTM 3"]
    for number, layer in enumerate(found.values()):
        assert layer.shape == (piece.frames, 8)
        read = wanted[f"lstm.{number}"][ids == FRAME_END]
        np.testing.assert_allclose(layer, read, rtol=0, atol=1e-5)


@pytest.mark.slow
@settings(max_examples=25)
@for_all(piece=chorales(min_frames=1, max_frames=12))
def test_a_lookahead_network_is_read_where_each_frame_begins(piece):
    import torch

    from bachbot.models.lookahead import Batch

    request = request_of(piece)
    given = encode_conditioning([request], LOOKAHEAD.vocabulary)
    tokens = LOOKAHEAD.vocabulary.ids_of(piece.pitch, piece.tied)
    numbers = (
        tokens[None], request.given.cells[None], piece.fermata[None].astype(np.int64),
        request.given.fermatas[None], given.position, given.bar, given.mode, given.length,
    )  # fmt: skip
    layers = {
        "encoder 1, forwards": "ahead.0", "encoder 1, backwards": "back.0",
        "encoder 2, forwards": "ahead.1", "encoder 2, backwards": "back.1",
        "decoder 1": "lstm.0", "decoder 2": "lstm.1",
    }  # fmt: skip
    wanted = torch_layers(LOOKAHEAD, layers.values(), Batch(*(torch.tensor(n) for n in numbers)))
    [found] = activations(build_model(LOOKAHEAD), [request])
    assert list(found) == list(layers)
    for name, layer in found.items():
        step = -1 if "backwards" in name else 1  # it reads the piece from its end
        np.testing.assert_allclose(layer, wanted[layers[name]][::step], rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("checkpoint", [LSTM, LOOKAHEAD], ids=["lstm", "lookahead"])
@settings(max_examples=15)
@for_all(pieces=st.lists(chorales(min_frames=1, max_frames=9), min_size=2, max_size=4))
def test_pieces_side_by_side_do_not_affect_each_other(checkpoint, pieces):
    model = build_model(checkpoint, dtype=np.float64)
    requests = [request_of(piece) for piece in pieces]
    together = activations(model, requests)
    for request, found in zip(requests, together, strict=True):
        [alone] = activations(model, [request])
        assert list(found) == list(alone)
        for name, layer in found.items():
            assert layer.shape[0] == request.chorale.frames
            np.testing.assert_allclose(layer, alone[name], rtol=0, atol=1e-12)


def test_no_piece_and_what_has_no_units():
    assert activations(build_model(LSTM), []) == []
    with pytest.raises(
        UsageError, match="a Vocabulary cannot be read: give one model of kind lstm or lookahead"
    ):
        activations(Vocabulary(), [request_of_silence()])


def request_of_silence():
    from bachbot.chorale import Chorale

    silent = np.full((1, 4), -1)
    return request_of(Chorale(silent, np.zeros((1, 4), bool), np.zeros(1, bool)))
