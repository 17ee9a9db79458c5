"""``bachbot listen score``."""

from pathlib import Path
from typing import Annotated

import typer


def score_command(
    raw: Annotated[
        list[Path],
        typer.Argument(metavar="RAW...", help="CSV files that the exported page wrote."),
    ],
    key: Annotated[Path, typer.Option("--key", help="The test's key.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="CSV file for 'bachbot listen analyze'.")
    ],
) -> None:
    """Put answers from the exported page together with the key."""
    from bachbot.cli.show import check_output
    from bachbot.errors import UsageError
    from bachbot.listening.answer_key import read_solutions
    from bachbot.listening.answers_csv import score_raw, write_csv

    check_output(output, (".csv",))
    if any(path.exists() and output.exists() and path.samefile(output) for path in (*raw, key)):
        raise UsageError(f"{output} is a file that is read: write to another one")
    answers = score_raw(raw, read_solutions(key))
    write_csv(answers, output)
    typer.echo(
        f"{output}: {len(answers)} answers, participants {answers.participants}, "
        f"trials {answers.trials}"
    )
