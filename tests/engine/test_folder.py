"""A folder of tunes: what fails costs nothing else, and what is done stays done."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from made_checkpoints import random_checkpoint
from tunes import SCALE

from bachbot import Engine
from bachbot.chorale import Key
from bachbot.decoding import DecodingOptions
from bachbot.engine.folder import harmonize_folder
from bachbot.engine.folder_record import RECORD, Entry, FolderRecord, settings_fingerprint
from bachbot.engine.folder_work import FolderSettings
from bachbot.errors import BachbotWarning, OutputError, UsageError
from bachbot.files import _host
from bachbot.runtime import save_checkpoint
from bachbot.scores import load_score, save_score

ROUND = "X:1\nT:Round\nM:3/4\nL:1/4\nK:G\nGAB|cBA|d2c|B3|"
MARCH = "X:1\nT:March\nM:4/4\nL:1/4\nK:C\nceg2|gec2|"
MANY = "X:1\nT:One\nM:4/4\nL:1/4\nK:C\ncdec|\n\nX:2\nT:Two/Three\nM:4/4\nL:1/4\nK:G\nGABG|\n"
LONG = "X:1\nT:Long\nM:4/4\nL:1/4\nK:C\n" + "cdef|gfed|\n" * 500
"""Takes minutes to decode on any machine."""

LIMIT = 45.0  # seconds: a short tune takes less than one of processor time


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    directory = tmp_path_factory.mktemp("checkpoints") / "random"
    save_checkpoint(directory, random_checkpoint(layers=1))
    return directory


@pytest.fixture
def settings(checkpoint):
    return FolderSettings(options=DecodingOptions("greedy"), checkpoint=checkpoint)


@pytest.fixture
def tunes(tmp_path):
    folder = tmp_path / "tunes"
    folder.mkdir()
    (folder / "round.abc").write_text(ROUND, encoding="utf-8")
    (folder / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    return folder


def run(tunes, settings, **options):
    """The outcomes by label, and the folder of the results."""
    out = tunes.parent / "out"
    options = {"jobs": 1, "time_limit": LIMIT} | options
    found = {o.label: o for o in harmonize_folder(tunes, out, settings, **options)}
    assert multiprocessing.active_children() == []
    assert not list(out.glob(".bachbot-*"))
    return found, out


def statuses(found):
    return {label: outcome.status for label, outcome in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [DecodingOptions(beam=3), DecodingOptions("sample", number=2, seed=5)],
    ids=["beam", "sample"],
)
def test_the_music_is_that_of_each_tune_alone_whatever_the_jobs(tunes, checkpoint, options):
    (tunes / "many.abc").write_text(MANY, encoding="utf-8")
    settings = FolderSettings(options=options, checkpoint=checkpoint)
    contents = []
    for jobs in (1, 2):
        found, out = run(tunes, settings, jobs=jobs)
        assert set(statuses(found).values()) == {"done"}
        contents.append({p.name: p.read_bytes() for p in out.iterdir()})
        shutil.rmtree(out)
    assert contents[0] == contents[1]
    engine = Engine.load(checkpoint)
    alone = tunes.parent / "alone.musicxml"
    for name, place in (("round.abc", None), ("scale.musicxml", None), ("many.abc", 2)):
        score = load_score(tunes / name, tune=place)
        stem = Path(name).stem if place is None else "many-2-Two Three"
        for number, result in enumerate(engine.harmonize(score, options=options), start=1):
            save_score(result.score, alone)
            version = stem if options.number == 1 else f"{stem}-{number}"
            assert alone.read_bytes() == contents[0][f"{version}.musicxml"]


@pytest.mark.slow
def test_bad_files_among_good_ones_cost_nothing_else(tunes, settings):
    (tunes / "broken.musicxml").write_text("<score-partwise><part", encoding="utf-8")
    (tunes / "empty.abc").write_bytes(b"")
    (tunes / "noise.mid").write_bytes(bytes(range(256)))
    (tunes / "no-zip.mxl").write_bytes(b"PK\x03\x04" + b"\xff" * 100)
    (tunes / "rests.abc").write_text("X:1\nT:R\nM:4/4\nL:1/4\nK:C\nz4|z4|", encoding="utf-8")
    (tunes / "gone.abc").symlink_to(tunes / "nowhere.abc")
    found, out = run(tunes, settings, jobs=2)
    bad = {"broken.musicxml", "empty.abc", "noise.mid", "no-zip.mxl", "rests.abc"}
    assert {label for label, o in found.items() if o.status == "skipped"} == bad
    assert statuses(found).items() >= {"round.abc": "done", "scale.musicxml": "done"}.items()
    for label in bad:
        assert found[label].reason
        assert "\n" not in found[label].reason
        assert str(tunes) not in found[label].reason
    assert {p.name for p in out.iterdir()} == {"round.musicxml", "scale.musicxml", RECORD}


@pytest.mark.slow
def test_a_tune_that_takes_too_long_is_skipped(tunes, settings):
    (tunes / "long.abc").write_text(LONG, encoding="utf-8")
    found, out = run(tunes, settings, time_limit=15)
    assert found["long.abc"].reason.startswith("it took longer than 15 s")
    assert statuses(found) == {
        "long.abc": "skipped",
        "round.abc": "done",
        "scale.musicxml": "done",
    }
    assert not (out / "long.musicxml").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_that_is_killed_costs_its_tune_alone(tunes, settings):
    (tunes / "long.abc").write_text(LONG, encoding="utf-8")
    outcomes = harmonize_folder(tunes, tunes.parent / "out", settings, jobs=2, time_limit=600)
    short = [next(outcomes), next(outcomes)]
    assert {o.label for o in short} == {"round.abc", "scale.musicxml"}
    # One process is still at the long tune.
    for child in multiprocessing.active_children():
        child.kill()
    [killed] = outcomes
    assert (killed.label, killed.status) == ("long.abc", "skipped")
    assert "was ended by SIGKILL" in killed.reason


@pytest.mark.slow
def test_each_result_is_written_and_recorded_when_it_comes(tunes, settings):
    out = tunes.parent / "out"
    outcomes = harmonize_folder(tunes, out, settings, jobs=1)
    first = next(outcomes)
    assert all(path.is_file() for path in first.outputs)
    outcomes.close()
    assert multiprocessing.active_children() == []
    assert statuses(run(tunes, settings)[0])[first.label] == "unchanged"


@pytest.mark.slow
def test_a_second_run_passes_over_what_is_done(tunes, settings):
    (tunes / "many.abc").write_text(MANY, encoding="utf-8")
    found, out = run(tunes, settings)
    assert set(statuses(found)) == {
        "round.abc", "scale.musicxml", "many.abc, tune 1 One", "many.abc, tune 2 Two/Three",
    }  # fmt: skip
    before = {p: p.stat().st_mtime_ns for p in out.glob("*.musicxml")}
    assert len(before) == 4
    found, _ = run(tunes, settings)
    assert set(statuses(found).values()) == {"unchanged"}
    assert {path for o in found.values() for path in o.outputs} == set(before)
    assert {p: p.stat().st_mtime_ns for p in out.glob("*.musicxml")} == before
    # An input that changes, a result that is lost, and a file that is new are done.
    (tunes / "round.abc").write_text(ROUND + "A3|", encoding="utf-8")
    (out / "many-1-One.musicxml").unlink()
    (tunes / "march.abc").write_text(MARCH, encoding="utf-8")
    assert statuses(run(tunes, settings)[0]) == {
        "round.abc": "done",
        "scale.musicxml": "unchanged",
        "many.abc, tune 1 One": "done",
        "many.abc, tune 2 Two/Three": "unchanged",
        "march.abc": "done",
    }
    assert set(statuses(run(tunes, settings, force=True)[0]).values()) == {"done"}


@pytest.mark.slow
def test_a_second_run_with_other_settings_does_everything(tunes, settings):
    run(tunes, settings)
    for changed in (replace(settings, key=Key("G")), replace(settings, numerals=True)):
        assert set(statuses(run(tunes, changed)[0]).values()) == {"done"}
        assert set(statuses(run(tunes, changed)[0]).values()) == {"unchanged"}


def test_settings_and_weights_change_the_fingerprint(settings, tmp_path):
    other = tmp_path / "other"
    save_checkpoint(other, random_checkpoint(layers=1, seed=1))
    changes = [
        {"checkpoint": other},
        {"options": DecodingOptions(beam=3)},
        {"options": DecodingOptions("greedy", without=("parallel fifths",))},
        {"key": Key("D", "minor")},
        {"suffixes": (".mid",)},
    ]
    found = {settings_fingerprint(replace(settings, **change)) for change in changes}
    assert len(found | {settings_fingerprint(settings)}) == len(changes) + 1
    copied = tmp_path / "copied"
    shutil.copytree(settings.checkpoint, copied)
    assert settings_fingerprint(replace(settings, checkpoint=copied)) == settings_fingerprint(
        settings
    )


@pytest.mark.slow
def test_what_a_person_changed_is_not_written_over(tunes, settings):
    _, out = run(tunes, settings)
    (out / "round.musicxml").write_text("mine", encoding="utf-8")
    (out / "march.musicxml").write_text("mine too", encoding="utf-8")
    (tunes / "round.abc").write_text(ROUND + "A3|", encoding="utf-8")
    (tunes / "march.abc").write_text(MARCH, encoding="utf-8")
    found, _ = run(tunes, settings)
    for label in ("round.abc", "march.abc"):
        assert "--force" in found[label].reason
    assert (out / "round.musicxml").read_text(encoding="utf-8") == "mine"
    found, _ = run(tunes, settings, force=True)
    assert set(statuses(found).values()) == {"done"}
    assert load_score(out / "march.musicxml").title == "March"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::bachbot.errors.BachbotWarning")
def test_a_lost_or_damaged_record_costs_time_only(tunes, settings):
    _, out = run(tunes, settings)
    (out / RECORD).write_bytes((out / RECORD).read_bytes()[:-40])
    assert set(statuses(run(tunes, settings)[0]).values()) == {"done"}
    (out / RECORD).unlink()
    assert set(statuses(run(tunes, settings)[0]).values()) == {"done"}
    assert set(statuses(run(tunes, settings)[0]).values()) == {"unchanged"}


@pytest.mark.slow
def test_results_come_in_another_format(tunes, settings):
    found, out = run(tunes, replace(settings, suffixes=(".mid",)))
    assert set(statuses(found).values()) == {"done"}
    assert (out / "round.mid").read_bytes().startswith(b"MThd")


ENTRY = Entry("a.abc", "1" * 64, "2" * 64, {"a.musicxml": "3" * 64})


def test_a_record_is_read_back(tmp_path):
    record = FolderRecord(tmp_path)
    record.add("a.musicxml", ENTRY)
    (tmp_path / "a.musicxml").touch()
    again = FolderRecord(tmp_path)
    assert again.has("a.musicxml", ENTRY)
    assert again.has("a.musicxml", replace(ENTRY, outputs={}))
    assert not again.has("b.musicxml", ENTRY)
    for change in ({"input": "x"}, {"settings": "x"}, {"source": "b.abc"}):
        assert not again.has("a.musicxml", replace(ENTRY, **change))
    (tmp_path / "a.musicxml").unlink()
    assert not again.has("a.musicxml", ENTRY)


def test_a_record_with_any_byte_changed_is_found_out(tmp_path):
    FolderRecord(tmp_path).add("a.musicxml", ENTRY)
    (tmp_path / "a.musicxml").touch()
    content = (tmp_path / RECORD).read_bytes()
    for at in range(0, len(content), 5):
        changed = bytearray(content)
        changed[at] ^= 1
        (tmp_path / RECORD).write_bytes(changed)
        try:
            same = json.loads(changed) == json.loads(content)
        except ValueError:
            same = False
        if same:  # white space
            continue
        with pytest.warns(BachbotWarning, match="damaged"):
            assert not FolderRecord(tmp_path).has("a.musicxml", ENTRY)


def test_a_record_of_anything_else_is_none(tmp_path):
    for content in (b"", b"[]", b"null", b'{"format": 1}', b"\xff", b"[" * 100_000):
        (tmp_path / RECORD).write_bytes(content)
        with pytest.warns(BachbotWarning, match="damaged"):
            FolderRecord(tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"time_limit": 0}, "give more than 0"),
        ({"time_limit": float("nan")}, "give more than 0"),
        ({"jobs": 0}, "give 1 or more"),
    ],
)
def test_options_out_of_range(tunes, settings, options, said):
    with pytest.raises(UsageError, match=said):
        harmonize_folder(tunes, tunes.parent / "out", settings, **options)
    with pytest.raises(UsageError, match="not a suffix"):
        harmonize_folder(tunes, tunes.parent / "out", replace(settings, suffixes=(".doc",)))
    assert not (tunes.parent / "out").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_found_before_the_work(tunes, settings):
    out = tunes.parent / "out"
    out.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="could not be written"):
        harmonize_folder(tunes, out, settings)


def start(tunes, settings):
    """The command at work on a folder, in a process group of its own."""
    # Where the tests run in the background, SIGINT is ignored, and a child inherits that.
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from bachbot.cli import main\n"
        "if __name__ == '__main__':\n"
        "    sys.exit(main())\n"
    )
    command = [
        sys.executable, "-c", program, "harmonize", str(tunes), "-o", "out", "--greedy",
        "--jobs", "2", "--checkpoint", str(settings.checkpoint),
    ]  # fmt: skip
    return subprocess.Popen(
        command,
        cwd=tunes.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(condition, process):
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupted_run_leaves_what_is_finished(tunes, settings):
    (tunes / "zz-long.abc").write_text(LONG, encoding="utf-8")
    record = tunes.parent / "out" / RECORD
    process = start(tunes, settings)
    wait_until(
        lambda: record.exists() and len(json.loads(record.read_bytes())["tunes"]) == 2, process
    )
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "2 of 3 tunes harmonized, 1 not begun or not finished" in said
    assert errors.startswith("bachbot: interrupted")
    assert "Traceback" not in errors
    assert {p.name for p in record.parent.iterdir()} == {
        "round.musicxml", "scale.musicxml", RECORD,
    }  # fmt: skip
    (tunes / "zz-long.abc").unlink()
    assert set(statuses(run(tunes, settings)[0]).values()) == {"unchanged"}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_run_that_is_interrupted_as_it_begins_says_one_line(tunes, settings):
    process = start(tunes, settings)
    wait_until((tunes.parent / "out" / RECORD).exists, process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert len(errors.splitlines()) == 1
    assert errors.startswith("bachbot: interrupted")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_run_that_is_killed_can_be_run_again(tunes, settings):
    (tunes / "zz-long.abc").write_text(LONG, encoding="utf-8")
    out = tunes.parent / "out"
    process = start(tunes, settings)
    wait_until(lambda: len(list(out.glob("*.musicxml"))) == 2, process)
    process.kill()
    # Its output ends when its workers have ended too.
    process.communicate(timeout=120)
    (out / f".bachbot-{_host()}-{process.pid}-half_123.musicxml").write_bytes(b"<score")
    (tunes / "zz-long.abc").unlink()
    assert {"done", "unchanged"} >= set(statuses(run(tunes, settings)[0]).values())
    assert set(statuses(run(tunes, settings)[0]).values()) == {"unchanged"}
