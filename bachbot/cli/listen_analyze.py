"""``bachbot listen analyze``."""

import json
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.errors import OutputError, UsageError

if TYPE_CHECKING:
    from bachbot.listening.analysis.analysis import Analysis
    from bachbot.listening.answers import Answers

_STORE = "bachbot.listening.store.store"


class FigureFormat(StrEnum):
    """What figures are written as."""

    SVG = "svg"
    PNG = "png"


def analyze_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="ANSWERS",
            help="A CSV file of answers, or a database's address such as sqlite:///answers.db.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for analysis.json, left-out.csv and the figures."
        ),
    ] = None,
    figures: Annotated[
        FigureFormat, typer.Option("--figures", help="What the figures are written as.")
    ] = FigureFormat.SVG,
    fastest: Annotated[
        float, typer.Option("--fastest", help="Seconds below which an answer is too fast.")
    ] = 5.0,
    heard: Annotated[
        float, typer.Option("--heard", help="How much of both clips must be heard, 0 to 1.")
    ] = 0.5,
    one_side: Annotated[
        int | None,
        typer.Option(
            "--one-side",
            help="Leave out who gave so many answers or more, all on one side. [default: nobody]",
        ),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="Leave out all answers of who gave one too fast or unheard, as the original did.",
        ),
    ] = False,
    tell: Annotated[
        float,
        typer.Option("--tell", help="Proportion that the next test is to tell from one half."),
    ] = 0.55,
    power: Annotated[
        float, typer.Option("--power", help="Chance with which it is to tell it.")
    ] = 0.8,
    each: Annotated[
        int | None,
        typer.Option("--each", min=1, help="Answers of a participant in it. [default: as here]"),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", min=2, help="Trials in it. [default: as here, twice, four times]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Show what a listening test says, beside the original's.

    Proportions correct by type, experience and age, with exact tests; what the population would
    get right on all such trials, by a mixed model; side bias, learning, how many participants the
    next test needs; and how many answers came in, how many count, and why the others do not.
    """
    from rich.console import Console

    from bachbot.cli.listen_view import analysis_tables
    from bachbot.listening.analysis.analysis import AnalysisSettings, analyze
    from bachbot.listening.analysis.exclusions import Rules

    rules = Rules(fastest=fastest, heard=heard, one_side=one_side, whole=whole)
    settings = AnalysisSettings(rules, tell=tell, power=power, answers_each=each, trials=trials)
    if output is not None:
        _make(output)
    found = analyze(_read(source), settings)
    if output is not None:
        _write(found, output, figures)
    if as_json:
        typer.echo(json.dumps(found.to_json(), allow_nan=False))
        return
    console = Console()
    for table in analysis_tables(found):
        console.print(table)
    if output is not None:
        console.print(f"written to {output}", markup=False, highlight=False)


def _read(source: str) -> "Answers":
    """Answers from a file or a database.

    Raises
    ------
    UsageError
        If it is neither, or cannot be read.
    """
    from bachbot.listening.answers import Answers
    from bachbot.listening.answers_csv import read_csv

    if "://" not in source:
        if not Path(source).exists():
            raise UsageError(
                f"{source} is neither a file nor a database's address: give a CSV file of answers, "
                "or an address such as sqlite:///answers.db"
            )
        return read_csv(Path(source))
    try:
        store = import_module(_STORE)
    except ModuleNotFoundError as error:
        if error.name != _STORE:
            raise
        raise UsageError(
            "answers in a database cannot be read by this version: give them as a CSV file"
        ) from error
    answers: Answers = store.read(source)
    return answers


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {folder} could not be made ({error.strerror}): write elsewhere with -o"
        ) from error


def _write(found: "Analysis", folder: Path, form: FigureFormat) -> None:
    from bachbot.files import write_atomically
    from bachbot.listening.analysis.figures import figures as drawn
    from bachbot.listening.answers_csv import spelled_left_out

    text = json.dumps(found.to_json(), allow_nan=False, indent=2, ensure_ascii=False)
    write_atomically(folder / "analysis.json", f"{text}\n".encode())
    write_atomically(folder / "left-out.csv", spelled_left_out(found.sifted).encode())
    for name, content in drawn(found, form.value).items():
        write_atomically(folder / f"{name}.{form.value}", content)
