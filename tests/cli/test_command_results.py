"""What harmonize, realize and compose say of their pieces, in words and in JSON; and seeds."""

import json
import re
from collections import Counter

import pytest
from tunes import SCALE

from bachbot.chorale import VOICES
from bachbot.cli import main
from bachbot.cli.results import drawn_seed
from bachbot.cli.show import ProgressLines, progress
from bachbot.engine.summary import Summary, fault_words
from bachbot.errors import UsageError
from bachbot.scores import load_score
from bachbot.theory.explanation import explain

CADENCE = (
    r"closes (with an? [A-Za-z]+ (half )?cadence in [A-G][#b]* (major|minor)|without a cadence)"
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    return tmp_path


def run(untrained, *arguments):
    return main([*map(str, arguments), "--checkpoint", str(untrained)])


def test_the_line_has_key_bars_cadence_faults_and_seconds(here, untrained, capsys):
    assert run(untrained, "harmonize", "scale.musicxml", "--greedy", "-o", "out.musicxml") == 0
    line = capsys.readouterr().out
    bars = len(load_score("scale.musicxml").chorale.bar_starts)
    assert re.fullmatch(
        rf"out\.musicxml: C major, {bars} bars?; {CADENCE}; (no faults|\d+ faults?: .+); "
        r"\d+\.\d s\n",
        line,
    )


@pytest.mark.slow
def test_json_names_the_faults_that_explain_finds(here, untrained, capsys):
    arguments = ("harmonize", "scale.musicxml", "--greedy", "--json", "-o", "out.musicxml")
    assert run(untrained, *arguments) == 0
    found = json.loads(capsys.readouterr().out)
    [one] = found["results"]
    assert one["file"] == "out.musicxml"
    assert found["seconds"] > 0
    assert one["log_probability"] < 0
    wanted = explain(load_score("out.musicxml", voices=VOICES).chorale).faults
    assert one["fault_counts"] == Counter(fault.rule for fault in wanted)
    assert len(one["faults"]) == len(wanted)


@pytest.mark.slow
def test_a_seed_is_drawn_said_and_gives_the_same_piece(here, untrained, capsys):
    assert run(untrained, "compose", "--bars", 2, "-o", "a.mid") == 0
    seed = re.search(r"; seed (\d+);", capsys.readouterr().out)[1]
    assert run(untrained, "compose", "--bars", 2, "-o", "b.mid", "--seed", seed) == 0
    assert (here / "a.mid").read_bytes() == (here / "b.mid").read_bytes()


def test_no_seed_is_said_where_nothing_is_drawn(here, untrained, capsys):
    assert run(untrained, "harmonize", "scale.musicxml", "--greedy") == 0
    assert "seed" not in capsys.readouterr().out


@pytest.mark.slow
def test_each_version_has_a_line_and_all_have_their_seed_in_json(here, untrained, capsys):
    arguments = (
        "harmonize",
        "scale.musicxml",
        "--sample",
        "--number",
        2,
        "-o",
        "o.mid",
        "--seed",
        8,
    )
    assert run(untrained, *arguments) == 0
    first, second, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("o-1.mid: ")
    assert second.startswith("o-2.mid: ")
    assert first.endswith("; seed 8")
    assert rest[-1].startswith("2 versions in ")
    assert run(untrained, *arguments, "--json") == 0
    assert [one["seed"] for one in json.loads(capsys.readouterr().out)["results"]] == [8, 8]


def test_drawn_seeds_differ_and_a_useless_one_is_refused():
    assert len({drawn_seed(None, used=True, needs="") for _ in range(20)}) > 10
    assert drawn_seed(None, used=False, needs="") == 0
    assert drawn_seed(5, used=True, needs="") == 5
    with pytest.raises(UsageError, match="without --sample"):
        drawn_seed(5, used=False, needs="--sample")


def test_faults_are_counted_by_name():
    assert fault_words({}) == "no faults"
    assert fault_words({"crossing": 1}) == "1 fault: crossing"
    assert fault_words({"crossing": 2, "hidden fifths": 1}) == (
        "3 faults: crossing (2), hidden fifths"
    )


def test_known_music_is_summed_up():
    abc = b"""X:1
T:Cadence
M:4/4
L:1/4
K:G
V:S
B A A G|G4|
V:A
D D E D|D4|
V:T
G, F, C C|B,4|
V:B
G,, A,, C, D,|G,,4|
"""
    score = load_score(abc, voices=VOICES, transpose="no")
    said = str(Summary(score))
    assert said.startswith("G major, 2 bars; closes with ")
    assert "cadence in G major" in said


def test_lines_of_progress_are_plain_and_rare(capsys, monkeypatch):
    monkeypatch.setattr("bachbot.cli.show.LINE_EVERY", 5.0)
    times = iter([0.0, 1.0, 6.0, 7.0, 12.0, 60.0])
    lines = ProgressLines("harmonizing", clock=lambda: next(times))
    for done in (1, 25, 50, 75, 100):
        lines(done, 100)
    assert capsys.readouterr().err == ("bachbot: harmonizing: 25%\nbachbot: harmonizing: 75%\n")


def test_a_pipe_gets_no_bar(capsys):
    with progress("harmonizing") as advance:
        assert isinstance(advance, ProgressLines)
        advance(1, 2)
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_compositions_are_compared_and_a_melody_alone_has_no_cadence(here, untrained, capsys):
    compose = ("compose", "--bars", 2, "--seed", 4, "--number", 2, "--lower-voices", "sample")
    assert run(untrained, *compose, "-o", "c.mid") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[2].startswith("c-1.mid and c-2.mid: all 2 bars differ in all voices")
    assert run(untrained, *compose, "--voices", "soprano", "-o", "s.mid") == 0
    said = capsys.readouterr().out.splitlines()
    assert "; ends on " in said[0]
    assert "cadence" not in said[0]
    assert "bars differ (bars 1-2; soprano in 2)" in said[2]
