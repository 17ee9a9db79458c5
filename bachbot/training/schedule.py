"""The learning rate at every step. Pure functions, so that a resumed run needs no memory."""

import math

from bachbot.training.config import TrainingConfig

_START, _END = 25.0, 1e4
"""A one-cycle run begins at a 25th of the peak rate and ends at a ten-thousandth."""

_HALVE_EVERY = 5
"""Epochs after which the original halved its rate."""


def learning_rate(config: TrainingConfig, step: int, steps_an_epoch: int) -> float:
    """Rate of a step.

    Parameters
    ----------
    config : TrainingConfig
        Says which schedule, its rate and how many epochs.
    step : int
        Counted from 0 over the whole run.
    steps_an_epoch : int
        Steps in an epoch, 1 or more.

    Returns
    -------
    float

    References
    ----------
    Smith and Topin, *Super-convergence*, 2017 (https://arxiv.org/abs/1708.07120), both arms
    half-cosines; the momentum is left alone.
    """
    if config.schedule == "halving":
        return config.learning_rate * 0.5 ** (step // steps_an_epoch // _HALVE_EVERY)
    last = max(config.epochs * steps_an_epoch - 1, 1)
    top = config.warmup * last
    if step < top:
        return _half_cosine(config.learning_rate / _START, config.learning_rate, step / top)
    return _half_cosine(
        config.learning_rate, config.learning_rate / _END, min((step - top) / (last - top), 1.0)
    )


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
