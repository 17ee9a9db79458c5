"""Fields of a model's config: their bounds are declared once and checked in one place.

Every kind of model has a config of its own (see `bachbot.runtime.kinds`), and every config is a
frozen dataclass whose ``__post_init__`` calls `check_fields`. A value may come from a command line
or from a damaged ``config.json``, so its type is checked as well as its size.
"""

from dataclasses import field, fields
from typing import Any

from bachbot.errors import UsageError


def whole_number(default: int, least: int, most: int) -> Any:
    """A dataclass field that holds a whole number within bounds.

    Parameters
    ----------
    default : int
        Its value where none is given.
    least, most : int
        Bounds, both included. A field whose `least` is 1 or more is a dimension of the network,
        which a checkpoint must name.
    """
    return field(default=default, metadata={"least": least, "most": most})


def fraction(default: float) -> Any:
    """A dataclass field that holds a number of 0 or more and less than 1."""
    return field(default=default, metadata={"fraction": True})


def check_fields(config: Any) -> None:
    """Check every field of a config.

    Parameters
    ----------
    config : dataclass instance
        Its fields are made by `whole_number` and `fraction`, or are of type bool.

    Raises
    ------
    UsageError
        If a value has the wrong type or is out of bounds. The message names every fault.
    """
    faults = []
    for entry in fields(config):
        value, bounds = getattr(config, entry.name), entry.metadata
        # A bool is an int to Python, so isinstance would let "layers": true pass.
        if "least" in bounds:
            valid = type(value) is int and bounds["least"] <= value <= bounds["most"]
            wanted = f"a whole number from {bounds['least']} to {bounds['most']}"
        elif "fraction" in bounds:
            valid = type(value) in (int, float) and 0 <= value < 1
            wanted = "0 or more, less than 1"
        else:
            valid = type(value) is bool
            wanted = "true or false"
        if not valid:
            faults.append(f"{entry.name} is {value!r}: give {wanted}")
    if faults:
        raise UsageError("; ".join(faults))


def dimensions(config: Any) -> list[str]:
    """Names of the fields of a config that are dimensions of its network.

    Parameters
    ----------
    config : dataclass or dataclass instance
        As in `check_fields`.
    """
    return [entry.name for entry in fields(config) if entry.metadata.get("least", 0) >= 1]


def lstm_layer_shapes(prefix: str, inputs: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights of torch's ``nn.LSTM`` of one layer.

    Parameters
    ----------
    prefix : str
        Name of the layer.
    inputs, hidden : int
        Size of what it reads, and units that it has (H). The gates are stored in the order input,
        forget, cell, output, H rows each.
    """
    return {
        f"{prefix}.weight_ih_l0": (4 * hidden, inputs),
        f"{prefix}.weight_hh_l0": (4 * hidden, hidden),
        f"{prefix}.bias_ih_l0": (4 * hidden,),
        f"{prefix}.bias_hh_l0": (4 * hidden,),
    }
