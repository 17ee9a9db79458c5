import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
import typer

import bachbot
from bachbot.cli import main
from bachbot.cli.app import app


def every_command(command, words=()):
    """The words of every command of the app, groups of commands included."""
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from every_command(inner, (*words, name))


COMMANDS = list(every_command(typer.main.get_command(app)))


def test_commands_are_found():
    assert {(), ("harmonize",), ("evaluate", "losses"), ("corpus", "jsb")} <= set(COMMANDS)
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    assert main([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Usage: bachbot" in out
    assert "--help" in out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"bachbot {bachbot.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compost"], "No such command"),
        (["harmonize"], "Missing argument"),
        (["compose", "--bras", "8"], "No such option"),
        (["compose", "--bars", "eight"], "give a whole number"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, said, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_an_internal_error_has_no_traceback(monkeypatch, capsys):
    monkeypatch.setattr("bachbot.cli._run", lambda argv: 1 // 0)
    assert main([]) == 1
    err = capsys.readouterr().err
    assert err.startswith("bachbot: a fault in bachbot (ZeroDivisionError")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "out of memory"),
        (bachbot.errors.UsageError("give another"), 2, "give another"),
        (bachbot.errors.OutputError("disk full"), 1, "disk full"),
    ],
)
def test_every_error_is_one_line(error, status, said, monkeypatch, capsys):
    def end(argv):
        raise error

    monkeypatch.setattr("bachbot.cli._run", end)
    assert main([]) == status
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def run(code):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], check=True, capture_output=True, text=True
    )
    return {line.split("|")[-1].strip() for line in done.stderr.splitlines()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import bachbot",
        "import bachbot.cli.app",
        "from bachbot import Engine; Engine.load()",
    ],
)
def test_startup_loads_no_heavy_library(code):
    loaded = run(code)
    assert "bachbot" in loaded
    assert not loaded & {"torch", "music21", "matplotlib", "optuna", "verovio"}


def test_startup_loads_neither_numpy_nor_rich():
    assert not run("import bachbot.cli.app") & {"numpy", "rich"}


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "bachbot", "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout == f"bachbot {bachbot.__version__}\n"


INTERRUPTED = """
import signal, sys
from bachbot.cli import main
from bachbot.cli import show
# A job of a shell that runs in the background is born deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
seen = show.progress

@show.contextmanager
def heard(label):
    with seen(label) as advance:
        def first(done, total):
            print("reading", flush=True)
            advance(done, total)
        yield first

show.progress = heard
sys.exit(main(["corpus", "prepare", "--corpus", "chorales.npz"]))
"""
"""The command, which prints a line for each file that it has read."""


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_nothing(tmp_path, sent):
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout.readline() == "reading\n"
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    finally:
        # Its workers too, where it has left any.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert set(out.splitlines()) <= {"reading"}
    assert list(tmp_path.iterdir()) == []


def test_public_names_exist_and_are_documented():
    assert set(bachbot.__all__) >= {"Engine", "harmonize", "compose", "load_score", "save_score"}
    for name in bachbot.__all__:
        assert getattr(bachbot, name) is not None
        if name != "__version__":
            assert getattr(bachbot, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'compost'"):
        bachbot.compost  # noqa: B018
