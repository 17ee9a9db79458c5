import pytest

from bachbot.errors import OutputError, TrainingError
from bachbot.training.objective import Units
from bachbot.training.plots import plot_dropout, plot_learning_curve

UNITS = Units("nats per token", "nats per token")
HISTORY = [
    {"epoch": n, "train": 3 / n, "validation": 3 / n + 0.02 * n, "best": n < 9}
    for n in range(1, 12)
]
TRIALS = [
    {"dropout": 0.0, "train": 0.1, "validation": 0.65},
    {"dropout": 0.3, "train": 0.32, "validation": 0.477},
    {"dropout": 0.3, "train": 0.2, "validation": 0.9},
]


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_plots_are_written_in_the_format_of_their_suffix(tmp_path, suffix, magic):
    for plot, arguments in ((plot_learning_curve, [HISTORY]), (plot_dropout, [TRIALS, UNITS])):
        path = tmp_path / f"figure{suffix}"
        plot(arguments[0], path, *arguments[1:])
        assert path.read_bytes().startswith(magic)
        assert list(tmp_path.iterdir()) == [path]


def test_one_epoch_makes_a_curve(tmp_path):
    plot_learning_curve(HISTORY[:1], tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000


def test_the_best_trial_of_each_dropout_is_plotted(tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    plotted = []
    monkeypatch.setattr(Axes, "plot", lambda self, x, y, *_, **__: plotted.append((list(x), y)))
    with pytest.warns(UserWarning, match="No artists"):
        plot_dropout(TRIALS, tmp_path / "d.png", UNITS)
    assert plotted == [([0.0, 0.3], [0.1, 0.32]), ([0.0, 0.3], [0.65, 0.477])]


def test_a_plot_without_data_or_folder_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="no epoch has been validated yet"):
        plot_learning_curve([], tmp_path / "curve.png")
    with pytest.raises(TrainingError, match="no trial is finished yet"):
        plot_dropout([], tmp_path / "d.png", UNITS)
    with pytest.raises(OutputError, match=r"ends in \.png, \.svg or \.pdf"):
        plot_learning_curve(HISTORY, tmp_path / "curve.doc")
    with pytest.raises(OutputError, match="does not exist: create it"):
        plot_learning_curve(HISTORY, tmp_path / "none" / "curve.png")
