"""``bachbot explain``: tables, JSON, rules, comparison, the written score, what it refuses."""

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tunes import SCALE, note, tune

from bachbot.chorale import VOICES
from bachbot.cli import main
from bachbot.cli.explain_view import counted
from bachbot.scores import load_score
from bachbot.theory.rules import LESSONS, RULES, RuleSet

BACH = Path(importlib.util.find_spec("music21").origin).parent / "corpus" / "bach"
PIECE = BACH / "bwv269.mxl"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def explain(*arguments):
    return main(["explain", *map(str, arguments)])


def explained(capsys, *arguments):
    assert explain(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_tables(here, capsys):
    assert explain(PIECE) == 0
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "6.2 ii65 Am7/C" in lines
    assert "6.3.5 V7 D7" in lines
    assert "1.2 IV6 C/E tenor: passing note" in lines
    assert "0.3 G major I G" in lines
    assert "21.1 G major perfect V7 - I" in lines
    assert any(line.startswith("3.1 overlap") for line in lines)
    assert lines[-1].startswith("bwv269.mxl: G major, 3/4, 21 bars, ")
    assert "6 phrases (" in lines[-1]


@pytest.mark.slow
def test_an_unprintable_character_is_escaped():
    done = subprocess.run(
        [sys.executable, "-m", "bachbot", "explain", BACH / "bwv254.mxl"],
        check=True,
        capture_output=True,
        encoding="ascii",
        env=os.environ | {"COLUMNS": "200", "PYTHONIOENCODING": "ascii"},
    )
    assert done.stderr == ""
    assert "ii\\xf865 " in done.stdout


@pytest.mark.slow
def test_json_says_the_same_as_the_tables(here, capsys):
    data = explained(capsys, PIECE)
    assert (data["key"], data["meter"], data["bars"]) == ("G major", "3/4", 21)
    assert data["file"] == str(PIECE)
    first, *_, last = data["chords"]
    assert (first["bar"], first["beat"], first["numeral"]) == (0, 3.0, "I")
    assert (last["bar"], last["numeral"], last["chord"]) == (21, "I", "G")
    assert [c["bar"] for c in data["cadences"]] == [4, 7, 10, 14, 18, 21]
    assert data["cadences"][-1]["chords"] == ["V7", "I"]
    for fault in data["faults"]:
        assert set(fault) >= {"rule", "bar", "beat", "voices"}
    assert explain(PIECE) == 0
    out = capsys.readouterr().out
    assert f"{len(data['chords'])} chords" in out
    assert all(fault["rule"] in out for fault in data["faults"])


@pytest.mark.slow
def test_every_kind_of_fault_is_counted_in_words(here, capsys):
    assert counted("overlap", 4) == "4 overlaps"
    assert counted("tritone leaps", 1) == "1 tritone leap"
    assert counted("wide alto-tenor", 2) == "2 wide gaps between alto and tenor"
    assert counted("perfect", 3) == "3 perfect"
    for rule in RULES.values():
        if rule.reported:
            assert counted(rule.name, 1) != counted(rule.name, 2).replace("2", "1", 1)
    out = " ".join((explain(PIECE), capsys.readouterr().out)[1].split())
    found = Counter(fault["rule"] for fault in explained(capsys, PIECE)["faults"])
    assert found
    assert all(counted(name, count) in out for name, count in found.items())


def test_a_given_key(here, capsys):
    assert explained(capsys, PIECE, "--key", "e")["key"] == "E minor"


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["musicxml", "mxl", "svg", "png", "pdf"])
def test_the_written_score(here, capsys, suffix):
    assert explain(PIECE, "--numerals", f"out.{suffix}") == 0
    assert (here / f"out.{suffix}").stat().st_size > 2000
    assert capsys.readouterr().out.splitlines()[-1] == f"out.{suffix}"


@pytest.mark.slow
def test_the_written_score_has_the_same_explanation(here, capsys):
    before = explained(capsys, PIECE, "--numerals", "out.musicxml")
    assert "<function>viio6</function>" in Path("out.musicxml").read_text(encoding="utf-8")
    assert explain("out.musicxml", "--json") == 0
    captured = capsys.readouterr()
    after = json.loads(captured.out)
    assert after["chords"] == before["chords"]
    assert not captured.err


