"""Settings of preference tuning."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import inf

from bachbot.errors import UsageError
from bachbot.training.config import range_faults


@dataclass(frozen=True)
class PreferenceOptions:
    """How a network is tuned, and what it must not lose.

    Parameters
    ----------
    beta : float
        Factor of the log-ratios in the loss: the larger, the nearer the network stays to what it
        was. Above 0.
    likelihood_weight : float
        Weight of the mean nats per token of the better pieces beside the preference loss.
    window : int
        Frames of the stretches of a piece that are compared; 0 compares whole pieces, whose
        log-ratios are hundreds of nats for chorales.
    kl_bound : float
        Nats per token by which the tuned network may differ from what it was, on held-out pairs.
        The run ends after an epoch in which it is exceeded.
    chord_tolerance : float
        Share of the different chords per beat that its harmonizations may lose.
    copy_tolerance : float
        Share of the bars, 0 to 1, that may be copied from training pieces more than before.
    guard_tunes : int
        Held-out tunes that are harmonized after each epoch to see that; 0 for none.
    held_out_share : float
        Share of the tunes among the pairs that are not learned from, 0 to 0.5; at least one tune.
    learning_rate : float
        Peak rate of a one-cycle schedule.
    epochs : int
        Passes over the pairs.
    batch_size : int
        Pairs of a step.
    seed : int
        Order of the pairs, place of the windows, and which tunes are held out.
    save_every : int
        Steps between two saved states; the state is saved after each epoch as well.

    Raises
    ------
    UsageError
        If a value is out of range; the message names every fault.
    """

    beta: float = 0.1
    likelihood_weight: float = 1.0
    window: int = 32
    kl_bound: float = 0.05
    chord_tolerance: float = 0.05
    copy_tolerance: float = 0.02
    guard_tunes: int = 10
    held_out_share: float = 0.1
    learning_rate: float = 1e-4
    epochs: int = 3
    batch_size: int = 4
    seed: int = 0
    save_every: int = 20

    def __post_init__(self) -> None:
        ranges = {
            "beta": (1e-6, 100.0), "likelihood_weight": (0.0, 1000.0), "window": (0, 10_000),
            "kl_bound": (0.0, inf), "chord_tolerance": (0.0, 1.0), "copy_tolerance": (0.0, 1.0),
            "guard_tunes": (0, 1000), "held_out_share": (0.0, 0.5), "learning_rate": (1e-8, 10.0),
            "epochs": (1, 10_000), "batch_size": (1, 1000), "seed": (0, 2**63 - 1),
            "save_every": (1, inf),
        }  # fmt: skip
        faults = range_faults(self, ranges)
        if faults:
            raise UsageError("; ".join(faults))

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> "PreferenceOptions":
        """The defaults with some values changed.

        Parameters
        ----------
        settings : mapping of str to str
            Numbers as text, by field.

        Raises
        ------
        UsageError
            If a field is unknown, or a value is no number of its type or out of range.
        """
        defaults, values = asdict(cls()), {}
        for name, text in settings.items():
            if name not in defaults:
                raise UsageError(
                    f"there is no setting '{name}': settings are {', '.join(defaults)}"
                )
            try:
                values[name] = type(defaults[name])(text)
            except ValueError:
                wanted = "a whole number" if isinstance(defaults[name], int) else "a number"
                raise UsageError(f"{name} is '{text}': give {wanted}") from None
        return replace(cls(), **values)
