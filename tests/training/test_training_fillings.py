import math

import numpy as np
import pytest
import torch
from made_up import made_up_chorale
from torch import nn

from bachbot.chorale import VOICES, Given
from bachbot.encoding import FERMATA, Vocabulary
from bachbot.models import registry
from bachbot.training.examples import collate, example
from bachbot.training.validation import FILL_TASKS, HARMONY, FillLosses, fill, fill_losses

VOCABULARY = Vocabulary()
PIECES = [made_up_chorale(n, 30 + 7 * n) for n in range(4)]


def _groups(abreast=2, pieces=PIECES):
    sheets = [example(p, VOCABULARY) for p in pieces]
    groups = [sheets[at : at + abreast] for at in range(0, len(sheets), abreast)]
    return [
        collate(g, [Given.voices(p.frames, VOICES) for p in g], torch.device("cpu")) for g in groups
    ]


class Oracle(nn.Module):
    """Knows every token to a certain logit."""

    def __init__(self, logit):
        super().__init__()
        self.logit = logit

    def forward(self, works, wanted):
        logits = torch.zeros(*works.fermata.shape, 5, len(VOCABULARY))
        logits[:, :, 1:].scatter_(-1, works.tokens[..., None], self.logit)
        logits[:, :, 0, FERMATA] = self.logit * (2 * works.fermata - 1)
        return logits


def test_one_that_knows_nothing_pays_the_logarithm_of_all_there_is():
    for name, filling in FILL_TASKS.items():
        found = fill(Oracle(0.0), _groups(), filling)
        voices = 4 - len(filling.given)
        assert found.frames == sum(p.frames for p in PIECES)
        assert found.cells == voices * found.frames, name
        assert found.per_frame == pytest.approx(voices * math.log(len(VOCABULARY)), rel=1e-5)
        told = found.to_json()["fermata_nats_per_frame"]
        if filling.fermatas:
            assert told is None
        else:
            assert told == pytest.approx(math.log(2), rel=1e-5)


def test_one_that_knows_everything_pays_nothing():
    for filling in FILL_TASKS.values():
        found = fill(Oracle(50.0), _groups(), filling)
        assert found.per_frame == pytest.approx(0, abs=1e-6)
        assert found.fermata_nats == pytest.approx(0, abs=1e-6)
        assert found.onset_accuracy == 1


def test_notes_are_counted_where_they_begin_in_missing_cells():
    found = fill(Oracle(0.0), _groups(), FILL_TASKS["AT|SB"])
    onsets = sum(int(p.onset[:, 1:3].sum()) for p in PIECES)
    assert found.onsets == onsets
    assert found.per_onset == pytest.approx(found.nats / onsets)


def test_it_does_not_matter_what_stands_beside_a_piece():
    torch.manual_seed(0)
    sizes = {"embedding": 4, "encoder": 4, "hidden": 8, "width": 8}
    model = registry.build("lookahead", sizes, len(VOCABULARY)).train()
    for name in (HARMONY, "SATB"):
        one, all_at_once = (fill(model, _groups(n), FILL_TASKS[name]) for n in (1, 4))
        assert one.nats == pytest.approx(all_at_once.nats, rel=1e-5)
        assert one.fermata_nats == pytest.approx(all_at_once.fermata_nats, rel=1e-5)
        assert one.onsets_correct == all_at_once.onsets_correct
    assert model.training


def test_without_a_piece_there_are_no_rates():
    figures = fill(Oracle(0.0), [], FILL_TASKS[HARMONY]).to_json()
    assert (figures["frames"], figures["cells"], figures["onsets"]) == (0, 0, 0)
    assert figures["nats_per_frame"] is figures["onset_accuracy"] is None


def test_sums_add_up():
    values = np.arange(7)
    one, other = (FillLosses(*map(int, values + n)) for n in (0, 3))
    assert one + other == FillLosses(*map(int, 2 * values + 3))


def test_untold_no_filling_asks_for_fermatas():
    assert fill_losses(told=True) == FILL_TASKS
    untold = fill_losses(told=False)
    assert untold.keys() == FILL_TASKS.keys() - {"ATB|S, fermatas unknown"}
    assert all(filling.fermatas for filling in untold.values())