@pytest.mark.slow
def test_other_formats(here, capsys):
    from bachbot.scores import save_score

    save_score(load_score(PIECE, voices=VOICES), "piece.mid")
    midi = explained(capsys, "piece.mid")
    written = explained(capsys, PIECE)
    assert [c["numeral"] for c in midi["chords"]][:8] == [c["numeral"] for c in written["chords"]][
        :8
    ]
    kern = explained(capsys, BACH / "bwv277.krn")
    assert len(kern["chords"]) > 40


# What came, what is said of it, and the status.
BAD = {
    "words.musicxml": ("It was a dark and stormy night.", "words.musicxml"),
    "nothing.musicxml": ("", "empty"),
    "rests.musicxml": (tune(note(None, 16, "whole")), "rest"),
    "noise.mid": ("MThd but no more", "noise.mid"),
    "tune.docx": ("x", ".docx"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("json_too", [False, True])
def test_bad_files(here, capsys, name, json_too):
    content, said = BAD[name]
    (here / name).write_text(content, encoding="utf-8")
    assert explain(name, *(["--json"] if json_too else [])) == 1
    one_line(capsys, said)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["none.musicxml"], 1, "none.musicxml"),
        ([PIECE, "--key", "H"], 2, "'H' is not a key"),
        ([PIECE, "--numerals", "out.docx"], 2, ".docx"),
        ([PIECE, "--numerals", "no/out.pdf"], 1, "does not exist"),
        ([], 2, "no FILE is given"),
        ([PIECE, "--marks", "out.mp4"], 2, ".mp4"),
        ([PIECE, "--marks", "a.png", "--numerals", "a.png"], 2, "give two"),
        ([PIECE, "--marks", "-"], 2, "give a file"),
        ([PIECE, "--rules", "mozart"], 2, "give bach, strict or a file"),
        ([PIECE, "--rules", "none.toml"], 2, "cannot be read"),
        ([PIECE, "--depth", "4"], 2, "give --depth 1, 2 or 3"),
        ([PIECE, "--against", "none.musicxml"], 1, "none.musicxml"),
    ],
)
def test_bad_arguments(here, capsys, arguments, status, said):
    assert explain(*arguments) == status
    one_line(capsys, said)
    assert not list(here.iterdir())


FIFTHS = """X:1
T:Fifths
M:4/4
L:1/2
K:C
V:S name="Soprano"
V:A name="Alto"
V:T name="Tenor" clef=bass
V:B name="Bass" clef=bass
[V:S] G A |]
[V:A] E F |]
[V:T] C C |]
[V:B] C, D, |]
"""


def test_one_voice_is_explained(here, capsys):
    Path("scale.musicxml").write_text(SCALE, encoding="utf-8")
    data = explained(capsys, "scale.musicxml")
    assert data["chords"] == []
    assert any("it has no alto, tenor and bass" in line for line in data["findings"])
    assert any("bachbot harmonize" in line for line in data["findings"])
    assert explain("scale.musicxml") == 0
    assert "scale: C major" in capsys.readouterr().out


