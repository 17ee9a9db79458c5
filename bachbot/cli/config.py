"""``bachbot config``: the user's config file, in which choirs are described."""

import json
from typing import Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.results import print_result

config_app = typer.Typer(
    help="Show and edit your config file: choirs with their ranges, sound, staves and keys.\n\n"
    "For example: bachbot config set choirs.village.tenor C3:F4, and then bachbot harmonize "
    "MELODY --choir village. A choir that is the file's choir (bachbot config set choir village) "
    "counts in every command; --choir none leaves it out.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="choir, sound, staves, or choirs.NAME. and one of soprano, alto, tenor, bass, sound, "
        "staves, keys.",
    ),
]


@config_app.callback()
def config(context: typer.Context) -> None:
    """Show the config file if no command is given."""
    if context.invoked_subcommand is None:
        show()


@config_app.command()
def show(as_json: shared.JsonOption = False) -> None:
    """Print the config file, and check it."""
    import tomllib

    from bachbot.settings import config_text, load_settings

    settings = load_settings()
    text = config_text(settings.path)
    if as_json:
        plain = {"path": str(settings.path), "config": tomllib.loads(text)}
        typer.echo(json.dumps(plain, ensure_ascii=False, default=str))
        return
    typer.echo(f"# {settings.path}{'' if text.strip() else ' (empty)'}")
    if text.strip():
        typer.echo(text.rstrip())


@config_app.command()
def path(as_json: shared.JsonOption = False) -> None:
    """Print the path of the config file."""
    from bachbot.settings import config_path

    print_result({"path": config_path()}, str(config_path()), as_json=as_json)


@config_app.command("set")
def set_command(
    key: Key,
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE", help="Its value, such as C3:F4, choir, 2 or 'F major, G major'."
        ),
    ],
    as_json: shared.JsonOption = False,
) -> None:
    """Set a key of the config file; comments in it stay."""
    from bachbot.settings import set_value

    settings = set_value(key, value)
    plain = {"path": settings.path, "key": key, "value": value}
    print_result(plain, f"{settings.path}: {key} is {value}", as_json=as_json)


@config_app.command()
def unset(key: Key, as_json: shared.JsonOption = False) -> None:
    """Remove a key from the config file, or a choir (choirs.NAME)."""
    from bachbot.settings import unset as remove

    path = remove(key).path
    plain = {"path": path, "key": key, "value": None}
    print_result(plain, f"{path}: {key} is not set", as_json=as_json)
