"""Which course each kind of model takes."""

from collections.abc import Callable

import torch

from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary
from bachbot.training.config import TrainingConfig
from bachbot.training.distributed import ProcessGroup
from bachbot.training.lookahead_objective import LookaheadObjective
from bachbot.training.lstm_objective import LSTMObjective
from bachbot.training.objective import Objective

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "lstm": LSTMObjective,
    "lookahead": LookaheadObjective,
}
"""Course by kind, as `bachbot.runtime.kinds.KINDS` names them."""


def make_objective(
    config: TrainingConfig,
    corpus: PreparedCorpus,
    vocabulary: Vocabulary,
    device: torch.device,
    ranks: ProcessGroup,
) -> Objective:
    """The course of a config.

    Parameters
    ----------
    config : TrainingConfig
        Its kind decides.
    corpus : PreparedCorpus
        The prepared chorales.
    vocabulary : Vocabulary
        What the ids mean.
    device : torch.device
        Where the model lives.
    ranks : Ranks
        This process among those that train together.

    Raises
    ------
    TrainingError
        If the training part is too small.
    UsageError
        If a batch cannot be shared out over the ranks.
    """
    return OBJECTIVES[config.kind](config, corpus, vocabulary, device, ranks)
