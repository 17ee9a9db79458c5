"""The recipes of ``notebooks/README.md`` and a job for each of four roles, as a user types them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bachbot import load_score
from bachbot.chorale import VOICES

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "corpus" / "examples"
RECIPES = re.findall(
    r"^ *```sh\n *(.*?)\n *```$", (ROOT / "notebooks" / "README.md").read_text("utf-8"), re.M
)

# Parallel fifths between the second and the third chord, and a leading note that falls.
EXERCISE = """X:1
T:Exercise
M:4/4
L:1/4
K:C
V:S
c d e d | c B c2 |
V:A
G B c B | A G E2 |
V:T clef=treble-8
E G G G | E D C2 |
V:B clef=bass
C, G, C, G, | A, G, C,2 |
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tools(tmp_path_factory, prepared):
    """A folder with the command ``bachbot`` of this interpreter, and the environment to use it."""
    folder = tmp_path_factory.mktemp("tools")
    command = folder / "bachbot"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bachbot "$@"\n', "utf-8")
    command.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "BACHBOT_CACHE": str(prepared.path.parent),
        "BACHBOT_CONFIG": str(folder / "config.toml"),
        "COLUMNS": "120",
    }


def folder_of_tunes(where):
    """A user's folder: the examples, two of them again in a folder of their own, an exercise."""
    for tune in EXAMPLES.iterdir():
        shutil.copy(tune, where)
    (where / "tunes").mkdir()
    for name in ("twinkle.musicxml", "away-in-a-manger.abc"):
        shutil.copy(EXAMPLES / name, where / "tunes")
    (where / "exercise.abc").write_text(EXERCISE, "utf-8")
    return where


def run(script, folder, tools):
    """What a script prints; it must end well."""
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=folder, env=tools, capture_output=True, text=True,
        timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def job(name, folder, tools):
    return run((Path(__file__).parent / f"{name}.sh").read_text("utf-8"), folder, tools)


def test_ten_recipes_work_as_they_are_written(tmp_path, tools):
    folder = folder_of_tunes(tmp_path)
    assert len(RECIPES) == 10
    for command in RECIPES:
        run(command, folder, tools)
        for name in re.findall(r"-o (\S+)", command):
            made = folder / name
            numbered = made.with_name(f"{made.stem}-1{made.suffix}")
            assert made.exists() or numbered.exists(), command
    again, before = (
        load_score(folder / f"{name}.musicxml", voices=VOICES).chorale for name in ("again", "away")
    )
    assert (again.pitch[:, 0] == before.pitch[:, 0]).all()


def test_a_choir_director(tmp_path, tools):
    said = job("choir", folder_of_tunes(tmp_path), tools)
    assert "closes with a perfect cadence" in said
    setting = load_score(tmp_path / "grace.musicxml", voices=VOICES).chorale
    tenor = setting.pitch[:, 2]
    assert tenor[tenor >= 0].max() <= 64
    assert {p.name for p in (tmp_path / "practice").iterdir()} >= {
        "0-all-voices.ogg", "3-tenor-forward.ogg", "3-tenor-left-out.ogg", "3-tenor.pdf"
    }  # fmt: skip
    assert (tmp_path / "grace-large.pdf").read_bytes().startswith(b"%PDF")


def test_a_teacher(tmp_path, tools):
    said = job("classroom", folder_of_tunes(tmp_path), tools)
    assert "parallel" in said
    exercise = load_score(tmp_path / "exercise.abc", voices=VOICES).chorale
    mended = load_score(tmp_path / "mended.musicxml", voices=VOICES).chorale
    assert (mended.pitch[:, 0] == exercise.pitch[:, 0]).all()
    assert (mended.pitch != exercise.pitch).any()
    assert "BWV" in said


def test_a_composer(tmp_path, tools):
    job("desk", folder_of_tunes(tmp_path), tools)
    first, second = (
        load_score(tmp_path / f"{name}.musicxml", voices=VOICES).chorale
        for name in ("idea-1", "second")
    )
    starts = first.bar_starts
    assert (first.pitch[: starts[4]] == second.pitch[: starts[4]]).all()
    assert (first.pitch[starts[6] :] == second.pitch[starts[6] :]).all()
    assert (first.pitch[:, 0] == second.pitch[:, 0]).all()
    assert (first.pitch[starts[4] : starts[5], 1] == second.pitch[starts[4] : starts[5], 1]).all()
    assert (tmp_path / "joyful.mp3").stat().st_size > 100_000


def test_a_researcher(tmp_path, tools):
    job("researcher", folder_of_tunes(tmp_path), tools)
    found = {
        name: json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        for name in ("partwriting", "music", "harmonized", "charges")
    }
    assert found["harmonized"]
    assert found["charges"]["charges"]
    assert {p.suffix for p in (tmp_path / "harmonized").iterdir() if p.name[0] != "."} == {
        ".musicxml"
    }
