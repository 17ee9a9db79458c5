"""Tables of losses from figures that are made up."""

import pytest

from bachbot.chorale import Voice
from bachbot.tables.loss_tables import (
    comparison_table,
    document_table,
    infilling_table,
    losses_table,
)
from bachbot.tables.loss_tables import short as shortened

FIGURES = dict.fromkeys(
    ("nats_per_token", "nats_per_frame", "voices_nats_per_frame", "nats_per_onset", "accuracy",
     "onset_accuracy"), 0.5,
)  # fmt: skip


def row(name, notes=(), *, needs_length=False, kind="checkpoint"):
    parts = {"test": FIGURES}
    return {
        "name": name,
        "kind": kind,
        "needs_length": needs_length,
        "notes": notes,
        "parts": parts,
    }


def labels(table):
    return [cells[0].text if cells else None for cells in table.rows]


def test_remarks_are_numbered_once():
    table = comparison_table([row("a", ["x", "y"]), row("b", ["y"])], "tune")
    assert labels(table) == ["test", "a (1) (2)", "b (2)"]
    assert table.notes[-2:] == ["(1) x.", "(2) y."]
    assert "All models read only the past." in table.notes
    assert not any("Baselines" in note for note in table.notes)


def test_notes_say_what_a_model_is_given():
    rows = [row("a", needs_length=True), row("2-gram", kind="baseline")]
    text = " ".join(comparison_table(rows, "tune").notes)
    assert "a: The model is given the length, meter, mode and fermatas" in text
    assert "All others read only the past." in text
    assert "Baselines are trained on the training part" in text
    assert "ln 12" not in text
    text = " ".join(comparison_table(rows, "tune", fermatas=False, untransposed=True).notes)
    assert "length, meter and mode of a piece" in text
    assert "ln 12 = 2.485 nats per piece" in text


def test_given_voices_are_named_and_leave_no_column():
    table = comparison_table([row("a")], "file", [Voice.SOPRANO])
    assert table.title == "Losses, A+T+B given S; split by file"
    assert "voices only" not in [column.unit for column in table.columns]
    whole = comparison_table([row("a")], "file")
    assert "voices only" in [column.unit for column in whole.columns]


def test_losses_of_an_older_run_are_still_shown():
    by_kind = {"alto": {"tokens": 3, "nats_per_token": 1.0, "nats_per_onset": None}}
    table = losses_table({"test": FIGURES | {"by_kind": by_kind}})
    assert [column.heading for column in table.columns] == ["", "test"]
    assert labels(table) == [
        "nats per token", "nats per frame", "nats voices only", "nats per onset", None,
        "alto: nats per token", None, "alto: nats per onset", None, "accuracy",
        "accuracy at onsets",
    ]  # fmt: skip
    assert table.rows[5][1].text == "1.000"
    assert table.rows[7][1].text == ""


def test_a_model_that_needs_length_has_no_nats_per_token():
    tasks = {task: {"validation": FIGURES, "test": FIGURES} for task in ("ATB|S", "SATB")}
    rows = [{"name": n, "needs_length": n == "ahead", "tasks": tasks} for n in ("ahead", "past")]
    ahead, past = document_table(rows, ["validation", "test"]).rows
    assert [cell.text for cell in ahead[1:]] == ["0.500"] * 3 + ["", ""]
    assert [cell.text for cell in past[1:]] == ["0.500"] * 5


def test_infilling_leaves_out_what_was_not_measured():
    pytest.importorskip("torch")
    found = {"nats_per_frame": 1.25, "fermata_nats_per_frame": None, "onset_accuracy": 0.5}
    table = infilling_table({"test": {"ATB|S": found}})
    assert labels(table) == [
        "nats per frame", "A, T, B given S", "nats per frame, fermatas", "accuracy at onsets",
        "A, T, B given S",
    ]  # fmt: skip
    assert table.rows[1][1].text == "1.250"


def test_short_figures():
    assert [shortened(value) for value in (None, 0.123456, 12, "x")] == ["", "0.1235", "12", "x"]
