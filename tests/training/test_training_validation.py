import math

import numpy as np
import pytest
import torch
from torch import nn
from training_corpus import random_chorale

from bachbot.chorale import VOICES, Given
from bachbot.encoding import FERMATA, Vocabulary
from bachbot.models.lookahead import LookaheadConfig, LookaheadModel
from bachbot.training.examples import collate, make_example
from bachbot.training.validation import (
    FILL_TASKS,
    HARMONIZATION,
    FillLosses,
    fill_losses,
    fill_tasks,
)

VOCABULARY = Vocabulary()
PIECES = [random_chorale(n, 30 + 7 * n) for n in range(4)]


def _batches(size=2, pieces=PIECES):
    examples = [make_example(p, VOCABULARY) for p in pieces]
    groups = [examples[at : at + size] for at in range(0, len(examples), size)]
    return [
        collate(g, [Given.voices(p.frames, VOICES) for p in g], torch.device("cpu")) for g in groups
    ]


class Oracle(nn.Module):
    """Gives a certain logit to every true token."""

    def __init__(self, logit):
        super().__init__()
        self.logit = logit

    def forward(self, batch, wanted):
        logits = torch.zeros(*batch.fermata.shape, 5, len(VOCABULARY))
        logits[:, :, 1:].scatter_(-1, batch.tokens[..., None], self.logit)
        logits[:, :, 0, FERMATA] = self.logit * (2 * batch.fermata - 1)
        return logits


def test_uniform_predictions_cost_the_logarithm_of_the_vocabulary():
    for name, task in FILL_TASKS.items():
        found = fill_losses(Oracle(0.0), _batches(), task)
        voices = 4 - len(task.given)
        assert found.frames == sum(p.frames for p in PIECES)
        assert found.cells == voices * found.frames, name
        assert found.per_frame == pytest.approx(voices * math.log(len(VOCABULARY)), rel=1e-5)
        fermatas = found.to_json()["fermata_nats_per_frame"]
        if task.fermatas:
            assert fermatas is None
        else:
            assert fermatas == pytest.approx(math.log(2), rel=1e-5)


def test_certain_predictions_cost_nothing():
    for task in FILL_TASKS.values():
        found = fill_losses(Oracle(50.0), _batches(), task)
        assert found.per_frame == pytest.approx(0, abs=1e-6)
        assert found.fermata_nats == pytest.approx(0, abs=1e-6)
        assert found.onset_accuracy == 1


def test_notes_are_counted_where_they_begin_in_missing_cells():
    found = fill_losses(Oracle(0.0), _batches(), FILL_TASKS["AT|SB"])
    onsets = sum(int(p.onset[:, 1:3].sum()) for p in PIECES)
    assert found.onsets == onsets
    assert found.per_onset == pytest.approx(found.nats / onsets)


def test_the_losses_do_not_depend_on_the_other_pieces_of_a_batch():
    torch.manual_seed(0)
    sizes = {"embedding": 4, "encoder": 4, "hidden": 8, "width": 8}
    model = LookaheadModel(LookaheadConfig(**sizes), len(VOCABULARY)).train()
    for name in (HARMONIZATION, "SATB"):
        one, all_at_once = (fill_losses(model, _batches(n), FILL_TASKS[name]) for n in (1, 4))
        assert one.nats == pytest.approx(all_at_once.nats, rel=1e-5)
        assert one.fermata_nats == pytest.approx(all_at_once.fermata_nats, rel=1e-5)
        assert one.onsets_correct == all_at_once.onsets_correct
    assert model.training


def test_without_a_piece_there_are_no_ratios():
    figures = fill_losses(Oracle(0.0), [], FILL_TASKS[HARMONIZATION]).to_json()
    assert (figures["frames"], figures["cells"], figures["onsets"]) == (0, 0, 0)
    assert figures["nats_per_frame"] is figures["onset_accuracy"] is None


def test_sums_add_up():
    values = np.arange(7)
    one, other = (FillLosses(*map(int, values + n)) for n in (0, 3))
    assert one + other == FillLosses(*map(int, 2 * values + 3))


def test_without_metadata_no_task_asks_for_fermatas():
    assert fill_tasks(metadata=True) == FILL_TASKS
    without = fill_tasks(metadata=False)
    assert without.keys() == FILL_TASKS.keys() - {"ATB|S, fermatas unknown"}
    assert all(task.fermatas for task in without.values())
