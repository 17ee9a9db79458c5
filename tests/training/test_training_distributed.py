import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from bachbot.runtime import load_checkpoint
from bachbot.training.config import changed
from bachbot.training.kinds import preset
from bachbot.training.run import train
from bachbot.training.run_folder import BEST

SCRIPT = """
import pathlib, sys, torch
from bachbot.corpus.store import PreparedCorpus
from bachbot.training.config import changed
from bachbot.training.kinds import preset
from bachbot.training.run import train
from bachbot.training.trainer import Trainer
torch.set_num_threads(1)
corpus = PreparedCorpus.load(pathlib.Path(sys.argv[1]))
folder = pathlib.Path(sys.argv[2])
config = changed(preset(sys.argv[5]), {"dropout": float(sys.argv[3])})
if sys.argv[5] == "lookahead-tiny":
    config = changed(config, {"token_dropout": float(sys.argv[3])})
class Stop(Exception): pass
if sys.argv[4] == "cut":
    # All processes stop at the same step, so that none waits for another.
    step = Trainer.step
    def few(self):
        if self.step_number == 6:
            raise Stop
        step(self)
    Trainer.step = few
try:
    train(corpus, config, folder=folder, device="cpu", resume=sys.argv[4] == "resume")
except Stop:
    pass
# A group that still exists when the interpreter exits may abort the process.
tasks = pathlib.Path("/proc/self/task")
names = [(task / "comm").read_text() for task in tasks.iterdir()] if tasks.exists() else []
assert not [name for name in names if "gloo" in name], names
"""


ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _torchrun(tmp_path, *arguments):
    script = tmp_path / "run.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         script, *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False,
        env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_two_processes_learn_what_one_does(corpus, corpus_file, tmp_path):
    single = train(corpus, changed(preset("tiny"), {"dropout": 0.0}), device="cpu")
    _torchrun(tmp_path, corpus_file, tmp_path / "both", 0.0, "straight", "tiny")
    both = load_checkpoint(tmp_path / "both" / BEST)
    assert both.config["training"]["processes"] == 2
    for name, value in single.weights.items():
        np.testing.assert_allclose(both.weights[name], value, atol=2e-5, err_msg=name)
    assert both.config["training"]["train_nats_per_token"] == pytest.approx(
        single.best["train"], rel=1e-5
    )


def _two(*arguments):
    """Does what torchrun does, without the seconds that its launcher takes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, **ENVIRONMENT}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *map(str, arguments)],
            env=shared | {"RANK": rank, "LOCAL_RANK": rank},
        )
        for rank in "01"
    ]
    try:
        assert [process.wait(timeout=120) for process in both] == [0, 0]
    finally:
        for process in both:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_two_lookahead_processes_learn_what_one_does(corpus, corpus_file, tmp_path):
    config = changed(preset("lookahead-tiny"), {"dropout": 0.0, "token_dropout": 0.0})
    single = train(corpus, config, device="cpu")
    _two(corpus_file, tmp_path / "both", 0.0, "straight", "lookahead-tiny")
    both = load_checkpoint(tmp_path / "both" / BEST)
    assert both.config["training"]["processes"] == 2
    for name, value in single.weights.items():
        np.testing.assert_allclose(both.weights[name], value, atol=2e-5, err_msg=name)
    assert both.config["training"]["train_nats_per_missing_cell"] == pytest.approx(
        single.best["train"], rel=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "lookahead-tiny"])
def test_two_processes_resume_bit_for_bit(corpus_file, tmp_path, name):
    _two(corpus_file, tmp_path / "straight", 0.3, "straight", name)
    _two(corpus_file, tmp_path / "cut", 0.3, "cut", name)
    assert not (tmp_path / "cut" / BEST / "MODEL_CARD.md").exists()
    _two(corpus_file, tmp_path / "cut", 0.3, "resume", name)
    ours, theirs = (load_checkpoint(tmp_path / n / BEST).weights for n in ("straight", "cut"))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
