"""The list of trials and its key: round trips, and files from anywhere."""

import json
import os
import stat
from dataclasses import replace

import pytest
from seed_attack import names_of_a_seed

from bachbot.errors import BachbotWarning, UsageError
from bachbot.listening.answer_key import AnswerKey, KeyEntry, read_answer_key, write_answer_key
from bachbot.listening.export.request import EQUAL, ORIGINAL, ExportRequest, parse_conditions
from bachbot.listening.trials import (
    Clip,
    Trial,
    TrialList,
    parse_trials,
    read_trials,
    trials_digest,
)


def clip(name, seconds=12.5, forms=("wav", "mp3")):
    return Clip(name, seconds, {form: f"clips/{name}.{form}" for form in forms})


A, B, C, D = ("a" * 12, "b" * 12, "c" * 12, "d" * 12)
ONE = Trial("1" * 12, "ATB", (clip(A), clip(B)))
TWO = Trial("2" * 12, "composition", (clip(C), clip(D)))
TRIALS = TrialList("Which?", (ONE, TWO))
ENTRY = KeyEntry("ATB", A, B, "bwv1", "all", 0.25, "0123456789abcdef", "beam of 10", 0)


@pytest.fixture
def folder(tmp_path):
    """Folder of a test with empty clips."""
    (tmp_path / "clips").mkdir()
    (tmp_path / "trials.json").write_text(TRIALS.to_text(), encoding="utf-8")
    for trial in TRIALS.trials:
        for one in trial.clips:
            for path in one.files.values():
                (tmp_path / path).touch()
    return tmp_path


def test_trials_are_the_same_after_reading(folder):
    assert read_trials(folder) == TRIALS
    assert parse_trials(TRIALS.to_text().encode()) == TRIALS


def test_a_key_is_the_same_after_reading_and_checks_its_test(folder, tmp_path):
    content = (folder / "trials.json").read_bytes()
    key = AnswerKey(trials_digest(content), 3, {ONE.id: ENTRY})
    path = tmp_path / "key.json"
    write_answer_key(key, path)
    assert read_answer_key(path, folder) == key
    # White space alone is a change too.
    (folder / "trials.json").write_bytes(content + b"\n")
    with pytest.raises(UsageError, match="this key belongs to another test"):
        read_answer_key(path, folder)


