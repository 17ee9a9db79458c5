import errno
import re
import shutil
from pathlib import Path

import pytest
from tunes import SCALE, note, tune

from bachbot.chorale import VOICES, Voice
from bachbot.cli import main
from bachbot.cli.options import penalties_of_flags
from bachbot.decoding import DecodingOptions
from bachbot.decoding.penalties import DEFAULT_PENALTIES, SAMPLING_PENALTIES
from bachbot.scores import load_score

EXAMPLES = Path(__file__).parents[2] / "corpus" / "examples"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    return tmp_path


def harmonize(untrained, *arguments):
    return main(["harmonize", *map(str, arguments), "--checkpoint", str(untrained)])


def one_line(capsys, status, wanted, *said):
    captured = capsys.readouterr()
    assert status == wanted, captured
    assert captured.err.startswith("bachbot: ")
    last = captured.err.splitlines()[-1]
    assert "Traceback" not in captured.err
    assert "a fault in bachbot" not in captured.err
    for text in said:
        assert text in last
    return last


@pytest.mark.slow
def test_the_tune_comes_back_with_three_voices_under_it(here, untrained, capsys):
    assert harmonize(untrained, "scale.musicxml", "-o", "out.musicxml") == 0
    assert capsys.readouterr().out.startswith("out.musicxml: C major")
    before = load_score("scale.musicxml").chorale
    after = load_score("out.musicxml", voices=VOICES).chorale
    assert (after.pitch[:, Voice.SOPRANO] == before.pitch[:, Voice.SOPRANO]).all()
    assert (after.tied[:, Voice.SOPRANO] == before.tied[:, Voice.SOPRANO]).all()
    assert (after.pitch >= 0).all()


def test_without_a_name_it_writes_beside_one(here, untrained):
    assert harmonize(untrained, "scale.musicxml") == 0
    assert (here / "scale-harmonized.musicxml").is_file()


@pytest.mark.slow
def test_several_are_numbered(here, untrained):
    assert harmonize(untrained, "scale.musicxml", "--sample", "--number", 3, "-o", "o.mid") == 0
    assert sorted(p.name for p in here.glob("*.mid")) == ["o-1.mid", "o-2.mid", "o-3.mid"]
    assert len({p.read_bytes() for p in here.glob("*.mid")}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("way", [["--greedy"], ["--beam", "3"], ["--sample", "--seed", "7"]])
def test_the_same_command_writes_the_same_file(here, untrained, way):
    for name in ("a.musicxml", "b.musicxml"):
        assert harmonize(untrained, "scale.musicxml", *way, "-o", name) == 0
    assert (here / "a.musicxml").read_bytes() == (here / "b.musicxml").read_bytes()


@pytest.mark.slow
def test_nats_are_printed_with_verbose_only(here, untrained, capsys):
    assert harmonize(untrained, "scale.musicxml", "--greedy", "--verbose") == 0
    nats = (
        r"; log-probability -[\d.]+ nats, (bonuses less penalties|penalties less bonuses) [\d.]+ "
    )
    assert re.search(nats + r"nats; [\d.]+ s$", capsys.readouterr().out.strip())
    assert harmonize(untrained, "scale.musicxml", "--greedy", "--verbose", "--no-penalties") == 0
    said = capsys.readouterr().out
    assert "nats" in said
    assert "penalties" not in said
    assert harmonize(untrained, "scale.musicxml", "--greedy") == 0
    assert "nats" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("method", "default"),
    [("beam", DEFAULT_PENALTIES), ("greedy", DEFAULT_PENALTIES), ("sample", SAMPLING_PENALTIES)],
)
def test_what_the_flags_of_penalties_leave(method, default):
    def left(*flags):
        return DecodingOptions(method, **penalties_of_flags(*flags)).penalties_with()

    assert left(False, False).weights == default.weights
    assert not left(False, True).active
    dropped = {"parallel fifths", "parallel octaves", "hidden fifths", "hidden octaves"}
    kept = {n: w for n, w in default.weights.items() if n not in dropped}
    assert left(True, False).weights == kept
    assert dropped < set(default.weights)


