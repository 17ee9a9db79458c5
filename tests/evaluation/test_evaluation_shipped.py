import pytest

from bachbot.evaluation.losses import measure
from bachbot.runtime import build_model, load_checkpoint, shipped_checkpoints


def test_a_checkpoint_is_shipped_with_its_card():
    from bachbot.files import data_folder

    assert "paper" in shipped_checkpoints()
    card = (data_folder("checkpoints") / "paper" / "MODEL_CARD.md").read_text(encoding="utf-8")
    figures = load_checkpoint("paper").config["training"]["losses"]
    for part in ("validation", "test"):
        assert f"{figures[part]['nats_per_token']:.3f}" in card


@pytest.mark.slow
def test_the_shipped_model_is_as_good_as_its_card_says(corpus):
    checkpoint = load_checkpoint("paper")
    training = checkpoint.config["training"]
    losses = measure(build_model(checkpoint), corpus.part("validation", "tune"))
    recorded = training["losses"]["validation"]
    assert training["config"]["split"] == "tune"
    assert losses.pieces == recorded["pieces"]
    # Another version of music21 may read a note or two otherwise.
    assert losses.per_token == pytest.approx(recorded["nats_per_token"], abs=0.01)
    assert losses.per_frame == pytest.approx(recorded["nats_per_frame"], abs=0.05)
    assert losses.per_token < 0.40
