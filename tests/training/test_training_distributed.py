import json
import os
import signal
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

class Stop(Exception): pass

def run(corpus, folder, dropout, how, kind):
    torch.set_num_threads(1)
    corpus, folder = PreparedCorpus.load(pathlib.Path(corpus)), pathlib.Path(folder)
    config = changed(preset(kind), {"dropout": float(dropout)})
    if kind == "lookahead-tiny":
        config = changed(config, {"token_dropout": float(dropout)})
    if how == "cut":
        # All processes stop at the same step, so that none waits for another.
        step = Trainer.step
        def few(self):
            if self.step_number == 6:
                raise Stop
            step(self)
        Trainer.step = few
    try:
        train(corpus, config, folder=folder, device="cpu", resume=how == "resume")
    except Stop:
        pass
    # A group that still exists when the interpreter exits may abort the process.
    tasks = pathlib.Path("/proc/self/task")
    names = [(task / "comm").read_text() for task in tasks.iterdir()] if tasks.exists() else []
    assert not [name for name in names if "gloo" in name], names
"""

PAIRS = """
import json, os, signal, socket
import torch._dynamo  # what the first optimizer of a process loads

for line in sys.stdin:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    both = []
    for rank in "01":
        both.append(os.fork())
        if not both[-1]:
            signal.alarm(120)
            os.dup2(2, 1)
            os.environ.update(
                WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=port,
                RANK=rank, LOCAL_RANK=rank,
            )
            run(*json.loads(line))
            sys.exit()
    print([os.waitpid(process, 0)[1] for process in both], flush=True)
"""
"""Does what torchrun does, without the seconds that its launcher takes, and with torch loaded once
for all runs."""


ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _torchrun(tmp_path, *arguments):
    script = tmp_path / "run.py"
    script.write_text(f"{SCRIPT}\nrun(*sys.argv[1:])\n", encoding="utf-8")
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


@pytest.fixture(scope="module")
def two():
    """Does a run in two processes of its own, which have nothing of earlier runs."""
    launcher = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + PAIRS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=ENVIRONMENT, start_new_session=True,
    )  # fmt: skip

    def run(*arguments):
        print(json.dumps(arguments, default=str), file=launcher.stdin, flush=True)
        assert launcher.stdout.readline() == "[0, 0]\n"

    with launcher:
        yield run
        os.killpg(launcher.pid, signal.SIGKILL)


@pytest.mark.slow
def test_two_lookahead_processes_learn_what_one_does(corpus, corpus_file, tmp_path, two):
    config = changed(preset("lookahead-tiny"), {"dropout": 0.0, "token_dropout": 0.0})
    single = train(corpus, config, device="cpu")
    two(corpus_file, tmp_path / "both", 0.0, "straight", "lookahead-tiny")
    both = load_checkpoint(tmp_path / "both" / BEST)
    assert both.config["training"]["processes"] == 2
    for name, value in single.weights.items():
        np.testing.assert_allclose(both.weights[name], value, atol=2e-5, err_msg=name)
    assert both.config["training"]["train_nats_per_missing_cell"] == pytest.approx(
        single.best["train"], rel=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "lookahead-tiny"])
def test_two_processes_resume_bit_for_bit(corpus_file, tmp_path, name, two):
    two(corpus_file, tmp_path / "straight", 0.3, "straight", name)
    two(corpus_file, tmp_path / "cut", 0.3, "cut", name)
    assert not (tmp_path / "cut" / BEST / "MODEL_CARD.md").exists()
    two(corpus_file, tmp_path / "cut", 0.3, "resume", name)
    ours, theirs = (load_checkpoint(tmp_path / n / BEST).weights for n in ("straight", "cut"))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
