"""Arguments that cannot be parsed, and files that are given twice: one plain line each."""

import pytest

from bachbot.cli import main
from bachbot.scores.readers.source import INPUT_FORMATS

ABC = "X:1\nT:Scale\nL:1/4\nK:C\nCDEF|G2C2|]\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tune.abc").write_text(ABC)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--timeout", "abc"], "--timeout is 'abc': give a number"),
        (["--timeout=abc"], "--timeout is 'abc': give a number"),
        (["--jobs", "0"], "--jobs is 0: give 1 or more"),
        (["--jobs", "two"], "--jobs is 'two': give a whole number"),
        (["--seed", "1.5"], "--seed is 1.5: give a whole number"),
        (["--seed", "1", "--seed", "x"], "--seed is 'x': give a whole number"),
        (["--nosuch"], "No such option: --nosuch (see --help)"),
        (["--beam"], "Option '--beam' requires an argument. (see --help)"),
    ],
)
def test_what_came_and_what_was_wanted(here, capsys, arguments, said):
    assert main(["harmonize", "tune.abc", *arguments]) == 2
    assert capsys.readouterr().err == f"bachbot: {said}\n"


@pytest.mark.parametrize("command", ["harmonize", "explain", "realize"])
@pytest.mark.parametrize("name", ["-dash.abc", "--dash.musicxml", "-d"])
def test_a_file_whose_name_begins_with_a_dash(here, capsys, command, name):
    (here / name).write_text(ABC)
    assert main([command, name]) == 2
    assert capsys.readouterr().err == (
        f"bachbot: {name} begins with a dash, and so it is taken for an option: write ./{name} if "
        "it is a file\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("suffix", sorted(INPUT_FORMATS))
def test_no_output_is_the_file_that_is_read(here, capsys, suffix):
    name = f"song{suffix}"
    (here / name).write_bytes(ABC.encode())
    for output in (name, f"./{name}", str(here / name)):
        assert main(["harmonize", name, "-o", output, "--force"]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.endswith(f"{name} is the file that is read: write to another one")
    assert (here / name).read_bytes() == ABC.encode()
