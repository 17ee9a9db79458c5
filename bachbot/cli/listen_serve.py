"""``bachbot listen serve``."""

from pathlib import Path
from typing import Annotated

import typer


def serve_command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="What 'bachbot listen export' wrote.")
    ],
    key: Annotated[
        Path | None, typer.Option("--key", help="The test's key. [default: DIR-key.json]")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            help="Where answers go: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME. "
            "[default: the file DIR-answers.db]",
        ),
    ] = None,
    secret: Annotated[
        Path | None,
        typer.Option(
            "--secret", help="File that seals sessions, made if missing. [default: DIR-secret]"
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; 0 is any that is free.")
    ] = 8000,
    public_url: Annotated[
        str | None,
        typer.Option("--public-url", help="Where participants find it, if behind a proxy."),
    ] = None,
    trials_each: Annotated[
        int, typer.Option("--trials-each", min=5, max=10, help="Trials of a participant.")
    ] = 10,
    heard: Annotated[
        float, typer.Option("--heard", help="How much of both clips must be heard, 0.1 to 1.")
    ] = 0.9,
    contact: Annotated[
        str, typer.Option("--contact", help="Whom participants can ask, shown with the consent.")
    ] = "",
    admin_token: Annotated[
        str | None,
        typer.Option(
            "--admin-token",
            envvar="BACHBOT_ADMIN_TOKEN",
            help="Opens the page /admin with live counts; 16 characters or more.",
        ),
    ] = None,
) -> None:
    """Serve a listening test, which participants take in their browsers.

    Every answer is stored the moment it is given, without name or address; a session goes on where
    it was left, also when the server is started anew. It ends at Ctrl-C or SIGTERM.
    """
    from bachbot.listening.site.serve import Places, serve
    from bachbot.listening.site.site import SiteSettings

    settings = SiteSettings(trials_each, heard, public_url, admin_token, contact)
    places = Places(
        folder,
        key or _beside(folder, "-key.json"),
        database or f"sqlite:///{_beside(folder, '-answers.db')}",
        secret or _beside(folder, "-secret"),
    )
    serve(places, settings, host, port, lambda url: typer.echo(f"serving {folder} at {url}"))


def _beside(folder: Path, suffix: str) -> Path:
    """A file beside a folder: what lies inside it may be given away."""
    whole = folder.resolve()
    return whole.with_name(f"{whole.name}{suffix}")
