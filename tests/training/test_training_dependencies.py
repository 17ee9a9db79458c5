import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys, pathlib
for name in ("music21", "typer", "rich", "matplotlib", "optuna", "mido", "verovio", "resvg_py",
             "platformdirs", "threadpoolctl"):
    sys.modules[name] = None  # to import it raises ImportError
from bachbot.corpus.store import PreparedCorpus
from bachbot.training.kinds import preset
from bachbot.training.run_folder import export_checkpoint
from bachbot.training.run import train
corpus = PreparedCorpus.load(pathlib.Path(sys.argv[1]))
for name in sys.argv[3:]:
    folder = pathlib.Path(sys.argv[2], name)
    train(corpus, preset(name), folder=folder, device="cpu")
    export_checkpoint(folder, folder / "out")
"""


PRESETS = ("tiny", "lookahead-tiny")


@pytest.mark.slow
def test_training_needs_only_torch_numpy_safetensors_and_the_prepared_file(corpus_file, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, corpus_file, tmp_path, *PRESETS],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode == 0, done.stderr
    for name in PRESETS:
        assert (tmp_path / name / "out" / "MODEL_CARD.md").is_file()
