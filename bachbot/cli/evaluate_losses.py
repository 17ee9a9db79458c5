"""``bachbot evaluate losses``."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bachbot.cli import options as shared
from bachbot.errors import BachbotWarning, UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Chorale, Voice
    from bachbot.corpus.store import PreparedCorpus
    from bachbot.evaluation.losses import Losses
    from bachbot.runtime import Checkpoint, Model


def losses_command(
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--checkpoint",
            help="Name of a shipped checkpoint, or a directory; repeatable. One alone is shown in "
            "full, by voice and place in the bar. [default: all shipped ones, in one table]",
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: Annotated[
        str, typer.Option("--part", help="train, validation, test, or several with commas.")
    ] = "validation,test",
    given: Annotated[
        str | None,
        typer.Option("--given", help="Voices that are given, such as soprano or soprano,bass."),
    ] = None,
    fermatas_unknown: Annotated[
        bool,
        typer.Option(
            "--fermatas-unknown", help="Do not tell the fermatas to one that looks ahead."
        ),
    ] = False,
    baselines: Annotated[
        bool | None,
        typer.Option(
            "--baselines/--no-baselines",
            help="Whether n-grams and the frame before, repeated, stand in the table; with one "
            "--checkpoint alone --baselines asks for the table. [default: yes, in a table]",
            show_default=False,
        ),
    ] = None,
    together: Annotated[
        bool,
        typer.Option(
            "--together", help="A row for those that are named, stepped side by side as one."
        ),
    ] = False,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Nats per token, frame and onset, and accuracy: of every checkpoint, or of one in full.

    In the table stand the checkpoints that come with bachbot, those that are named, and baselines
    that learn from the training part of the same split. One --checkpoint alone is told apart by
    voice and by place in the bar instead.

    With --given soprano only alto, tenor and bass are counted: what they cost given the soprano.
    Choose the split that a checkpoint was trained on; with the other one it has heard some of the
    pieces. JSB-16th is read with --corpus, from what 'bachbot corpus jsb' makes of it.
    """
    from bachbot.chorale import parse_voices
    from bachbot.evaluation.losses import missing

    voices = parse_voices(given) if given else ()
    missing(voices)
    prepared = shared.load_corpus(corpus)
    pieces = {name: shared.pieces_of(prepared, name, split) for name in part.split(",")}
    asked = _Asked(prepared, split, pieces, voices, not fermatas_unknown)
    named = list(dict.fromkeys(checkpoint or []))
    if together and len(named) < 2:
        raise UsageError(
            f"--together with {len(named)} checkpoints: name two or more with --checkpoint"
        )
    if len(named) == 1 and not baselines:
        _show_one(asked, named[0], as_json=as_json)
    else:
        rows = _checkpoint_rows(asked, named, together=together)
        if baselines is not False:
            rows += _baseline_rows(asked)
        _show_all(asked, rows, as_json=as_json)


@dataclass(frozen=True)
class _Asked:
    """What is to be measured, on what terms."""

    corpus: "PreparedCorpus"
    split: str
    pieces: "Mapping[str, tuple[Chorale, ...]]"
    given: "tuple[Voice, ...]"
    fermatas: bool

    @property
    def jsb(self) -> bool:
        """Whether the pieces are JSB-16th's, of no known key and meter."""
        from bachbot.corpus.jsb import from_jsb

        return all(from_jsb(c) for chorales in self.pieces.values() for c in chorales)

    def in_their_own_keys(self, losses: "Losses") -> "Losses":
        return losses.untransposed().unbarred() if self.jsb else losses

    def to_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "given": [voice.label for voice in self.given],
            "fermatas_told": self.fermatas,
            "untransposed": self.jsb,
        }


