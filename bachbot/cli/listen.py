"""``bachbot listen``: a listening test, from the export of its clips to the analysis of answers."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import measuring, options
from bachbot.cli.results import print_result
from bachbot.errors import OutputError, UsageError

if TYPE_CHECKING:
    from bachbot.listening.analysis.results import Analysis
    from bachbot.listening.answers import Answers
    from bachbot.listening.trials import TrialList

listen_app = typer.Typer(
    help="Run a listening test, in which participants choose the clip that is by Bach.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class ChartFormat(StrEnum):
    """File format of charts."""

    SVG = "svg"
    PNG = "png"


@listen_app.callback()
def listen_command() -> None:
    """Run a listening test, in which participants choose the clip that is by Bach."""


@listen_app.command("export", short_help="Write a test that runs in a browser, without a server.")
def listen_export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the test.")],
    trials: Annotated[int, typer.Option("--trials", metavar="N", help="Number of pairs.")] = 24,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            metavar="N",
            help="Random seed. The same seed chooses the same pairs; names and sides of the clips "
            "are new each time. [default: random, saved in the key]",
        ),
    ] = None,
    conditions: Annotated[
        str,
        typer.Option(
            "--conditions",
            metavar="NAMES",
            help="What the model writes: equal (S, A, T, B, AT, ATB and composition equally "
            "often), original (as in the original study), or a list such as ATB,composition.",
        ),
    ] = "equal",
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help="File for the answer key. [default: DIR-key.json]"
        ),
    ] = None,
    per_participant: Annotated[
        int,
        typer.Option(
            "--per-participant", metavar="N", help="Maximum number of pairs per participant."
        ),
    ] = 10,
    checkpoint: options.CheckpointName = options.DEFAULT_CHECKPOINT,
    decoder: measuring.DecoderOption = "default",
    corpus: measuring.CorpusOption = None,
    tempo: Annotated[
        float, typer.Option("--tempo", metavar="BPM", help="Quarter notes per minute.")
    ] = 72.0,
    sound: options.Sound = "organ",
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAMES",
            help="Audio formats: wav, mp3 or both. mp3 makes a small folder.",
        ),
    ] = "wav,mp3",
    audio_only: Annotated[
        bool, typer.Option("--audio-only", help="Leave out MusicXML, MIDI and pictures.")
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Export a blind listening test that runs in a browser without a server.

    Each pair is an excerpt of a chorale from the test part of the corpus: Bach's version, and one
    in which the model wrote some or all of the voices. Both are rendered in the same way. The
    folder does not reveal which clip is by Bach; the answer key is written next to it.
    """
    import secrets

    from bachbot.cli.show import progress
    from bachbot.listening.export.exporter import check_export_paths, export_listening_test
    from bachbot.listening.export.request import ExportRequest, parse_conditions
    from bachbot.runtime import load_checkpoint

    request = ExportRequest(
        trials=trials,
        seed=secrets.randbits(48) if seed is None else seed,
        conditions=parse_conditions(conditions),
        tempo=tempo,
        sound=sound or "organ",
        formats=tuple(word.strip() for word in formats.split(",")),
        audio_only=audio_only,
        per_participant=per_participant,
        options=measuring.decoding_options(decoder),
    )
    key = key or _next_to(folder, "-key.json")
    check_export_paths(folder, key)
    loaded = measuring.load_corpus(corpus)
    pieces = [p for p in loaded.pieces if p.parts["tune"] == "test"]
    if not pieces:
        raise UsageError("the corpus has no test part: run 'bachbot corpus prepare --force'")
    model = load_checkpoint(checkpoint)
    measuring.warn_of_leaks(model, loaded, "tune")
    with progress("writing trials") as advance:
        made = export_listening_test(folder, key, pieces, model, request, progress=advance)
    said = (
        f"{folder}: {_summarize(made)}; open {folder / 'index.html'}\n"
        f"{key}: the answer key; do not give it to participants"
    )
    plain = {"page": folder / "index.html", "key": key, "trials": _counts(made)}
    print_result(plain, said, as_json=as_json)


