from bachbot.runtime import load_checkpoint
from bachbot.training.kinds import KINDS, ResultTable


def test_a_markdown_table_has_a_column_for_each_part_and_figure():
    rows = {"a": (1.0, 2.0), "b": (None, 0.12345)}
    table = ResultTable("t", ("validation", "test"), {"nats": rows, "accuracy": rows})
    assert table.to_markdown().splitlines() == [
        "|  | validation, nats | validation, accuracy | test, nats | test, accuracy |",
        "|---|---|---|---|---|",
        "| a | 1.000 | 1.000 | 2.000 | 2.000 |",
        "| b |  |  | 0.123 | 0.123 |",
    ]


def test_a_figure_without_a_name_leaves_the_name_of_the_part():
    table = ResultTable("t", ("validation", "test"), {"": {"loss": (0.5, 1.5)}})
    assert table.to_markdown().splitlines()[0] == "|  | validation | test |"


def test_the_tables_of_a_kind_hold_the_losses_of_a_record():
    losses = load_checkpoint("paper").config["training"]["losses"]
    units, voices = KINDS["lstm"].results(losses)
    assert units.parts == voices.parts == ("validation", "test")
    assert units.figures[""]["per token"][1] == losses["test"]["nats_per_token"]
    alto = losses["validation"]["by_kind"]["alto"]
    assert voices.figures["onset accuracy"]["alto"][0] == alto["onset_accuracy"]
    losses = load_checkpoint("lookahead").config["training"]["losses"]
    [tasks] = KINDS["lookahead"].results(losses)
    row = tasks.figures["nats per frame"]["A, T, B given S"]
    assert list(row) == [losses[part]["ATB|S"]["nats_per_frame"] for part in tasks.parts]
