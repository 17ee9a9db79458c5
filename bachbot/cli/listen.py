"""``bachbot listen``: the listening test, which of two clips is by Bach."""

import typer

from bachbot.cli.listen_analyze import analyze_command
from bachbot.cli.listen_export import export_command
from bachbot.cli.listen_score import score_command
from bachbot.cli.listen_serve import serve_command

listen_app = typer.Typer(
    help="The listening test: which of two clips is by Bach?",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@listen_app.callback()
def listen_command() -> None:
    """The listening test, which of two clips is by Bach."""


listen_app.command("export")(export_command)
listen_app.command("serve")(serve_command)
listen_app.command("score")(score_command)
listen_app.command("analyze")(analyze_command)
