"""``bachbot corpus``: prepare, info, plot, split, jsb."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bachbot.cli.options import JsonOption
from bachbot.cli.results import print_result
from bachbot.cli.show import check_output, print_table, progress
from bachbot.errors import UsageError

corpus_app = typer.Typer(
    help="Prepare Bach's chorales from music21's corpus, and describe them.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CorpusPath = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        metavar="FILE",
        help="Prepared corpus. [default: the one in the user's cache]",
        show_default=False,
    ),
]


@corpus_app.command(short_help="Write the prepared corpus, which training needs.")
def prepare(
    path: CorpusPath = None,
    force: Annotated[
        bool, typer.Option("--force", help="Prepare again even if the file exists.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            help="Number of processes. [default: one per core]",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the prepared corpus: every chorale in C major or A minor, on a grid of sixteenths."""
    from bachbot.corpus.prepare import manifest_path
    from bachbot.corpus.prepare import prepare as run

    with progress("reading the chorales") as advance:
        done = run(path, force=force, workers=workers, progress=advance)
    manifest = done.manifest
    if as_json:
        plain = {
            "file": str(done.path),
            "manifest": str(manifest_path(done.path)),
            "chorales": len(manifest["pieces"]),
            "left_out": len(manifest["left_out"]),
            "fresh": done.fresh,
            "seconds": round(done.seconds, 3),
        }
        typer.echo(json.dumps(plain))
        return
    how = f"prepared in {done.seconds:.1f} s" if done.fresh else "already prepared"
    typer.echo(
        f"{len(manifest['pieces'])} chorales {how} ({len(manifest['left_out'])} files left out)\n"
        f"{done.path}\n{manifest_path(done.path)}"
    )


@corpus_app.command(short_help="Print numbers of pieces, keys and meters.")
def info(path: CorpusPath = None, as_json: JsonOption = False) -> None:
    """Print the number of pieces, frames, tunes, keys and meters, and the files left out.

    The JSON is the manifest of the prepared corpus: each piece with its key, meter, length, tune
    family and parts.
    """
    from bachbot.corpus.prepare import prepare as run

    with progress("reading the chorales") as advance:
        manifest = run(path, progress=advance).manifest
    if as_json:
        typer.echo(json.dumps(manifest, ensure_ascii=False))
        return
    pieces = manifest["pieces"]
    rows = []
    for split in ("tune", "file"):
        for part in ("train", "validation", "test"):
            chosen = [p for p in pieces if p["parts"][split] == part]
            families = len({p["family"] for p in chosen})
            rows.append([split, part, len(chosen), families, sum(p["frames"] for p in chosen)])
    families = len({p["family"] for p in pieces})
    _print(
        f"{len(pieces)} chorales, {families} tune families",
        ("split", "part", "pieces", "tune families", "frames"),
        rows,
    )
    for title, name in (("Keys", "key"), ("Meters", "meter"), ("Pickups in frames", "pickup")):
        _print(title, (name, "pieces"), Counter(str(p[name]) for p in pieces).most_common())
    _print(
        f"{len(manifest['left_out'])} files left out",
        ("file", "reason"),
        [(o["file"], o["reason"]) for o in manifest["left_out"]],
    )


def _print(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; numbers at the right."""
    from bachbot.tables import Cell, Column, Table

    columns = [
        Column(heading, align="left" if any(isinstance(r[i], str) for r in rows) else "right")
        for i, heading in enumerate(headings)
    ]
    print_table(Table(title, columns, [[Cell(value) for value in row] for row in rows]))


@corpus_app.command(short_help="Plot keys, durations and pitch classes.")
def plot(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Picture file to write: .png, .svg or .pdf."
        ),
    ] = Path("corpus.png"),
    path: CorpusPath = None,
    as_json: JsonOption = False,
) -> None:
    """Plot keys, durations, pitch classes and metrical positions before and after preparation."""
    from bachbot.corpus.plots import draw
    from bachbot.corpus.prepare import prepare as run
    from bachbot.corpus.store import PreparedCorpus

    check_output(output, (".png", ".svg", ".pdf"))
    with progress("reading the chorales") as advance:
        done = run(path, progress=advance)
    draw(PreparedCorpus.load(done.path), done.manifest, output)
    print_result({"file": output}, str(output), as_json=as_json)


@corpus_app.command()
def split(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="File to write: .json.")
    ] = Path("split.json"),
    as_json: JsonOption = False,
) -> None:
    """Group the chorales by tune and make new splits (for maintainers)."""
    from bachbot.corpus.prepare import renew_split

    check_output(output, (".json",))
    with progress("reading the chorales") as advance:
        made = renew_split(progress=advance)
    made.save(output)
    families = len(set(made.families.values()))
    plain = {"file": output, "chorales": len(made.families), "tune_families": families}
    said = f"{len(made.families)} chorales of {families} tune families\n{output}"
    print_result(plain, said, as_json=as_json)


@corpus_app.command(short_help="Make a prepared corpus from JSB-16th.")
def jsb(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="The JSB-16th data set as an .npz file.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Prepared corpus to write: .npz.")
    ] = Path("jsb.npz"),
    as_json: JsonOption = False,
) -> None:
    """Make a prepared corpus from JSB-16th, the data set on which models are usually compared.

    It has no meter and no fermatas: train on it with '--corpus FILE --set use_metadata=false'.
    """
    from bachbot.corpus.jsb import convert
    from bachbot.corpus.store import PARTS

    check_output(output, (".npz",))
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError(f"{output} is the file that is read: write to another one")
    made = convert(source)
    made.save(output)
    parts = {part: len(made.part(part)) for part in PARTS}
    counts = ", ".join(f"{count} {part}" for part, count in parts.items())
    plain = {"file": output, "chorales": len(made.pieces), "parts": parts}
    said = f"{len(made.pieces)} chorales: {counts}\n{output}"
    print_result(plain, said, as_json=as_json)
