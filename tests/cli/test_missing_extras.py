"""Every command where no extra is installed: it works, or says the one line to type."""

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from detection_made import some
from lacking import lacking
from server_made import serving
from site_made import make_test

from bachbot.chorale import Key
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.extras import EXTRAS
from bachbot.listening.analysis.simulation import Population, simulate_answers
from bachbot.listening.answers_csv import write_csv

TWINKLE = Path(__file__).parents[2] / "corpus" / "examples" / "twinkle.musicxml"

# Every command's help, and then whether anything of an extra was imported for it.
ALL_HELP = """
import sys, typer
from bachbot.cli import main
from bachbot.cli.app import app

def each(command, words):
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from each(inner, [*words, name])

commands = list(each(typer.main.get_command(app), []))
print(sum(main([*words, "--help"]) == 0 for words in commands), "of", len(commands))
"""


# Runs one command after another, each in the folder that it is given, and prints what came of it.
COMMANDS = """
import contextlib, io, json, os, sys
from bachbot.cli import main

for line in sys.stdin:
    folder, words = json.loads(line)
    os.chdir(folder)
    os.environ["BACHBOT_CACHE"] = os.path.join(folder, "cache")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    print(json.dumps([status, out.getvalue(), err.getvalue()]), flush=True)
"""


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """Processes that lack some packages, by the names of these, and run commands."""
    with ExitStack() as running:

        @cache
        def start(missing):
            process = subprocess.Popen(
                [sys.executable, "-c", COMMANDS],
                env=os.environ | lacking(tmp_path_factory.mktemp("hook"), missing),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            running.callback(process.wait)
            running.callback(process.stdout.close)
            running.callback(process.stdin.close)
            return process

        yield start


@pytest.fixture
def bare(tmp_path, processes):
    """Runs ``bachbot`` in a process that has no extra, and gives what it printed."""

    def call(*words, status=0, missing=tuple(EXTRAS)):
        process = processes(missing)
        process.stdin.write(json.dumps([str(tmp_path), [str(word) for word in words]]) + "\n")
        process.stdin.flush()
        returned, out, err = json.loads(process.stdout.readline())
        assert returned == status, err
        assert "Traceback" not in err
        return err if status else out

    return call


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory):
    parts = ["train"] * 12 + ["validation", "test"] * 7
    rows = [
        Piece(chorale, Key(), f"family {n}", {"tune": part, "file": part})
        for n, (chorale, part) in enumerate(zip(some(1, len(parts), beats=16), parts, strict=True))
    ]
    path = tmp_path_factory.mktemp("corpus") / "made-up.npz"
    PreparedCorpus(tuple(rows)).save(path)
    return path


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    path = tmp_path_factory.mktemp("answers") / "answers.csv"
    write_csv(simulate_answers(Population(20, 0.65), np.random.default_rng(0)), path)
    return path


def test_the_hook_hides_what_it_should(tmp_path):
    code = "import numpy\ntry:\n    import torch.nn\nexcept ImportError as error: print(error.name)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | lacking(tmp_path, ["torch"]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "torch\n"


@pytest.mark.slow
def test_every_command_has_help(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ALL_HELP],
        env=os.environ | lacking(tmp_path, EXTRAS),
        capture_output=True,
        text=True,
        check=True,
    )
    worked, _, commands = done.stdout.splitlines()[-1].split()
    assert worked == commands
    assert int(commands) > 20


@pytest.mark.slow
def test_music_is_written_and_explained(bare, tmp_path):
    bare("harmonize", TWINKLE, "--greedy", "-o", "twinkle.musicxml")
    opening = [tmp_path / f"opening.{kind}" for kind in ("png", "pdf", "mp3")]
    bare("compose", "--bars", 2, *(word for path in opening for word in ("-o", path)))
    assert all(path.stat().st_size > 0 for path in opening)
    assert json.loads(bare("explain", "twinkle.musicxml", "--json"))


@pytest.mark.slow
def test_a_listening_test_is_served(tmp_path, monkeypatch):
    (tmp_path / "hook").mkdir()
    for name, value in lacking(tmp_path / "hook", EXTRAS).items():
        monkeypatch.setenv(name, value)
    make_test(tmp_path / "test", seconds=0.3)
    with (
        serving(tmp_path / "test") as (_, url),
        urllib.request.urlopen(url, timeout=60) as page,
    ):
        assert b"<form" in page.read()


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "losses", "--part", "test"),
        ("evaluate", "losses", "--given", "soprano"),
        ("evaluate", "harmonization", "--masks", "A", "--limit", 2),
        ("evaluate", "partwriting", "--limit", 2),
        ("evaluate", "style", "--limit", 2),
        ("evaluate", "novelty", "--limit", 2),
    ],
)
def test_measures_without_extras(bare, corpus_file, untrained, words):
    result = bare(*words, "--corpus", corpus_file, "--checkpoint", untrained, "--json")
    assert json.loads(result)


@pytest.mark.slow
def test_a_report_names_the_missing_extra_and_has_the_rest(bare, corpus_file, untrained, tmp_path):
    words = ["--corpus", corpus_file, "--checkpoint", untrained, "--limit", 2]
    for name in ("losses", "detection", "pianoroll", "training"):
        words += ["--only", name]
    said = bare("evaluate", "all", "-o", "report", *words, status=1)
    found = json.loads((tmp_path / "report" / "report.json").read_text())["sections"]
    assert [name for name in found if found[name]["errors"]] == ["detection"]
    assert len(found) == 4
    line = 'this needs scikit-learn, which is not installed: type  pip install "bachbot[evaluate]"'
    assert f"bachbot: untrained, detection: {line}" in said.splitlines()
    assert found["detection"]["errors"] == {"untrained": line}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "missing", "package", "extra"),
    [
        (["train", "--preset", "paper"], EXTRAS, "torch", "train"),
        (["train", "export", "run", "-o", "out"], EXTRAS, "torch", "train"),
        (["train", "search"], EXTRAS, "torch", "train"),
        (["train", "search", "--corpus", "CORPUS"], ["optuna"], "optuna", "train"),
        (["evaluate", "detect"], EXTRAS, "scikit-learn", "evaluate"),
        (["listen", "analyze", "ANSWERS"], EXTRAS, "statsmodels", "evaluate"),
        (["listen", "analyze", "postgresql://me@here/it"], EXTRAS, "psycopg", "postgresql"),
    ],
)
def test_a_command_that_lacks_its_extra_says_the_line_to_type(
    bare, corpus_file, answers, words, missing, package, extra
):
    given = {"CORPUS": corpus_file, "ANSWERS": answers}
    said = bare(*(given.get(word, word) for word in words), status=1, missing=tuple(missing))
    assert said == (
        f"bachbot: this needs {package}, which is not installed: "
        f'type  pip install "bachbot[{extra}]"\n'
    )
