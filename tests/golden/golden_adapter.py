"""The one module of the golden test that knows the names and flags of the program.

When a name in `bachbot` or a flag of its command line changes, change it here and nowhere else in
this folder. The rest of the test knows `Case`, `Written` and the functions below.
"""

import io
import json
import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

# Before numpy is loaded: the command line does the same.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "corpus" / "examples"

FLAGS = {
    "output": "-o",
    "checkpoint": "--checkpoint",
    "given": "--given",
    "rewritten_bars": "--bars",
    "number": "--number",
    "seed": "--seed",
    "key": "--key",
    "meter": "--meter",
    "length": "--bars",
    "greedy": "--greedy",
    "sample": "--sample",
    "json": "--json",
}
"""Every flag that is used, by what it means here."""

COMMANDS = {"harmonize": "harmonize", "compose": "compose", "explain": "explain"}
"""Every command that is used."""

WORDS: dict[str, str] = {}
"""Words of ``explain --json`` that were renamed since golden.json was written: new to old."""

Note = tuple[Fraction, Fraction, int]
"""Start and length in quarters, and MIDI pitch."""


@dataclass(frozen=True)
class Case:
    """What is asked of the program.

    Parameters
    ----------
    name : str
        Name in golden.json.
    tune : str
        File to harmonize: one of the examples, or the name of another case, whose best result is
        read. Empty: a new piece is composed.
    checkpoint : str
        Name of a shipped checkpoint; empty for the default.
    given : str
        Voice that is given; empty for the default.
    rewritten_bars : str
        Bars to rewrite.
    method : str
        ``""`` (the default), ``"greedy"`` or ``"sample"``.
    seed, number : int
        Seed, and how many results.
    key, meter : str
        Of a new piece.
    length : int
        Bars of a new piece; 0 for the default.
    suffix : str
        Format that the command line writes.
    """

    name: str
    tune: str = ""
    checkpoint: str = ""
    given: str = ""
    rewritten_bars: str = ""
    method: str = ""
    seed: int = 0
    number: int = 1
    key: str = ""
    meter: str = ""
    length: int = 0
    suffix: str = ".musicxml"


@dataclass(frozen=True, eq=False)
class Written:
    """One result of the library.

    Parameters
    ----------
    log_probability : float
        Joint log-probability in nats.
    penalty : float
        Sum of the part-writing penalties in nats.
    save : callable
        Writes the score to a path, in the format of its suffix.
    """

    log_probability: float
    penalty: float
    save: Callable[[Path], None]


@dataclass(frozen=True, eq=False)
class Filled:
    """One piece of the corpus with three voices written anew.

    Parameters
    ----------
    name : str
        Name of the piece.
    log_probability, penalty : float
        As in `Written`.
    given, notes : list of list of Note
        The given soprano, and the notes of the four voices.
    """

    name: str
    log_probability: float
    penalty: float
    given: list[list[Note]]
    notes: list[list[Note]]


def by_library(case: Case, source: Path | None) -> list[Written]:
    """Results of the Python interface, best first; `source` is the score to harmonize."""
    import bachbot
    from bachbot import ComposeOptions, DecodingOptions, Engine, Key, Meter, Voice, load_score
    from bachbot.scores import bars_of

    engine = Engine.load(case.checkpoint) if case.checkpoint else Engine.load()
    if source is None:
        meter = {"meter": Meter.parse(case.meter)} if case.meter else {}
        key = {"key": Key.parse(case.key)} if case.key else {}
        options = DecodingOptions(
            method="sample", temperature=0.9, seed=case.seed, number=case.number
        )
        found = engine.compose(
            ComposeOptions(bars=case.length or None, **meter, **key), options=options
        )
    else:
        method = {"method": case.method} if case.method else {}
        given = (Voice[case.given.upper()],) if case.given else (Voice.SOPRANO,)
        if case.rewritten_bars and not case.given:
            given = ()
        with warnings.catch_warnings():
            # The notices on what is left aside are not tested here.
            warnings.simplefilter("ignore")
            score = load_score(source, voices=tuple(Voice) if case.rewritten_bars else given)
            found = engine.harmonize(
                score,
                given=given,
                bars=bars_of(score, case.rewritten_bars) if case.rewritten_bars else None,
                options=DecodingOptions(**method, seed=case.seed, number=case.number),
            )
    return [
        Written(
            one.log_probability,
            one.penalty,
            lambda path, score=one.score: bachbot.save_score(score, path),
        )
        for one in found
    ]


