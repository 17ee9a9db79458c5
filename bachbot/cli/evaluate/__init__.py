"""``bachbot evaluate``: how good a model and its music are."""

import typer

from bachbot.cli.evaluate.detection_command import detect_command
from bachbot.cli.evaluate.losses_command import losses_command
from bachbot.cli.evaluate.music_commands import (
    fit_command,
    harmonization_command,
    partwriting_command,
)
from bachbot.cli.evaluate.report_commands import all_command, readme_command
from bachbot.cli.evaluate.style_commands import novelty_command, style_command

evaluate_app = typer.Typer(
    help="Measure a model, and the music it writes, on held-out chorales.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

evaluate_app.command("losses")(losses_command)
evaluate_app.command("harmonization")(harmonization_command)
evaluate_app.command("partwriting")(partwriting_command)
evaluate_app.command("style")(style_command)
evaluate_app.command("novelty")(novelty_command)
evaluate_app.command("detect")(detect_command)
evaluate_app.command("all")(all_command)
evaluate_app.command("readme")(readme_command)
evaluate_app.command("fit")(fit_command)
