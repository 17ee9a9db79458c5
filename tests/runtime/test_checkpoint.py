import dataclasses
import json
import struct

import numpy as np
import pytest
from made_checkpoints import random_checkpoint

from bachbot.encoding import Vocabulary
from bachbot.errors import CheckpointError, OutputError
from bachbot.hardware import one_thread
from bachbot.runtime import Checkpoint, load_checkpoint, load_model, save_checkpoint
from bachbot.runtime import checkpoint as module


@pytest.fixture
def saved(tmp_path):
    directory = tmp_path / "model"
    save_checkpoint(directory, random_checkpoint(), extra={"metrics.jsonl": b"{}\n"})
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    # Without its digest, so that what lies behind it is tested.
    del config["weights_sha256"]
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return directory


def edit(path, **changes):
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8"
    )


@pytest.mark.parametrize("batch_norm", [False, True])
def test_comes_back_as_it_was(tmp_path, batch_norm):
    checkpoint = random_checkpoint(batch_norm=batch_norm)
    save_checkpoint(tmp_path / "model", checkpoint)
    found = load_checkpoint(tmp_path / "model")
    assert found.config == checkpoint.config
    assert found.vocabulary == checkpoint.vocabulary
    assert found.weights.keys() == checkpoint.weights.keys()
    for name, value in checkpoint.weights.items():
        assert np.array_equal(found.weights[name], value)


def test_is_a_directory_of_plain_files(saved):
    assert sorted(p.name for p in saved.iterdir()) == [
        "config.json", "metrics.jsonl", "vocabulary.json", "weights.safetensors",
    ]  # fmt: skip
    assert [p.name for p in saved.parent.iterdir()] == ["model"]


