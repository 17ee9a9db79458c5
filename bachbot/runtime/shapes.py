"""Which weights each kind of model has, and of what shapes."""

from collections.abc import Mapping

from bachbot.encoding import FIRST_PITCH
from bachbot.encoding.conditioning import BARS, FAR, MODES, POSITIONS
from bachbot.encoding.copying import BOUNDS
from bachbot.encoding.datastore import MOST_FRAMES
from bachbot.encoding.token_intervals import CHROMAS, MELODIC
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
        shapes |= _lstm_layer(f"lstm.{layer}", hidden if layer else embedding, hidden)
        if batch_norm:
            for part in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"norm.{layer}.{part}"] = (hidden,)
    shapes["output.weight"] = (vocabulary, hidden)
    shapes["output.bias"] = (vocabulary,)
    return shapes


def lookahead_shapes(model: Mapping[str, object], vocabulary: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights of a lookahead network of these dimensions.

    Parameters
    ----------
    model : mapping
        ``embedding`` (E), ``encoder_layers``, ``encoder`` (G), ``layers``, ``hidden`` (H) and
        ``width`` (W), ints; ``told``, a bool; ``library``, an int, where pieces are looked up.
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
    e, g = _dimension(model, "embedding", 4096), _dimension(model, "encoder", 8192)
    h, w = _dimension(model, "hidden", 8192), _dimension(model, "width", 8192)
    if type(model.get("told", True)) is not bool:
        raise CheckpointError(f"a checkpoint's told is {model['told']!r}: true or false is wanted")
    read = 4 * e + 32 + 16 + 8 + 16 + 8 + 8
    past = 4 * e + 16
    shapes: dict[str, tuple[int, ...]] = {
        "embedding.token.weight": (vocabulary + 1, e),
        "embedding.pitch.weight": ((vocabulary - FIRST_PITCH) // 2, e),
        "embedding.chroma.weight": (CHROMAS, e),
        "embedding.tie.weight": (2, e),
        "place.weight": (POSITIONS, 32),
        "bar.weight": (BARS, 16),
        "mode.weight": (MODES, 8),
        "pause.weight": (3, 16),
        "ends.weight": (2 * (FAR + 1), 8),
        "frame.weight": (w, h + 2 * g + read + past),
        "frame.bias": (w,),
        "known.weight": (w, past),
        "slot.weight": (5, w),
        "chain.weight": (w, w),
        "chain.bias": (w,),
        "output.weight": (vocabulary, w),
        "output.bias": (vocabulary,),
        "intervals.melodic.weight": (MELODIC, w),
        "intervals.melodic.bias": (MELODIC,),
        "intervals.harmonic.weight": (4 * CHROMAS, w),
        "intervals.harmonic.bias": (4 * CHROMAS,),
        "recall.past.weight": (len(BOUNDS) + 1, 8),
        "recall.ahead.weight": (len(BOUNDS) + 1, 8),
        "recall.sum.weight": (w, 4 * e + 16),
        "recall.agreed.weight": (2, w),
        "recall.again.weight": (1, w),
        "recall.again.bias": (1,),
    }
    if model.get("library", 0) != 0:
        shapes |= {
            "library.tokens": (_dimension(model, "library", MOST_FRAMES), 4),
            "library.tune.weight": (len(BOUNDS) + 1, 8),
            "library.past.weight": (len(BOUNDS) + 1, 8),
            "library.again.weight": (16, w),
            "library.again.bias": (16,),
        }
    for layer in range(_dimension(model, "encoder_layers", 16)):
        for way in ("ahead", "back"):
            shapes |= _lstm_layer(f"{way}.{layer}", 2 * g if layer else read, g)
    for layer in range(_dimension(model, "layers", 16)):
        shapes |= _lstm_layer(f"lstm.{layer}", h if layer else past + 2 * g, h)
    return shapes


def _lstm_layer(prefix: str, inputs: int, hidden: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{prefix}.weight_ih_l0": (4 * hidden, inputs),
        f"{prefix}.weight_hh_l0": (4 * hidden, hidden),
        f"{prefix}.bias_ih_l0": (4 * hidden,),
        f"{prefix}.bias_hh_l0": (4 * hidden,),
    }


def _dimension(model: Mapping[str, object], name: str, most: int) -> int:
    value = model.get(name)
    # A bool is an int to Python, so isinstance would let "layers": true pass.
    if type(value) is not int or not 1 <= value <= most:
        raise CheckpointError(
            f"a checkpoint's {name} is {value!r}: a whole number from 1 to {most} is wanted"
        )
    return value


SHAPES = {"lstm": lstm_shapes, "lookahead": lookahead_shapes}
"""Shapes of the weights by the kind that a checkpoint's config names."""
