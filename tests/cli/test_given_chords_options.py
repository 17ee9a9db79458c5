"""``harmonize --chords``, ``--cadences`` and ``realize``."""

import pytest
from tunes import SCALE, note, tune

from bachbot.chorale import VOICES, Voice
from bachbot.cli import main
from bachbot.scores import load_score
from bachbot.scores.given_harmony import score_harmony

BASS = tune(note("C3") + note("E3") + note("F3") + note("G3"), note("C3", 16, "whole"), name="Bass")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    (tmp_path / "bass.musicxml").write_text(BASS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(here, untrained, capsys):
    """Run a command that succeeds, and return what it printed."""

    def run(*arguments):
        status = main([*map(str, arguments), "--checkpoint", str(untrained)])
        captured = capsys.readouterr()
        assert status == 0, captured
        return captured

    return run


def result(name):
    return load_score(name, voices=VOICES).chorale


def classes(chorale, frame):
    return {int(p) % 12 for p in chorale.pitch[frame, 1:]}


def check_chords(chorale, chords):
    """Roots of triads in root position, and their tones, by frame."""
    for frame, tones in chords.items():
        assert classes(chorale, frame) <= set(tones)
        assert chorale.pitch[frame].min() % 12 == tones[0]


def ends_in_bar_2(said):
    """Whether the last line says where the phrases of the scale, without fermatas, end."""
    return said.err.splitlines()[-1].endswith("to end in bar 2; set them with --phrases")


ON_BEATS = {0: (0, 4, 7), 4: (7, 11, 2), 8: (0, 4, 7), 12: (5, 9, 0)}


@pytest.mark.slow
def test_the_voices_below_make_the_chords(here, run):
    said = run("harmonize", "scale.musicxml", "--chords", "I V I IV", "--greedy", "-o", "o.mid")
    assert said.err.splitlines()[:-1] == [
        "bachbot: warning: scale.musicxml: the chords end in bar 1: the bars after it are left open"
    ]
    assert ends_in_bar_2(said)
    check_chords(result("o.mid"), ON_BEATS)
    before = load_score("scale.musicxml").chorale
    assert (result("o.mid").pitch[:, 0] == before.pitch[:, 0]).all()


@pytest.mark.slow
def test_chords_from_a_file_and_from_the_score(here, run):
    (here / "chords.txt").write_text("% the scale\nI V I IV\n", encoding="utf-8")
    run("harmonize", "scale.musicxml", "--chords", "chords.txt", "--greedy", "-o", "a.musicxml",
        "--numerals")  # fmt: skip
    check_chords(result("a.musicxml"), ON_BEATS)
    own = score_harmony(load_score("a.musicxml"))
    assert own.chords[0].frame == 0
    said = run("harmonize", "a.musicxml", "--chords", "score", "--greedy", "-o", "b.musicxml")
    assert "chord symbols are left out" not in said.err
    check_chords(result("b.musicxml"), {c.frame: c.tones for c in own.chords
                                        if c.inversions == (0,) and c.frame % 4 == 0})  # fmt: skip


def test_what_is_read_otherwise_or_does_not_fit_is_said(here, run):
    said = run("harmonize", "scale.musicxml", "--chords", "I9 I I I", "--greedy", "-o", "o.mid")
    assert said.err.splitlines()[:-1] == [
        "bachbot: warning: scale.musicxml: bar 1, beat 1: 'I9' is outside the style and is read "
        "as I7",
        "bachbot: warning: scale.musicxml: the chords end in bar 1: the bars after it are left "
        "open",
        "bachbot: warning: scale.musicxml: bar 1, beat 2: the soprano's D5 does not fit I: the "
        "other voices keep the chord",
        "bachbot: warning: scale.musicxml: bar 1, beat 4: the soprano's F5 does not fit I: the "
        "other voices keep the chord",
    ]


@pytest.mark.slow
def test_cadences_set_the_ends_of_phrases(here, run):
    run("harmonize", "scale.musicxml", "--cadences", "1.2:HC 2.3:PAC", "--greedy", "-o", "o.mid")
    found = result("o.mid")
    check_chords(found, {4: (7, 11, 2), 24: (0, 4, 7)})
    assert found.pitch[20].min() % 12 == 7
    assert classes(found, 20) <= {7, 11, 2, 5}


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["scale.musicxml", "--chords", "I | I Vx"], 2, "bar 2, beat 3: 'Vx' is not a chord"),
        (["scale.musicxml", "--chords", "none.txt"], 2, "there is no file none.txt: give a text"),
        (["scale.musicxml", "--chords", "score"], 2, "the score has no chord symbols"),
        (["scale.musicxml", "--chords", ""], 2, "the chords are empty"),
        (["scale.musicxml", "--chords", "bad.txt"], 2, "bad.txt cannot be read as text"),
        (["scale.musicxml", "--cadences", "9:PAC"], 2, "the tune has no bar 9: give bars from 1"),
        ([".", "--chords", "I"], 2, "--chords, --cadences and --phrases work on one score"),
    ],
)
def test_bad_input_gets_one_line(here, untrained, capsys, arguments, status, message):
    (here / "bad.txt").write_bytes(b"\xff\xfe\xff")
    assert main(["harmonize", *arguments, "--checkpoint", str(untrained)]) == status
    said = capsys.readouterr().err
    assert said.startswith("bachbot: ")
    assert message in said
    assert len(said.splitlines()) == 1