def test_an_export_of_an_earlier_version_is_read_and_its_fault_said(folder, tmp_path):
    """Its names are hashes of the seed."""
    content = (folder / "trials.json").read_bytes()
    [(first, second)] = names_of_a_seed(1685, 1)
    key = AnswerKey(
        trials_digest(content), 1685, {ONE.id: replace(ENTRY, bach=first, other=second)}
    )
    path = tmp_path / "key.json"
    write_answer_key(key, path)
    with pytest.warns(BachbotWarning, match="the names of the clips tell the answers") as caught:
        assert read_answer_key(path, folder) == key
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
def test_a_key_is_private_and_a_shared_one_is_said_in_one_line(tmp_path):
    path = tmp_path / "key.json"
    key = AnswerKey("0" * 64, 3, {ONE.id: ENTRY})
    write_answer_key(key, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.warns(BachbotWarning) as caught:
        assert read_answer_key(path) == key
    assert [str(w.message) for w in caught] == [
        f"other users can read the answer key: run 'chmod 600 {path}'"
    ]


def changed(**values):
    return {**TRIALS.to_json(), **values}


def with_clip(**values):
    data = json.loads(TRIALS.to_text())
    data["trials"][0]["clips"][0].update(values)
    return data


def with_trial(**values):
    data = json.loads(TRIALS.to_text())
    data["trials"][0].update(values)
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "has the format 'None'"),
        (changed(format="bachbot-trials-1"), "this version of bachbot reads bachbot-trials-2"),
        (changed(extra=1), "does not have exactly the fields format, title, language, trials"),
        (changed(title=""), "the title is ''"),
        (changed(title="a\nb"), r"the title is 'a\\nb'"),
        (changed(title=7), "the title is '7': give a text"),
        (changed(language="<b>"), "the language is '<b>'"),
        (changed(trials=[]), "there are 0 trials"),
        (changed(trials={}), "trials is not a list"),
        (changed(trials=[None]), "a trial does not have exactly the fields id, condition, clips"),
        (changed(trials=[ONE.to_json()] * 2), f"two trials or clips are named {ONE.id}"),
        (with_trial(id="../../../etc"), "a trial is named '../../../etc'"),
        (with_trial(id="1" * 11 + "\u0661"), r"a trial is named '11111111111\\u0661'"),
        (with_trial(condition="SATB"), "has the condition 'SATB'"),
        (with_trial(clips=[]), "has 0 clips: give two"),
        (with_trial(clips=[clip(A).to_json()] * 3), "clips is not a list of at most 2"),
        (with_trial(clips=[clip(A).to_json(), clip(B, 13).to_json()]), "differ in duration"),
        (with_trial(clips=[clip(A).to_json(), clip(B, forms=("wav",)).to_json()]), "or formats"),
        (with_clip(seconds=True), "a clip lasts 'True' seconds"),
        (with_clip(seconds="1"), "a clip lasts '1' seconds"),
        (with_clip(seconds=0), "lasts 0.0 seconds: give above 0"),
        (with_clip(seconds=1e9), "lasts 1000000000.0 seconds"),
        (with_clip(files={"wav": "/etc/passwd"}), f"give clips/{A}.wav"),
        (with_clip(files={"wav": f"clips/../{A}.wav"}), f"give clips/{A}.wav"),
        (with_clip(files={"wav": f"clips/{B}.wav"}), f"give clips/{A}.wav"),
        (with_clip(files={"exe": f"clips/{A}.exe"}), "has the format 'exe'"),
        (with_clip(files={"png": f"clips/{A}.png"}), "has no sound"),
        (with_clip(files={"wav": 3}), "are not a table of paths"),
        (with_clip(files=[]), "are not a table of paths"),
    ],
)
def test_an_invalid_list_is_rejected_in_one_line(folder, data, message):
    (folder / "trials.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match=message) as error:
        read_trials(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": 1, "format": 2}', b"1" * 5000],
)
def test_invalid_json_is_rejected(folder, content):
    (folder / "trials.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"it (is not valid JSON in UTF-8|has the format)"):
        read_trials(folder)


def test_numbers_that_json_does_not_have_are_rejected(folder):
    text = TRIALS.to_text().replace("12.5", "NaN")
    (folder / "trials.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="lasts nan seconds"):
        read_trials(folder)


def test_a_clip_that_is_missing_or_outside_is_rejected(folder, tmp_path_factory):
    path = folder / "clips" / f"{A}.wav"
    path.unlink()
    with pytest.raises(UsageError, match=f"there is no file clips/{A}.wav"):
        read_trials(folder)
    outside = tmp_path_factory.mktemp("outside") / "secret.wav"
    outside.touch()
    path.symlink_to(outside)
    with pytest.raises(UsageError, match=f"there is no file clips/{A}.wav"):
        read_trials(folder)


def test_a_folder_without_a_list_is_rejected(tmp_path):
    with pytest.raises(UsageError, match="could not be read"):
        read_trials(tmp_path)


def test_a_list_that_is_too_large_is_rejected(folder, monkeypatch):
    monkeypatch.setattr("bachbot.listening.trials.MAX_FILE_BYTES", 10)
    with pytest.raises(UsageError, match="give a smaller file"):
        read_trials(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": "bachbot-key-1"}, "this version of bachbot reads bachbot-key-2"),
        ({"more": 1}, "the key does not have exactly the fields"),
        ({"trials_sha256": "0"}, "give 64 hexadecimal digits"),
        ({"trials_sha256": None}, "give 64 hexadecimal digits"),
        ({"seed": 1.5}, "seed is '1.5'"),
        ({"seed": True}, "seed is 'True'"),
        ({"trials": []}, "the trials are not a table"),
        ({"trials": {"x": {}}}, "a trial of the key does not have exactly the fields"),
    ],
)
def test_an_invalid_key_is_rejected(tmp_path, values, message):
    path = tmp_path / "key.json"
    write_answer_key(AnswerKey("0" * 64, 0, {ONE.id: ENTRY}), path)
    path.write_text(
        json.dumps({**json.loads(path.read_text(encoding="utf-8")), **values}), encoding="utf-8"
    )
    with pytest.raises(UsageError, match=message):
        read_answer_key(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"condition": "X"}, "has the condition 'X'"),
        ({"bach": B}, "both clips of a trial are b"),
        ({"bach": "B" * 12}, "give 12 hexadecimal digits"),
        ({"difference": "much"}, "difference is 'much'"),
        ({"source": 1}, "source is '1'"),
    ],
)
def test_an_invalid_entry_is_rejected(tmp_path, values, message):
    path = tmp_path / "key.json"
    write_answer_key(AnswerKey("0" * 64, 0, {ONE.id: ENTRY}), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["trials"][ONE.id].update(values)
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_answer_key(path)


def test_a_request_lists_all_faults():
    with pytest.raises(UsageError) as error:
        ExportRequest(
            trials=0, seed=-1, conditions={"X": 1}, tempo=400, formats=("flac",), per_participant=0
        )
    for words in (
        "0 trials",
        "seed of -1",
        "conditions 'X'",
        "tempo of 400",
        "'flac'",
        "0 trials per",
    ):
        assert words in str(error.value)
    with pytest.raises(UsageError, match="frequency of 0 or less"):
        ExportRequest(conditions={"S": 0})
    with pytest.raises(UsageError, match="made by sampling"):
        ExportRequest(composing=ExportRequest().options)
    assert replace(ExportRequest(), trials=1).trials == 1


def test_conditions_are_parsed():
    assert parse_conditions("equal") is EQUAL
    assert parse_conditions("original") is ORIGINAL
    assert parse_conditions("ATB, composition") == {"ATB": 1.0, "composition": 1.0}
    for text in ("", "ATB,", "atb", "S A"):
        with pytest.raises(UsageError, match="is not a condition: give equal, original"):
            parse_conditions(text)