def _show_one(asked: _Asked, name: str, *, as_json: bool) -> None:
    """One checkpoint, by voice and by place in the bar."""
    from rich.console import Console

    from bachbot.cli.losses_view import losses_caption, losses_table, places_table
    from bachbot.runtime import build_model, load_checkpoint

    loaded = load_checkpoint(name)
    _warn(asked, loaded)
    model = build_model(loaded)
    results = _measured(asked, model, name)
    if as_json:
        typer.echo(json.dumps({"checkpoint": name, **asked.to_json(), "parts": results}))
        return
    console = Console()
    console.print(losses_table(results, asked.given))
    for part, result in results.items():
        console.print(places_table(part, result))
    caption = losses_caption(
        foresees=model.needs_length, fermatas=asked.fermatas, untransposed=asked.jsb
    )
    console.print(caption, highlight=False)


def _show_all(asked: _Asked, rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Every checkpoint and baseline in one table."""
    from rich.console import Console

    from bachbot.cli.losses_view import comparison_caption, comparison_table

    if as_json:
        typer.echo(json.dumps({**asked.to_json(), "rows": rows}))
        return
    Console().print(comparison_table(rows, asked.split, asked.given))
    caption = comparison_caption(rows, fermatas=asked.fermatas, untransposed=asked.jsb)
    Console().print(caption, highlight=False)


def _checkpoint_rows(
    asked: _Asked, named: Sequence[str], *, together: bool
) -> list[dict[str, Any]]:
    """Those that come with bachbot and those that are named; the named ones together as well."""
    from bachbot.runtime import Ensemble, build_model, load_checkpoint, shipped_checkpoints

    # What is wrong with a name comes out before anything is measured.
    found = {n: load_checkpoint(n) for n in dict.fromkeys([*shipped_checkpoints(), *named])}
    models: dict[str, Model] = {n: build_model(loaded) for n, loaded in found.items()}
    notes = {}
    for name, loaded in found.items():
        with _noted() as notes[name]:
            _warn(asked, loaded)
    if together:
        models["together"] = Ensemble([models[name] for name in named])
        of_all = dict.fromkeys(note for name in named for note in notes[name])
        notes["together"] = list(of_all)
    return [
        {
            "name": name,
            "kind": "checkpoint",
            "foresees": model.needs_length,
            "notes": notes[name],
            "parts": _measured(asked, model, name),
        }
        for name, model in models.items()
    ]


def _baseline_rows(asked: _Asked) -> list[dict[str, Any]]:
    from bachbot.cli.show import progress
    from bachbot.evaluation.baselines import baselines, measure_baseline

    train = asked.corpus.part("train", asked.split)  # type: ignore[arg-type]
    if not train:
        raise UsageError(
            f"the split by {asked.split} has no training piece, which the baselines learn from: "
            "give --no-baselines"
        )
    rows = []
    for name, baseline in baselines(train).items():
        parts = {}
        for part, chorales in asked.pieces.items():
            with progress(f"{name}, {part}") as advance:
                losses = measure_baseline(baseline, chorales, asked.given, progress=advance)
            parts[part] = asked.in_their_own_keys(losses).to_json()
        rows.append(
            {"name": name, "kind": "baseline", "foresees": False, "notes": [], "parts": parts}
        )
    return rows


def _measured(asked: _Asked, model: "Model", name: str) -> dict[str, Any]:
    """Losses of a model on each part, as plain data."""
    from bachbot.cli.show import progress
    from bachbot.evaluation.losses import measure

    results = {}
    for part, chorales in asked.pieces.items():
        with progress(f"{name}, {part}") as advance:
            losses = measure(
                model, chorales, given=asked.given, fermatas=asked.fermatas, progress=advance
            )
        results[part] = asked.in_their_own_keys(losses).to_json()
    return results


def _warn(asked: _Asked, checkpoint: "Checkpoint") -> None:
    """Say what a checkpoint may have heard before, and what it lacks."""
    shared.warn_of_leaks(checkpoint, asked.corpus, asked.split)
    pieces = (c for chorales in asked.pieces.values() for c in chorales)
    shared.warn_of_what_is_not_told(checkpoint, pieces)


@contextmanager
def _noted() -> Iterator[list[str]]:
    """What is warned of meanwhile, as text: in a table it belongs to a row."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BachbotWarning)
        yield notes
    notes += [str(warning.message) for warning in caught]
