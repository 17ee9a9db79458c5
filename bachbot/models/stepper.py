"""Steps any causal network in torch, one token at a time, behind the protocol of all models.

A network that follows `CausalNetwork` can be searched, sampled from and measured without any code
of its own for stepping. It is slower than a NumPy runtime, and needs torch; see
`bachbot.runtime.kinds` for how a kind of model is added.

Shapes: B sequences, T tokens, V vocabulary.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor, nn

from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import CheckpointError, UsageError
from bachbot.runtime.kinds import Kind
from bachbot.runtime.protocol import Weights, checked_dtype

TensorTree = Any
"""A tensor, or a tuple, list or dict of them, nested in any way."""

_COUNTER = "num_batches_tracked"  # batch normalization counts what no network reads


class CausalNetwork(Protocol):
    """An ``nn.Module`` that reads tokens and scores the next one after each.

    A state is a `TensorTree` in which every tensor has one axis of size B, the same in every state.
    """

    def initial_state(self, batch: int) -> TensorTree:
        """Make the state of B sequences before their first token."""
        ...

    def __call__(self, ids: Tensor, state: TensorTree) -> tuple[Tensor, TensorTree]:
        """Score the token after each token, without changing `state` in place.

        Parameters
        ----------
        ids : Tensor of int64, shape [B, T]
            Token ids.
        state : TensorTree
            State before the first of them.

        Returns
        -------
        logits : Tensor, shape [B, T, V]
            Unnormalized log-probabilities of the next token.
        state : TensorTree
            State after the last.
        """
        ...


class TorchRuntime:
    """A causal network of any kind, stepped in torch.

    Parameters
    ----------
    kind : Kind
        Names the network, which is a `CausalNetwork`.
    config : ModelConfig
        Of that kind.
    vocabulary : Vocabulary
        What the token ids mean.
    weights : mapping of str to ndarray
        As the config's ``weight_shapes`` lists them.
    dtype : dtype
        float32, or float64 where a rounding error must not change a choice.

    Raises
    ------
    CheckpointError
        If the weights are not those of the network.
    UsageError
        If the dtype is neither, the kind reads ahead, or a tensor of the network's state has no
        axis of the sequences.
    """

    needs_length = False
    normalized = True

    def __init__(
        self,
        kind: Kind,
        config: Any,
        vocabulary: Vocabulary,
        weights: Weights,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if kind.needs_length or kind.reads_ahead:
            raise UsageError(
                f"a model of kind '{kind.name}' reads ahead, and the torch stepper steps causal "
                "networks only: give the kind a runtime of its own"
            )
        self.vocabulary = vocabulary
        precision = torch.float64 if checked_dtype(dtype) == np.float64 else torch.float32
        with torch.random.fork_rng():  # building it must not disturb the caller's random numbers
            network: Any = kind.load_network()(config, len(vocabulary))
        _load_weights(network, weights)
        self._network = network.to(precision).eval().requires_grad_(False)
        states = [self._network.initial_state(batch) for batch in (2, 3)]
        self._axes = _map_tensors(_batch_axis, *states)

    def bind(self, requests: Sequence[FillRequest]) -> "TorchRuntime":
        """Return itself: it reads what is given only when it comes to it."""
        return self

    def initial_state(self, batch: int) -> TensorTree:
        """Make the state of B sequences before their first token."""
        return self._network.initial_state(batch)

    def step(
        self, ids: NDArray[np.int64], state: TensorTree
    ) -> tuple[NDArray[np.floating], TensorTree]:
        """Read one token of each sequence and score the next.

        Parameters
        ----------
        ids : ndarray of int64, shape [B]
            Token ids.
        state : TensorTree
            State before them; it is not changed.

        Returns
        -------
        logits : ndarray, shape [B, V]
            Unnormalized log-probabilities of the next token.
        state : TensorTree
            State after them.
        """
        tokens = torch.as_tensor(ids, dtype=torch.int64)[:, None]  # [B, 1]
        with torch.inference_mode():
            logits, state = self._network(tokens, state)  # [B, 1, V]
            return logits[:, 0].numpy(), state

    def select(self, state: TensorTree, rows: NDArray[np.int64]) -> TensorTree:
        """Pick the states of some sequences, in any order and any number of times."""
        index = torch.as_tensor(rows, dtype=torch.int64)
        return _map_tensors(lambda axis, part: part.index_select(axis, index), self._axes, state)

    def join(self, states: Sequence[TensorTree]) -> TensorTree:
        """Put the states of several batches together as one batch, in order."""
        return _map_tensors(lambda axis, *parts: torch.cat(parts, axis), self._axes, *states)


def weight_shapes(
    network: Callable[[Any, int], nn.Module], config: Any, vocabulary: int
) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's weights, for a config that does not list them itself.

    Parameters
    ----------
    network : callable
        Class of the network, made of a config and the number of tokens.
    config : ModelConfig
        Its config.
    vocabulary : int
        Number of tokens (V).
    """
    # Not on torch's meta device, which takes seconds to import.
    with torch.random.fork_rng():
        state = network(config, vocabulary).state_dict()
    return {
        name: tuple(value.shape) for name, value in state.items() if not name.endswith(_COUNTER)
    }


def _load_weights(network: nn.Module, weights: Weights) -> None:
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    wanted = {name for name in network.state_dict() if not name.endswith(_COUNTER)}
    if wanted != tensors.keys():
        wrong = ", ".join(sorted(wanted ^ tensors.keys()))
        raise CheckpointError(
            f"the weights are not those of the network (they differ in {wrong}): get the "
            "checkpoint whole again"
        )
    network.load_state_dict(tensors, strict=False)


def _batch_axis(two: Tensor, three: Tensor) -> int:
    """The axis on which the states of two and of three sequences differ."""
    axes = [
        axis
        for axis, sizes in enumerate(zip(two.shape, three.shape, strict=True))
        if sizes == (2, 3)
    ]
    if len(axes) != 1:
        raise UsageError(
            f"a tensor of the network's state has shapes {tuple(two.shape)} and "
            f"{tuple(three.shape)} for two and three sequences: exactly one axis must be theirs"
        )
    return axes[0]


def _map_tensors(function: Callable[..., Any], *trees: TensorTree) -> TensorTree:
    """Apply a function to the leaves of trees of one structure; return a tree of the results."""
    first = trees[0]
    if isinstance(first, dict):
        return {key: _map_tensors(function, *(tree[key] for tree in trees)) for key in first}
    if isinstance(first, tuple | list):
        parts = zip(*trees, strict=True)
        return tuple(_map_tensors(function, *leaves) for leaves in parts)
    return function(*trees)