def test_replaces_the_one_before(saved):
    save_checkpoint(saved, random_checkpoint(seed=1))
    wanted = random_checkpoint(seed=1).weights["output.bias"]
    assert np.array_equal(load_checkpoint(saved).weights["output.bias"], wanted)
    assert not (saved / "metrics.jsonl").exists()
    assert [p.name for p in saved.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("renames_done", [0, 1])
def test_killed_while_it_replaces(saved, monkeypatch, renames_done):
    """Whatever rename is the last that happens, a whole checkpoint can be loaded."""
    path_type = type(saved)
    rename = path_type.rename
    done = 0

    def dying(self, target):
        nonlocal done
        if done == renames_done:
            raise KeyboardInterrupt
        done += 1
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(path_type, "rename", dying)
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(saved, random_checkpoint(seed=1))
    found = load_checkpoint(saved)
    assert np.array_equal(found.weights["output.bias"], random_checkpoint().weights["output.bias"])
    save_checkpoint(saved, random_checkpoint(seed=2))
    assert [p.name for p in saved.parent.iterdir()] == ["model"]


def test_a_full_disk(saved, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", full)
        with pytest.raises(OutputError, match=r"model could not be written \(No space left"):
            save_checkpoint(saved, random_checkpoint(seed=1))
    assert np.array_equal(
        load_checkpoint(saved).weights["output.bias"], random_checkpoint().weights["output.bias"]
    )
    assert [p.name for p in saved.parent.iterdir()] == ["model"]


def test_a_dead_runs_leavings_go(saved):
    import os

    for name, age in (("model.tmp-old", 7200), ("model.tmp-new", 0), ("other.tmp-old", 7200)):
        left = saved.parent / name
        left.mkdir()
        at = left.stat().st_mtime - age
        os.utime(left, (at, at))
    save_checkpoint(saved, random_checkpoint())
    assert sorted(p.name for p in saved.parent.iterdir()) == [
        "model", "model.tmp-new", "other.tmp-old",
    ]  # fmt: skip


def test_never_writes_over_something_else(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("long work", encoding="utf-8")
    with pytest.raises(OutputError, match="is no checkpoint: write elsewhere"):
        save_checkpoint(tmp_path / "thesis", random_checkpoint())
    assert (tmp_path / "thesis" / "chapter.txt").read_text(encoding="utf-8") == "long work"


def test_no_folder_to_write_in(tmp_path):
    with pytest.raises(OutputError, match="does not exist: create it"):
        save_checkpoint(tmp_path / "none" / "model", random_checkpoint())


@pytest.mark.parametrize("name", ["../escape", "a/b", "..", ""])
def test_extra_files_stay_inside(tmp_path, name):
    with pytest.raises(OutputError, match="plain name"):
        save_checkpoint(tmp_path / "model", random_checkpoint(), extra={name: b""})


def test_is_not_saved_if_it_could_not_be_loaded(tmp_path):
    checkpoint = random_checkpoint()
    weights = dict(checkpoint.weights)
    weights["output.bias"] = np.full_like(weights["output.bias"], np.nan)
    with pytest.raises(CheckpointError, match=r"'output\.bias' that is not a finite number"):
        save_checkpoint(
            tmp_path / "model", Checkpoint(checkpoint.config, checkpoint.vocabulary, weights)
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: (d / "weights.safetensors").unlink(), "weights.safetensors could not be read"),
        (lambda d: (d / "vocabulary.json").unlink(), "vocabulary.json could not be read"),
        (lambda d: (d / "config.json").write_text("{", encoding="utf-8"), "holds no JSON"),
        (
            lambda d: (d / "config.json").write_text("[" * 100_000, encoding="utf-8"),
            "holds no JSON",
        ),
        (lambda d: (d / "config.json").write_text("[]", encoding="utf-8"), "holds no table"),
        (lambda d: (d / "config.json").write_bytes(b"\xff\xfe\x00"), "holds no JSON"),
        (lambda d: (d / "vocabulary.json").write_text("{}", encoding="utf-8"), "no vocabulary"),
        (lambda d: edit(d / "vocabulary.json", symbols=["a"]), "not those of this version"),
        (
            lambda d: (d / "vocabulary.json").write_text(
                json.dumps(Vocabulary(50, 60).to_json()), encoding="utf-8"
            ),
            "was trained on the vocabulary",
        ),
        (lambda d: edit(d / "config.json", format="bachbot-checkpoint-9"), "is of format"),
        (lambda d: edit(d / "config.json", kind="oracle"), "of kind 'oracle'"),
        (lambda d: edit(d / "config.json", kind=["lstm"]), "of kind"),
        (lambda d: edit(d / "config.json", model=None), "does not say its dimensions"),
        (
            lambda d: edit(d / "config.json", model={"embedding": 4, "layers": 3, "hidden": -1}),
            "hidden is -1",
        ),
        (
            lambda d: edit(d / "config.json", model={"embedding": 4, "layers": True, "hidden": 8}),
            "layers is True",
        ),
        (
            lambda d: edit(d / "config.json", model={"embedding": 4, "layers": 2, "hidden": 8}),
            r"weights 'lstm\.2\..*' of shape",
        ),
        (
            lambda d: edit(
                d / "config.json",
                model={"embedding": 4, "layers": 3, "hidden": 8, "batch_norm": "yes"},
            ),
            "batch_norm is 'yes'",
        ),
    ],
)
def test_a_damaged_one_is_refused(saved, spoil, message):
    spoil(saved)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(saved)
    assert "\n" not in str(caught.value)


def test_weights_cut_at_any_place_are_refused(saved):
    path = saved / "weights.safetensors"
    whole = path.read_bytes()
    for length in [0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="is damaged"):
            load_checkpoint(saved)


def test_a_flipped_byte_of_the_header_is_refused(saved):
    path = saved / "weights.safetensors"
    whole = path.read_bytes()
    for place in range(0, 400, 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with pytest.raises(CheckpointError):
            load_checkpoint(saved)


def test_weights_of_another_dtype_are_refused(saved):
    from safetensors.numpy import save_file

    weights = {n: w.astype(np.float64) for n, w in random_checkpoint().weights.items()}
    save_file(weights, saved / "weights.safetensors")
    with pytest.raises(CheckpointError, match="as float64, float16 or float32 is wanted"):
        load_checkpoint(saved)
    header = json.dumps({"x": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    content = struct.pack("<Q", len(header)) + header + b"\0\0"
    (saved / "weights.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError):
        load_checkpoint(saved)


def test_rounded_weights_take_half_the_room(tmp_path):
    checkpoint = random_checkpoint()
    rounded = checkpoint.rounded()
    sizes = {}
    for name, each in {"whole": checkpoint, "half": rounded}.items():
        save_checkpoint(tmp_path / name, each)
        sizes[name] = (tmp_path / name / "weights.safetensors").stat().st_size
        found = load_checkpoint(tmp_path / name)
        for weight, value in each.weights.items():
            assert found.weights[weight].dtype == np.float32
            assert np.array_equal(found.weights[weight], value)
    assert sizes["half"] < 0.6 * sizes["whole"]
    for weight, value in checkpoint.weights.items():
        assert np.allclose(rounded.weights[weight], value, rtol=2**-11, atol=2**-24)
    assert rounded.rounded().fingerprint == rounded.fingerprint != checkpoint.fingerprint


def test_weights_too_large_for_half_precision_stay_as_they_are(tmp_path):
    checkpoint = random_checkpoint()
    large = {name: np.full_like(value, 2.0**17) for name, value in checkpoint.weights.items()}
    large = dataclasses.replace(checkpoint, weights=large)
    with pytest.raises(CheckpointError, match="too large for half precision"):
        large.rounded()
    save_checkpoint(tmp_path / "model", large)
    assert load_checkpoint(tmp_path / "model").fingerprint == large.fingerprint


def test_a_pickle_is_never_loaded(saved):
    import pickle

    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    (saved / "weights.safetensors").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match="is damaged"):
        load_checkpoint(saved)


def test_a_huge_file_is_not_read(saved, monkeypatch):
    monkeypatch.setattr(module, "_MAX_WEIGHTS", 1000)
    with pytest.raises(CheckpointError, match="more than the 1000 that are read"):
        load_checkpoint(saved)


def test_by_name(saved, monkeypatch):
    monkeypatch.setattr(module, "data_folder", lambda _: saved.parent)
    assert load_checkpoint("model").vocabulary == Vocabulary()
    assert load_model("model").vocabulary == Vocabulary()
    with pytest.raises(CheckpointError, match=r"'medel' is not there; .* \(model\)"):
        load_checkpoint("medel")


def test_what_is_no_checkpoint(saved, tmp_path):
    with pytest.raises(CheckpointError, match="is a file, a checkpoint is a directory"):
        load_checkpoint(saved / "config.json")
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        load_checkpoint(tmp_path)


def test_one_thread():
    from threadpoolctl import threadpool_info

    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    with one_thread():
        assert set(threads()) == {1}
    assert threads() == before


def test_one_flipped_bit_is_found(tmp_path):
    save_checkpoint(tmp_path / "model", random_checkpoint())
    path = tmp_path / "model" / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not those that its config was written for"):
        load_checkpoint(tmp_path / "model")
