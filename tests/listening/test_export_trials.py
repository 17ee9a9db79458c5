"""The list of trials and its key: round trips, and files from anywhere."""

import json
from dataclasses import replace

import pytest

from bachbot.errors import UsageError
from bachbot.listening.answer_key import Solution, Solutions, read_solutions, write_solutions
from bachbot.listening.export.request import EQUAL, ORIGINAL, ExportRequest, types_of
from bachbot.listening.trials import Clip, Trial, Trials, digest, parse_trials, read_trials


def clip(name, seconds=12.5, forms=("wav", "mp3")):
    return Clip(name, seconds, {form: f"clips/{name}.{form}" for form in forms})


A, B, C, D = ("a" * 12, "b" * 12, "c" * 12, "d" * 12)
ONE = Trial("1" * 12, "ATB", (clip(A), clip(B)))
TWO = Trial("2" * 12, "composition", (clip(C), clip(D)))
TRIALS = Trials("Which?", (ONE, TWO))
SOLUTION = Solution("ATB", A, B, "bwv1", "all", 0.25, "0123456789abcdef", "beam of 10", 0)


@pytest.fixture
def folder(tmp_path):
    """A test's folder, its clips empty."""
    (tmp_path / "clips").mkdir()
    (tmp_path / "trials.json").write_text(TRIALS.spelled(), encoding="utf-8")
    for trial in TRIALS.trials:
        for one in trial.clips:
            for path in one.files.values():
                (tmp_path / path).touch()
    return tmp_path


def test_trials_come_back_from_their_file(folder):
    assert read_trials(folder) == TRIALS
    assert parse_trials(TRIALS.spelled().encode()) == TRIALS


def test_a_key_comes_back_and_knows_its_list(folder, tmp_path):
    content = (folder / "trials.json").read_bytes()
    key = Solutions(digest(content), 3, {ONE.id: SOLUTION})
    path = tmp_path / "key.json"
    write_solutions(key, path)
    assert read_solutions(path, folder) == key
    # Any byte: white space alone is a change too.
    (folder / "trials.json").write_bytes(content + b"\n")
    with pytest.raises(UsageError, match="not the file that this key was written for"):
        read_solutions(path, folder)


def changed(**values):
    return {**TRIALS.to_json(), **values}


def with_clip(**values):
    data = json.loads(TRIALS.spelled())
    data["trials"][0]["clips"][0].update(values)
    return data


