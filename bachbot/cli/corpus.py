"""``bachbot corpus``: prepare, info, plot, split, jsb."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bachbot.cli.show import check_output, progress, table
from bachbot.errors import UsageError

corpus_app = typer.Typer(
    help="Prepare Bach's chorales from music21's corpus, and look at them.", no_args_is_help=True
)

CorpusPath = Annotated[
    Path | None,
    typer.Option("--corpus", help="The prepared file. [default: in the user's cache]"),
]


@corpus_app.command()
def prepare(
    path: CorpusPath = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make it anew even if it is there.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes. [default: all cores]")
    ] = None,
) -> None:
    """Bring every chorale to C major or A minor on a grid of sixteenths, in one file."""
    from bachbot.corpus.prepare import manifest_path
    from bachbot.corpus.prepare import prepare as run

    with progress("reading the chorales") as advance:
        done = run(path, force=force, workers=workers, progress=advance)
    manifest = done.manifest
    how = f"prepared in {done.seconds:.1f} s" if done.fresh else "already prepared"
    typer.echo(
        f"{len(manifest['pieces'])} chorales {how} ({len(manifest['left_out'])} files left out)\n"
        f"{done.path}\n{manifest_path(done.path)}"
    )


@corpus_app.command()
def info(path: CorpusPath = None) -> None:
    """Print the counts: pieces, frames, families, keys, meters, and what was left out."""
    from bachbot.corpus.prepare import prepare as run

    with progress("reading the chorales") as advance:
        manifest = run(path, progress=advance).manifest
    pieces = manifest["pieces"]
    rows = []
    for split in ("tune", "file"):
        for part in ("train", "validation", "test"):
            chosen = [p for p in pieces if p["parts"][split] == part]
            families = len({p["family"] for p in chosen})
            rows.append([split, part, len(chosen), families, sum(p["frames"] for p in chosen)])
    table(
        f"{len(pieces)} chorales, {len({p['family'] for p in pieces})} tune families",
        ("split", "part", "pieces", "tune families", "frames"),
        rows,
    )
    for title, name in (("Keys", "key"), ("Meters", "meter"), ("Pickups in frames", "pickup")):
        counts = Counter(p[name] for p in pieces).most_common()
        table(title, (name, "pieces"), counts)
    table(
        f"{len(manifest['left_out'])} files left out",
        ("file", "why"),
        [(o["file"], o["reason"]) for o in manifest["left_out"]],
    )


@corpus_app.command()
def plot(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Picture to write: .png, .svg or .pdf.")
    ] = Path("corpus.png"),
    path: CorpusPath = None,
) -> None:
    """Draw the data: pitch classes and places in the bar before and after, durations, keys."""
    from bachbot.corpus.plots import draw
    from bachbot.corpus.prepare import prepare as run
    from bachbot.corpus.store import PreparedCorpus

    check_output(output, (".png", ".svg", ".pdf"))
    with progress("reading the chorales") as advance:
        done = run(path, progress=advance)
    draw(PreparedCorpus.load(done.path), done.manifest, output)
    typer.echo(str(output))


@corpus_app.command()
def split(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write the split.")
    ] = Path("split.json"),
) -> None:
    """Group the corpus by tune and draw the splits anew (for maintainers)."""
    from bachbot.corpus.prepare import renew_split

    check_output(output, (".json",))
    with progress("reading the chorales") as advance:
        made = renew_split(progress=advance)
    made.save(output)
    families = len(set(made.families.values()))
    typer.echo(f"{len(made.families)} chorales of {families} tune families\n{output}")


@corpus_app.command()
def jsb(
    source: Annotated[Path, typer.Argument(help="The canonical JSB-16th as an .npz file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Prepared corpus to write.")
    ] = Path("jsb.npz"),
) -> None:
    """Make a prepared corpus of JSB-16th, the split that papers compare on.

    It has no meter and no fermatas: train on it with '--corpus FILE --set use_metadata=false'.
    """
    from bachbot.corpus.jsb import convert
    from bachbot.corpus.store import PARTS

    check_output(output, (".npz",))
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError(f"{output} is the file that is read: write to another one")
    made = convert(source)
    made.save(output)
    counts = ", ".join(f"{len(made.part(part))} {part}" for part in PARTS)
    typer.echo(f"{len(made.pieces)} chorales: {counts}\n{output}")
