"""``bachbot evaluate``: what a model is worth."""

import typer

from bachbot.cli.evaluate_all import all_command
from bachbot.cli.evaluate_detect import detect_command
from bachbot.cli.evaluate_fit import fit_command
from bachbot.cli.evaluate_harmonization import harmonization_command
from bachbot.cli.evaluate_losses import losses_command
from bachbot.cli.evaluate_novelty import novelty_command
from bachbot.cli.evaluate_partwriting import partwriting_command
from bachbot.cli.evaluate_readme import readme_command
from bachbot.cli.evaluate_style import style_command

evaluate_app = typer.Typer(
    help="Measure a model on held-out chorales.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@evaluate_app.callback()
def evaluate_command() -> None:
    """Measure a model on held-out chorales."""


evaluate_app.command("losses")(losses_command)
evaluate_app.command("harmonization")(harmonization_command)
evaluate_app.command("partwriting")(partwriting_command)
evaluate_app.command("style")(style_command)
evaluate_app.command("novelty")(novelty_command)
evaluate_app.command("detect")(detect_command)
evaluate_app.command("all")(all_command)
evaluate_app.command("readme")(readme_command)
evaluate_app.command("fit")(fit_command)
