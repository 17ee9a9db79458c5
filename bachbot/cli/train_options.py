"""Options that the commands of ``bachbot train`` share."""

from pathlib import Path
from typing import Annotated

import typer

from bachbot.errors import UsageError

Corpus = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        metavar="FILE",
        help="Prepared corpus. [default: the one that 'bachbot corpus prepare' wrote]",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="NAME", help="auto, cpu, cuda or mps; auto uses a GPU if there is one."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Any other setting, such as dropout=0.4; repeatable."
    ),
]
Threads = Annotated[
    int,
    typer.Option(
        "--threads",
        metavar="N",
        min=0,
        show_default=False,
        help="Threads on a CPU. [default: all cores]",
    ),
]


def parse_settings(settings: list[str] | None) -> dict[str, str]:
    """Values of ``--set`` by name.

    Raises
    ------
    UsageError
        If a text is not ``NAME=VALUE``.
    """
    pairs = {}
    for text in settings or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"'{text}' is no setting: give NAME=VALUE, such as dropout=0.4")
        pairs[name.strip().replace("-", "_")] = value.strip()
    return pairs