def by_command(case: Case, source: Path | None, folder: Path) -> list[Path]:
    """Files that the command line writes into a folder, in order."""
    output = folder / f"out{case.suffix}"
    arguments = [COMMANDS["compose"]] if source is None else [COMMANDS["harmonize"], str(source)]
    for wish in ("checkpoint", "given", "rewritten_bars", "key", "meter", "length", "seed"):
        if value := getattr(case, wish):
            arguments += [FLAGS[wish], str(value)]
    if case.rewritten_bars and not case.given:
        arguments += [FLAGS["given"], "none"]
    if case.number > 1:
        arguments += [FLAGS["number"], str(case.number)]
        arguments += [] if case.seed else [FLAGS["seed"], "0"]
    if case.method:
        arguments.append(FLAGS[case.method])
    _run([*arguments, FLAGS["output"], str(output)])
    return [output] if case.number == 1 else sorted(folder.glob(f"out-*{case.suffix}"))


def folder_by_command(source: Path, target: Path) -> dict[str, Path]:
    """The files of a folder of tunes, harmonized by one command, by stem."""
    _run([COMMANDS["harmonize"], str(source), FLAGS["output"], str(target)])
    return {path.stem: path for path in target.glob("*.musicxml")}


def explained(path: Path) -> dict[str, object]:
    """What ``explain --json`` says of a four-part score, as plain lists without key names."""
    said = json.loads(_run([COMMANDS["explain"], str(path), FLAGS["json"]]))
    return {
        "key": said["key"],
        "bars": said["bars"],
        "chords": [
            [
                *_values(chord, "bar", "beat", "frame", "frames", "key", "numeral", "chord"),
                [_values(o, "bar", "beat", "frame", "voice", "kind") for o in chord["ornaments"]],
            ]
            for chord in said["chords"]
        ],
        "cadences": [
            _values(cadence, "bar", "beat", "frame", "key", "kind", "chords")
            for cadence in said["cadences"]
        ],
        "faults": [
            _values(fault, "bar", "beat", "frame", "rule", "voices", "before", "now")
            for fault in said["faults"]
        ],
    }


def prepared_corpus() -> Path | None:
    """The prepared corpus in ``BACHBOT_CACHE``, if that is set and the file is there."""
    from bachbot.corpus.store import default_path

    path = default_path()
    return path if os.environ.get("BACHBOT_CACHE") and path.is_file() else None


def validation_pieces(corpus: Path, number: int) -> list[Filled]:
    """The first pieces of the validation part of the tune split, their sopranos harmonized.

    As ``evaluate partwriting`` does it: side by side, shortest first, with the default options.
    """
    from bachbot import Voice
    from bachbot.corpus.store import PreparedCorpus
    from bachbot.decoding import fill_all, fill_request
    from bachbot.engine import DEFAULT_CHECKPOINT
    from bachbot.runtime import build_model, load_checkpoint

    pieces = PreparedCorpus.load(corpus).part("validation", "tune")[:number]
    pieces = sorted(pieces, key=lambda piece: piece.frames)
    model = build_model(load_checkpoint(DEFAULT_CHECKPOINT))
    requests = [fill_request(piece, [Voice.SOPRANO]) for piece in pieces]
    return [
        Filled(
            piece.name,
            best.log_probability,
            best.penalty,
            _notes(piece.pitch[:, :1], piece.tied[:, :1]),
            _notes(best.chorale.pitch, best.chorale.tied),
        )
        for piece, [best] in zip(pieces, fill_all(model, requests), strict=True)
    ]


def _notes(pitch: Sequence, tied: Sequence) -> list[list[Note]]:
    """Notes of each voice of a grid of sixteenths, [T, voices]; -1 is a rest."""
    sixteenth = Fraction(1, 4)
    voices: list[list[Note]] = []
    for voice in range(pitch.shape[1]):
        notes: list[Note] = []
        for frame, (midi, held) in enumerate(
            zip(pitch[:, voice].tolist(), tied[:, voice].tolist(), strict=True)
        ):
            if held:
                start, length, _ = notes[-1]
                notes[-1] = (start, length + sixteenth, midi)
            elif midi >= 0:
                notes.append((frame * sixteenth, sixteenth, midi))
        voices.append(notes)
    return voices


def _values(row: dict, *names: str) -> list[object]:
    return [_old(row[name]) for name in names]


def _old(value: object) -> object:
    """A value with its words as they were when golden.json was written."""
    if isinstance(value, str):
        return WORDS.get(value, value)
    return [_old(v) for v in value] if isinstance(value, list) else value


def _run(arguments: Sequence[str]) -> str:
    from bachbot.cli import main

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(list(arguments))
    if status:
        raise RuntimeError(f"bachbot {' '.join(arguments)} failed: {err.getvalue().strip()}")
    return out.getvalue()
