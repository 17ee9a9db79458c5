"""The commands in one app. Nothing heavy is loaded before a command runs."""

import typer

import bachbot
from bachbot.cli.bach import bach
from bachbot.cli.compose import compose
from bachbot.cli.config import config_app
from bachbot.cli.corpus import corpus_app
from bachbot.cli.diff import diff
from bachbot.cli.evaluate import evaluate_app
from bachbot.cli.explain import OptionalRules, explain
from bachbot.cli.harmonize import harmonize
from bachbot.cli.listen import listen_app
from bachbot.cli.mood import mood
from bachbot.cli.practice import practice
from bachbot.cli.realize import realize
from bachbot.cli.render import render
from bachbot.cli.repair import repair
from bachbot.cli.slideshow import slideshow
from bachbot.cli.train import train_app

# Without rich markup, whose import takes a third of the time of '--help'.
app = typer.Typer(
    name="bachbot",
    help="Compose and harmonize four-part chorales in the style of J. S. Bach.\n\n"
    "For a first try: bachbot harmonize MELODY.musicxml, or bachbot compose. Each command has a "
    "--help of its own.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bachbot {bachbot.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# Short lines, which the list of commands does not cut off.
app.command(short_help="Harmonize a melody in four voices, or complete a score.")(harmonize)
app.command(short_help="Write the voices above a figured or unfigured bass.")(realize)
app.command(short_help="Compose a new chorale, or continue the opening of one.")(compose)
app.command(short_help="Print the chords, cadences and faults of a score.", cls=OptionalRules)(
    explain
)
app.command(short_help="Mend the faults of a score with few changed notes.", cls=OptionalRules)(
    repair
)
app.command(short_help="Find a chorale of Bach's in your own music21.")(bach)
app.command(short_help="Print in what two scores differ.")(diff)
app.command(short_help="Engrave, play or convert a score of any parts.")(render)
app.command(short_help="Make practice tracks of each voice, and its own page.")(practice)
app.command(short_help="Harmonize a tune in a mood, such as joyful or grieving.")(mood)
app.command(short_help="Make music for a slide show, each slide in its mood.")(slideshow)
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate", short_help="Measure a model, and the music it writes.")
app.add_typer(corpus_app, name="corpus", short_help="Prepare and describe Bach's chorales.")
app.add_typer(config_app, name="config", short_help="Show and edit your choirs and defaults.")
app.add_typer(listen_app, name="listen", short_help="Run a listening test: which clip is by Bach?")
