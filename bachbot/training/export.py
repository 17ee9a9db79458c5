"""A run's best model as a checkpoint of its own."""

from pathlib import Path

from bachbot.errors import TrainingError
from bachbot.runtime.checkpoint import load_checkpoint, save_checkpoint
from bachbot.training.card import model_card
from bachbot.training.run_folder import BEST, METRICS


def export(folder: Path, out: Path) -> None:
    """Copy a finished run's best checkpoint, its metrics and its card.

    Parameters
    ----------
    folder : Path
        The run's folder.
    out : Path
        The checkpoint's folder; replaced whole if it is there.

    Raises
    ------
    TrainingError
        If the run is not there or not finished.
    CheckpointError
        If its checkpoint is damaged.
    OutputError
        If it cannot be written.
    """
    best = folder / BEST
    if not best.is_dir():
        raise TrainingError(
            f"{folder} holds no run with a trained model: give the folder that "
            "'bachbot train -o' wrote"
        )
    checkpoint = load_checkpoint(best)
    if "losses" not in checkpoint.config["training"]:
        raise TrainingError(
            f"the run in {folder} is not finished: end it with 'bachbot train --resume -o {folder}'"
        )
    extra = {
        METRICS: (best / METRICS).read_bytes(),
        "MODEL_CARD.md": model_card(checkpoint.config).encode(),
    }
    save_checkpoint(out, checkpoint, extra=extra)
