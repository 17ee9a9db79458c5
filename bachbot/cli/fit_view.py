"""A fit as it goes on, and the penalties that come of it."""

from collections.abc import Mapping

from rich.table import Table

from bachbot.decoding.penalties import Penalties
from bachbot.evaluation.fitting import TUNABLE_WEIGHTS, RateMeasurement, Round


def round_table(number: int, targets: Mapping[str, RateMeasurement], tried: Round) -> Table:
    """A round: each weight, and what its rate came to beside Bach's.

    Parameters
    ----------
    number : int
        Of the round, from 1.
    targets : mapping of str to Reading
        Bach's rates.
    tried : Round
        What was decoded.
    """
    table = Table(
        title=f"round {number}: {tried.distance:.2f} standard errors from Bach, "
        f"{tried.equal_pitch:.3f} of the pitches his",
        title_justify="left",
    )
    table.add_column("weight")
    for name in ("nats", "rate", "Bach's", "times Bach's"):
        table.add_column(name, justify="right")
    table.add_column("rate a")
    units = {knob.name: knob.unit for knob in TUNABLE_WEIGHTS}
    for name, target in targets.items():
        rate = tried.readings[name].rate
        times = f"{rate / target.rate:.2f}" if target.rate else ""
        table.add_row(
            name, f"{tried.weights[name]:.3f}", f"{rate:.3f}", f"{target.rate:.3f}", times,
            units.get(name, ""),
        )  # fmt: skip
    return table


def penalties_text(penalties: Penalties) -> str:
    """The weights as Python writes them, to be pasted into `bachbot.decoding.penalties`."""
    return f"Penalties.of({penalties.weights!r})"
