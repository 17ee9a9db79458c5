"""Which weights each kind of model has, and of what shapes."""

from collections.abc import Mapping

from bachbot.errors import CheckpointError


def lstm_shapes(model: Mapping[str, object], vocabulary: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights of an LSTM of these dimensions.

    Parameters
    ----------
    model : mapping
        ``embedding`` (E), ``layers`` and ``hidden`` (H), ints; ``batch_norm``, a bool.
    vocabulary : int
        How many tokens there are (V).

    Returns
    -------
    dict
        Shape by name, as torch lays them out, gates in the order i, f, g, o.

    Raises
    ------
    CheckpointError
        If a dimension is missing or cannot be.
    """
    embedding = _dimension(model, "embedding", 4096)
    layers = _dimension(model, "layers", 16)
    hidden = _dimension(model, "hidden", 8192)
    batch_norm = model.get("batch_norm", False)
    if type(batch_norm) is not bool:
        raise CheckpointError(
            f"a checkpoint's batch_norm is {batch_norm!r}: true or false is wanted"
        )
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (vocabulary, embedding)}
    for layer in range(layers):
        prefix = f"lstm.{layer}."
        shapes[prefix + "weight_ih_l0"] = (4 * hidden, hidden if layer else embedding)
        shapes[prefix + "weight_hh_l0"] = (4 * hidden, hidden)
        shapes[prefix + "bias_ih_l0"] = shapes[prefix + "bias_hh_l0"] = (4 * hidden,)
        if batch_norm:
            for part in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"norm.{layer}.{part}"] = (hidden,)
    shapes["output.weight"] = (vocabulary, hidden)
    shapes["output.bias"] = (vocabulary,)
    return shapes


def _dimension(model: Mapping[str, object], name: str, most: int) -> int:
    value = model.get(name)
    # A bool is an int to Python, so isinstance would let "layers": true pass.
    if type(value) is not int or not 1 <= value <= most:
        raise CheckpointError(
            f"a checkpoint's {name} is {value!r}: a whole number from 1 to {most} is wanted"
        )
    return value


SHAPES = {"lstm": lstm_shapes}
"""Shapes of the weights by the kind that a checkpoint's config names."""