@listen_app.command("serve")
def listen_serve(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder from 'bachbot listen export'.")
    ],
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Answer key. [default: DIR-key.json]"),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            help="Database for the answers: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
            " [default: the file DIR-answers.db]",
        ),
    ] = None,
    secret: Annotated[
        Path | None,
        typer.Option(
            "--secret",
            metavar="FILE",
            help="File with the secret that signs sessions, created if missing. "
            "[default: DIR-secret]",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="Port to listen on; 0 is any free one."
        ),
    ] = 8000,
    public_url: Annotated[
        str | None,
        typer.Option(
            "--public-url", metavar="URL", help="URL that participants open, if behind a proxy."
        ),
    ] = None,
    per_participant: Annotated[
        int,
        typer.Option(
            "--per-participant", metavar="N", min=5, max=10, help="Pairs per participant."
        ),
    ] = 10,
    min_heard: Annotated[
        float,
        typer.Option(
            "--min-heard",
            metavar="SHARE",
            help="Share of each clip that must be played before an answer is accepted, 0.1 to 1.",
        ),
    ] = 0.9,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-proxy",
            metavar="ADDRESS",
            help="Address or network of a proxy whose header X-Forwarded-For is believed; may be "
            "given several times. [default: none]",
        ),
    ] = None,
    contact: Annotated[
        str,
        typer.Option(
            "--contact", metavar="TEXT", help="Contact for participants, shown on the consent page."
        ),
    ] = "",
    admin_token: Annotated[
        str | None,
        typer.Option(
            "--admin-token",
            metavar="TOKEN",
            envvar="BACHBOT_ADMIN_TOKEN",
            help="Password of the page /admin with live counts, 16 characters or more.",
        ),
    ] = None,
) -> None:
    """Serve a listening test as a website.

    Each answer is saved at once, without a name or network address. Participants can leave and
    continue later, even after a restart of the server. Stop it with Ctrl-C or SIGTERM.
    """
    from bachbot.listening.site.server import ServerFiles, serve
    from bachbot.listening.site.site_context import SiteSettings

    settings = SiteSettings(
        per_participant,
        min_heard,
        public_url,
        admin_token,
        contact,
        trusted_proxies=tuple(trusted_proxy or ()),
    )
    if public_url is not None and not trusted_proxy:
        typer.echo(
            "all visitors count as one address: if there is a proxy, name it with --trusted-proxy",
            err=True,
        )
    files = ServerFiles(
        folder,
        key or _next_to(folder, "-key.json"),
        database or f"sqlite:///{_next_to(folder, '-answers.db')}",
        secret or _next_to(folder, "-secret"),
    )
    serve(files, settings, host, port, lambda url: typer.echo(f"serving {folder} at {url}"))


@listen_app.command("score", short_help="Score the exported page's answers with the answer key.")
def listen_score(
    unscored: Annotated[
        list[Path],
        typer.Argument(metavar="ANSWERS", help="CSV files downloaded from the exported page."),
    ],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Answer key of the test.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="CSV file for 'bachbot listen analyze'."
        ),
    ],
    as_json: options.JsonOption = False,
) -> None:
    """Score answers from the exported page with the answer key."""
    from bachbot.cli.show import check_output
    from bachbot.listening.answer_key import read_answer_key
    from bachbot.listening.answers_csv import score_answers, write_csv

    check_output(output, (".csv",))
    inputs = (*unscored, key)
    if any(path.exists() and output.exists() and path.samefile(output) for path in inputs):
        raise UsageError(f"{output} is one of the files to read: give another one to write")
    answers = score_answers(unscored, read_answer_key(key))
    write_csv(answers, output)
    said = (
        f"{output}: {len(answers)} answers of {answers.participants} participants "
        f"to {answers.trials} trials"
    )
    plain = {
        "file": output,
        "answers": len(answers),
        "participants": answers.participants,
        "trials": answers.trials,
    }
    print_result(plain, said, as_json=as_json)


