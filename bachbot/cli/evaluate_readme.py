"""``bachbot evaluate readme``."""

from pathlib import Path
from typing import Annotated

import typer


def readme_command(
    report: Annotated[
        Path, typer.Argument(help="report.json of 'bachbot evaluate all', or its folder.")
    ],
    readme: Annotated[
        Path, typer.Option("--readme", help="The file whose tables are written anew.")
    ] = Path("README.md"),
) -> None:
    """Write a README's tables of results anew from a report.

    Each stands between '<!-- results:begin NAME -->' and '<!-- results:end NAME -->'; NAME is
    losses, partwriting, masked or summary. All else stays as it is.
    """
    from bachbot.report.page import read
    from bachbot.report.readme import regenerate

    names = regenerate(readme, read(report))
    typer.echo(f"{readme}: {', '.join(names)}")