@pytest.mark.slow
def test_greedy_is_a_beam_of_one(here, untrained):
    # With the default penalties a beam that goes wrong is searched again, a greedy search is not.
    plain = ["scale.musicxml", "--no-penalties"]
    assert harmonize(untrained, *plain, "--greedy", "-o", "a.musicxml") == 0
    assert harmonize(untrained, *plain, "--beam", 1, "-o", "b.musicxml") == 0
    assert (here / "a.musicxml").read_bytes() == (here / "b.musicxml").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["musicxml", "xml", "mxl", "mid", "svg", "png", "pdf", "wav"])
def test_every_suffix_is_written(here, untrained, suffix):
    assert harmonize(untrained, "scale.musicxml", "--greedy", "-o", f"out.{suffix}") == 0
    assert (here / f"out.{suffix}").stat().st_size > 500


@pytest.mark.slow
@pytest.mark.parametrize(
    "example", sorted(p.name for p in EXAMPLES.glob("*.*") if p.suffix != ".md")
)
def test_every_example(here, untrained, example, capsys):
    assert harmonize(untrained, EXAMPLES / example, "--greedy", "-o", "out.musicxml") == 0
    before = load_score(EXAMPLES / example).chorale
    after = load_score("out.musicxml").chorale
    assert after.same_music(before)
    assert after.meter == before.meter
    assert (after.position == before.position).all()
    assert after.key == before.key
    assert (load_score("out.musicxml", voices=VOICES).chorale.pitch.min(axis=0)[1:] > 0).all()


# What came, what is said of it, and the status.
BAD_SCORES = {
    "words.musicxml": ("It was a dark and stormy night.", "words.musicxml"),
    "nothing.musicxml": ("", "nothing.musicxml"),
    "page.musicxml": ("<html><body>no score</body></html>", "page.musicxml"),
    "empty.musicxml": (tune(""), "empty.musicxml"),
    "rests.musicxml": (tune(note(None, 16, "whole")), "rest"),
    "wide.musicxml": (tune(note("C2", 8, "half") + note("C7", 8, "half")), "range"),
    "noise.mid": ("MThd but no more", "noise.mid"),
    "noise.mxl": ("PK no zip", "noise.mxl"),
    "noise.krn": ("**kern\n4zz\n*-", "noise.krn"),
    "noise.abc": ("X:1\nK:Q\n%%", "noise.abc"),
    "tune.docx": ("x", ".docx"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD_SCORES)
def test_bad_scores(here, untrained, capsys, name):
    content, said = BAD_SCORES[name]
    (here / name).write_text(content, encoding="utf-8")
    before = sorted(here.iterdir())
    status = harmonize(untrained, name, "-o", "out.musicxml")
    one_line(capsys, status, 1, said)
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["none.musicxml"], 1, "none.musicxml"),
        (["scale.musicxml", "--key", "H"], 2, "'H' is not a key"),
        (["scale.musicxml", "--given", "tenor,baritone"], 2, "'baritone' is not a voice"),
        (["scale.musicxml", "--given", "soprano,bass"], 1, "bass"),
        (["scale.musicxml", "--beam", "0"], 2, "beam is 0"),
        (["scale.musicxml", "--beam", "5", "--greedy"], 2, "give one"),
        (["scale.musicxml", "--sample", "--temperature", "0"], 2, "temperature is 0"),
        (["scale.musicxml", "--sample", "--temperature", "nan"], 2, "temperature is nan"),
        (["scale.musicxml", "--sample", "--top-p", "1.5"], 2, "top-p is 1.5"),
        (["scale.musicxml", "--temperature", "0.5"], 2, "without --sample"),
        (["scale.musicxml", "--diversity", "0.5"], 2, "--diversity has no effect without"),
        (["scale.musicxml", "--parallels", "--no-penalties"], 2, "give one of them"),
        (["scale.musicxml", "--sample", "--seed", "-1"], 2, "seed is -1"),
        (["scale.musicxml", "--seed", "3"], 2, "--seed has no effect"),
        (["scale.musicxml", "--greedy", "--seed", "3"], 2, "--seed has no effect"),
        (["scale.musicxml", "--number", "2", "--diversity", "0", "--seed", "3"], 2, "no effect"),
        (["scale.musicxml", "--json", "-o", "-"], 2, "both go to standard output"),
        (["scale.musicxml", "--number", "0"], 2, "number"),
        (["scale.musicxml", "--staves", "3"], 2, "3 staves"),
        (["scale.musicxml", "--tempo", "0"], 2, "tempo"),
        (["scale.musicxml", "-o", "no/out.musicxml"], 1, "does not exist"),
        (["scale.musicxml", "-o", "out.docx"], 2, ".docx"),
        (["scale.musicxml", "-o", "scale.musicxml"], 2, "is read"),
    ],
)
def test_bad_requests(here, untrained, capsys, arguments, status, said):
    before = {p: p.read_bytes() for p in here.iterdir()}
    one_line(capsys, harmonize(untrained, *arguments), status, said)
    assert {p: p.read_bytes() for p in here.iterdir()} == before


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: shutil.rmtree(d), "checkpoint"),
        (lambda d: (d / "weights.safetensors").write_bytes(b"\x80\x04pickle"), "weights"),
        (lambda d: (d / "config.json").write_text("{", encoding="utf-8"), "config.json"),
        (lambda d: (d / "vocabulary.json").write_text("{}", encoding="utf-8"), "vocabulary"),
        (lambda d: (d / "weights.safetensors").unlink(), "weights"),
    ],
)
def test_bad_checkpoints(here, untrained, capsys, damage, said):
    directory = shutil.copytree(untrained, here / "checkpoint")
    damage(directory)
    one_line(capsys, harmonize(directory, "scale.musicxml", "-o", "out.musicxml"), 1, said)
    assert not (here / "out.musicxml").exists()