def test_rules_alone_lists_them(here, capsys):
    assert explain("--rules") == 0
    out = " ".join(capsys.readouterr().out.split())
    for lesson in LESSONS.values():
        assert f"{lesson.name} {RuleSet.named('bach').severities[lesson.name]}" in out
        assert lesson.sentence in out
    assert explain("--rules", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["list"]
    assert [rule["rule"] for rule in listed] == list(LESSONS)
    assert explain("--rules", "strict") == 0
    assert "Rules: strict" in capsys.readouterr().out


@pytest.mark.slow
def test_depths(here, capsys):
    Path("fifths.abc").write_text(FIFTHS, encoding="utf-8")
    told = "C3 to D3 in the bass against G4 to A4 in the soprano"
    outs = []
    for depth in (1, 2, 3):
        assert explain("fifths.abc", "--depth", depth) == 0
        outs.append(" ".join(capsys.readouterr().out.split()))
    word, sentence, reason = outs
    assert "1.3 parallel fifths error soprano, bass" in word
    assert told not in word
    assert told in sentence
    assert "thickened" not in sentence
    assert "thickened" in reason
    assert "not S G4 A4, A E4 F4, T C4 C4, B C3 D3" in reason
    data = explained(capsys, "fifths.abc", "--depth", 3)
    assert [lesson["rule"] for lesson in data["lessons"]] == ["parallel fifths"]


def test_rules_of_a_file(here, capsys):
    Path("fifths.abc").write_text(FIFTHS, encoding="utf-8")
    Path("mine.toml").write_text('[severity]\n"parallel fifths" = "remark"\n', encoding="utf-8")
    [fault] = explained(capsys, "fifths.abc", "--rules", "mine.toml")["faults"]
    assert fault["severity"] == "remark"
    Path("mine.toml").write_text('[severity]\nparallels = "off"\n', encoding="utf-8")
    assert not explained(capsys, "fifths.abc", "--rules", "mine.toml")["faults"]


def test_against_another_version(here, capsys):
    Path("fifths.abc").write_text(FIFTHS, encoding="utf-8")
    better = FIFTHS.replace("[V:S] G A", "[V:S] G F").replace("[V:A] E F", "[V:A] E D")
    better = better.replace("[V:T] C C", "[V:T] C A,")
    Path("better.abc").write_text(better, encoding="utf-8")
    data = explained(capsys, "fifths.abc", "--against", "better.abc")["against"]
    [bar] = data["bars"]
    assert [len(side) for side in bar["faults"]] == [1, 0]
    assert [(n["voice"], n["beat"], n["first"], n["second"]) for n in bar["notes"]] == [
        ("soprano", 3.0, "A4", "F4"), ("alto", 3.0, "F4", "D4"), ("tenor", 3.0, "C4", "A3"),
    ]  # fmt: skip
    assert explain("fifths.abc", "--against", "better.abc") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == ("3 notes differ in 1 bar; fifths.abc has 1 fault, better.abc no faults")
    assert explain("fifths.abc", "--against", "fifths.abc") == 0
    assert "the same notes" in capsys.readouterr().out


def test_marks(here, capsys):
    Path("fifths.abc").write_text(FIFTHS, encoding="utf-8")
    assert explain("fifths.abc", "--marks", "out.musicxml") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "out.musicxml"
    root = ElementTree.parse("out.musicxml").getroot()
    colored = [
        (part.get("id"), note.findtext("pitch/step"))
        for part in root.findall("part")
        for note in part.iter("note")
        if note.get("color") == "#C00000"
    ]
    assert [step for _, step in colored] == ["G", "A", "C", "D"]
    assert [words.text for words in root.iter("words")] == ["5ths"]


def test_the_input_is_not_overwritten(here, capsys):
    copy = here / "piece.mxl"
    copy.write_bytes(PIECE.read_bytes())
    assert explain(copy, "--numerals", copy) == 2
    one_line(capsys, "the file that is read")
    assert copy.read_bytes() == PIECE.read_bytes()


def one_line(capsys, said):
    captured = capsys.readouterr()
    assert not captured.out
    assert "Traceback" not in captured.err
    assert "a fault in bachbot" not in captured.err
    [line] = captured.err.splitlines()
    assert line.startswith("bachbot: ")
    assert said in line


@pytest.mark.slow
def test_charges_by_penalty_and_by_bar(here, untrained, capsys):
    """A model without learned features charges rules and endings alone."""
    found = explained(capsys, PIECE, "--charges", "--checkpoint", untrained)["charges"]
    assert [bar["bar"] for bar in found["bars"]] == list(range(22))
    assert found["templates"] == []
    total = sum(line["nats"] for line in found["penalties"])
    assert found["nats"] == pytest.approx(total)
    assert found["nats"] == pytest.approx(sum(bar["nats"] for bar in found["bars"]))
    by_name = {line["name"]: line for line in found["penalties"]}
    # The default weights.
    assert by_name["leap bonus"]["weight"] == pytest.approx(-0.2)
    assert by_name["new-chord bonus"]["weight"] == pytest.approx(-0.7)
    for line in found["penalties"]:
        assert line["weight"] == pytest.approx(line["nats"] / line["times"])
    assert explain(PIECE, "--charges", "--checkpoint", untrained) == 0
    assert "Charges by penalty" in capsys.readouterr().out
    assert "charges" not in explained(capsys, PIECE)
