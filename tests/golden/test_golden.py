"""The shipped networks write the same music as when golden.json was written.

golden.json holds digests and log-probabilities, no notes. It was found equal on x86-64 with
AVX2 and FMA (AMD EPYC), and there with OpenBLAS's kernels for Haswell, Sandybridge and Nehalem and
with NumPy's own loops for AVX2 switched off. Between kernels the log-probability differs in
its last digits, so it may differ by 0.01.
"""

import json
from fractions import Fraction

import pytest
from golden_adapter import EXAMPLES, folder_by_command, prepared_corpus
from golden_cases import (
    CASES,
    DEFAULTS,
    EXPLAINED,
    GOLDEN,
    PIECES,
    Runner,
    corpus_entries,
    digest_of_file,
    digest_of_notes,
    notes_in,
)

golden = json.loads(GOLDEN.read_text("utf-8"))

HOW = (
    "if the music is meant to change, run 'python tests/golden/regenerate.py' and say in the "
    "commit why it does"
)
TOLERANCE = 0.01  # nats
COMMANDED = tuple(
    CASES[name]
    for name in (
        "bars 5-8 of twinkle",
        "bass of god-rest-ye-merry",
        "sampled away-in-a-manger",
        "greedy ode-to-joy",
        "compose G major 4/4",
    )
)
"""The cases that the command line is asked for: one of each command and of each way to decode.

The examples, with the default options, are those of the folder.
"""
NUMBERS = ("log_probability", "penalty")


def note(step, duration, extra="", alter=0):
    pitch = f"<pitch><step>{step}</step><alter>{alter}</alter><octave>5</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration>{extra}</note>"


def score(*parts):
    """Parts of a list of bars of notes, in eighths, as MusicXML."""
    head = "<attributes><divisions>2</divisions></attributes>"
    names = "".join(
        f'<score-part id="P{i}"><part-name>{i}</part-name></score-part>' for i in range(len(parts))
    )
    music = "".join(
        f'<part id="P{i}">'
        + "".join(f'<measure number="{n}">{head}{bar}</measure>' for n, bar in enumerate(bars, 1))
        + "</part>"
        for i, bars in enumerate(parts)
    )
    return f"<score-partwise><part-list>{names}</part-list>{music}</score-partwise>"


def differences(found, wanted):
    """What differs between an entry and golden.json, in words."""
    words = []
    for name in wanted:
        if name in NUMBERS:
            if abs(found[name] - wanted[name]) > TOLERANCE:
                words.append(f"{name} is {found[name]}, was {wanted[name]}")
        elif found[name] != wanted[name]:
            words.append(f"{name} differ" if name == "notes" else f"{name} differs")
    return words


def check(name, found, wanted):
    assert len(found) == len(wanted), f"{name}: {len(found)} results, were {len(wanted)}; {HOW}"
    for number, (one, other) in enumerate(zip(found, wanted, strict=True), start=1):
        assert one.keys() == other.keys()
        words = differences(one, other)
        assert not words, f"{name}, result {number}: {'; '.join(words)}; {HOW}"


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    return Runner(tmp_path_factory.mktemp("golden"))


def test_notes_are_read_with_their_ties(tmp_path):
    path = tmp_path / "score.musicxml"
    upper = (
        note("C", 1) + note("C", 3, '<tie type="start"/>'),
        note("C", 2, '<tie type="stop"/>') + note("D", 2, alter=-1),
    )
    lower = ("<note><rest/><duration>4</duration></note>", note("A", 4))
    path.write_text(score(upper, lower), "utf-8")
    half, quarter = Fraction(1, 2), Fraction(1)
    assert notes_in(path) == [
        [(Fraction(0), half, 72), (half, 5 * half, 72), (3 * quarter, quarter, 73)],
        [(2 * quarter, 2 * quarter, 81)],
    ]


def test_a_digest_changes_with_pitch_length_and_voice():
    one, other = (Fraction(0), Fraction(1, 4), 60), (Fraction(0), Fraction(1, 4), 61)
    longer = (Fraction(0), Fraction(1, 2), 60)
    voices = [[[one], [other]], [[other], [one]], [[one, other], []], [[longer], [other]]]
    assert len({digest_of_notes(v) for v in voices}) == len(voices)


def test_a_difference_is_named():
    wanted = {"log_probability": -1.0, "notes": "a", "midi": "b"}
    assert differences({"log_probability": -1.009, "notes": "a", "midi": "b"}, wanted) == []
    assert differences({"log_probability": -1.02, "notes": "c", "midi": "d"}, wanted) == [
        "log_probability is -1.02, was -1.0",
        "notes differ",
        "midi differs",
    ]


def test_every_case_has_an_entry():
    assert list(golden["cases"]) == list(CASES)
    assert list(golden["explain"]) == [EXPLAINED]
    assert len(golden["corpus"]) == PIECES


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_library_writes_the_same(name, runner):
    check(name, runner.entry(name), golden["cases"][name])


@pytest.mark.slow
@pytest.mark.parametrize("name", [case.name for case in COMMANDED])
def test_the_command_line_writes_the_same(name, runner, tmp_path):
    kind = CASES[name].suffix.removeprefix(".").replace("mid", "midi")
    found = [{kind: digest} for digest in runner.command_digests(name, tmp_path)]
    check(name, found, [{kind: entry[kind]} for entry in golden["cases"][name]])


@pytest.mark.slow
def test_a_folder_of_tunes_is_harmonized_the_same(tmp_path):
    found = folder_by_command(EXAMPLES, tmp_path / "out")
    assert len(found) == len(DEFAULTS)
    for case in DEFAULTS:
        stem = case.name.removeprefix("harmonize ")
        [wanted] = golden["cases"][case.name]
        entry = {"notes": digest_of_notes(notes_in(found[stem]))}
        entry["musicxml"] = digest_of_file(found[stem])
        check(case.name, [entry], [{kind: wanted[kind] for kind in entry}])


@pytest.mark.slow
def test_explain_says_the_same(runner):
    assert runner.explanation() == golden["explain"][EXPLAINED], f"{EXPLAINED} differs; {HOW}"


@pytest.mark.slow
def test_sopranos_of_the_corpus_are_harmonized_the_same(request):
    corpus = prepared_corpus() or request.getfixturevalue("prepared").path
    found, wanted = corpus_entries(corpus), golden["corpus"]
    assert list(found) == list(wanted), f"other pieces: {', '.join(found)}"
    for name in wanted:
        check(name, [found[name]], [wanted[name]])