def test_a_checkpoint_that_is_not_shipped_names_those_that_are(here, capsys):
    status = main(["harmonize", "scale.musicxml", "--checkpoint", "stone"])
    one_line(capsys, status, 1, "stone", "paper")


def test_a_full_disk(here, untrained, capsys, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    status = harmonize(untrained, "scale.musicxml", "-o", "out.musicxml")
    one_line(capsys, status, 1, "No space left on device")
    assert not (here / "out.musicxml").exists()


@pytest.mark.slow
def test_a_tune_an_octave_low_is_moved_and_said_so(here, untrained, capsys):
    low = SCALE.replace("<octave>5</octave>", "<octave>3</octave>")
    (here / "low.musicxml").write_text(low, encoding="utf-8")
    assert harmonize(untrained, "low.musicxml", "-o", "out.musicxml") == 0
    assert "moved up" in capsys.readouterr().err
    assert load_score("out.musicxml").chorale.pitch[0, 0] in (60, 72)


def test_triplets_stay_as_they_are_and_are_said(here, untrained, capsys):
    triplet = (
        "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
        "</time-modification>"
    )
    bar = "".join(note(p, 2, "eighth", triplet) for p in ("C5", "D5", "E5")) + note(
        "F5", 18, "half"
    )
    (here / "triplets.musicxml").write_text(tune(bar, divisions=6), encoding="utf-8")
    assert harmonize(untrained, "triplets.musicxml", "-o", "out.musicxml") == 0
    assert "sixteenths" in capsys.readouterr().err
    assert (here / "out.musicxml").read_text(encoding="utf-8").count(
        "<actual-notes>3</actual-notes>"
    ) == 3


@pytest.mark.slow
def test_other_voices_can_be_given(here, untrained):
    assert harmonize(untrained, "scale.musicxml", "--sample", "-o", "four.musicxml") == 0
    assert harmonize(untrained, "four.musicxml", "--given", "alto,tenor", "-o", "out.musicxml") == 0
    before = load_score("four.musicxml", voices=VOICES).chorale
    after = load_score("out.musicxml", voices=VOICES).chorale
    assert (before.pitch[:, 1:3] == after.pitch[:, 1:3]).all()
    assert (before.pitch != after.pitch).any()