@pytest.mark.slow
def test_a_bass_is_realized_with_figures_and_without(here, run):
    run("realize", "bass.musicxml", "--figures", "5 6 6/5 7 | 5", "--beam", "2", "-o", "a.mid")
    found = result("a.mid")
    assert (found.pitch[:, Voice.BASS] == load_score(
        "bass.musicxml", voices=[Voice.BASS]).chorale.pitch[:, Voice.BASS]).all()  # fmt: skip
    upper = {f: {int(p) % 12 for p in found.pitch[f, :3]} for f in (0, 4, 8, 12, 16)}
    assert upper[0] <= {0, 4, 7}
    assert 4 in upper[0]
    assert upper[4] <= {0, 4, 7}
    assert 0 in upper[4]
    assert upper[8] <= {2, 5, 9, 0}
    assert {2, 0} <= upper[8]
    assert upper[12] <= {7, 11, 2, 5}
    assert {11, 5} <= upper[12]
    assert upper[16] <= {0, 4, 7}
    run("realize", "bass.musicxml", "--figures", "none", "--beam", "2")
    assert (here / "bass-realized.musicxml").is_file()


def test_a_tune_is_no_bass_and_bad_figures_name_the_place(here, untrained, capsys):
    arguments = ["realize", "bass.musicxml", "--figures", "5 x 6 7", "--checkpoint", str(untrained)]
    assert main(arguments) == 2
    assert "bar 1, beat 2: 'x' are not figures of a bass" in capsys.readouterr().err


@pytest.mark.slow
def test_phrases_are_set_by_hand(here, run, capsys):
    run("harmonize", "scale.musicxml", "--phrases", "1,2.3", "--greedy", "-o", "o.musicxml")
    assert not result("o.musicxml").fermata.any()
    assert main(["harmonize", "scale.musicxml", "--phrases", "7", "-o", "o.mid"]) == 2
    assert "the score has no bar 7: give bars from 1 to 2" in capsys.readouterr().err


@pytest.mark.slow
def test_phrase_ends_that_are_guessed_are_said_in_one_line(here, run):
    said = run("harmonize", "scale.musicxml", "--greedy", "-o", "o.musicxml").err
    [line] = said.splitlines()
    assert line.startswith(
        "bachbot: warning: scale.musicxml: no fermatas: phrases are taken to end in bar"
    )
    places = line.partition(" in bar")[2].lstrip("s ").partition(";")[0]
    assert run("harmonize", "scale.musicxml", "--phrases", places, "-o", "p.mid").err == ""