def with_trial(**values):
    data = json.loads(TRIALS.spelled())
    data["trials"][0].update(values)
    return data


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "of format 'None'"),
        (changed(format="bachbot-trials-2"), "this version reads bachbot-trials-1"),
        (changed(extra=1), "does not have just the fields format, title, language, trials"),
        (changed(title=""), "the title is ''"),
        (changed(title="a\nb"), r"the title is 'a\\nb'"),
        (changed(title=7), "the title is '7': give a text"),
        (changed(language="<b>"), "the language is '<b>'"),
        (changed(trials=[]), "there are 0 trials"),
        (changed(trials={}), "trials is no list"),
        (changed(trials=[None]), "a trial does not have just the fields id, type, clips"),
        (changed(trials=[ONE.to_json()] * 2), f"{ONE.id} names two trials or clips"),
        (with_trial(id="../../../etc"), "a trial is named '../../../etc'"),
        (with_trial(id="1" * 11 + "\u0661"), r"a trial is named '11111111111\\u0661'"),
        (with_trial(type="SATB"), "is of type 'SATB'"),
        (with_trial(clips=[]), "has 0 clips: give two"),
        (with_trial(clips=[clip(A).to_json()] * 3), "clips is no list of at most 2"),
        (with_trial(clips=[clip(A).to_json(), clip(B, 13).to_json()]), "differ in length"),
        (with_trial(clips=[clip(A).to_json(), clip(B, forms=("wav",)).to_json()]), "or formats"),
        (with_clip(seconds=True), "a clip lasts 'True' seconds"),
        (with_clip(seconds="1"), "a clip lasts '1' seconds"),
        (with_clip(seconds=0), "lasts 0.0 seconds: give above 0"),
        (with_clip(seconds=1e9), "lasts 1000000000.0 seconds"),
        (with_clip(files={"wav": "/etc/passwd"}), f"give clips/{A}.wav"),
        (with_clip(files={"wav": f"clips/../{A}.wav"}), f"give clips/{A}.wav"),
        (with_clip(files={"wav": f"clips/{B}.wav"}), f"give clips/{A}.wav"),
        (with_clip(files={"exe": f"clips/{A}.exe"}), "is there as 'exe'"),
        (with_clip(files={"png": f"clips/{A}.png"}), "has no sound"),
        (with_clip(files={"wav": 3}), "are no names"),
        (with_clip(files=[]), "are no names"),
    ],
)
def test_a_list_that_is_none_is_refused_in_one_line(folder, data, told):
    (folder / "trials.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match=told) as error:
        read_trials(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": 1, "format": 2}', b"1" * 5000],
)
def test_what_is_no_json_is_refused(folder, content):
    (folder / "trials.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"it is (no JSON in UTF-8|of format)"):
        read_trials(folder)


def test_numbers_that_json_does_not_have_are_refused(folder):
    text = TRIALS.spelled().replace("12.5", "NaN")
    (folder / "trials.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="lasts nan seconds"):
        read_trials(folder)


def test_a_clip_that_is_missing_or_leads_elsewhere_is_refused(folder, tmp_path_factory):
    path = folder / "clips" / f"{A}.wav"
    path.unlink()
    with pytest.raises(UsageError, match=f"there is no file clips/{A}.wav"):
        read_trials(folder)
    outside = tmp_path_factory.mktemp("outside") / "secret.wav"
    outside.touch()
    path.symlink_to(outside)
    with pytest.raises(UsageError, match=f"there is no file clips/{A}.wav"):
        read_trials(folder)


def test_a_folder_without_a_list_is_refused(tmp_path):
    with pytest.raises(UsageError, match="could not be read"):
        read_trials(tmp_path)


def test_a_list_too_large_is_refused(folder, monkeypatch):
    monkeypatch.setattr("bachbot.listening.trials.LARGEST", 10)
    with pytest.raises(UsageError, match="give a smaller file"):
        read_trials(folder)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"format": "bachbot-trials-1"}, "this version reads bachbot-key-1"),
        ({"more": 1}, "the key does not have just the fields"),
        ({"trials_sha256": "0"}, "give 64 hexadecimal digits"),
        ({"trials_sha256": None}, "give 64 hexadecimal digits"),
        ({"seed": 1.5}, "seed is '1.5'"),
        ({"seed": True}, "seed is 'True'"),
        ({"trials": []}, "its trials are no table"),
        ({"trials": {"x": {}}}, "a trial of the key does not have just the fields"),
    ],
)
def test_a_key_that_is_none_is_refused(tmp_path, values, told):
    path = tmp_path / "key.json"
    write_solutions(Solutions("0" * 64, 0, {ONE.id: SOLUTION}), path)
    path.write_text(
        json.dumps({**json.loads(path.read_text(encoding="utf-8")), **values}), encoding="utf-8"
    )
    with pytest.raises(UsageError, match=told):
        read_solutions(path)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"type": "X"}, "is of type 'X'"),
        ({"bach": B}, "both clips of a trial are b"),
        ({"bach": "B" * 12}, "give 12 hexadecimal digits"),
        ({"differs": "much"}, "differs is 'much'"),
        ({"source": 1}, "source is '1'"),
    ],
)
def test_a_solution_that_cannot_be_is_refused(tmp_path, values, told):
    path = tmp_path / "key.json"
    write_solutions(Solutions("0" * 64, 0, {ONE.id: SOLUTION}), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["trials"][ONE.id].update(values)
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        read_solutions(path)


def test_a_request_names_every_fault():
    with pytest.raises(UsageError) as error:
        ExportRequest(trials=0, seed=-1, types={"X": 1}, tempo=400, formats=("flac",), each=0)
    for words in ("0 trials", "seed of -1", "types 'X'", "tempo of 400", "'flac'", "0 trials a"):
        assert words in str(error.value)
    with pytest.raises(UsageError, match="wanted zero times"):
        ExportRequest(types={"S": 0})
    with pytest.raises(UsageError, match="composed by sampling"):
        ExportRequest(composing=ExportRequest().options)
    assert replace(ExportRequest(), trials=1).trials == 1


def test_types_are_read_as_they_are_named():
    assert types_of("equal") is EQUAL
    assert types_of("original") is ORIGINAL
    assert types_of("ATB, composition") == {"ATB": 1.0, "composition": 1.0}
    for text in ("", "ATB,", "atb", "S A"):
        with pytest.raises(UsageError, match="is no type: give equal, original"):
            types_of(text)
