"""``bachbot evaluate``: how good a model and its music are."""

import typer

from bachbot.cli.evaluate.basses_command import basses_command
from bachbot.cli.evaluate.detection_command import detect_command
from bachbot.cli.evaluate.dials_command import dials_command
from bachbot.cli.evaluate.given_chords_command import chords_given_command
from bachbot.cli.evaluate.losses_command import losses_command
from bachbot.cli.evaluate.music_commands import (
    fit_command,
    harmonization_command,
    music_command,
    partwriting_command,
)
from bachbot.cli.evaluate.report_commands import all_command, readme_command
from bachbot.cli.evaluate.style_commands import novelty_command, style_command

evaluate_app = typer.Typer(
    help="Measure a model, and the music it writes, on held-out chorales.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

evaluate_app.command("losses", short_help="Measure the losses and the accuracy of models.")(
    losses_command
)
evaluate_app.command("harmonization", short_help="Fill in masked voices, and compare with Bach's.")(
    harmonization_command
)
evaluate_app.command("chords-given", short_help="Harmonize with Bach's chords given.")(
    chords_given_command
)
evaluate_app.command("basses", short_help="Write upper voices over Bach's basses.")(basses_command)
evaluate_app.command("partwriting", short_help="Count broken rules of part-writing.")(
    partwriting_command
)
evaluate_app.command("music", short_help="Measure what a choirmaster hears, beside Bach.")(
    music_command
)
evaluate_app.command("dials", short_help="Measure how difficult music is at each setting.")(
    dials_command
)
evaluate_app.command("style", short_help="Measure how close music is to Bach's style.")(
    style_command
)
evaluate_app.command("novelty", short_help="Find what is copied from the training pieces.")(
    novelty_command
)
evaluate_app.command("detect", short_help="Train classifiers to tell music from Bach's.")(
    detect_command
)
evaluate_app.command("all", short_help="Run every measurement and write one page.")(all_command)
evaluate_app.command(
    "readme", short_help="Write the results into the documents (for maintainers)."
)(readme_command)
evaluate_app.command("fit", short_help="Fit the penalties' weights (for maintainers).")(fit_command)
