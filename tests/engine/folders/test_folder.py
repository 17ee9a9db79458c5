"""A folder of tunes: what fails costs nothing else, and what is done stays done."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_checkpoints import random_checkpoint
from tunes import SCALE

from bachbot import Engine
from bachbot.chorale import Key
from bachbot.decoding import DecodingOptions
from bachbot.engine.folders.folder import harmonize_folder, harmonize_tunes
from bachbot.engine.folders.folder_record import RECORD, Entry, FolderRecord, settings_fingerprint
from bachbot.engine.folders.folder_work import FolderSettings
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
        # The record has a line for each tune, in the order in which they were done.
        contents[-1][RECORD] = b"".join(sorted(contents[-1][RECORD].splitlines(keepends=True)))
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
    bad = {"broken.musicxml", "empty.abc", "noise.mid", "no-zip.mxl", "rests.abc", "gone.abc"}
    assert {label for label, o in found.items() if o.status == "skipped"} == bad
    assert statuses(found).items() >= {"round.abc": "done", "scale.musicxml": "done"}.items()
    for label in bad:
        assert found[label].reason
        assert "\n" not in found[label].reason
        assert str(tunes) not in found[label].reason
    assert "a link that leads nowhere" in found["gone.abc"].reason
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
    slow = replace(settings, options=DecodingOptions(beam=32))
    outcomes = harmonize_folder(tunes, tunes.parent / "out", slow, jobs=2, time_limit=600)
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
@pytest.mark.usefixtures("no_processes")
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
@pytest.mark.usefixtures("no_processes")
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
@pytest.mark.usefixtures("no_processes")
def test_what_a_person_changed_is_not_written_over(tunes, settings):
    _, out = run(tunes, settings)
    (out / "round.musicxml").write_text("mine", encoding="utf-8")
    (out / "march.musicxml").write_text("mine too", encoding="utf-8")
    (tunes / "round.abc").write_text(ROUND + "A3|", encoding="utf-8")
    (tunes / "march.abc").write_text(MARCH, encoding="utf-8")
    found, _ = run(tunes, settings)
    for label, what in (("round.abc", "edited since bachbot wrote it"), ("march.abc", "not bachb")):
        assert what in found[label].reason
        assert "--force" in found[label].reason
    assert (out / "round.musicxml").read_text(encoding="utf-8") == "mine"
    found, _ = run(tunes, settings, force=True)
    assert set(statuses(found).values()) == {"done"}
    assert load_score(out / "march.musicxml").title == "March"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::bachbot.errors.BachbotWarning")
@pytest.mark.usefixtures("no_processes")
def test_a_lost_or_damaged_record_costs_time_only(tunes, settings):
    _, out = run(tunes, settings)
    (out / RECORD).write_bytes((out / RECORD).read_bytes()[:-40])
    assert sorted(statuses(run(tunes, settings)[0]).values()) == ["done", "unchanged"]
    (out / RECORD).unlink()
    assert set(statuses(run(tunes, settings)[0]).values()) == {"done"}
    assert set(statuses(run(tunes, settings)[0]).values()) == {"unchanged"}


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
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
        with pytest.warns(BachbotWarning, match="damaged"):
            assert not FolderRecord(tmp_path).has("a.musicxml", ENTRY)


def test_a_record_of_anything_else_is_none(tmp_path):
    for content in (b"", b"[]", b"null", b'{"format": 1}', b"\xff", b"[" * 100_000):
        (tmp_path / RECORD).write_bytes(content)
        with pytest.warns(BachbotWarning, match="damaged"):
            FolderRecord(tmp_path)


def test_each_tune_adds_a_line_of_its_own_to_the_record(tmp_path):
    """A long record costs no more than a short one, and two runs may add to it at a time."""
    one, other = FolderRecord(tmp_path), FolderRecord(tmp_path)
    one.save()
    sizes = []
    for number in range(100, 140):
        entry = replace(ENTRY, outputs={f"{number}.mid": "3" * 64})
        (one if number % 2 else other).add(f"{number}.mid", entry)
        sizes.append((tmp_path / RECORD).stat().st_size)
    assert len(set(np.diff(sizes))) == 1
    lines = (tmp_path / RECORD).read_bytes().splitlines()
    assert len(lines) == 41
    (tmp_path / "139.mid").touch()
    (tmp_path / "138.mid").touch()
    again = FolderRecord(tmp_path)
    for number in (138, 139):
        assert again.has(f"{number}.mid", replace(ENTRY, outputs={}))


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path):
    record = FolderRecord(tmp_path)
    record.save()
    record.add("a.musicxml", ENTRY)
    whole = (tmp_path / RECORD).read_bytes()
    (tmp_path / RECORD).write_bytes(whole + whole.splitlines()[1][:50])
    record.add("b.mid", replace(ENTRY, outputs={"b.mid": "4" * 64}))
    for name in ("a.musicxml", "b.mid"):
        (tmp_path / name).touch()
    with pytest.warns(BachbotWarning, match="damaged"):
        again = FolderRecord(tmp_path)
    assert again.has("a.musicxml", ENTRY)
    assert again.has("b.mid", ENTRY)


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_a_result_that_was_edited_since_stays_and_is_said(tunes, settings):
    _, out = run(tunes, settings)
    (out / "round.musicxml").write_text("mine", encoding="utf-8")
    found, _ = run(tunes, settings)
    assert statuses(found) == {"round.abc": "edited", "scale.musicxml": "unchanged"}
    assert (out / "round.musicxml").read_text(encoding="utf-8") == "mine"
    assert set(statuses(run(tunes, settings, force=True)[0]).values()) == {"done"}
    assert load_score(out / "round.musicxml").title == "Round"


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_subfolders_and_other_files_are_passed_over_and_said(tunes, settings):
    for name in ("advent", "lent", ".git"):
        (tunes / name).mkdir()
    for name in ("notes.txt", "words.pdf", "old.doc", ".hidden"):
        (tunes / name).touch()
    out = tunes / "out"
    out.mkdir()
    with pytest.warns(BachbotWarning) as said:
        found = {o.label: o for o in harmonize_folder(tunes, out, settings, jobs=1)}
    assert set(statuses(found).values()) == {"done"}
    assert [str(w.message) for w in said] == [
        f"{tunes}: 2 subfolders (advent, lent) passed over: harmonize each by itself",
        f"{tunes}: 3 files (notes.txt, old.doc, ...) of other kinds passed over",
    ]


@pytest.mark.slow
def test_a_folder_that_is_removed_ends_the_work(tunes, settings):
    out = tunes.parent / "out"

    def remove(done, total):
        shutil.rmtree(out, ignore_errors=True)

    with pytest.raises(OutputError, match="was removed during the work"):
        list(harmonize_folder(tunes, out, settings, jobs=1, progress=remove))
    assert multiprocessing.active_children() == []


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
def test_a_file_of_many_comes_out_as_it_does_in_its_folder(tunes, settings):
    (tunes / "many.abc").write_text(MANY, encoding="utf-8")
    _, out = run(tunes, settings)
    alone, piped = tunes.parent / "alone", tunes.parent / "piped"
    for outcome in harmonize_folder(tunes / "many.abc", alone, settings, jobs=1):
        assert outcome.status == "done"
    for outcome in harmonize_tunes(MANY.encode(), piped, settings, jobs=1):
        assert outcome.status == "done"
    for name in ("1-One.musicxml", "2-Two Three.musicxml"):
        content = (out / f"many-{name}").read_bytes()
        assert (alone / f"many-{name}").read_bytes() == content
        assert (piped / f"tune-{name}").read_bytes() == content
    again = harmonize_tunes(MANY.encode(), piped, settings, jobs=1)
    assert [outcome.status for outcome in again] == ["unchanged"] * 2


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
    assert [process.stdout.readline().split()[0] for _ in range(2)] == ["1/3", "2/3"]
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 130
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
    assert process.returncode == 130
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
