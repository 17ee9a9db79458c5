"""What the model cards of all kinds are put together from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """What a card says of one kind of model, in Markdown.

    Parameters
    ----------
    summary : str
        What the model does.
    network : str
        Its make and size.
    tokens : str
        What the tokens of the training part are called.
    batch : str
        What it reads in a step.
    chosen : str
        By which figure the best weights were chosen.
    figures : str
        What it is worth: sections of their own, the first of them without its heading.
    limits : str
        What it does not know.
    """

    summary: str
    network: str
    tokens: str
    batch: str
    chosen: str
    figures: str
    limits: str


def number(value: float | None) -> str:
    """A figure in three decimals; nothing for None."""
    return "" if value is None else f"{value:.3f}"


def table(rows: list[list[str]]) -> str:
    """A table, its first row the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---" * len(rows[0]) + "|")
    return "\n".join(lines)
