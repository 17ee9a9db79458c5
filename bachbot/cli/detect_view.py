"""A classifier two-sample test as tables."""

from collections.abc import Mapping
from math import isnan

from rich.table import Table
from rich.text import Text

from bachbot.evaluation.detection import ClassifierAccuracy, Detection, TopFeature

MOST_TOLD = 15
"""Features listed of each comparison."""

_LABELS = {
    "majority": "all three, by majority",
    "features": "features, regression",
    "forest": "features, trees",
    "notes": "the notes themselves",
}


def detection_table(title: str, columns: Mapping[str, Detection]) -> Table:
    """Comparisons with Bach side by side, each accuracy with its interval.

    Parameters
    ----------
    title : str
        What was compared.
    columns : mapping of str to Detection
        One or more, by name.
    """
    table = Table(
        title=f"told from Bach: {title}",
        title_justify="left",
        caption="Right decisions, per cent: 50 is perfect, 100 is told every time. Trained on some "
        "tunes, asked about others. Below each figure its interval of 95%, whole tunes drawn anew; "
        "for whole pieces also where 95 of 100 detectors end whose sides were dealt by chance, and "
        "p, the share of them that are as good.",
        caption_justify="left",
    )
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    found = list(columns.values())
    table.add_row("pieces a side", *(str(d.pairs) for d in found))
    table.add_row("tunes", *(str(d.tunes) for d in found))
    table.add_row("compared by", *(d.level.value for d in found), end_section=True)
    for heading, verdicts in (
        ("whole pieces", [d.by_piece for d in found]),
        ("excerpts of 16 beats", [d.by_excerpt for d in found]),
        ("which of a pair", [d.by_pair for d in found]),
    ):
        table.add_row(Text(heading, style="bold"))
        for name, label in _LABELS.items():
            table.add_row(f"  {label}", *(_verdict_text(v[name]) for v in verdicts))
        table.add_section()
    table.add_row("features that differ", *(str(len(d.top_features)) for d in found))
    return table


def top_features_table(name: str, detection: Detection) -> Table:
    """The clearest features that give a set away.

    Parameters
    ----------
    name : str
        Of the set.
    detection : Detection
        How it was told from Bach.
    """
    features = detection.top_features
    table = Table(
        title=f"what gives {name} away: {min(len(features), MOST_TOLD)} of {len(features)} "
        "features that differ by more than chance",
        title_justify="left",
        caption="Means over pieces. Above: how often one piece of the set has more of it than one "
        "of Bach's; 50% would be as good as his. p: how often chance makes any feature differ so.",
        caption_justify="left",
    )
    table.add_column("feature")
    table.add_column("")
    for heading in (name, "Bach", "above", "p"):
        table.add_column(heading, justify="right")
    for found in features[:MOST_TOLD]:
        table.add_row(*_row(found))
    return table


def _row(found: TopFeature) -> tuple[str, ...]:
    way = "more" if found.above > 0.5 else "less"
    means = ("" if isnan(value) else f"{value:.3g}" for value in (found.ours, found.bach))
    return found.feature, way, *means, f"{found.above:.0%}", f"{found.p:.4f}"


def _verdict_text(verdict: ClassifierAccuracy) -> Text:
    low, high = (100 * bound for bound in (verdict.interval.low, verdict.interval.high))
    text = Text(f"{100 * verdict.accuracy:.1f}\n")
    text.append(f"{low:.1f}-{high:.1f}", "dim")
    if verdict.chance is not None:
        low, high = (100 * bound for bound in (verdict.chance.low, verdict.chance.high))
        text.append(f"\nchance {low:.0f}-{high:.0f}, p {verdict.p:.2g}", "dim")
    return text