@listen_app.command("analyze", short_help="Analyze answers, and compare with the original study.")
def listen_analyze(
    source: Annotated[
        str,
        typer.Argument(
            metavar="ANSWERS",
            help="CSV file of scored answers, or the URL of a database, such as "
            "sqlite:///answers.db.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Folder for analysis.json, excluded.csv and charts.",
        ),
    ] = None,
    chart_format: Annotated[
        ChartFormat,
        typer.Option("--chart-format", metavar="NAME", help="File format of the charts."),
    ] = ChartFormat.SVG,
    min_response_time: Annotated[
        float,
        typer.Option(
            "--min-response-time",
            metavar="SECONDS",
            help="Exclude answers faster than this many seconds.",
        ),
    ] = 5.0,
    min_heard: Annotated[
        float,
        typer.Option(
            "--min-heard",
            metavar="SHARE",
            help="Exclude answers for which less than this share of a clip was played, 0 to 1.",
        ),
    ] = 0.5,
    same_side_limit: Annotated[
        int | None,
        typer.Option(
            "--same-side-limit",
            metavar="N",
            help="Exclude participants with at least this many answers, all on one side. "
            "[default: nobody]",
        ),
    ] = None,
    exclude_participants: Annotated[
        bool,
        typer.Option(
            "--exclude-participants",
            help="Exclude all answers of a participant who gave one that was too fast or not "
            "listened to, as in the original study.",
        ),
    ] = False,
    target_proportion: Annotated[
        float,
        typer.Option(
            "--target-proportion",
            metavar="P",
            help="Proportion correct that the next test should distinguish from 0.5.",
        ),
    ] = 0.55,
    power: Annotated[
        float, typer.Option("--power", metavar="P", help="Power of the next test.")
    ] = 0.8,
    answers_per_participant: Annotated[
        int | None,
        typer.Option(
            "--answers-per-participant",
            metavar="N",
            min=1,
            help="Answers per participant in the next test. [default: as in this one]",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            metavar="N",
            min=2,
            help="Trials in the next test. [default: as in this one, twice and four times as many]",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Analyze the answers of a listening test, and compare them with the original study.

    Shows which answers are excluded and why; proportions correct by condition, experience and age
    with exact tests; a mixed-effects logistic regression; side bias and learning; and the number of
    participants that the next test needs.
    """
    from bachbot.cli.show import print_table
    from bachbot.listening.analysis.analysis_tables import analysis_tables
    from bachbot.listening.analysis.exclusions import ExclusionCriteria
    from bachbot.listening.analysis.results import AnalysisSettings, analyze_answers

    criteria = ExclusionCriteria(
        min_response_time, min_heard, same_side_limit, exclude_participants
    )
    settings = AnalysisSettings(criteria, target_proportion, power, answers_per_participant, trials)
    if output is not None:
        _make_folder(output)
    analysis = analyze_answers(_read_answers(source), settings)
    if output is not None:
        _write_analysis(analysis, output, chart_format)
    if as_json:
        typer.echo(json.dumps(analysis.to_json(), allow_nan=False))
        return
    for table in analysis_tables(analysis):
        print_table(table)
    if output is not None:
        typer.echo(f"Wrote {output}.")


def _read_answers(source: str) -> "Answers":
    """Read answers from a file or a database."""
    from bachbot.listening.answers_csv import read_csv

    if "://" in source:
        from bachbot.listening.store.answer_store import read_answers

        return read_answers(source)
    if not Path(source).exists():
        raise UsageError(
            f"{source} is neither a file nor the URL of a database: give a CSV file of answers, "
            "or a URL such as sqlite:///answers.db"
        )
    return read_csv(Path(source))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {folder} could not be created ({error.strerror}): write elsewhere with -o"
        ) from error


def _write_analysis(analysis: "Analysis", folder: Path, chart_format: ChartFormat) -> None:
    from bachbot.files import write_atomically
    from bachbot.listening.analysis.charts import draw_charts
    from bachbot.listening.answers_csv import exclusions_to_csv

    text = json.dumps(analysis.to_json(), allow_nan=False, indent=2, ensure_ascii=False)
    write_atomically(folder / "analysis.json", f"{text}\n".encode())
    write_atomically(folder / "excluded.csv", exclusions_to_csv(analysis.exclusions).encode())
    for name, content in draw_charts(analysis, chart_format.value).items():
        write_atomically(folder / f"{name}.{chart_format.value}", content)


def _summarize(trials: "TrialList") -> str:
    """The number of trials of each condition, in words."""
    counts = _counts(trials)
    listed = ", ".join(f"{count} {condition}" for condition, count in counts.items())
    number = sum(counts.values())
    return f"{number} {'trial' if number == 1 else 'trials'} ({listed})"


def _counts(trials: "TrialList") -> dict[str, int]:
    """The number of trials of each condition."""
    from bachbot.listening.answers import CONDITIONS

    found = [trial.condition for trial in trials.trials]
    return {condition: found.count(condition) for condition in CONDITIONS if condition in found}


def _next_to(folder: Path, suffix: str) -> Path:
    """A file next to a folder, because participants may read what is in it."""
    whole = folder.resolve()
    return whole.with_name(f"{whole.name}{suffix}")
