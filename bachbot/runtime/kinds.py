"""The kinds of model: what each is made of, how it is stepped, and what it can do.

This table and `bachbot.training.kinds.KINDS` are the only places that name a kind; everything else
asks the table. How to add a kind, here one named ``gru``:

1. Write ``bachbot/models/gru.py`` with a frozen dataclass ``GRUConfig`` (`ModelConfig`) and an
   ``nn.Module`` ``GRUModel(config, vocabulary)`` that steps as `bachbot.models.stepper` says.
2. Add the row ``Kind("gru", config="bachbot.models.gru:GRUConfig",
   network="bachbot.models.gru:GRUModel")`` to `KINDS`. Search, sampling and metrics now run it.
3. Write ``bachbot/training/kinds/gru.py``: its objective, presets, search grid and model card.
4. Add its row to ``bachbot.training.kinds.KINDS``. ``bachbot train`` now trains it.
5. Where stepping in torch is too slow, write a NumPy `runtime` and hold it to the torch one by a
   test, as ``tests/models/test_stepper.py`` does; its config then has to do without torch.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bachbot.encoding import Vocabulary
from bachbot.errors import UsageError
from bachbot.runtime.config_fields import dimensions
from bachbot.runtime.protocol import Model, Weights


class ModelConfig(Protocol):
    """Size and regularization of a network: a frozen dataclass.

    Its constructor raises `bachbot.errors.UsageError` if a value is out of bounds.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def reads_metadata(self) -> bool:
        """Whether the network reads meter, mode and fermatas beside the notes."""
        ...

    def weight_shapes(self, vocabulary: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's weights, as torch lays them out.

        Parameters
        ----------
        vocabulary : int
            Number of tokens (V).
        """
        ...

    def embedding_table(self, weights: Weights) -> NDArray[np.floating]:
        """The vector that the network reads for each token, [V or more, E].

        Parameters
        ----------
        weights : mapping of str to ndarray
            The network's.
        """
        ...


@dataclass(frozen=True)
class Kind:
    """One kind of model. Classes are named as ``"module:Class"`` and imported when needed.

    Parameters
    ----------
    name : str
        What a checkpoint's ``kind`` says.
    config : str
        Class of its config, a `ModelConfig`.
    network : str
        Class of its network in torch, made of a config and the number of tokens.
    runtime : str
        Class that steps it without torch, made of a config, a vocabulary, the weights and a dtype
        (default: none, it is stepped in torch by `bachbot.models.stepper.TorchRuntime`).
    needs_length : bool
        Whether it must know a piece's length beforehand, and so cannot choose it.
    reads_ahead : bool
        Whether it reads all given notes before it writes the first token.
    has_units : bool
        Whether `bachbot.runtime.activations` can read what its units hold.
    """

    name: str
    config: str
    network: str
    runtime: str = ""
    needs_length: bool = False
    reads_ahead: bool = False
    has_units: bool = False

    def load_config(self) -> type[ModelConfig]:
        """Import the class of its config."""
        found: type[ModelConfig] = _load(self.config)
        return found

    def load_network(self) -> Any:
        """Import the class of its network, and torch with it."""
        return _load(self.network)

    def build(
        self,
        config: ModelConfig,
        vocabulary: Vocabulary,
        weights: Weights,
        *,
        dtype: DTypeLike = np.float32,
    ) -> Model:
        """Make a model that can be stepped.

        Parameters
        ----------
        config : ModelConfig
            Of this kind.
        vocabulary : Vocabulary
            What the token ids mean.
        weights : mapping of str to ndarray
            As the config's ``weight_shapes`` lists them.
        dtype : dtype
            float32, or float64 where a rounding error must not flip a choice.

        Raises
        ------
        UsageError
            If the dtype is neither.
        CheckpointError
            If the weights cannot be those of such a network.
        """
        if self.runtime:
            runtime: Model = _load(self.runtime)(config, vocabulary, weights, dtype=dtype)
        else:
            stepper = _load("bachbot.models.stepper:TorchRuntime")
            runtime = stepper(self, config, vocabulary, weights, dtype=dtype)
        return runtime


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "lstm",
            config="bachbot.runtime.lstm_runtime:LSTMConfig",
            network="bachbot.models.lstm:LSTMModel",
            runtime="bachbot.runtime.lstm_runtime:LSTMRuntime",
            has_units=True,
        ),
        Kind(
            "lookahead",
            config="bachbot.runtime.lookahead.config:LookaheadConfig",
            network="bachbot.models.lookahead:LookaheadModel",
            runtime="bachbot.runtime.lookahead.model:LookaheadRuntime",
            needs_length=True,
            reads_ahead=True,
            has_units=True,
        ),
    )
}
"""Every kind of model by the name that a checkpoint's ``kind`` gives."""


def kind_of(name: object) -> Kind:
    """Look up a kind of model.

    Parameters
    ----------
    name : object
        A key of `KINDS`.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    if not isinstance(name, str) or name not in KINDS:
        raise UsageError(f"there is no model of kind {name!r}: give one of {', '.join(KINDS)}")
    return KINDS[name]


def configure(kind: str, values: Mapping[str, Any], *, complete: bool = False) -> Any:
    """Make the config of a kind of model from plain values.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    values : mapping
        Values by field; those not named take their defaults.
    complete : bool
        Whether every dimension of the network must be named (default: no).

    Raises
    ------
    UsageError
        If the kind or a key is unknown, a dimension is missing, or a value is out of bounds.
    """
    config: Any = kind_of(kind).load_config()
    known = [entry.name for entry in fields(config)]
    unknown = [name for name in values if name not in known]
    if unknown:
        raise UsageError(
            f"a model of kind '{kind}' has no {', '.join(unknown)}: it has {', '.join(known)}"
        )
    missing = [name for name in dimensions(config) if complete and name not in values]
    if missing:
        raise UsageError(f"{', '.join(missing)} is missing: name every dimension of the network")
    return config(**values)


def _load(name: str) -> Any:
    module, attribute = name.split(":")
    return getattr(importlib.import_module(module), attribute)
