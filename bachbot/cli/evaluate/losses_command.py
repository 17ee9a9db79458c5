"""``bachbot evaluate losses``."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bachbot.cli import measuring as shared
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
            metavar="NAME",
            help="Model: lookahead, paper, or a checkpoint's directory; repeatable. One alone is "
            "shown in full, by voice and by metrical position. [default: all shipped ones, in one "
            "table]",
            show_default=False,
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: Annotated[
        str,
        typer.Option(
            "--part",
            metavar="NAME",
            help="Part of the split: train, validation or test, or several with commas.",
        ),
    ] = "validation,test",
    given: Annotated[
        str | None,
        typer.Option(
            "--given",
            metavar="VOICES",
            help="Given voices, such as soprano or soprano,bass: they are not counted. "
            "[default: none]",
            show_default=False,
        ),
    ] = None,
    fermatas_unknown: Annotated[
        bool,
        typer.Option("--fermatas-unknown", help="Hide the fermatas from a model that reads ahead."),
    ] = False,
    baselines: Annotated[
        bool | None,
        typer.Option(
            "--baselines/--no-baselines",
            help="Whether the table has baselines: n-grams of orders 1 to 8, and the previous "
            "frame repeated. [default: yes, but not with a single --checkpoint]",
            show_default=False,
        ),
    ] = None,
    together: Annotated[
        bool,
        typer.Option("--together", help="Add a row for the named checkpoints as one ensemble."),
    ] = False,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Measure the losses, in nats, and the accuracy of models.

    The table compares the shipped checkpoints, the ones you name, and baselines that are trained
    on the training part of the same split. With a single --checkpoint the command prints that one
    in full instead, by voice and by metrical position.

    --given soprano counts only the loss of alto, tenor and bass, given the soprano.
    Choose the split that a checkpoint was trained on: with the other one, some of the pieces were
    in its training part. For JSB-16th, give the file of 'bachbot corpus jsb' with --corpus.
    """
    from bachbot.chorale import parse_voices
    from bachbot.evaluation.losses import missing_voices

    voices = parse_voices(given) if given else ()
    missing_voices(voices)
    prepared = shared.load_corpus(corpus)
    pieces = {name: shared.pieces_of(prepared, name, split) for name in part.split(",")}
    request = _Request(prepared, split, pieces, voices, not fermatas_unknown)
    named = list(dict.fromkeys(checkpoint or []))
    if together and len(named) < 2:
        raise UsageError(
            f"--together with {len(named)} checkpoints: name two or more with --checkpoint"
        )
    if len(named) == 1 and not baselines:
        _show_one(request, named[0], as_json=as_json)
    else:
        rows = _checkpoint_rows(request, named, together=together)
        if baselines is not False:
            rows += _baseline_rows(request)
        _show_all(request, rows, as_json=as_json)


@dataclass(frozen=True)
class _Request:
    """What is measured, and under which conditions."""

    corpus: "PreparedCorpus"
    split: str
    pieces: "Mapping[str, tuple[Chorale, ...]]"
    given: "tuple[Voice, ...]"
    fermatas: bool

    @property
    def jsb(self) -> bool:
        """Whether the pieces are JSB-16th's, without key and meter."""
        from bachbot.corpus.jsb import from_jsb

        return all(from_jsb(c) for chorales in self.pieces.values() for c in chorales)

    def in_original_keys(self, losses: "Losses") -> "Losses":
        return losses.with_transposition_cost().without_bar_positions() if self.jsb else losses

    def to_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "given": [voice.label for voice in self.given],
            "fermatas_told": self.fermatas,
            "untransposed": self.jsb,
        }


