"""``bachbot listen export``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options
from bachbot.cli import options as held_out
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.corpus.store import Piece
    from bachbot.listening.trials import Trials


def export_command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the test goes: a new folder.")
    ],
    trials: Annotated[int, typer.Option("--trials", help="How many pairs.")] = 24,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            help="The same seed makes the same test, and its key. [default: drawn; the key has it]",
        ),
    ] = None,
    types: Annotated[
        str,
        typer.Option(
            "--types",
            help="equal (S, A, T, B, AT, ATB and composition as often), original (its "
            "proportions), or a list such as ATB,composition.",
        ),
    ] = "equal",
    key: Annotated[
        Path | None,
        typer.Option("--key", help="File for the key. [default: DIR-key.json, beside DIR]"),
    ] = None,
    each: Annotated[
        int, typer.Option("--each", help="Most pairs that one participant is given.")
    ] = 10,
    checkpoint: options.CheckpointName = options.DEFAULT_CHECKPOINT,
    decoder: held_out.DecoderOption = "default",
    corpus: held_out.CorpusOption = None,
    tempo: options.Tempo = 72.0,
    sound: options.Sound = "organ",
    formats: Annotated[
        str,
        typer.Option("--format", help="wav, mp3 or both; mp3 alone makes a folder small to mail."),
    ] = "wav,mp3",
    audio_only: Annotated[
        bool, typer.Option("--audio-only", help="Leave MusicXML, MIDI and pictures out.")
    ] = False,
) -> None:
    """Write a blind listening test, which needs no server.

    Each pair is of the test part alone: some voices, or all, written anew, beside Bach's own, both
    rendered alike. Nothing in the folder tells which is which; the key is written beside it.
    """
    import secrets

    from bachbot.cli.show import progress
    from bachbot.listening.export.folder import check_places, export
    from bachbot.listening.export.request import ExportRequest, types_of
    from bachbot.runtime import load_checkpoint

    request = ExportRequest(
        trials=trials,
        seed=secrets.randbits(48) if seed is None else seed,
        types=types_of(types),
        tempo=tempo,
        sound=sound,
        formats=tuple(word.strip() for word in formats.split(",")),
        audio_only=audio_only,
        each=each,
        options=held_out.decoding_options(decoder),
    )
    whole = folder.resolve()
    place = key if key is not None else whole.with_name(f"{whole.name}-key.json")
    check_places(folder, place)
    loaded = held_out.load_corpus(corpus)
    pieces = [p for p in loaded.pieces if p.parts["tune"] == "test"]
    model = load_checkpoint(checkpoint)
    held_out.warn_of_leaks(model, loaded, "tune")
    with progress("writing trials") as advance:
        made = export(folder, place, _some(pieces), model, request, progress=advance)
    typer.echo(f"{folder}: {_counted(made)}; open {folder / 'index.html'}")
    typer.echo(f"{place}: the key; keep it out of reach of participants")


def _some(pieces: "list[Piece]") -> "list[Piece]":
    if not pieces:
        raise UsageError("the corpus has no test part: run 'bachbot corpus prepare --force'")
    return pieces


def _counted(trials: "Trials") -> str:
    """How many trials of each type, in words."""
    from bachbot.listening.answers import KINDS

    kinds = [trial.kind for trial in trials.trials]
    counts = ", ".join(f"{kinds.count(k)} {k}" for k in KINDS if k in kinds)
    return f"{len(kinds)} {'trial' if len(kinds) == 1 else 'trials'} ({counts})"
