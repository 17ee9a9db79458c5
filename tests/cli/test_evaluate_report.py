import json

import numpy as np
import pytest

from bachbot.chorale import Chorale, Key
from bachbot.cli import main
from bachbot.corpus.store import Piece, PreparedCorpus

CHORDS = np.array([[67, 64, 60, 48], [69, 65, 60, 50], [71, 62, 55, 43], [72, 64, 55, 48]])


def piece(number, part):
    pitch = np.repeat(CHORDS[[number % 4, 1, 2, 3]], 4, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % 4 > 0)[:, None], 4, axis=1)
    fermata = np.arange(len(pitch)) >= len(pitch) - 4
    chorale = Chorale(pitch, tied, fermata, name=f"made up {number}")
    return Piece(chorale, Key(), f"family {number}", {"tune": part, "file": part})


@pytest.fixture
def run(untrained, tmp_path, monkeypatch, capsys):
    """Reports on a made-up corpus; gives what was printed."""
    monkeypatch.setenv("BACHBOT_CACHE", str(tmp_path / "cache"))
    parts = ["train", "train", "validation", "test", "test", "test"]
    corpus = tmp_path / "made-up.npz"
    PreparedCorpus(tuple(piece(n, part) for n, part in enumerate(parts))).save(corpus)

    def call(*words, status=0, checkpoint=untrained):
        given = ["evaluate", "all", "-o", tmp_path / "report", "--corpus", corpus, *words]
        given += ["--checkpoint", checkpoint] if checkpoint is not None else []
        assert main([str(w) for w in given]) == status
        return capsys.readouterr()

    return call


def figures(tmp_path):
    found = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    return {name: part for name, part in found.items() if name != "times"}, found["times"]


@pytest.mark.slow
def test_a_report_is_a_page_and_json_and_is_measured_once(run, tmp_path):
    words = ["--only", "losses", "--only", "pianoroll"]
    printed = run(*words)
    assert printed.out.strip() == str(tmp_path / "report" / "report.html")
    assert "Where the time went" in printed.err
    first, times = figures(tmp_path)
    assert list(first["sections"]) == ["losses", "pianoroll"]
    assert first["corpus"]["pieces"] == 3
    assert not any(row["cached"] for row in times["rows"])
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<svg" in page
    run(*words)
    again, times = figures(tmp_path)
    assert again == first
    assert all(row["cached"] for row in times["rows"])
    run(*words, "--fresh")
    anew, times = figures(tmp_path)
    assert anew == first
    assert not any(row["cached"] for row in times["rows"])


@pytest.mark.slow
def test_a_section_that_fails_is_reported_and_the_rest_is_written(run, tmp_path):
    printed = run("--only", "detection", "--only", "losses", "--limit", "2", status=1)
    [line] = [line for line in printed.err.splitlines() if "too few" in line]
    assert line.startswith("bachbot: untrained, detection: ")
    found, _ = figures(tmp_path)
    assert found["sections"]["losses"]["results"]["untrained"]
    assert found["request"]["limit"] == 2
    assert "could not be measured" in (tmp_path / "report" / "report.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "loss"], "there is no section 'loss'"),
        (["--part", "test", "--split", "file", "--only", "style", "--jsb", "a/Bach.npz"], "taken"),
        (["--part", "all"], "there is no part 'all'"),
    ],
)
def test_an_error_is_one_line(run, tmp_path, words, said):
    error = run(*words, status=2).err
    line = error.strip().splitlines()[-1]
    assert line.startswith("bachbot: ")
    assert said in line
    assert not (tmp_path / "report" / "report.html").exists()


def test_an_empty_folder_is_not_a_checkpoint(run, tmp_path):
    (tmp_path / "empty").mkdir()
    error = run(status=1, checkpoint=tmp_path / "empty").err
    assert "is no checkpoint: it has no config.json" in error
    assert len(error.strip().splitlines()) == 1


def test_a_checkpoint_of_another_vocabulary_is_one_line(run, tmp_path, untrained):
    other = tmp_path / "other"
    other.mkdir()
    for path in untrained.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    config["vocabulary_fingerprint"] = "0" * 16
    (other / "config.json").write_text(json.dumps(config), encoding="utf-8")
    error = run(status=1, checkpoint=other).err
    assert "was trained on the vocabulary" in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.slow
def test_documents_are_written_from_the_report(run, tmp_path, capsys):
    run("--only", "losses")
    results, readme = tmp_path / "RESULTS.md", tmp_path / "README.md"
    marks = "# A\n<!-- results:begin losses -->\nold\n<!-- results:end losses -->\n"
    for path in (results, readme):
        path.write_text(marks, encoding="utf-8")
    options = ["--results", str(results), "--readme", str(readme)]
    words = ["evaluate", "readme", str(tmp_path / "report"), *options]
    assert main(words) == 0
    assert capsys.readouterr().out == f"{results}: losses\n{readme}: losses\n"
    for path in (results, readme):
        text = path.read_text(encoding="utf-8")
        assert "| untrained |" in text
        assert "old" not in text
    readme.write_text("# A\n", encoding="utf-8")
    assert main(words) == 2
    assert "has no marks for results" in capsys.readouterr().err
    (tmp_path / "not.json").write_text("{}", encoding="utf-8")
    assert main([*words[:2], str(tmp_path / "not.json"), *options]) == 2
    assert "is no report" in capsys.readouterr().err