def _show_one(request: _Request, name: str, *, as_json: bool) -> None:
    """One checkpoint, by voice and by metrical position."""
    from bachbot.cli.show import print_table
    from bachbot.runtime import build_model, load_checkpoint
    from bachbot.tables.loss_tables import losses_table, places_table

    loaded = load_checkpoint(name)
    _warn(request, loaded)
    model = build_model(loaded)
    results = _measure(request, model, name)
    if as_json:
        typer.echo(json.dumps({"checkpoint": name, **request.to_json(), "parts": results}))
        return
    print_table(
        losses_table(
            results, request.given, needs_length=model.needs_length, fermatas=request.fermatas,
            untransposed=request.jsb,
        )
    )  # fmt: skip
    for part, result in results.items():
        print_table(places_table(part, result))


def _show_all(request: _Request, rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Every checkpoint and baseline in one table."""
    from bachbot.cli.show import print_table
    from bachbot.tables.loss_tables import comparison_table

    if as_json:
        typer.echo(json.dumps({**request.to_json(), "rows": rows}))
        return
    print_table(
        comparison_table(
            rows, request.split, request.given, fermatas=request.fermatas,
            untransposed=request.jsb,
        )
    )  # fmt: skip


def _checkpoint_rows(
    request: _Request, named: Sequence[str], *, together: bool
) -> list[dict[str, Any]]:
    """The shipped and the named checkpoints, and the named ones as an ensemble."""
    from bachbot.runtime import Ensemble, build_model, load_checkpoint, shipped_checkpoints

    # Every name is loaded before anything is measured, so that a wrong one is reported at once.
    found = {n: load_checkpoint(n) for n in dict.fromkeys([*shipped_checkpoints(), *named])}
    models: dict[str, Model] = {n: build_model(loaded) for n, loaded in found.items()}
    notes = {}
    for name, loaded in found.items():
        with _caught_warnings() as notes[name]:
            _warn(request, loaded)
    if together:
        models["together"] = Ensemble([models[name] for name in named])
        of_all = dict.fromkeys(note for name in named for note in notes[name])
        notes["together"] = list(of_all)
    return [
        {
            "name": name,
            "kind": "checkpoint",
            "needs_length": model.needs_length,
            "notes": notes[name],
            "parts": _measure(request, model, name),
        }
        for name, model in models.items()
    ]


def _baseline_rows(request: _Request) -> list[dict[str, Any]]:
    from bachbot.cli.show import progress
    from bachbot.evaluation.baselines import fit_baselines, measure_baseline

    train = request.corpus.part("train", request.split)  # type: ignore[arg-type]
    if not train:
        raise UsageError(
            f"the split by {request.split} has no training piece, which the baselines need: "
            "give --no-baselines"
        )
    rows = []
    for name, baseline in fit_baselines(train).items():
        parts = {}
        for part, chorales in request.pieces.items():
            with progress(f"{name}, {part}") as advance:
                losses = measure_baseline(baseline, chorales, request.given, progress=advance)
            parts[part] = request.in_original_keys(losses).to_json()
        rows.append(
            {"name": name, "kind": "baseline", "needs_length": False, "notes": [], "parts": parts}
        )
    return rows


def _measure(request: _Request, model: "Model", name: str) -> dict[str, Any]:
    """Losses of a model on each part, as plain data."""
    from bachbot.cli.show import progress
    from bachbot.evaluation.losses import measure

    results = {}
    for part, chorales in request.pieces.items():
        with progress(f"{name}, {part}") as advance:
            losses = measure(
                model, chorales, given=request.given, fermatas=request.fermatas, progress=advance
            )
        results[part] = request.in_original_keys(losses).to_json()
    return results


def _warn(request: _Request, checkpoint: "Checkpoint") -> None:
    shared.warn_of_leaks(checkpoint, request.corpus, request.split)
    pieces = (c for chorales in request.pieces.values() for c in chorales)
    shared.warn_of_missing_conditioning(checkpoint, pieces)


@contextmanager
def _caught_warnings() -> Iterator[list[str]]:
    """The warnings of the block as text: in a table they belong to a row."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BachbotWarning)
        yield notes
    notes += [str(warning.message) for warning in caught]
