"""Which course each kind of model takes."""

from collections.abc import Callable

import torch

from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary
from bachbot.training.config import TrainingConfig
from bachbot.training.course import Course
from bachbot.training.lookahead_course import LookaheadCourse
from bachbot.training.lstm_course import LSTMCourse
from bachbot.training.parallel import Ranks

COURSES: dict[str, Callable[..., Course]] = {"lstm": LSTMCourse, "lookahead": LookaheadCourse}
"""Course by kind, as `bachbot.models.registry.KINDS` names them."""


def open_course(
    config: TrainingConfig,
    corpus: PreparedCorpus,
    vocabulary: Vocabulary,
    device: torch.device,
    ranks: Ranks,
) -> Course:
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
    return COURSES[config.kind](config, corpus, vocabulary, device, ranks)
