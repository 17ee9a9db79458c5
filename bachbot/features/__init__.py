"""Local features of four-part music, their counts, and a log-linear score of their weights."""

from bachbot.features.counting import beat_strength, count_features
from bachbot.features.history import NO_INTERVAL, MusicHistory
from bachbot.features.weights import FeatureWeights

__all__ = ["NO_INTERVAL", "FeatureWeights", "MusicHistory", "beat_strength", "count_features"]
